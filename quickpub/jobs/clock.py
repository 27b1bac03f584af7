"""The time, as it is stored, and a clock that may be wrong for a while and then be set right."""

from datetime import UTC, datetime, timedelta
from typing import Any

AHEAD = timedelta(minutes=1)
STEADY_AFTER = timedelta(minutes=10)


def now() -> datetime:
    """Return the time, as it is stored everywhere: UTC, without a zone. (SQLite compares text: mixing both sorts
    wrongly.)"""
    return datetime.now(UTC).replace(tzinfo=None)


def is_ahead(moment: Any, at: datetime) -> Any:
    """Return whether a moment that should have passed lies in the future. For a field, the condition that says so.

    Such a moment was written by a clock that was wrong: it must never block, or keep, anything.
    """
    return moment > at + AHEAD


class Steadiness:
    """Measures how long the clock has gone evenly, as one process sees it."""

    def __init__(self) -> None:
        self._offset: datetime | None = None
        self._since = 0.0

    def observe(self, at: datetime, passed: float) -> bool:
        """Return whether the clock has not leapt for ten minutes. `at` is the time it shows, `passed` the seconds of a
        clock that nobody sets."""
        offset = at - timedelta(seconds=passed)
        if self._offset is None or abs(offset - self._offset) > AHEAD:
            self._since = passed
        self._offset = offset
        return passed - self._since >= STEADY_AFTER.total_seconds()
