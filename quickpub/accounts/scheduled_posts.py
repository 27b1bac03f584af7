"""Scheduled posts of a member who may publish no more: they become drafts that wait for an editor."""

from datetime import datetime
from typing import Any

from ..db import among
from ..models import HiddenPost, Post, Review, User


def count_scheduled(user: User, at: datetime) -> int:
    """Return how many scheduled posts this member is the first author of, without those in the trash."""
    return int(_scheduled(user, at).where(Post.deleted_at.is_null()).count())


def submit_scheduled(user: User, at: datetime) -> None:
    """Make the scheduled posts of a member drafts, and ask for the review of those that are not in the trash, in the
    caller's transaction. Posts that were scheduled before they were hidden stay drafts when they are shown again."""
    ids = [post.id for post in _scheduled(user, at)]
    HiddenPost.delete().where(HiddenPost.post.in_(among(ids))).execute()
    Post.update(published_at=None).where(Post.id.in_(among(ids))).execute()
    for post in Post.select(Post.id).where(Post.id.in_(among(ids)), Post.deleted_at.is_null()):
        Review.insert(post=post, asked_at=at).on_conflict(
            conflict_target=[Review.post], update={Review.asked_at: at}).execute()


def _scheduled(user: User, at: datetime) -> Any:
    hidden = HiddenPost.select(HiddenPost.post).where(HiddenPost.published_at > at)
    return Post.select(Post.id).where(Post.author == user, (Post.published_at > at) | Post.id.in_(hidden))
