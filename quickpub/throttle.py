"""The throttle: how often something may be done, counted in the database, for every process together.

A budget allows so many uses in a moving window of time. Each use has a key, such as a client's network or a mailbox,
of which only a keyed hash is stored. Every budget of the site is declared here.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from peewee import CharField, IntegerField

from . import clocks
from .codes import Code, Problem
from .db import BaseModel, db
from .jobs.fields import DateTimeField
from .settings import current

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Budget:
    """`limit` uses in any `window` of time, for each key. `title` names it to the owners."""
    name: str
    limit: int
    window: timedelta
    title: Code | None = field(default=None, compare=False)

    def with_limit(self, limit: int) -> 'Budget':
        """Return the same budget with another limit, where the limit depends on the site. Uses are counted together."""
        return replace(self, limit=limit)


# Logging in: failed tries, by one client at one account, by all at one account, by one client at all of them.
LOGIN_PAIR = Budget('login-pair', 10, timedelta(minutes=15))
LOGIN_ACCOUNT = Budget('login-account', 50, timedelta(minutes=15))
LOGIN_ACCOUNT_DAY = Budget('login-account-day', 200, DAY)
LOGIN_CLIENT = Budget('login-client', 100, timedelta(minutes=15))

# The same on a device that the account knows, and of a member who is logged in: nobody else can use these up.
LOGIN_DEVICE = Budget('login-device', 10, timedelta(minutes=15))
LOGIN_DEVICE_DAY = Budget('login-device-day', 50, DAY)

# Wrong codes for the second step of a log-in to one account.
WRONG_CODES = Budget('wrong-codes', 10, timedelta(minutes=15))
WRONG_CODES_DAY = Budget('wrong-codes-day', 50, DAY)

# Emails that strangers ask for (mail/budgets.py). A class of 30 behind one school's address can sign up together.
SIGNUPS_HOUR = Budget('signups-hour', 40, HOUR, Code('budget.signups_hour'))
SIGNUPS_DAY = Budget('signups-day', 120, DAY, Code('budget.signups_day'))
RESETS_HOUR = Budget('resets-hour', 20, HOUR, Code('budget.resets_hour'))
RESETS_DAY = Budget('resets-day', 60, DAY, Code('budget.resets_day'))

# Emails to one mailbox. One network, or one member, can never use up all of it. New passwords have their own share.
MAILBOX = Budget('mailbox', 4, DAY, Code('budget.mailbox'))
MAILBOX_FROM_ONE = Budget('mailbox-from-one', 3, DAY, Code('budget.mailbox_from_one'))
RESET_MAILBOX = Budget('reset-mailbox', 4, DAY, Code('budget.reset_mailbox'))
RESET_MAILBOX_FROM_ONE = Budget('reset-mailbox-from-one', 3, DAY, Code('budget.reset_mailbox_from_one'))

# Emails of the whole site. The limit is for a site without members; mail/budgets.py adds a share for each.
SITE_SIGNUPS = Budget('site-signups', 100, DAY, Code('budget.site_signups'))
SITE_RESETS = Budget('site-resets', 50, DAY, Code('budget.site_resets'))
SITE_MEMBERS = Budget('site-members', 100, DAY, Code('budget.site_members'))

# Emails that a member asks for.
ADDRESS_CHANGES = Budget('address-changes', 5, DAY)
REPORTS_NOW = Budget('reports-now', 5, DAY)
EXPORTS = Budget('exports', 10, DAY)
INVITATIONS = Budget('invitations', 60, DAY)
SENT_AGAIN = Budget('sent-again', 60, DAY)
LINKS_MADE = Budget('links-made', 20, DAY)
TESTS = Budget('tests', 20, HOUR)
REVIEWS = Budget('reviews', 20, DAY)  # of those that editors get an email about

# Emails that a mail server takes: QUICKPUB_MAIL_RATE is the limit.
MAIL_RATE = Budget('mail-rate', 1, HOUR)

BUDGETS = [LOGIN_PAIR, LOGIN_ACCOUNT, LOGIN_ACCOUNT_DAY, LOGIN_CLIENT, LOGIN_DEVICE, LOGIN_DEVICE_DAY, WRONG_CODES,
           WRONG_CODES_DAY, SIGNUPS_HOUR,
           SIGNUPS_DAY, RESETS_HOUR, RESETS_DAY, MAILBOX, MAILBOX_FROM_ONE, RESET_MAILBOX, RESET_MAILBOX_FROM_ONE,
           SITE_SIGNUPS, SITE_RESETS, SITE_MEMBERS, ADDRESS_CHANGES, REPORTS_NOW, EXPORTS, INVITATIONS, SENT_AGAIN,
           LINKS_MADE, TESTS, REVIEWS, MAIL_RATE]


class ThrottleUse(BaseModel):
    """One use of a budget."""
    budget = CharField()
    key = CharField()  # a keyed hash
    at = DateTimeField()

    class Meta:
        table_name = 'throttle_use'


class ThrottleRefusal(BaseModel):
    """The uses that a budget has refused lately, for all keys together."""
    budget = CharField(primary_key=True)
    count = IntegerField()
    since = DateTimeField()
    last_at = DateTimeField()

    class Meta:
        table_name = 'throttle_refusal'


class Throttled(Problem):
    """A budget is used up. `budget` is which one, `free_at` when there is room again (UTC)."""

    def __init__(self, budget: Budget, free_at: datetime):
        is_mailbox = budget.name in (MAILBOX.name, MAILBOX_FROM_ONE.name)
        super().__init__(Code('limit.mailbox', at=free_at) if is_mailbox else Code('limit.reached', at=free_at))
        self.budget, self.free_at = budget, free_at


Use = tuple[Budget, str]  # a budget, and whose: the key in the clear


# Using budgets

def take(at: datetime, *uses: Use) -> list[int]:
    """Use each of these budgets once, or none of them, in the caller's transaction if there is one. Return the ids of
    the uses, for `give_back`. Raises Throttled where one has no room; the one that is used up longest is named."""
    with db.atomic():
        check(at, *uses)
        return [ThrottleUse.insert(budget=budget.name, key=_hash(budget, key), at=at).execute()
                for budget, key in uses]


def check(at: datetime, *uses: Use) -> None:
    """Raise Throttled where one of these budgets has no room now. Nothing is written."""
    full = [(until, budget) for budget, key in uses if (until := free_at(at, budget, key))]
    if full:
        until, budget = max(full, key=lambda each: each[0])
        raise Throttled(budget, until)


def is_used_up(at: datetime, *uses: Use) -> bool:
    """Return whether one of these budgets has no room now."""
    return any(free_at(at, budget, key) for budget, key in uses)


def free_at(at: datetime, budget: Budget, key: str) -> datetime | None:
    """Return when this budget has room again (UTC), or None where it has room now."""
    if budget.limit < 1:
        return at + budget.window
    oldest = _uses(at, budget, key).order_by(ThrottleUse.at.desc()).offset(budget.limit - 1).limit(1).first()
    return max(at, oldest.at + budget.window) if oldest else None


def count(at: datetime, budget: Budget, key: str) -> int:
    """Return how often this budget was used in its window up to now."""
    return _uses(at, budget, key).count()


def give_back(ids: Iterable[int]) -> None:
    """Undo uses that `take` has returned."""
    ThrottleUse.delete().where(ThrottleUse.id.in_(list(ids))).execute()


def forget(*uses: Use) -> None:
    """Undo all uses of these budgets by these keys."""
    for budget, key in uses:
        ThrottleUse.delete().where(ThrottleUse.budget == budget.name, ThrottleUse.key == _hash(budget, key)).execute()


def _uses(at: datetime, budget: Budget, key: str) -> Any:
    """The query of the uses that count. One in the future was written by a clock that was wrong, and does not."""
    return ThrottleUse.select().where(ThrottleUse.budget == budget.name, ThrottleUse.key == _hash(budget, key),
                                      clocks.is_lately(ThrottleUse.at, budget.window, at))


def _hash(budget: Budget, key: str) -> str:
    text = f'throttle\0{budget.name}\0{key}'.encode('utf-8', 'replace')
    return hmac.new(current().secret, text, sha256).hexdigest()[:32]


def clean_up(at: datetime) -> None:
    """Forget uses that count no more, those in the future, and refusals of long ago."""
    longest = max(budget.window for budget in BUDGETS)
    ThrottleUse.delete().where((ThrottleUse.at <= at - longest) | clocks.is_ahead(ThrottleUse.at, at)).execute()
    ThrottleRefusal.delete().where((ThrottleRefusal.last_at <= at - REFUSALS_KEPT)
                                   | clocks.is_ahead(ThrottleRefusal.last_at, at)).execute()


# Refusals, shown to the owner

REFUSALS_KEPT = timedelta(days=7)


def note_refusal(budget: Budget, at: datetime) -> None:
    """Count that this budget has refused something, in the caller's transaction. After a day without, counting begins
    anew."""
    known = ThrottleRefusal.get_or_none(ThrottleRefusal.budget == budget.name)
    if known is None or not clocks.is_lately(known.last_at, DAY, at):
        ThrottleRefusal.replace(budget=budget.name, count=1, since=at, last_at=at).execute()
    else:
        ThrottleRefusal.update(count=ThrottleRefusal.count + 1, last_at=at).where(
            ThrottleRefusal.budget == budget.name).execute()


def refusals(at: datetime) -> list[ThrottleRefusal]:
    """Return what was refused in the last week, the latest first."""
    lately = clocks.is_lately(ThrottleRefusal.last_at, REFUSALS_KEPT, at)
    return list(ThrottleRefusal.select().where(lately).order_by(ThrottleRefusal.last_at.desc()))
