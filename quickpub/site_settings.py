"""The settings that owners change in the browser, as they are stored, and their way into every process of the site.

`settings.current()` has them. A web process looks for changes before each page (wsgi/pagecache.py), a consumer before
each job.
"""

import json
import threading
from collections.abc import Callable, Mapping

from . import settings
from .db import db

STORED = 'SELECT json_group_object(name, value) FROM site_setting'

_lock = threading.Lock()


def refresh(ask: Callable[[str], str] | None = None) -> None:
    """Make `settings.current()` return what is stored now. `ask` returns the first value of a statement; without it,
    this thread's connection does. Raises DatabaseError."""
    with _lock:  # a thread that has read older values must not put them in place of newer ones
        settings.use_stored(json.loads((ask or _ask)(STORED)))


def _ask(sql: str) -> str:
    return db.execute_sql(sql).fetchone()[0]


def store(changes: Mapping[str, str]) -> None:
    """Store settings, as texts by name, in the caller's transaction. They apply from the next request and job on."""
    for name, value in changes.items():
        db.execute_sql('INSERT INTO site_setting (name, value) VALUES (?, ?) '
                       'ON CONFLICT (name) DO UPDATE SET value = excluded.value', (name, value))
