"""Find what readers see: published posts and pages, and the tags that they are listed under."""

from datetime import datetime
from typing import Any

from peewee import fn

from ..db import rows
from ..models import Post, Tag, User

PER_SITEMAP = 2000  # ids of posts in one part of the sitemap


def find_post(slug: str, at: datetime) -> Post | None:
    """Return the published post with this slug."""
    return Post.published(at).where(Post.slug == slug).get_or_none()


def find_page(slug: str) -> Post | None:
    """Return the published page with this slug."""
    return Post.get_or_none(Post.slug == slug, Post.place.is_null(False), Post.deleted_at.is_null())


def list_newest(at: datetime, limit: int) -> list[Post]:
    """Return the newest published posts, without their texts, with their co-authors."""
    found = list(Post.listed(at).limit(limit))
    Post.load_co_authors(found)
    return found


def list_by(author: User, at: datetime) -> Any:
    """Return the query of an author's published posts, without their texts, the newest first."""
    return Post.listed(at).where(Post.is_by(author))


def feed_of_author(author: User, at: datetime) -> Any:
    """Return the query of an author's published posts, with their texts, the newest first."""
    return Post.published(at).where(Post.is_by(author))


def feed_of_tag(tag: Tag, at: datetime) -> Any:
    """Return the query of the posts under a tag, with their texts, the newest first."""
    return Post.tagged(tag, at).select_extend(Post.html, Post.summary, Post.feed_id)


def count_sitemap_parts(at: datetime) -> int:
    """Return how many parts the sitemap of posts has. It follows from the newest published post alone, so that it does
    not tell how many posts are hidden."""
    newest = Post.select(Post.id).where(Post.public_at(at)).order_by(Post.id.desc()).limit(1).scalar() or 0
    return newest // PER_SITEMAP + 1


def list_sitemap_part(part: int, at: datetime) -> list[tuple[str, datetime]]:
    """Return (path, updated_at) of the posts in one part of the sitemap. A part is a range of ids, so that a post stays
    in its part whatever is published later."""
    within = Post.id.between(part * PER_SITEMAP, (part + 1) * PER_SITEMAP - 1)
    found = rows(Post.select(Post.slug, Post.updated_at).where(within, Post.public_at(at)).order_by(Post.id.desc()))
    return [(Post.path_of(slug), updated_at) for slug, updated_at in found]


def list_authors(at: datetime, limit: int) -> list[User]:
    """Return the first `limit` authors by name who have a published post."""
    return list(Post.public_authors(at).order_by(fn.LOWER(User.name), User.id).limit(limit))


def list_author_paths(at: datetime) -> list[str]:
    """Return the paths of the authors who have a published post."""
    return [author.path for author in Post.public_authors(at).select(User.handle)]
