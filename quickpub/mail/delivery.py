"""Deliver what the ledger has queued, over one connection, and back off where the mail server says so.

An email found `sending` whose process is dead goes out again with the same Message-ID (RFC 5322, 3.6.4), so that a copy
can be recognised.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from peewee import DatabaseError

from .. import throttle
from ..codes import Code
from ..db import db, first, now
from ..jobs import claims, owners
from ..jobs.errors import is_out_of_reach, is_transient
from ..models import Message, Site, Token, User
from ..sentences import describe_stored, make_words
from ..settings import current
from ..signing import redact_emails
from . import message as mail_format
from .rate import remaining
from .transport import Transport, connect, deadline
from .undelivered import HungUp, Lost, NotYet, Refused

log = logging.getLogger('quickpub.mail')

BATCH = 50  # emails that one job carries over one connection
BATCH_SECONDS = 60  # after which a job begins no other email
PROGRESS_EVERY = 5  # emails between two updates of a job's progress
BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240)]
GIVE_UP_AFTER = timedelta(days=2)
FEW_ATTEMPTS = 3  # with no more, an email is old because the site was off or a clock was ahead: do not give up
MANY_ATTEMPTS = 10  # back-off alone needs most of a day for so many

# Literals, not parameters: SQLite uses a partial index only for what it can read in the statement itself.
QUEUED = {False: "state = 'queued'", True: "state = 'queued' AND urgent = 1"}
IS_DUE, SENDING = "state = 'deferred' AND (next_try <= ? OR next_try > ?)", "state = 'sending'"


def deliver(urgent: bool = False, limit: int = BATCH) -> bool:
    """Send at most `limit` queued emails, urgent ones first, or only these if `urgent`. Failures are written into the
    ledger, not raised.

    No email is begun after BATCH_SECONDS, so that other jobs get a worker. Return whether something is left then.
    """
    _requeue_abandoned()
    if not has_queued(urgent):
        return False
    delivery = _Delivery(urgent)
    delivery.run(limit)
    return delivery.is_over_time and has_queued(urgent)


def wake(at: datetime) -> None:
    """Queue again the emails that are due for another try, and those of processes that died."""
    _requeue_abandoned()
    # A next try further away than any back-off was written by a clock that was ahead.
    db.execute_sql(f"UPDATE message SET state = 'queued' WHERE {IS_DUE}", (str(at), str(at + 2 * BACK_OFF[-1])))


def has_queued(urgent: bool = False, more_than: int = 0) -> bool:
    """Return whether more than so many emails, or urgent emails, could go out now."""
    if not urgent and remaining(now(), urgent) <= more_than:
        urgent = True
    if urgent and remaining(now(), urgent) <= more_than:
        return False
    found = db.execute_sql(f'SELECT 1 FROM message WHERE {QUEUED[urgent]} LIMIT 1 OFFSET ?', (more_than,))
    return found.fetchone() is not None


def _requeue_abandoned() -> None:
    """Queue again emails whose sender is gone. They may have arrived: the copy has the same Message-ID."""
    for (sender,) in db.execute_sql(f'SELECT DISTINCT sender FROM message WHERE {SENDING}').fetchall():
        owner = sender.partition('#')[0]
        if sender not in _Delivery.under_way if owner == owners.current().name else not owners.is_alive(owner):
            _requeue(sender, excused=0 if owners.has_living_parent(owner) else 1)


def _requeue(sender: str, excused: int) -> None:
    """Queue the email of a dead sender at once; after MANY_ATTEMPTS, which it may have caused, hours later, and not for
    ever. `excused`: attempts that do not count, because everything was killed."""
    at = now()
    db.execute_sql(
        'UPDATE message SET sender = NULL, attempts = attempts - ?, next_try = ?, '
        "state = CASE WHEN attempts < ? THEN 'queued' WHEN created_at < ? THEN 'failed' ELSE 'deferred' END, "
        'answer = iif(attempts < ?, answer, ?) '
        f'WHERE {SENDING} AND sender = ?',
        (excused, str(at + BACK_OFF[-1]), MANY_ATTEMPTS, str(at - GIVE_UP_AFTER), MANY_ATTEMPTS,
         Code('answer.sender_died').to_json(), sender))


@dataclass(frozen=True)
class Outcome:
    """The result of one attempt to send an email."""
    state: str
    answer: Code | str  # of the mail server, or a code
    sent_at: datetime | None = None
    next_try: datetime | None = None
    is_bad_address: bool = False


class _Delivery:
    """One worker with one connection and one email at a time.

    It claims the next email in the transaction that records the outcome of the last one. So any number of workers share
    what is queued, one that hangs delays one email, and one that dies leaves one in doubt.
    """
    under_way: set[str] = set()  # the deliveries of this process
    _numbers = count(1)

    def __init__(self, urgent: bool):
        self._urgent = urgent
        self._sender = f'{owners.current().name}#{next(self._numbers)}'
        self._site = Site.this()
        self._transport: Transport | None = None
        self._is_server_gone = False
        self._count = 0
        self._counted: list[int] = []  # uses of the rate by the current email
        self._until = time.monotonic() + BATCH_SECONDS

    @property
    def is_over_time(self) -> bool:
        return time.monotonic() >= self._until

    def run(self, limit: int) -> None:
        self.under_way.add(self._sender)
        try:
            with db.atomic():
                message = self._claim()
            while message:
                self._count += 1
                outcome = self._attempt(message)
                is_last = self._count == limit or self._is_server_gone or self.is_over_time
                message = self._record(message, outcome, is_last)
        finally:
            self.under_way.discard(self._sender)  # from here on, others may claim what it still has
            self._hang_up()

    def _claim(self) -> Message | None:
        """Claim the next email, or return None. Those that failed before go last."""
        at = now()
        urgent = self._urgent or not remaining(at, urgent=False)
        if not remaining(at, urgent):
            return None
        found = first(
            Message, "UPDATE message SET state = 'sending', sender = ?, attempts = min(attempts, 9999) + 1 WHERE id = ("
                     f'SELECT id FROM message WHERE {QUEUED[urgent]} ORDER BY urgent DESC, attempts, id LIMIT 1) '
                     'RETURNING *', self._sender)
        if found and current().mail_rate:
            self._counted = throttle.take(at, (throttle.MAIL_RATE.with_limit(current().mail_rate), ''))
        return found

    def _attempt(self, message: Message) -> Outcome:
        try:
            if not _has_live_link(message):
                return Outcome('failed', Code('answer.link_expired'))
            made = mail_format.render(message, self._site)
        except mail_format.CannotBeMade as error:
            log.exception('Email %s cannot be created', message.id)
            return Outcome('failed', error.code)
        except Exception as error:  # one bad email must not stop the others
            if is_transient(error) or isinstance(error, OSError):  # such as an unreadable DKIM key
                return _retry_when_possible(message, error)
            log.exception('Email %s cannot be created', message.id)
            return Outcome('failed', Code('answer.not_created', error=repr(error)))
        try:
            return Outcome('sent', self._send(message.recipient, made, deadline()), sent_at=now())
        except Refused as refusal:
            return Outcome('failed', refusal.answer, is_bad_address=refusal.is_address)
        except NotYet as error:
            return _retry_later(message, error.answer)
        except Lost as error:
            self._hang_up()
            return _retry_when_possible(message, error) if is_transient(error) else _retry_later(message, error.answer)
        except Exception as error:
            if not is_transient(error):
                raise
            self._hang_up()
            return _retry_when_possible(message, error)

    def _send(self, recipient: str, mail: bytes, until: float) -> Code | str:
        """Send over the open connection, or over a new one if the server has ended it, as many do after some emails."""
        if self._transport:
            try:
                return self._transport.send(recipient, mail, until)
            except HungUp:
                self._hang_up()
        self._transport = self._connect(until)
        return self._transport.send(recipient, mail, until)

    def _connect(self, until: float) -> Transport:
        try:
            return connect(until)
        except Lost:
            self._is_server_gone = True
            raise

    def _hang_up(self) -> None:
        if self._transport:
            self._transport.close()
        self._transport = None

    def _record(self, message: Message, outcome: Outcome, is_last: bool) -> Message | None:
        """Record the outcome, and return the next email. Retry while the database cannot be written: what was sent must
        not go out again."""
        is_logged = False
        while True:
            try:
                with db.atomic():
                    self._write(message, outcome)
                    if self._count % PROGRESS_EVERY == 0:
                        claims.report_progress(Code('mail.progress', count=self._count).to_json())
                        claims.clear_strikes()
                    return None if is_last else self._claim()
            except DatabaseError as error:
                if not is_out_of_reach(error):
                    raise
                if not is_logged:
                    log.warning('Mail %s: what became of it cannot be written (%s); trying again', message.id, error)
                    is_logged = True
                time.sleep(1)

    def _write(self, message: Message, outcome: Outcome) -> None:
        answer = _stored(outcome.answer)
        is_ours = db.execute_sql(
            'UPDATE message SET sender = NULL, state = ?, answer = ?, sent_at = ?, next_try = ? '
            'WHERE id = ? AND sender = ?',
            (outcome.state, answer, outcome.sent_at and str(outcome.sent_at),
             str(outcome.next_try or message.next_try), message.id, self._sender)).rowcount
        if is_ours and outcome.is_bad_address and message.user_id:
            User.update(mail_trouble=answer).where(  # not one of a pending or past change
                User.id == message.user_id, User.email == message.recipient).execute()
        if self._is_server_gone:
            throttle.give_back(self._counted)
            _defer_all(outcome.answer)
        log.log(logging.INFO if outcome.state == 'sent' else logging.WARNING,
                'Email %s: "%s" - %s: %s', message.id, describe_stored(message.subject), outcome.state,
                redact_emails(describe_stored(answer), message.recipient))


def _stored(answer: Code | str) -> str:
    return answer.to_json() if isinstance(answer, Code) else answer


def _given_up(answer: Code | str) -> Code:
    return Code('answer.given_up', answer=answer)


def _defer_all(answer: Code | str) -> None:
    """Defer all queued email for a minute, because the mail server cannot be reached. Then one tries for all."""
    at = now()
    db.execute_sql("UPDATE message SET state = 'failed', answer = ? WHERE state = 'queued' AND created_at < ? "
                   'AND attempts >= ?',  # with a rate, those never tried wait for their turn
                   (_given_up(answer).to_json(), str(at - GIVE_UP_AFTER), 1 if current().mail_rate else 0))
    db.execute_sql("UPDATE message SET state = 'deferred', answer = ?, next_try = ? WHERE state = 'queued'",
                   (_stored(answer), str(at + BACK_OFF[0])))


def _retry_later(message: Message, answer: Code | str) -> Outcome:
    at = now()
    if at - message.created_at > GIVE_UP_AFTER and message.attempts > FEW_ATTEMPTS:
        return Outcome('failed', _given_up(answer))
    return Outcome('deferred', answer, next_try=at + BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1])


def _retry_when_possible(message: Message, error: Exception) -> Outcome:
    """Defer an email, without limit, while this machine lacks something it needs."""
    reason = error.answer if isinstance(error, Lost) else str(error)
    log.warning('Email %s waits: %s', message.id, make_words(reason))
    return Outcome('deferred', Code('answer.not_now', error=reason), next_try=now() + BACK_OFF[0])


def _has_live_link(message: Message) -> bool:
    """Return whether the link in this email still works, if it has one. Without it, the email is worth nothing."""
    if message.kind not in mail_format.LINKS:
        return True
    token = message.token = first(Token, 'SELECT * FROM token WHERE id = ?', message.token_id)
    return token is not None and token.used_at is None and token.ended_at is None and token.expires_at > now()
