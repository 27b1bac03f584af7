"""Whether what a site consists of is still on the disk while it runs: its folders, its secret, its database.

Nothing that vanishes is made again behind anybody's back: that would hide the loss. It is said once, in the log and in
/healthz, and work goes on when it is back. What comes back may be a copy; what was exchanged while the site ran is used
some seconds later, when every process has let go of the old one, and never where it is another site's.
"""

import fcntl
import logging
import os
import pwd
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .jobs.errors import OutOfReach
from .settings import FOLDERS, Settings

log = logging.getLogger('quickpub.presence')

LOOK_EVERY = 1.0  # seconds
SETTLED_AFTER = 5.0  # seconds in which every process has noticed, and has closed a database that was exchanged
PARTS = ('', '-wal', '-shm')  # the files of a database
OTHER = 'is not the one of this site. Put that one back'

Identity = tuple[int, int] | None  # device and inode; None where there is nothing


class Missing(OutOfReach):
    """The database is not where it was. The message says what is missing."""


def identity(path: str | Path) -> Identity:
    """Which file or folder has this name now."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def problem_of(path: Path, is_folder: bool, mode: int, owner: int | None = None) -> str | None:
    """What is wrong with this file or folder, or None. `mode`: what its owner must be allowed; `owner`: a user id."""
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
    """The name of the user with this id."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f'user {number}'


class Known:
    """Which file or folder a name stood for, and whether what is there now may take its place: only after it was seen
    that the old one is gone, or some seconds in which every process has noticed; and only where it is ours."""

    def __init__(self, path: Path, is_ours: Callable[[Path], bool]):
        self._path, self._is_ours = path, is_ours
        self._identity = self._first = identity(path)
        self.owner = path.stat().st_uid if self._identity else None
        self._was_gone = False
        self._replaced_at = 0.0  # monotonic

    def is_same(self) -> bool:
        """Whether it is there, and the one that is known."""
        return self._identity is not None and identity(self._path) == self._identity

    def problem(self) -> str | None:
        """What is wrong with what is there now; where nothing is, it is what is known from now on."""
        found = identity(self._path)
        self._was_gone = found is None or self._was_gone
        if found is None:
            return 'is gone'
        if self._identity is not None and found not in (self._identity, self._first):
            self._replaced_at = self._replaced_at or time.monotonic()
            if not self._was_gone and time.monotonic() < self._replaced_at + SETTLED_AFTER:
                return 'was replaced by another one while the site ran'
        # Asked of whatever was gone: a new file may have got the number of the old one.
        is_other = self._was_gone or (self._identity is not None and found != self._identity)
        if is_other and not self._is_ours(self._path):
            return OTHER
        self._identity, self._was_gone, self._replaced_at = found, False, 0.0
        return None


class Part:
    """A file or folder of the site, and what is wrong with it, if anything. `content`: of a file that never changes."""

    def __init__(self, path: Path, is_folder: bool, mode: int, content: bytes | None = None):
        self.path, self.is_folder, self.mode, self._content = path, is_folder, mode, content
        self._known = Known(path, self._is_ours)

    def problem(self) -> str | None:
        replaced = self._known.problem()
        found = problem_of(self.path, self.is_folder, self.mode, self._known.owner) or replaced
        return found or (None if self._is_ours(self.path) else OTHER)

    def _is_ours(self, path: Path) -> bool:
        """Look into it: a file that was written over is still the same one to the file system."""
        try:
            return self._content is None or path.read_bytes() == self._content
        except OSError:  # why, problem_of says
            return False


class DatabaseFiles:
    """The database's file and those that SQLite keeps beside it. Every connection is held to the files it was opened
    with: what is written to a file that has vanished would be lost with it."""

    def __init__(self, path: Path, is_ours: Callable[[Path], bool] = lambda path: True):
        self.path = path
        self.problem: str | None = None
        self.anchor: tuple[Identity, ...] | None = None  # the files of a connection that stays open all the time
        self._names = [f'{path}{part}' for part in PARTS]
        self._known = Known(path, is_ours)
        self._latest: tuple[Identity, ...] | None = None
        self._reopen_at = 0.0  # monotonic
        self._lock = threading.RLock()

    def be_new(self) -> None:
        self._lock = threading.RLock()

    def expect(self, is_ours: Callable[[Path], bool]) -> None:
        """Take only such a file for the database that has come back."""
        self._known = Known(self.path, is_ours)

    def now(self) -> tuple[Identity, ...]:
        """Which files there are; takes a few microseconds."""
        return tuple(map(identity, self._names))

    def check(self, opened: tuple[Identity, ...]) -> tuple[Identity, ...]:
        """Raise Missing unless these files, with which a connection was opened, are the ones that are there now; else
        return them, with those that it has made since."""
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
        self.look()

    def check_before_opening(self) -> None:
        """Raise Missing where a connection must not be opened now."""
        if self.problem is None and self._known.is_same() and self.anchor in (None, self.now()):
            return
        with self._lock:
            if self.anchor is not None:
                self._note_change(self.anchor)
            self.look()
            if self.problem:
                raise Missing(self.problem)

    def opened(self) -> tuple[Identity, ...]:
        """Note that a connection is open now; its files."""
        self._latest = self.now()
        return self._latest

    def look(self) -> str | None:
        """What is wrong now; None where all is well, or is well again."""
        with self._lock:
            replaced = self._known.problem()
            if replaced:  # whoever had it open opens it anew, and nobody takes that for another loss
                self._latest = None
            problem = problem_of(self.path, is_folder=False, mode=0o600, owner=self._known.owner) or replaced
            self.problem = f'{self.path.name} {problem}' if problem else self._problem_beside()
            return self.problem

    def _problem_beside(self) -> str | None:
        if time.monotonic() < self._reopen_at:
            return f'{self.path.name}-wal or {self.path.name}-shm was taken away'
        self._reopen_at = 0.0
        return None


def parts_of(settings: Settings) -> dict[str, Part]:
    """All that a site consists of, but for its database, by name."""
    return {name: Part(settings.data / name, is_folder=True, mode=0o700) for name in FOLDERS} | {
        'secret': Part(settings.data / 'secret', is_folder=False, mode=0o400)}


def on_disk(settings: Settings) -> dict[str, str | None]:
    """What is wrong with each part of a site that is not open in this process; None where all is well."""
    return _in_words(Part(settings.data, is_folder=True, mode=0o700).problem(), parts_of(settings),
                     DatabaseFiles(settings.database).look())


def _in_words(folder: str | None, parts: dict[str, Part], database: str | None) -> dict[str, str | None]:
    if folder:  # then nothing in it can be seen
        return {'data': f'The data folder {folder}.', 'database': f'The data folder {folder}.'} | dict.fromkeys(parts)
    found = {name: part.problem() for name, part in parts.items()}
    return {'data': None, 'database': f'{database}.' if database else None} | {
        name: f'{name} {problem}.' if problem else None for name, problem in found.items()}


class Presence:
    """All parts of one site, as this process sees them."""

    def __init__(self, settings: Settings, database: DatabaseFiles):
        secret = settings.secret
        self.database = database
        self._folder = Part(settings.data, is_folder=True, mode=0o700)
        self._parts = parts_of(settings)
        self._parts['secret'] = Part(settings.data / 'secret', is_folder=False, mode=0o400, content=secret)
        self._said: dict[str, str] = {}
        self._looked_at = 0.0
        self._lock = threading.Lock()
        self._voice = -1
        self.is_quiet = False

    def look(self) -> dict[str, str | None]:
        """Look at everything, and log what has changed. Each part by name: None where all is well, or what is wrong."""
        with self._lock:
            self._looked_at = time.monotonic()
            database = self.database.look()
            found = _in_words(self._folder.problem(), self._parts, database)
            self._log({name: problem for name, problem in found.items() if problem})
            return found

    def look_now_and_then(self) -> None:
        """The same, once a second, for whoever comes by often."""
        if time.monotonic() - self._looked_at >= LOOK_EVERY:
            self.look()

    def _log(self, problems: dict[str, str]) -> None:
        """One line for each change, by one of the processes that see it."""
        if 'data' in problems:  # it takes the rest with it
            problems = {'data': problems['data']}
        said, self._said = self._said, problems
        # The lock is taken while all is well: once the folder is gone, nobody could tell who holds it.
        if self.is_quiet or not self._may_speak() or problems == said:
            return
        for name, problem in problems.items():
            if name not in said:
                log.error('%s: %s Work goes on when it is back.', self._folder.path, problem)
        for name in said.keys() - problems.keys():
            log.warning('%s: %s', self._folder.path, 'It is back.' if name == 'data' else f'{name} is back.')

    def _may_speak(self) -> bool:
        """Whether this process is the one that speaks for all of this site: it holds a lock until it dies."""
        try:
            if self._voice < 0:
                self._voice = os.open(self._folder.path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._voice, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def be_new(self) -> None:
        if self._voice >= 0:
            os.close(self._voice)
        self._voice, self._lock = -1, threading.Lock()
        self.database.be_new()


def at_fork() -> None:
    """The lock on the data folder is the parent's, and so is whatever its threads were doing."""
    if _current:
        _current.be_new()


_current: Presence | None = None
os.register_at_fork(after_in_child=at_fork)


def use(found: Presence) -> None:
    """Look after this site in this process."""
    global _current
    _current = found


def be_quiet() -> None:
    """Log nothing: for commands, whose output says all, and which are over soon."""
    if _current:
        _current.is_quiet = True


def look() -> dict[str, str | None]:
    """What is wrong with each part of this process's site; see Presence.look."""
    return _current.look() if _current else {}


def look_now_and_then() -> None:
    """The same, at most once a second."""
    if _current:
        _current.look_now_and_then()


def explains(error: BaseException) -> bool:
    """Whether this error of the file system comes from a part of the site that is missing just now."""
    return isinstance(error, OSError) and any(look().values())
