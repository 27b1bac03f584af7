"""Messages in JSON: ids go in, ids come out, and a message that somebody has written can run no code."""

import json
from datetime import datetime, timedelta
from typing import Any

from huey.registry import Message
from huey.utils import SKIPPED, Error

KIND = '__kind__'  # marks times, and what is Huey's own


class JSONSerializer:
    """Huey's serializer for messages and results. Raises TypeError for what is no plain value."""

    def serialize(self, data: Any) -> bytes:
        return json.dumps(_as_json(data)).encode()

    def deserialize(self, data: bytes) -> Any:
        return json.loads(data, object_hook=_from_json)


def _as_json(value: Any) -> Any:
    match value:
        case None | str() | int() | float():
            return value
        case Message():  # which may hold others: what to do next, what to do about an error
            return {KIND: 'task'} | {key: _as_json(each) for key, each in value._asdict().items() if each is not None}
        case Error():
            return {KIND: 'error', 'metadata': _as_json(value.metadata)}
        case datetime():
            return {KIND: 'time', 'iso': value.isoformat()}
        case timedelta():
            return {KIND: 'span', 'seconds': value.total_seconds()}
        case dict():
            return {key: _as_json(each) for key, each in value.items()}
        case list() | tuple():
            return [_as_json(each) for each in value]
        case BaseException():  # a task that deals with another's error is told it as text
            return repr(value)
    if value is SKIPPED:
        return {KIND: 'skipped'}
    raise TypeError(f'a task takes ids and other plain values only, not {value!r}')


def _from_json(value: dict[str, Any]) -> Any:
    match value.pop(KIND, None):
        case 'task':
            return Message(**value | {'args': tuple(value.get('args', ()))})
        case 'error':
            return Error(value['metadata'])
        case 'skipped':
            return SKIPPED
        case 'time':
            return datetime.fromisoformat(value['iso'])
        case 'span':
            return timedelta(seconds=value['seconds'])
    return value
