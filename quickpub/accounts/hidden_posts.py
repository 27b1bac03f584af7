"""Hide all posts of a suspended member, and show them again as they were.

A hidden post is a draft whose date is kept beside it (migration 30). Being published is having a date that is past, so
lists, feeds, the search, cards and cached pages all follow, and a hidden scheduled post is not published. The pages of
the site, such as "About", belong to the site and stay.
"""

from datetime import datetime

from peewee import fn

from ..codes import Rejected
from ..db import db, rows
from ..models import Card, HiddenPost, Post, User
from . import audit


def hide(user: User, at: datetime, actor: User | str, client: str = '') -> None:
    """Hide the posts of a suspended member. `actor` and `client` are as in `audit.record`. Raises Rejected if the
    member is not suspended, or the posts are hidden already."""
    with db.atomic():
        if not User.update(hides_posts=True).where(User.id == user.id, User.suspended_at.is_null(False),
                                                   User.deleted_at.is_null(), ~User.hides_posts).execute():
            raise Rejected('posts.not_hideable', name=user.name)
        dated = Post.select(Post.id).where(Post.author == user, Post.published_at.is_null(False))
        HiddenPost.insert_from(dated.select(Post.id, Post.published_at), [HiddenPost.post, HiddenPost.published_at]
                               ).on_conflict_replace().execute()
        Post.update(was_public=True).where(Post.author == user, Post.published_at <= at).execute()  # keeps its slug
        Post.update(published_at=None).where(Post.id.in_(dated)).execute()
        Card.delete().where(Card.kind == 'author', Card.owner_id == user.id).execute()
        audit.record('posts_hidden', at, actor, user, client)


def show(user: User, at: datetime, actor: User | str, client: str = '') -> None:
    """Show the hidden posts of a member again, with the dates that they had. Raises Rejected if they are not hidden."""
    with db.atomic():
        if not User.update(hides_posts=False).where(User.id == user.id, User.hides_posts).execute():
            raise Rejected('posts.not_hidden', name=user.name)
        dates = HiddenPost.select(HiddenPost.published_at).where(HiddenPost.post == Post.id)
        hidden = HiddenPost.select(HiddenPost.post).join(Post).where(Post.author == user)
        Post.update(published_at=dates).where(Post.id.in_(hidden)).execute()  # a trigger deletes the rows
        audit.record('posts_shown', at, actor, user, client)


def keep_as_draft(post: Post) -> None:
    """Leave a hidden post a draft when the others are shown again."""
    HiddenPost.delete().where(HiddenPost.post == post).execute()


def count(members: list[User]) -> dict[int, int]:
    """Return how many hidden posts each of these members has that are not in the trash."""
    hiding = [each.id for each in members if each.hides_posts]
    found = dict.fromkeys((each.id for each in members), 0)
    if hiding:
        found |= dict(rows(HiddenPost.select(Post.author, fn.COUNT(Post.id)).join(Post).where(
            Post.author.in_(hiding), Post.deleted_at.is_null()).group_by(Post.author)))
    return found
