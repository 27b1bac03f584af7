"""Emails in lists, and how many there are."""

from collections.abc import Iterable
from typing import Any

from peewee import fn

from ..db import literal
from ..markup import folding
from ..models import Message, User
from .ledger import UNSENT


def select(state: str = '', words: str = '') -> Any:
    """Return the query of ids of the emails in this state, with these words in their recipient or subject, the newest
    first. It selects ids alone, so that a search reads no more than a narrow index."""
    query = Message.select(Message.id).order_by(Message.id.desc())
    if state:
        query = query.where(Message.state == literal(state))
    if words:
        folded = folding.fold(words)
        query = query.where(fn.FOLD(Message.recipient).contains(folded) | fn.FOLD(Message.subject).contains(folded))
    return query


def load(ids: Iterable[int]) -> list[Message]:
    """Return what a list shows of these emails, the newest first."""
    listed = Message.select(Message.id, Message.recipient, Message.subject, Message.state, Message.answer,
                            Message.next_try, Message.created_at, Message.sent_at).order_by(Message.id.desc())
    return list(listed.where(Message.id.in_(list(ids))))


def find_last_report(user: User) -> Message | None:
    """Return the last report that was sent to this user."""
    return Message.select(Message.sent_at).where(
        Message.user == user, Message.kind == 'report', Message.state == 'sent').order_by(Message.id.desc()).first()


def count_unsent() -> int:
    """Return how many emails are still to be sent."""
    return Message.select().where(UNSENT).count()


def count_failed() -> int:
    """Return how many emails have failed."""
    return Message.select().where(Message.state == literal('failed')).count()
