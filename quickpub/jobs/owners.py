"""Processes that hold claims, and the proof that they live: a file that each keeps locked.

When a process dies, however it dies, the kernel frees the lock. There is no time-out, so a live job never runs twice.
"""

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import processes
from .liveness import wait
from .tables import run_folder

CHECK_EVERY = 1.0  # seconds between looks whether this process's files are still there
RESTORED_WITHIN = 10.0  # seconds that other processes get to restore their files, where this one's had vanished


@dataclass
class Owner:
    """This process as the holder of claims: its name, the locked file that proves its life, its claims.

    Made anew in every process, at first use: a lock taken before a fork would be kept alive by the child.
    """
    parent: str = ''  # the owner on whose behalf this process runs one job alone
    family: str = field(default_factory=processes.new_name)  # shared by the worker processes of one consumer
    held: dict[int, Any] = field(default_factory=dict)  # its claims by the job's id
    lock: threading.RLock = field(default_factory=threading.RLock)
    _name: str = ''
    _folder: Path = Path()
    _fd: int = -1
    _bell: processes.Doorbell | None = None
    _vanished_at: float | None = None  # monotonic time at which its files were last found gone

    @property
    def name(self) -> str:
        # Without the lock where it is known: it is asked inside transactions, and a claim waits for one with the lock.
        return self._name or self._make_name()

    def _make_name(self) -> str:
        with self.lock:
            if not self._name:
                name = f'{self.parent}~{os.getpid()}' if self.parent else f'{self.family}.{processes.new_name()}'
                self._folder = run_folder()
                self._fd = processes.lock_file(self._folder / f'{name}.life')
                self._name = name
                threading.Thread(target=self._keep_files, name='life', daemon=True).start()
            return self._name

    def _keep_files(self) -> None:
        while _current is self:
            self.restore_files()
            wait(CHECK_EVERY)

    def restore_files(self) -> None:
        """Make this process's files again where somebody has deleted them; not their folder."""
        with self.lock:
            if not self._name or _current is not self:
                return
            path = self._folder / f'{self._name}.life'
            with suppress(OSError):  # the folder is not there either: next time
                if not processes.is_in_place(self._fd, path):
                    self._vanished_at = time.monotonic()
                    before, self._fd = self._fd, processes.lock_file(path)
                    os.close(before)
                if self._bell:
                    self._bell.open()

    def has_lost_files(self) -> bool:
        """Return whether this process's files were found gone within the last seconds: others' may be too."""
        return self._vanished_at is not None and time.monotonic() - self._vanished_at < RESTORED_WITHIN

    @property
    def bell(self) -> processes.Doorbell:
        with self.lock:
            if self._bell is None:
                self._bell = processes.Doorbell(run_folder() / f'{self.name}.bell')
            return self._bell

    def close(self) -> None:
        """Free the lock that proves this process's life."""
        if self._fd >= 0:
            os.close(self._fd)


_current = Owner()


def current() -> Owner:
    """Return this process as an owner."""
    return _current


def reset() -> None:
    """Hold nothing, under a new name."""
    with _current.lock:  # its thread may be restoring the file that is closed here
        _replace()


def _replace() -> None:
    global _current
    _current.close()
    _current = Owner(family=_current.family)


# Without the lock: a thread that the child does not have may hold it.
os.register_at_fork(after_in_child=_replace)


def is_alive(owner: str) -> bool:
    """Return whether the process with this name still lives."""
    path = run_folder() / f'{owner}.life'
    return processes.is_locked(path) or (_current.has_lost_files() and not path.exists())


def has_living_parent(owner: str) -> bool:
    """Return whether another process, which lives, runs this one for a single job, and will report how that ended."""
    parent = owner.rpartition('~')[0]
    return bool(parent) and is_alive(parent)


def living() -> list[str]:
    """Return the names of all living processes that take jobs."""
    return [path.stem for path in run_folder().glob('*.bell') if is_alive(path.stem)]
