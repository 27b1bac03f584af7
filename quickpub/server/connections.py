"""Close connections that use up the server: silent ones, slow readers, and too many of one client.

The web server has a deadline for the head of a request only, and an application cannot close a connection. But its
sockets belong to this process, so a thread checks them once a second and closes those that break a rule. Only Linux
tells how many bytes a connection has moved (TCP_INFO); elsewhere only the limits on the number of connections apply.
"""

import logging
import os
import resource
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from .. import networks

log = logging.getLogger('quickpub.web')

LOOK_EVERY = 1.0  # seconds
SILENT_FOR = 12  # seconds within which a new connection must send something
READ_WINDOW = 15  # seconds over which a reader's rate is measured, while there is something to read
READ_RATE = 1024  # bytes a second that a reader must receive
PER_CLIENT = 512  # connections of one client
MOST, LEAST = 8192, 128  # connections in total, if the limit of open files allows
RESERVED_FILES = 512  # for the database, uploads, logs

SEND_BUFFER = 128 * 1024  # bytes that the kernel keeps for one reader; small, so that slow readers are noticed soon
UNANSWERED_FOR = 30_000  # milliseconds after which the kernel gives up on a client that is gone
RESET = struct.pack('ii', 1, 0)  # SO_LINGER: unsent bytes are dropped
# Offsets in struct tcp_info (linux/tcp.h). The received bytes follow the acknowledged ones.
UNACKED, BYTES_ACKED, NOTSENT, INFO_SIZE = 24, 120, 144, 192


def room() -> int:
    """Raise the limit of open files as far as possible, and return how many connections this process can hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, 2 * MOST + RESERVED_FILES)
    if soft < hard:
        with suppress(ValueError, OSError):  # macOS has a lower limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return max(LEAST, min(MOST, (soft - RESERVED_FILES) // 2))


@dataclass
class Connection:
    """An open connection as of the last check. Times are monotonic, in seconds."""
    client: str
    since: float
    window: float  # start of the window over which its reader's rate is measured
    taken: int = 0  # bytes that the reader had received at that time
    moved: int = 0  # bytes in both directions
    descriptor: int = -1

    def rate(self, at: float) -> float:
        """Return the bytes a second since it was opened."""
        return self.moved / (1 + at - self.since)


class Guard:
    """Check all connections to `port` of this process.

    Connections from an address that `is_trusted`, such as a proxy, serve many clients: their number is not limited.
    """

    def __init__(self, port: int, room: int, is_trusted: Callable[[str], bool]):
        self._port, self._room, self._is_trusted = port, room, is_trusted
        self._known: dict[int, Connection] = {}  # by inode, because numbers of descriptors are reused
        self._is_failing = False

    def start(self) -> None:
        threading.Thread(target=self._run, name='connections', daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.look(time.monotonic())
                self._is_failing = False
            except OSError as error:
                if not self._is_failing:
                    log.error('Connections cannot be checked: %s', error)
                self._is_failing = True
            time.sleep(LOOK_EVERY)

    def look(self, at: float) -> None:
        """Close the connections that break a rule at this time (monotonic, in seconds)."""
        known: dict[int, Connection] = {}
        for descriptor, inode in _sockets():
            with _copy(descriptor, inode) as connection:
                if connection is not None and (seen := self._look_at(connection, inode, at)):
                    seen.descriptor = descriptor
                    known[inode] = seen
        self._known = known
        self._close_too_many(at)

    def _look_at(self, connection: socket.socket, inode: int, at: float) -> Connection | None:
        """Return what is known about this connection; None if it is not to our port, or was closed."""
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            _set_up_listener(connection)
            return None
        if connection.getsockname()[1] != self._port:
            return None
        address = connection.getpeername()[0]
        seen = self._known.get(inode) or Connection(
            '' if self._is_trusted(address) else networks.client(address), since=at, window=at)
        if sys.platform == 'linux' and not self._keeps_up(connection, seen, at):
            _reset(connection)
            return None
        return seen

    def _keeps_up(self, connection: socket.socket, seen: Connection, at: float) -> bool:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO_SIZE)
        taken, received = struct.unpack_from('=QQ', info, BYTES_ACKED)
        is_reading = any(struct.unpack_from('=I', info, place)[0] for place in (UNACKED, NOTSENT))
        seen.moved = taken + received
        if not received:
            return at - seen.since <= SILENT_FOR
        if not is_reading:
            seen.window, seen.taken = at, taken
        elif at - seen.window >= READ_WINDOW:
            if taken - seen.taken < READ_RATE * (at - seen.window):
                return False
            seen.window, seen.taken = at, taken
        return True

    def _close_too_many(self, at: float) -> None:
        """Close the slowest connections of each client that has too many, and of all clients if there are too many in
        total."""
        by_client: dict[str, list[int]] = defaultdict(list)
        for inode, each in self._known.items():
            by_client[each.client].append(inode)
        by_client.pop('', None)
        for inodes in by_client.values():
            self._close_slowest(inodes, len(inodes) - PER_CLIENT, at)
        strangers = [inode for inodes in by_client.values() for inode in inodes if inode in self._known]
        self._close_slowest(strangers, len(self._known) - 3 * self._room // 4, at)

    def _close_slowest(self, inodes: Iterable[int], count: int, at: float) -> None:
        if count <= 0:
            return
        for inode in sorted(inodes, key=lambda inode: self._known[inode].rate(at))[:count]:
            with _copy(self._known.pop(inode).descriptor, inode) as connection:
                if connection is not None:
                    _reset(connection)


def _sockets() -> Iterator[tuple[int, int]]:
    """Yield the descriptor and the inode of each socket of this process."""
    for name in os.listdir('/dev/fd'):
        with suppress(OSError):  # it was closed meanwhile
            status = os.fstat(int(name))
            if status.st_mode & 0o170000 == 0o140000:
                yield int(name), status.st_ino


@contextmanager
def _copy(descriptor: int, inode: int) -> Iterator[socket.socket | None]:
    """Duplicate the descriptor of a TCP socket, so that it stays the same socket; None if it is gone."""
    try:
        connection = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        yield None
        return
    with connection:
        is_same = (os.fstat(connection.fileno()).st_ino == inode and connection.type == socket.SOCK_STREAM
                   and connection.family in (socket.AF_INET, socket.AF_INET6))
        try:
            yield connection if is_same else None
        except OSError:  # the client has gone
            return


def _set_up_listener(listener: socket.socket) -> None:
    """Set the options that new connections inherit from their listening socket."""
    if sys.platform == 'linux' and listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) != UNANSWERED_FOR:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_FOR)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def _reset(connection: socket.socket) -> None:
    """Close the connection at once, for all processes that share it."""
    with suppress(OSError):  # the client was faster
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.shutdown(socket.SHUT_RDWR)
