"""The authors of a post: who may change them, and how.

The first author is `Post.author`. Co-authors edit the post as the first author does, and may leave it; only the first
author and editors move it to the trash and change its authors, and only editors give it to another first author.
"""

from typing import Any

from ..accounts import directory, handing_over
from ..codes import Problem, Rejected
from ..db import db
from ..models import CoAuthor, Post, ReportedViews, User
from ..permissions import Permission

MAX_CO_AUTHORS = 10


def may_change_authors(user: User, post: Post) -> bool:
    """Return whether this user may add and remove co-authors of a post, and move it to the trash."""
    return post.is_editable_by(user) and (user.may(Permission.EDIT_ALL) or post.author_id == user.id)


def may_give(user: User) -> bool:
    """Return whether this user may make somebody else the first author of a post."""
    return user.may(Permission.EDIT_ALL)


def check_may_trash(user: User, post: Post) -> None:
    """Raise Rejected for a user who may edit a post, but neither trash nor restore it."""
    if not may_change_authors(user, post):
        raise Rejected('authors.only_first', field='', name=post.author.name, title=post.title)


def find_candidates(but: list[User]) -> list[User]:
    """Return the members that can become authors of a post: all that can log in and have a confirmed address."""
    members = directory.active_members().select(User.id, User.name, User.handle).where(User.verified_at.is_null(False))
    others = members.where(User.id.not_in([each.id for each in but]))
    return list(others.order_by(User.name_folded, User.id))


def as_seen(post: Post) -> str:
    """Return the authors of a post as a form sends them back, so that two people never undo each other's changes."""
    return '.'.join(str(author.id) for author in post.authors)


def give(post: Post, member_id: int | None, is_former_kept: bool, seen: str) -> User:
    """Make a member the first author of a post, and the former one the first co-author if `is_former_kept`. Return the
    member. `seen` is as in `as_seen`. Raises Rejected, or Problem if the authors are others by now."""
    with db.atomic():
        post = _read_again(post, seen)
        member = _find_candidate(member_id, [post.author])
        if is_former_kept:
            _make_co_author(post)
        handing_over.give_posts([post.id], member)
    return member


def _make_co_author(post: Post) -> None:
    """Make the first author the first co-author, with what reports have told them. A trigger removes the new first
    author from the co-authors."""
    first = min((row.position for row in _rows_of(post)), default=1)
    last_views = ReportedViews.select(ReportedViews.views).where(ReportedViews.post == post).scalar()
    CoAuthor.create(post=post, user=post.author, position=first - 1, reported_views=post.reported_views,
                    last_views=last_views)


def add_co_author(post: Post, member_id: int | None, seen: str) -> User:
    """Add a member to the end of the by-line of a post, and return them. Their reports begin with the views to come.
    Raises as `give`."""
    with db.atomic():
        post = _read_again(post, seen)
        member = _find_candidate(member_id, post.authors)
        if len(post.co_authors) >= MAX_CO_AUTHORS:
            raise Rejected('authors.too_many', field='member', count=MAX_CO_AUTHORS)
        last = max((row.position for row in _rows_of(post)), default=0)
        CoAuthor.create(post=post, user=member, position=last + 1, reported_views=post.views)
        handing_over.share_files([post.id], member)
    return member


def remove_co_author(post: Post, member_id: int | None, seen: str) -> User:
    """Remove a co-author from a post, and return them. Raises as `give`."""
    with db.atomic():
        post = _read_again(post, seen)
        member = next((each for each in post.co_authors if each.id == member_id), None)
        if member is None:
            raise Rejected('authors.missing', field='member')
        handing_over.leave_posts(member, [post.id])
    return member


def leave(post: Post, user: User) -> bool:
    """Remove this user from the co-authors of a post, and return whether they were one."""
    with db.atomic():
        is_co_author = _rows_of(post).where(CoAuthor.user == user).exists()
        handing_over.leave_posts(user, [post.id])
    return is_co_author


def _read_again(post: Post, seen: str) -> Post:
    """Return the post with its authors as they are inside this transaction. Raises Problem if `seen` is others."""
    post = Post.get_by_id(post.id)
    Post.load_co_authors([post])
    if as_seen(post) != seen:
        raise Problem('authors.changed')
    return post


def _find_candidate(member_id: int | None, but: list[User]) -> User:
    found = next((each for each in find_candidates(but) if each.id == member_id), None)
    if found is None:
        raise Rejected('authors.missing', field='member')
    return found


def _rows_of(post: Post) -> Any:
    return CoAuthor.select().where(CoAuthor.post == post).order_by(CoAuthor.position)
