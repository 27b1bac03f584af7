"""Where mail goes: one conversation with the configured mail server, or the outbox. Knows nothing of the ledger."""

import mailbox
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from . import processes, settings, text
from .settings import current

TIMEOUT = 20  # seconds for each single step of a conversation with the mail server


class Refused(Exception):
    """The server will never take this mail. `is_address`: because of the address it goes to."""

    def __init__(self, answer: str, is_address: bool):
        super().__init__(answer)
        self.is_address = is_address


class NotYet(Exception):
    """The server does not take this mail now; the next one may be sent over the same connection."""


class Lost(Exception):
    """There is no connection (any more): what was under way may have been taken or not. The message says why."""


class Transport(Protocol):
    """`send` takes a whole mail as bytes and returns the server's answer, or raises Refused, NotYet or Lost."""

    def send(self, recipient: str, mail: bytes) -> str: ...

    def close(self) -> None: ...


def connect() -> Transport:
    """A connection to the configured mail server, or the outbox where none is configured. Raises Lost."""
    return MailServer(current().smtp) if current().smtp else Outbox()


@contextmanager
def _losses() -> Iterator[None]:
    """Whatever goes wrong with a connection, as Lost, in words."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise Lost(_answer(error.smtp_code, error.smtp_error)) from error
    except (OSError, smtplib.SMTPException) as error:
        if isinstance(error, TimeoutError) or 'timed out' in str(error):  # smtplib wraps the one in the other
            raise Lost(f'The mail server did not answer within {TIMEOUT} seconds') from error
        raise Lost(str(error) or type(error).__name__) from error


def _answer(code: int, words: bytes | str) -> str:
    words = words.decode('utf-8', 'replace') if isinstance(words, bytes) else words
    return text.line(f'{code} {words}', 500)


class Outbox:
    """A Maildir in the data folder, for a site without a mail server: any mail program opens it."""

    def __init__(self) -> None:
        self._maildir = mailbox.Maildir(current().data / 'outbox', create=False)

    def send(self, recipient: str, mail: bytes) -> str:
        with _losses():
            key = self._maildir.add(mail.replace(b'\r\n', b'\n'))  # add() syncs the file itself
            processes.sync_folder(current().data / 'outbox' / 'new')
        return f'kept in outbox/new/{key}'

    def close(self) -> None:
        self._maildir.close()


def forget_outbox(before: datetime) -> None:
    """Delete what the outbox has kept since before then (UTC), wherever a mail program has put it."""
    for path in (current().data / 'outbox').glob('*/*'):
        if path.stat().st_mtime < before.replace(tzinfo=UTC).timestamp():
            path.unlink()


class MailServer:
    """One SMTP conversation, used for many mails. Every step has a time-out, every certificate is checked."""

    def __init__(self, url: str):
        parts, login = urlsplit(url), settings.smtp_login(url)
        host, port = parts.hostname or '', parts.port or settings.SMTP_SCHEMES[parts.scheme]
        with _losses(), ExitStack() as on_error:
            if parts.scheme == 'smtps':
                self._smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT,
                                                            context=ssl.create_default_context())
            else:
                self._smtp = smtplib.SMTP(host, port, timeout=TIMEOUT)
            on_error.callback(self._smtp.close)
            self._smtp.ehlo_or_helo_if_needed()
            if parts.scheme == 'smtp' and (login or self._smtp.has_extn('starttls')):
                self._smtp.starttls(context=ssl.create_default_context())
                self._smtp.ehlo()
            if login:
                self._smtp.login(*login)
            on_error.pop_all()

    def send(self, recipient: str, mail: bytes) -> str:
        options = []
        if not recipient.isascii():
            if not self._smtp.has_extn('smtputf8'):
                raise Refused('This mail server cannot send to an address with such letters before the @', True)
            options = ['SMTPUTF8']
        with _losses():
            # smtplib's own sendmail does the same, but throws the final answer away, and looks at every line.
            code, words = self._smtp.mail(current().mail_from, options)
            if code != 250:  # nothing that a recipient could mend: the same for every mail
                raise smtplib.SMTPSenderRefused(code, words, current().mail_from)
            self._check(*self._smtp.rcpt(recipient), wanted=(250, 251), is_address=True)
            self._check(*self._smtp.docmd('DATA'), wanted=(354,))
            self._smtp.send(mail.replace(b'\r\n.', b'\r\n..') + b'.\r\n')  # RFC 5321, 4.5.2
            code, words = self._smtp.getreply()
            self._check(code, words, wanted=(250,))
        return _answer(code, words)

    def _check(self, code: int, words: bytes, wanted: tuple[int, ...], is_address: bool = False) -> None:
        """Raise what an answer means for this mail, ready for the next one (RFC 5321, 4.2.1)."""
        if code in wanted:
            return
        if code == 421:  # the server hangs up
            raise smtplib.SMTPResponseException(code, words)
        with suppress(OSError, smtplib.SMTPException):  # who hangs up after that has said what counts
            self._smtp.rset()
        if 500 <= code < 600:
            raise Refused(_answer(code, words), is_address)
        raise NotYet(_answer(code, words))

    def close(self) -> None:
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):  # whatever was sent has its 250 already
            self._smtp.close()
