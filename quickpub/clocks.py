"""The clock of this machine, which may be wrong for a while and then be put right.

A moment that should have passed but lies more than a minute ahead was written down by a clock that was wrong. Whoever
compares a stored moment with the present asks here, so that one such moment never blocks, or keeps, anything.
"""

from datetime import datetime, timedelta
from typing import Any

from .jobs.clock import AHEAD
from .jobs.clock import is_ahead as is_ahead

EARLY = timedelta(hours=2)  # a report that came at most so long before the end of its period counts as in time


def is_lately(moment: Any, span: timedelta, at: datetime) -> Any:
    """Return whether a moment lies in the last `span`; one in the future does not. For a field, the condition."""
    return (moment > at - span) & (moment <= at + AHEAD)


def put_right(field: Any, at: datetime, **others: Any) -> None:
    """Set a field to the present in all rows where it lies in the future, and other fields of these rows too."""
    wrong = is_ahead(field, at)
    if field.model.select(field).where(wrong).exists():
        field.model.update({field: at, **{getattr(field.model, name): value for name, value in others.items()}}).where(
            wrong).execute()
