"""Every private member of Huey that this package touches, and nothing else touches one.

tests/jobs/test_compat.py compares them, with their signatures, with the installed Huey, so that a new release which
changes one of them is noticed before it is used.
"""

import signal
from typing import Any

from huey.api import Huey, TaskLock
from huey.consumer import Consumer
from huey.registry import Registry
from huey.utils import ChordConfig

GRACEFUL = (signal.SIGTERM, signal.SIGINT)


class TaskRegistry(Registry):
    """Huey's registry, which can also be asked for the names of its tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, Any] = {}  # task classes by name, which is `module.function`

    def register(self, task_class: Any) -> bool:
        super().register(task_class)
        self.tasks[self.task_to_string(task_class)] = task_class
        return True

    def unregister(self, task_class: Any) -> bool:
        self.tasks.pop(self.task_to_string(task_class), None)
        return super().unregister(task_class)


class HueyBase(Huey):
    """Huey with a registry of ours, and with the counting of a chord's members to be overridden."""

    def __init__(self, name: str, **options: Any):
        super().__init__(name, **options)
        self._registry = self.registry = TaskRegistry()

    def _check_chord(self, chord: ChordConfig, value: Any) -> None:
        self.count_chord_member(chord, value)

    def count_chord_member(self, chord: ChordConfig, value: Any) -> None:
        """Count a member of a chord that has ended with this value; the last one enqueues the callback."""
        super()._check_chord(chord, value)


class ConsumerBase(Consumer):
    """Huey's consumer, which stops gracefully on both signals and looks twice a second whether it is to stop."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._stop_flag_timeout = 0.5  # ten looks a second would be most of an idle consumer's work
        self._signal_actions = dict.fromkeys(GRACEFUL, (False, True))  # restart, graceful

    def listen_for_signals(self) -> None:
        """Take both signals as a request to stop, from now on."""
        self._set_signal_handlers()


class LockBase(TaskLock):
    """Huey's lock, whose parts a subclass may use."""

    def __init__(self, huey: Any, name: str, ttl: float | None = None):
        super().__init__(huey, name, ttl)
        self.huey, self.name, self.ttl, self.key = huey, name, ttl, self._key
