"""Send emails to the configured mail server in one SMTP conversation, or into the outbox."""

import io
import mailbox
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from threading import Lock
from typing import Any, Protocol
from urllib.parse import urlsplit

from .. import processes, removal, settings, text
from ..codes import Code
from ..settings import current

TIMEOUT = 20  # seconds that a mail server may be silent
DEADLINE = 60  # seconds for one email, including connecting and logging in
FAREWELL = 5  # seconds for the answer to QUIT, which changes nothing
LONGEST_ANSWER = 500  # characters


class Undelivered(Exception):
    """An email was not sent. `answer` says why: the words of the mail server, or a code."""

    def __init__(self, answer: Code | str):
        super().__init__(answer)
        self.answer = answer


class Refused(Undelivered):
    """The server will never take this email. `is_address`: because of its recipient."""

    def __init__(self, answer: Code | str, is_address: bool):
        super().__init__(answer)
        self.is_address = is_address


class NotYet(Undelivered):
    """The server does not take this email now; the next one may be sent over the same connection."""


class Lost(Undelivered):
    """There is no connection, or no longer: the current email may have been taken or not."""


class HungUp(Lost):
    """The conversation ended, or is of no use, before the server got more of this email than its recipient."""


class Transport(Protocol):
    """`send` takes a whole email as bytes and returns the server's answer, or raises Refused, NotYet, HungUp or Lost,
    at the latest when `time.monotonic()` has reached `until`."""

    def send(self, recipient: str, mail: bytes, until: float) -> Code | str: ...

    def close(self) -> None: ...


def deadline() -> float:
    """Return when a conversation that begins now must be over, by `time.monotonic()`."""
    return time.monotonic() + DEADLINE


def connect(until: float | None = None) -> Transport:
    """Return a connection to the configured mail server, or the outbox if none is configured. Raises Lost, at the
    latest at the deadline `until`."""
    return MailServer(current().smtp, until or deadline()) if current().smtp else Outbox()


ASKED_AGAIN_AFTER = 600  # seconds, for what a mail server can do
ASK_TIMEOUT = 5  # seconds that a form waits for the answer
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


@contextmanager
def _losses(kind: type[Lost] = Lost) -> Iterator[None]:
    """Turn all errors of a connection into Lost, or into this kind of it unless the server was silent."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise kind(_answer(error.smtp_code, error.smtp_error)) from error
    except (OSError, smtplib.SMTPException, ValueError) as error:  # the last: what smtplib cannot encode or decode
        if any('timed out' in str(each) for each in (error, error.__context__)):  # smtplib wraps the one in the other
            raise Lost(Code('answer.silent', seconds=TIMEOUT, most=DEADLINE)) from error
        raise kind(str(error) or type(error).__name__) from error


def _answer(code: int, words: bytes | str) -> Code | str:
    words = text.line(words.decode('utf-8', 'replace') if isinstance(words, bytes) else words, LONGEST_ANSWER)
    return f'{code} {words}'.strip() if code >= 0 else Code('answer.not_smtp', words=words)


def _refusal(code: int, words: bytes, is_address: bool = False) -> Refused | NotYet:
    """Return what an answer means for this email (RFC 5321, 4.2.1)."""
    if code < 500:
        return NotYet(_answer(code, words))
    is_address = is_address and not re.match(rb'5[.][57][.]', words)  # whom we are, or what we say (RFC 3463)
    return Refused(_answer(code, words), is_address)


class Outbox:
    """A Maildir in the data folder, for a site without a mail server: any mail program opens it."""

    def __init__(self) -> None:
        folder = current().paths.outbox
        if not (folder / 'new').is_dir():
            raise Lost(Code('answer.no_outbox'))
        self._maildir = mailbox.Maildir(folder, create=False)

    def send(self, recipient: str, mail: bytes, until: float = 0) -> Code | str:
        with _losses():
            key = self._maildir.add(mail.replace(b'\r\n', b'\n'))  # add() syncs the file itself
            processes.hand_over(current().paths.outbox / 'new' / key, current().paths.outbox)
            processes.sync_folder(current().paths.outbox / 'new')
        return Code('answer.kept', path=f'outbox/new/{key}')

    def close(self) -> None:
        self._maildir.close()


def remove_from_outbox(message_ids: set[str]) -> None:
    """Delete the emails with these Message-IDs from the outbox, in whichever folder a mail program has put them."""
    removal.remove_all(path for path in _kept() if _message_id_of(path) in message_ids)


def _kept() -> list[Path]:
    folders = [path for name in ('new', 'cur', 'tmp') for path in (current().paths.outbox).rglob(name)]
    return [path for folder in folders if folder.is_dir() for path in folder.iterdir() if not path.is_dir()]


def _message_id_of(path: Path) -> str:
    """Return the Message-ID of an email; '' if it has none, or has vanished."""
    try:
        with open(path, 'rb') as file:
            return str(BytesHeaderParser(policy=policy.SMTP).parse(file)['Message-ID'] or '').strip()
    except OSError:
        return ''


def forget_outbox(before: datetime) -> None:
    """Delete emails from the outbox that are older than `before` (UTC)."""
    limit = before.replace(tzinfo=UTC).timestamp()
    removal.remove_all(path for path in _kept() if removal.is_older(path, limit))


class _Conversation(smtplib.SMTP):
    """smtplib's, with an end: its time-out counts for each single read, so that a server which sends a line, or a
    byte, every few seconds would hold a worker for ever. Whatever waits for the server asks `_wait` how long."""

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
    """Reads from a socket, each time within the time that is left."""

    def __init__(self, sock: socket.socket, wait: Callable[[], float]):
        self._sock, self._wait = sock, wait

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._wait())
        return self._sock.recv_into(buffer)


class MailServer:
    """One SMTP conversation, used for many emails. Silences and emails have time limits; certificates are checked."""

    def __init__(self, url: str, until: float):
        parts, login = urlsplit(url), settings.smtp_login(url)
        host, port = parts.hostname or '', parts.port or settings.SMTP_SCHEMES[parts.scheme]
        with _losses(), ExitStack() as on_error:
            self._smtp = _Conversation(host, port, parts.scheme == 'smtps', until)
            on_error.callback(self._smtp.close)
            self._smtp.ehlo_or_helo_if_needed()
            if parts.scheme == 'smtp' and (login or self._smtp.has_extn('starttls')):
                self._smtp.starttls(context=ssl.create_default_context())
                self._smtp.ehlo()
            if login:
                self._smtp.login(*login)
            on_error.pop_all()

    @property
    def takes_international(self) -> bool:
        return self._smtp.has_extn('smtputf8')

    def send(self, recipient: str, mail: bytes, until: float) -> Code | str:
        self._smtp.until = until
        options = '' if recipient.isascii() else ' SMTPUTF8'
        if options and not self.takes_international:
            raise Refused(Code('answer.no_such_letters'), is_address=True)
        if any(sign in recipient for sign in '<>\r\n'):  # it would end the command, and begin another
            raise Refused(Code('answer.not_an_address'), is_address=True)
        with _losses(HungUp):
            # smtplib's own sendmail waits for each answer, and throws the last one away.
            self._say({f'MAIL FROM:<{current().mail_from}>{options}': 2, f'RCPT TO:<{recipient}>': 2, 'DATA': 3})
        with _losses():
            self._smtp.send(mail.replace(b'\r\n.', b'\r\n..') + b'.\r\n')  # RFC 5321, 4.5.2
            code, words = self._reply(2)
            if code // 100 != 2:
                self._begin_anew()
                raise _refusal(code, words)
        return _answer(code, words)

    def _say(self, commands: dict[str, int]) -> None:
        """Say these, in one round trip where the server takes that (PIPELINING, RFC 2920). Raises what it means for
        this mail where an answer does not begin with the digit wanted, which is what counts (RFC 5321, 4.3.2); then
        the connection is ready for the next mail."""
        at_once = self._smtp.has_extn('pipelining')
        lines = [f'{command}\r\n'.encode() for command in commands]
        if at_once:
            self._smtp.send(b''.join(lines))
        for line, (command, wanted) in zip(lines, commands.items(), strict=True):
            if not at_once:
                self._smtp.send(line)
            code, words = self._reply(wanted)
            if code // 100 == wanted:
                continue
            if command.startswith('MAIL'):  # nothing that a recipient could mend: the same for every mail
                raise smtplib.SMTPSenderRefused(code, words, current().mail_from)
            is_recipient = command.startswith('RCPT')
            self._begin_anew(is_data_said=at_once and is_recipient)
            raise _refusal(code, words, is_address=is_recipient)

    def _reply(self, wanted: int) -> tuple[int, bytes]:
        """An answer that begins with this digit, or a refusal. After any other nobody knows which answer is to which
        command, nor whose mail is under way: then there is no use for the connection."""
        code, words = self._smtp.getreply()
        if code == 421 or code // 100 not in (wanted, 4, 5):  # 421: the server hangs up
            raise smtplib.SMTPResponseException(code, words)
        return code, words

    def _begin_anew(self, is_data_said: bool = False) -> None:
        """Reset the conversation for the next email, or close it if the server does not take that. A server may hang up
        after a refusal, which is all that counts."""
        with suppress(OSError, smtplib.SMTPException):
            if is_data_said and self._reply(3)[0] // 100 == 3:  # for a mail that nobody is to get (RFC 2920, 3.1)
                self._smtp.send(b'.\r\n')
                self._reply(2)
            if self._smtp.rset()[0] // 100 == 2:
                return
        self._smtp.close()

    def close(self) -> None:
        self._smtp.until = min(self._smtp.until, time.monotonic() + FAREWELL)
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):  # whatever was sent has its 250 already
            self._smtp.close()
