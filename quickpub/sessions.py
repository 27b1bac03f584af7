"""Logging in: guesses counted and throttled, and the sessions of those who are in."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from . import clocks, text
from .accounts import by_email, check_password, check_unchanged, known_email, renew_hash
from .db import db
from .models import Attempt, Session, User
from .settings import current
from .text import Rejected

SESSION_LASTS = timedelta(days=60)  # after the last visit
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
    raise Rejected(**{'password': 'This address and password do not belong together. Check both, or ask for a new '
                                  'password.'})


def _check_throttle(names: Buckets, at: datetime) -> None:
    def count(bucket: str) -> int:
        recent = clocks.is_lately(Attempt.at, THROTTLE_WINDOW, at)
        return Attempt.select().where(Attempt.bucket == bucket, recent).count()
    if (count(names.pair) >= TRIES_PER_PAIR or count(names.account) >= TRIES_PER_ACCOUNT
            or count(names.client) >= TRIES_PER_CLIENT):
        raise Throttled('Too many tries. Please wait a quarter of an hour, or ask for a new password.')


def start(user: User, agent: str, at: datetime) -> str:
    """Log somebody in; the random token for the browser's cookie, of which only a hash is kept. Raises Rejected where
    the password was changed since `user` was read: what was checked counts no longer."""
    secret = secrets.token_urlsafe(32)
    with db.atomic():
        check_unchanged(user)
        Session.create(digest=digest(secret), user=user, agent=text.line(agent, 200), created_at=at, seen_at=at,
                       expires_at=at + SESSION_LASTS)
    return secret


def find(secret: str, at: datetime) -> Session | None:
    """The session, with its user, that belongs to a cookie."""
    return (Session.select(Session, User).join(User).where(
        Session.digest == digest(secret), Session.expires_at > at, User.deleted_at.is_null()).get_or_none())


def refresh(session: Session, at: datetime) -> bool:
    """Let a session that is used last longer; written down once a day. Whether it was now."""
    if clocks.is_lately(session.seen_at, SESSION_REFRESH, at):
        return False
    Session.update(seen_at=at, expires_at=at + SESSION_LASTS).where(Session.digest == session.digest).execute()
    return True


def digest(secret: str) -> str:
    return sha256(secret.encode('utf-8', 'replace')).hexdigest()


def clean_up(at: datetime) -> None:
    """Forget sessions that are over, and failures of long ago."""
    Session.delete().where(Session.expires_at <= at).execute()
    Attempt.delete().where((Attempt.at <= at - timedelta(days=1)) | clocks.is_ahead(Attempt.at, at)).execute()
