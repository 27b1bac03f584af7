"""Plain connections to SQLite, made by the module that peewee uses: two copies of SQLite in one process would drop each
other's locks."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import peewee

sqlite3: Any = peewee.sqlite3  # type: ignore[attr-defined]  # peewee's stubs leave it out


def connect(path: str | Path, mode: str, **options: Any) -> Any:
    """Return a connection to the database file at this path, which must exist. `mode` is ro or rw."""
    return sqlite3.connect(f'file:{quote(os.fspath(path))}?mode={mode}', uri=True, **options)
