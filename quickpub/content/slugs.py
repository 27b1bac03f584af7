"""The slugs of posts and pages: chosen when saved, kept as redirects when changed."""

from datetime import datetime
from typing import Any

from .. import text
from ..codes import Rejected
from ..db import rows
from ..models import OldSlug, Post, User

# What a page cannot be called: the site's own pages begin so (a test compares it with all URLs).
RESERVED = frozenset('admin archive card draft follow forgot healthz login logout media oembed p reset search settings '
                     'setup signup static studio t unsubscribe verify'.split())


def choose(post: Post | None, author: User, typed: str, title: str, is_page: bool, at: datetime) -> str:
    """Return the slug of a post, in the transaction that saves it. Raises Rejected if another post has the slug that
    was typed.

    A post of others that is not public gives way and gets another slug: to be refused would tell that it exists.
    """
    slug = _choose_visible(post, author, text.line(typed, 200), title, is_page, at)
    if hidden := Post.get_or_none(Post.slug == slug, Post.id != (post.id if post else 0)):
        taken = {found for (found,) in rows(_same_or_numbered(Post, slug).union_all(_same_or_numbered(OldSlug, slug)))}
        Post.update(slug=text.free(slug, slug, taken)).where(Post.id == hidden.id).execute()
    return slug


def keep_old(post: Post, slug: str, at: datetime) -> None:
    """Keep the present slug of a post that was ever public as a redirect, before it gets this one."""
    OldSlug.delete().where(OldSlug.slug == slug).execute()
    if slug != post.slug and (post.was_public or post.is_public(at)):
        OldSlug.insert(slug=post.slug, post=post).on_conflict_replace().execute()


def _choose_visible(post: Post | None, author: User, typed: str, title: str, is_page: bool, at: datetime) -> str:
    is_made_from_title = post is not None and not post.was_public and typed == post.slug == _from_title(post.title)
    if not typed or is_made_from_title:
        if post is not None and post.slug == _from_title(title):
            return post.slug
        return _find_free(_from_title(title), post, author, is_page, at)
    slug = text.slug(typed, '')
    if not slug:
        raise Rejected('slug.empty')
    if (free := _find_free(slug, post, author, is_page, at)) != slug:
        raise Rejected('slug.taken', free=free)
    return slug


def _from_title(title: str) -> str:
    return text.slug(title, 'post')


def _find_free(slug: str, post: Post | None, author: User, is_page: bool, at: datetime) -> str:
    """Return this slug, or one with a number if a post that the author knows of has it or had it."""
    own = post.id if post else 0
    is_known = Post.seen_by_all(at) | Post.was_public | (Post.author == author)
    taken = _same_or_numbered(Post, slug).where(Post.id != own, is_known)
    kept = _same_or_numbered(OldSlug, slug).where(OldSlug.post != own)
    reserved = RESERVED if is_page else frozenset()
    return text.free(slug, slug, {found for (found,) in rows(taken.union_all(kept))} | reserved)


def _same_or_numbered(model: Any, slug: str) -> Any:
    return model.select(model.slug).where((model.slug == slug) | (model.slug % f'{slug}-[0-9]*'))
