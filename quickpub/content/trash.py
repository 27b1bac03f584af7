"""The trash: posts that can be restored for 30 days before they are deleted permanently."""

from datetime import datetime, timedelta

from .. import batches
from ..db import among, rows
from ..db import let_others_write as give_way
from ..models import Post, Review
from . import series, tags

KEPT_IN_TRASH = timedelta(days=30)
BATCH = 20  # posts deleted at once: each may have a thousand days of counts
REMOVAL = 'removal of post'


def move_to_trash(post: Post, at: datetime) -> None:
    """Move a post to the trash, from where `restore` brings it back unchanged."""
    Post.update(deleted_at=at).where(Post.id == post.id, Post.deleted_at.is_null()).execute()


def restore(post: Post) -> None:
    """Take a post out of the trash."""
    Post.update(deleted_at=None).where(Post.id == post.id).execute()


def clean_up(at: datetime) -> None:
    """Delete permanently what was in the trash for KEPT_IN_TRASH, and the tags and series that only this had."""
    while ids := _find_expired(at):
        batches.handle(REMOVAL, ids, lambda ids: Post.delete().where(Post.id.in_(among(ids))).execute(), at)
        give_way()
    delete_unused_names()


def _find_expired(at: datetime) -> list[int]:
    asked = Review.select(Review.post).where(Review.is_held, Review.asked_at.is_null(False))  # an answer is due first
    expired = Post.select(Post.id).where(Post.deleted_at <= at - KEPT_IN_TRASH, Post.id.not_in(asked),
                                         Post.id.not_in(among(batches.recently_failed(REMOVAL, at))))
    return [post_id for (post_id,) in rows(expired.limit(BATCH))]


def delete_unused_names() -> None:
    """Delete the tags and series that no post has."""
    tags.delete_unused()
    series.delete_unused()
