"""Days and times in words, in the language in use. Readers see them in the site's time zone, members in their own.

Times are stored in UTC without a zone. Every function here takes the name of a time zone: `User.timezone` for what one
member sees; without it, the site's, for what readers see.
"""

import errno
from datetime import UTC, datetime, time, timedelta
from datetime import date as Date
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton, format_time

from .settings import current
from .translations import languages


def day(when: datetime, zone: str | None = None) -> str:
    """Return the day of a moment: '1 January 2026'."""
    return date(at(when, zone))


def date(when: Date) -> str:
    """Return a day of the calendar in the same words."""
    return format_date(when, 'long', languages.current().locale)


def short_date(when: Date) -> str:
    """Return a day without its year, as short as it goes: '1 Jan'."""
    return format_skeleton('MMMd', datetime.combine(when, time()), locale=languages.current().locale)


def medium_date(when: Date) -> str:
    """Return a day with its year, as short as it goes: '1 Jan 2026'."""
    return format_date(when, 'medium', languages.current().locale)


def short_month(when: Date) -> str:
    """Return the month of a day, as short as it goes: 'Jan 2026'."""
    return format_skeleton('yMMM', datetime.combine(when, time()), locale=languages.current().locale)


def month(when: Date) -> str:
    """Return the month of a day: 'January 2026'."""
    return format_skeleton('yMMMM', datetime.combine(when, time()), locale=languages.current().locale)


def month_day(when: datetime, zone: str | None = None) -> str:
    """Return the day of a moment without its year: '1 January'."""
    return format_skeleton('MMMMd', at(when, zone).replace(tzinfo=None), locale=languages.current().locale)


def clock(when: datetime, zone: str | None = None) -> str:
    """Return the day and the time: '1 January 2026, 00:30'."""
    return _join(languages.current().locale, day(when, zone), time_of_day(when, zone))


def _join(locale: Locale, day: str, time: str) -> str:
    return str(locale.datetime_formats['medium']).replace('{1}', day).replace('{0}', time)


def time_of_day(when: datetime, zone: str | None = None) -> str:
    """Return the time by the clock in that zone: '00:30'."""
    return format_time(at(when, zone).replace(tzinfo=None), 'short', locale=languages.current().locale)


def period(start: datetime, end: datetime, zone: str | None = None) -> str:
    """Return a period in words: '21 November 2026', '16 – 22 Nov 2026', or with times if it does not end at midnight,
    such as '22 November 2026, 12:00–12:30'."""
    locale, ends_at_midnight = languages.current().locale, at(end, zone).time() == time(0)
    first, last = (at(each, zone).replace(tzinfo=None) for each in (
        start, end - timedelta(seconds=1) if ends_at_midnight else end))
    if ends_at_midnight:
        is_day = first.date() == last.date()
        found = date(last) if is_day else format_interval(first.date(), last.date(), 'yMMMd', locale=locale)
    elif first.date() == last.date():
        found = _join(locale, date(last), format_interval(first, last, 'Hm', locale=locale))
    else:
        found = str(locale.interval_formats[None]).format(clock(start, zone), clock(end, zone))
    return found.replace('\N{THIN SPACE}', ' ')


def iso(when: datetime, zone: str | None = None) -> str:
    """Return the moment with its offset (RFC 3339), so that programs read the same day in it as people."""
    moment = at(when, zone)
    if (moment.utcoffset() or timedelta()) % timedelta(minutes=1):  # local mean time, from before there were time zones
        moment = when.replace(tzinfo=UTC)
    return moment.isoformat(timespec='seconds').replace('+00:00', 'Z')


def local(when: datetime, zone: str | None = None) -> str:
    """Return the time as a form's datetime-local field has it: '2027-03-01T08:00'."""
    return at(when, zone).replace(tzinfo=None).isoformat(timespec='minutes')  # %Y has no zeros before the year 800


def at(when: datetime, zone: str | None = None) -> datetime:
    """Return the moment by the clock of that zone; in UTC at the ends of the calendar, where no local time exists."""
    aware = when.replace(tzinfo=UTC)
    try:
        return aware.astimezone(find_zone(zone))
    except OverflowError:
        return aware


def to_utc(day: Date, shown: time, zone: str | None = None) -> datetime:
    """Return the moment (UTC without a zone) at which the clocks of that zone show this time on that day."""
    return datetime.combine(day, shown, find_zone(zone)).astimezone(UTC).replace(tzinfo=None)


def find_zone(name: str | None = None) -> ZoneInfo:
    """Return the time zone with this name, the site's by default.

    A name that is unknown falls back to the site's zone, then to UTC: an update of tzdata may drop a zone that somebody
    has chosen.
    """
    wanted = current().timezone if name is None else name
    if is_zone(wanted):
        return ZoneInfo(wanted)
    return ZoneInfo('UTC') if name is None else find_zone()


def is_zone(name: str) -> bool:
    """Return whether this machine knows a time zone with this name. Raises OSError if it cannot tell just now."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError):  # the first is ZoneInfoNotFoundError
        return False
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO):
            raise
        return False  # a folder, say, or a name that is too long
    return True


@cache
def list_zones() -> frozenset[str]:
    """Return the time zones that this machine knows; reads a folder of hundreds of files."""
    return frozenset(available_timezones() - {'localtime', 'Factory'})


def zone_name(name: str | None = None) -> str:
    """Return the name of the zone that `find_zone` returns."""
    return find_zone(name).key
