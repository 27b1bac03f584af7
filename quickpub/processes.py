"""What the kernel tells us about processes: files that are locked while their owner lives, and dying with a parent."""

import ctypes
import fcntl
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
M_ARENA_MAX = -8  # mallopt(3)
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # renameat2(2); renamex_np(2) has the same number for it


def new_name() -> str:
    """Return a name for this process that no other process, dead or alive, ever had."""
    return f'{os.getpid()}-{secrets.token_hex(6)}'


def lock_file(path: Path) -> int:
    """Create `path`, locked until this process dies. Return the descriptor to keep open.

    The file is locked under another name first, so that it is never seen unlocked. flock belongs to the open
    file: take it after a fork, never before, or the child keeps it alive. (exec closes the descriptor.)
    """
    draft = path.with_name(f'.{path.name}.{secrets.token_hex(4)}')
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    hand_over(fd, path.parent)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.rename(draft, path)
    return fd


def hand_over(file: int | Path, folder: Path) -> None:
    """Give a new file to the owner of its folder, where root has made it in another user's: a command that an
    administrator runs must leave nothing that the application itself cannot use."""
    if os.geteuid() == 0:
        owner = folder.stat()
        if owner.st_uid:
            os.chown(file, owner.st_uid, owner.st_gid)


def is_in_place(fd: int, path: Path) -> bool:
    """Return whether `path` still is the file that is open here."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False


def is_locked(path: Path) -> bool:
    """Return whether a living process holds `path`. A file that does not exist is held by none. Another user's file
    cannot be opened: its process counts as living."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(fd)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for, then hold, the lock on `path`: one process at a time inside the block."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        hand_over(fd, path.parent)
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


@contextmanager
def exclusive_now(path: Path) -> Iterator[bool]:
    """Hold the lock on `path`, a file or a folder, without waiting. Yield False where another process holds it."""
    is_folder = path.is_dir()
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if is_folder else os.open(
        path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not is_folder:
            hand_over(fd, path.parent)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(fd)


@contextmanager
def folder_held(path: Path, is_shared: bool = False) -> Iterator[None]:
    """Wait for, then hold, the lock on a folder: alone, or together with all processes that share it."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def sync_folder(path: Path) -> None:
    """Make a rename or a new file in this folder survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two folders at one moment. Return False where the system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if sys.platform == 'linux' and hasattr(libc, 'renameat2'):
        failed = libc.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)
    elif hasattr(libc, 'renamex_np'):  # macOS
        failed = libc.renamex_np(*names, RENAME_EXCHANGE)
    else:
        return False
    return not failed


def die_with_parent(parent: int) -> None:
    """End this process, at once, when its parent (process id `parent`) is gone.

    Linux does it by a parent-death signal; elsewhere a thread looks every second. An orphan that goes on serving
    and working is worse than none: what it held is released, and done again by another process.
    """
    if sys.platform == 'linux':
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call above
            os._exit(1)
    else:
        threading.Thread(target=watch_parent, args=(parent,), name='parent-watch', daemon=True).start()


def watch_parent(parent: int) -> None:
    """End this process, at once, within a second after its parent is gone. Never returns."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def share_heaps() -> None:
    """Let all threads of this process share two heaps, from now on. With glibc nearly each has its own otherwise, and
    keeps what it once needed: a web worker whose forty threads made pages in turn grew to more than twice its size."""
    if mallopt := getattr(ctypes.CDLL(None), 'mallopt', None):
        mallopt(M_ARENA_MAX, 2)


class Doorbell:
    """A FIFO that other processes ring, so that an idle worker learns at once of a new job.

    Measured: an enqueue is picked up after about 5 ms at 0.2 % of a core, where polling fast enough costs 2 to 3 %.
    A ring may be lost only together with the process it was for; every worker looks once a second in any case.
    """

    def __init__(self, path: Path):
        self._rung = threading.Condition()
        self._count = 0
        self._path, self._fd = path, -1
        self.open()

    def open(self) -> None:
        """Make the FIFO, unless it is there; and listen to it."""
        if is_in_place(self._fd, self._path):
            return
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path, 0o600)
        hand_over(self._path, self._path.parent)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)  # for writing too: then it never reads "end of file"
        self._listener = threading.Thread(target=self._listen, args=(self._fd,), name='doorbell', daemon=True)
        self._listener.start()

    def _listen(self, fd: int) -> None:
        while os.read(fd, 4096):
            with self._rung:
                self._count += 1
                self._rung.notify_all()

    def count(self) -> int:
        """Return how often it rang: take this before looking for a job, and give it to `wait` when there is none."""
        return self._count

    def wait(self, count: int, timeout: float) -> None:
        """Wait until it has rung since `count` was taken, or for so many seconds."""
        with self._rung:
            self._rung.wait_for(lambda: self._count != count, timeout)


def ring(folder: Path) -> None:
    """Ring every doorbell (`*.bell`) in this folder; those of dead processes are silent."""
    for path in folder.glob('*.bell'):
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # ENXIO: nobody listens any more; ENOENT: just tidied away
            continue
        try:
            os.write(fd, b'!')
        except BlockingIOError:  # full of rings that were not heard yet: it will wake
            pass
        finally:
            os.close(fd)
