"""A connection that stays open, to notice commits of others and files that have vanished."""

import threading
import time
from contextlib import suppress
from typing import Any

from peewee import OperationalError

from . import presence
from .db import db
from .settings import Settings, current
from .sqlite.connection import connect, sqlite3
from .sqlite.database import CHECK_FILES_EVERY
from .sqlite.files import DatabaseFiles, Identity, Missing, identity


class CommitWatch:
    """A connection that never writes, and so can tell whether any other one has.

    It also keeps the database open in a process that opens and closes other connections all the time. Otherwise each of
    them, being the last to close, would write the whole WAL back and delete it, and the next one would need disk space
    only to read. Never make one before a fork: a connection must not be carried into a child.
    """
    _latest: 'CommitWatch | None' = None

    def __init__(self, settings: Settings):
        self._database = settings.paths.database
        self._connection: Any = None
        self._opened: tuple[Identity, ...] = ()
        self._times = 0
        self._checked_at = 0.0
        self._lock = threading.Lock()
        self.data_version()

    @classmethod
    def of(cls, settings: Settings) -> 'CommitWatch':
        """Return this process's one for this site; one for another site is closed."""
        if cls._latest is None or cls._latest._database != settings.paths.database:
            if cls._latest:
                cls._latest.close()
            cls._latest = cls(settings)
        return cls._latest

    def data_version(self) -> tuple[int, int]:
        """Return a value that changes with every commit of any other connection; takes microseconds."""
        return self._times, self.ask('PRAGMA data_version')

    def ask(self, sql: str, *params: Any) -> Any:
        """Return the first value that a query finds. Raises OperationalError."""
        with self._lock:
            try:
                self._check_files_if_due()
                return self._connection.execute(sql, params).fetchone()[0]
            except sqlite3.DatabaseError as error:
                raise OperationalError(*error.args) from error

    def check_files(self) -> None:
        """Let go of a database that has vanished or was replaced, and open what is there instead once that is safe."""
        self._checked_at = 0.0
        with suppress(OperationalError):
            self.data_version()

    def _check_files_if_due(self) -> None:
        """Check the database file each time, and those beside it now and then."""
        is_recent = self._connection is not None and time.monotonic() - self._checked_at < CHECK_FILES_EVERY
        if not (is_recent and identity(self._database) == self._opened[0]):
            self._checked_at = time.monotonic()
            self._ensure_current_files()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._files().anchor = None, None

    def _files(self) -> DatabaseFiles:
        return db.files if db.files and db.files.path == self._database else DatabaseFiles(self._database)

    def _ensure_current_files(self) -> None:
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
        self._opened = files.anchor = files.note_opened()
        self._times += 1


def check_files() -> None:
    """Notice what of this process's site has vanished or is back; for long-running processes, once a second."""
    presence.check()
    with suppress(OperationalError):
        CommitWatch.of(current()).check_files()
