"""Warn about releases of SQLite that are known to be risky."""

import os
import sys

from ..sqlite.connection import sqlite3

# Up to 3.51.2 a rare race while the WAL is reset can corrupt the file (sqlite.org, release 3.51.3).
SAFE_SQLITE = (3, 51, 3)
OTHER_PYTHON = ('a Python that brings a newer SQLite of its own, such as a recent one from uv or conda-forge (`python '
                '-c "import sqlite3; print(sqlite3.sqlite_version)"` tells). pip cannot change it.')


def sqlite_warning() -> str | None:
    """Return a sentence about a risky SQLite and how to replace it, or None."""
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return None
    safe = '.'.join(map(str, SAFE_SQLITE))
    return (f'This Python uses SQLite {sqlite3.sqlite_version}; before {safe} a rare fault can damage a database '
            'that several processes write. That is no reason to stop: keep backups; a weekly check looks for damage. '
            f'{_cure()}')


def _cure() -> str:
    """Return how this Python gets a newer SQLite, which depends on where it has its own from."""
    if os.path.realpath(sys.executable).startswith('/usr/bin/'):
        return ("A cure: it is the system's own (Debian's package libsqlite3-0), so a newer release of the system "
                f'brings a newer one; or make the virtual environment anew with {OTHER_PYTHON}')
    return f'A cure: make the virtual environment anew with {OTHER_PYTHON}'
