"""What readers see: the home page, posts, pages, authors, tags, the archive."""

from typing import Any

from bottle import request

from .. import dates
from ..accounts import directory
from ..audience import views
from ..content import published, related, tags
from ..db import now
from ..media import placing
from ..models import Post, PostTag, Site, Tag
from ..wsgi.about_author import describe_author, describe_writers
from ..wsgi.actions import Answer
from ..wsgi.authentication import current_user
from ..wsgi.front_page import images_of, render_front_page, split_off_pinned
from ..wsgi.long_pages import render_long_html
from ..wsgi.pagination import paginate
from ..wsgi.responses import not_found, render_public
from ..wsgi.sharing import share_author, share_post, share_tag
from ..wsgi.urls import absolute

PER_ARCHIVE = 200


def show_home() -> Answer:
    """Show the newest posts of the site."""
    return render_front_page(Site.this())


def show_post(slug: str) -> Answer:
    """Show a published post, and have the view counted."""
    at = now()
    found = published.find_post(slug, at)
    if found is None:
        return not_found()
    if views.is_counted_for(current_user(), found):
        request.environ['quickpub.view_of'] = found.id
    newer, older = related.newer(found, at), related.older(found, at)
    parts, found_tags = related.parts_of(found.series, at), tags.of_post(found)
    return _show_text(
        found, found_tags, newer=newer, older=older, parts=parts,
        related=related.related(found, found_tags, at, but=[newer, older, *parts]))


def show_page(slug: str) -> Answer:
    """Show a page that an owner wrote, such as "About"."""
    found = published.find_page(slug)
    if found is None:
        return not_found()
    return _show_text(found, tags.of_post(found), newer=None, older=None, parts=[], related=[])


def _show_text(post: Post, found_tags: list[Tag], **context: Any) -> Answer:
    site, images = Site.this(), images_of([post, *context['related']])
    cover, faces = images['covers'].get(post.id), images['faces']
    return render_public('post.html', site=site, post=post, content=render_long_html(post.html),
                         tags=found_tags, cover=cover, **images,
                         shared=share_post(post, site, found_tags, cover, faces.get(post.author_id)),
                         canonical=post.canonical or absolute(post.path), draft_note=None, may_edit=False,
                         writers=[] if post.is_page else describe_writers(post, now()), **context)


def show_author(handle: str) -> Answer:
    """Show an author and their posts."""
    at, site = now(), Site.this()
    author = directory.find_author(handle, current_user(), at)
    if author is None:
        return not_found()
    listed, older, is_first = paginate(published.list_by(author, at), author.path, within=Post.published(at))
    pinned, listed = split_off_pinned(author, listed, is_first)
    banner, images = placing.find('banner', [author.id]).get(author.id), images_of([*listed, pinned], author)
    shared = share_author(author, site, banner, images['faces'].get(author.id)) if is_first else None
    return render_public('author.html', site=site, author=author, posts=listed, older=older, is_first=is_first,
                         pinned=pinned, banner=banner, shared=shared,
                         **describe_author(author), **images)


def show_tag(slug: str) -> Answer:
    """Show a tag and the posts that have it."""
    at, site = now(), Site.this()
    tag = tags.find_visible(slug, current_user(), at)
    if tag is None:
        return not_found()
    listed, older, is_first = paginate(Post.tagged(tag, at), tag.path, by=(PostTag.published_at, PostTag.post),
                                      within=Post.published(at))
    return render_public('tag.html', site=site, tag=tag, posts=listed, older=older, is_first=is_first,
                         shared=share_tag(tag, site) if is_first else None, **images_of(listed))


def show_archive() -> Answer:
    """Show the titles of all posts, by year."""
    at = now()
    found, older, _ = paginate(Post.listed(at), '/archive', PER_ARCHIVE, within=Post.published(at))
    Post.load_co_authors(found)
    years: dict[int, list[Post]] = {}
    for each in found:
        years.setdefault(dates.at(each.published_at).year, []).append(each)
    return render_public('archive.html', years=years.items(), older=older)
