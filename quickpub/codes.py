"""Codes for what people are told: lower packages raise and store them, and `sentences` makes the words at the edge."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

AS_WRITTEN = 'as_written'  # a sentence that an older version has stored


class Code:
    """A code with its parameters, such as Code('title.too_long', limit=200).

    The values are strings, whole numbers, moments in UTC, periods, other codes, or lists of strings and codes.
    """

    def __init__(self, name: str, /, **values: Any):
        self.name, self.values = name, values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and (self.name, self.values) == (other.name, other.values)

    def __repr__(self) -> str:
        return f'Code({", ".join([repr(self.name), *(f"{name}={value!r}" for name, value in self.values.items())])})'

    def to_json(self) -> str:
        """Return the text that is stored, and read by `from_json`."""
        return json.dumps(self, ensure_ascii=False, default=to_plain)

    @classmethod
    def from_json(cls, stored: str) -> Self | None:
        """Return the code that was stored, or None for ''. A sentence that an older version has stored stays as it
        is."""
        if not stored:
            return None
        try:
            found = from_plain(json.loads(stored))
        except (ValueError, LookupError, TypeError, AttributeError):
            found = None
        return found if isinstance(found, cls) else cls(AS_WRITTEN, text=stored)


@dataclass(frozen=True)
class Period:
    """A period from one moment to another, both in UTC, of somebody in this time zone."""
    start: datetime
    end: datetime
    zone: str


def to_plain(value: Any) -> Any:
    """Return a code, a moment or a period in types that JSON has: the `default` of `json.dumps`. Raises TypeError for
    anything else."""
    if isinstance(value, Code):
        return {'code': value.name, 'values': value.values}
    if isinstance(value, Period):
        return {'from': value.start, 'to': value.end, 'zone': value.zone}
    if isinstance(value, datetime):
        return {'at': value.isoformat()}
    raise TypeError(f'{type(value).__name__} cannot be stored in JSON')


def from_plain(value: Any) -> Any:
    """Return what `to_plain` was given, also inside of lists and dictionaries. Raises ValueError, LookupError,
    TypeError or AttributeError for what it never returns."""
    if isinstance(value, list):
        return [from_plain(each) if isinstance(each, dict | list) else each for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {'at'}:
        return datetime.fromisoformat(value['at'])
    if value.keys() == {'from', 'to', 'zone'}:
        return Period(from_plain(value['from']), from_plain(value['to']), value['zone'])
    if value.keys() == {'code', 'values'}:
        return Code(str(value['code']), **{name: from_plain(each) for name, each in value['values'].items()})
    return {name: from_plain(each) for name, each in value.items()}


class Problem(Exception):
    """An error for a person to read: `code` says what is wrong."""

    def __init__(self, code: Code | str, /, **values: Any):
        self.code = Code(code, **values) if isinstance(code, str) else code
        super().__init__(self.code)


class Rejected(Exception):
    """The input cannot be used. `errors` maps each form field to a code; the field is the first part of the code's
    name, unless it is given."""

    def __init__(self, code: Code | str, /, *, field: str | None = None, **values: Any):
        code = Code(code, **values) if isinstance(code, str) else code
        self.errors = {code.name.partition('.')[0] if field is None else field: code}
        super().__init__(self.errors)

    @classmethod
    def of(cls, errors: dict[str, Code]) -> Self:
        """Return the error for several fields at once; `errors` is not empty."""
        error = cls(next(iter(errors.values())))
        error.errors, error.args = errors, (errors,)
        return error
