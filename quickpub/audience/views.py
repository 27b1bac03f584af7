"""Decide which requests are views: a person who reads a page."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from ..models import Post, User
from ..networks import is_loopback
from ..permissions import Permission
from ..settings import current
from . import user_agents

PREFETCH_HEADERS = 'HTTP_SEC_PURPOSE', 'HTTP_PURPOSE', 'HTTP_X_PURPOSE', 'HTTP_X_MOZ'
PREFETCHES = ('prefetch', 'prerender', 'preview')
# Only programs send a contact address (From), or a signature (Web Bot Auth).
PROGRAM_HEADERS = 'HTTP_RANGE', 'HTTP_FROM', 'HTTP_SIGNATURE_AGENT'
APP_HEADER = 'HTTP_X_REQUESTED_WITH'
RARE_HEADERS = frozenset((*PREFETCH_HEADERS, *PROGRAM_HEADERS, APP_HEADER))
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
    if header('HTTP_SEC_FETCH_DEST', 'document') != 'document':
        return False
    if header('HTTP_SEC_FETCH_MODE', 'navigate') != 'navigate':
        return False
    if not accepts_html(header('HTTP_ACCEPT', '')[:LONGEST_HEADER]):
        return False
    return RARE_HEADERS.isdisjoint(environ) or not _is_program_or_prefetch(environ)


def _is_program_or_prefetch(environ: Mapping[str, Any]) -> bool:
    if any(name in environ for name in PROGRAM_HEADERS):
        return True
    if environ.get(APP_HEADER, '').lower() == 'xmlhttprequest':  # Android's browsers name an app there
        return True
    purpose = ''.join([environ.get(name, '') for name in PREFETCH_HEADERS]).lower()
    return any(each in purpose for each in PREFETCHES)


def is_counted_for(reader: User | None, post: Post) -> bool:
    """Return whether this reader's views count: not if they are an author of the post, an editor or an owner."""
    return reader is None or not (reader.may(Permission.EDIT_ALL) or post.has_author(reader))


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
