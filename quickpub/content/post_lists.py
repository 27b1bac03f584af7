"""The list of one's posts: filtered, sorted and searched."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..db import among
from ..models import Post, User
from . import search

STATES = ('', 'draft', 'scheduled', 'published')


def select(user: User, at: datetime, *, state: str = '', words: str = '', is_everybodys: bool = False,
           is_by_views: bool = False) -> tuple[Any, tuple]:
    """Return the query of ids of the posts that match, and the columns that order it, for `paginate`.

    `state` is one of STATES, `words` occur in the title, `is_everybodys` counts for owners alone. It reads no more
    than an index holds where there is one.
    """
    query = Post.select(Post.id).where(Post.deleted_at.is_null())
    if not (user.is_owner and is_everybodys):
        query = query.where(Post.author == user)
    if state:
        query = query.where({
            'draft': Post.published_at.is_null() & Post.place.is_null(), 'scheduled': Post.published_at > at,
            'published': Post.published_at <= at}[state])
    if words:
        query = query.where(search.contains(Post.title, words))
    first = Post.views if is_by_views else Post.published_at if state in ('scheduled', 'published') else Post.updated_at
    return query.order_by(first.desc(), Post.id.desc()), (first, Post.id)


def load(ids: Iterable[int]) -> dict[int, Post]:
    """Return what a list shows of these posts, by their ids."""
    return {post.id: post for post in Post.select(
        Post.id, Post.author, Post.title, Post.slug, Post.views, Post.published_at, Post.updated_at,
        Post.is_page, Post.place, User).join(User).where(Post.id.in_(list(ids)))}


def select_trash(user: User) -> tuple[Any, tuple]:
    """Return the query of the posts that this user may restore, the last trashed first, and the columns that order it.
    """
    from_trash = trashed_posts(user).select(Post.id, Post.author, Post.title, Post.deleted_at, User).join(User)
    return from_trash.order_by(Post.deleted_at.desc(), Post.id.desc()), (Post.deleted_at, Post.id)


def find_in_trash(user: User, ids: Iterable[int | None]) -> list[Post]:
    """Return those of these posts that are in the trash and that this user may restore."""
    return list(trashed_posts(user).select(Post.id, Post.title).where(Post.id.in_(list(ids))))


def trashed_posts(user: User) -> Any:
    """Return the query of the posts that this user may restore: an author's own, for the owner everybody's."""
    trashed = Post.select(Post.id).where(Post.deleted_at.is_null(False))
    return trashed if user.is_owner else trashed.where(Post.author == user)


def find_editable(user: User, ids: Iterable[int]) -> list[Post]:
    """Return those of these posts that this user may edit."""
    return list(Post.editable_by(user).where(Post.id.in_(among(ids))))
