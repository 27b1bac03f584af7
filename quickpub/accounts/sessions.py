"""Log in, with a limit to guesses, and keep the sessions of members."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from peewee import JOIN

from .. import clocks, networks, text, throttle
from ..codes import Code, Problem, Rejected
from ..db import db
from ..models import Device, Session, User
from ..signing import digest
from . import audit, known_devices
from .credentials import check_password_unchanged, is_correct_password, rehash_password
from .users import find_by_email
from .validation import SUSPENDED, normalize_email

COOKIE = 'quickpub'  # the cookie's name if no prefix is possible (wsgi/authentication.py)
SESSION_LASTS = timedelta(days=60)  # after the last visit
LONGEST_SESSION = timedelta(days=180)  # after the log-in, whatever the use
SESSION_REFRESH = timedelta(days=1)
TRIES_PER_PAIR, TRIES_PER_ACCOUNT, TRIES_PER_CLIENT = (
    budget.limit for budget in (throttle.LOGIN_PAIR, throttle.LOGIN_ACCOUNT, throttle.LOGIN_CLIENT))


class Throttled(Problem):
    """Too many failed log-ins. The code says how long to wait."""


# Logging in

def log_in(email: str, password: str, client: str, at: datetime, device: str = '') -> User:
    """Return the user with this email address and password. `client` is the address that the request comes from,
    `device` the browser's cookie for known_devices. Raises Rejected, or Throttled after too many failures.

    Failures are counted for each client and each account, and whoever guesses can use these budgets up. A device that
    the account knows has a budget of its own: its owner gets in, whatever others do.
    """
    email = normalize_email(email)
    user = find_by_email(email)
    known = known_devices.find(user, device, at) if user else None
    if known:
        return _check_password(user, password, client, at, known.digest, throttle.LOGIN_DEVICE,
                               throttle.LOGIN_DEVICE_DAY)
    account, network = str(user.id) if user else email.casefold(), networks.client(client)
    return _check_password(user, password, client, at, f'{account} {network}', throttle.LOGIN_PAIR, others=[
        (throttle.LOGIN_ACCOUNT, account), (throttle.LOGIN_ACCOUNT_DAY, account), (throttle.LOGIN_CLIENT, network)])


def confirm_password(user: User, password: str, client: str, at: datetime) -> User:
    """Return the user as stored, if this is the password of this logged-in member. Raises Rejected, or Throttled after
    too many failures, which only somebody who is logged in to this account can cause."""
    user = User.get_by_id(user.id)
    return _check_password(user, password, client, at, f'member {user.id}', throttle.LOGIN_DEVICE,
                           throttle.LOGIN_DEVICE_DAY)


def _check_password(user: User | None, password: str, client: str, at: datetime, key: str, *own: throttle.Budget,
                    others: Sequence[throttle.Use] = ()) -> User:
    """Check a password while all these budgets have room. The right one undoes this try, and those before it in the
    first of the `own` budgets, which are of `key`."""
    with db.atomic():  # counted before the password is looked at, or many at once would outrun the limit
        try:
            taken = throttle.take(at, *((budget, key) for budget in own), *others)
        except throttle.Throttled as full:
            raise Throttled(_explain_wait(full.budget)) from None
    if not is_correct_password(user, password):
        audit.count('login_failed' if user else 'login_unknown', at, user, client)
        raise Rejected('password.wrong_or_email')
    assert user is not None
    throttle.give_back(taken)
    throttle.forget((own[0], key))
    if not user.is_active:
        audit.count('login_suspended', at, user, client)
        raise Rejected(SUSPENDED, field='')
    return rehash_password(user, password)


def _explain_wait(budget: throttle.Budget) -> Code:
    return Code('login.wait_minutes') if budget.window < throttle.HOUR else Code('login.wait_until_tomorrow')


# Sessions

def start(user: User, agent: str, at: datetime, device: Device | None = None, cookie: str = COOKIE) -> str:
    """Start a session in place of the one this device had for this user, and return the random token for the browser's
    cookie, of which only a hash is kept. `cookie` is that cookie's name. Raises Rejected if the password was changed
    since `user` was read: what was checked counts no longer."""
    token = secrets.token_urlsafe(32)
    with db.atomic():
        check_password_unchanged(user)
        if device:
            Session.delete().where(Session.user == user, Session.device == device).execute()
        Session.create(digest=digest(token), user=user, agent=text.line(agent, 200), created_at=at, seen_at=at,
                       expires_at=at + SESSION_LASTS, device=device, cookie=cookie)
        User.update(logged_in_at=at).where(User.id == user.id).execute()
    return token


def find(token: str, at: datetime) -> Session | None:
    """Return the session, with its user, that a cookie's token belongs to, or None."""
    return (Session.select(Session, User).join(User).where(
        Session.digest == digest(token), Session.expires_at > at, Session.created_at > at - LONGEST_SESSION,
        User.active()).get_or_none())


def refresh(session: Session, at: datetime) -> bool:
    """Extend a session that is used, within LONGEST_SESSION, once a day. Return whether it was extended."""
    if clocks.is_lately(session.seen_at, SESSION_REFRESH, at):
        return False
    began = at if clocks.is_ahead(session.created_at, at) else session.created_at
    session.seen_at, session.expires_at = at, min(at + SESSION_LASTS, began + LONGEST_SESSION)
    Session.update(seen_at=at, expires_at=session.expires_at).where(Session.digest == session.digest).execute()
    return True


def rotate(session: Session, cookie: str = COOKIE) -> str | None:
    """Give a session another random token, for a cookie of this name. Return the token, or None if another request has
    just done so. The old token is worth nothing from then on. `session` is updated too."""
    token = secrets.token_urlsafe(32)
    changed = Session.update(digest=digest(token), cookie=cookie, is_stale=False).where(
        Session.digest == session.digest).execute()
    if not changed:
        return None
    session.digest, session.cookie, session.is_stale = digest(token), cookie, False
    return token


def link_device(session: Session, cookie: str, at: datetime) -> str:
    """Link a session that began without a device to one. Return the new value of the device's cookie."""
    with db.atomic():
        device, cookie, _ = known_devices.remember(session.user, cookie, at)
        Session.update(device=device).where(Session.digest == session.digest).execute()
    return cookie


def end(session: Session) -> None:
    """Log out one session; the device stays known."""
    Session.delete().where(Session.digest == session.digest).execute()


def end_by_digest(user: User, digest: str) -> bool:
    """Log out the session of this user that has this digest, and forget its device. Return whether there was one."""
    session = Session.get_or_none(Session.user == user, Session.digest == digest)
    if session is None:
        return False
    with db.atomic():
        end(session)
        Device.delete().where(Device.digest == session.device_id).execute()
    return True


def list_sessions(user: User) -> list[Session]:
    """Return the sessions of this user, each with its device, the last used first."""
    return list(Session.select(Session, Device).join(Device, JOIN.LEFT_OUTER).where(
        Session.user == user).order_by(Session.seen_at.desc()))


def clean_up(at: datetime) -> None:
    """Delete sessions that are over, and devices that have not been used for long."""
    Session.delete().where((Session.expires_at <= at) | (Session.created_at <= at - LONGEST_SESSION)).execute()
    known_devices.clean_up(at)
