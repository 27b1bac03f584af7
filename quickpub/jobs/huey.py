"""Huey over the durable queue: its decorators, periodic tasks and command, claiming instead of deleting.

`DurableHuey` claims a task, learns from Huey's signals how it ended, and writes that; an end that the database cannot
take just then is kept in memory and tried again. An application overrides the methods under "What an application may
override".
"""

import logging
import time
import traceback
from collections.abc import Callable, Iterable
from copy import copy
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from huey import signals as S
from huey.api import PeriodicTask, Task, TaskLock
from huey.consumer import Consumer
from huey.exceptions import RetryTask
from huey.utils import ChordConfig
from peewee import DatabaseError, SqliteDatabase

from .. import processes
from . import claims, isolation, owners, recurring, tables, tally
from .chores import Chores, Outages
from .claims import SUSPECT, Claim, Limit, NotNow, this_thread
from .clock import Steadiness, now
from .compat import HueyBase
from .consumer import STOP_WITHIN, DurableConsumer
from .errors import is_out_of_reach, is_transient
from .queue import URGENT
from .recurring import Recurrence
from .rescue import rescue
from .serializer import JSONSerializer
from .storage import Envelope, JobStorage, Lock
from .tables import Job

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds between looks for a job, should a ring of the doorbell be missed
SWEEP_EVERY = 2.0  # seconds between looks for claims of dead processes
AGAIN_AFTER = timedelta(seconds=10)  # when it is not known how a job ended
ERROR_CHARS = 8000  # of a traceback, kept with a job
STOCK = {'workers': 1, 'max_delay': 10.0, 'health_check_interval': 10}  # the stock command's defaults: ours differ

ENDED_WELL = (S.SIGNAL_COMPLETE, S.SIGNAL_REVOKED, S.SIGNAL_EXPIRED, S.SIGNAL_CANCELED)
ENDED_BADLY = (S.SIGNAL_ERROR, S.SIGNAL_TIMEOUT, S.SIGNAL_LOCKED, S.SIGNAL_RATE_LIMITED)


class DurableHuey(HueyBase):
    """Huey, claiming instead of deleting. What a task's end means is written by this process, guarded by its claim."""

    def __init__(self, name: str, import_path: str, database: SqliteDatabase | None = None,
                 folder: Path | None = None, **options: Any):
        """`import_path` says where this instance is found, `shop.tasks.huey` say: a process that runs one job alone
        imports it. For `database` and `folder` see `tables.bind`, which may have been called before."""
        if database is not None:
            tables.bind(database, folder)
        options = {'results': False, 'serializer': JSONSerializer(), 'storage_class': JobStorage} | options
        super().__init__(name, **options)
        self.signal(*ENDED_WELL, *ENDED_BADLY, S.SIGNAL_INTERRUPTED, S.SIGNAL_RETRYING)(self._note_end)
        self.import_path = import_path
        self.bulk_limit: int | None = None  # workers less the one that is kept free for urgent jobs
        self.is_waiting_for_child = False  # which runs a job alone
        self.outages = Outages()
        self.chores = Chores(self.is_reported, self.report_chore)
        self._kept_free: list[tuple[int, tuple[str, ...]]] = []
        self._one_by_one: list[tuple[str, ...]] = []
        self._unsettled: dict[int, Claim] = {}  # ended here, but the database could not be told yet
        self._next_sweep = 0.0
        self._is_recurring = True
        self._steadiness = Steadiness()

    # What an application may override

    def set_up_process(self) -> None:
        """Prepare a process that runs jobs: open the database, set up the log. Called at the start of a consumer, and
        of each process that runs one job alone. Raises SystemExit, with a sentence, where that is not possible."""

    def default_workers(self) -> int:
        """Return how many workers a consumer has that is not told."""
        return 4

    def child_environment(self) -> dict[str, str]:
        """Return the environment variables that a process for one job needs besides this process's."""
        return {}

    def find_zone(self) -> tzinfo:
        """Return the time zone in which recurring jobs have their hour."""
        return recurring.utc()

    def watch_surroundings(self) -> None:
        """Look after what is outside the queue. Called once a second by each consumer, whatever the database does."""

    def is_reported(self, error: BaseException) -> bool:
        """Return whether this error comes from something that is missing just now, and is reported elsewhere."""
        return False

    def report_chore(self, name: str, problem: str) -> None:
        """Show the operator that a chore of each second fails, or that it is well again ('')."""

    # Claiming a task

    def dequeue(self) -> Task | None:
        """Return the next task to run, claimed for this process; None after a while without one."""
        owner = owners.current()
        try:
            rings = owner.bell.count()
            self.storage.check_conn()
            self._settle()
            task = self.next_task()
        except (DatabaseError, OSError) as error:
            self.outages.begin('jobs', error)
            time.sleep(LOOK_EVERY)
            return None
        self.outages.end('jobs')
        if task is None:
            owner.bell.wait(rings, LOOK_EVERY)
        return task

    def next_task(self) -> Task | None:
        """Claim what is next, without waiting. A job that must run alone runs here, and the answer is None."""
        # One at a time, and never seen half done: a row claimed but not yet held would look like a stray.
        with owners.current().lock:
            if 'jobs' in self.outages:  # a claim may have been made whose answer was lost
                claims.release(owners.current().name, but=list(owners.current().held))
            job = claims.claim([*self.registry.tasks, ''], self._limits())
            if job is None:
                return None
            claim = claims.hold(job)
        if job.strikes >= SUSPECT:
            self._run_alone(claim)
            return None
        return self._open(claim)

    def _limits(self) -> list[Limit]:
        limits = [Limit(1, names, is_global=True) for names in self._one_by_one]
        if self.bulk_limit:
            restrained = {name for _, names in self._kept_free for name in names}
            others = tuple(name for name in self.registry.tasks if name not in restrained)
            limits += [Limit(max(1, self.bulk_limit + 1 - workers), names) for workers, names in self._kept_free]
            limits += [Limit(self.bulk_limit, others, below=URGENT),
                       Limit(max(2, self.bulk_limit), below=URGENT)]  # with two workers: one of either kind
        return limits

    def keep_free(self, workers: int, *tasks: Any) -> None:
        """Let jobs of these tasks never occupy so many of the workers, but one of them in any case."""
        self._kept_free.append((workers, self._names(tasks)))

    def run_one_by_one(self, *tasks: Any) -> None:
        """Let only one job of these tasks run at a time, in all consumers together."""
        self._one_by_one.append(self._names(tasks))

    def _names(self, tasks: Iterable[Any]) -> tuple[str, ...]:
        return tuple(self.registry.task_to_string(task.task_class) for task in tasks)

    def _open(self, claim: Claim) -> Task | None:
        try:
            task = self.deserialize_task(claim.message)
        except Exception as error:  # whatever is wrong with one message, it must not stop the others
            claim.bury(f'The message cannot be read: {error!r}')
            self._finish(claim)
            return None
        task.claim = claim
        task.execute = partial(self._do, task)
        task.eta = None  # the row knew when it was due; a person may have wanted it sooner
        return task

    def _run_alone(self, claim: Claim) -> None:
        """Run a job under suspicion in a process of its own, and wait for its end."""
        self.is_waiting_for_child = True
        try:
            ended = isolation.run_alone(claim, self.import_path, self.child_environment(), self._write_at_last)
        except OSError as error:  # no memory, or no process, to be had
            ended = repr(error)
        finally:
            self.is_waiting_for_child = False
        # Counts only if the child never took the claim over. What keeps it from that is nothing in the job.
        claim.error = f'The process that was to run it could not begin: {ended}.'
        claim.retry(now() + AGAIN_AFTER)
        self._finish(claim)

    def run_claimed(self, job: Job) -> None:
        """Run a job that this process has claimed, and return when its end is written."""
        if task := self._open(claims.hold(job)):
            self.execute(task)
        while self.settle_pending():
            time.sleep(LOOK_EVERY)

    def _write_at_last(self, write: Callable[[], None]) -> None:
        """Call this until the database takes what it writes: no other process will."""
        while True:
            try:
                return write()
            except DatabaseError as error:
                if not is_out_of_reach(error):
                    raise
                self.outages.begin('jobs', error)
                time.sleep(LOOK_EVERY)

    # Running it, and learning how it ended

    def execute(self, task: Task, timestamp: datetime | None = None) -> Any:
        claim = getattr(task, 'claim', None)
        if claim is None or claim.id not in owners.current().held:  # never claimed, or ended before
            return super().execute(task, timestamp)
        outer, this_thread.claim = this_thread.claim, claim  # a task may execute another
        try:
            return super().execute(task, timestamp)
        except BaseException as error:  # around the task, whose own errors Huey catches; or it wanted to exit
            claim.follow_ups.clear()
            if isinstance(error, DatabaseError) or is_transient(error):  # Huey itself reads and writes around the task
                log.warning('%s, around %s; it will run again', error, task)
                claim.retry(now() + AGAIN_AFTER)
                return None
            if isinstance(error, KeyboardInterrupt):
                claim.release()
            else:  # what follows cannot be enqueued, say
                claim.bury(_as_text(error))
            raise
        finally:
            this_thread.claim = outer
            if claim.ending is None:
                claim.retry(now() + AGAIN_AFTER)
            self._finish(claim)

    def _do(self, task: Task) -> Any:
        """Run the task itself. A database out of reach, say, is no fault of its own, and passes."""
        try:
            return type(task).execute(task)
        except NotNow as delayed:
            task.claim.error = str(delayed)
            raise RetryTask(delay=delayed.delay) from delayed
        except Exception as error:
            if not (is_transient(error) or self.is_reported(error)):
                raise
            log.warning('%s, in %s; it will run again', error, task)
            task.claim.error = _as_text(error)
            raise RetryTask(delay=AGAIN_AFTER) from error

    def _note_end(self, signal: str, task: Task, *args: Any) -> None:
        """Huey says how a task ended by its signals only; the last one counts."""
        if claim := self._claim_of(task):
            if signal in ENDED_WELL:
                claim.done()
            elif signal == S.SIGNAL_INTERRUPTED:
                claim.release()
            elif signal == S.SIGNAL_RETRYING:
                claim.is_to_retry = True
            else:
                claim.bury(_as_text(args[0]) if args else signal)

    def _claim_of(self, task: Task) -> Claim | None:
        """Return the task's claim, in the thread that executes it."""
        claim = getattr(task, 'claim', None)
        return claim if claim is this_thread.claim else None

    def _claim_just_ended(self) -> Claim | None:
        """Return the claim whose task has ended in this thread, while Huey does what follows."""
        claim = this_thread.claim
        return claim if claim and claim.ending else None

    def count_chord_member(self, chord: ChordConfig, value: Any) -> None:
        """Count each member once, however often it runs: the count is written with the member's end."""
        if claim := self._claim_just_ended():
            self.serializer.serialize(value)  # what cannot be written must say so before it is too late
            claim.follow_ups.append(partial(self.count_chord_member, chord, value))
        elif self.storage.has_data_for_key(f'chord:{chord.cid}:{chord.idx}'):  # it had failed; a person retried it
            self.put_result(f'chord:{chord.cid}:{chord.idx}', value)
        else:
            super().count_chord_member(chord._replace(callback=copy(chord.callback)), value)

    def _finish(self, claim: Claim) -> None:
        self._unsettled[claim.id] = claim
        self.settle_pending()  # where that fails it stays in memory, and is tried again before the next claim

    def settle_pending(self) -> bool:
        """Write the ends that the database could not be told yet. Return whether there still are any."""
        try:
            self._settle()
        except DatabaseError as error:
            self.outages.begin('jobs', error)
        return bool(self._unsettled)

    def _settle(self) -> None:
        # One at a time, and no claim meanwhile: a retry may be due at once, and a thread that still looked at the last
        # claim of that job would end the next one with it.
        with owners.current().lock:
            for claim in list(self._unsettled.values()):
                self.storage.check_conn()
                try:
                    claims.settle(claim)
                except DatabaseError:
                    raise
                except Exception as error:  # what follows cannot be written: not now and not later
                    claim.follow_ups.clear()
                    claim.bury(_as_text(error))
                    claims.settle(claim)
                del self._unsettled[claim.id]

    # Enqueueing

    def enqueue(self, task: Any) -> Any:
        try:
            return super().enqueue(task)
        except DatabaseError as error:
            if not (isinstance(task, PeriodicTask) and is_out_of_reach(error)):
                raise
            self.outages.begin('jobs', error)  # a periodic task comes again by itself

    def serialize_task(self, task: Task) -> Envelope:
        if task.eta and task.expires and not isinstance(task.expires, datetime):  # so long after it is due
            wait = max(task.eta - (now() if self.utc else datetime.now()), timedelta())
            task.expires_resolved = task.resolve_expires(self.utc) + wait
        envelope = Envelope(super().serialize_task(task))
        envelope.name = self.registry.task_to_string(type(task))
        envelope.priority = task.priority or 0.0
        envelope.run_at = task.eta
        envelope.is_single = isinstance(task, PeriodicTask) or getattr(task, 'is_single', False)
        if kind := getattr(task, 'subject', None):
            envelope.subject = kind, str([*task.args, *task.kwargs.values()][0])
        claim = self._claim_of(task)
        if claim and claim.is_to_retry:
            envelope.retries = claim
        envelope.follows = self._claim_just_ended()
        return envelope

    def lock_task(self, lock_name: str, ttl: float | None = None) -> TaskLock:
        return Lock(self, lock_name, ttl)

    # Recurring jobs

    def recurring(self, every: timedelta, hour: int | None = None, max_leap: timedelta | None = None,
                  **options: Any) -> Callable:
        """Decorator: make a function a recurring job, which is enqueued once `every` so often, or every so many days at
        this `hour` in the application's time zone, and caught up once where that was missed. A `max_leap` is for what
        cannot be undone: see `Recurrence`. `options` are those of `task`."""
        return self.periodic_task(_never, recurrence=Recurrence(every, hour, max_leap, self.find_zone), **options)

    def enqueue_recurring(self, at: datetime | None = None) -> None:
        """Enqueue the recurring jobs that are due, each in one transaction with the note that it was."""
        at = at or now()
        known = self.recurrences()
        for name in recurring.due(known, at, self._steadiness.observe(at, time.monotonic())):
            with tables.database.atomic():
                if recurring.claim(name, known[name], at):
                    super().enqueue(self.registry.string_to_task(name)())

    def recurrences(self) -> dict[str, Recurrence]:
        """Return the recurring jobs by name; a task that was made by Huey's own decorator is none."""
        return {name: task.recurrence for name, task in self.registry.tasks.items() if hasattr(task, 'recurrence')}

    def recurring_jobs(self, at: datetime) -> list[tuple[str, datetime | None, datetime]]:
        """Return every recurring job: its name, when it last ended well, when it is due next."""
        tasks = {self.registry.task_to_string(type(task)): task for task in self.registry.periodic_tasks}
        last, following = tally.last_runs(tasks, at), recurring.next_times(self.recurrences(), at)
        return [(name, last.get(name), following.get(name) or _next_minute(task, at)) for name, task in tasks.items()]

    def describe(self, name: str) -> str | None:
        """Return what the task of this name does, for people: the first line of its docstring; None where there is no
        such task."""
        task = self.registry.tasks.get(name)
        words = task and task.__doc__
        return words.partition('\n')[0].rstrip('.') if words else None

    # Looking after the consumer

    def each_second(self, chore: Callable[[], Any]) -> Callable[[], Any]:
        """Decorator: let each consumer call this about once a second, from its start on. For what is cheap when there
        is nothing to do, and leaves no job to be seen; what it fails to do it finds again the next second."""
        self.chores.all.append(chore)
        return chore

    def read_schedule(self, timestamp: datetime | None = None) -> list[Task]:
        """Run the chores. Huey's scheduler calls this once a second; there is no schedule to read."""
        self.watch_surroundings()
        chores = list(self.chores.all)
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP_EVERY
            chores.insert(0, rescue)
        if self._is_recurring:
            chores.append(self.enqueue_recurring)
        try:
            self.storage.check_conn()
            for chore in chores:
                self.chores.run(chore)
            self.outages.end('chores')
        except DatabaseError as error:
            self.outages.begin('chores', error)
        return []

    def create_consumer(self, **options: Any) -> Consumer:
        """Return a consumer. `huey_consumer` and every other way to start one call this."""
        processes.share_heaps()
        self.set_up_process()
        ours = {'workers': self.default_workers(), 'max_delay': LOOK_EVERY, 'health_check_interval': 1,
                'shutdown_timeout': STOP_WITHIN}
        options |= {name: value for name, value in ours.items() if options.get(name) in (None, STOCK.get(name))}
        options['graceful_signal'] = 'TERM'
        self.bulk_limit = options['workers'] - 1 or None
        self._is_recurring = options.get('periodic') is not False  # the stock command's --no-periodic
        owners.current().family = processes.new_name()
        return DurableConsumer(self, **options)

    def notify_interrupted_tasks(self) -> None:
        """Excuse the jobs that run although the consumer ends: threads cannot be stopped."""
        if owners.current().held:
            self.storage.check_conn()
            claims.excuse_running()
        super().notify_interrupted_tasks()


def _as_text(error: BaseException) -> str:
    words = ''.join(traceback.format_exception(error))[-ERROR_CHARS:]
    return words.encode('utf-8', 'backslashreplace').decode()  # a file's name may hold what no database takes


def _never(at: datetime) -> bool:
    """Answer Huey's scheduler for a recurring job: whether it is due is asked in the database."""
    return False


def _next_minute(task: PeriodicTask, at: datetime) -> datetime:
    """Return the next minute that a periodic task of Huey's own kind names."""
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not task.validate_datetime(minute):
        minute += timedelta(minutes=1)
    return minute
