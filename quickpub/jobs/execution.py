"""Running a claimed task, learning from Huey how it ended, and writing what follows with its end."""

import logging
from copy import copy
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from huey import signals as S
from huey.api import PeriodicTask, Task, TaskLock
from huey.exceptions import RetryTask
from huey.utils import ChordConfig
from peewee import DatabaseError

from . import owners
from .chores import Outages
from .claims import Claim, NotNow, this_thread
from .clock import now
from .compat import HueyBase
from .endings import Endings, as_text
from .errors import is_out_of_reach, is_transient
from .hooks import Hooks
from .reasons import UNREADABLE
from .storage import Envelope, Lock

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(seconds=10)  # when it is not known how a job ended

ENDED_WELL = (S.SIGNAL_COMPLETE, S.SIGNAL_REVOKED, S.SIGNAL_EXPIRED, S.SIGNAL_CANCELED)
ENDED_BADLY = (S.SIGNAL_ERROR, S.SIGNAL_TIMEOUT, S.SIGNAL_LOCKED, S.SIGNAL_RATE_LIMITED)


class ExecutingHuey(Hooks, HueyBase):
    """Huey whose tasks carry their claim, as `task.claim`. The end of a task is written only while that is held."""

    def __init__(self, name: str, **options: Any):
        super().__init__(name, **options)
        self.outages = Outages()
        self.endings = Endings(self.storage.check_conn, self.outages)
        self.signal(*ENDED_WELL, *ENDED_BADLY, S.SIGNAL_INTERRUPTED, S.SIGNAL_RETRYING)(self._note_end)

    def open_task(self, claim: Claim) -> Task | None:
        """Return the task of this claim; None where its message cannot be read, and the job is buried."""
        try:
            task = self.deserialize_task(claim.message)
        except Exception as error:  # whatever is wrong with one message, it must not stop the others
            claim.bury(f'{UNREADABLE} {error!r}')
            self.endings.write(claim)
            return None
        task.claim = claim
        task.execute = partial(self._run, task)
        task.eta = None  # the row knew when it was due; a person may have wanted it sooner
        return task

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
                claim.bury(as_text(error))
            raise
        finally:
            this_thread.claim = outer
            if claim.ending is None:
                claim.retry(now() + AGAIN_AFTER)
            self.endings.write(claim)

    def _run(self, task: Task) -> Any:
        """Run the task itself. A database out of reach, say, is no fault of its own, and passes."""
        try:
            self.prepare_job()
            return type(task).execute(task)
        except NotNow as delayed:
            task.claim.error = str(delayed)
            raise RetryTask(delay=delayed.delay) from delayed
        except Exception as error:
            if not (is_transient(error) or self.is_reported(error)):
                raise
            log.warning('%s, in %s; it will run again', error, task)
            task.claim.error = as_text(error)
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
                claim.bury(as_text(args[0]) if args else signal)

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
