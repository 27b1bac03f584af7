"""The posts that a post links to: the newer and the older one, its series, related ones."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import add

from peewee import Select, Tuple, fn

from ..db import among, db
from ..models import AuthorTotals, CoAuthor, Post, PostTag, Series, Tag, User

SHOWN, LOOKED_AT = 3, 50  # related posts; the newest posts of each tag that are candidates


def newer(post: Post, at: datetime) -> Post | None:
    """Return the next published post by date."""
    return Post.listed(at).where(_order() > _place(post)).order_by(Post.published_at, Post.id).first()


def older(post: Post, at: datetime) -> Post | None:
    """Return the previous published post by date."""
    return Post.listed(at).where(_order() < _place(post)).first()


def _order() -> Tuple:
    return Tuple(Post.published_at, Post.id)


def _place(post: Post) -> Tuple:
    return Tuple(post.published_at, post.id)


def parts_of(series: Series | None, at: datetime) -> list[Post]:
    """Return the published posts of a series, in order, without their texts."""
    if series is None:
        return []
    found = Post.select(Post.id, Post.title, Post.slug, Post.part, Post.published_at).where(
        Post.series == series, Post.public_at(at))
    return list(found.order_by(Post.part, Post.id))


def related(post: Post, tags: list[Tag], at: datetime, but: Iterable[Post | None] = ()) -> list[Post]:
    """Return a few published posts that share the most tags with this one, of equals the newest. Of each tag only the
    newest are candidates, so that a large tag takes no longer than a small one."""
    if not tags:
        return []
    near = reduce(add, (_newest_under(tag, at) for tag in tags)).alias('near')
    others = among({post.id, *(each.id for each in but if each)})
    return list(Post.listed(at).join(near, on=Post.id == near.c.id).where(Post.id.not_in(others)).group_by(Post.id)
                .order_by(fn.COUNT(near.c.id).desc(), Post.published_at.desc(), Post.id.desc()).limit(SHOWN))


def _newest_under(tag: Tag, at: datetime) -> Select:
    newest = (PostTag.select(PostTag.post.alias('id')).where(PostTag.tag == tag, PostTag.published_at <= at)
              .order_by(PostTag.published_at.desc(), PostTag.post.desc()).limit(LOOKED_AT))
    return Select([newest], [newest.c.id])  # a part of a union has no order and no limit of its own


def count_by(author: User, at: datetime) -> int:
    """Return how many published posts an author has. Triggers keep the total of those where they are first; only
    scheduled and co-written posts are counted."""
    waiting = Post.select(fn.COUNT(Post.id)).where(
        Post.author == author, Post.published_at > at, Post.deleted_at.is_null())
    shared = CoAuthor.select(fn.COUNT(CoAuthor.post)).join(Post).where(CoAuthor.user == author, Post.public_at(at))
    first = AuthorTotals.select(AuthorTotals.posts).where(AuthorTotals.user == author)
    counted = Select([], [fn.COALESCE(first, 0), waiting, shared])
    (posts, scheduled, co_written), = db.execute(counted.bind(db))
    return posts - scheduled + co_written
