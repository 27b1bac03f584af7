"""Check and change passwords, and end the sessions that a change must end."""

from ..codes import Rejected
from ..db import now
from ..models import LoginStep, Session, User
from . import known_devices, passwords
from .links import end_links
from .passwords import hash_password


def is_correct_password(user: User | None, password: str) -> bool:
    """Return whether this is the user's password. Takes as long if there is no such user."""
    return passwords.matches(user.password if user else None, password)


def rehash_password(user: User, password: str) -> User:
    """Replace a hash that matches but was made with older parameters, unless the password was changed meanwhile. Return
    the user as stored."""
    if not passwords.is_outdated(user.password or '', password):
        return user
    User.update(password=hash_password(password)).where(User.id == user.id, User.password == user.password).execute()
    return User.get_by_id(user.id)


def check_password_unchanged(user: User, field: str = 'password') -> None:
    """Raise Rejected if the password was changed since `user` was read, or the account is suspended or deleted.

    Checking a password takes too long for a transaction, so it is done before; call this inside the transaction.
    """
    if not User.select().where(User.id == user.id, User.password == user.password, User.active()).exists():
        raise Rejected('password.changed', field=field)


def set_password(user: User, password: str, keep: Session | None = None) -> None:
    """Set a (hashed) password, in the caller's transaction. End all sessions but `keep`, log-ins that wait for their
    second step, and the links by which somebody else could still get in."""
    User.update(password=password).where(User.id == user.id).execute()
    end_sessions(user, keep.digest if keep else '')
    LoginStep.delete().where(LoginStep.user == user).execute()
    end_links(user, now(), 'reset', 'address')


def end_sessions(user: User, keep: str = '') -> int:
    """Log a user out on all devices and forget these devices, in the caller's transaction. Return how many sessions
    ended. `keep`: the digest of a session that stays, with its device."""
    kept = Session.get_or_none(Session.user == user, Session.digest == keep)
    ended = Session.delete().where(Session.user == user, Session.digest != keep).execute()
    known_devices.forget(user, kept.device_id if kept else None)
    return ended
