"""Find out when report periods close."""

from datetime import datetime, time, timedelta
from functools import lru_cache

from .. import dates
from ..models import User

SUNDAY = 6


@lru_cache(100)  # of a thousand reports nearly all close alike
def last_closing(at: datetime, frequency: str, zone: str, closes: time, weekday: int = SUNDAY) -> datetime:
    """Return the end of the last period that had closed at `at` (both UTC without a zone).

    Periods close at `closes` by the clock in `zone`: every day; after a `weekday`; after a month's last day. A time
    that the clock skips in spring is taken as if it did not; of a time it shows twice in autumn, the first counts.
    """
    if frequency == 'minute':
        return at.replace(second=0, microsecond=0)
    day = dates.at(at, zone).date() + timedelta(days=1)
    while True:
        day = {'daily': day, 'weekly': day - timedelta(days=(day.weekday() - weekday - 1) % 7),
               'monthly': day.replace(day=1)}[frequency]
        end = dates.to_utc(day, closes, zone)
        if end <= at:
            return end
        day -= timedelta(days=1)


def last_closing_for(user: User, at: datetime) -> datetime:
    """Return the end of the last period that had closed at `at`, as this user has chosen periods."""
    return last_closing(at, user.report, user.timezone, time.fromisoformat(user.report_time), user.report_day)
