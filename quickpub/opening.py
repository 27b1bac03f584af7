"""Open a site in this process: check it, then use its settings, its database and its folder."""

import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from . import data_folder, presence, site_settings
from .db import WORK_PATIENCE, bind, db
from .jobs.liveness import wait
from .migrating import SchemaError, check_schema, lost_database
from .presence import Presence
from .settings import Settings
from .sqlite.connection import connect, sqlite3

# The time of the first migration, in microseconds, tells sites apart.
CREATED_AT = 'SELECT applied FROM schema_migration ORDER BY id LIMIT 1'
WAL_PATIENCE = 10  # seconds for a running site to notice that its WAL is gone


def open_site(settings: Settings, patience: int = WORK_PATIENCE) -> None:
    """Use this site in this process: its settings and its database. Nothing is created, no connection stays open.

    A write waits `patience` seconds for another process's transaction. Raises SchemaError where there is no site, or
    one of another version; SettingsError for a secret that protects nothing.
    """
    if data_folder.has_lost_database(settings.paths):
        raise SchemaError(lost_database(settings))
    if not settings.paths.database.exists():
        raise SchemaError(f'There is no site in {settings.data}. Start it with `quickpub serve` or '
                          f'`quickpub migrate`, or set QUICKPUB_DATA to the folder that holds yours.')
    _wait_for_wal(settings)
    bind(settings, patience)
    with db.connection_context():
        check_schema(settings)
        site_settings.refresh()
        assert db.files is not None
        db.files.expect(partial(_is_copy, db.execute_sql(CREATED_AT).fetchone()))
    presence.use(Presence(settings, db.files))


def _wait_for_wal(settings: Settings) -> None:
    """If the WAL was deleted under a running site, wait until that site has saved it and opened a new one: before
    that, opening the database would damage it."""
    database = settings.paths.database
    wal, index = (database.with_name(f'{database.name}-{part}') for part in ('wal', 'shm'))
    until = time.monotonic() + WAL_PATIENCE
    while index.exists() and not wal.exists() and time.monotonic() < until:
        wait(0.1)


def _is_copy(created_at: Any, path: Path) -> bool:
    """Return whether the database at this path is an undamaged copy of the site that was created then."""
    try:
        with closing(connect(path, 'ro', timeout=1)) as copy:
            return (copy.execute(CREATED_AT).fetchone() == created_at
                    and copy.execute('PRAGMA quick_check(1)').fetchone() == ('ok',))
    except sqlite3.DatabaseError:
        return False
