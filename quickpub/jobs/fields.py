"""Columns with a date: whatever is stored in one, its row can be read."""

import logging
from datetime import UTC, date, datetime
from typing import Any

import peewee

from .clock import now

EARLIEST, LATEST = datetime(1970, 1, 1), datetime(9000, 1, 1)
YEARS = range(2, 9999)  # between which a date stays one in every time zone

log = logging.getLogger(__name__)


class DateTimeField(peewee.DateTimeField):
    """A moment in UTC, without a zone. Any other text is read as one long ago or far ahead, as SQLite sorts it: one
    bad row does not stop a list, and Python and SQL agree on whether it has passed."""

    def python_value(self, value: Any) -> datetime | None:
        return None if value is None else _read(value)


class DateField(peewee.DateField):
    """A day; what is no day is read likewise."""

    def python_value(self, value: Any) -> date | None:
        return None if value is None else _read(value).date()


def _read(stored: Any) -> datetime:
    try:
        found = datetime.fromisoformat(stored)
        if found.tzinfo is not None:
            found = found.astimezone(UTC).replace(tzinfo=None)
        if found.year in YEARS:
            return found
    except (TypeError, ValueError, OverflowError):
        pass
    log.error('What is stored as a date cannot be read: %.80r', stored)
    return LATEST if isinstance(stored, str) and stored > str(now()) else EARLIEST
