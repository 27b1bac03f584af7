"""Publish, schedule and unpublish posts, and share drafts by a secret link."""

from datetime import UTC, datetime

from peewee import fn

from .. import dates
from ..accounts import hidden_posts
from ..codes import Rejected
from ..models import Post, Site
from .series import MAX_NUMBER


def publish(post: Post, at: datetime, due: datetime | None = None) -> None:
    """Publish a post now, or schedule it for the time `due` (UTC). A published post keeps its date. A page gets the
    last place in the navigation. A text without a language of its own keeps that of the site. Raises Rejected."""
    if not post.author.is_verified:
        raise Rejected('publish.unconfirmed', field='title')
    if post.author.hides_posts:
        raise Rejected('publish.hidden', field='title', name=post.author.name)
    if not post.body.strip():
        raise Rejected('publish.empty', field='body')
    if post.deleted_at:
        raise Rejected('publish.in_trash', field='title')
    if due and due <= at:
        raise Rejected('publish_at.past')
    if post.is_page:
        last = Post.select(fn.MAX(Post.place)).where(Post.place.is_null(False)).scalar()
        changes = {'place': post.place or min((last or 0) + 1, MAX_NUMBER), 'was_public': True}
    elif post.is_public(at):
        return
    else:
        changes = {'published_at': due or at, 'was_public': post.was_public or not due}
    Post.update(language=post.language or Site.this().written, **changes).where(Post.id == post.id).execute()


def parse_publish_at(typed: str, timezone: str) -> datetime:
    """Return the time of a form field in UTC; without an offset it is local time in this zone. Raises Rejected."""
    try:
        local = datetime.fromisoformat(typed)
        local = local if local.tzinfo else local.replace(tzinfo=dates.find_zone(timezone))
        due = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Rejected('publish_at.malformed') from None
    if due.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Rejected('publish_at.skipped')
    return due.replace(tzinfo=None)


def unpublish(post: Post, at: datetime) -> None:
    """Make a post a draft again. One that is hidden stays a draft when the others are shown."""
    hidden_posts.keep_as_draft(post)
    Post.update(published_at=None, place=None, was_public=post.was_public or post.is_public(at)).where(
        Post.id == post.id).execute()


def share(post: Post, at: datetime) -> None:
    """Make a secret link to a draft; an earlier link stops working. Raises Rejected for an author whose email address
    is not confirmed: strangers could publish anything that way."""
    if not post.author.is_verified:
        raise Rejected('share.unconfirmed', field='title')
    Post.update(shared_at=at).where(Post.id == post.id).execute()


def unshare(post: Post) -> None:
    """End the secret link to a draft."""
    Post.update(shared_at=None).where(Post.id == post.id).execute()
