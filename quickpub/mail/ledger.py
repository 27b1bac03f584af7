"""The mail ledger: one row per mail, written with its cause, delivered at least once, and recognisable as a copy.

    queued ──▶ sending ──250──▶ sent
      ▲           │
      │           ├─4xx, no answer──▶ deferred ──when due──▶ queued        (for two days, then failed)
      │           └─5xx─────────────▶ failed ──a person sends it again──▶ queued
      └─a person──── held

The ledger is the truth, and the only one that backs off. A job says no more than "there is something to send". A row
found `sending` whose process is dead goes out again with the same Message-ID (RFC 5322, 3.6.4).
"""

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from peewee import SQL, DatabaseError

from .. import dates, formats, text, throttle
from ..db import among, db, first, give_way, insert, is_out_of_reach, is_transient, literal, now, rows
from ..jobs import queue
from ..models import Message, OutboxLeftover, Site, Token, User
from ..settings import current
from ..signing import redact_emails
from . import message as letter
from .transport import HungUp, Lost, NotYet, Refused, Transport, connect, deadline, forget_outbox, remove_from_outbox

log = logging.getLogger('quickpub.mail')

BATCH = 50  # mails that one job carries over one connection
BATCH_SECONDS = 60  # after which a job begins no other mail
TOLD_EVERY = 5  # mails, for whoever looks at the work
BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240)]
GIVE_UP_AFTER = timedelta(days=2)
FEW_ATTEMPTS = 3  # tried so seldom, a mail is old because the site was off, or a clock was ahead: it is not given up
KEPT = timedelta(days=90)  # what is sent, or failed for good
MANY_ATTEMPTS = 10  # back-off alone needs most of a day for so many
GIVEN_UP = 'Given up after two days. The last answer was: '

# Literals, not parameters: SQLite uses a partial index only for what it can read in the statement itself.
QUEUED = {False: "state = 'queued'", True: "state = 'queued' AND urgent = 1"}
UNSENT = SQL("state IN ('queued', 'sending', 'deferred')")
DONE = "state IN ('sent', 'failed')"
WAITS, SENDING = "state = 'deferred' AND (next_try <= ? OR next_try > ?)", "state = 'sending'"


# Writing into it

def compose(kind: str, recipient: str, *, key: str, subject: str, **fields: Any) -> int | None:
    """Write one mail into the ledger, in the caller's transaction; its id, or None where `key` has a mail already.

    `fields` are the other columns of Message: user, token, urgent, payload (what the templates need).
    """
    ids = compose_many([row(kind, recipient, key=key, subject=subject, **fields)])
    return ids[0] if ids else None


def row(kind: str, recipient: str, *, key: str, subject: str, payload: dict[str, Any] | None = None,
        user: User | None = None, token: Token | None = None, urgent: bool = False) -> dict[str, Any]:
    """One mail as `compose_many` wants it: the columns as they are stored."""
    at = str(now())
    domain = current().mail_from.partition('@')[2]
    return {'kind': kind, 'recipient': recipient, 'key': key, 'subject': text.line(subject, 200),
            'payload': Message.payload.db_value(payload or {}), 'message_id': f'<{uuid4()}@{domain}>',
            'state': 'queued', 'answer': '', 'created_at': at, 'next_try': at, 'user_id': user and user.id,
            'token_id': token and token.id, 'urgent': urgent, 'language': user and user.language}


def compose_many(rows: list[dict[str, Any]]) -> list[int]:
    """Write mails into the ledger in one statement; the ids of those whose key was new."""
    if not rows:
        return []
    written = insert('message', rows, 'ON CONFLICT DO NOTHING RETURNING id')
    return [number for (number,) in written]


def send_again(message: Message) -> list[int]:
    """Queue a mail again by a person's wish, in the caller's transaction, unless it is being sent; ids to deliver."""
    changed = Message.update(state='queued', sent_at=None, attempts=0, urgent=True).where(
        Message.id == message.id, Message.state != 'sending').execute()
    return [message.id] if changed else []


def hold(message: Message) -> bool:
    """Keep a mail that is not sent yet from going out, until a person sends it. False where it is too late."""
    return bool(Message.update(state='held').where(
        Message.id == message.id, Message.state.in_(['queued', 'deferred', 'failed'])).execute())


def wake(at: datetime) -> None:
    """Queue again what waited for its next try, and what a process was sending that is dead now."""
    _put_back_of_the_dead()
    # Further away than any wait: the clock was ahead when it was written down, and has been put right.
    db.execute_sql(f"UPDATE message SET state = 'queued' WHERE {WAITS}", (str(at), str(at + 2 * BACK_OFF[-1])))


def clean_up(at: datetime) -> None:
    """Forget what was sent, or failed for good, long ago; a few at a time, for a report has several KB. What a person
    holds back stays, and so do the reports' own rows."""
    before = str(at - KEPT)
    while db.execute_sql(
            f'DELETE FROM message WHERE id IN (SELECT id FROM message WHERE {DONE} AND created_at < ? '
            "AND coalesce(sent_at, '') < ? LIMIT ?)", (before, before, 10 * BATCH)).rowcount:
        give_way()
    forget_outbox(at - KEPT)


def empty_outbox_of_deleted() -> None:
    """Delete emails from the outbox whose rows were deleted. Raises Unfinished where some could not be deleted."""
    deleted = {message_id for (message_id,) in rows(OutboxLeftover.select(OutboxLeftover.message_id))}
    if deleted:
        remove_from_outbox(deleted)
        OutboxLeftover.delete().where(OutboxLeftover.message_id.in_(among(deleted))).execute()


def is_queued(urgent: bool = False, more_than: int = 0) -> bool:
    """Whether more than so many mails could go out now, of all, or of those that somebody waits for."""
    if not urgent and _room(now(), urgent) <= more_than:
        urgent = True
    if urgent and _room(now(), urgent) <= more_than:
        return False
    found = db.execute_sql(f'SELECT 1 FROM message WHERE {QUEUED[urgent]} LIMIT 1 OFFSET ?', (more_than,))
    return found.fetchone() is not None


# As many in an hour as the mail server takes

URGENT_SHARE = 5  # one part of so many is kept for mail that somebody waits for
UNLIMITED = 10 ** 9
CAUGHT_UP_AFTER = timedelta(minutes=5)  # mail is woken every minute


def _room(at: datetime, urgent: bool) -> int:
    """Return how many mails may go out now, of those that somebody waits for, or of others."""
    rate = current().mail_rate
    return max(0, _rate_of(urgent) - throttle.count(at, throttle.MAIL_RATE, '')) if rate else UNLIMITED


def _rate_of(urgent: bool) -> int:
    """Return how many mails may go out in an hour before only others may, or none."""
    rate = current().mail_rate
    return rate if urgent else max(1, rate - rate // URGENT_SHARE)


def is_held_up_by_rate(at: datetime) -> bool:
    """Return whether mail waits, or did a moment ago, because the mail server takes no more in an hour."""
    lately = replace(throttle.MAIL_RATE, window=throttle.MAIL_RATE.window + CAUGHT_UP_AFTER)
    return bool(current().mail_rate) and throttle.count(at, lately, '') >= _rate_of(urgent=False)


def rate_note(at: datetime, zone: str | None = None) -> str | None:
    """Return a sentence for the owner while mail waits because of QUICKPUB_MAIL_RATE, or else None."""
    waiting = Message.select().where(Message.state == literal('queued')).count()
    free_at = throttle.free_at(at, throttle.MAIL_RATE.with_limit(_rate_of(urgent=False)), '')
    if not (current().mail_rate and waiting and free_at):
        return None
    count, most = formats.plural(waiting, 'email waits', 'emails wait'), formats.number(current().mail_rate)
    return f'{count}: at most {most} may be sent in an hour ' \
           f'(QUICKPUB_MAIL_RATE). The next one can go out on {dates.clock(free_at, zone)}.'


# Delivering

def deliver(urgent: bool = False, limit: int = BATCH) -> bool:
    """Send what is queued, the urgent first or nothing else, over one connection; what fails is in the ledger, not
    raised. At most `limit` mails, and none is begun after a minute: then others who wait for a worker have their turn.
    Returns whether something is left for lack of time.
    """
    _put_back_of_the_dead()
    if not is_queued(urgent):
        return False
    delivery = _Delivery(urgent)
    delivery.run(limit)
    return delivery.is_over_time and is_queued(urgent)


def _put_back_of_the_dead() -> None:
    """Queue again what nobody is sending any more. It may have arrived: then its copy has the same Message-ID."""
    for (sender,) in db.execute_sql(f'SELECT DISTINCT sender FROM message WHERE {SENDING}').fetchall():
        owner = sender.partition('#')[0]
        if sender not in _Delivery.under_way if owner == queue.me.name else not queue.is_alive(owner):
            _put_back(sender, excused=0 if queue.has_living_parent(owner) else 1)


def _put_back(sender: str, excused: int) -> None:
    """At once; but one that was in so many hands already, and killed them perhaps, hours later, and not for ever. What
    died in company, or with everything, is excused: that attempt does not count."""
    at = now()
    db.execute_sql(
        'UPDATE message SET sender = NULL, attempts = attempts - ?, next_try = ?, '
        "state = CASE WHEN attempts < ? THEN 'queued' WHEN created_at < ? THEN 'failed' ELSE 'deferred' END, "
        'answer = iif(attempts < ?, answer, ?) '
        f'WHERE {SENDING} AND sender = ?',
        (excused, str(at + BACK_OFF[-1]), MANY_ATTEMPTS, str(at - GIVE_UP_AFTER), MANY_ATTEMPTS, queue.DIED, sender))


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt at a mail."""
    state: str
    answer: str
    sent_at: datetime | None = None
    next_try: datetime | None = None
    is_bad_address: bool = False


class _Delivery:
    """One worker with one connection, and one mail in its hands at a time.

    It takes the next mail in the transaction that writes down what became of the last one. So any number of workers
    share what is queued, one that hangs delays one mail, and one that dies leaves one in doubt.
    """
    under_way: set[str] = set()  # the deliveries of this process
    _numbers = count(1)

    def __init__(self, urgent: bool):
        self._urgent = urgent
        self._sender = f'{queue.me.name}#{next(self._numbers)}'
        self._site = Site.this()
        self._transport: Transport | None = None
        self._is_server_gone = False
        self._count = 0
        self._counted: list[int] = []  # the uses of the rate for the mail that is under way
        self._until = time.monotonic() + BATCH_SECONDS

    @property
    def is_over_time(self) -> bool:
        return time.monotonic() >= self._until

    def run(self, limit: int) -> None:
        self.under_way.add(self._sender)
        try:
            with db.atomic():
                message = self._take()
            while message:
                self._count += 1
                outcome = self._attempt(message)
                is_last = self._count == limit or self._is_server_gone or self.is_over_time
                message = self._record(message, outcome, is_last)
        finally:
            self.under_way.discard(self._sender)  # from here on, whatever it still has is anybody's
            self._hang_up()

    def _take(self) -> Message | None:
        """The next mail. What failed before may fail again: everybody else goes first."""
        at = now()
        urgent = self._urgent or not _room(at, urgent=False)
        if not _room(at, urgent):
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
                return Outcome('failed', 'Not sent: the link in it does not work any more')
            made = letter.render(message, self._site)
        except Exception as error:  # whatever is wrong with one mail, it must not stop the others
            if is_transient(error) or isinstance(error, OSError):  # a key that cannot be read is no fault of the mail
                return _once_possible(message, error)
            log.exception('Mail %s cannot be made', message.id)
            return Outcome('failed', f'It could not be made: {error!r}')
        try:
            return Outcome('sent', self._send(message.recipient, made, deadline()), sent_at=now())
        except Refused as refusal:
            return Outcome('failed', str(refusal), is_bad_address=refusal.is_address)
        except NotYet as error:
            return _later(message, str(error))
        except Lost as error:
            self._hang_up()
            return _once_possible(message, error) if is_transient(error) else _later(message, str(error))
        except Exception as error:
            if not is_transient(error):
                raise
            self._hang_up()
            return _once_possible(message, error)

    def _send(self, recipient: str, mail: bytes, until: float) -> str:
        """Many servers end a conversation after so many mails, or after a refusal: then in a new one."""
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
        """Write down how it went, however long the database cannot be written: what was sent must not go out again.
        Returns the next mail."""
        has_said_so = False
        while True:
            try:
                with db.atomic():
                    self._write(message, outcome)
                    if self._count % TOLD_EVERY == 0:
                        queue.tell(formats.plural(self._count, 'mail', 'mails'))
                        queue.advance()
                    return None if is_last else self._take()
            except DatabaseError as error:
                if not is_out_of_reach(error):
                    raise
                if not has_said_so:
                    log.warning('Mail %s: what became of it cannot be written (%s); trying again', message.id, error)
                    has_said_so = True
                time.sleep(1)

    def _write(self, message: Message, outcome: Outcome) -> None:
        is_ours = db.execute_sql(
            'UPDATE message SET sender = NULL, state = ?, answer = ?, sent_at = ?, next_try = ? '
            'WHERE id = ? AND sender = ?',
            (outcome.state, outcome.answer, outcome.sent_at and str(outcome.sent_at),
             str(outcome.next_try or message.next_try), message.id, self._sender)).rowcount
        if is_ours and outcome.is_bad_address and message.user_id:
            User.update(mail_trouble=outcome.answer).where(  # unless it is one that they wanted to change to, or left
                User.id == message.user_id, User.email == message.recipient).execute()
        if self._is_server_gone:
            throttle.give_back(self._counted)
            _put_off_all(outcome.answer)
        log.log(logging.INFO if outcome.state == 'sent' else logging.WARNING,
                'Mail %s: "%s" - %s: %s', message.id, message.subject, outcome.state,
                redact_emails(outcome.answer, message.recipient))


def _put_off_all(answer: str) -> None:
    """There is no mail server: all wait a minute, then one of them tries again, on behalf of all."""
    at = now()
    db.execute_sql("UPDATE message SET state = 'failed', answer = ? WHERE state = 'queued' AND created_at < ? "
                   'AND attempts >= ?',  # where there is a rate, those never tried wait for their turn
                   (GIVEN_UP + answer, str(at - GIVE_UP_AFTER), 1 if current().mail_rate else 0))
    db.execute_sql("UPDATE message SET state = 'deferred', answer = ?, next_try = ? WHERE state = 'queued'",
                   (answer, str(at + BACK_OFF[0])))


def _later(message: Message, answer: str) -> Outcome:
    at = now()
    if at - message.created_at > GIVE_UP_AFTER and message.attempts > FEW_ATTEMPTS:
        return Outcome('failed', GIVEN_UP + answer)
    return Outcome('deferred', answer, next_try=at + BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1])


def _once_possible(message: Message, error: Exception) -> Outcome:
    """This machine lacks something just now, which is no fault of the mail: it waits for however long that lasts."""
    log.warning('Mail %s waits: %s', message.id, error)
    return Outcome('deferred', f'This site cannot send it just now: {error}', next_try=now() + BACK_OFF[0])


def _has_live_link(message: Message) -> bool:
    """A mail about a link is worth nothing once the link is used, replaced or expired."""
    if message.kind not in letter.LINKS:
        return True
    token = message.token = first(Token, 'SELECT * FROM token WHERE id = ?', message.token_id)
    return token is not None and token.used_at is None and token.ended_at is None and token.expires_at > now()
