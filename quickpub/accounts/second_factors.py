"""Second factors: passkeys, an authenticator app and recovery codes. All are optional."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import dates, throttle
from ..codes import Code, Rejected
from ..db import rows
from ..mail import ledger
from ..models import Authenticator, LoginStep, Passkey, RecoveryCode, Session, User
from ..settings import current
from . import passkeys, recovery_codes, totp

LONGEST_CODE = 100  # characters that are looked at

SUBJECTS = {
    'passkey_added': Code('subject.passkey_added'), 'passkey_removed': Code('subject.passkey_removed'),
    'app_added': Code('subject.app_added'), 'app_removed': Code('subject.app_removed'),
    'passkey_asked': Code('subject.passkey_asked'), 'passkey_not_asked': Code('subject.passkey_not_asked'),
    'codes_renewed': Code('subject.codes_renewed'), 'code_used': Code('subject.code_used'),
    'reset': Code('subject.factors_reset')}


@dataclass(frozen=True)
class Factors:
    """The second factors that a member has set up."""
    passkeys: int
    has_app: bool
    asks_passkey: bool  # after the password, for a passkey
    codes: int  # recovery codes that are left

    @property
    def are_asked(self) -> bool:
        """Return whether a log-in by password has a second step."""
        return self.has_app or self.asks_passkey

    def __bool__(self) -> bool:
        return bool(self.passkeys or self.has_app)


def find_factors(user: User) -> Factors:
    """Return what this member has set up."""
    count = Passkey.select().where(Passkey.user == user).count()
    app = Authenticator.select().where(Authenticator.user == user, Authenticator.confirmed_at.is_null(False))
    asks = bool(count) and User.select().where(User.id == user.id, User.asks_passkey).exists()
    return Factors(count, app.exists(), asks, recovery_codes.count_left(user))


def members_with_factors(user_ids: list[int]) -> set[int]:
    """Return the members among these that have a second factor."""
    queries = (Passkey.select(Passkey.user).where(Passkey.user.in_(user_ids)),
               Authenticator.select(Authenticator.user).where(Authenticator.user.in_(user_ids)))
    return {user_id for query in queries for (user_id,) in rows(query)}


# Codes

@dataclass(frozen=True)
class Outcome:
    """The result of checking a code: what is wrong with it, and the emails to send."""
    problem: Code | None = None
    mails: list[int] = field(default_factory=list)
    is_throttled: bool = False


def normalize_code(typed: str) -> str:
    """Return a code without what people type around it, its digits as 0 to 9, whatever script they were in."""
    kept = [each for each in unicodedata.normalize('NFKC', typed[:LONGEST_CODE]) if each.isalnum()]
    return ''.join(str(unicodedata.decimal(each, each)) for each in kept)


def check_code(user: User, typed: str, at: datetime) -> Outcome:
    """Use up a code of the authenticator app, or a recovery code, in the caller's transaction, which must last whatever
    the outcome is: wrong ones are counted. Recovery codes are too long to be guessed, so they are never refused."""
    code = normalize_code(typed)
    if not code:
        return Outcome(Code('code.missing'))
    if recovery_codes.use(user, code):
        return Outcome(mails=notify(user, 'code_used', at, left=recovery_codes.count_left(user)))
    try:
        taken = throttle.take(at, *_budgets(user))
    except throttle.Throttled:
        return Outcome(Code('code.too_many_tries'), is_throttled=True)
    problem = totp.check(user, code, at)
    if not problem:
        throttle.give_back(taken)
        throttle.forget((throttle.WRONG_CODES, str(user.id)))
    return Outcome(problem)


def _budgets(user: User) -> list[throttle.Use]:
    return [(throttle.WRONG_CODES, str(user.id)), (throttle.WRONG_CODES_DAY, str(user.id))]


# Changes, each in the caller's transaction. They return the ids of the emails to send.

def add_passkey(user: User, session: str, cookie: str, reply: Any, name: str, at: datetime) -> list[int]:
    """Add a passkey, as `passkeys.add` does. Raises Rejected."""
    made = passkeys.add(user, session, cookie, reply, name, at)
    return notify(user, 'passkey_added', at, name=made.name)


def remove_passkey(user: User, passkey_id: int, at: datetime) -> list[int]:
    """Remove a passkey of this member, if it is there."""
    name = passkeys.remove(user, passkey_id)
    if name is None:
        return []
    _clear_unneeded(user)
    return notify(user, 'passkey_removed', at, name=name)


def require_passkey(user: User, wanted: bool, at: datetime) -> list[int]:
    """Ask for a passkey after the password, or no longer. Raises Rejected where there is none."""
    if wanted and not find_factors(user).passkeys:
        raise Rejected('passkey.add_one_first')
    if not User.update(asks_passkey=wanted).where(User.id == user.id, User.asks_passkey != wanted).execute():
        return []
    _clear_unneeded(user)
    return notify(user, 'passkey_asked' if wanted else 'passkey_not_asked', at)


def confirm_app(user: User, typed: str, at: datetime) -> list[int]:
    """Let the authenticator app count. Raises Rejected."""
    totp.confirm(user, normalize_code(typed), at)
    return notify(user, 'app_added', at)


def remove_app(user: User, at: datetime) -> list[int]:
    """Remove the authenticator app, if there is one."""
    if not totp.remove(user):
        return []
    _clear_unneeded(user)
    return notify(user, 'app_removed', at)


def renew_codes(user: User, at: datetime) -> tuple[list[str], list[int]]:
    """Return new recovery codes, and the emails to send. Raises Rejected where no log-in asks for one."""
    if not find_factors(user).are_asked:
        raise Rejected('codes.not_needed')
    return recovery_codes.renew(user), notify(user, 'codes_renewed', at)


def create_first_codes(user: User) -> list[str]:
    """Return the recovery codes that belong to a second factor just set up. The email about that says enough."""
    return recovery_codes.renew(user)


def reset_factors(user: User, at: datetime, owner: User | None = None) -> list[int]:
    """Remove all second factors of a member who has lost them, and log the member out everywhere. `owner`: who does
    it; None for the command line."""
    if not find_factors(user):
        return []
    remove_all(user)
    Session.delete().where(Session.user == user).execute()
    return notify(user, 'reset', at, owner=owner.name if owner else '')


def remove_all(user: User) -> None:
    """Forget all second factors of this account, and log-ins that wait for one, in the caller's transaction."""
    for model in (Passkey, Authenticator, RecoveryCode, LoginStep):
        model.delete().where(model.user == user).execute()
    throttle.forget(*_budgets(user))
    User.update(asks_passkey=False).where(User.id == user.id, User.asks_passkey).execute()


def _clear_unneeded(user: User) -> None:
    """Delete recovery codes and waiting log-ins if no log-in has a second step any more."""
    if not Passkey.select().where(Passkey.user == user).exists():
        User.update(asks_passkey=False).where(User.id == user.id, User.asks_passkey).execute()
    if not find_factors(user).are_asked:
        recovery_codes.remove(user)
        LoginStep.delete().where(LoginStep.user == user).execute()


def notify(user: User, what: str, at: datetime, **details: Any) -> list[int]:
    """Compose the email about a change, in the caller's transaction. Return its id in a list. `what` is a key of
    SUBJECTS."""
    payload = details | {'what': what, 'at': at, 'zone': dates.zone_name(user.timezone),
                         'settings_url': f'{current().url}/settings/security', 'forgot_url': f'{current().url}/forgot'}
    found = ledger.compose('second_factor', user.email or '', key=f'second_factor:{user.id}:{what}:{at}', user=user,
                           urgent=True, subject=SUBJECTS[what], payload=payload)
    return [found] if found else []
