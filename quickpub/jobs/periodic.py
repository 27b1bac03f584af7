"""Recurring jobs as tasks of Huey."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from huey.api import PeriodicTask

from . import recurring, tables, tally
from .clock import Steadiness, now
from .compat import HueyBase
from .hooks import Hooks
from .recurring import Recurrence


class PeriodicHuey(Hooks, HueyBase):
    """Huey with recurring jobs, which are caught up where they were missed."""

    def __init__(self, name: str, **options: Any):
        super().__init__(name, **options)
        self._steadiness = Steadiness()

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


def _never(at: datetime) -> bool:
    """Answer Huey's scheduler for a recurring job: whether it is due is asked in the database."""
    return False


def _next_minute(task: PeriodicTask, at: datetime) -> datetime:
    """Return the next minute that a periodic task of Huey's own kind names."""
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not task.validate_datetime(minute):
        minute += timedelta(minutes=1)
    return minute
