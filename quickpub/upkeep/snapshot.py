"""Copy the database while the site runs, without what a backup leaves out; and check a copy."""

import errno
import os
from contextlib import closing
from pathlib import Path
from typing import Any

from peewee import DatabaseError, OperationalError

from ..models.backup_policy import NEVER, SECRET
from ..opening import CREATED_AT
from ..sqlite.connection import connect, sqlite3
from .manifest import Manifest, UnusableBackup

PATIENCE = 10  # seconds for the lock

# What SQLite calls the errors of a file that it writes: of the two, only the copy.
WRITING = frozenset(f'SQLITE_IOERR_{name}' for name in ('WRITE', 'FSYNC', 'DIR_FSYNC', 'TRUNCATE', 'CLOSE', 'DELETE'))

# SQLite keeps the content of a full-text index in tables with names that begin like its own.
TABLES = """SELECT name FROM sqlite_master AS tables WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
AND sql NOT LIKE 'CREATE VIRTUAL%' AND NOT EXISTS (
    SELECT 1 FROM sqlite_master AS index_of WHERE index_of.sql LIKE 'CREATE VIRTUAL%'
    AND substr(tables.name, 1, length(index_of.name) + 1) = index_of.name || '_') ORDER BY name"""


def take(database: Path, into: Path, with_secrets: bool) -> None:
    """Copy the database, as it is at this moment, to the new file `into`.

    VACUUM INTO reads in one transaction, so readers and writers go on, and it copies no free pages, which may hold
    deleted rows. SQLite's backup API begins anew whenever another process writes. Raises peewee.DatabaseError, and
    OSError where `into` cannot be written.
    """
    os.close(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(connect(database, 'rw', timeout=PATIENCE, isolation_level=None)) as site:
            site.execute('VACUUM INTO ?', (os.fspath(into),))
        with closing(connect(into, 'rw', isolation_level=None)) as copy:
            _leave_out(copy, NEVER if with_secrets else NEVER | SECRET)
    except sqlite3.DatabaseError as error:
        if getattr(error, 'sqlite_errorname', '') in WRITING:
            raise OSError(errno.EIO, str(error), os.fspath(into)) from error
        kind = OperationalError if isinstance(error, sqlite3.OperationalError) else DatabaseError
        raise kind(*error.args) from error


def _leave_out(copy: Any, tables: frozenset[str]) -> None:
    """Empty these tables of the copy. Emails that wait for a link that is left out are left out, too."""
    for pragma in ('journal_mode = MEMORY', 'synchronous = OFF', 'secure_delete = ON', 'foreign_keys = OFF'):
        copy.execute(f'PRAGMA {pragma}')
    copy.execute('BEGIN')
    if 'token' in tables:
        copy.execute("DELETE FROM message WHERE token_id IS NOT NULL AND state NOT IN ('sent', 'failed')")
        copy.execute('UPDATE message SET token_id = NULL')
    for table in sorted(tables):
        copy.execute(f'DELETE FROM "{table}"')
    copy.execute('COMMIT')


def describe(copy: Path) -> tuple[list[str], str, dict[str, int]]:
    """Return the migrations that a copy has, the moment of the first one, and the number of rows of each table. Raises
    sqlite3.DatabaseError."""
    with closing(connect(copy, 'ro')) as opened:
        steps = [name for (name,) in opened.execute('SELECT name FROM schema_migration ORDER BY id')]
        (created_at,) = opened.execute(CREATED_AT).fetchone()
        return steps, str(created_at), {name: opened.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                                        for (name,) in opened.execute(TABLES).fetchall()}


def check(copy: Path, manifest: Manifest) -> None:
    """Raise UnusableBackup unless a copy is undamaged and has the rows that the manifest says."""
    try:
        with closing(connect(copy, 'ro')) as opened:
            (found, *_), *_ = opened.execute('PRAGMA integrity_check(1)').fetchall()
        if found != 'ok':
            raise UnusableBackup(f'The database in this backup is damaged: {found.splitlines()[0]}.')
        described = describe(copy)
    except (sqlite3.DatabaseError, TypeError) as error:
        raise UnusableBackup(f'The database in this backup is damaged: {error}.') from None
    if described != (manifest.schema, manifest.site, manifest.tables):
        raise UnusableBackup('The database in this backup has other rows than its manifest says.')
