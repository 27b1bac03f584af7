"""Notices at the top of a page after a form was sent. A signed cookie with the notice's name carries it to that page.

The cookie is for one page, lasts a minute and is deleted when the notice is shown. So a link cannot make the site show
a notice, two windows do not take each other's notices, and a page with a notice is never cached (pagecache.py).
"""

from datetime import datetime, timedelta
from hashlib import sha256

from bottle import request, response

from ..settings import current
from ..signing import seal, unseal
from .authentication import cookie_in

COOKIE = 'quickpub-notice-'  # and a digest of the page's path
LASTS = timedelta(minutes=1)


def leave(name: str, path: str, at: datetime) -> None:
    """Show this notice once, on the page at this path, which may have a query."""
    path = path.partition('#')[0].partition('?')[0]
    response.set_cookie(_cookie(path), seal('notice', f'{at + LASTS}|{path}|{name}'), path=_cookie_path(),
                        max_age=int(LASTS.total_seconds()), httponly=True, samesite='lax', secure=current().is_https)


def take(at: datetime) -> str:
    """Return the name of the notice for the requested page, or '', and delete the notice."""
    cookie = _cookie(request.path)
    sealed = cookie_in(request.get_header('Cookie', ''), cookie)
    if not sealed:
        return ''
    response.delete_cookie(cookie, path=_cookie_path())
    until, _, rest = (unseal('notice', sealed) or '').partition('|')
    path, _, name = rest.rpartition('|')
    return name if path == request.path and str(at) < until and until <= str(at + 2 * LASTS) else ''


def _cookie(path: str) -> str:
    return f'{COOKIE}{sha256(path.encode("utf-8", "replace")).hexdigest()[:12]}'


def _cookie_path() -> str:
    return current().path_prefix or '/'
