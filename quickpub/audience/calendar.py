"""The days of the site, in its time zone."""

from datetime import date, datetime, timedelta

from .. import dates
from ..settings import current


def site_day(at: datetime) -> date:
    """Return the day at `at` (UTC without a zone) in the site's time zone.

    Each view asks twice, so the answer is kept for the minute.
    """
    global _minute
    begins, ends, zone, day = _minute
    if not (begins <= at < ends and zone == current().timezone):
        begins, zone = at.replace(second=0, microsecond=0), current().timezone
        day = dates.at(begins, zone).date()
        _minute = begins, begins + timedelta(minutes=1), zone, day
    return day


_minute = datetime.max, datetime.max, '', date.max  # from, until, time zone, day
