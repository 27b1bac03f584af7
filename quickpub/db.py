"""The database: one deferred peewee database per process, its pragmas, and the schema it must have."""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import peewee
from peewee import SQL, Model, OperationalError, SqliteDatabase
from playhouse.migrations import Runner

from . import presence, processes, schema
from . import settings as settings_module
from .gates import TooMuch
from .jobs import tables
from .jobs.clock import now as now
from .jobs.errors import is_out_of_reach as is_out_of_reach
from .jobs.errors import is_transient as is_transient
from .jobs.liveness import wait
from .presence import DatabaseFiles, Identity, Missing, Presence, identity
from .settings import Settings

log = logging.getLogger('quickpub.db')

MIGRATIONS = Path(__file__).parent / 'migrations'
WEB_PATIENCE = 2  # seconds a page waits for the write lock before it answers 503
WORK_PATIENCE = 10  # the same for background work and commands, which nobody watches
PARAMETERS = 30_000  # of one statement; SQLite takes no more than 32,766
SEEN_FOR = 0.05  # seconds between looks whether the file is still there, where being late does no harm
LOOK_EVERY, SOON = 0.001, 0.05  # seconds between looks for the lock, and until they are twenty times as far apart
BORN = 'SELECT applied FROM schema_migration ORDER BY id LIMIT 1'  # to the millionth of a second: tells sites apart
WAL_TRIES_FOR = 0.5  # seconds of looking for a moment in which nobody uses the WAL
WAL_PATIENCE = 10  # seconds for a running site to notice that its WAL is gone
WAL_LIMIT = 8 * 1024 * 1024  # bytes: to this it shrinks when a large one begins anew

STEPS = 1_000  # of SQLite's program between two looks at the time that a question has taken

# Up to 3.51.2 a rare race while the WAL is reset can corrupt the file (sqlite.org, release 3.51.3).
SAFE_SQLITE = (3, 51, 3)


class Mine(threading.local):
    """What a thread knows of its connection."""
    turn = False  # whether the transaction that goes on is its own
    files: tuple[Identity, ...] | None = None  # that it was opened with
    is_lost = False  # whether it was closed because they are gone, while somebody still uses it
    checked_at = 0.0  # monotonic


class Database(SqliteDatabase):
    """SQLite whose transactions wait well: for those of other threads at a lock, which wakes the next one at once, and
    for those of other processes by looking every millisecond. SQLite's own waits grow to a tenth of a second: while
    one process writes a lot, another would starve. And which never makes a file, nor writes to one that has vanished
    (presence.py): a connection to it is closed, and opened again when the file is back."""
    files: DatabaseFiles | None = None

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._new_turn()
        os.register_at_fork(after_in_child=self._new_turn)  # whoever has it in the parent

    def _new_turn(self) -> None:
        self._turn, self._mine = threading.Lock(), Mine()

    def connect(self, reuse_if_open: bool = False) -> Any:
        if self.files and self.is_closed():
            self.files.check_before_opening()
        return super().connect(reuse_if_open)

    def _connect(self) -> Any:
        connection = connect(self.database, 'rw', timeout=self.timeout, isolation_level=None)
        try:
            # This reads the file: from then on it is open, and so are the files beside it.
            self._add_conn_hooks(connection)  # type: ignore[attr-defined]  # peewee's stubs leave it out
        except BaseException:
            connection.close()
            raise
        self._mine.files, self._mine.is_lost = self.files.opened() if self.files else None, False
        return connection

    def close(self) -> Any:
        self._mine.is_lost = False
        return super().close()

    def _stay_current(self) -> None:
        """Open the connection anew where its file is not the one that is there now. Raises Missing."""
        opened = self._mine.files
        self._mine.checked_at = time.monotonic()
        if self.files is None or opened is None:
            return
        if self.is_closed():
            if self._mine.is_lost:
                self._reconnect()
            return
        try:
            self._mine.files = self.files.check(opened)
            return
        except Missing:
            if self.in_transaction():
                raise
        self._reconnect()

    def _reconnect(self) -> None:
        state: Any = self._state  # type: ignore[attr-defined]  # peewee's stubs leave it out
        contexts = state.ctx  # who is inside of a connection_context stays there
        try:
            self.close()
            self._mine.is_lost = True
            self.connect()
        finally:
            state.ctx = contexts

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        # Reading from a file that has just vanished does no harm, and a transaction is held back at its end.
        can_wait = sql.startswith('SELECT') or self.in_transaction()
        if not can_wait or time.monotonic() - self._mine.checked_at > SEEN_FOR or self.is_closed():
            self._stay_current()
        return super().execute_sql(sql, params)

    def begin(self, lock_type: str | None = None) -> None:
        """Begin a transaction within `timeout` seconds. Raises OperationalError."""
        self._stay_current()
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
                wait(LOOK_EVERY if time.monotonic() - began < SOON else 20 * LOOK_EVERY)
        finally:
            connection.execute(f'PRAGMA busy_timeout = {int(1000 * self.timeout)}')

    def _end_turn(self) -> None:
        if self._mine.turn:
            self._mine.turn = False
            self._turn.release()

    def commit(self) -> Any:
        self._stay_current()
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
           'journal_size_limit': WAL_LIMIT, 'secure_delete': 1}  # what is deleted is overwritten
tables.bind(db)


class SchemaError(Exception):
    """There is no site here, or its tables are not the ones that this version needs. The message says what to do."""


class BaseModel(Model):
    if TYPE_CHECKING:
        id: Any  # peewee adds it

    class Meta:
        database = db
        legacy_table_names = False


def rows(query: Any) -> list[tuple[Any, ...]]:
    """What a query finds as plain tuples: where there are many, a model for each takes most of the time."""
    return list(query.tuples())


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


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End this thread's statements inside the block when they have taken so many seconds of processor time. (By the
    clock, honest questions would fail on a busy machine.) Raises TooMuch."""
    until, is_over = time.thread_time() + seconds, False

    def look() -> bool:
        nonlocal is_over
        is_over = time.thread_time() > until
        return is_over

    connection = db.connection()
    connection.set_progress_handler(look, STEPS)
    try:
        yield
    except (peewee.DatabaseError, _sqlite().DatabaseError) as error:  # the second where a row is read
        if not is_over:  # the error itself may have any words: full-text search has statements of its own
            raise
        raise TooMuch('This question takes too long to answer.') from error
    finally:
        connection.set_progress_handler(None, STEPS)


def literal(word: str) -> SQL:
    """A word of our own to compare with, as text in the statement: SQLite uses a partial index only for a condition
    that it can read there. Raises ValueError for anything but letters."""
    if not (word.isascii() and word.isalpha()):
        raise ValueError(f'{word!r} cannot be a part of a statement.')
    return SQL(f"'{word}'")


def give_way() -> None:
    """Let others write in between, who look for the lock once a millisecond; for work that writes a lot."""
    wait(3 * LOOK_EVERY)


def open_site(settings: Settings, patience: int = WORK_PATIENCE) -> None:
    """Use this site in this process: its settings and its database. Nothing is created, no connection is opened.

    `patience` is how many seconds a write waits for another process's transaction. Raises SchemaError where
    there is no site, or one of another version.
    """
    if settings.has_lost_database():
        raise SchemaError(lost_database(settings))
    if not settings.database.exists():
        raise SchemaError(f'There is no site in {settings.data}. Start it with `quickpub serve` or '
                          f'`quickpub migrate`, or set QUICKPUB_DATA to the folder that holds yours.')
    _wait_for_wal(settings)
    bind(settings, patience)
    with db.connection_context():
        check_schema(settings)
        assert db.files is not None
        db.files.expect(partial(_is_site_born, db.execute_sql(BORN).fetchone()))
    presence.use(Presence(settings, db.files))  # which also refuses a bad secret now, not with the first mail


def lost_database(settings: Settings) -> str:
    """Return what to say where a site has lost its database."""
    what = 'empty' if settings.database.exists() else 'gone'
    return (f'quickpub.db is {what} in {settings.data}, although there is a site. Put it back, from a backup if need '
            'be; a site that runs goes on by itself then. (For a new site, set QUICKPUB_DATA to another folder.)')


def _wait_for_wal(settings: Settings) -> None:
    """Where the WAL was deleted under a running site, wait until that has saved it and opened a new one: before that,
    a stranger's look at the database would damage it."""
    wal, index = (settings.database.with_name(f'quickpub.db-{part}') for part in ('wal', 'shm'))
    until = time.monotonic() + WAL_PATIENCE
    while index.exists() and not wal.exists() and time.monotonic() < until:
        wait(0.1)


def connect(path: str | Path, mode: str, **options: Any) -> Any:
    """A plain connection to the file at this path, which must exist. `mode`: ro or rw."""
    return _sqlite().connect(f'file:{quote(os.fspath(path))}?mode={mode}', uri=True, **options)


def _is_site_born(born: Any, path: Path) -> bool:
    """Whether the database at this path is a whole copy of the site that was made then."""
    try:
        with closing(connect(path, 'ro', timeout=1)) as copy:
            return copy.execute(BORN).fetchone() == born and copy.execute('PRAGMA quick_check(1)').fetchone() == ('ok',)
    except _sqlite().DatabaseError:
        return False


class Watch:
    """A connection of its own that never writes, and so can tell whether anybody else has.

    It also keeps the database open in a process that opens and closes other connections all the time. Otherwise each
    of them, being the last to close, would write the whole WAL back and delete it, and the next one would need disk
    space only to read. Never made before a fork: a connection must not be carried into a child.
    """
    _latest: 'Watch | None' = None

    def __init__(self, settings: Settings):
        self._database = settings.database
        self._connection: Any = None
        self._opened: tuple[Identity, ...] = ()
        self._times = 0
        self._checked_at = 0.0
        self._lock = threading.Lock()
        self.data_version()

    @classmethod
    def of(cls, settings: Settings) -> 'Watch':
        """This process's one for this site; one for another site is closed."""
        if cls._latest is None or cls._latest._database != settings.database:
            if cls._latest:
                cls._latest.close()
            cls._latest = cls(settings)
        return cls._latest

    def data_version(self) -> tuple[int, int]:
        """Return a value that changes with every commit of any other connection; takes microseconds."""
        return self._times, self.ask('PRAGMA data_version')

    def ask(self, sql: str, *params: Any) -> Any:
        """The first value that a query finds. Raises OperationalError."""
        with self._lock:
            try:
                self._look_if_due()
                return self._connection.execute(sql, params).fetchone()[0]
            except _sqlite().DatabaseError as error:
                raise OperationalError(*error.args) from error

    def look(self) -> None:
        """Let go of a file that has vanished, or was replaced, and open what is there instead once that may be."""
        self._checked_at = 0.0
        with suppress(OperationalError):
            self.data_version()

    def _look_if_due(self) -> None:
        """At the file itself each time; at what is beside it now and then."""
        is_seen = self._connection is not None and time.monotonic() - self._checked_at < SEEN_FOR
        if not (is_seen and identity(self._database) == self._opened[0]):
            self._checked_at = time.monotonic()
            self._stay_current()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._files().anchor = None, None

    def _files(self) -> DatabaseFiles:
        return db.files if db.files and db.files.path == self._database else DatabaseFiles(self._database)

    def _stay_current(self) -> None:
        files = self._files()
        if self._connection is not None:
            try:
                self._opened = files.check(self._opened)
                files.anchor = self._opened
                return
            except Missing:
                found = files.now()
                # A WAL that was deleted is still open here, and nowhere else is what it holds.
                if found[0] == self._opened[0] and found[1] is None:
                    self._connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
                self.close()
                raise
        files.check_before_opening()
        self._connection = connect(self._database, 'rw', check_same_thread=False)
        self._connection.execute('PRAGMA journal_mode = wal')  # a copy that was put back may have another one
        self._connection.execute('SELECT 1 FROM sqlite_master').fetchone()  # opens what is beside the file
        self._opened = files.anchor = files.opened()
        self._times += 1


def look_after_files() -> None:
    """Notice, once a second, what of the site has vanished or is back; whoever runs a site for long calls this."""
    presence.look()
    with suppress(OperationalError):
        Watch.of(settings_module.current()).look()


def bind(settings: Settings, patience: int) -> None:
    """Point the process at the site without looking at its tables."""
    if not db.is_closed():
        db.close()
    settings_module.use(settings)
    db.init(os.fspath(settings.database), pragmas=PRAGMAS, timeout=patience)
    before, db.files = db.files, DatabaseFiles(settings.database)
    if before and before.path == settings.database:
        db.files.anchor = before.anchor


def check_schema(settings: Settings) -> None:
    """Raise SchemaError, saying what to do, unless the tables are exactly those of this version."""
    status = Runner(db, os.fspath(MIGRATIONS)).status()
    if behind := [step.name for step in status if step.applied is None]:
        raise SchemaError(f'The site in {settings.data} was made by an older version ({", ".join(behind)} is missing). '
                          f'Run `quickpub migrate`, then start again.')
    if ahead := [step.name for step in status if step.path is None]:
        raise SchemaError(f'The site in {settings.data} was made by a newer version (it has {", ".join(ahead)}). '
                          f'Install that version again, or restore a backup made with this one.')
    if differences := schema.differences(rows_of('SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL')):
        raise SchemaError(f'The tables in {settings.database} are not those of this version: '
                          f'{"; ".join(differences[:3])}{" …" if len(differences) > 3 else ""}. Somebody, or another '
                          'version, has changed them. Install the version that made them, or restore a backup.')


def rows_of(sql: str) -> list[tuple[Any, ...]]:
    """All rows of a statement without parameters. Raises DatabaseError, also where reading on fails."""
    try:
        return db.execute_sql(sql).fetchall()
    except _sqlite().DatabaseError as error:
        raise peewee.DatabaseError(*error.args) from error


def migrate(settings: Settings) -> list[str]:
    """Create the site if there is none, and bring its tables up to date; returns the names of the steps taken.

    One process at a time: two that race would both create the same tables. Never called inside a transaction,
    where switching foreign keys off does nothing and rebuilding a table would delete the rows that refer to it.
    """
    if settings.has_lost_database():
        raise SchemaError(lost_database(settings))
    for name in settings.create_folder():
        log.warning('%s was gone and is made again, empty', settings.data / name)
    with processes.exclusive(settings.data / 'run' / 'migrate.lock'):
        bind(settings, WORK_PATIENCE)
        with db.connection_context():
            runner = Runner(db, os.fspath(MIGRATIONS))
            if any(step.path is None for step in runner.status()):
                check_schema(settings)
            steps = list(runner.up())
            check_schema(settings)
            if not db.execute_sql('SELECT 1 FROM user LIMIT 1').fetchone():
                settings.create_secret()
    _ = settings.secret
    return steps


def empty_wal() -> bool:
    """Write the WAL into the database and cut it to nothing, so that it holds no older pages. Return False where
    somebody was reading or writing all the time; nobody is made to wait."""
    until = time.monotonic() + WAL_TRIES_FOR
    db.execute_sql('PRAGMA busy_timeout = 0')
    try:
        while _is_wal_busy():
            if time.monotonic() >= until:
                return False
            wait(20 * LOOK_EVERY)
    finally:
        db.execute_sql(f'PRAGMA busy_timeout = {int(1000 * db.timeout)}')
    return True


def _is_wal_busy() -> bool:
    try:
        return bool(db.execute_sql('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()[0])
    except OperationalError as error:  # a statement of this very connection is not at its end
        if 'locked' not in str(error):
            raise
        return True


def _sqlite() -> Any:
    return peewee.sqlite3  # type: ignore[attr-defined]  # the very module that peewee uses: never two in one process


def sqlite_warning() -> str | None:
    """A sentence about a SQLite that is known to be risky, or None."""
    if _sqlite().sqlite_version_info >= SAFE_SQLITE:
        return None
    safe = '.'.join(map(str, SAFE_SQLITE))
    return (f'This Python uses SQLite {_sqlite().sqlite_version}; before {safe} a rare fault can damage a database '
            'that several processes write. That is no reason to stop: keep backups; a weekly check looks for damage. '
            f'{_cure()}')


def _cure() -> str:
    """How this Python gets a newer SQLite: it depends on where it has its own from."""
    if os.path.realpath(sys.executable).startswith('/usr/bin/'):
        return ("A cure: it is the system's own (Debian's package libsqlite3-0), so a newer release of the system "
                f'brings a newer one; or make the virtual environment anew with {OTHER_PYTHON}')
    return f'A cure: make the virtual environment anew with {OTHER_PYTHON}'


OTHER_PYTHON = ('a Python that brings a newer SQLite of its own, such as a recent one from uv or conda-forge (`python '
                '-c "import sqlite3; print(sqlite3.sqlite_version)"` tells). pip cannot change it.')
