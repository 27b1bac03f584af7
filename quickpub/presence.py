"""Notice when a part of the site is no longer on the disk while it runs: its folders, its secret, its database.

Nothing that vanishes is made again: that would hide the loss. It is reported once in the log, and in /healthz, and the
site goes on when it is back. A part that was replaced while the site ran is used some seconds later, when every process
has let go of the old one, and never if it belongs to another site.
"""

import fcntl
import logging
import os
import threading
import time
from pathlib import Path

from .settings import Settings
from .sqlite.files import WRONG_SITE, DatabaseFiles, KnownFile, access_problem

log = logging.getLogger('quickpub.presence')

CHECK_EVERY = 1.0  # seconds


class Part:
    """A file or folder of the site. `content` is that of a file that never changes."""

    def __init__(self, path: Path, is_folder: bool, mode: int, content: bytes | None = None):
        self.path, self.is_folder, self.mode, self._content = path, is_folder, mode, content
        self._known = KnownFile(path, self._is_ours)

    def check(self) -> str | None:
        """Return what is wrong with it, or None."""
        replaced = self._known.check()
        found = access_problem(self.path, self.is_folder, self.mode, self._known.owner) or replaced
        return found or (None if self._is_ours(self.path) else WRONG_SITE)

    def _is_ours(self, path: Path) -> bool:
        """Compare the content: a file that was overwritten is still the same one to the file system."""
        try:
            return self._content is None or path.read_bytes() == self._content
        except OSError:  # access_problem says why
            return False


def problems_of_closed_site(settings: Settings) -> dict[str, str | None]:
    """Return what is wrong with each part, by name, of a site that is not open in this process; None where nothing
    is."""
    return _in_words(Part(settings.data, is_folder=True, mode=0o700).check(), _parts(settings),
                     DatabaseFiles(settings.paths.database).update_problem())


def _parts(settings: Settings, secret: bytes | None = None) -> dict[str, Part]:
    """Return all parts of a site by name, apart from its database."""
    return {name: Part(path, is_folder=True, mode=0o700) for name, path in settings.paths.folders().items()} | {
        'secret': Part(settings.paths.secret, is_folder=False, mode=0o400, content=secret)}


def _in_words(folder: str | None, parts: dict[str, Part], database: str | None) -> dict[str, str | None]:
    if folder:  # then nothing in it can be seen
        return {'data': f'The data folder {folder}.', 'database': f'The data folder {folder}.'} | dict.fromkeys(parts)
    found = {name: part.check() for name, part in parts.items()}
    return {'data': None, 'database': f'{database}.' if database else None} | {
        name: f'{name} {problem}.' if problem else None for name, problem in found.items()}


class Presence:
    """All parts of one site, as this process sees them."""

    def __init__(self, settings: Settings, database: DatabaseFiles):
        self.database = database
        self._folder = Part(settings.data, is_folder=True, mode=0o700)
        self._parts = _parts(settings, settings.secret)
        self._logged: dict[str, str] = {}
        self._checked_at = 0.0  # monotonic
        self._lock = threading.Lock()
        self._log_lock_fd = -1
        self.is_quiet = False

    def check(self) -> dict[str, str | None]:
        """Check each part, and log what has changed. Return what is wrong with each, by name; None where nothing is."""
        with self._lock:
            self._checked_at = time.monotonic()
            database = self.database.update_problem()
            found = _in_words(self._folder.check(), self._parts, database)
            self._log({name: problem for name, problem in found.items() if problem})
            return found

    def check_if_due(self) -> None:
        """Check each part, at most once a second."""
        if time.monotonic() - self._checked_at >= CHECK_EVERY:
            self.check()

    def _log(self, problems: dict[str, str]) -> None:
        """Log one line for each change, in one of the processes that see it."""
        if 'data' in problems:  # all other parts are in it
            problems = {'data': problems['data']}
        logged, self._logged = self._logged, problems
        # The lock must be taken while all is well: once the folder is gone, nobody could tell who holds it.
        if self.is_quiet or not self._take_log_lock() or problems == logged:
            return
        for name, problem in problems.items():
            if name not in logged:
                log.error('%s: %s Work goes on when it is back.', self._folder.path, problem)
        for name in logged.keys() - problems.keys():
            log.warning('%s: %s', self._folder.path, 'It is back.' if name == 'data' else f'{name} is back.')

    def _take_log_lock(self) -> bool:
        """Return whether this process logs for all processes of the site. It holds a lock for that until it dies."""
        try:
            if self._log_lock_fd < 0:
                self._log_lock_fd = os.open(self._folder.path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._log_lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def reset_after_fork(self) -> None:
        """Let go of the parent's locks."""
        if self._log_lock_fd >= 0:
            os.close(self._log_lock_fd)
        self._log_lock_fd, self._lock = -1, threading.Lock()
        self.database.reset_after_fork()


_current: Presence | None = None


def _reset_after_fork() -> None:
    if _current:
        _current.reset_after_fork()


os.register_at_fork(after_in_child=_reset_after_fork)


def use(found: Presence) -> None:
    """Watch over this site in this process."""
    global _current
    _current = found


def be_quiet() -> None:
    """Log nothing: for commands, whose output says everything, and which end soon."""
    if _current:
        _current.is_quiet = True


def check() -> dict[str, str | None]:
    """Check this process's site; see Presence.check. Return an empty dictionary if none is open."""
    return _current.check() if _current else {}


def check_if_due() -> None:
    """Check this process's site, at most once a second."""
    if _current:
        _current.check_if_due()


def explains(error: BaseException) -> bool:
    """Return whether this is an error of the file system while a part of the site is missing."""
    return isinstance(error, OSError) and any(check().values())
