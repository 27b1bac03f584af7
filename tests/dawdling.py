"""A real mail server that dawdles: it never stops to speak, and never comes to an end."""

import socket
import threading
from contextlib import ExitStack, contextmanager, suppress

STEPS = ['connect', 'EHLO', 'STARTTLS', 'TLS', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'the text', 'RSET', 'QUIT']
ANSWERS = {'connect': b'220 slow.test', 'EHLO': b'250 AUTH PLAIN', 'STARTTLS': b'220 Go on', 'AUTH': b'235 OK',
           'MAIL': b'250 OK', 'RCPT': b'250 OK', 'DATA': b'354 Go on', 'the text': b'250 Taken', 'RSET': b'250 OK',
           'QUIT': b'221 Bye'}


class DawdlingServer:
    """At one step it sends a continuation line (`by='line'`), a byte (`by='byte'`) or nothing (`by='silence'`) each few
    hundredths of a second, for ever. `answers` are what it says at other steps; `context` makes it offer TLS."""

    def __init__(self, step, by, context=None, answers=None):
        self.step, self.by, self.context = step, by, context
        self.answers = ANSWERS | (answers or {})
        self.taken = []
        self.has_dawdled, self._is_over = threading.Event(), threading.Event()

    @contextmanager
    def running(self):
        """Serves any number of connections at once; yields its port."""
        with socket.create_server(('127.0.0.1', 0)) as server:
            threading.Thread(target=self._serve, args=(server,), daemon=True).start()
            yield server.getsockname()[1]
            self._is_over.set()

    def _serve(self, server):
        with suppress(OSError):  # closed: the test is over
            while True:
                client = server.accept()[0]
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client):
        with suppress(OSError), ExitStack() as opened:
            opened.enter_context(client)
            self._answer(client, 'connect')
            lines = client.makefile('rb')
            while line := lines.readline():
                word = line[:4].decode('latin-1').strip().upper()
                word = 'STARTTLS' if word == 'STAR' else word
                self._answer(client, word)
                if word == 'STARTTLS':
                    if self.step == 'TLS':
                        self._dawdle(client, b'\x16\x03\x03\x40\x00', b'\x00')
                    client = opened.enter_context(self.context.wrap_socket(client, server_side=True))
                    lines = client.makefile('rb')
                if word == 'DATA':
                    text = b''.join(iter(lines.readline, b'.\r\n'))
                    self.taken.append(text)
                    self._answer(client, 'the text')

    def _answer(self, client, step):
        answer = self.answers[step]
        if step == self.step:
            self._dawdle(client, *((answer[:3] + b'-', b'.') if self.by == 'byte' else
                                   (b'', answer[:3] + b'-wait\r\n')))
        if step == 'EHLO':
            client.sendall(b'250-slow.test\r\n' + (b'250-STARTTLS\r\n' if self.context else b''))
        client.sendall(answer + b'\r\n')

    def _dawdle(self, client, first, again):
        self.has_dawdled.set()
        if self.by != 'silence':
            client.sendall(first)
        while not self._is_over.wait(0.03):
            if self.by != 'silence':
                client.sendall(again)
        raise OSError('the test is over')
