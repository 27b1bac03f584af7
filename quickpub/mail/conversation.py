"""An SMTP conversation in which every step ends in time, whatever the mail server does."""

import io
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

TIMEOUT = 20  # seconds that a mail server may be silent
DEADLINE = 60  # seconds for one email, including connecting and logging in


class Conversation(smtplib.SMTP):
    """smtplib's SMTP with a deadline, `until` by `time.monotonic()`. (Its time-out is for each single read, so that a
    server could hold a worker for ever with a byte every few seconds.)"""

    def __init__(self, host: str, port: int, is_tls: bool, until: float):
        self._is_tls, self.until = is_tls, until
        super().__init__(host, port, timeout=TIMEOUT)

    def _wait(self) -> float:
        """Return how many seconds the next step may wait. Raises TimeoutError after the deadline."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError('timed out')
        return min(left, TIMEOUT)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for number, (*_, address) in enumerate(found, 1):
            try:
                sock = socket.create_connection((str(address[0]), int(address[1])), self._wait())
                break
            except OSError:
                if number == len(found) or self.until <= time.monotonic():
                    raise
        if not self._is_tls:
            return sock
        try:
            sock.settimeout(self._wait())
            return ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise

    def send(self, s: Any) -> None:
        if self.sock:
            self.sock.settimeout(self._wait())  # for all of it (sendall)
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_TimedReader(self.sock, self._wait))
        return super().getreply()

    def docmd(self, cmd: str, args: str = '') -> tuple[int, bytes]:
        answer = super().docmd(cmd, args)
        if self.sock:  # a TLS handshake may follow
            self.sock.settimeout(max(0.1, min(TIMEOUT, self.until - time.monotonic())))
        return answer


class _TimedReader(io.RawIOBase):
    """Read from a socket, each time within the time that is left."""

    def __init__(self, sock: socket.socket, wait: Callable[[], float]):
        self._sock, self._wait = sock, wait

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._wait())
        return self._sock.recv_into(buffer)
