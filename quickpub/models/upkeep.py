"""Rows that background jobs keep: exports, failures, findings, deletions; and the audit log."""

from peewee import CharField, CompositeKey, ForeignKeyField, IntegerField, TextField

from ..db import BaseModel, now
from ..jobs.fields import DateTimeField
from .base import JSONText
from .members import User


class Export(BaseModel):
    """A file that is made in the background for one member, and kept for a week."""
    user = ForeignKeyField(User, on_delete='CASCADE')
    user_id: int
    kind = CharField()  # numbers: of the member's posts; site: of all
    state = CharField(default='waiting')  # waiting (or being made), ready, failed
    progress = IntegerField(default=0)  # percent
    file = CharField()  # its name in the folder exports/, which cannot be guessed
    error = TextField(default='')  # a code (codes.py), or a sentence of migration 10
    bytes = IntegerField(default=0)  # of the file, synced to the disk
    last_post = IntegerField(default=0)  # the post up to which they go
    created_at = DateTimeField(default=now)


class SetAside(BaseModel):
    """One item that a batch could not handle."""
    kind = CharField()
    key = CharField()
    reason = TextField()
    at = DateTimeField()  # the last try

    class Meta:
        primary_key = CompositeKey('kind', 'key')


class Finding(BaseModel):
    """The problem that the last look at one thing has found; '' if there was none."""
    name = CharField(primary_key=True)
    problem = TextField()
    at = DateTimeField()


class AuditEntry(BaseModel):
    """Something that was done and matters for the site's security."""
    at = DateTimeField()
    until = DateTimeField()  # the last time, where one entry stands for several
    times = IntegerField(default=1)
    code = CharField()  # one of audit.KINDS
    actor_kind = CharField()  # member, command, or '' where nobody was logged in
    actor = ForeignKeyField(User, null=True, on_delete='SET NULL')
    actor_id: int | None
    actor_name = CharField(default='')  # at that time; '' once the account is deleted
    subject_kind = CharField(default='')  # member, post, mail, export
    subject_id = IntegerField(null=True)
    subject_label = CharField(default='')
    network = CharField(default='')  # of the request
    details = JSONText(default=dict)


class Erasure(BaseModel):
    """How many deletions of a kind have to be erased from the disk, and how many are. Triggers count."""
    kind = CharField(primary_key=True)  # words: posts and their versions, which search finds; rows: all else
    wanted = IntegerField()
    done = IntegerField()
