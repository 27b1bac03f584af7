"""Let browsers prove who uses them: the second step of a log-in, passkeys, and confirmations."""

from datetime import timedelta
from typing import Any

from bottle import request, response

from .. import clocks
from ..accounts import audit, login_steps, passkeys, second_factors, sessions
from ..accounts.credentials import check_password_unchanged
from ..accounts.validation import SUSPENDED
from ..codes import Problem, Rejected
from ..db import db, now
from ..models import LoginStep, Session, Token, User
from ..settings import current
from ..tasks import deliver_soon
from .authentication import client_address, cookie_in, current_session, log_in, note_action
from .forms import Form

STEP_COOKIE, PASSKEY_COOKIE = 'quickpub-step', 'quickpub-passkey'
CONFIRMED_FOR = timedelta(minutes=10)
STEP_PATH = '/login/confirm'


class StepEnded(Problem):
    """The second step of a log-in took too long or failed too often."""


class NotConfirmed(Problem):
    """The member has to confirm first who they are."""


# Logging in

def log_in_or_begin_step(user: User, onward: str, by_link: bool = False) -> str:
    """Log in a member whose password was right, or who comes `by_link` from an email, or begin the second step if there
    is one. Return the path to go to. Raises Rejected if the password was changed meanwhile."""
    if not second_factors.find_factors(user).are_asked:
        log_in(user, by_link)
        return onward
    begin_step(user, onward)
    return STEP_PATH


def begin_step(user: User, onward: str, link: Token | None = None, password: str | None = None) -> LoginStep | None:
    """Begin the second step of a log-in, as `login_steps.begin` does. Raises Rejected."""
    with db.atomic():
        check_password_unchanged(user)
        secret = login_steps.begin(user, onward, now(), link, password)
    _set_cookie(STEP_COOKIE, secret, login_steps.LASTS)
    return login_steps.find(secret, now())


def pending_step() -> LoginStep | None:
    """Return the log-in of this browser that waits for its second step."""
    secret = _read_cookie(STEP_COOKIE)
    return login_steps.find(secret, now()) if secret else None


def finish_by_code(step: LoginStep, typed: str) -> User:
    """Log in the member who has typed this code. Raises Rejected, sessions.Throttled, StepEnded or InvalidLink."""
    with db.atomic():
        outcome = login_steps.try_code(step, typed, now())
        _report_code(step.user, outcome)
    if outcome.problem:
        if not login_steps.is_there(step):
            raise StepEnded('step.too_many_tries')
        if outcome.is_throttled:
            raise sessions.Throttled(outcome.problem)
        raise Rejected(outcome.problem, field='code')
    with db.atomic():
        return _finish_step(step)


def _finish_step(step: LoginStep) -> User:
    user = login_steps.finish(step, now())
    if user is None:
        raise StepEnded('step.too_late')
    log_in(user, by_link=bool(step.token_id))
    _delete_cookie(STEP_COOKIE)
    return user


# Passkeys

def passkey_login_options(step: LoginStep | None) -> dict[str, Any]:
    """Return what the browser needs to log in with a passkey, as the only or the second step."""
    return _request_options('step', step.digest, step.user) if step else _request_options('log-in', '')


def finish_by_passkey(step: LoginStep | None, reply: Any) -> User:
    """Log in the member whose passkey has answered. Raises Rejected, StepEnded or InvalidLink."""
    with db.atomic():
        if step:
            passkeys.check('step', step.digest, _take_challenge(), reply, now(), step.user)
            return _finish_step(step)
        user = passkeys.check('log-in', '', _take_challenge(), reply, now())
        if user.is_active:
            log_in(user)
            return user
    audit.count('login_suspended', now(), user, client_address())
    raise Rejected(SUSPENDED, field='passkey')


def passkey_creation_options(user: User) -> dict[str, Any]:
    """Return what the browser needs to create a passkey. Raises Rejected, or NotConfirmed."""
    _require_confirmed()
    options, cookie = passkeys.creation_options(user, _this_session().digest, now())
    _set_cookie(PASSKEY_COOKIE, cookie, passkeys.CHALLENGE_LASTS)
    return options


def add_passkey(user: User, reply: Any, name: str) -> None:
    """Add the passkey that the browser has made. Raises Rejected, or NotConfirmed."""
    _require_confirmed()
    with db.atomic():
        deliver_soon(second_factors.add_passkey(
            user, _this_session().digest, _take_challenge(), reply, name, now()))
        note_action('passkey_added', user)


def passkey_confirmation_options(user: User) -> dict[str, Any]:
    """Return what the browser needs to confirm with a passkey of this member."""
    return _request_options('confirm', _this_session().digest, user)


def confirm_by_passkey(user: User, reply: Any) -> None:
    """Take this member's passkey as a confirmation. Raises Rejected."""
    with db.atomic():
        passkeys.check('confirm', _this_session().digest, _take_challenge(), reply, now(), user)
        _mark_confirmed()


def _request_options(purpose: str, bound: str, user: User | None = None) -> dict[str, Any]:
    options, cookie = passkeys.request_options(purpose, bound, now(), user)
    _set_cookie(PASSKEY_COOKIE, cookie, passkeys.CHALLENGE_LASTS)
    return options


def _take_challenge() -> str:
    _delete_cookie(PASSKEY_COOKIE)
    return _read_cookie(PASSKEY_COOKIE)


# Confirmations

def is_confirmed() -> bool:
    """Return whether the member has confirmed lately in this session who they are."""
    session = current_session()
    return bool(session and session.confirmed_at and clocks.is_lately(session.confirmed_at, CONFIRMED_FOR, now()))


def _require_confirmed() -> None:
    if not is_confirmed():
        raise NotConfirmed('identity.not_confirmed')


def confirm_identity(user: User, form: Form, field: str = 'current', code_field: str = 'code') -> User:
    """Return the user as they are now, if the form has their password, and a code where their log-in asks for one; or
    if they have confirmed lately: then no code is needed, and a password only if one was typed. Wrong ones are counted
    like failed log-ins. Raises Rejected."""
    has_confirmed = is_confirmed()
    if has_confirmed and not form[field]:
        return User.get_by_id(user.id)
    confirmed = _check_password(user, form[field], field)
    if not has_confirmed and second_factors.find_factors(confirmed).are_asked:
        _check_code(confirmed, form[code_field], code_field)
    _mark_confirmed()
    return confirmed


def _check_password(user: User, typed: str, field: str) -> User:
    try:
        return sessions.confirm_password(user, typed, client_address(), now())
    except Rejected:
        raise Rejected('password.wrong', field=field) from None
    except sessions.Throttled as error:
        raise Rejected(error.code, field=field) from None


def _check_code(user: User, typed: str, field: str) -> None:
    with db.atomic():
        outcome = second_factors.check_code(user, typed, now())
        _report_code(user, outcome)
    if outcome.problem:
        raise Rejected(outcome.problem, field=field)


def _report_code(user: User, outcome: second_factors.Outcome) -> None:
    """Send the emails about a code, and write its use or failure into the audit log."""
    deliver_soon(outcome.mails)
    if outcome.mails:
        note_action('recovery_code_used', user)
    if outcome.problem:
        audit.count('factor_failed', now(), user, client_address())


def _mark_confirmed() -> None:
    session = _this_session()
    session.confirmed_at = now()
    Session.update(confirmed_at=session.confirmed_at).where(Session.digest == session.digest).execute()


def _this_session() -> Session:
    session = current_session()
    assert session is not None  # called by pages that require a log-in
    return session


# Cookies

def _read_cookie(name: str) -> str:
    return cookie_in(request.get_header('Cookie', ''), name)


def _set_cookie(name: str, value: str, lasts: timedelta) -> None:
    response.set_cookie(name, value, path=current().path_prefix or '/', max_age=int(lasts.total_seconds()),
                        httponly=True, samesite='lax', secure=current().is_https)


def _delete_cookie(name: str) -> None:
    if _read_cookie(name):
        response.delete_cookie(name, path=current().path_prefix or '/')
