"""Connect to the configured mail server, or to the outbox if none is configured."""

import time
from threading import Lock
from typing import Protocol

from ..codes import Code
from ..settings import current
from . import conversation
from .mail_server import MailServer
from .outbox import Outbox
from .undelivered import Lost

ASKED_AGAIN_AFTER = 600  # seconds, for the abilities of a mail server
ASK_TIMEOUT = 5  # seconds that a form waits for the answer


class Transport(Protocol):
    """`send` takes a whole email as bytes and returns the server's answer, or raises Refused, NotYet, HungUp or Lost,
    at the latest when `time.monotonic()` has reached `until`."""

    def send(self, recipient: str, mail: bytes, until: float) -> Code | str: ...

    def close(self) -> None: ...


def deadline() -> float:
    """Return when a conversation that begins now must be over, by `time.monotonic()`."""
    return time.monotonic() + conversation.DEADLINE


def connect(until: float | None = None) -> Transport:
    """Return a connection to the configured mail server, or the outbox if none is configured. Raises Lost, at the
    latest at the deadline `until`."""
    return MailServer(current().smtp, until or deadline()) if current().smtp else Outbox()


_asking = Lock()
_last_asked: tuple[str, float, bool] | None = None  # server, when, answer


def takes_international() -> bool:
    """Return whether the mail server takes addresses with letters beyond ASCII before the @ (SMTPUTF8, RFC 6531). It is
    asked at most every ten minutes. False where it does not answer. The outbox takes every address."""
    global _last_asked
    server = current().smtp
    if not server:
        return True
    with _asking:
        if _last_asked is None or _last_asked[0] != server or time.monotonic() - _last_asked[1] > ASKED_AGAIN_AFTER:
            try:
                connection = MailServer(server, time.monotonic() + ASK_TIMEOUT)
                answer = connection.takes_international
                connection.close()
            except Lost:
                answer = False
            _last_asked = server, time.monotonic(), answer
        return _last_asked[2]
