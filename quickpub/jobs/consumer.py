"""The consumer: Huey's own, made to stop well, to tick on the minute, and to leave no process behind."""

import os
import signal
import time
from datetime import datetime
from typing import Any

from huey.consumer import Consumer, ProcessEnvironment, Scheduler

from .. import processes


class QuietProcesses(ProcessEnvironment):
    """Worker processes that finish their work on SIGTERM and SIGINT, whoever sends it, and die with the consumer."""

    def __init__(self, graceful: int, interrupt: int):
        super().__init__(graceful, signal.SIGUSR1)  # to interrupt; Ctrl-C sends SIGINT to all of them by itself
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


class OnTheMinute(Scheduler):
    """Asks the schedules at the full minute, by the clock. Huey asks every 60 seconds from its start: up to a minute
    late, and started at second 59.99 it skips some minutes and finds others twice."""

    def enqueue_periodic_tasks(self, now: datetime | None) -> None:
        super().enqueue_periodic_tasks(now)
        self._next_periodic = time.monotonic() + 60 - time.time() % 60


class DurableConsumer(Consumer):
    """Both signals let running work finish, within a limit; a dead worker is replaced within a second."""

    scheduler_class = OnTheMinute

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._stop_flag_timeout = 0.5  # ten looks a second would be most of an idle consumer's work
        self._signal_actions = dict.fromkeys([signal.SIGTERM, signal.SIGINT], (False, True))

    def start(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that goes away is no reason to stop
        self._set_signal_handlers()  # before there are workers: a stop that comes early is to be a stop too
        super().start()

    def get_environment(self, worker_type: str):
        if worker_type == 'process':
            return QuietProcesses(self._graceful_sig, self._interrupt_sig)
        return super().get_environment(worker_type)
