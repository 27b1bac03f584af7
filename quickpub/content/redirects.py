"""Redirects for paths that are misspelled or were changed."""

import unicodedata
from datetime import datetime

from .. import text
from ..models import OldHandle, OldSlug, OldTag, Post, Tag, User

FEEDS: tuple[list[str], ...] = ([], ['feed.xml'], ['feed.json'])  # what may follow the path of an author or a tag


def find_target(path: str, at: datetime) -> str | None:
    """Return the path of the public page that this path means, or None.

    Capital letters, Unicode forms, spaces around a part and extra slashes make no difference. A slug, tag or handle
    that was changed leads to the present one. The result consists of stored names, so it never leads to another site,
    and it does not tell anything about drafts.
    """
    names = [name for part in path.split('/') if (name := _normalize(part))]
    match names:
        case ['p', slug]:
            return _find_post(slug, at, is_page=False)
        case ['t', name, *feed] if feed in FEEDS:
            return _join(_find_tag(name, at), feed)
        case [name, *feed] if name.startswith('@') and feed in FEEDS:
            return _join(_find_author(name[1:], at), feed)
        case [slug]:
            return _find_post(slug, at, is_page=True)
    return None


def _normalize(part: str) -> str:
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', part).lower()).strip()


def _join(path: str | None, feed: list[str]) -> str | None:
    return '/'.join([path, *feed]) if path else None


def _find_post(slug: str, at: datetime, is_page: bool) -> str | None:
    public = Post.select(Post.slug, Post.is_page).where(Post.seen_by_all(at))
    found = public.where(Post.slug == slug, Post.is_page == is_page).get_or_none()
    found = found or public.join(OldSlug).where(OldSlug.slug == slug).get_or_none()
    return found.path if found else None


def _find_tag(name: str, at: datetime) -> str | None:
    """Return the path of the tag that has or had this slug, or has this name."""
    public = Tag.public(at)
    found = public.where(Tag.slug == name).get_or_none()
    found = found or public.join(OldTag).where(OldTag.slug == name).get_or_none()
    found = found or public.where(Tag.key == text.caseless(name)).get_or_none()
    return found.path if found else None


def _find_author(handle: str, at: datetime) -> str | None:
    public = Post.public_authors(at)
    found = public.where(User.handle == handle).get_or_none()
    found = found or public.join(OldHandle).where(OldHandle.handle == handle).get_or_none()
    return found.path if found else None
