"""What a batch could not handle: set aside with its reason, so that everything else goes on, and tried again later.

Each row is one item, such as the report of one author. The log says so once; `quickpub check`, /healthz and the owner's
pages say so as long as it lasts.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from . import clocks, formats, text
from .db import db
from .models import SetAside
from .sqlite.errors import is_transient

log = logging.getLogger('quickpub.batches')

AGAIN_AFTER = timedelta(hours=1)
KEPT = timedelta(days=2)  # an item that was not tried for so long is gone
Result = TypeVar('Result')


def handle(kind: str, items: list[int], do: Callable[[list[int]], Result], at: datetime) -> list[Result]:
    """Call `do` with all items, or where that fails, with each alone: one that fails then is set aside. Each call is a
    transaction. Returns the results. Raises what is transient: then nothing is known about any item.

    `kind` says what of which sort of thing it is, such as 'report of author'; an item is the thing's id.
    """
    try:
        with db.atomic():
            results = [do(items)]
            clear(kind, items)
        return results
    except Exception as error:
        if is_transient(error):
            raise
    return [result for item in items for result in _handle_one(kind, item, do, at)]


def _handle_one(kind: str, item: int, do: Callable[[list[int]], Result], at: datetime) -> list[Result]:
    try:
        with db.atomic():
            result = do([item])
            clear(kind, [item])
        return [result]
    except Exception as error:
        if is_transient(error):
            raise
        put(kind, item, error, at)
    return []


def put(kind: str, item: int, error: Exception, at: datetime) -> None:
    """Set an item aside because of this error."""
    reason = text.line(f'{type(error).__name__}: {error}', 500)
    known = SetAside.get_or_none(SetAside.kind == kind, SetAside.key == str(item))
    if known is None or known.reason != reason:
        log.error('Set aside: %s %s. Everything else goes on.', kind, item, exc_info=error)
    SetAside.replace(kind=kind, key=str(item), reason=reason, at=at).execute()


def items(kind: str, at: datetime) -> set[int]:
    """Return the items that were set aside within the last hour: it is too early to try them again."""
    recent = SetAside.select().where(SetAside.kind == kind, clocks.is_lately(SetAside.at, AGAIN_AFTER, at))
    return {int(row.key) for row in recent}


def clear(kind: str, items: Iterable[int]) -> None:
    """Forget that these items were set aside, in the caller's transaction: they went well."""
    known = {int(row.key) for row in SetAside.select().where(SetAside.kind == kind)}
    for item in known.intersection(items):
        SetAside.delete().where(SetAside.kind == kind, SetAside.key == str(item)).execute()


def problem() -> str | None:
    """Return a sentence about what is set aside, or None."""
    all_of_them = list(SetAside.select().order_by(SetAside.kind, SetAside.key))
    if not all_of_them:
        return None
    first = all_of_them[0]
    count = formats.plural(len(all_of_them), 'item is', 'items are')
    return f'{count} set aside: {first.kind} {first.key}, for one. {first.reason}'


def clean_up(at: datetime) -> None:
    """Forget items that nobody tries any more."""
    SetAside.delete().where(SetAside.at <= at - KEPT).execute()
