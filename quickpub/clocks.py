"""The clock of this machine, which may be wrong for a while and then be put right.

A moment that should have passed but lies more than a minute ahead was written down by a clock that was wrong. Whoever
compares a stored moment with the present asks here, so that one such moment never blocks, or keeps, anything.
"""

from datetime import datetime, timedelta
from typing import Any

AHEAD = timedelta(minutes=1)
STEADY_AFTER = timedelta(minutes=10)


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
