"""The rendered columns of posts: made when a post is saved, and again when an upgrade or a media file changes them."""

import logging
from collections.abc import Hashable
from datetime import datetime
from typing import Any

from peewee import Select

from .. import text
from ..db import let_others_write as give_way
from ..db import now
from ..jobs.errors import is_transient
from ..markup import excerpts, images, markdown
from ..media import usage
from ..models import Post, PostFile, Site, User
from ..settings import current
from . import quota, rendering
from .post_input import MAX_BODY, MAX_TITLE, typed_title

log = logging.getLogger('quickpub.posts')

BATCH = 20  # posts rendered between two pauses
NO_LIMIT = 0.0  # the patience of background work
NOT_TYPED = frozenset({'html', 'words', 'excerpt', 'rendered_by'})  # columns that follow from the others


def render_columns(clean: dict[str, Any], files: dict[str, images.File], who: Hashable,
                   patience: float | None = None) -> dict[str, Any]:
    """Return the columns that follow from a post's title, summary, body and language. For `who` and `patience` see
    gates.Gate.entered. Raises Busy, or Rejected where rendering takes too long."""
    title, summary, is_titled = clean['title'], clean['summary'], bool(clean['title'])
    language = clean['language'] or Site.this().language
    found = rendering.render(clean['body'], files, is_titled, who, patience, language)
    return {'title': title or found.beginning or 'Untitled', 'is_titled': is_titled, 'html': found.html,
            'words': found.words, 'excerpt': summary or found.excerpt, 'rendered_by': markdown.VERSION}


def preview(body: str, author: User, prefix: str, language: str, is_titled: bool = True) -> rendering.Preview:
    """Return what readers would see of this Markdown, below the prefix of the public URL. `language`: that it is
    written in, '' for the site's. Raises Busy, or Rejected if it takes too long."""
    body = text.body(body[:MAX_BODY])
    return rendering.preview(body, usage.known_in(body), prefix, quota.waits_as(author),
                             language or Site.this().language, is_titled, current().origin)


def render_again(post: Post, at: datetime | None = None, patience: float | None = None) -> None:
    """Render a saved post again. With a time, a post whose HTML changes counts as updated then, so that feed readers
    fetch it again. For `patience` see gates.Gate.entered."""
    saved = {'title': '' if _has_generated_title(post) else typed_title(post), 'summary': post.summary,
             'body': post.body, 'language': post.language}
    values = render_columns(saved, usage.known_in(post.body), None, patience)
    changed = {name: value for name, value in values.items() if getattr(post, name) != value}
    if at and 'html' in changed:
        changed['updated_at'] = at
    if changed:
        Post.update(**changed).where(Post.id == post.id, Post.version == post.version, Post.html == post.html).execute()


def render_posts_with_file(digest: str) -> None:
    """Render the posts again that use this media file, because what it shows has changed."""
    for post in list(Post.select().join(PostFile).where(PostFile.digest == digest)):
        _try_to_render_again(post, now())


def is_any_outdated() -> bool:
    """Return whether an older version of this program has rendered any post."""
    return _outdated().exists()


def render_outdated() -> None:
    """Render the posts again that an older version of this program has rendered. A post that cannot be rendered stays
    as it is, and is logged."""
    while found := list(_outdated().limit(BATCH)):
        for post in found:
            _try_to_render_again(post)
            Post.update(rendered_by=markdown.VERSION).where(Post.id == post.id, Post.version == post.version).execute()
        give_way()


def _outdated() -> Select:
    return Post.select().where(Post.rendered_by < markdown.VERSION)


def _try_to_render_again(post: Post, at: datetime | None = None) -> None:
    """Render a post again; one that cannot be rendered is logged and stays as it was. Raises what is transient."""
    try:
        render_again(post, at, patience=NO_LIMIT)
    except Exception as error:
        if is_transient(error):
            raise
        log.exception('Post %s cannot be rendered again; it stays as it was', post.id)


def _has_generated_title(post: Post) -> bool:
    """Return whether the title of a post is the beginning of its text, which old versions stored as if it was typed."""
    made = text.shorten(text.line(excerpts.plain(post.html), MAX_TITLE), rendering.MAX_BEGINNING) or 'Untitled'
    return post.rendered_by == 0 and post.title == made
