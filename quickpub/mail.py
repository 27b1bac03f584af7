"""The mail ledger: one row per mail, written with its cause, delivered at least once, and recognisable as a copy.

    queued ──▶ sending ──250──▶ sent
      ▲           │
      │           ├─4xx, no answer──▶ deferred ──when due──▶ queued        (for two days, then failed)
      │           └─5xx─────────────▶ failed ──a person sends it again──▶ queued
      └─a person──── held

The ledger is the truth, and the only one that backs off. A job carries ids and merely wakes it; `due` finds what a
lost job forgot. A row found `sending` whose process is dead goes out again with the same Message-ID (RFC 5322, 3.6.4).
"""

import logging
import mailbox
import smtplib
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from peewee import DatabaseError

from . import jobs, processes, settings, text
from .db import db, is_out_of_reach, now
from .models import Message, Site, User
from .settings import current

log = logging.getLogger('quickpub.mail')

BATCH = 50  # mails that one job carries over one connection
TIMEOUT = 20  # seconds for each single step of a conversation with the mail server
BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240)]
GIVE_UP_AFTER = timedelta(days=2)
WAKE_AFTER = timedelta(minutes=10)  # an unsent mail whose job has not come by then is given a new one

# Over 78 characters the default policy would fold List-Unsubscribe's URL into encoded words: no longer a URL.
POLICY = SMTP.clone(max_line_length=998)

# Where the link of a token leads.
LINKS = {'verify': '/verify/', 'reset': '/reset/', 'address': '/verify/', 'invite': '/signup?invite='}


class Refused(Exception):
    """The server will never take this mail. `is_address`: because of the address it goes to."""

    def __init__(self, answer: str, is_address: bool):
        super().__init__(answer)
        self.is_address = is_address


class NotYet(Exception):
    """The server does not take this mail now; the next one may be sent over the same connection."""


class Transport(Protocol):
    """Where mail goes: a mail server or the outbox. `send` returns the answer, or raises Refused, NotYet or, with the
    connection lost, OSError or SMTPException."""

    def send(self, recipient: str, message: EmailMessage) -> str: ...

    def close(self) -> None: ...


def compose(kind: str, recipient: str, *, key: str, subject: str, **fields: Any) -> int | None:
    """Write one mail into the ledger, in the caller's transaction; its id, or None where `key` has a mail already.

    `fields` are the other columns of Message: user, token, urgent, payload (what the templates need).
    """
    ids = compose_many([row(kind, recipient, key=key, subject=subject, **fields)])
    return ids[0] if ids else None


def row(kind: str, recipient: str, *, key: str, subject: str, payload: dict[str, Any] | None = None,
        **fields: Any) -> dict[str, Any]:
    """One mail as `compose_many` wants it."""
    at = now()
    domain = current().mail_from.partition('@')[2]
    return {'kind': kind, 'recipient': recipient, 'key': key, 'subject': text.line(subject, 200),
            'payload': payload or {}, 'message_id': f'<{uuid4()}@{domain}>', 'state': 'queued', 'answer': '',
            'created_at': at, 'next_try': at + WAKE_AFTER, 'user': None, 'token': None, 'urgent': False} | fields


def compose_many(rows: list[dict[str, Any]]) -> list[int]:
    """Write mails into the ledger in one statement; the ids of those whose key was new."""
    if not rows:
        return []
    written = Message.insert_many(rows).on_conflict_ignore().returning(Message.id).execute()
    return [message.id for message in written]


def due(at: datetime) -> Iterator[tuple[list[int], bool]]:
    """Queue again what waits for its next try, and what nobody came for: batches of ids, and whether it is urgent."""
    sending = Message.select(Message.sender).where(Message.state == 'sending').distinct()
    dead = [message.sender for message in sending if not jobs.is_alive(message.sender or '')]
    is_due = (Message.state.in_(['queued', 'deferred']) & (Message.next_try <= at)) | (
        (Message.state == 'sending') & Message.sender.in_(dead))
    with db.atomic():
        rows = list(Message.update(state='queued', sender=None, next_try=at + WAKE_AFTER).where(is_due)
                    .returning(Message.id, Message.urgent).execute())
    for urgent in (True, False):
        ids = sorted(message.id for message in rows if message.urgent == urgent)
        for start in range(0, len(ids), BATCH):
            yield ids[start:start + BATCH], urgent


def send_again(message: Message) -> list[int]:
    """Queue a mail again by a person's wish, in the caller's transaction, unless it is being sent; ids to deliver."""
    changed = Message.update(state='queued', sender=None, sent_at=None, attempts=0, next_try=now() + WAKE_AFTER).where(
        Message.id == message.id, Message.state != 'sending').execute()
    return [message.id] if changed else []


def hold(message: Message) -> bool:
    """Keep a mail that is not sent yet from going out, until a person sends it. False where it is too late."""
    return bool(Message.update(state='held').where(
        Message.id == message.id, Message.state.in_(['queued', 'deferred', 'failed'])).execute())


def deliver(ids: Iterable[int]) -> None:
    """Send these mails, as far as they are queued, over one connection. What fails is in the ledger, not raised."""
    messages = _take(list(ids))
    if not messages:
        return
    transport: Transport | None = None
    try:
        for message in messages:
            if not _has_live_link(message):
                _record(message, state='failed', answer='Not sent: the link in it does not work any more')
                continue
            try:
                made = render(message)
            except Exception as error:  # whatever is wrong with one mail, it must not stop the others
                log.exception('Mail %s cannot be made', message.id)
                _record(message, state='failed', answer=f'It could not be made: {error!r}')
                continue
            try:
                transport = transport or connect()
                answer = transport.send(message.recipient, made)
            except Refused as error:
                _fail(message, error)
            except NotYet as error:
                _defer(message, str(error))
            except (OSError, smtplib.SMTPException) as error:
                _defer(message, _in_words(error))
                _close(transport)
                transport = None
            else:
                _record(message, state='sent', answer=answer, sent_at=now())
                log.info('Mail to %s: "%s" - %s', message.recipient, message.subject, answer)
    finally:
        _close(transport)
        with _hands:
            _in_hand.difference_update(message.id for message in messages)


_in_hand: set[int] = set()  # ids of what threads of this process are sending
_hands = threading.Lock()


def _take(ids: list[int]) -> list[Message]:
    """Mark as sending what is queued, and what a dead process, or a thread of ours that failed, left sending."""
    with _hands:
        sending = Message.select(Message.id, Message.sender).where(Message.id.in_(ids), Message.state == 'sending')
        left = [message.id for message in sending if message.id not in _in_hand
                and (message.sender == jobs.me.name or not jobs.is_alive(message.sender or ''))]
        with db.atomic():
            taken = list(Message.update(state='sending', sender=jobs.me.name, attempts=Message.attempts + 1).where(
                Message.id.in_(ids), (Message.state == 'queued') | Message.id.in_(left)).returning(Message).execute())
        _in_hand.update(message.id for message in taken)
    # What failed before may hang again: everybody else goes first.
    return sorted(taken, key=lambda message: (message.attempts, message.id))


def _record(message: Message, **fields: Any) -> None:
    """Write down how it went, however long the database cannot be written: what was sent must not go out again."""
    has_said_so = False
    while True:
        try:
            Message.update(sender=None, **fields).where(
                Message.id == message.id, Message.sender == jobs.me.name).execute()
            return
        except DatabaseError as error:
            if not is_out_of_reach(error):
                raise
            if not has_said_so:
                log.warning('Mail %s: what became of it cannot be written (%s); trying again', message.id, error)
                has_said_so = True
            time.sleep(1)


def _fail(message: Message, refusal: Refused) -> None:
    _record(message, state='failed', answer=str(refusal))
    if refusal.is_address and message.user_id:
        User.update(mail_trouble=str(refusal)).where(User.id == message.user_id).execute()
    log.warning('Mail to %s: "%s" - refused: %s', message.recipient, message.subject, refusal)


def _has_live_link(message: Message) -> bool:
    """A mail about a link is worth nothing once the link is used, replaced or expired."""
    if message.kind not in LINKS:
        return True
    token = message.token
    return token is not None and token.used_at is None and token.expires_at > now()


def _defer(message: Message, answer: str) -> None:
    at = now()
    if at - message.created_at > GIVE_UP_AFTER:
        _record(message, state='failed', answer=f'Given up after two days. The last answer was: {answer}')
    else:
        wait = BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1]
        _record(message, state='deferred', answer=answer, next_try=at + wait)
    log.warning('Mail to %s: "%s" - not yet: %s', message.recipient, message.subject, answer)


def _in_words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    if isinstance(error, TimeoutError) or 'timed out' in str(error):  # smtplib wraps the one in the other
        return f'The mail server did not answer within {TIMEOUT} seconds'
    return str(error) or type(error).__name__


def _answer(code: int, words: bytes | str) -> str:
    words = words.decode('utf-8', 'replace') if isinstance(words, bytes) else words
    return text.line(f'{code} {words}', 500)


def _close(transport: Transport | None) -> None:
    if transport:
        transport.close()


def render(message: Message) -> EmailMessage:
    """The mail itself, made from the ledger's row alone: the same row always makes the same mail."""
    site, config = Site.this(), current()
    context = {'site_title': site.title, 'site_url': config.url, 'link': '(this link is gone)'} | message.payload
    if message.token is not None:
        context['link'] = f'{config.url}{LINKS[message.token.purpose]}{message.token.text}'
    mail = EmailMessage(policy=POLICY)
    mail['From'] = Address(display_name=text.line(site.title, 60), addr_spec=config.mail_from)
    name, _, domain = message.recipient.rpartition('@')
    mail['To'] = Address(username=name, domain=domain)
    mail['Subject'] = message.subject
    mail['Date'] = format_datetime(message.created_at.replace(tzinfo=UTC))
    mail['Message-ID'] = message.message_id
    mail['Auto-Submitted'] = 'auto-generated'  # RFC 3834
    if unsubscribe := message.payload.get('unsubscribe_url'):
        mail['List-Id'] = f'<reports.{urlsplit(config.url).hostname}>'  # RFC 2919
        mail['List-Unsubscribe'] = f'<{unsubscribe}>'  # RFC 2369
        if config.is_https:
            mail['List-Unsubscribe-Post'] = 'List-Unsubscribe=One-Click'  # RFC 8058
    mail.set_content(text.render(f'mail/{message.kind}.txt', **context), cte='quoted-printable')
    mail.add_alternative(text.render(f'mail/{message.kind}.html', **context), subtype='html', cte='quoted-printable')
    return mail


def connect() -> Transport:
    """A connection to the configured mail server, or the outbox where none is configured."""
    return MailServer(current().smtp) if current().smtp else Outbox()


class Outbox:
    """A Maildir in the data folder, for a site without a mail server: any mail program opens it."""

    def __init__(self) -> None:
        self._maildir = mailbox.Maildir(current().data / 'outbox', create=False)

    def send(self, recipient: str, message: EmailMessage) -> str:
        key = self._maildir.add(message.as_bytes(policy=POLICY.clone(linesep='\n')))  # add() syncs the file itself
        processes.sync_folder(current().data / 'outbox' / 'new')
        return f'kept in outbox/new/{key}'

    def close(self) -> None:
        self._maildir.close()


class MailServer:
    """One SMTP conversation, used for a whole batch. Every step has a time-out, every certificate is checked."""

    def __init__(self, url: str):
        parts, login = urlsplit(url), settings.smtp_login(url)
        host, port = parts.hostname or '', parts.port or settings.SMTP_SCHEMES[parts.scheme]
        if parts.scheme == 'smtps':
            self._smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT,
                                                        context=ssl.create_default_context())
        else:
            self._smtp = smtplib.SMTP(host, port, timeout=TIMEOUT)
        with self._closed_on_error():
            self._smtp.ehlo_or_helo_if_needed()
            if parts.scheme == 'smtp' and (login or self._smtp.has_extn('starttls')):
                self._smtp.starttls(context=ssl.create_default_context())
                self._smtp.ehlo()
            if login:
                self._smtp.login(*login)

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._smtp.close()
            raise

    def send(self, recipient: str, message: EmailMessage) -> str:
        options = []
        if not recipient.isascii():
            if not self._smtp.has_extn('smtputf8'):
                raise Refused('This mail server cannot send to an address with such letters before the @', True)
            options = ['SMTPUTF8']
        data = message.as_bytes(policy=POLICY.clone(utf8=bool(options)))
        # smtplib's own sendmail does the same, but throws the final answer away.
        code, words = self._smtp.mail(current().mail_from, options)
        if code != 250:  # nothing that a recipient could mend: the same for every mail
            raise smtplib.SMTPSenderRefused(code, words, current().mail_from)
        self._check(*self._smtp.rcpt(recipient), is_address=True)
        try:
            answer: tuple[int, bytes | str] = self._smtp.data(data)
        except smtplib.SMTPDataError as error:  # refused before the text was sent
            answer = error.smtp_code, error.smtp_error
        self._check(*answer, is_address=False)
        return _answer(*answer)

    def _check(self, code: int, words: bytes | str, is_address: bool) -> None:
        """Raise what an answer means for this mail, ready for the next one (RFC 5321, 4.2.1)."""
        if code in (250, 251):
            return
        if code == 421:  # the server hangs up
            raise smtplib.SMTPResponseException(code, words)
        self._smtp.rset()
        if 500 <= code < 600:
            raise Refused(_answer(code, words), is_address)
        raise NotYet(_answer(code, words))

    def close(self) -> None:
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):  # whatever was sent has its 250 already
            self._smtp.close()
