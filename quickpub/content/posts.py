"""Saving posts and pages."""

from datetime import datetime
from typing import Any

from .. import text
from ..codes import Problem, Rejected
from ..db import db
from ..media import usage
from ..models import Post, Site, User
from . import quota, rerendering, revisions, series, slugs, tags
from .post_input import MAX_TITLE, PostInput, as_form


class Conflict(Problem):
    """Another version of the post was saved since this text was begun; `post` is the post as it is now."""

    def __init__(self, post: Post):
        super().__init__('post.conflict')
        self.post = post


def save(post: Post | None, editor: User, submitted: PostInput, at: datetime, based_on: int | None = None,
         is_page: bool = False, tab: str | None = None) -> Post:
    """Save a new post or page of `editor`, or a new version of this one, and return it. The version before is kept.

    `based_on` is the version that the editor began with. `tab` names the editor's window: saved twice there, a new
    post is still one. Raises Rejected with a code for each wrong field, gates.Busy, or Conflict if another version
    was saved since `based_on`; nothing is changed then.
    """
    values = submitted.clean_text()
    files = usage.known_in(values['body'])
    values |= rerendering.render_columns(values, files, quota.waits_as(editor))  # slow, so before the transaction
    wanted_tags = tags.clean(submitted.tags)
    with db.atomic():
        if post is None and tab:
            post = find_by_tab(editor, tab)
            based_on = 1 if post else None
        elif post:
            post = Post.get_by_id(post.id)
        if post and not post.is_editable_by(editor):  # an editor has published it meanwhile
            raise Rejected('post.only_editors', field='')
        if post and not values['language'] and (post.was_public or post.published_at or post.place):
            values['language'] = Site.this().written  # a published text keeps its language when the site's changes
        is_page = post.is_page if post else is_page
        author = post.author if post else editor
        values['slug'] = slugs.choose(post, author, submitted.slug, values['title'], is_page, at)
        values |= _choose_place(post, submitted) if is_page else series.choose_part(
            post, author, submitted.series, submitted.part)
        size = quota.size_of(values['body'], values['summary'])
        if post is None:
            quota.check(author, None, size)
            post = Post.create(author=editor, editor_id=editor.id, is_page=is_page, created_at=at, updated_at=at,
                               first_tab=tab, **values)
            tags.replace(post, wanted_tags, at)
        elif _is_changed(post, values, wanted_tags):
            if based_on not in (None, post.version):
                raise Conflict(post)
            quota.check(author, post, size)
            _update(post, editor, values, wanted_tags, at)
        usage.refer(post, values['body'], at)
        if usage.known_in(values['body']) != files:  # an image became ready just now, and did not know of this post
            rerendering.render_again(Post.get_by_id(post.id), at)
    return Post.get_by_id(post.id)


def find_by_tab(author: User, tab: str) -> Post | None:
    """Return the post that was first saved in this window of its author."""
    return Post.get_or_none(Post.author == author, Post.first_tab == tab)


def _choose_place(post: Post | None, submitted: PostInput) -> dict[str, Any]:
    """Return the place of a published page in the navigation; a draft has none."""
    is_placed = submitted.place is not None and post is not None and post.place is not None
    return {'place': submitted.place} if is_placed else {}


def _is_changed(post: Post, values: dict[str, Any], wanted_tags: list[tuple[str, str]]) -> bool:
    """Return whether anything that an author can change differs from the saved version."""
    return tags.as_line(post) != ', '.join(name for name, _ in wanted_tags) or any(
        getattr(post, name) != value for name, value in values.items() if name not in rerendering.NOT_TYPED)


def _update(post: Post, editor: User, values: dict[str, Any], wanted_tags: list[tuple[str, str]], at: datetime) -> None:
    """Save the next version of a post, in the caller's transaction, and keep the version and the slug before it."""
    revisions.keep(post, as_form(post))
    slugs.keep_old(post, values['slug'], at)
    Post.update(version=Post.version + 1, editor_id=editor.id, updated_at=at, **values).where(
        Post.id == post.id).execute()
    tags.replace(post, wanted_tags, at)


def duplicate(post: Post, author: User, title: str, at: datetime) -> Post:
    """Save a draft of `author` with the same text and this title, cut if it is too long, and return it."""
    copy = PostInput(title=text.line(title, MAX_TITLE), body=post.body, summary=post.summary,
                     tags=tags.split(tags.as_line(post)), language=post.language or '')
    return save(None, author, copy, at, is_page=post.is_page)
