"""Huey over the durable queue: its decorators, schedules and command, claiming instead of deleting.

Huey deletes a task before it runs it, so whatever kills the worker loses the task. `DurableHuey` claims it (jobs.py),
learns from Huey's signals how it ended, and writes that down; what the database cannot take just then is kept in
memory and tried again. storage.py is Huey's view of the table, consumer.py the processes that do the work.
"""

import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from copy import copy
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any

from huey import signals as S
from huey.api import Huey, PeriodicTask, Task, TaskLock
from huey.consumer import Consumer
from huey.exceptions import RetryTask
from huey.utils import ChordConfig
from peewee import DatabaseError

from .. import clocks, findings, logs, presence, processes, settings
from ..db import db, now
from ..migrating import SchemaError
from ..opening import open_site
from ..sqlite.errors import is_out_of_reach, is_transient
from ..watch import check_files as look_after_files
from . import queue, recurring
from .consumer import DurableConsumer
from .queue import Claim, Job, Limit
from .recurring import Recurrence
from .storage import Envelope, JobStorage, JSONSerializer, Lock

log = logging.getLogger('quickpub.worker')

LOOK_EVERY = 1.0  # seconds between looks for work, should a ring of the doorbell be missed
SWEEP_EVERY = 2.0  # seconds between looks for claims of dead processes
AGAIN_AFTER = timedelta(seconds=10)  # when it is not known how a job ended
STOP_WITHIN = 20  # seconds that running work gets to finish after SIGTERM or SIGINT
STOCK = {'workers': 1, 'max_delay': 10.0, 'health_check_interval': 10}  # the stock command's defaults: ours differ

TROUBLES = {'work': ('work waits', 'work goes on'), 'chores': ('chores wait', 'chores go on')}
ENDED_WELL = (S.SIGNAL_COMPLETE, S.SIGNAL_REVOKED, S.SIGNAL_EXPIRED, S.SIGNAL_CANCELED)
ENDED_BADLY = (S.SIGNAL_ERROR, S.SIGNAL_TIMEOUT, S.SIGNAL_LOCKED, S.SIGNAL_RATE_LIMITED)


def _text(error: BaseException) -> str:
    words = ''.join(traceback.format_exception(error))[-8000:]
    return words.encode('utf-8', 'backslashreplace').decode()  # a file's name may hold what no database takes


def _never(at: datetime) -> bool:
    """What Huey's scheduler is told of a recurring job: whether it is due is asked in the database."""
    return False


def _next_minute(task: PeriodicTask, at: datetime) -> datetime:
    """The next minute that a schedule of Huey's own kind names."""
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not task.validate_datetime(minute):
        minute += timedelta(minutes=1)
    return minute


class DurableHuey(Huey):
    """Huey, claiming instead of deleting. What a task's end means is written by this process, guarded by its claim."""

    def __init__(self, name: str, **options: Any):
        options = {'results': False, 'serializer': JSONSerializer(), 'storage_class': JobStorage} | options
        super().__init__(name, **options)
        self.bulk_limit: int | None = None  # workers less the one that is kept free for urgent work
        self._kept_free: list[tuple[int, tuple[str, ...]]] = []
        self._one_by_one: list[tuple[str, ...]] = []
        self._ended: dict[int, Claim] = {}  # ended here, but the database could not be told yet
        self._chores: list[Callable[[], Any]] = []
        self._next_sweep = 0.0
        self._is_recurring = True
        self._steadiness = clocks.Steadiness()
        self._troubles: set[str] = set()  # what the database keeps from being done: keys of TROUBLES
        self._faults: dict[str, str] = {}  # of each chore: what it last failed of, '' for nothing

    # Taking a task

    def dequeue(self) -> Task | None:
        """The next task to run, claimed for this process; None after a while without one."""
        try:
            rings = queue.me.bell.count()
            self.storage.check_conn()
            self._settle()
            task = self.next_task()
        except (DatabaseError, OSError) as error:
            self._say_trouble(error)
            time.sleep(LOOK_EVERY)
            return None
        self._say_trouble(None)
        if task is None:
            queue.me.bell.wait(rings, LOOK_EVERY)
        return task

    def next_task(self) -> Task | None:
        """Claim what is next, without waiting. A job that must run alone runs here, and the answer is None."""
        # One at a time, and never seen half done: a row claimed but not yet held would look like a stray.
        with queue.me.lock:
            if 'work' in self._troubles:  # a claim may have been made whose answer was lost
                queue.release(queue.me.name, but=list(queue.me.held))
            job = queue.claim([*self._registry._registry, ''], self._limits())
            if job is None:
                return None
            claim = self._hold(job)
        if job.strikes >= queue.SUSPECT:
            self._run_alone(claim)
            return None
        return self._open(claim)

    def keep_free(self, workers: int, *tasks: Any) -> None:
        """Let jobs of these tasks never occupy so many of the workers, but one of them in any case."""
        self._kept_free.append((workers, self._names(tasks)))

    def run_one_by_one(self, *tasks: Any) -> None:
        """Let only one job of these tasks run at a time, in all consumers of the site together."""
        self._one_by_one.append(self._names(tasks))

    def _names(self, tasks: Iterable[Any]) -> tuple[str, ...]:
        return tuple(self._registry.task_to_string(task.task_class) for task in tasks)

    def _limits(self) -> list[Limit]:
        limits = [Limit(1, names, is_of_site=True) for names in self._one_by_one]
        if self.bulk_limit:
            restrained = {name for _, names in self._kept_free for name in names}
            others = tuple(name for name in self._registry._registry if name not in restrained)
            limits += [Limit(max(1, self.bulk_limit + 1 - workers), names) for workers, names in self._kept_free]
            limits += [Limit(self.bulk_limit, others, below=queue.URGENT),
                       Limit(max(2, self.bulk_limit), below=queue.URGENT)]  # with two workers: one of either kind
        return limits

    def _hold(self, job: Job) -> Claim:
        claim = queue.me.held[job.id] = Claim(job.id, job.name, bytes(job.message), job.error, job.strikes)
        return claim

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

    def enqueue(self, task: Any) -> Any:
        try:
            return super().enqueue(task)
        except DatabaseError as error:
            if not (isinstance(task, PeriodicTask) and is_out_of_reach(error)):
                raise
            self._say_trouble(error)  # a schedule comes again by itself

    # Doing it, and learning how it ended

    def execute(self, task: Task, timestamp: datetime | None = None) -> Any:
        claim = getattr(task, 'claim', None)
        if claim is None or claim.id not in queue.me.held:  # never claimed, or ended before
            return super().execute(task, timestamp)
        outer, queue.at_work.claim = queue.at_work.claim, claim  # a task may execute another
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
                claim.bury(_text(error))
            raise
        finally:
            queue.at_work.claim = outer
            if claim.ending is None:
                claim.retry(now() + AGAIN_AFTER)
            self._finish(claim)

    def _do(self, task: Task) -> Any:
        """The task itself. That the database is out of reach, say, is no fault of its own, and over some time."""
        try:
            return type(task).execute(task)
        except queue.NotNow as delayed:
            task.claim.error = str(delayed)
            raise RetryTask(delay=delayed.delay) from delayed
        except Exception as error:
            if not (is_transient(error) or presence.explains(error)):
                raise
            log.warning('%s, in %s; it will run again', error, task)
            task.claim.error = _text(error)
            raise RetryTask(delay=AGAIN_AFTER) from error

    def _just_ended(self) -> Claim | None:
        """The claim whose task has ended in this thread, while Huey does what follows."""
        claim = queue.at_work.claim
        return claim if claim and claim.ending else None

    def _claim_of(self, task: Task) -> Claim | None:
        """The task's claim, in the thread that executes it."""
        claim = getattr(task, 'claim', None)
        return claim if claim is queue.at_work.claim else None

    def _emit(self, signal: str, task: Task, *args: Any, **kwargs: Any) -> None:
        """Huey says how a task ended by its signals only; the last one counts."""
        if claim := self._claim_of(task):
            if signal in ENDED_WELL:
                claim.done()
            elif signal == S.SIGNAL_INTERRUPTED:
                claim.release()
            elif signal in ENDED_BADLY:
                claim.bury(_text(args[0]) if args else signal)
        super()._emit(signal, task, *args, **kwargs)

    def _requeue_task(self, task: Task, timestamp: datetime, retry_eta: datetime | None = None) -> None:
        claim = self._claim_of(task)
        if claim is None:
            return super()._requeue_task(task, timestamp, retry_eta)
        task.retries -= 1
        task.eta = retry_eta or timestamp + timedelta(seconds=task.retry_delay or 0)
        if task.retry_backoff and retry_eta is None:
            task.retry_delay *= task.retry_backoff
        claim.retry(task.eta, bytes(self.serialize_task(task)))
        self._emit(S.SIGNAL_SCHEDULED if task.eta > timestamp else S.SIGNAL_ENQUEUED, task)

    def _check_chord(self, chord: ChordConfig, value: Any) -> None:
        """A chord counts its members: once each, however often they run, for it is written with their end."""
        if claim := self._just_ended():
            self.serializer.serialize(value)  # what cannot be written must say so before it is too late
            claim.follow_ups.append(partial(self._check_chord, chord, value))
        elif self.storage.has_data_for_key(f'chord:{chord.cid}:{chord.idx}'):  # it had failed; a person retried it
            self.put_result(f'chord:{chord.cid}:{chord.idx}', value)
        else:
            super()._check_chord(chord._replace(callback=copy(chord.callback)), value)

    def serialize_task(self, task: Task) -> Envelope:
        if task.eta and task.expires and not isinstance(task.expires, datetime):  # so long after it is due
            wait = max(task.eta - self._get_timestamp(), timedelta())
            task.expires_resolved = task.resolve_expires(self.utc) + wait
        envelope = Envelope(super().serialize_task(task))
        envelope.name = self._registry.task_to_string(type(task))
        envelope.priority = task.priority or 0.0
        envelope.run_at = task.eta
        envelope.is_single = isinstance(task, PeriodicTask) or getattr(task, 'is_single', False)
        if kind := getattr(task, 'subject', None):
            envelope.subject = kind, str([*task.args, *task.kwargs.values()][0])
        envelope.follows = self._just_ended()
        return envelope

    def _finish(self, claim: Claim) -> None:
        self._ended[claim.id] = claim
        self.is_owing()  # then it stays in memory, and is tried again before the next claim

    def is_owing(self) -> bool:
        """Whether there is something ended that the database could not be told even now."""
        try:
            self._settle()
        except DatabaseError as error:
            self._say_trouble(error)
        return bool(self._ended)

    def _settle(self) -> None:
        # One at a time, and no claim meanwhile: a retry may be due at once, and whoever still looked at its last claim
        # would end the next one with it.
        with queue.me.lock:
            for claim in list(self._ended.values()):
                self.storage.check_conn()
                try:
                    queue.settle(claim)
                except DatabaseError:
                    raise
                except Exception as error:  # what follows cannot be written: not now and not later
                    claim.follow_ups.clear()
                    claim.bury(_text(error))
                    queue.settle(claim)
                del self._ended[claim.id]

    def _say_trouble(self, error: Exception | None, what: str = 'work') -> None:
        """One line when the database gets out of reach, one when it is back: not one a second."""
        waits, goes_on = TROUBLES[what]
        if error and what not in self._troubles:
            self._troubles.add(what)
            said = 'The folder run cannot be used' if isinstance(error, OSError) else 'The database cannot be written'
            log.warning('%s (%s); %s', said, error, waits)
        elif not error and what in self._troubles:
            self._troubles.discard(what)
            log.warning('The database can be written again; %s', goes_on)

    def _run_alone(self, claim: Claim) -> None:
        """Run a job under suspicion in a process of its own, which takes over the claim; wait for its end."""
        stand_in = Task()
        self._tasks_in_flight.add(stand_in)  # so that a worker process can be interrupted while it waits
        try:
            said = self._wait_for_child(claim)
        except OSError as error:  # no memory, or no process, to be had
            said = repr(error)
        finally:
            self._tasks_in_flight.discard(stand_in)
        # Counts only if the child never took the claim over. What keeps it from that is nothing in the job.
        claim.error = f'The process that was to run it could not begin: {said}.'
        claim.retry(now() + AGAIN_AFTER)
        self._finish(claim)

    def _wait_for_child(self, claim: Claim) -> str:
        """Start the process and wait for its end; how it ended, in words. Raises OSError where it cannot start."""
        child = subprocess.Popen(
            [sys.executable, '-c', f'import sys; from {__package__} import huey; huey.run_alone(*sys.argv[1:])',
             str(claim.id), queue.me.name, str(os.getpid())],
            env=os.environ | settings.current().environ() | {'PYTHONPATH': os.pathsep.join(filter(None, sys.path))})
        owner = f'{queue.me.name}~{child.pid}'
        try:
            if child.wait():
                time.sleep(queue.GRACE)  # who is about to be killed too must not say whose fault it was
        except KeyboardInterrupt:
            child.kill()
            child.wait()
            self._until_written(partial(queue.release, owner))
        self._until_written(partial(queue.charge, owner))
        return f'it ended with {child.returncode}'

    def _until_written(self, write: Callable[[], None]) -> None:
        """Nobody else will write this, so it is tried until the database takes it."""
        while True:
            try:
                return write()
            except DatabaseError as error:
                if not is_out_of_reach(error):
                    raise
                self._say_trouble(error)
                time.sleep(LOOK_EVERY)

    def lock_task(self, lock_name: str, ttl: float | None = None) -> TaskLock:
        return Lock(self, lock_name, ttl)

    # Looking after the consumer

    def read_schedule(self, timestamp: datetime | None = None) -> list[Task]:
        """Asked once a second by the scheduler; there is no schedule to read, but other things to look after."""
        look_after_files()
        chores = list(self._chores)
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP_EVERY
            chores.insert(0, queue.rescue)
        if self._is_recurring:
            chores.append(self.enqueue_recurring)
        try:
            self.storage.check_conn()
            for chore in chores:
                self._do_chore(chore)
            self._say_trouble(None, 'chores')
        except DatabaseError as error:
            self._say_trouble(error, 'chores')
        return []

    def _do_chore(self, chore: Callable[[], Any]) -> None:
        """One that fails stops none of the others: it is logged once, and shown until it is well again. Raises
        DatabaseError where that is the reason."""
        fault = ''
        try:
            chore()
        except Exception as error:
            if is_out_of_reach(error):
                raise
            if presence.explains(error):  # said already
                return
            fault = f'{type(error).__name__}: {error}'
            if self._faults.get(chore.__name__) != fault:
                log.exception('A task that runs every second has failed (%s); it is tried again, the others go on',
                              chore.__name__)
        if fault != self._faults.get(chore.__name__):
            name = findings.CHORE + chore.__name__
            findings.record(name, fault, now()) if fault else findings.forget(name)
            self._faults[chore.__name__] = fault

    def each_second(self, chore: Callable[[], Any]) -> Callable[[], Any]:
        """Decorator: let each consumer call this about once a second, from its start on. For what is cheap when there
        is nothing to do, and leaves no job to be seen; what it fails to do it finds again the next second."""
        self._chores.append(chore)
        return chore

    def recurring(self, every: timedelta, hour: int | None = None, max_leap: timedelta | None = None,
                  **options: Any) -> Callable:
        """Decorator: make a function a recurring job, which is enqueued once `every` so often, or every so many days at
        this `hour` by the site's clock, and caught up once where that was missed. A `max_leap` is for what cannot be
        undone: see `Recurrence`. `options` are those of `task`."""
        return self.periodic_task(_never, recurrence=Recurrence(every, hour, max_leap), **options)

    def enqueue_recurring(self, at: datetime | None = None) -> None:
        """Enqueue the recurring jobs that are due, each in one transaction with the note that it was."""
        at = at or now()
        known = self._recurrences()
        for name in recurring.due(known, at, self._steadiness.look(at, time.monotonic())):
            with db.atomic():
                if recurring.claim(name, known[name], at):
                    super().enqueue(self._registry.string_to_task(name)())

    def _recurrences(self) -> dict[str, Recurrence]:
        """The recurring jobs by name; a schedule that was made by Huey's own decorator is none."""
        return {self._registry.task_to_string(task): task.recurrence for task in self._registry._periodic_tasks
                if hasattr(task, 'recurrence')}

    def schedules(self, at: datetime) -> list[tuple[str, datetime | None, datetime]]:
        """Every schedule: its task's name as in a job, when it last ended well, when it is due next."""
        tasks = {self._registry.task_to_string(type(task)): task for task in self._registry.periodic_tasks}
        last, following = queue.last_runs(tasks, at), recurring.next_times(self._recurrences(), at)
        return [(name, last.get(name), following.get(name) or _next_minute(task, at)) for name, task in tasks.items()]

    def in_words(self, name: str) -> str:
        """What the task of this name does, for people: the first line of its docstring."""
        task = self._registry._registry.get(name)
        words = task and task.__doc__
        return words.partition('\n')[0].rstrip('.') if words else 'Work that this version of Quickpub does not know'

    def notify_interrupted_tasks(self) -> None:
        """The consumer ends although work is running: threads cannot be stopped, but their claims can be excused."""
        if queue.me.held:
            self.storage.check_conn()
            queue.forgive()
        super().notify_interrupted_tasks()

    def create_consumer(self, **options: Any) -> Consumer:
        """What `huey_consumer` and every other way to start a consumer call. Opens the site if nobody has yet."""
        processes.share_heaps()
        logs.log_to_console()
        if db.deferred:
            try:
                open_site(settings.from_env())
            except (settings.SettingsError, SchemaError, OSError) as error:
                raise SystemExit(f'quickpub: {error}') from None
        ours = {'workers': settings.current().consumer_workers, 'max_delay': LOOK_EVERY, 'health_check_interval': 1,
                'shutdown_timeout': STOP_WITHIN}
        options |= {name: value for name, value in ours.items() if options.get(name) in (None, STOCK.get(name))}
        options['graceful_signal'] = 'TERM'
        self.bulk_limit = options['workers'] - 1 or None
        self._is_recurring = options.get('periodic') is not False  # the stock command's --no-periodic
        queue.me.family = processes.new_name()
        return DurableConsumer(self, **options)


def run_alone(job_id: str, parent: str, parent_pid: str) -> None:
    """The whole life of a process that runs one job: take the claim over from `parent`, run it, say how it ended."""
    processes.die_with_parent(int(parent_pid))
    for each in (signal.SIGINT, signal.SIGTERM):  # the consumer decides when it is enough
        signal.signal(each, signal.SIG_IGN)
    logs.log_to_console()
    open_site(settings.from_env())
    queue.me.parent = parent
    with db.connection_context():
        job = queue.take_over(int(job_id), parent)
        if job is None:
            return
        huey = import_module(job.name.rpartition('.')[0]).huey
        if task := huey._open(huey._hold(job)):
            huey.execute(task)
        while huey.is_owing():
            time.sleep(LOOK_EVERY)
