"""The consumer: Huey's own, which stops gracefully, ticks on the minute, and leaves no process behind."""

import os
import signal
from datetime import datetime
from typing import Any

from huey.consumer import ProcessEnvironment, Scheduler

from .. import processes
from .clock import now as current_time
from .compat import ConsumerBase

STOP_WITHIN = 20  # seconds that running jobs get to finish after SIGTERM or SIGINT


class WorkerProcesses(ProcessEnvironment):
    """Worker processes that finish their job on SIGTERM and SIGINT, whoever sends it, and die with the consumer."""

    def __init__(self) -> None:
        # SIGUSR1 interrupts: Ctrl-C sends SIGINT to all of them by itself.
        super().__init__(signal.SIGTERM, signal.SIGUSR1)
        self._parent_pid = os.getpid()

    def init_child(self, process: Any) -> None:
        processes.die_with_parent(self._parent_pid)
        super().init_child(process)
        stop_task: Any = signal.getsignal(self.interrupt)

        def interrupt(signum: int, frame: Any) -> None:
            if process.huey.is_waiting_for_child:
                raise KeyboardInterrupt
            stop_task(signum, frame)

        signal.signal(self.interrupt, interrupt)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def interrupt_workers(self, procs: list[Any]) -> None:
        super().interrupt_workers(procs)
        for proc in procs:
            if proc.is_alive():
                proc.kill()


class MinuteScheduler(Scheduler):
    """Asks Huey's periodic tasks once in each minute of the clock. Huey asks every 60 seconds from its start: up to a
    minute late, and started at second 59.99 it skips some minutes and finds others twice."""
    periodic_task_seconds = 1
    _minute: datetime | None = None  # that was asked last

    def enqueue_periodic_tasks(self, now: datetime | None) -> None:
        minute = (now or current_time()).replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            super().enqueue_periodic_tasks(now)


class DurableConsumer(ConsumerBase):
    """A consumer that lets running jobs finish, within a limit."""

    scheduler_class = MinuteScheduler

    def start(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that goes away is no reason to stop
        self.listen_for_signals()  # before there are workers: a stop that comes early is to be a stop too
        super().start()

    def get_environment(self, worker_type: str):
        return WorkerProcesses() if worker_type == 'process' else super().get_environment(worker_type)
