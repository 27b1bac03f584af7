"""Send emails to the configured mail server, many in one SMTP conversation."""

import re
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

from .. import settings, text
from ..codes import Code
from ..settings import current
from . import conversation
from .conversation import Conversation
from .undelivered import HungUp, Lost, NotYet, Refused

FAREWELL = 5  # seconds for the answer to QUIT, which changes nothing
LONGEST_ANSWER = 500  # characters


class MailServer:
    """One SMTP conversation, used for many emails. Silences and emails have time limits; certificates are checked."""

    def __init__(self, url: str, until: float):
        parts, login = urlsplit(url), settings.smtp_login(url)
        host, port = parts.hostname or '', parts.port or settings.SMTP_SCHEMES[parts.scheme]
        with _losses(), ExitStack() as on_error:
            self._smtp = Conversation(host, port, parts.scheme == 'smtps', until)
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
                self._reset()
                raise _refusal(code, words)
        return _answer(code, words)

    def _say(self, commands: dict[str, int]) -> None:
        """Send commands, in one round trip if the server takes that (PIPELINING, RFC 2920). Each has the first digit of
        the answer that it needs, which is all that counts (RFC 5321, 4.3.2). Raises Refused or NotYet for another
        answer; then the connection is ready for the next email."""
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
            if command.startswith('MAIL'):  # the same for every email
                raise smtplib.SMTPSenderRefused(code, words, current().mail_from)
            is_recipient = command.startswith('RCPT')
            self._reset(is_data_said=at_once and is_recipient)
            raise _refusal(code, words, is_address=is_recipient)

    def _reply(self, wanted: int) -> tuple[int, bytes]:
        """Return an answer that begins with this digit, or a refusal. Raises SMTPResponseException for any other: then
        nobody knows which answer is to which command, and the connection is of no use."""
        code, words = self._smtp.getreply()
        if code == 421 or code // 100 not in (wanted, 4, 5):  # 421: the server hangs up
            raise smtplib.SMTPResponseException(code, words)
        return code, words

    def _reset(self, is_data_said: bool = False) -> None:
        """Reset the conversation for the next email, or close it if the server does not take that, as after a refusal.
        """
        with suppress(OSError, smtplib.SMTPException):
            if is_data_said and self._reply(3)[0] // 100 == 3:  # an email to nobody (RFC 2920, 3.1)
                self._smtp.send(b'.\r\n')
                self._reply(2)
            if self._smtp.rset()[0] // 100 == 2:
                return
        self._smtp.close()

    def close(self) -> None:
        self._smtp.until = min(self._smtp.until, time.monotonic() + FAREWELL)
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):  # all that was sent has its 250 already
            self._smtp.close()


@contextmanager
def _losses(kind: type[Lost] = Lost) -> Iterator[None]:
    """Turn all errors of a connection into Lost, or into this kind of it unless the server was silent."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise kind(_answer(error.smtp_code, error.smtp_error)) from error
    except (OSError, smtplib.SMTPException, ValueError) as error:  # the last: what smtplib cannot encode or decode
        if any('timed out' in str(each) for each in (error, error.__context__)):  # smtplib wraps the one in the other
            raise Lost(Code('answer.silent', seconds=conversation.TIMEOUT, most=conversation.DEADLINE)) from error
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
