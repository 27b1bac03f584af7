"""Decide which requests are views: a person who reads a page."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from ..models import Post, User
from ..networks import is_loopback
from ..settings import current
from . import user_agents

PREFETCH_HEADERS = 'HTTP_SEC_PURPOSE', 'HTTP_PURPOSE', 'HTTP_X_PURPOSE', 'HTTP_X_MOZ'
PREFETCHES = ('prefetch', 'prerender', 'preview')
ACCEPTS_HTML = re.compile(r'text/(?:html|\*)|application/xhtml|\*/\*', re.IGNORECASE)
HOST = re.compile(r'(?=.{1,100}$)[a-z0-9_-]+(\.[a-z0-9_-]+)+')
CACHED = 2048  # verdicts on header values; a new one takes up to half a millisecond
LONGEST_HEADER = 512  # characters that are looked at


def is_view(environ: Mapping[str, Any]) -> bool:
    """Return whether this request (a WSGI environ) is a person who reads a page.

    Programs, prefetches, ranges, and pages loaded as an image, in a frame or by a script are not.
    """
    header = environ.get
    if environ['REQUEST_METHOD'] != 'GET' or not is_browser(header('HTTP_USER_AGENT', '')[:LONGEST_HEADER]):
        return False
    destination, mode = header('HTTP_SEC_FETCH_DEST', 'document'), header('HTTP_SEC_FETCH_MODE', 'navigate')
    if destination != 'document' or mode != 'navigate':
        return False
    # Only programs send a contact address (From), or a signature (Web Bot Auth).
    if 'HTTP_RANGE' in environ or 'HTTP_FROM' in environ or 'HTTP_SIGNATURE_AGENT' in environ:
        return False
    if not accepts_html(header('HTTP_ACCEPT', '')[:LONGEST_HEADER]):
        return False
    if header('HTTP_X_REQUESTED_WITH', '').lower() == 'xmlhttprequest':  # Android's browsers name an app there
        return False
    purpose = ''.join([header(name, '') for name in PREFETCH_HEADERS])
    return not purpose or not any(each in purpose.lower() for each in PREFETCHES)


def is_counted_for(reader: User | None, post: Post) -> bool:
    """Return whether this reader's views count: not if they are the post's author or an owner."""
    return reader is None or not (reader.is_owner or reader.id == post.author_id)


@lru_cache(CACHED)
def accepts_html(accept: str) -> bool:
    """Return whether an Accept header takes a page. A missing one takes anything."""
    return not accept or bool(ACCEPTS_HTML.search(accept))


@lru_cache(CACHED)
def is_browser(agent: str) -> bool:
    """Return whether a User-Agent header names a browser."""
    return user_agents.is_browser(agent)


@lru_cache(CACHED)
def referring_host(referrer: str) -> str:
    """Return the host in a Referer header, without "www."; '' for none, nonsense, and this site itself."""
    try:
        host = (urlsplit(referrer).hostname or '').removeprefix('www.')
    except ValueError:
        return ''
    is_own = host == (current().url_parts.hostname or '').removeprefix('www.')
    is_own = is_own or current().is_local and is_loopback(host)
    return host if HOST.fullmatch(host) and not is_own else ''
