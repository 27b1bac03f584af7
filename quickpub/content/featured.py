"""Posts that owners have chosen for the front page."""

from datetime import datetime

from ..models import FeaturedPost, Post

MOST_SHOWN = 3


def feature(post: Post, at: datetime) -> None:
    """Put a post among the featured ones."""
    FeaturedPost.insert(post=post, featured_at=at).on_conflict_ignore().execute()


def stop_featuring(post: Post) -> None:
    """Take a post out of the featured ones."""
    FeaturedPost.delete().where(FeaturedPost.post == post).execute()


def is_featured(post: Post) -> bool:
    """Return whether a post is among the featured ones."""
    return FeaturedPost.select().where(FeaturedPost.post == post).exists()


def find_featured(at: datetime) -> list[Post]:
    """Return the published posts that were featured last, with their authors, the latest first."""
    return list(Post.listed(at).switch(Post).join(FeaturedPost).order_by(FeaturedPost.featured_at.desc())
                .limit(MOST_SHOWN))
