"""Emails in lists, and how many there are."""

from collections.abc import Iterable
from typing import Any

from peewee import fn

from ..codes import Code
from ..db import literal
from ..markup import folding
from ..models import Message, User
from ..sentences import list_words
from .ledger import UNSENT

CODE = '{"code": '  # the beginning of a stored code


def select(state: str = '', words: str = '') -> Any:
    """Return the query of ids of the emails in this state, each of these words in their recipient or subject in the
    language in use, the newest first. It selects ids alone, so that a search reads no more than a narrow index."""
    query = Message.select(Message.id).order_by(Message.id.desc())
    if state:
        query = query.where(Message.state == literal(state))
    for word in folding.fold(words).split():
        query = query.where(fn.FOLD(Message.recipient).contains(word) | has_word(Message.subject, word))
    return query


def has_word(subject: Any, word: str) -> Any:
    """Return the condition that a column with subjects has this folded word: as it is written, in the sentence of a
    code, or as a number in it."""
    found = fn.FOLD(subject).contains(word)
    if not any(each.isdigit() for each in word):  # or it would be found in the names of the stored values
        found &= ~subject.startswith(CODE)
    for name, words in list_words('subject.').items():
        if word in folding.fold(words):
            found |= subject.startswith(f'{CODE}"{name}"')
    return found


def load(ids: Iterable[int]) -> list[Message]:
    """Return what a list shows of these emails, the newest first."""
    listed = Message.select(Message.id, Message.recipient, Message.subject, Message.state, Message.answer,
                            Message.next_try, Message.created_at, Message.sent_at).order_by(Message.id.desc())
    return list(listed.where(Message.id.in_(list(ids))))


def is_in_outbox(message: Message) -> bool:
    """Return whether this email went to the outbox of the site instead of a mail server."""
    answer = Code.from_json(message.answer)
    return message.state == 'sent' and answer is not None and (
        answer.name == 'answer.kept' or message.answer.startswith('kept in outbox'))  # as older versions wrote it


def find_last_test(user: User) -> Message | None:
    """Return the last test email of this user."""
    return Message.select().where(Message.user == user, Message.kind == 'test').order_by(Message.id.desc()).first()


def find_last_report(user: User) -> Message | None:
    """Return the last report that was sent to this user."""
    return Message.select(Message.sent_at).where(
        Message.user == user, Message.kind == 'report', Message.state == 'sent').order_by(Message.id.desc()).first()


def count_unsent() -> int:
    """Return how many emails are still to be sent."""
    return Message.select().where(UNSENT).count()


def count_failed(most: int | None = None) -> int:
    """Return how many emails have failed; no more than `most` are counted."""
    return Message.select(Message.id).where(Message.state == literal('failed')).limit(most).count()
