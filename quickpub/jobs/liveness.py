"""Processes that hang: each one beats once a second, and one that has stopped is killed by its parent.

A killed process loses nothing, and is replaced; one that hangs keeps its share of the visitors waiting for ever.
"""

import logging
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection

log = logging.getLogger('quickpub.server')

BEAT_EVERY = 1.0  # seconds
HANGS_AFTER = 20.0  # seconds without a beat, which a process that only has too much to do does not reach
PID = struct.Struct('!i')


def beat(sender: Connection) -> None:
    """Tell the parent that this process goes on. Never waits, and does nothing where the parent does not listen."""
    try:
        os.set_blocking(sender.fileno(), False)
        sender.send_bytes(PID.pack(os.getpid()))
    except OSError:
        pass


class Keeper:
    """The parent's side: hears the beats of its children, and kills those that have stopped.

    `what` names a child in the log; `kill` gets its process id.
    """

    def __init__(self, receiver: Connection, what: str, kill: Callable[[int], None]):
        self._receiver, self._what, self._kill = receiver, what, kill
        self._heard: dict[int, float] = {}
        self._looked_at = time.monotonic()

    def look(self, children: Iterable[int]) -> None:
        """Kill those of the children with these process ids that hang. To be called about once a second."""
        at = time.monotonic()
        while self._receiver.poll():
            self._heard[PID.unpack(self._receiver.recv_bytes())[0]] = at
        if at - self._looked_at > 5 * BEAT_EVERY:  # this process was held up itself: all get their time anew
            self._heard = dict.fromkeys(children, at)
        self._looked_at = at
        self._heard = {pid: self._heard.get(pid, at) for pid in children}
        for pid, heard in self._heard.items():
            if at - heard > HANGS_AFTER:
                log.error('%s %s has not moved for %d s; it is killed and replaced', self._what, pid, at - heard)
                self._heard[pid] = at
                self._kill(pid)


def wait(seconds: float) -> None:
    """Sleep. time.sleep fails where libfaketime sets the clock, as tests do."""
    select.select([], [], [], seconds)


def every_second(work: Callable[[], None], name: str) -> None:
    """Call this about once a second, in a thread with this name, for as long as this process lives."""
    def repeat() -> None:
        while True:
            wait(BEAT_EVERY)
            try:
                work()
            except Exception:
                log.exception('A task that runs every second has failed')
    threading.Thread(target=repeat, name=name, daemon=True).start()
