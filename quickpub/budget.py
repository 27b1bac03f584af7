"""How much heavy work is done at once, and what is said where that is not enough. Standard library only."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """Others are doing the same just now, or the machine lacks something. The message says to try again."""


class TooMuch(Exception):
    """This takes more time or memory than one request may have. To try again will not help."""


class Gate:
    """Lets a few in at once and a few more wait for a while; everybody else is turned away immediately.

    Whoever waits occupies one of the web server's threads, so those who may wait are counted too.
    """

    def __init__(self, at_once: int, waiting: int, patience: float, sentence: str):
        """`patience` is in seconds; `sentence` is what Busy says."""
        self._at_once, self._may_wait, self._patience, self._sentence = at_once, waiting, patience, sentence
        self._reset()
        os.register_at_fork(after_in_child=self._reset)  # whoever is inside in the parent

    def _reset(self) -> None:
        self._free, self._lock, self._waiting = threading.Semaphore(self._at_once), threading.Lock(), 0

    @contextmanager
    def entered(self, patience: float | None = None) -> Iterator[None]:
        """Be inside of the gate. With a `patience` in seconds, wait that long however many wait already; 0 or less
        is for ever. Raises Busy."""
        if not self._free.acquire(blocking=False):
            self._wait(patience)
        try:
            yield
        finally:
            self._free.release()

    def _wait(self, patience: float | None) -> None:
        with self._lock:
            if patience is None and self._waiting >= self._may_wait:
                raise Busy(self._sentence)
            self._waiting += 1
        try:
            seconds = self._patience if patience is None else patience
            if not self._free.acquire(timeout=seconds if seconds > 0 else None):
                raise Busy(self._sentence)
        finally:
            with self._lock:
                self._waiting -= 1
