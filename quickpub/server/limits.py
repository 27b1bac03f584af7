"""Keep one client from holding up the others: by many or slow bodies, or by many requests."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from .. import codes
from ..wsgi.forms import FILES_LIMIT
from .connections import PER_CLIENT

BODY_WINDOW = 15  # seconds within which ever more of a request's body must arrive
BODY_RATE = 1024  # bytes a second: a slow phone has four times as much
BODIES_PER_CLIENT = 100  # at a time
BYTES_PER_CLIENT = 2 * FILES_LIMIT  # in all bodies of one client that are on their way


class Refused(codes.Problem):
    """The request is refused. `code` says why, and `status` is that of the answer."""

    def __init__(self, code: str, status: int):
        super().__init__(code)
        self.status = status


class ArrivingBodies:
    """Count the bodies that are on their way, and their bytes, by client."""

    def __init__(self) -> None:
        self._bodies: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def begin(self, client: str) -> None:
        """Count a body. Raises Refused."""
        if self._bodies[client] >= BODIES_PER_CLIENT:
            raise Refused('request.too_much_at_once', status=429)
        self._bodies[client] += 1

    def add(self, client: str, size: int) -> None:
        """Count bytes that have arrived. Raises Refused."""
        self._bytes[client] += size
        if self._bytes[client] > BYTES_PER_CLIENT:
            raise Refused('request.too_much_at_once', status=429)

    def end(self, client: str, size: int) -> None:
        """Forget a body and its bytes."""
        for counter, count in ((self._bodies, 1), (self._bytes, size)):
            counter[client] -= count
            if not counter[client]:
                del counter[client]


class Turns:
    """Let a few requests in at once, and those of each client in turn: a client that sends many waits for its own.
    Waiting costs no thread."""

    def __init__(self, at_once: int):
        self._free = at_once
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # by client; the first client is the next

    @asynccontextmanager
    async def of(self, client: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it inside the block. Raises Refused if as many requests of this client wait as it
        may have connections."""
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
            raise Refused('request.too_much_at_once', status=429)
        turn = asyncio.get_running_loop().create_future()
        turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given at this very moment
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the first request of the next client that still waits."""
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
    """The time by which a body must be there. It moves on while enough arrives in each window of time.

    `clock` and the times given to `reschedule` are an event loop's, in seconds.
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
