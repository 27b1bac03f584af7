"""The database of this process's site: its pragmas, the base of all models, and what peewee lacks for queries."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import peewee
from peewee import SQL, Model

from . import settings as settings_module
from .gates import TooMuch
from .jobs import tables
from .jobs.clock import now as now
from .jobs.liveness import wait
from .jobs.tables import first as first
from .settings import Settings
from .sqlite.connection import sqlite3
from .sqlite.database import LOOK_EVERY, Database
from .sqlite.files import DatabaseFiles

WEB_PATIENCE = 2  # seconds a page waits for the write lock before it answers 503
WORK_PATIENCE = 10  # the same for jobs and commands
MAX_PARAMETERS = 30_000  # of one statement; SQLite takes no more than 32,766
STEPS = 1_000  # instructions of SQLite's virtual machine between two checks of a time limit
WAL_LIMIT = 8 * 1024 * 1024  # bytes to which a large WAL is cut when it starts again

# IMMEDIATE: a deferred transaction that reads and then writes fails at once if another process wrote in between.
# FULL: in WAL mode only this syncs on commit; what was accepted must survive a power cut.
# secure_delete overwrites deleted data.
db = Database(None, lock_type='IMMEDIATE', autoconnect=False)
PRAGMAS = {'journal_mode': 'wal', 'synchronous': 'full', 'foreign_keys': 1, 'cache_size': -8000,
           'journal_size_limit': WAL_LIMIT, 'secure_delete': 1}
tables.bind(db)


def bind(settings: Settings, patience: int) -> None:
    """Use this site's settings and database in this process, without looking at its tables. A write waits `patience`
    seconds for another process's transaction."""
    if not db.is_closed():
        db.close()
    settings_module.use(settings)
    db.init(os.fspath(settings.paths.database), pragmas=PRAGMAS, timeout=patience)
    before, db.files = db.files, DatabaseFiles(settings.paths.database)
    if before and before.path == settings.paths.database:
        db.files.anchor = before.anchor


class BaseModel(Model):
    if TYPE_CHECKING:
        id: Any  # peewee adds it

    class Meta:
        database = db
        legacy_table_names = False


def rows(query: Any) -> list[tuple[Any, ...]]:
    """Return the rows that a query finds as plain tuples, which is much faster than models where there are many."""
    return list(query.tuples())


def rows_of(sql: str) -> list[tuple[Any, ...]]:
    """Return all rows of a statement without parameters. Raises DatabaseError, also where reading on fails."""
    try:
        return db.execute_sql(sql).fetchall()
    except sqlite3.DatabaseError as error:
        raise peewee.DatabaseError(*error.args) from error


def among(values: Iterable[int | str]) -> SQL:
    """Return these numbers or texts as one parameter for `in_`: fast, and without SQLite's limit on parameters."""
    return SQL('(SELECT value FROM json_each(?))', [json.dumps(list(values))])


def literal(word: str) -> SQL:
    """Return a word as part of the statement: SQLite uses a partial index only for a condition that it can read there.
    Raises ValueError for anything but letters."""
    if not (word.isascii() and word.isalpha()):
        raise ValueError(f'{word!r} cannot be a part of a statement.')
    return SQL(f"'{word}'")


def insert(table: str, records: list[dict[str, Any]], tail: str = '') -> list[tuple[Any, ...]]:
    """Insert records, whose values are as they are stored, in the caller's transaction; return the rows that the
    statements return, which end with `tail`. For hundreds of records peewee's insert_many takes many times as long."""
    columns, places = ', '.join(records[0]), f'({", ".join("?" * len(records[0]))})'
    returned: list[tuple[Any, ...]] = []
    per_statement = MAX_PARAMETERS // len(records[0])
    for start in range(0, len(records), per_statement):
        some = records[start:start + per_statement]
        returned += db.execute_sql(f'INSERT INTO {table} ({columns}) VALUES {", ".join([places] * len(some))} {tail}',
                                   [value for each in some for value in each.values()]).fetchall()
    return returned


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End this thread's statements inside the block after this much processor time. (Limited by the clock, harmless
    queries would fail on a busy machine.) Raises TooMuch."""
    until, is_over = time.thread_time() + seconds, False

    def check() -> bool:
        nonlocal is_over
        is_over = time.thread_time() > until
        return is_over

    connection = db.connection()
    connection.set_progress_handler(check, STEPS)
    try:
        yield
    except (peewee.DatabaseError, sqlite3.DatabaseError) as error:  # the second where a row is read
        if not is_over:  # the message does not tell: full-text search has statements and errors of its own
            raise
        raise TooMuch('too_much.query') from error
    finally:
        connection.set_progress_handler(None, STEPS)


def let_others_write() -> None:
    """Pause for long enough that another process can take the write lock; for work that writes a lot."""
    wait(3 * LOOK_EVERY)
