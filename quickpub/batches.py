"""Work on many items, of which a bad one must not stop the others.

An item that fails, such as the report of one author, is set aside: a row keeps its reason, and it is tried again later.
The log reports it once; `quickpub check`, /healthz and the owner's pages as long as it lasts.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from . import clocks, text
from .db import db
from .jobs.errors import is_transient
from .models import SetAside

log = logging.getLogger('quickpub.batches')

TRY_AGAIN_AFTER = timedelta(hours=1)
KEPT = timedelta(days=2)  # after the last try; then the item itself is gone
MAX_REASON = 500  # characters
Result = TypeVar('Result')


def handle(kind: str, items: list[int], do: Callable[[list[int]], Result], at: datetime) -> list[Result]:
    """Call `do` with all items; if that fails, with each alone, and set aside those that fail. Each call is a
    transaction. Return the results. Raises transient errors, which tell nothing about an item.

    `kind` names the items, such as 'report of author'; an item is an id.
    """
    try:
        with db.atomic():
            results = [do(items)]
            forget(kind, items)
        return results
    except Exception as error:
        if is_transient(error):
            raise
    return [result for item in items for result in _handle_one(kind, item, do, at)]


def _handle_one(kind: str, item: int, do: Callable[[list[int]], Result], at: datetime) -> list[Result]:
    try:
        with db.atomic():
            result = do([item])
            forget(kind, [item])
        return [result]
    except Exception as error:
        if is_transient(error):
            raise
        set_aside(kind, item, error, at)
    return []


def set_aside(kind: str, item: int, error: Exception, at: datetime) -> None:
    """Remember that this item failed with this error."""
    reason = text.line(f'{type(error).__name__}: {error}', MAX_REASON)
    known = SetAside.get_or_none(SetAside.kind == kind, SetAside.key == str(item))
    if known is None or known.reason != reason:
        log.error('Set aside: %s %s. Everything else goes on.', kind, item, exc_info=error)
    SetAside.replace(kind=kind, key=str(item), reason=reason, at=at).execute()


def recently_failed(kind: str, at: datetime) -> set[int]:
    """Return the items that failed within the last hour, and that are not to be tried again yet."""
    recent = SetAside.select().where(SetAside.kind == kind, clocks.is_lately(SetAside.at, TRY_AGAIN_AFTER, at))
    return {int(row.key) for row in recent}


def forget(kind: str, items: Iterable[int]) -> None:
    """Forget that these items ever failed, in the caller's transaction."""
    known = {int(row.key) for row in SetAside.select().where(SetAside.kind == kind)}
    for item in known.intersection(items):
        SetAside.delete().where(SetAside.kind == kind, SetAside.key == str(item)).execute()


def list_set_aside() -> list[SetAside]:
    """Return the items that are set aside, in a fixed order."""
    return list(SetAside.select().order_by(SetAside.kind, SetAside.key))


def clean_up(at: datetime) -> None:
    """Forget items that are not tried any more."""
    SetAside.delete().where(SetAside.at <= at - KEPT).execute()
