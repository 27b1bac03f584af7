"""Feeds of the site, an author or a tag, each as Atom and as JSON Feed; and the page that explains them."""

from typing import Any, NamedTuple

from bottle import response

from .. import dates
from ..accounts import directory
from ..content import published, tags
from ..content.post_input import typed_title
from ..db import now
from ..look import bios
from ..markup import markdown
from ..media import files, placing
from ..models import Content, Post, Site
from ..wsgi.actions import Answer
from ..wsgi.authentication import current_user
from ..wsgi.responses import not_found, render_public, render_public_json
from ..wsgi.sharing import find_image
from ..wsgi.urls import absolute

PER_FEED = 20
MAX_FOLLOWED = 200  # authors, and tags, on the page that explains feeds


class Feed(NamedTuple):
    """The parts of a feed."""
    posts: Any  # the query, the newest first
    home: str  # the path of the page that it belongs to
    title: str
    subtitle: str
    feed_id: str  # never changes


def show_follow() -> Answer:
    """Explain what a feed is, and list the feeds of the site, its authors and its tags."""
    at = now()
    return render_public('follow.html', authors=published.list_authors(at, MAX_FOLLOWED),
                         tags=tags.list_public(at, MAX_FOLLOWED))


def show_site_feed() -> Answer:
    return _render_atom(_site_feed())


def show_site_json_feed() -> Answer:
    return _render_json(_site_feed())


def show_author_feed(handle: str) -> Answer:
    return _render_atom(_author_feed(handle))


def show_author_json_feed(handle: str) -> Answer:
    return _render_json(_author_feed(handle))


def show_tag_feed(slug: str) -> Answer:
    return _render_atom(_tag_feed(slug))


def show_tag_json_feed(slug: str) -> Answer:
    return _render_json(_tag_feed(slug))


def _site_feed() -> Feed:
    site = Site.this()
    return Feed(Post.published(now()), '/', site.title, site.tagline, Content.get().feed_id)


def _author_feed(handle: str) -> Feed:
    at = now()
    author = directory.find_author(handle, current_user(), at)
    if author is None:
        raise not_found()
    site = Site.this()
    return Feed(published.feed_of_author(author, at), author.path, f'{author.name} - {site.title}',
                bios.plain(author.bio, site.language), author.feed_id)


def _tag_feed(slug: str) -> Feed:
    at = now()
    tag = tags.find_visible(slug, current_user(), at)
    if tag is None:
        raise not_found()
    return Feed(published.feed_of_tag(tag, at), tag.path, f'{tag.name} - {Site.this().title}', '', tag.feed_id)


def _render_atom(feed: Feed) -> Answer:
    entries = _list_entries(feed)
    updated = max((entry['updated'] for entry in entries), default=now())
    response.content_type = 'application/xml; charset=utf-8'  # browsers show application/atom+xml as its source
    return render_public('feed.xml', title=feed.title, subtitle=feed.subtitle, feed_id=feed.feed_id,
                         self_url=_url_beside(feed.home, 'feed.xml'), home_url=absolute(feed.home), updated=updated,
                         entries=entries)


def _render_json(feed: Feed) -> Answer:
    """Render JSON Feed 1.1 (jsonfeed.org)."""
    found = {'version': 'https://jsonfeed.org/version/1.1', 'title': feed.title, 'home_page_url': absolute(feed.home),
             'language': Site.this().language,
             'feed_url': _url_beside(feed.home, 'feed.json'), 'items': [{
                 'id': entry['id'], 'url': entry['url'],
                 'content_html': entry['content'], 'date_published': dates.iso(entry['post'].published_at),
                 'date_modified': dates.iso(entry['updated']), 'tags': [tag.name for tag in entry['tags']],
                 'authors': [{'name': each.name, 'url': absolute(each.path)} for each in entry['post'].authors],
             } | {name: entry[name] for name in ('title', 'summary', 'language') if entry[name]}
               | ({'image': entry['image'].url} if entry['image'] else {})
                 for entry in _list_entries(feed)]}
    found |= {'description': feed.subtitle} if feed.subtitle else {}
    return render_public_json(found, 'application/feed+json')


def _url_beside(home: str, name: str) -> str:
    return absolute(f'{home.rstrip("/")}/{name}')


def _list_entries(feed: Feed) -> list[dict[str, Any]]:
    found = list(feed.posts.limit(PER_FEED))
    Post.load_co_authors(found)
    tags_of, covers = tags.of_posts(found), placing.find('cover', [post.id for post in found])
    # A post without a title has an empty one here too, and no summary that only repeats its beginning: feed readers
    # show such posts by their text.
    return [{'post': post, 'title': typed_title(post), 'language': post.language,
             'summary': post.excerpt if post.is_titled else post.summary,
             'image': find_image('post', post.id, post.title, covers[post.id]) if post.id in covers else None,
             'image_type': files.TYPES[covers[post.id].endings[-1]] if post.id in covers else '',
             'id': post.feed_id, 'url': absolute(post.path),
             'updated': max(post.published_at, post.updated_at), 'tags': tags_of.get(post.id, []),
             'content': markdown.absolute(post.html, absolute(''), post.path)} for post in found]
