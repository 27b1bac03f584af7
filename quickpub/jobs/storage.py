"""Huey's storage over the job table: messages in JSON, delayed work as rows, locks that die with their holder."""

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from huey.api import TaskLock
from huey.contrib.sql_huey import SqlStorage
from huey.exceptions import TaskLockedException
from huey.registry import Message
from huey.serializer import Serializer
from huey.utils import SKIPPED, Error
from peewee import BlobField, CharField, CompositeKey, IntegerField

from ..db import BaseModel, db, now
from . import queue as jobs
from .queue import Claim, Job


class Envelope(bytes):
    """A serialised task, with what the queue must know of it on the outside."""
    name = ''
    priority = 0.0
    run_at: datetime | None = None
    is_single = False  # one that waits is enough
    subject: tuple[str, str] | None = None  # what a page shows of it
    follows: Claim | None = None  # the job that has ended in this thread, but is not settled yet


class JSONSerializer(Serializer):
    """Messages are JSON: ids go in, ids come out, and nobody who can write the file can run code by it."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(_as_json(data)).encode()

    def _deserialize(self, data: bytes) -> Any:
        return json.loads(data, object_hook=_from_json)


KIND = '__kind__'  # marks what is no plain value but Huey's own, and times


def _as_json(value: Any) -> Any:
    match value:
        case None | str() | int() | float():
            return value
        case Message():  # which may hold others: what to do next, what to do about an error
            return {KIND: 'task'} | {key: _as_json(each) for key, each in value._asdict().items() if each is not None}
        case Error():
            return {KIND: 'error', 'metadata': _as_json(value.metadata)}
        case datetime():
            return {KIND: 'time', 'iso': value.isoformat()}
        case timedelta():
            return {KIND: 'span', 'seconds': value.total_seconds()}
        case dict():
            return {key: _as_json(each) for key, each in value.items()}
        case list() | tuple():
            return [_as_json(each) for each in value]
        case BaseException():  # a task that deals with another's error is told it as text
            return repr(value)
    if value is SKIPPED:
        return {KIND: 'skipped'}
    raise TypeError(f'a task takes ids and other plain values only, not {value!r}')


def _from_json(value: dict[str, Any]) -> Any:
    match value.pop(KIND, None):
        case 'task':
            return Message(**value | {'args': tuple(value.get('args', ()))})
        case 'error':
            return Error(value['metadata'])
        case 'skipped':
            return SKIPPED
        case 'time':
            return datetime.fromisoformat(value['iso'])
        case 'span':
            return timedelta(seconds=value['seconds'])
    return value


class Note(BaseModel):
    """What Huey keeps by key: revoked tasks, locks."""
    queue = CharField()
    key = CharField()
    value = BlobField()

    class Meta:
        table_name = 'job_note'
        primary_key = CompositeKey('queue', 'key')


class Counter(BaseModel):
    queue = CharField()
    key = CharField()
    value = IntegerField()

    class Meta:
        table_name = 'job_counter'
        primary_key = CompositeKey('queue', 'key')


class JobStorage(SqlStorage):
    """Huey's view of the job table. A delayed task is a ready row with a later time: there is no schedule beside.

    A site has one queue: only notes and counters know its name. What runs, or is buried, is not Huey's to flush.
    """

    blocking = True  # DurableHuey.dequeue waits by itself: the worker need not sleep

    def __init__(self, name: str = 'huey', database: Any = db, **options: Any):
        super().__init__(name, database, create_tables=False, **options)

    def create_models(self):
        return Note, Job, Job, Counter

    def check_conn(self) -> None:
        self.database.connect(reuse_if_open=True)

    def enqueue(self, data: bytes, priority: float | None = None, run_at: datetime | None = None) -> None:
        self.check_conn()
        envelope = data if isinstance(data, Envelope) else Envelope(data)
        write = partial(jobs.enqueue, envelope.name, bytes(data), envelope.priority if priority is None else priority,
                        max(run_at or envelope.run_at or now(), now()), envelope.is_single, envelope.subject)
        if envelope.follows and not db.in_transaction():
            envelope.follows.follow_ups.append(write)
        else:
            write()

    def add_to_schedule(self, data: bytes, timestamp: datetime) -> None:
        self.enqueue(data, run_at=timestamp)

    def dequeue(self) -> bytes | None:
        """Huey's own interface, for what is not a task of ours: claim and finish in one."""
        self.check_conn()
        job = jobs.claim([''])
        if job is None:
            return None
        Job.delete().where(Job.id == job.id).execute()
        return bytes(job.message)

    def _queue(self):
        self.check_conn()
        return Job.select(Job.message).where(Job.state == 'ready', Job.run_at <= now())

    def queue_size(self) -> int:
        return self._queue().count()

    def enqueued_items(self, limit: int | None = None) -> list[bytes]:
        rows = self._queue().order_by(Job.priority.desc(), Job.run_at, Job.id).limit(limit)
        return [bytes(job.message) for job in rows]

    def flush_queue(self) -> None:
        self.check_conn()
        Job.delete().where(Job.state == 'ready', Job.run_at <= now()).execute()

    def _schedule(self):
        self.check_conn()
        return Job.select(Job.message).where(Job.state == 'ready', Job.run_at > now())

    def read_schedule(self, timestamp: datetime) -> list[bytes]:
        return []  # a row that is due is ready: nothing has to be moved

    def schedule_size(self) -> int:
        return self._schedule().count()

    def scheduled_items(self, limit: int | None = None) -> list[bytes]:
        return [bytes(job.message) for job in self._schedule().order_by(Job.run_at, Job.id).limit(limit)]

    def flush_schedule(self) -> None:
        self.check_conn()
        Job.delete().where(Job.state == 'ready', Job.run_at > now()).execute()

    def delete_data(self, key: str) -> bool:
        # Asked after every task: a look first, so that it needs no write lock (and no disk) when there is nothing.
        self.check_conn()
        if not self.has_data_for_key(key):
            return False
        return bool(Note.delete().where(Note.queue == self.name, Note.key == key).execute())


class Lock(TaskLock):
    """Huey's lock, which is free again when the process that holds it is gone."""

    def acquire(self) -> bool:
        self._huey.storage.check_conn()
        with db.atomic():
            holder = self._huey.get(self._key, peek=True)
            if holder and not jobs.is_alive(holder):
                self.clear()
            if not self._huey.put_if_empty(self._key, jobs.me.name, self._ttl):
                raise TaskLockedException(f'{self._name} is locked by {holder}')
        return True
