"""Recorded views on their way to the database: a file for each web process, appended to, a line for each view.

What was written survives the process; only a power cut may cost the last seconds. A file is locked while its process
goes on with it: one that is not is complete, and is removed when it has been counted.

Where the folder is deleted, views are kept in a file without a name until it is back; where it is only renamed, in the
same file as before.
"""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from peewee import OperationalError

from .. import processes
from ..db import db
from ..models import SpoolOffset
from ..settings import current

FULL = 4 * 1024 * 1024  # bytes after which a new file is begun, so that none grows, or is kept, for ever
CHUNK = 256 * 1024  # bytes that are counted in one transaction
LOOK_EVERY = 1.0  # seconds after which a view finds out whether its file has been deleted


class Spool:
    """This process's file."""

    def __init__(self) -> None:
        self._fd = -1
        self._path: Path | None = None  # None: a file without a name
        self._size = 0
        self._is_torn = False
        self._look_at = 0.0  # monotonic time
        self._lock = threading.Lock()

    def append(self, lines: bytes) -> int:
        """Record these lines, a view each, in one write. Return how many of them were recorded: fewer where the disk
        becomes full. Raises OSError if none can be.

        Half a line that a full disk left is ended before the next one.
        """
        with self._lock:
            if self._fd < 0 or time.monotonic() >= self._look_at:
                self._stay()
                self._look_at = time.monotonic() + LOOK_EVERY
            data = b'\n' + lines if self._is_torn else lines
            written = os.write(self._fd, data)
            recorded = data.count(b'\n', 0, written) - self._is_torn
            self._is_torn = not data.endswith(b'\n', 0, written)
            self._size += written
            if self._size >= FULL and not self._is_torn and os.fstat(self._fd).st_nlink:
                self._end()
        return recorded

    def look(self) -> None:
        """Move the views of a deleted file to a new one, without waiting for the next view."""
        with self._lock, suppress(OSError):
            if self._fd >= 0:
                self._stay()

    def _stay(self) -> None:
        """Keep the file in use while it has a name, or else open a new one once there is a folder."""
        if self._fd >= 0 and os.fstat(self._fd).st_nlink:
            return
        path = folder() / f'{processes.new_name()}.views'
        try:
            rest = self._uncounted() if self._fd >= 0 else b''
            fd = processes.lock_file(path)
        except (FileNotFoundError, NotADirectoryError, OperationalError):
            if self._fd < 0:
                with TemporaryFile() as file:
                    self._fd, self._path, self._size = os.dup(file.fileno()), None, 0
            return
        os.write(fd, rest)
        self._end()
        self._fd, self._path, self._size = fd, path, len(rest)

    def _uncounted(self) -> bytes:
        """Return what of a file without a name is not counted. A process that is counting it holds the write lock."""
        counted = 0
        if self._path:
            is_ours = db.connect(reuse_if_open=True)
            try:
                with db.atomic():
                    found = SpoolOffset.get_or_none(SpoolOffset.file == self._path.name)
                counted = found.bytes if found else 0
            finally:
                if is_ours:
                    db.close()
        return os.pread(self._fd, os.fstat(self._fd).st_size, counted)

    def close(self) -> None:
        with self._lock:
            self._end()

    def end_in_child(self) -> None:
        """Start anew after a fork: the file and the state of the lock are the parent's."""
        self._lock = threading.Lock()
        self._end()

    def _end(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


mine = Spool()
os.register_at_fork(after_in_child=mine.end_in_child)


def folder() -> Path:
    return current().paths.spool


def files() -> list[tuple[Path, bool]]:
    """Return every file, and whether it is complete: then nothing more is appended."""
    return [(path, not processes.is_locked(path)) for path in sorted(folder().glob('*.views'))]


def size(path: Path) -> int:
    """Return the size in bytes; 0 if another process has counted and removed the file just now."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def blank(path: Path, end: int) -> None:
    """Overwrite what has been counted, up to `end`: it is never read again, and its file may go on for weeks."""
    try:
        with open(path, 'r+b') as file:
            file.write(b'\n' * end)
    except FileNotFoundError:  # counted to its end, and removed, just now
        return


def lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    """Return whole lines from `offset` on, at most a chunk, and where they end. A full disk can leave half a line."""
    try:
        with open(path, 'rb') as file:
            file.seek(offset)
            data = file.read(CHUNK)
    except FileNotFoundError:
        return [], offset
    whole = data[:data.rfind(b'\n') + 1]
    return whole.splitlines(), offset + len(whole)
