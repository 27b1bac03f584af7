"""When report periods close, and how they are called."""

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


def describe_period(start: datetime, end: datetime, zone: str) -> str:
    """Return words for a period: '21 November 2026', '16 to 22 November 2026', with times if they are not midnight."""
    first, last = dates.at(start, zone), dates.at(end, zone)
    if last.time() == time(0):
        last -= timedelta(seconds=1)
        if first.date() == last.date():
            return dates.day(end - timedelta(seconds=1), zone)
        return f'{_describe_first_day(first, last)} to {dates.day(end - timedelta(seconds=1), zone)}'
    if first.date() == last.date():
        return f'{dates.day(end, zone)}, {first:%H:%M} to {last:%H:%M}'
    return f'{dates.clock(start, zone)} to {dates.clock(end, zone)}'


def _describe_first_day(first: datetime, last: datetime) -> str:
    """Return the first day, without the month and year that it shares with the last one."""
    if (first.year, first.month) == (last.year, last.month):
        return str(first.day)
    return f'{first.day} {first:%B}' if first.year == last.year else f'{first.day} {first:%B %Y}'
