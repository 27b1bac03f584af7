"""A SQLite database whose transactions wait fairly for each other, and whose connections notice a vanished file."""

import os
import threading
import time
from typing import Any

from peewee import OperationalError, SqliteDatabase

from ..jobs.liveness import wait
from . import connection
from .files import DatabaseFiles, Identity, Missing

LOOK_EVERY, SOON = 0.001, 0.05  # seconds between looks for the lock, and until they are twenty times as far apart
CHECK_FILES_EVERY = 0.05  # seconds, where noticing late that the file is gone does no harm


class ThreadState(threading.local):
    """The state of one thread's connection."""
    has_turn = False  # whether the open transaction is this thread's
    files: tuple[Identity, ...] | None = None  # with which it was opened
    is_lost = False  # whether it was closed, while in use, because its files were gone
    checked_at = 0.0  # monotonic


class Database(SqliteDatabase):
    """Wait for transactions of other threads at a lock, which wakes the next one at once, and for those of other
    processes by looking every millisecond: SQLite's own pauses grow to a tenth of a second, so that a process that
    writes a lot would starve the others.

    Never make the file, and never write to one that has vanished: its connection is closed, and opened again when the
    file is back.
    """
    files: DatabaseFiles | None = None

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._reset_after_fork()
        os.register_at_fork(after_in_child=self._reset_after_fork)  # a thread of the parent may hold the lock

    def _reset_after_fork(self) -> None:
        self._turn, self._thread = threading.Lock(), ThreadState()

    def connect(self, reuse_if_open: bool = False) -> Any:
        if self.files and self.is_closed():
            self.files.check_before_opening()
        return super().connect(reuse_if_open)

    def _connect(self) -> Any:
        opened = connection.connect(self.database, 'rw', timeout=self.timeout, isolation_level=None)
        try:
            # This reads the file: from then on it is open, and so are the files beside it.
            self._add_conn_hooks(opened)  # type: ignore[attr-defined]  # peewee's stubs leave it out
        except BaseException:
            opened.close()
            raise
        self._thread.files, self._thread.is_lost = self.files.note_opened() if self.files else None, False
        return opened

    def close(self) -> Any:
        self._thread.is_lost = False
        return super().close()

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        # Reading from a file that has just vanished does no harm, and a transaction is held back at its end.
        can_wait = sql.startswith('SELECT') or self.in_transaction()
        if not can_wait or time.monotonic() - self._thread.checked_at > CHECK_FILES_EVERY or self.is_closed():
            self._ensure_current_files()
        return super().execute_sql(sql, params)

    def _ensure_current_files(self) -> None:
        """Reconnect where the connection's file is not the one that is there now. Raises Missing."""
        opened = self._thread.files
        self._thread.checked_at = time.monotonic()
        if self.files is None or opened is None:
            return
        if self.is_closed():
            if self._thread.is_lost:
                self._reconnect()
            return
        try:
            self._thread.files = self.files.check(opened)
            return
        except Missing:
            if self.in_transaction():
                raise
        self._reconnect()

    def _reconnect(self) -> None:
        state: Any = self._state  # type: ignore[attr-defined]  # peewee's stubs leave it out
        contexts = state.ctx  # an open connection_context stays open
        try:
            self.close()
            self._thread.is_lost = True
            self.connect()
        finally:
            state.ctx = contexts

    def begin(self, lock_type: str | None = None) -> None:
        """Begin a transaction within `timeout` seconds. Raises OperationalError."""
        self._ensure_current_files()
        began = time.monotonic()
        if not self._turn.acquire(timeout=self.timeout):
            raise OperationalError('database is locked')
        self._thread.has_turn = True
        try:
            self._begin(lock_type, began)
        except BaseException:
            self._end_turn()
            raise

    def _begin(self, lock_type: str | None, began: float) -> None:
        opened = self.connection()
        opened.execute('PRAGMA busy_timeout = 0')
        try:
            while True:
                try:
                    return super().begin(lock_type)
                except OperationalError as error:
                    if 'locked' not in str(error) or time.monotonic() - began >= self.timeout:
                        raise
                # Looking often for long would slow down everybody, the transaction that is waited for included.
                wait(LOOK_EVERY if time.monotonic() - began < SOON else 20 * LOOK_EVERY)
        finally:
            opened.execute(f'PRAGMA busy_timeout = {int(1000 * self.timeout)}')

    def _end_turn(self) -> None:
        if self._thread.has_turn:
            self._thread.has_turn = False
            self._turn.release()

    def commit(self) -> Any:
        self._ensure_current_files()
        result = super().commit()  # where it fails, a rollback follows
        self._end_turn()
        return result

    def rollback(self) -> Any:
        try:
            # SQLite itself rolls back a commit that meets a full disk; rolling back once more would raise another
            # error, and hide the one that matters.
            return super().rollback() if self.connection().in_transaction else None
        finally:
            self._end_turn()
