"""Recorded views on their way to the database: a file for each web process, appended to, a line for each view.

What was written survives the process; only a power cut may cost the last seconds. A file is locked while its process
goes on with it: one that is not is complete, and is removed when it has been counted.
"""

import errno
import os
import threading
from pathlib import Path

from . import processes
from .settings import current

FULL = 4 * 1024 * 1024  # bytes after which a new file is begun, so that none grows, or is kept, for ever
CHUNK = 256 * 1024  # bytes that are counted in one transaction


class Spool:
    """This process's file."""

    def __init__(self) -> None:
        self._fd = -1
        self._size = 0
        self._is_torn = False
        self._lock = threading.Lock()

    def append(self, line: bytes) -> None:
        """Record one view. Raises OSError on a full disk; half a line that it left is ended before the next one."""
        with self._lock:
            if self._fd < 0:
                self._fd, self._size = processes.lock_file(folder() / f'{processes.new_name()}.views'), 0
            if self._is_torn:
                line = b'\n' + line
            written = os.write(self._fd, line)
            self._is_torn = written < len(line)
            if self._is_torn:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._size += written
            if self._size >= FULL:
                self._end()

    def close(self) -> None:
        with self._lock:
            self._end()

    def end_in_child(self) -> None:
        """After a fork: the file is the parent's, and so is whatever its threads were doing with the lock."""
        self._lock = threading.Lock()
        self._end()

    def _end(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


mine = Spool()
os.register_at_fork(after_in_child=mine.end_in_child)


def folder() -> Path:
    return current().data / 'spool'


def files() -> list[tuple[Path, bool]]:
    """Every file, and whether it is complete. Asked before it is read: nothing is appended after a "yes"."""
    return [(path, not processes.is_locked(path)) for path in sorted(folder().glob('*.views'))]


def size(path: Path) -> int:
    """In bytes; 0 where somebody has counted it to its end, and removed it, just now."""
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
    """Whole lines from `offset` on, a chunk of them at most, and where they end. A full disk can leave half a line."""
    try:
        with open(path, 'rb') as file:
            file.seek(offset)
            data = file.read(CHUNK)
    except FileNotFoundError:
        return [], offset
    whole = data[:data.rfind(b'\n') + 1]
    return whole.splitlines(), offset + len(whole)
