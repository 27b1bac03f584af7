"""Huey's storage over the job table: delayed tasks are rows, and locks are freed with their holder."""

from datetime import datetime
from functools import partial
from typing import Any

from huey.contrib.sql_huey import SqlStorage
from huey.exceptions import TaskLockedException

from . import claims, owners, queue, tables
from .claims import Claim
from .clock import now
from .compat import LockBase
from .tables import Counter, Job, KeyValue


class Envelope(bytes):
    """A serialised task, with what the queue must know of it on the outside."""
    name = ''
    priority = 0.0
    run_at: datetime | None = None
    is_single = False  # one that waits is enough
    subject: tuple[str, str] | None = None  # what a page shows of it
    follows: Claim | None = None  # the job that has ended in this thread, but is not settled yet
    retries: Claim | None = None  # the claim of this very task, which is to run again


class JobStorage(SqlStorage):
    """Huey's view of the job table. A delayed task is a ready row with a later time: there is no schedule beside.

    An application has one queue: only keys and counters know its name. Running and dead jobs are not Huey's to flush.
    """

    blocking = True  # DurableHuey.dequeue waits by itself: the worker need not sleep

    def __init__(self, name: str = 'huey', **options: Any):
        super().__init__(name, tables.bound(), create_tables=False, **options)

    def create_models(self):
        return KeyValue, Job, Job, Counter

    def check_conn(self) -> None:
        self.database.connect(reuse_if_open=True)

    def enqueue(self, data: bytes, priority: float | None = None, run_at: datetime | None = None) -> None:
        envelope = data if isinstance(data, Envelope) else Envelope(data)
        if envelope.retries:
            envelope.retries.retry(run_at or now(), bytes(data))
            return
        self.check_conn()
        write = partial(queue.enqueue, envelope.name, bytes(data), envelope.priority if priority is None else priority,
                        max(run_at or envelope.run_at or now(), now()), envelope.is_single, envelope.subject)
        if envelope.follows and not self.database.in_transaction():
            envelope.follows.follow_ups.append(write)
        else:
            write()

    def add_to_schedule(self, data: bytes, timestamp: datetime) -> None:
        self.enqueue(data, run_at=timestamp)

    def dequeue(self) -> bytes | None:
        """Claim and finish in one, for messages that are not tasks; DurableHuey.dequeue takes tasks."""
        self.check_conn()
        job = claims.claim([''])
        if job is None:
            return None
        Job.delete().where(Job.id == job.id).execute()
        return bytes(job.message)

    def _due(self):
        self.check_conn()
        return Job.select(Job.message).where(Job.state == 'ready', Job.run_at <= now())

    def queue_size(self) -> int:
        return self._due().count()

    def enqueued_items(self, limit: int | None = None) -> list[bytes]:
        rows = self._due().order_by(Job.priority.desc(), Job.run_at, Job.id).limit(limit)
        return [bytes(job.message) for job in rows]

    def flush_queue(self) -> None:
        self.check_conn()
        Job.delete().where(Job.state == 'ready', Job.run_at <= now()).execute()

    def _delayed(self):
        self.check_conn()
        return Job.select(Job.message).where(Job.state == 'ready', Job.run_at > now())

    def read_schedule(self, timestamp: datetime) -> list[bytes]:
        return []  # a row that is due is ready: nothing has to be moved

    def schedule_size(self) -> int:
        return self._delayed().count()

    def scheduled_items(self, limit: int | None = None) -> list[bytes]:
        return [bytes(job.message) for job in self._delayed().order_by(Job.run_at, Job.id).limit(limit)]

    def flush_schedule(self) -> None:
        self.check_conn()
        Job.delete().where(Job.state == 'ready', Job.run_at > now()).execute()

    def delete_data(self, key: str) -> bool:
        # Asked after every task: a look first, so that it needs no write lock (and no disk) when there is nothing.
        self.check_conn()
        if not self.has_data_for_key(key):
            return False
        return bool(KeyValue.delete().where(KeyValue.queue == self.name, KeyValue.key == key).execute())


class Lock(LockBase):
    """Huey's lock, which is free again when the process that holds it is gone."""

    def acquire(self) -> bool:
        self.huey.storage.check_conn()
        with tables.database.atomic():
            holder = self.huey.get(self.key, peek=True)
            if holder and not owners.is_alive(holder):
                self.clear()
            if not self.huey.put_if_empty(self.key, owners.current().name, self.ttl):
                raise TaskLockedException(f'{self.name} is locked by {holder}')
        return True
