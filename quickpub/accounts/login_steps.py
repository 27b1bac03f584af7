"""Log-ins between the password and the second factor. Such a log-in is no session: it opens no page but one."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from .. import clocks
from ..models import LoginStep, Token, User
from . import password_reset, second_factors
from .second_factors import Outcome

LASTS = timedelta(minutes=10)
TRIES = 5  # wrong codes; then the password is asked for again


def begin(user: User, onward: str, at: datetime, link: Token | None = None, password: str | None = None) -> str:
    """Begin the second step for a member whose password was right. Return the random token for the browser's cookie, of
    which only a hash is kept. `onward`: the path to go on to. `link` and `password`: a link to a new password, and that
    password (hashed), which is set only when the second factor was shown too."""
    secret = secrets.token_urlsafe(32)
    LoginStep.create(digest=_digest(secret), user=user, onward=onward, token=link, password=password, created_at=at)
    return secret


def find(secret: str, at: datetime) -> LoginStep | None:
    """Return the log-in, with its user, that belongs to a cookie."""
    return (LoginStep.select(LoginStep, User).join(User).where(
        LoginStep.digest == _digest(secret), clocks.is_lately(LoginStep.created_at, LASTS, at),
        User.active()).get_or_none())


def try_code(step: LoginStep, typed: str, at: datetime) -> Outcome:
    """Check the code for this log-in, in the caller's transaction, which must last whatever the outcome is. After TRIES
    wrong ones the log-in ends."""
    outcome = second_factors.check_code(step.user, typed, at)
    if outcome.problem and not outcome.is_throttled:
        LoginStep.update(failures=LoginStep.failures + 1).where(LoginStep.digest == step.digest).execute()
        LoginStep.delete().where(LoginStep.digest == step.digest, LoginStep.failures >= TRIES).execute()
    return outcome


def is_there(step: LoginStep) -> bool:
    """Return whether this log-in has not ended yet."""
    return LoginStep.select().where(LoginStep.digest == step.digest).exists()


def finish(step: LoginStep, at: datetime) -> User | None:
    """End this log-in after its second factor, in the caller's transaction. Return the member to log in, or None if it
    has ended already. Set the new password that waits with it. Raises InvalidLink."""
    if not LoginStep.delete().where(LoginStep.digest == step.digest).execute():
        return None
    if step.token_id and step.password:
        return password_reset.reset_password(Token.get_by_id(step.token_id), step.password, at)
    return User.get_by_id(step.user.id)


def _digest(secret: str) -> str:
    return sha256(secret.encode('utf-8', 'replace')).hexdigest()


def clean_up(at: datetime) -> None:
    """Delete log-ins that were not finished in time."""
    LoginStep.delete().where((LoginStep.created_at <= at - LASTS) | clocks.is_ahead(LoginStep.created_at, at)).execute()
