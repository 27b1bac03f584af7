"""The clock of this machine, which may be wrong for a while and then be put right, and the time zones that it knows.

A moment that should have passed but lies more than a minute ahead was written down by a clock that was wrong. Whoever
compares a stored moment with the present asks here, so that one such moment never blocks, or keeps, anything.
"""

import errno
import logging
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

log = logging.getLogger('quickpub.clocks')

AHEAD = timedelta(minutes=1)
STEADY_AFTER = timedelta(minutes=10)
_zones: dict[str, tzinfo] = {'UTC': UTC}


def is_ahead(moment: Any, at: datetime) -> Any:
    """Return whether a moment that should have passed lies in the future. For a field, the condition that says so."""
    return moment > at + AHEAD


def is_lately(moment: Any, span: timedelta, at: datetime) -> Any:
    """Return whether a moment lies in the last `span`; one in the future does not. For a field, the condition."""
    return (moment > at - span) & (moment <= at + AHEAD)


def put_right(field: Any, at: datetime, **others: Any) -> None:
    """Set a field to the present in all rows where it lies in the future, and other fields of these rows too."""
    wrong = is_ahead(field, at)
    if field.model.select(field).where(wrong).exists():
        field.model.update({field: at, **{getattr(field.model, name): value for name, value in others.items()}}).where(
            wrong).execute()


def zone(name: str) -> tzinfo:
    """Return the time zone of this name; UTC where this machine knows none (any more), which is logged once.

    Raises OSError where its file cannot be read just now.
    """
    if name not in _zones:
        is_known = is_zone(name)
        if not is_known:
            log.warning('This machine does not know the time zone %r; UTC is used instead', name)
        _zones[name] = ZoneInfo(name) if is_known else UTC
    return _zones[name]


def is_zone(name: str) -> bool:
    """Return whether this machine knows a time zone of this name. Raises OSError where it cannot tell just now."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError):  # the first is ZoneInfoNotFoundError
        return False
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO):
            raise
        return False  # a folder, say, or too long to be the name of a file
    return True


class Steadiness:
    """How long the clock has gone evenly, as one process sees it."""

    def __init__(self) -> None:
        self._offset: datetime | None = None
        self._since = 0.0

    def look(self, at: datetime, passed: float) -> bool:
        """Return whether the clock has not leapt for ten minutes. `at` is the time it shows, `passed` the seconds of a
        clock that nobody sets."""
        offset = at - timedelta(seconds=passed)
        if self._offset is None or abs(offset - self._offset) > AHEAD:
            self._since = passed
        self._offset = offset
        return passed - self._since >= STEADY_AFTER.total_seconds()
