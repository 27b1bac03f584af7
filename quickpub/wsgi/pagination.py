"""Lists by pages (keyset pagination): no row comes twice, and none is read again, whatever is published meanwhile."""

from typing import Any

from bottle import request
from peewee import Tuple

from ..models import Post
from .responses import find_or_404, not_found

PER_PAGE = 20


def paginate(query: Any, base: str, size: int = PER_PAGE,
             by: tuple = (Post.published_at, Post.id), within: Any = None) -> tuple[list, str | None, bool]:
    """Return one page of a list, newest first: its rows, the path of the next page or None, and whether it is the
    first.

    `by`: the columns that order the list; the last one is the rows' id. `?before=<id>` continues after that row, which
    must be in the list, or in the query `within` if the list may lose rows while somebody reads it: any other row would
    reveal its place in the order. Raises 404.
    """
    model, before = query.model, request.query.get('before', '')
    if before:
        known = query if within is None else within
        last = find_or_404(known.select(model.id, *(getattr(model, column.name) for column in by[:-1])).order_by(),
                           before)
        place = [*(getattr(last, column.name) for column in by[:-1]), last.id]
        if None in place:
            raise not_found()
        query = query.where(Tuple(*by) < Tuple(*place))
    rows = list(query.limit(size + 1))
    older = f'{base}{"&" if "?" in base else "?"}before={rows[size - 1].id}' if len(rows) > size else None
    return rows[:size], older, not before
