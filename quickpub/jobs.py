"""The durable queue: Huey's decorators, schedules and consumer over a job table that loses nothing.

Huey deletes a task before it runs it, so whatever kills the worker loses the task. Here a job is a row that is

    ready ──claim──▶ running ──done──▶ (no row)
      ▲                 │ │
      ├─retry, release──┘ └──bury──▶ dead ──retry by a person──▶ ready
      └─rescue: the process that ran it is gone

- `enqueue` inserts it through the caller's connection: it commits or rolls back with the rows beside it.
- `claim` is one UPDATE … RETURNING; done, retry and bury count only while the claim is still held.
- A claim belongs to a process that proves its life by a locked file. When it dies, however it dies, the kernel
  frees the lock and the next sweep makes its jobs ready again. There is no time-out: a live job never runs twice.
- A job whose process died runs next in a process of its own, so that only it is to blame for the next death.

Knows the database and the settings alone; the tasks themselves are in tasks.py.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from huey import signals as S
from huey.api import Huey, PeriodicTask, Task
from huey.consumer import Consumer, ProcessEnvironment
from huey.contrib.sql_huey import SqlStorage
from huey.registry import Message
from huey.serializer import Serializer
from peewee import (AutoField, BlobField, BooleanField, CharField, CompositeKey, DatabaseError, DateTimeField,
                    FloatField, IntegerField, TextField)

from . import processes, settings
from .db import BaseModel, SchemaError, db, is_out_of_reach, now, open_site

log = logging.getLogger('quickpub.jobs')

URGENT = 100  # at or above this priority somebody is waiting: one worker is always kept free for it
LOOK_EVERY = 1.0  # seconds between looks for work, should a ring of the doorbell be missed
SWEEP_EVERY = 2.0  # seconds between looks for claims of dead processes
AGAIN_AFTER = timedelta(seconds=10)  # when it is not known how a job ended
START_ATTEMPTS = 5  # at a process of its own for one job
STOP_WITHIN = 20  # seconds that running work gets to finish after SIGTERM or SIGINT

# A death in company, or together with the parent, may be another's fault: one strike. One on its own is its own.
SHARED_DEATH, OWN_DEATH, BURIED_AT = 1, 3, 10


class Job(BaseModel):
    id = AutoField()
    name = CharField()  # module.function; '' for a message whose task is not known before it is read
    message = BlobField()
    state = CharField(default='ready')
    priority = FloatField(default=0)
    run_at = DateTimeField()
    is_periodic = BooleanField(default=False)
    attempts = IntegerField(default=0)
    strikes = IntegerField(default=0)
    owner = CharField(null=True)
    started_at = DateTimeField(null=True)
    error = TextField(default='')
    created_at = DateTimeField(default=now)


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


# What may stand in front of it: everything ready, due, and known to this version. Literals, not parameters, where
# the partial index needs them.
READY = "state = 'ready' AND run_at <= ? AND name IN ({names})"
BULK_IS_BELOW_LIMIT = "(SELECT count(*) FROM job WHERE state = 'running' AND priority < ? AND owner GLOB ?) < ?"
HELD = "id = ? AND state = 'running' AND owner = ?"


@dataclass
class Claim:
    """A job in the hands of this process, and how it ended, as far as is known."""
    id: int
    message: bytes
    error: str = ''
    settle: tuple[str, list] | None = None  # the SQL that ends it, and its parameters

    def done(self) -> None:
        self.settle = f'DELETE FROM job WHERE {HELD}', []

    def release(self) -> None:
        """As if it had never been claimed: its work was interrupted through no fault of its own."""
        self.settle = ("UPDATE OR REPLACE job SET state = 'ready', owner = NULL, started_at = NULL, "
                       f"attempts = attempts - 1 WHERE {HELD}", [])

    def retry(self, run_at: datetime, message: bytes | None = None) -> None:
        # OR REPLACE: where the same periodic task is waiting already, one of the two is enough.
        self.settle = ("UPDATE OR REPLACE job SET state = 'ready', owner = NULL, started_at = NULL, message = ?, "
                       f"run_at = ?, error = ? WHERE {HELD}", [message or self.message, str(run_at), self.error])

    def bury(self) -> None:
        self.settle = f"UPDATE OR REPLACE job SET state = 'dead', owner = NULL, error = ? WHERE {HELD}", [self.error]


@dataclass
class Owner:
    """This process as the holder of claims: its name, the locked file that proves its life, what it holds.

    Made anew in every process, at first use: a lock taken before a fork would be kept alive by the child.
    """
    parent: str = ''  # the owner on whose behalf it runs one job alone
    family: str = field(default_factory=processes.new_name)  # shared by the worker processes of one consumer
    held: dict[int, Claim] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _name: str = ''
    _fd: int = -1
    _bell: processes.Doorbell | None = None

    @property
    def name(self) -> str:
        with self.lock:
            if not self._name:
                name = f'{self.parent}~{os.getpid()}' if self.parent else f'{self.family}.{processes.new_name()}'
                self._fd = processes.lock_file(run_folder() / f'{name}.life')
                self._name = name
            return self._name

    @property
    def bell(self) -> processes.Doorbell:
        with self.lock:
            if self._bell is None:
                self._bell = processes.Doorbell(run_folder() / f'{self.name}.bell')
            return self._bell


me = Owner()


def _after_fork() -> None:
    global me
    if me._fd >= 0:
        os.close(me._fd)
    me = Owner(family=me.family)


os.register_at_fork(after_in_child=_after_fork)


def run_folder() -> Path:
    return Path(db.database).parent / 'run'


def is_alive(owner: str) -> bool:
    """Whether the process that goes by this name still lives."""
    return processes.is_locked(run_folder() / f'{owner}.life')


def living() -> list[str]:
    """The names of all living processes that take jobs."""
    return [path.stem for path in run_folder().glob('*.bell') if is_alive(path.stem)]


class Envelope(bytes):
    """A serialised task, with what the queue must know of it on the outside."""
    name = ''
    priority = 0.0
    is_periodic = False


class JSONSerializer(Serializer):
    """Messages are JSON: ids go in, ids come out, and nobody who can write the file can run code by it."""

    def _serialize(self, data: Any) -> bytes:
        if isinstance(data, Message):
            data = {key: value for key, value in data._asdict().items() if value is not None}
        return json.dumps(data, default=_as_json).encode()

    def _deserialize(self, data: bytes) -> Any:
        value = json.loads(data)
        if not isinstance(value, dict) or 'name' not in value:
            return value
        value['args'] = tuple(value.get('args') or ())
        for key in ('eta', 'expires', 'expires_resolved'):
            if isinstance(value.get(key), str):
                value[key] = datetime.fromisoformat(value[key])
        for key in ('on_complete', 'on_error'):
            if value.get(key):
                value[key] = self._deserialize(json.dumps(value[key]).encode())
        return Message(**value)


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f'a task takes ids and other plain values only, not {value!r}')


class JobStorage(SqlStorage):
    """Huey's storage over the job table. A delayed task is a ready row with a later time: there is no schedule beside."""

    blocking = True  # claim() waits by itself: the worker need not sleep

    def __init__(self, name: str = 'huey', database: Any = db, **options: Any):
        super().__init__(name, database, create_tables=False, **options)

    def create_models(self):
        return Note, Job, Job, Counter

    def check_conn(self) -> None:
        self.database.connect(reuse_if_open=True)

    def enqueue(self, data: bytes, priority: float | None = None, run_at: datetime | None = None) -> None:
        self.check_conn()
        priority = getattr(data, 'priority', 0.0) if priority is None else priority
        db.execute_sql('INSERT INTO job (name, message, priority, run_at, is_periodic, created_at) '
                       'VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',  # the periodic task that is waiting
                       (getattr(data, 'name', ''), bytes(data), priority, str(run_at or now()),
                        getattr(data, 'is_periodic', False), str(now())))
        db.after_commit(lambda: processes.ring(run_folder()))

    def add_to_schedule(self, data: bytes, timestamp: datetime) -> None:
        self.enqueue(data, run_at=timestamp)

    def claim(self, names: list[str], bulk_limit: int | None = None) -> Job | None:
        """Take the next ready job among `names`, or None. At most `bulk_limit` non-urgent ones run at a time."""
        self.check_conn()
        where = READY.format(names=', '.join('?' * len(names)))
        params: list[Any] = [str(now()), *names]
        if bulk_limit is not None:
            where += f' AND (priority >= ? OR {BULK_IS_BELOW_LIMIT})'
            params += [URGENT, URGENT, f'{me.family}.*', bulk_limit]
        if db.execute_sql(f'SELECT 1 FROM job WHERE {where} LIMIT 1', params).fetchone() is None:
            return None  # no transaction, no write lock, while there is nothing to do
        with db.atomic():
            rows = list(Job.raw(
                "UPDATE job SET state = 'running', attempts = attempts + 1, owner = ?, started_at = ? WHERE id = ("
                f'SELECT id FROM job WHERE {where} ORDER BY priority DESC, run_at, id LIMIT 1) RETURNING *',
                me.name, str(now()), *params))
        return rows[0] if rows else None

    def dequeue(self) -> bytes | None:
        """Huey's own interface, for what is not a task of ours: claim and finish in one."""
        job = self.claim([''])
        if job is None:
            return None
        db.execute_sql('DELETE FROM job WHERE id = ?', (job.id,))
        return bytes(job.message)

    def rescue(self) -> int:
        """Make ready what dead processes held, or bury it; tidy their files away. Returns how many jobs it was."""
        self.check_conn()
        owners = [owner for (owner,) in db.execute_sql("SELECT DISTINCT owner FROM job WHERE state = 'running'")]
        count = sum(self._rescue_from(owner) for owner in owners if not is_alive(owner))
        for path in run_folder().glob('*.life'):
            if not processes.is_locked(path):
                path.with_suffix('.bell').unlink(missing_ok=True)
                path.unlink(missing_ok=True)
        return count

    def _rescue_from(self, owner: str) -> int:
        parent = owner.rpartition('~')[0]
        strikes = OWN_DEATH if parent and is_alive(parent) else SHARED_DEATH
        died = 'The process that ran it died, each time it was tried.'
        with db.atomic():
            buried = db.execute_sql(
                "UPDATE OR REPLACE job SET state = 'dead', owner = NULL, strikes = strikes + ?, error = ? "
                "WHERE state = 'running' AND owner = ? AND strikes + ? >= ?",
                (strikes, died, owner, strikes, BURIED_AT)).rowcount
            freed = db.execute_sql(
                "UPDATE OR REPLACE job SET state = 'ready', owner = NULL, started_at = NULL, strikes = strikes + ? "
                "WHERE state = 'running' AND owner = ?", (strikes, owner)).rowcount
            db.after_commit(lambda: processes.ring(run_folder()))
        if buried + freed:
            log.warning('Process %s is gone; %d of its jobs will run again, %d are buried', owner, freed, buried)
        return buried + freed

    def release(self, owner: str, but: list[int]) -> None:
        """Undo the claims that `owner` does not really work on, all but the jobs with these ids."""
        db.execute_sql("UPDATE OR REPLACE job SET state = 'ready', owner = NULL, started_at = NULL, "
                       "attempts = attempts - 1 WHERE state = 'running' AND owner = ? "
                       f"AND id NOT IN ({', '.join('?' * len(but))})", (owner, *but))

    def forgive(self) -> None:
        """This process is about to end with work in its hands: take the attempt back, and the strike to come."""
        self.check_conn()
        db.execute_sql("UPDATE job SET attempts = attempts - 1, strikes = strikes - ? "
                       "WHERE state = 'running' AND (owner = ? OR owner GLOB ?)",
                       (SHARED_DEATH, me.name, f'{me.name}~*'))

    # Huey's questions about the queue and its schedule, answered from the one table.

    def _rows(self, is_due: bool):
        due = Job.run_at <= now()
        return (Job.select(Job.message).where(Job.state == 'ready', due if is_due else ~due)
                .order_by(Job.priority.desc(), Job.run_at, Job.id))

    def _messages(self, is_due: bool, limit: int | None) -> list[bytes]:
        return [bytes(message) for (message,) in self._rows(is_due).limit(limit).tuples()]

    def queue_size(self) -> int:
        return self._rows(is_due=True).count()

    def enqueued_items(self, limit: int | None = None) -> list[bytes]:
        return self._messages(True, limit)

    def flush_queue(self) -> None:
        Job.delete().where(Job.state == 'ready', Job.run_at <= now()).execute()

    def read_schedule(self, timestamp: datetime) -> list[bytes]:
        return []  # a row that is due is ready: nothing has to be moved

    def schedule_size(self) -> int:
        return self._rows(is_due=False).count()

    def scheduled_items(self, limit: int | None = None) -> list[bytes]:
        return self._messages(False, limit)

    def flush_schedule(self) -> None:
        Job.delete().where(Job.state == 'ready', Job.run_at > now()).execute()

    def delete_data(self, key: str) -> bool:
        # Asked after every task: a look first, so that it needs no write lock (and no disk) when there is nothing.
        self.check_conn()
        if not self.has_data_for_key(key):
            return False
        return bool(Note.delete().where(Note.queue == self.name, Note.key == key).execute())


class DurableHuey(Huey):
    """Huey, claiming instead of deleting. What a task's end means is written by this process, guarded by its claim."""

    def __init__(self, name: str, **options: Any):
        options = {'results': False, 'serializer': JSONSerializer(), 'storage_class': JobStorage} | options
        super().__init__(name, **options)
        self.bulk_limit: int | None = None
        self._ended: dict[int, Claim] = {}  # ended here, but the database could not be told yet
        self._next_sweep = 0.0
        self._is_troubled = False

    def serialize_task(self, task: Task) -> Envelope:
        envelope = Envelope(super().serialize_task(task))
        envelope.name = self._registry.task_to_string(type(task))
        envelope.priority = task.priority or 0.0
        envelope.is_periodic = isinstance(task, PeriodicTask)
        return envelope

    def dequeue(self) -> Task | None:
        """The next task to run, claimed for this process; None after a while without one."""
        rings = me.bell.count()
        try:
            self._settle()
            task = self._next()
        except DatabaseError as error:
            if not is_out_of_reach(error):
                raise
            self._say_trouble(error)
            time.sleep(LOOK_EVERY)
            return None
        self._say_trouble(None)
        if task is None:
            me.bell.wait(rings, LOOK_EVERY)
        return task

    def _next(self) -> Task | None:
        # One at a time, and never seen half done: a row claimed but not yet held would look like a stray.
        with me.lock:
            if self._is_troubled:
                self.storage.release(me.name, but=list(me.held))  # claims whose answer was lost
            job = self.storage.claim([*self._registry._registry, ''], self.bulk_limit)
            if job is None:
                return None
            claim = me.held[job.id] = Claim(job.id, bytes(job.message), job.error)
        if job.strikes:
            self._run_alone(claim, job.attempts)
            return None
        return self._open(job, claim)

    def _open(self, job: Job, claim: Claim) -> Task | None:
        try:
            task = self.deserialize_task(bytes(job.message))
        except Exception as error:  # whatever is wrong with one message, it must not stop the others
            claim.error = f'The message cannot be read: {error!r}'
            claim.bury()
            self._finish(claim)
            return None
        task.claim = claim
        return task

    def execute(self, task: Task, timestamp: datetime | None = None) -> Any:
        claim = getattr(task, 'claim', None)
        try:
            return super().execute(task, timestamp)
        except DatabaseError as error:  # Huey itself reads and writes around the task
            if claim is None:
                raise
            log.warning('%s, around %s; it will run again', error, task)
            claim.settle = None
        finally:
            if claim:
                if claim.settle is None:
                    claim.retry(now() + AGAIN_AFTER)
                self._finish(claim)

    def _emit(self, signal: str, task: Task, *args: Any, **kwargs: Any) -> None:
        """Huey says how a task ended by its signals only; the last one counts."""
        if claim := getattr(task, 'claim', None):
            if signal in (S.SIGNAL_COMPLETE, S.SIGNAL_REVOKED, S.SIGNAL_EXPIRED, S.SIGNAL_CANCELED):
                claim.done()
            elif signal == S.SIGNAL_INTERRUPTED:
                claim.release()
            elif signal in (S.SIGNAL_ERROR, S.SIGNAL_TIMEOUT, S.SIGNAL_LOCKED, S.SIGNAL_RATE_LIMITED):
                claim.error = ''.join(traceback.format_exception(args[0]))[-8000:] if args else signal
                claim.bury()
        super()._emit(signal, task, *args, **kwargs)

    def _requeue_task(self, task: Task, timestamp: datetime, retry_eta: datetime | None = None) -> None:
        claim = getattr(task, 'claim', None)
        if claim is None:
            return super()._requeue_task(task, timestamp, retry_eta)
        task.retries -= 1
        task.eta = retry_eta or timestamp + timedelta(seconds=task.retry_delay or 0)
        if task.retry_backoff and retry_eta is None:
            task.retry_delay *= task.retry_backoff
        claim.retry(task.eta, bytes(self.serialize_task(task)))

    def _finish(self, claim: Claim) -> None:
        self._ended[claim.id] = claim
        self.is_owing()  # then it is kept in memory, and tried again before the next claim

    def is_owing(self) -> bool:
        """Whether there is something ended that the database could not be told even now."""
        try:
            self._settle()
        except DatabaseError as error:
            self._say_trouble(error)
        return bool(self._ended)

    def _settle(self) -> None:
        """Tell the database what has ended. What it does not take stays in `_ended`."""
        for claim in list(self._ended.values()):
            sql, params = claim.settle
            self.storage.check_conn()
            db.execute_sql(sql, (*params, claim.id, me.name))
            self._ended.pop(claim.id, None)
            me.held.pop(claim.id, None)

    def _say_trouble(self, error: Exception | None) -> None:
        """One line when the database gets out of reach, one when it is back: not one a second."""
        if (error is not None) != self._is_troubled:
            self._is_troubled = error is not None
            log.warning(f'The database cannot be written ({error}); work waits' if error else
                        'The database can be written again; work goes on')

    def _run_alone(self, claim: Claim, attempts: int) -> None:
        """Run a job under suspicion in a process of its own, which takes over the claim; wait for its end."""
        child = subprocess.Popen(
            [sys.executable, '-c', 'import sys; from quickpub import jobs; jobs.run_alone(*sys.argv[1:])',
             str(claim.id), me.name, str(os.getpid())],
            env=os.environ | settings.current().environ() | {'PYTHONPATH': os.pathsep.join(filter(None, sys.path))})
        self._tasks_in_flight.add(child)
        try:
            child.wait()
        except KeyboardInterrupt:
            child.kill()
            child.wait()
            self.storage.release(f'{me.name}~{child.pid}', but=[])
        finally:
            self._tasks_in_flight.discard(child)
        # What follows counts only if the child never took the claim over.
        claim.error = f'The process that was to run it ended with {child.returncode} before it could begin.'
        claim.bury() if attempts > START_ATTEMPTS else claim.retry(now() + AGAIN_AFTER)
        self._finish(claim)
        self.storage.rescue()

    def read_schedule(self, timestamp: datetime | None = None) -> list[Task]:
        """Asked once a second by the scheduler; there is no schedule to read, but the dead to look after."""
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP_EVERY
            try:
                self.storage.rescue()
            except DatabaseError as error:
                if not is_out_of_reach(error):
                    raise
                self._say_trouble(error)
        return []

    def notify_interrupted_tasks(self) -> None:
        """The consumer ends although work is running: threads cannot be stopped, but their claims can be excused."""
        if me.held:
            self.storage.forgive()

    def create_consumer(self, **options: Any) -> Consumer:
        """What `huey_consumer` and every other way to start a consumer call. Opens the site if nobody has yet."""
        processes.log_to_console()
        if db.deferred:
            try:
                open_site(settings.from_env())
            except (settings.SettingsError, SchemaError, OSError) as error:
                raise SystemExit(f'quickpub: {error}') from None
        if options.get('workers', 1) == 1:  # the stock command's default; ours is a setting
            options['workers'] = settings.current().consumer_workers
        options |= {'max_delay': LOOK_EVERY, 'health_check_interval': 1, 'graceful_signal': 'TERM',
                    'shutdown_timeout': options.get('shutdown_timeout') or STOP_WITHIN}
        self.bulk_limit = options['workers'] - 1 or None
        me.family = processes.new_name()
        return DurableConsumer(self, **options)


class QuietProcesses(ProcessEnvironment):
    """Worker processes that finish their work on SIGTERM and SIGINT, whoever sends it, and die with the consumer."""

    def __init__(self, graceful: int, interrupt: int):
        super().__init__(graceful, signal.SIGUSR1)
        self._parent = os.getpid()

    def init_child(self, process: Any) -> None:
        processes.die_with_parent(self._parent)
        super().init_child(process)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def interrupt_workers(self, procs: list[Any]) -> None:
        super().interrupt_workers(procs)
        for proc in procs:
            if proc.is_alive():
                proc.kill()


class DurableConsumer(Consumer):
    """Both signals let running work finish, within a limit; a dead worker is replaced within a second."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._stop_flag_timeout = 0.5  # ten looks a second would be most of an idle consumer's work
        self._signal_actions[self._interrupt_sig] = (False, True)

    def get_environment(self, worker_type: str):
        if worker_type == 'process':
            return QuietProcesses(self._graceful_sig, self._interrupt_sig)
        return super().get_environment(worker_type)


def run_alone(job_id: str, parent: str, parent_pid: str) -> None:
    """The whole life of a process that runs one job: take the claim over from `parent`, run it, say how it ended."""
    processes.die_with_parent(int(parent_pid))
    for each in (signal.SIGINT, signal.SIGTERM):  # the consumer decides when it is enough
        signal.signal(each, signal.SIG_IGN)
    processes.log_to_console()
    open_site(settings.from_env())
    me.parent = parent
    with db.connection_context():
        with db.atomic():
            jobs = list(Job.raw(f'UPDATE job SET owner = ? WHERE {HELD} RETURNING *', me.name, int(job_id), parent))
        if jobs:
            huey = import_module(jobs[0].name.rpartition('.')[0]).huey
            claim = me.held[jobs[0].id] = Claim(jobs[0].id, bytes(jobs[0].message), jobs[0].error)
            if task := huey._open(jobs[0], claim):
                huey.execute(task)
            while huey.is_owing():
                time.sleep(LOOK_EVERY)


def retry(job_id: int) -> bool:
    """Give a buried job another chance, by a person's wish. False where there is no such job."""
    with db.atomic():
        count = (Job.update(state='ready', run_at=now(), attempts=0, strikes=0)
                 .where(Job.id == job_id, Job.state == 'dead').execute())
        db.after_commit(lambda: processes.ring(run_folder()))
    return bool(count)


def discard(job_id: int) -> bool:
    """Throw away a job that is not running. A mail it was to deliver is not lost: the ledger wakes it again."""
    return bool(Job.delete().where(Job.id == job_id, Job.state != 'running').execute())
