"""DurableHuey: Huey over the durable queue, claiming instead of deleting.

It claims tasks here; execution.py runs them and writes their ends, periodic.py enqueues recurring jobs. An application
overrides the methods in hooks.py.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from huey.api import Task
from huey.consumer import Consumer
from peewee import DatabaseError, SqliteDatabase

from .. import processes
from . import claims, isolation, owners, tables
from .chores import Chores
from .claims import SUSPECT, Claim
from .clock import now
from .consumer import STOP_WITHIN, DurableConsumer
from .errors import is_out_of_reach
from .execution import AGAIN_AFTER, ExecutingHuey
from .limits import WorkerLimits
from .periodic import PeriodicHuey
from .reasons import NOT_STARTED
from .rescue import rescue
from .serializer import JSONSerializer
from .storage import JobStorage
from .tables import Job

LOOK_EVERY = 1.0  # seconds between looks for a job, should a ring of the doorbell be missed
SWEEP_EVERY = 2.0  # seconds between looks for claims of dead processes
STOCK = {'workers': 1, 'max_delay': 10.0, 'health_check_interval': 10}  # the stock command's defaults: ours differ


class DurableHuey(ExecutingHuey, PeriodicHuey):
    """Huey whose tasks are rows that a process claims, and whose ends are written while the claim is held."""

    def __init__(self, name: str, import_path: str, database: SqliteDatabase | None = None,
                 folder: Path | None = None, **options: Any):
        """`import_path` says where this instance is found, `shop.tasks.huey` say: a process that runs one job alone
        imports it. For `database` and `folder` see `tables.bind`, which may have been called before."""
        if database is not None:
            tables.bind(database, folder)
        options = {'results': False, 'serializer': JSONSerializer(), 'storage_class': JobStorage} | options
        super().__init__(name, **options)
        self.import_path = import_path
        self.is_waiting_for_child = False  # which runs a job alone
        self.limits = WorkerLimits()
        self.chores = Chores(self.is_reported, self.report_chore)
        self._next_sweep = 0.0
        self._is_recurring = True

    # What an application says of its tasks

    def keep_free(self, workers: int, *tasks: Any) -> None:
        """Let jobs of these tasks never occupy so many of the workers, but one of them in any case."""
        self.limits.keep_free(workers, self._names(tasks))

    def run_one_by_one(self, *tasks: Any) -> None:
        """Let only one job of these tasks run at a time, in all consumers together."""
        self.limits.run_one_by_one(self._names(tasks))

    def _names(self, tasks: Iterable[Any]) -> tuple[str, ...]:
        return tuple(self.registry.task_to_string(task.task_class) for task in tasks)

    def each_second(self, chore: Callable[[], Any]) -> Callable[[], Any]:
        """Decorator: let each consumer call this about once a second, from its start on. For what is cheap when there
        is nothing to do, and leaves no job to be seen; what it fails to do it finds again the next second."""
        self.chores.all.append(chore)
        return chore

    # Claiming a task

    def dequeue(self) -> Task | None:
        """Return the next task to run, claimed for this process; None after a while without one."""
        owner = owners.current()
        try:
            rings = owner.bell.count()
            self.storage.check_conn()
            self.endings.settle()
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
            job = claims.claim([*self.registry.tasks, ''], self.limits.all(self.registry.tasks))
            if job is None:
                return None
            claim = claims.hold(job)
        if job.strikes >= SUSPECT:
            self._run_alone(claim)
            return None
        return self.open_task(claim)

    def _run_alone(self, claim: Claim) -> None:
        """Run a job under suspicion in a process of its own, and wait for its end."""
        self.is_waiting_for_child = True
        try:
            ended = isolation.run_alone(claim, self.import_path, self.child_environment(), self._write_at_last)
        except OSError as error:  # no memory, or no process, to be had
            ended = repr(error)
        finally:
            self.is_waiting_for_child = False
        # Counts only if the child never took the claim over. The job itself cannot keep it from that.
        claim.error = f'{NOT_STARTED} {ended}.'
        claim.retry(now() + AGAIN_AFTER)
        self.endings.write(claim)

    def run_claimed(self, job: Job) -> None:
        """Run a job that this process has claimed, and return when its end is written."""
        if task := self.open_task(claims.hold(job)):
            self.execute(task)
        while self.endings.settle_pending():
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

    # The consumer

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
            self.prepare_job()
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
        self.limits.bulk = options['workers'] - 1 or None
        self._is_recurring = options.get('periodic') is not False  # the stock command's --no-periodic
        owners.current().family = processes.new_name()
        return DurableConsumer(self, **options)

    def notify_interrupted_tasks(self) -> None:
        """Excuse the jobs that run although the consumer ends: threads cannot be stopped."""
        if owners.current().held:
            self.storage.check_conn()
            claims.excuse_running()
        super().notify_interrupted_tasks()
