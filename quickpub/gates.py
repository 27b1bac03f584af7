"""Limit how much heavy work is done at once."""

import os
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import ClassVar, NamedTuple
from weakref import WeakSet

from .codes import Code, Problem

WAITING_EACH = 2  # of one person
WAITING_IN_ALL = 28  # at all gates of a process: most of the web server's 40 threads, and never all


class Busy(Problem):
    """Too many do the same at the moment, or the machine lacks something. Trying again later helps."""


class TooMuch(Problem):
    """This takes more time or memory than one request may have. Trying again does not help."""


class Newcomer(NamedTuple):
    """A member without a confirmed email address. As anybody can have many such accounts, all of them count as one
    person where work takes long."""
    id: int


class Ticket(NamedTuple):
    """A request at a gate. `number` tells apart those of the same person."""
    who: Hashable
    number: int


class Gate:
    """Let a few in at once, and a few more wait for a while, in order; turn away all others immediately.

    Waiting occupies one of the web server's threads, so it is limited, too. Each person is inside once at a time, so
    that one person never keeps out the others.
    """
    _all: 'ClassVar[WeakSet[Gate]]' = WeakSet()

    def __init__(self, at_once: int, waiting: int, patience: float, busy: Code):
        """`patience` is in seconds; `busy` is the code of Busy."""
        self.at_once, self._may_wait, self._patience, self._busy = at_once, waiting, patience, busy
        self._reset()
        self._all.add(self)
        os.register_at_fork(after_in_child=self._reset)  # inside are threads of the parent

    def _reset(self) -> None:
        self._changed, self._issued = threading.Condition(), 0
        self._inside, self._waiting = list[Ticket](), list[Ticket]()

    @contextmanager
    def entered(self, who: Hashable = None, patience: float | None = None) -> Iterator[None]:
        """Be inside the gate, as this person (None: nobody in particular). With `patience`, wait that many seconds
        however many wait already; 0 is for ever. Raises Busy."""
        ticket = self._enter(who, patience)
        try:
            yield
        finally:
            with self._changed:
                self._inside.remove(ticket)
                self._changed.notify_all()

    def _enter(self, who: Hashable, patience: float | None) -> Ticket:
        with self._changed:
            self._issued += 1
            ticket = Ticket(who, self._issued)
            self._waiting.append(ticket)
            try:
                self._wait(ticket, patience)
                self._inside.append(ticket)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()  # the next one may enter, too
            return ticket

    def _wait(self, ticket: Ticket, patience: float | None) -> None:
        if self._next() == ticket:
            return
        if patience is None and self._has_enough_waiting(ticket.who):
            raise Busy(self._busy)
        seconds = self._patience if patience is None else patience
        if not self._changed.wait_for(lambda: self._next() == ticket, seconds or None):
            raise Busy(self._busy)

    def _has_enough_waiting(self, who: Hashable) -> bool:
        """Return whether this person, who came last, must not wait as well."""
        own = sum(each.who == who for each in self._waiting)
        in_all = sum(len(gate._waiting) for gate in list(self._all))
        return (len(self._waiting) > self._may_wait or in_all > WAITING_IN_ALL
                or (who is not None and own > WAITING_EACH))

    def _next(self) -> Ticket | None:
        """Return the first waiting one that may enter, or None."""
        if len(self._inside) >= self.at_once:
            return None
        present = {each.who for each in self._inside} - {None}
        return next((each for each in self._waiting if each.who not in present), None)
