"""Parts that several models share: a field for JSON, ids of feeds, and folded copies for search."""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from uuid import uuid4

from peewee import TextField

from ..codes import to_plain
from ..db import BaseModel, db
from ..markup import folding

log = logging.getLogger('quickpub.models')


@db.func('fold', 1, deterministic=True)
def _fold(text: str) -> str:
    return folding.fold(text)


def new_feed_id() -> str:
    """Return an id for a feed or an entry that stays the same when its web address changes (RFC 4287, 4.2.6)."""
    return f'urn:uuid:{uuid4()}'


class JSONText(TextField):
    """A dictionary, stored as JSON. Codes, moments and periods in it are read again by `codes.from_plain`."""

    def db_value(self, value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False, separators=(',', ':'), default=to_plain)

    def python_value(self, value: Any) -> Any:
        """Return the stored dictionary; an empty one where it cannot be read, so that one bad row does not stop a
        batch."""
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        log.error('What is stored as JSON cannot be read: %.80r', value)
        return {}


class Searched(BaseModel):
    """Rows that search finds: each searched column has a folded copy, saved with it and indexed by triggers."""
    FOLDED: ClassVar[dict[str, Callable[[str], str]]] = {}  # column -> the function that makes `<column>_folded`

    @classmethod
    def insert(cls, __data: Any = None, **fields: Any) -> Any:
        return super().insert(cls._with_folded(__data, fields))

    @classmethod
    def insert_many(cls, rows: Iterable[dict[Any, Any]], fields: None = None) -> Any:
        return super().insert_many([cls._with_folded(each) for each in rows], fields)

    @classmethod
    def update(cls, __data: Any = None, **fields: Any) -> Any:
        return super().update(cls._with_folded(__data, fields))

    @classmethod
    def _with_folded(cls, data: Any, fields: dict[str, Any] | None = None) -> dict[Any, Any]:
        """Return these values with the folded copies of those that search looks at. Raises TypeError for SQL."""
        values = {key if isinstance(key, str) else key.name: value for key, value in (data or {}).items()}
        values |= fields or {}
        if any(not isinstance(values.get(name, ''), str) for name in cls.FOLDED):
            raise TypeError(f'Save {" and ".join(cls.FOLDED)} as text: only text can be folded for search.')
        return values | {f'{name}_folded': fold(values[name]) for name, fold in cls.FOLDED.items() if name in values}
