"""Send no more emails in an hour than the mail server takes (QUICKPUB_MAIL_RATE)."""

from dataclasses import replace
from datetime import datetime, timedelta

from .. import dates, throttle
from ..db import literal
from ..models import Message
from ..settings import current
from ..translations.messages import ngettext

URGENT_SHARE = 5  # one part in so many is kept for urgent email
UNLIMITED = 10 ** 9
CAUGHT_UP_AFTER = timedelta(minutes=5)  # deferred email is queued again every minute


def remaining(at: datetime, urgent: bool) -> int:
    """Return how many emails, urgent or other, may go out now."""
    if not current().mail_rate:
        return UNLIMITED
    return max(0, hourly_limit(urgent) - throttle.count(at, throttle.MAIL_RATE, ''))


def hourly_limit(urgent: bool) -> int:
    """Return how many emails of all kinds may have gone out in an hour while an urgent, or any other, may still go."""
    rate = current().mail_rate
    return rate if urgent else max(1, rate - rate // URGENT_SHARE)


def is_rate_reached(at: datetime) -> bool:
    """Return whether email waits, or did a moment ago, because of the rate."""
    window = replace(throttle.MAIL_RATE, window=throttle.MAIL_RATE.window + CAUGHT_UP_AFTER)
    return bool(current().mail_rate) and throttle.count(at, window, '') >= hourly_limit(urgent=False)


def describe_wait(at: datetime, zone: str | None = None) -> str | None:
    """Return a sentence for the owner while email waits because of the rate, or else None."""
    waiting = Message.select().where(Message.state == literal('queued')).count()
    free_at = throttle.free_at(at, throttle.MAIL_RATE.with_limit(hourly_limit(urgent=False)), '')
    if not (current().mail_rate and waiting and free_at):
        return None
    return ngettext('%(count)s email is waiting, because the site may send at most %(most)s in an hour '
                    '(QUICKPUB_MAIL_RATE). The next one can be sent on %(at)s.',
                    '%(count)s emails are waiting, because the site may send at most %(most)s in an hour '
                    '(QUICKPUB_MAIL_RATE). The next one can be sent on %(at)s.',
                    waiting, most=current().mail_rate, at=dates.clock(free_at, zone))
