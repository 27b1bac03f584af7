"""The database: one deferred peewee database per process, its pragmas, and the schema it must have."""

import errno
import json
import logging
import os
import select
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peewee
from peewee import SQL, Model, OperationalError, SqliteDatabase
from playhouse.migrations import Runner

from . import processes
from . import settings as settings_module
from .settings import Settings

log = logging.getLogger('quickpub.db')

MIGRATIONS = Path(__file__).parent / 'migrations'
WEB_PATIENCE = 2  # seconds a page waits for the write lock before it answers 503
WORK_PATIENCE = 10  # the same for background work and commands, which nobody watches
PARAMETERS = 30_000  # of one statement; SQLite takes no more than 32,766
LOOK_EVERY, SOON = 0.001, 0.05  # seconds between looks for the lock, and until they are twenty times as far apart
WAL_LIMIT = 8 * 1024 * 1024  # bytes: to this it shrinks when a large one begins anew, so no checkpoint is made by hand

# Up to 3.51.2 a rare race while the WAL is reset can corrupt the file (sqlite.org, release 3.51.3).
SAFE_SQLITE = (3, 51, 3)


def _wait(seconds: float) -> None:
    """time.sleep, which fails where libfaketime sets the clock, as tests do."""
    select.select([], [], [], seconds)


class Database(SqliteDatabase):
    """SQLite whose transactions wait well: for those of other threads at a lock, which wakes the next one at once, and
    for those of other processes by looking every millisecond. SQLite's own waits grow to a tenth of a second: while
    one process writes a lot, another would starve."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._new_turn()
        os.register_at_fork(after_in_child=self._new_turn)  # whoever has it in the parent

    def _new_turn(self) -> None:
        self._turn, self._mine = threading.Lock(), threading.local()

    def begin(self, lock_type: str | None = None) -> None:
        """Begin a transaction within `timeout` seconds. Raises OperationalError."""
        began = time.monotonic()
        if not self._turn.acquire(timeout=self.timeout):
            raise OperationalError('database is locked')
        self._mine.turn = True
        try:
            self._begin(lock_type, began)
        except BaseException:
            self._end_turn()
            raise

    def _begin(self, lock_type: str | None, began: float) -> None:
        connection = self.connection()
        connection.execute('PRAGMA busy_timeout = 0')
        try:
            while True:
                try:
                    return super().begin(lock_type)
                except OperationalError as error:
                    if 'locked' not in str(error) or time.monotonic() - began >= self.timeout:
                        raise
                # Who waits long, while somebody else's transaction goes on and on, is not to slow down everybody.
                _wait(LOOK_EVERY if time.monotonic() - began < SOON else 20 * LOOK_EVERY)
        finally:
            connection.execute(f'PRAGMA busy_timeout = {int(1000 * self.timeout)}')

    def _end_turn(self) -> None:
        if getattr(self._mine, 'turn', False):
            self._mine.turn = False
            self._turn.release()

    def commit(self) -> Any:
        result = super().commit()  # where it fails, a rollback follows
        self._end_turn()
        return result

    def rollback(self) -> Any:
        try:
            # A commit that meets a full disk is rolled back by SQLite itself; rolling back once more would raise
            # another error, and hide the one that matters.
            return super().rollback() if self.connection().in_transaction else None
        finally:
            self._end_turn()


# IMMEDIATE for every transaction: a deferred one that reads and then writes fails at once, without waiting, if
# somebody wrote in between. FULL: in WAL mode only this syncs on commit; what was accepted must survive a power cut.
db = Database(None, lock_type='IMMEDIATE', autoconnect=False)
PRAGMAS = {'journal_mode': 'wal', 'synchronous': 'full', 'foreign_keys': 1, 'cache_size': -8000,
           'journal_size_limit': WAL_LIMIT}


class SchemaError(Exception):
    """There is no site here, or its tables are not the ones that this version needs. The message says what to do."""


class BaseModel(Model):
    if TYPE_CHECKING:
        id: Any  # peewee adds it

    class Meta:
        database = db
        legacy_table_names = False


def now() -> datetime:
    """The time, as stored everywhere: UTC, without a zone. (Mixing both kinds sorts wrongly, SQLite compares text.)"""
    return datetime.now(UTC).replace(tzinfo=None)


def rows(query: Any) -> list[tuple[Any, ...]]:
    """What a query finds as plain tuples: where there are many, a model for each takes most of the time."""
    return list(query.tuples())


def first(model: type[Any], sql: str, *params: Any) -> Any:
    """The first row that a statement finds, as a model with all its columns; None where there is none. peewee's raw()
    takes twice as long for one, and each mail is two."""
    cursor = db.execute_sql(sql, params)
    values = cursor.fetchall()  # to its end: a transaction cannot be committed in the middle of a statement
    if not values:
        return None
    found, fields = model(__no_default__=True), model._meta.columns
    for (column, *_), value in zip(cursor.description, values[0], strict=True):
        found.__data__[fields[column].name] = fields[column].python_value(value)
    return found


def among(values: Iterable[int | str]) -> SQL:
    """These numbers or words, for `in_`, as one parameter. To write down each takes peewee as long as a small
    statement, and SQLite takes no more than 32,766 of them."""
    return SQL('(SELECT value FROM json_each(?))', [json.dumps(list(values))])


def insert(table: str, records: list[dict[str, Any]], tail: str = '') -> list[tuple[Any, ...]]:
    """Insert records, their values as they are stored, with statements that end with `tail`; the rows that they return.
    For hundreds of them: peewee's insert_many takes many times as long. In the caller's transaction."""
    columns, places = ', '.join(records[0]), f'({", ".join("?" * len(records[0]))})'
    returned: list[tuple[Any, ...]] = []
    per_statement = PARAMETERS // len(records[0])
    for start in range(0, len(records), per_statement):
        some = records[start:start + per_statement]
        returned += db.execute_sql(f'INSERT INTO {table} ({columns}) VALUES {", ".join([places] * len(some))} {tail}',
                                   [value for each in some for value in each.values()]).fetchall()
    return returned


def literal(word: str) -> SQL:
    """A word of our own to compare with, as text in the statement: SQLite uses a partial index only for a condition
    that it can read there."""
    assert word.isalpha()
    return SQL(f"'{word}'")


def give_way() -> None:
    """Let others write in between, who look for the lock once a millisecond; for work that writes a lot."""
    _wait(3 * LOOK_EVERY)


def open_site(settings: Settings, patience: int = WORK_PATIENCE) -> None:
    """Use this site in this process: its settings and its database. Nothing is created, no connection is opened.

    `patience` is how many seconds a write waits for another process's transaction. Raises SchemaError where
    there is no site, or one of another version.
    """
    if not settings.database.exists():
        raise SchemaError(f'There is no site in {settings.data}. Start it with `quickpub serve` or '
                          f'`quickpub migrate`, or set QUICKPUB_DATA to the folder that holds yours.')
    bind(settings, patience)
    with db.connection_context():
        check_schema(settings)


class Watch:
    """A connection of its own that never writes, and so can tell whether anybody else has.

    It also keeps the database open in a process that opens and closes other connections all the time. Otherwise each
    of them, being the last to close, would write the whole WAL back and delete it, and the next one would need disk
    space only to read. Never made before a fork: a connection must not be carried into a child.
    """
    _latest: 'Watch | None' = None
    _connection: Any

    def __init__(self, settings: Settings):
        self._database = settings.database
        self._connection = _sqlite().connect(settings.database, check_same_thread=False)
        self._cursor = self._connection.cursor()
        self._lock = threading.Lock()
        self.data_version()

    @classmethod
    def of(cls, settings: Settings) -> 'Watch':
        """This process's one for this site; one for another site is closed."""
        if cls._latest is None or cls._latest._database != settings.database:
            if cls._latest:
                cls._latest._connection.close()
            cls._latest = cls(settings)
        return cls._latest

    def data_version(self) -> int:
        """A number that is another one after every commit of any other connection; takes microseconds."""
        return self.ask('PRAGMA data_version')

    def ask(self, sql: str, *params: Any) -> Any:
        """The first value that a query finds. Raises OperationalError."""
        with self._lock:
            try:
                return self._cursor.execute(sql, params).fetchone()[0]
            except _sqlite().OperationalError as error:
                raise OperationalError(*error.args) from error


def bind(settings: Settings, patience: int) -> None:
    """Point the process at the site without looking at its tables."""
    if not db.is_closed():
        db.close()
    settings_module.use(settings)
    db.init(os.fspath(settings.database), pragmas=PRAGMAS, timeout=patience)


def check_schema(settings: Settings) -> None:
    """Raise SchemaError, saying what to do, unless the tables are exactly those of this version."""
    status = Runner(db, os.fspath(MIGRATIONS)).status()
    if behind := [step.name for step in status if step.applied is None]:
        raise SchemaError(f'The site in {settings.data} was made by an older version ({", ".join(behind)} is missing). '
                          f'Run `quickpub migrate`, then start again.')
    if ahead := [step.name for step in status if step.path is None]:
        raise SchemaError(f'The site in {settings.data} was made by a newer version (it has {", ".join(ahead)}). '
                          f'Install that version again, or restore a backup made with this one.')


def migrate(settings: Settings) -> list[str]:
    """Create the site if there is none, and bring its tables up to date; returns the names of the steps taken.

    One process at a time: two that race would both create the same tables. Never called inside a transaction,
    where switching foreign keys off does nothing and rebuilding a table would delete the rows that refer to it.
    """
    settings.create_folder()
    with processes.exclusive(settings.data / 'run' / 'migrate.lock'):
        bind(settings, WORK_PATIENCE)
        with db.connection_context():
            runner = Runner(db, os.fspath(MIGRATIONS))
            if any(step.path is None for step in runner.status()):
                check_schema(settings)
            return list(runner.up())


def is_out_of_reach(error: BaseException) -> bool:
    """Whether this error means: the database cannot be written just now (locked, or the disk is full), try later."""
    text = str(error)
    return isinstance(error, OperationalError) and any(
        sign in text for sign in ('locked', 'busy', 'disk is full', 'disk I/O error'))


# A lack that passes: no room on the disk, no memory, no file descriptors, a disk that does not answer.
LACKS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EAGAIN})


def is_transient(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, says that the machine lacks something just now: then the same work
    may go well later, and has not failed for good."""
    while error is not None:
        if is_out_of_reach(error) or isinstance(error, MemoryError) or (
                isinstance(error, OSError) and error.errno in LACKS) or (
                isinstance(error, OperationalError) and any(
                    sign in str(error) for sign in ('unable to open database file', 'out of memory'))):
            return True
        error = error.__cause__ or error.__context__
    return False


def _sqlite() -> Any:
    return peewee.sqlite3  # type: ignore[attr-defined]  # the very module that peewee uses: never two in one process


def sqlite_warning() -> str | None:
    """A sentence about a SQLite that is known to be risky, or None."""
    if _sqlite().sqlite_version_info >= SAFE_SQLITE:
        return None
    safe = '.'.join(map(str, SAFE_SQLITE))
    return (f"This Python uses SQLite {_sqlite().sqlite_version}; before {safe} a rare fault can damage a database "
            f"that several processes write. Keep backups, and upgrade Python or the system's SQLite when you can.")
