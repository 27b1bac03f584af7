"""Who asks: the session behind the browser's cookie, and the address it comes from."""

import logging
from typing import Any

from bottle import request, response

from . import audit, sessions
from .accounts import VERIFY_LASTS
from .db import db, is_out_of_reach, now
from .models import Session, User
from .settings import current
from .signing import redact

log = logging.getLogger('quickpub.web')

COOKIE = 'quickpub'
CLAIM = 'quickpub-claim'  # what this browser signed up with (proofs.py); sent to pages that confirm, no others


def current_user() -> User | None:
    """Who is logged in. One question to the database a request."""
    found = current_session()
    return found.user if found else None


def current_session() -> Session | None:
    if 'quickpub.session' not in request.environ:
        secret = cookie_in(request.get_header('Cookie', ''))
        found = sessions.find(secret, now()) if secret else None
        if found:
            _refresh(found, secret)
        request.environ['quickpub.session'] = found
    return request.environ['quickpub.session']


def _refresh(session: Session, secret: str) -> None:
    """Let it last longer; where the database cannot be written just now, the page is shown without that."""
    try:
        if sessions.refresh(session, now()):
            _give_cookie(secret)
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        log.warning('%s %s goes without writing: %s', request.method, redact(request.path), error)


def cookie_in(header: str, wanted: str = COOKIE) -> str:
    """The value of a cookie, the session's secret unless another is wanted. Python's own parser gives up where another
    application of this host gave a cookie a name such as `cart[1]`."""
    pairs = (part.strip().partition('=') for part in header.split(';'))
    return next((value.strip('"') for name, _, value in pairs if name == wanted), '')


def log_in(user: User) -> None:
    """Start a session and hand its cookie to the browser."""
    with db.atomic():
        secret = sessions.start(user, request.get_header('User-Agent', ''), now())
        note_action('logged_in', user)
    request.environ.pop('quickpub.session', None)
    _give_cookie(secret)


def note_action(code: str, actor: User | None, subject: Any = None, **details: Any) -> None:
    """Write into the audit log what somebody does with this request, in the transaction that does it."""
    audit.record(code, now(), actor, subject, client_address(), **details)


def log_out() -> None:
    if found := current_session():
        found.delete_instance()
    request.environ['quickpub.session'] = None
    response.delete_cookie(COOKIE, path=_cookie_path())


def claim_cookie() -> str:
    return cookie_in(request.get_header('Cookie', ''), CLAIM)


def give_claim(sealed: str) -> None:
    response.set_cookie(CLAIM, sealed, path=_claim_path(), max_age=int(VERIFY_LASTS.total_seconds()),
                        httponly=True, samesite='lax', secure=current().is_https)


def forget_claim() -> None:
    if claim_cookie():
        response.delete_cookie(CLAIM, path=_claim_path())


def _claim_path() -> str:
    return f'{current().path_prefix}/verify'


def _give_cookie(secret: str) -> None:
    response.set_cookie(COOKIE, secret, path=_cookie_path(), max_age=int(sessions.SESSION_LASTS.total_seconds()),
                        httponly=True, samesite='lax', secure=current().is_https)


def _cookie_path() -> str:
    return current().path_prefix or '/'  # '/blog' is sent to /blog and all below it, '/blog/' not to /blog itself


def client_address(environ: dict[str, Any] | None = None) -> str:
    """Return where the request came from. X-Forwarded-For, which Bottle believes from anybody, counts only from the
    proxies that the settings name. Behind several of them, the client is the last address that is none of theirs."""
    environ = request.environ if environ is None else environ
    forwarded = environ.get('HTTP_X_FORWARDED_FOR', '')
    chain = [part.strip() for part in forwarded.split(',') if part.strip()] + [environ.get('REMOTE_ADDR', '')]
    while len(chain) > 1 and current().trusts(chain[-1]):
        chain.pop()
    return chain[-1]
