"""The mail ledger: one row per email, written with its cause, delivered at least once.

    queued ──▶ sending ──250──▶ sent
      ▲           │
      │           ├─4xx, no answer──▶ deferred ──when due──▶ queued        (for two days, then failed)
      │           └─5xx─────────────▶ failed ──a person sends it again──▶ queued
      └─a person──── held

The ledger is the truth. A job says no more than "there is something to send" (delivery.py).
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from peewee import SQL

from .. import text
from ..codes import Code
from ..db import among, db, insert, now, rows
from ..db import let_others_write as give_way
from ..models import Message, OutboxLeftover, Token, User
from ..settings import current
from .outbox import forget_outbox, remove_from_outbox

KEPT = timedelta(days=90)  # after an email was sent, or failed for good
DELETE_BATCH = 500  # a report has several KB
LONGEST_SUBJECT = 200  # characters

# Literals, not parameters: SQLite uses a partial index only for what it can read in the statement itself.
UNSENT = SQL("state IN ('queued', 'sending', 'deferred')")
DONE = "state IN ('sent', 'failed')"


def compose(kind: str, recipient: str, *, key: str, subject: Code | str, **fields: Any) -> int | None:
    """Write one email into the ledger, in the caller's transaction. Return its id, or None if `key` has one
    already.

    `fields` are other columns of Message: user, token, urgent, payload (the values for the templates).
    """
    ids = compose_many([row(kind, recipient, key=key, subject=subject, **fields)])
    return ids[0] if ids else None


def row(kind: str, recipient: str, *, key: str, subject: Code | str, payload: dict[str, Any] | None = None,
        user: User | None = None, token: Token | None = None, urgent: bool = False) -> dict[str, Any]:
    """Return one email as `compose_many` takes it: the columns as they are stored.

    `subject` is a code, whose sentence is made in the recipient's language when the email is sent, or the words
    themselves. Codes and moments in `payload` become words likewise, the moments in the time zone `payload['zone']`.
    """
    at = str(now())
    domain = current().mail_from.partition('@')[2]
    stored = subject.to_json() if isinstance(subject, Code) else text.line(subject, LONGEST_SUBJECT)
    return {'kind': kind, 'recipient': recipient, 'key': key, 'subject': stored,
            'payload': Message.payload.db_value(payload or {}), 'message_id': f'<{uuid4()}@{domain}>',
            'state': 'queued', 'answer': '', 'created_at': at, 'next_try': at, 'user_id': user and user.id,
            'token_id': token and token.id, 'urgent': urgent, 'language': user and user.language}


def compose_many(rows: list[dict[str, Any]]) -> list[int]:
    """Write emails into the ledger in one statement. Return the ids of those whose key was new."""
    if not rows:
        return []
    written = insert('message', rows, 'ON CONFLICT DO NOTHING RETURNING id')
    return [message_id for (message_id,) in written]


def send_again(message: Message) -> list[int]:
    """Queue an email again on a person's request, in the caller's transaction. Return its id in a list, which is empty
    if the email is being sent."""
    changed = Message.update(state='queued', sent_at=None, attempts=0, urgent=True).where(
        Message.id == message.id, Message.state != 'sending').execute()
    return [message.id] if changed else []


def hold(message: Message) -> bool:
    """Keep an email that is not sent yet from going out until a person sends it. Return False if it is too late."""
    return bool(Message.update(state='held').where(
        Message.id == message.id, Message.state.in_(['queued', 'deferred', 'failed'])).execute())


def clean_up(at: datetime) -> None:
    """Delete emails that were sent, or failed for good, long ago, in batches. Held emails stay, and the
    rows of reports."""
    before = str(at - KEPT)
    while db.execute_sql(
            f'DELETE FROM message WHERE id IN (SELECT id FROM message WHERE {DONE} AND created_at < ? '
            "AND coalesce(sent_at, '') < ? LIMIT ?)", (before, before, DELETE_BATCH)).rowcount:
        give_way()
    forget_outbox(at - KEPT)


def empty_outbox_of_deleted() -> None:
    """Delete emails from the outbox whose rows were deleted. Raises Unfinished if some could not be deleted."""
    deleted = {message_id for (message_id,) in rows(OutboxLeftover.select(OutboxLeftover.message_id))}
    if deleted:
        remove_from_outbox(deleted)
        OutboxLeftover.delete().where(OutboxLeftover.message_id.in_(among(deleted))).execute()
