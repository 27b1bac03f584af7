"""Remember for a minute what the headers of clients mean for cached pages, so that each are read once."""

from asyncio import get_running_loop

from ..wsgi.application import Reader

MOST, LONGEST = 512, 2048  # clients, and the bytes of each one's headers
FORGET_AFTER = 60  # seconds


class KnownReaders:
    """Readers by their address and headers, which are forgotten after a minute, also where nobody comes any more."""

    def __init__(self) -> None:
        self._known: dict[tuple, Reader] = {}

    def find(self, sender: tuple) -> Reader | None:
        """Return the reader with this address and these headers, if it is known."""
        return self._known.get(sender)

    def note(self, sender: tuple, reader: Reader) -> None:
        """Remember a reader, in place of all others if there are too many."""
        if len(self._known) >= MOST:
            self._known.clear()
        if not self._known:
            get_running_loop().call_later(FORGET_AFTER, self._known.clear)
        self._known[sender] = reader


def are_short(headers: list[tuple[bytes, bytes]]) -> bool:
    """Return whether headers are short enough to be kept."""
    return sum(len(name) + len(value) for name, value in headers) <= LONGEST
