"""Logging in: guesses counted and throttled, and the sessions of those who are in."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from peewee import JOIN

from . import clocks, known_devices, text
from .accounts import by_email, check_password, check_unchanged, known_email, renew_hash
from .db import db
from .models import Attempt, Device, Session, User
from .settings import current
from .signing import digest
from .text import Rejected

COOKIE = 'quickpub'  # the name of the cookie where nothing better is possible (visitor.py)
SESSION_LASTS = timedelta(days=60)  # after the last visit
LONGEST = timedelta(days=180)  # after the log-in, whatever the use
SESSION_REFRESH = timedelta(days=1)
THROTTLE_WINDOW = timedelta(minutes=15)
TRIES_PER_PAIR, TRIES_PER_ACCOUNT, TRIES_PER_CLIENT = 10, 50, 100  # failed log-ins in that time


class Throttled(Exception):
    """Too many failed log-ins. The message says when to try again."""


@dataclass(frozen=True)
class Buckets:
    """The names under which failed log-ins are counted: keyed hashes, so that no address is kept in the clear."""
    pair: str
    account: str
    client: str


def buckets(email: str, client: str) -> Buckets:
    def name(*parts: str) -> str:
        return hmac.new(current().secret, '\0'.join(parts).encode('utf-8', 'replace'), sha256).hexdigest()[:32]
    return Buckets(name('pair', email.lower(), client), name('account', email.lower()), name('client', client))


def log_in(email: str, password: str, client: str, at: datetime) -> User:
    """The user with this address and password. Raises Rejected, or Throttled after too many failures."""
    email = known_email(email)
    names = buckets(email, client)
    with db.atomic():  # counted before the password is looked at, or many at once would outrun the limit
        _check_throttle(names, at)
        tried = [Attempt.create(bucket=bucket, at=at).id for bucket in (names.pair, names.account, names.client)]
    user = by_email(email)
    if check_password(user, password):
        Attempt.delete().where(Attempt.bucket.in_([names.pair, names.account]) | Attempt.id.in_(tried)).execute()
        assert user is not None
        return renew_hash(user, password)
    raise Rejected(password='This address and password do not belong together. Check both, or ask for a new password.')


def _check_throttle(names: Buckets, at: datetime) -> None:
    def count(bucket: str) -> int:
        recent = clocks.is_lately(Attempt.at, THROTTLE_WINDOW, at)
        return Attempt.select().where(Attempt.bucket == bucket, recent).count()
    if (count(names.pair) >= TRIES_PER_PAIR or count(names.account) >= TRIES_PER_ACCOUNT
            or count(names.client) >= TRIES_PER_CLIENT):
        raise Throttled('Too many tries. Please wait a quarter of an hour, or ask for a new password.')


def start(user: User, agent: str, at: datetime, device: Device | None = None, cookie: str = COOKIE) -> str:
    """Log somebody in, in place of what this device had for them; the random token for the browser's cookie, of which
    only a hash is kept. `cookie` is that cookie's name. Raises Rejected where the password was changed since `user` was
    read: what was checked counts no longer."""
    token = secrets.token_urlsafe(32)
    with db.atomic():
        check_unchanged(user)
        if device:
            Session.delete().where(Session.user == user, Session.device == device).execute()
        Session.create(digest=digest(token), user=user, agent=text.line(agent, 200), created_at=at, seen_at=at,
                       expires_at=at + SESSION_LASTS, device=device, cookie=cookie)
        User.update(logged_in_at=at).where(User.id == user.id).execute()
    return token


def find(token: str, at: datetime) -> Session | None:
    """The session, with its user, that belongs to a cookie."""
    return (Session.select(Session, User).join(User).where(
        Session.digest == digest(token), Session.expires_at > at, Session.created_at > at - LONGEST,
        User.deleted_at.is_null()).get_or_none())


def refresh(session: Session, at: datetime) -> bool:
    """Let a session that is used last longer, though never beyond its longest; written down once a day. Whether it was
    now."""
    if clocks.is_lately(session.seen_at, SESSION_REFRESH, at):
        return False
    began = at if clocks.is_ahead(session.created_at, at) else session.created_at
    session.seen_at, session.expires_at = at, min(at + SESSION_LASTS, began + LONGEST)
    Session.update(seen_at=at, expires_at=session.expires_at).where(Session.digest == session.digest).execute()
    return True


def rotate(session: Session, cookie: str = COOKIE) -> str | None:
    """Give a session another random token, in a cookie of this name: the token, or None where somebody else has just
    done so. Whoever knows the one from before is logged out. `session` follows."""
    token = secrets.token_urlsafe(32)
    changed = Session.update(digest=digest(token), cookie=cookie, is_stale=False).where(
        Session.digest == session.digest).execute()
    if not changed:
        return None
    session.digest, session.cookie, session.is_stale = digest(token), cookie, False
    return token


def adopt(session: Session, cookie: str, at: datetime) -> str:
    """Make the device of a session known, which it was begun without; the new value of the device's cookie."""
    with db.atomic():
        device, cookie, _ = known_devices.remember(session.user, cookie, at)
        Session.update(device=device).where(Session.digest == session.digest).execute()
    return cookie


def end(session: Session) -> None:
    """Log out one session; the device stays known."""
    Session.delete().where(Session.digest == session.digest).execute()


def end_there(user: User, digest: str) -> str | None:
    """Log out the session of this user that has this digest, and forget its device; what the browser said about itself,
    or None if there is no such session."""
    session = Session.get_or_none(Session.user == user, Session.digest == digest)
    if session is None:
        return None
    with db.atomic():
        end(session)
        Device.delete().where(Device.digest == session.device_id).execute()
    return session.agent


def of_user(user: User) -> list[Session]:
    """Return where this user is logged in, each with its device, the latest use first."""
    return list(Session.select(Session, Device).join(Device, JOIN.LEFT_OUTER).where(
        Session.user == user).order_by(Session.seen_at.desc()))


def clean_up(at: datetime) -> None:
    """Forget sessions that are over, and failures of long ago."""
    Session.delete().where((Session.expires_at <= at) | (Session.created_at <= at - LONGEST)).execute()
    Attempt.delete().where((Attempt.at <= at - timedelta(days=1)) | clocks.is_ahead(Attempt.at, at)).execute()
