"""The sitemap and robots.txt, for search engines."""

from datetime import datetime

from bottle import response

from ..content import published
from ..db import now
from ..models import Post
from ..wsgi.actions import Answer
from ..wsgi.forms import number
from ..wsgi.responses import allow_caching, not_found, render_public
from ..wsgi.urls import absolute, url

NOT_CRAWLED = ('/studio', '/admin', '/settings', '/verify', '/reset', '/search', '/draft')


def show_sitemap() -> Answer:
    """Show the whole sitemap, or the URLs of its parts if it is long."""
    count = published.count_sitemap_parts(now())
    if count == 1:
        return _render([*_list_places(), *_list_posts(0)])
    return _render([(absolute(f'/sitemap-{part}.xml'), None) for part in ('places', *range(count))], is_index=True)


def show_sitemap_part(part: str) -> Answer:
    """Show the part with this number, or 'places': all that is no post."""
    if part == 'places':
        return _render(_list_places())
    wanted = number(part)
    if wanted is None or wanted >= published.count_sitemap_parts(now()):
        return not_found()
    return _render(_list_posts(wanted))


def _list_places() -> list[tuple[str, datetime | None]]:
    paths = ['/', '/archive', *(page.path for page in Post.pages()), *published.list_author_paths(now())]
    return [(absolute(path), None) for path in paths]


def _list_posts(part: int) -> list[tuple[str, datetime | None]]:
    return [(absolute(path), updated_at) for path, updated_at in published.list_sitemap_part(part, now())]


def _render(entries: list[tuple[str, datetime | None]], is_index: bool = False) -> Answer:
    response.content_type = 'application/xml; charset=utf-8'
    return render_public('sitemap.xml', entries=entries, is_index=is_index)


def show_robots() -> Answer:
    """Tell crawlers where the sitemap is, and which paths to leave alone."""
    response.content_type = 'text/plain; charset=utf-8'
    allow_caching()
    closed = ''.join(f'Disallow: {url(path)}\n' for path in NOT_CRAWLED)
    return f'User-agent: *\n{closed}Sitemap: {absolute("/sitemap.xml")}\n'
