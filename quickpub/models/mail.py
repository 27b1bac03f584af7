"""Emails and reports."""

from peewee import BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from ..db import BaseModel, now
from ..jobs.fields import DateTimeField
from .base import JSONText
from .members import Token, User
from .posts import Post


class Message(BaseModel):
    """The email ledger: one row for each email and recipient, written together with its cause."""
    kind = CharField()  # the name of its templates: verify, reset, report …
    key = CharField(unique=True)  # of its cause, which never makes a second email
    user = ForeignKeyField(User, null=True, on_delete='SET NULL')
    user_id: int | None
    token = ForeignKeyField(Token, null=True, on_delete='SET NULL')
    token_id: int | None
    recipient = CharField()
    subject = CharField()  # a code (codes.py); words in rows of older versions
    language = CharField(null=True)  # that it is written in; None: the site's
    payload = JSONText()  # for the templates, without the link
    message_id = CharField(unique=True)  # the header, by which a copy is recognised
    urgent = BooleanField(default=False)
    state = CharField(default='queued')  # queued, sending, sent, deferred, failed, held
    sender = CharField(null=True)  # the worker that is sending it: process#number
    attempts = IntegerField(default=0)
    next_try = DateTimeField(default=now)
    answer = TextField(default='')  # the mail server's last answer, or a code
    created_at = DateTimeField(default=now)
    sent_at = DateTimeField(null=True)


class OutboxLeftover(BaseModel):
    """The Message-ID of an email whose row is deleted while the outbox may still have it."""
    message_id = CharField(primary_key=True)


class Report(BaseModel):
    """A closed period of one author. The unique index is what makes a report happen once."""
    user = ForeignKeyField(User, on_delete='CASCADE')
    period_start = DateTimeField()
    period_end = DateTimeField()
    views = IntegerField()
    message = ForeignKeyField(Message, null=True, on_delete='SET NULL')
    message_id: int | None

    class Meta:
        indexes = ((('user', 'period_end'), True),)


class ReportedViews(BaseModel):
    """The views of a post in the period of the last report, for the next one to compare."""
    post = ForeignKeyField(Post, primary_key=True, on_delete='CASCADE')
    views = IntegerField()
