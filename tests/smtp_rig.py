"""A real SMTP server for tests: keeps what it accepts, and misbehaves for those recipients that a test names."""

import asyncio
import email
import email.policy
import fcntl
import os
import random
import socket
import tempfile
import threading
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class Sink:
    """Accepted mails in `mails`; `answers` maps a recipient to what RCPT says, `after_data` to what DATA says: an
    answer, which may end with "and hangs up", 'drop' or 'hang'. `hangs_at_ehlo` says so for every connection;
    `is_pipelining` makes it take several commands at once (RFC 2920); after `most_at_once` mails it hangs up."""

    def __init__(self):
        self.mails = []
        self.sessions = set()
        self.answers = {}
        self.after_data = {}
        self.hangs_at_ehlo = False
        self.is_pipelining = False
        self.most_at_once = None
        self.is_over = False

    async def _hang(self):
        while not self.is_over:
            await asyncio.sleep(0.02)

    async def _say(self, server, answer):
        if answer.endswith('and hangs up'):
            await server.push(answer)
            server.transport.close()
        return answer

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if self.hangs_at_ehlo:
            await self._hang()
        return [*responses[:-1], '250-PIPELINING', responses[-1]] if self.is_pipelining else responses

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        session.begun = getattr(session, 'begun', 0) + 1
        if self.most_at_once is not None and session.begun > self.most_at_once:
            return await self._say(server, '421 4.7.0 Too many mails in one conversation, and hangs up')
        envelope.mail_from = address
        return '250 OK'

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        answer = self.answers.get(address, '250 OK')
        if answer == 'hang':
            await self._hang()
        if answer == 'drop':
            server.transport.close()
            return '421 gone'
        if answer.startswith('2'):
            envelope.rcpt_tos.append(address)
        return await self._say(server, answer)

    async def handle_DATA(self, server, session, envelope):
        self.sessions.add(session)
        answer = self.after_data.get(envelope.rcpt_tos[0], '250 Taken')
        if answer == 'hang':
            await self._hang()
        if answer.startswith('2') or answer == 'drop after taking':
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            mail.recipients = envelope.rcpt_tos
            mail.raw = envelope.content
            self.mails.append(mail)
        if answer.startswith('drop'):
            server.transport.close()
            return '421 gone'
        return await self._say(server, answer)


@contextmanager
def smtp_server(sink=None, **options):
    """A running server; yields its sink, whose `url` is what QUICKPUB_SMTP wants. Options are aiosmtpd's."""
    options = {'enable_SMTPUTF8': True} | options
    sink = sink or Sink()

    class Server(Controller):
        def factory(self):
            return SMTP(self.handler, hostname='sink.test', **options)

    sink.port = free_port()
    controller = Server(sink, hostname='127.0.0.1', port=sink.port)
    controller.start()
    sink.url = f'smtp+plain://127.0.0.1:{sink.port}'
    try:
        yield sink
    finally:
        sink.is_over = True
        controller.stop()


def free_port():
    """Return a port that nobody listens on, below those from which the kernel takes the other ends of connections. It
    is nobody else's until this process ends: each port is a byte of one file, and whoever has it holds its lock."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            fcntl.lockf(_ports(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            probe.bind(('127.0.0.1', port))
            return port


@cache
def _ports():
    return os.open(Path(tempfile.gettempdir()) / f'quickpub-test-ports-{os.getuid()}', os.O_RDWR | os.O_CREAT, 0o600)


class EagerServer:
    """Takes commands at once, and says 354 to DATA even if it has refused everybody (RFC 2920, 3.1). `answers` maps a
    recipient, or the first word of another command, to what it says to that the first time. A mail goes to all whom it
    has not refused since it took one, or RSET: `mails` are the recipients and the lines of each. `at_once` is how often
    all commands of one came in one piece."""

    def __init__(self, answers, connections=1):
        self.answers, self.connections, self.mails, self.at_once = answers, connections, [], 0

    @contextmanager
    def running(self):
        """Serves so many connections, one after the other; yields what QUICKPUB_SMTP wants."""
        with socket.create_server(('127.0.0.1', 0)) as server:
            server.settimeout(10)  # where fewer come
            thread = threading.Thread(target=self._serve, args=(server,))
            thread.start()
            yield f'smtp+plain://127.0.0.1:{server.getsockname()[1]}'
            thread.join()

    def _serve(self, server):
        for _ in range(self.connections):
            with server.accept()[0] as client:
                self._talk(client)

    def _talk(self, client):
        client.sendall(b'220 eager.test\r\n')
        recipients = []
        while piece := client.recv(65536):
            lines = piece.decode().splitlines()
            self.at_once += [line[:4] for line in lines] == ['MAIL', 'RCPT', 'DATA']
            for line in lines:
                answer = self._answer(line, recipients)
                client.sendall(answer.encode() + b'\r\n')
            if lines[-1] == 'DATA' and answer.startswith('354'):
                mail = self._mail(client)
                if mail is None:
                    return
                self.mails.append((tuple(recipients), mail))
                client.sendall(b'250 Taken\r\n' if recipients else b'554 No valid recipients\r\n')
                recipients.clear()

    def _answer(self, line, recipients):
        word, recipient = line[:4].upper(), line[9:-1]
        known = {'EHLO': '250-eager.test\r\n250 PIPELINING', 'DATA': '354 Go on', 'QUIT': '221 Bye'}
        answer = self.answers.pop(recipient if word == 'RCPT' else word, known.get(word, '250 OK'))
        if word == 'RCPT' and answer[0] not in '45':
            recipients.append(recipient)
        if word == 'RSET' and answer[0] == '2':
            recipients.clear()
        return answer

    def _mail(self, client):
        """Its lines; None where it is broken off."""
        data = b''
        while data != b'.\r\n' and not data.endswith(b'\r\n.\r\n'):
            if not (piece := client.recv(65536)):
                return None
            data += piece
        return data.splitlines()


@contextmanager
def mute_server():
    """Accepts connections and never says a word; yields its port."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        kept = []
        threading.Thread(target=lambda: _accept_all(server, kept), daemon=True).start()
        yield server.getsockname()[1]
        for connection in kept:
            connection.close()


def _accept_all(server, kept):
    while True:
        try:
            kept.append(server.accept()[0])
        except OSError:  # closed: the test is over
            return
