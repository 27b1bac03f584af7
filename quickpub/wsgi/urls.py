"""Web addresses of this site."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ..settings import current

DASHBOARD = '/studio/dashboard'  # where a log-in leads
STATIC = Path(__file__).parents[1] / 'static'


def url(path: str) -> str:
    """Return the link to a path of this site, below the prefix of its public URL."""
    return current().path_prefix + path


def absolute(path: str) -> str:
    """Return the full URL of a path, always from the settings, never from the request."""
    return current().url + path


def with_query(path: str, **values: Any) -> str:
    """Return the path with a query of those values that are not empty."""
    query = urlencode({name: value for name, value in values.items() if value})
    return f'{path}?{query}' if query else path


def static_url(name: str) -> str:
    """Return the link to a static file, with a digest of its content, so that browsers may cache it for ever."""
    return url(f'/static/{name}?v={static_digest(name)}')


@cache
def static_digest(name: str) -> str:
    """Return a digest of a static file's content."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]
