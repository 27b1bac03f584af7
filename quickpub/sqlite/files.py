"""The files of the database, and whether a connection still writes into those that are there.

What is written to a file that was deleted or replaced would be lost with it, so every connection is held to the files
it was opened with.
"""

import os
import pwd
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..jobs.errors import OutOfReach

SETTLED_AFTER = 5.0  # seconds in which every process has noticed a replaced database, and has closed the old one
SUFFIXES = ('', '-wal', '-shm')  # of the files of one database

Identity = tuple[int, int] | None  # device and inode; None where there is nothing
WRONG_SITE = 'is not the one of this site. Put that one back'


class Missing(OutOfReach):
    """The database is not where it was. The message says what is missing."""


def identity(path: str | Path) -> Identity:
    """Return which file or folder has this name now."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def access_problem(path: Path, is_folder: bool, mode: int, owner: int | None = None) -> str | None:
    """Return why this file or folder cannot be used, or None. Its owner must be allowed what `mode` says; `owner` is
    the user id that it must belong to."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return 'is gone'
    except OSError as error:
        return f'cannot be reached: {error.strerror}'
    if stat.S_ISDIR(found.st_mode) != is_folder:
        return f'is not a {"folder" if is_folder else "file"} any more'
    if owner is not None and found.st_uid != owner:
        return f'belongs to {user_name(found.st_uid)} now, not to {user_name(owner)}'
    if found.st_mode & mode != mode:
        return f'has the wrong permissions ({stat.S_IMODE(found.st_mode):04o})'
    needed = (os.R_OK if mode & 0o400 else 0) | (os.W_OK if mode & 0o200 else 0) | (os.X_OK if mode & 0o100 else 0)
    if not os.access(path, needed):
        return f'cannot be {"written" if os.access(path, os.R_OK) else "read"} by {user_name(os.geteuid())}'
    return None


def user_name(number: int) -> str:
    """Return the name of the user with this id."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f'user {number}'


class KnownFile:
    """The file or folder that a name stood for, and whether another one may take its place: only after the old one was
    seen to be gone or SETTLED_AFTER has passed, and only if `is_ours` says that it belongs to this site."""

    def __init__(self, path: Path, is_ours: Callable[[Path], bool]):
        self._path, self._is_ours = path, is_ours
        self._identity = self._first = identity(path)
        self.owner = path.stat().st_uid if self._identity else None
        self._was_gone = False
        self._replaced_at = 0.0  # monotonic

    def is_same(self) -> bool:
        """Return whether it is still there."""
        return self._identity is not None and identity(self._path) == self._identity

    def check(self) -> str | None:
        """Return what is wrong with the file that is there now. If nothing is, it becomes the known one."""
        found = identity(self._path)
        self._was_gone = found is None or self._was_gone
        if found is None:
            return 'is gone'
        if self._identity is not None and found not in (self._identity, self._first):
            self._replaced_at = self._replaced_at or time.monotonic()
            if not self._was_gone and time.monotonic() < self._replaced_at + SETTLED_AFTER:
                return 'was replaced by another one while the site ran'
        # After a loss, equal numbers prove nothing: a new file may have got the number of the old one.
        is_other = self._was_gone or (self._identity is not None and found != self._identity)
        if is_other and not self._is_ours(self._path):
            return WRONG_SITE
        self._identity, self._was_gone, self._replaced_at = found, False, 0.0
        return None


class DatabaseFiles:
    """The database file and the two that SQLite keeps beside it."""

    def __init__(self, path: Path, is_ours: Callable[[Path], bool] = lambda path: True):
        self.path = path
        self.problem: str | None = None
        self.anchor: tuple[Identity, ...] | None = None  # the files of a connection that stays open all the time
        self._names = [f'{path}{suffix}' for suffix in SUFFIXES]
        self._known = KnownFile(path, is_ours)
        self._latest: tuple[Identity, ...] | None = None
        self._reopen_at = 0.0  # monotonic
        self._lock = threading.RLock()

    def reset_after_fork(self) -> None:
        """Take a new lock: a thread of the parent may hold the old one for ever."""
        self._lock = threading.RLock()

    def expect(self, is_ours: Callable[[Path], bool]) -> None:
        """Accept only a file that fulfils this when the database comes back."""
        self._known = KnownFile(self.path, is_ours)

    def now(self) -> tuple[Identity, ...]:
        """Return which files there are; takes a few microseconds."""
        return tuple(map(identity, self._names))

    def check(self, opened: tuple[Identity, ...]) -> tuple[Identity, ...]:
        """Return the files of a connection that was opened with these, those included that it has made since. Raises
        Missing unless they are the ones that are there now."""
        found = self.now()
        if found == opened:
            return opened
        if all(was in (None, now) for was, now in zip(opened, found, strict=True)):
            if self._latest == opened:
                self._latest = found
            return found
        with self._lock:
            if opened in (self._latest, self.anchor):
                self._note_change(opened)
            raise Missing(self.problem or f'{self.path.name} was opened anew meanwhile')

    def _note_change(self, opened: tuple[Identity, ...]) -> None:
        found = self.now()
        if found[0] == opened[0] and found != opened and not self._reopen_at:
            self._reopen_at = time.monotonic() + SETTLED_AFTER
        self.update_problem()

    def check_before_opening(self) -> None:
        """Raise Missing where a connection must not be opened now."""
        if self.problem is None and self._known.is_same() and self.anchor in (None, self.now()):
            return
        with self._lock:
            if self.anchor is not None:
                self._note_change(self.anchor)
            self.update_problem()
            if self.problem:
                raise Missing(self.problem)

    def note_opened(self) -> tuple[Identity, ...]:
        """Note that a connection was just opened; return its files."""
        self._latest = self.now()
        return self._latest

    def update_problem(self) -> str | None:
        """Look at the files; return what is wrong with them, or None."""
        with self._lock:
            replaced = self._known.check()
            if replaced:  # every connection is opened anew then, which must not count as another loss
                self._latest = None
            problem = access_problem(self.path, is_folder=False, mode=0o600, owner=self._known.owner) or replaced
            self.problem = f'{self.path.name} {problem}' if problem else self._problem_beside()
            return self.problem

    def _problem_beside(self) -> str | None:
        if time.monotonic() < self._reopen_at:
            return f'{self.path.name}-wal or {self.path.name}-shm was taken away'
        self._reopen_at = 0.0
        return None
