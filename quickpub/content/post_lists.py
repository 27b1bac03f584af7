"""The list of one's posts: filtered, sorted and searched."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from peewee import fn

from ..db import among
from ..models import CoAuthor, HiddenPost, Post, User
from ..permissions import Permission
from . import search

STATES = ('', 'draft', 'scheduled', 'published')
MOST_COUNTED, MOST_AUTHORS = 100, 1000


def select(user: User, at: datetime, *, state: str = '', words: str = '', is_everybodys: bool = False,
           author: User | None = None, is_by_views: bool = False, is_of_pages: bool = False) -> tuple[Any, tuple]:
    """Return the query of ids of the posts that match, and the columns that order it, for `paginate`.

    `state` is one of STATES, `words` occur in the title. `is_everybodys` (or of one `author`) and `is_of_pages` count
    only with the permission for it: then there is a list of all pages of the site, and the list of posts has none. It
    reads no more than an index holds where there is one.
    """
    if is_of_pages and user.may(Permission.MANAGE_PAGES):
        return _select_pages(state, words)
    query = Post.select(Post.id).where(Post.deleted_at.is_null())
    if not (is_everybodys and user.may(Permission.EDIT_ALL)):
        author = user
    if author:
        query = query.where(Post.is_by(author))
    if state:
        query = query.where({
            'draft': Post.published_at.is_null() & Post.place.is_null(), 'scheduled': Post.published_at > at,
            'published': Post.published_at <= at}[state])
    if words:
        query = query.where(search.contains(Post.title, words))
    if user.may(Permission.EDIT_ALL):
        query = query.where(~Post.is_page)  # last, because no index has it
    first = Post.views if is_by_views else Post.published_at if state in ('scheduled', 'published') else Post.updated_at
    return query.order_by(first.desc(), Post.id.desc()), (first, Post.id)


def _select_pages(state: str, words: str) -> tuple[Any, tuple]:
    query = Post.select(Post.id).where(Post.published_at.is_null(), Post.deleted_at.is_null(), Post.is_page)
    if state:
        query = query.where(Post.place.is_null(state != 'published'))
    if words:
        query = query.where(search.contains(Post.title, words))
    return query.order_by(Post.updated_at.desc(), Post.id.desc()), (Post.updated_at, Post.id)


def is_everybodys(user: User, whose: str = '') -> bool:
    """Return whether a list shows everybody's posts: to those who may edit them, if they ask for 'all', or do not ask
    for 'mine' and have no posts of their own."""
    if not user.may(Permission.EDIT_ALL):
        return False
    if whose:
        return whose == 'all'
    return not Post.select(Post.id).where(Post.is_by(user), Post.deleted_at.is_null(), ~Post.is_page).exists()


def count_posts(user: User) -> dict[str, int]:
    """Return how many posts the user's own list has, and everybody's, counting no further than MOST_COUNTED."""
    there = Post.select(Post.id).where(Post.deleted_at.is_null(), ~Post.is_page).limit(MOST_COUNTED)
    shared = CoAuthor.select(CoAuthor.post).where(CoAuthor.user == user)
    own = there.where((Post.author == user) | Post.id.in_(shared))
    mine, everybodys = User.select(*(
        Post.select(fn.COUNT()).from_(query) for query in (own, there)
    )).where(User.id == user.id).scalar(as_tuple=True)
    return {'mine': mine, 'all': everybodys}


def list_authors() -> list[User]:
    """Return the members who have posts, by name."""
    posts = Post.select(Post.id).where(Post.author == User.id, Post.deleted_at.is_null())
    return list(User.select(User.id, User.name, User.handle).where(fn.EXISTS(posts))
                .order_by(User.name_folded, User.id).limit(MOST_AUTHORS))


class Lately(NamedTuple):
    """A few posts of each kind, with what a list shows of them."""
    published: list[Post]  # the newest first
    scheduled: list[Post]  # the next first
    drafts: list[Post]  # of the user's own, the last changed first


def find_lately(user: User, at: datetime, is_everybodys: bool, limit: int = 5) -> Lately:
    """Return the posts for a user's dashboard, at most `limit` of each kind."""
    published, _ = select(user, at, state='published', is_everybodys=is_everybodys)
    scheduled, _ = select(user, at, state='scheduled', is_everybodys=is_everybodys)
    drafts, _ = select(user, at, state='draft')
    ids = [[post.id for post in query.limit(limit)] for query in (
        published, scheduled.order_by(Post.published_at, Post.id), drafts)]
    found = load(post_id for some in ids for post_id in some)
    return Lately(*([found[post_id] for post_id in some] for some in ids))


def load(ids: Iterable[int]) -> dict[int, Post]:
    """Return what a list shows of these posts, by their ids, and as `is_hidden` whether they are hidden."""
    hidden = HiddenPost.select(HiddenPost.post).where(HiddenPost.post == Post.id)
    found = {post.id: post for post in Post.select(
        Post.id, Post.author, Post.title, Post.slug, Post.views, Post.published_at, Post.updated_at,
        Post.is_page, Post.place, fn.EXISTS(hidden).alias('is_hidden'), User).join(User).where(Post.id.in_(list(ids)))}
    Post.load_co_authors(found.values())
    return found


def select_trash(user: User) -> tuple[Any, tuple]:
    """Return the query of the posts in the trash that this user sees, the last trashed first, and the columns that
    order it."""
    from_trash = (Post.select(Post.id, Post.author, Post.title, Post.published_at, Post.place, Post.is_page,
                              Post.deleted_at, User)
                  .join(User).where(Post.deleted_at.is_null(False), Post.may_see(user)))
    return from_trash.order_by(Post.deleted_at.desc(), Post.id.desc()), (Post.deleted_at, Post.id)


def find_in_trash(user: User, ids: Iterable[int | None]) -> list[Post]:
    """Return those of these posts that are in the trash and that this user may restore."""
    return list(trashed_posts(user).select(Post.id, Post.title).where(Post.id.in_(list(ids))))


def trashed_posts(user: User) -> Any:
    """Return the query of the posts in the trash that this user may restore."""
    return Post.select(Post.id).where(Post.deleted_at.is_null(False), Post.may_edit(user))


def find_editable(user: User, ids: Iterable[int]) -> list[Post]:
    """Return those of these posts that this user may edit."""
    return list(Post.editable_by(user).where(Post.id.in_(among(ids))))
