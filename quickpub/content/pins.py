"""The pinned post: the first one on the home page, or on an author's page."""

from datetime import datetime

from ..models import Post, Site, User


def page_of(user: User, post: Post) -> User:
    """Return on whose page this user pins a post: their own if they are an author, or else the first author's."""
    return user if post.has_author(user) else post.author


def pin(post: Post, on: User | Site) -> None:
    """Pin a post to a page, in place of the one that was pinned there."""
    if isinstance(on, Site):
        Site.change(pinned_id=post.id)
    else:
        User.update(pinned_id=post.id).where(User.id == on.id).execute()


def unpin(post: Post, on: User | Site) -> None:
    """Unpin a post, if it is the one that is pinned there."""
    type(on).update(pinned_id=None).where(type(on).id == on.id, type(on).pinned_id == post.id).execute()


def find_pinned(on: User | Site, at: datetime) -> Post | None:
    """Return the post that is pinned there, if it is public."""
    return Post.listed(at).where(Post.id == on.pinned_id).first() if on.pinned_id else None
