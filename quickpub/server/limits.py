"""Limits that keep one client from delaying the others: with many bodies, slow bodies or many requests."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from .. import codes
from ..wsgi.forms import FILES_LIMIT
from .connections import PER_CLIENT

BODY_WINDOW = 15  # seconds over which the rate of a body is measured
BODY_RATE = 1024  # bytes a second that must arrive: a quarter of what a slow phone sends
BODIES_PER_CLIENT = 100  # at a time
BYTES_PER_CLIENT = 2 * FILES_LIMIT  # in all bodies of one client that are arriving


class RefusedRequest(codes.Problem):
    """The request is refused. `code` says why, and `status` is that of the answer."""

    def __init__(self, code: str, status: int):
        super().__init__(code)
        self.status = status


class ArrivingBodies:
    """The number of bodies that are arriving, and of their bytes, by client."""

    def __init__(self) -> None:
        self._bodies: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def begin(self, client: str) -> None:
        """Count a body. Raises RefusedRequest if the client sends too many."""
        if self._bodies[client] >= BODIES_PER_CLIENT:
            raise RefusedRequest('request.too_much_at_once', status=429)
        self._bodies[client] += 1

    def add(self, client: str, size: int) -> None:
        """Count bytes that have arrived. Raises RefusedRequest if the client sends too many."""
        self._bytes[client] += size
        if self._bytes[client] > BYTES_PER_CLIENT:
            raise RefusedRequest('request.too_much_at_once', status=429)

    def end(self, client: str, size: int) -> None:
        """Stop counting a body and its bytes."""
        for counter, count in ((self._bodies, 1), (self._bytes, size)):
            counter[client] -= count
            if not counter[client]:
                del counter[client]


class Turns:
    """Let only a few requests run at once. The clients take turns, so a client with many requests delays only itself.

    A waiting request needs no thread.
    """

    def __init__(self, at_once: int):
        self._free = at_once
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # by client; the first client is next

    @asynccontextmanager
    async def of(self, client: str) -> AsyncIterator[None]:
        """Wait for a turn, and keep it within the block. Raises RefusedRequest if too many requests of the client are
        waiting."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(client)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, client: str) -> None:
        turns = self._waiting.setdefault(client, deque())
        if len(turns) >= PER_CLIENT:
            raise RefusedRequest('request.too_much_at_once', status=429)
        turn = asyncio.get_running_loop().create_future()
        turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the turn was given at the same moment
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the first waiting request of the next client."""
        while self._waiting:
            client = next(iter(self._waiting))
            turns = self._waiting.pop(client)
            while turns and turns[0].done():  # cancelled
                turns.popleft()
            if turns:
                turns.popleft().set_result(None)
                if turns:
                    self._waiting[client] = turns  # behind all other clients
                return
        self._free += 1


class Deadline:
    """The time by which a body must have arrived. It is extended each time enough bytes have arrived.

    `clock` and the times given to `reschedule` are those of an event loop, in seconds.
    """

    def __init__(self, reschedule: Callable[[float], None], clock: Callable[[], float]):
        self._reschedule, self._clock = reschedule, clock
        self._missing = BODY_WINDOW * BODY_RATE

    def note(self, size: int) -> None:
        """Count bytes that have arrived."""
        self._missing -= size
        if self._missing <= 0:
            self._missing = BODY_WINDOW * BODY_RATE
            self._reschedule(self._clock() + BODY_WINDOW)
