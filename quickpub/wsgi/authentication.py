"""Authenticate requests: the session behind the browser's cookie, and the client's address."""

import logging
from datetime import datetime, timedelta
from http.cookies import Morsel
from typing import Any

from bottle import request

from .. import networks
from ..accounts import audit, known_devices, notifications, sessions
from ..accounts.links import VERIFY_LIFETIME
from ..db import db, now
from ..jobs.errors import is_out_of_reach
from ..mail.budgets import Cause
from ..models import Session, User
from ..settings import current
from ..signing import redact
from ..tasks import deliver_soon

log = logging.getLogger('quickpub.web')

SESSION = sessions.COOKIE
DEVICE = 'quickpub-device'  # which accounts know this browser (known_devices.py); it lets nobody in
CLAIM = 'quickpub-claim'  # what this browser signed up with (signup_claim.py); sent to pages that confirm, no others
LOCKED = '__Host-'  # with this before its name, a cookie is of this host alone: no neighbour or scheme can set it


# Sessions

def current_user() -> User | None:
    """Return the logged-in user, or None. At most one query a request."""
    found = current_session()
    return found.user if found else None


def current_session() -> Session | None:
    """Return the session behind the browser's cookie, or None. Also refresh it if that is due."""
    if 'quickpub.session' not in request.environ:
        found, name = find_session(request.get_header('Cookie', ''), now())
        request.environ['quickpub.session'] = found
        if found:
            _refresh(found, name)
    return request.environ['quickpub.session']


def find_session(header: str, at: datetime) -> tuple[Session | None, str]:
    """Return the session that a Cookie header belongs to, or None, and its cookie's name. On a site with the locked
    name, a session under the plain name counts only if it began under it: a neighbour could have set the cookie."""
    for name in dict.fromkeys((session_cookie(), SESSION)):
        token = cookie_in(header, name)
        found = sessions.find(token, at) if token else None
        if found and (name == session_cookie() or found.cookie == name):
            return found, name
    return None, ''


def _refresh(session: Session, name: str) -> None:
    """Extend, rotate or rename a session's cookie if that is due, unless the database cannot be written just now."""
    try:
        if session.is_stale or name != session_cookie():
            rotate()
        elif sessions.refresh(session, now()):
            _give_session(cookie_in(request.get_header('Cookie', ''), name), session)
            if session.device_id is None:  # of a log-in before devices were known
                device = sessions.link_device(session, device_cookie(), now())
                _set_cookie(_cookie_name(DEVICE), device, known_devices.LASTS)
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        log.warning('%s %s goes without writing: %s', request.method, redact(request.path), error)


def log_in(user: User, by_link: bool = False) -> None:
    """Start a session in place of the one that this browser has, hand out its cookie, and make the device known. Email
    the member about a new device, unless this is their first log-in, or they come `by_link` from an email. Raises
    Rejected if the password was changed since `user` was read."""
    at, agent, before = now(), user_agent(), current_session()
    with db.atomic():
        device, known, is_new = known_devices.remember(user, device_cookie(), at)
        token = sessions.start(user, agent, at, device, session_cookie())
        if before:
            sessions.end(before)
        note_action('logged_in_new_device' if is_new and user.logged_in_at else 'logged_in', user)
        if is_new and user.logged_in_at and not by_link:
            deliver_soon(notifications.notify_new_device(user, at, agent))
    request.environ.pop('quickpub.session', None)
    _give_session(token, sessions.find(token, at))
    _set_cookie(_cookie_name(DEVICE), known, known_devices.LASTS)


def rotate() -> None:
    """Give the session of this browser another value: call it after each change of how a member gets in or what they
    may do, and after its transaction, or a cookie without a session could be handed out."""
    session = current_session()
    if session and (token := sessions.rotate(session, session_cookie())):
        _give_session(token, session)


def note_action(code: str, actor: User | None, subject: Any = None, **details: Any) -> None:
    """Write an action into the audit log, in its transaction."""
    audit.record(code, now(), actor, subject, client_address(), **details)


def log_out() -> None:
    """End the session of this browser. The device stays known."""
    if found := current_session():
        sessions.end(found)
    request.environ['quickpub.session'] = None
    _set_cookie(session_cookie(), '', timedelta(0))
    _forget_old_name()


# Cookies

def session_cookie() -> str:
    """Return the name of the session's cookie on this site."""
    return _cookie_name(SESSION)


def device_cookie() -> str:
    """Return the cookie that says which accounts know this browser, for known_devices."""
    return cookie_in(request.get_header('Cookie', ''), _cookie_name(DEVICE))


def claim_cookie() -> str:
    return cookie_in(request.get_header('Cookie', ''), CLAIM)


def give_claim(sealed: str) -> None:
    _set_cookie(CLAIM, sealed, VERIFY_LIFETIME, _claim_path())


def forget_claim() -> None:
    if claim_cookie():
        _set_cookie(CLAIM, '', timedelta(0), _claim_path())


def _claim_path() -> str:
    return f'{current().path_prefix}/verify'


def _give_session(token: str, session: Session | None) -> None:
    """Let the cookie last as long as the session can."""
    lasts = sessions.SESSION_LASTS
    if session:
        lasts = min(lasts, session.created_at + sessions.LONGEST_SESSION - now())
    _set_cookie(session_cookie(), token, lasts)
    _forget_old_name()


def _forget_old_name() -> None:
    if session_cookie() != SESSION and cookie_in(request.get_header('Cookie', '')):
        _set_cookie(SESSION, '', timedelta(0))


def _cookie_name(name: str) -> str:
    """Return the name of a cookie for the whole site, locked if possible: only over TLS and for a whole host."""
    return LOCKED + name if current().is_https and not current().path_prefix else name


def _set_cookie(name: str, value: str, lasts: timedelta, path: str = '') -> None:
    """Set a cookie with this answer, even if it becomes an error page, which must not lose a session's new value. A
    cookie that lasts no time is removed."""
    morsel: Morsel[str] = Morsel()
    morsel.set(name, value, value)
    flags: dict[str, Any] = {'path': path or _cookie_path(), 'max-age': max(0, int(lasts.total_seconds())),
                             'httponly': True, 'samesite': 'lax', 'secure': current().is_https}
    morsel.update(flags)
    given = request.environ.setdefault('quickpub.cookies', {})
    given.pop(name, None)
    given[name] = morsel.OutputString()


def cookie_in(header: str, wanted: str = SESSION) -> str:
    """Return the value of a cookie, by default of the session's under its plain name. Python's own parser gives up
    where another application of this host gave a cookie a name such as `cart[1]`."""
    pairs = (part.strip().partition('=') for part in header.split(';'))
    return next((value.strip('"') for name, _, value in pairs if name == wanted), '')


def _cookie_path() -> str:
    return current().path_prefix or '/'  # '/blog' is sent to /blog and all below it, '/blog/' not to /blog itself


# Clients

def user_agent() -> str:
    """Return the User-Agent header."""
    return request.get_header('User-Agent', '')


def client_address(environ: dict[str, Any] | None = None) -> str:
    """Return where the request came from. X-Forwarded-For, which Bottle believes from anybody, counts only from the
    proxies that the settings name. Behind several of them, the client is the last address that is none of theirs."""
    environ = request.environ if environ is None else environ
    forwarded = environ.get('HTTP_X_FORWARDED_FOR')
    if not forwarded:
        return environ.get('REMOTE_ADDR', '')
    chain = [part.strip() for part in forwarded.split(',') if part.strip()] + [environ.get('REMOTE_ADDR', '')]
    while len(chain) > 1 and current().trusts(chain[-1]):
        chain.pop()
    return chain[-1]


def cause() -> Cause:
    """Return the cause of an email that this request asks for: the client's network and the logged-in member."""
    user = current_user()
    return Cause(networks.network(client_address()) or networks.UNKNOWN, user.id if user else None)
