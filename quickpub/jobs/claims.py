"""Claims: taking a job for this process, and writing how it ended.

A claim is one UPDATE … RETURNING. How a job ended counts only while the claim is still held.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from . import owners, tally
from .clock import now
from .limits import Limit
from .tables import Job, database, first

# OR REPLACE: where the same single job waits already, or has failed before, one row of it is enough.
TO_READY = "UPDATE OR REPLACE job SET state = 'ready', owner = NULL, started_at = NULL, progress = ''"
TO_DEAD = "UPDATE OR REPLACE job SET state = 'dead', owner = NULL, progress = ''"
HELD = "id = ? AND state = 'running' AND owner = ?"

# Literals, not parameters: SQLite uses a partial index only for what it can read in the statement itself.
READY = "state = 'ready' AND run_at <= ? AND name IN ({names}) AND NOT EXISTS (SELECT 1 FROM job_pause)"

SUSPECT = 1  # strikes from which on a job runs alone; see rescue.py


class NotNow(Exception):
    """Raised by a job that cannot go on now, through no fault of its own: it is to run again after `delay`."""

    def __init__(self, delay: timedelta, reason: str):
        super().__init__(reason)
        self.delay = delay


@dataclass
class Claim:
    """A job that this process holds, and how it ended as far as is known: a statement to be executed.

    The follow-up of the end, such as the next task of a pipeline, is written in the same transaction: never without
    it, never twice.
    """
    id: int
    name: str
    message: bytes
    error: str = ''
    strikes: int = 0
    ending: tuple[str, list[Any]] | None = None
    counts_as: str = ''  # done, failed, or '' for what is not over yet
    is_to_retry: bool = False  # Huey is about to enqueue it again
    follow_ups: list[Callable[[], None]] = field(default_factory=list)

    def done(self) -> None:
        self.counts_as = 'done'
        self.ending = f'DELETE FROM job WHERE {HELD}', []

    def retry(self, run_at: datetime, message: bytes | None = None) -> None:
        self.counts_as, self.is_to_retry = '', False
        self.ending = (f'{TO_READY}, message = ?, run_at = ?, error = ? WHERE {HELD}',
                       [message or self.message, str(run_at), self.error])

    def release(self) -> None:
        """End it as if it had never been claimed: it was interrupted through no fault of its own."""
        self.counts_as = ''
        self.ending = f'{TO_READY}, attempts = attempts - 1 WHERE {HELD}', []

    def bury(self, error: str = '') -> None:
        self.counts_as = 'failed'
        self.error = error or self.error
        self.ending = f'{TO_DEAD}, error = ? WHERE {HELD}', [self.error]


class ThisThread(threading.local):
    claim: Claim | None = None  # of the job that this thread executes


this_thread = ThisThread()


def claim(names: list[str], limits: Iterable[Limit] = ()) -> Job | None:
    """Return the next ready job with one of these names that no limit keeps waiting, claimed for this process, or
    None."""
    owner = owners.current().name  # before the transaction: a new name writes a file
    where = READY.format(names=', '.join('?' * len(names)))
    params: list[Any] = [str(now()), *names]
    for limit in limits:
        condition, values = limit.condition()
        where += f' AND {condition}'
        params += values
    if database.execute_sql(f'SELECT 1 FROM job WHERE {where} LIMIT 1', params).fetchone() is None:
        return None  # no transaction, no write lock, while there is nothing to do
    with database.atomic():
        return first(
            Job, "UPDATE job SET state = 'running', attempts = attempts + 1, owner = ?, started_at = ? WHERE id = ("
                 f'SELECT id FROM job WHERE {where} ORDER BY priority DESC, run_at, id LIMIT 1) RETURNING *',
            owner, str(now()), *params)


def take_over(job_id: int, owner: str) -> Job | None:
    """Make `owner`'s claim this process's own. Return the job, or None where that claim is no longer held."""
    new_owner = owners.current().name
    with database.atomic():
        return first(Job, f'UPDATE job SET owner = ? WHERE {HELD} RETURNING *', new_owner, job_id, owner)


def hold(job: Job) -> Claim:
    """Return the claim of a job that this process has just claimed, and note that it is held."""
    held = owners.current().held[job.id] = Claim(job.id, job.name, bytes(job.message), job.error, job.strikes)
    return held


def report_progress(progress: str) -> None:
    """Write how far the job is that this thread executes, for the operator to see. Outside a job, do nothing."""
    if held := this_thread.claim:
        database.execute_sql(f'UPDATE job SET progress = ? WHERE {HELD}', (progress, held.id, owners.current().name))


def clear_strikes() -> None:
    """Forget the deaths so far of the job that this thread executes: it has made progress that will
    not be repeated."""
    held = this_thread.claim
    if held and held.strikes > SUSPECT:
        database.execute_sql(f'UPDATE job SET strikes = ? WHERE {HELD}', (SUSPECT, held.id, owners.current().name))
        held.strikes = SUSPECT


def settle(ended: Claim) -> None:
    """Write how a job ended, and what follows. Do nothing where the claim is no longer held."""
    assert ended.ending is not None
    sql, params = ended.ending
    with database.atomic():
        if database.execute_sql(sql, (*params, ended.id, owners.current().name)).rowcount:
            if ended.counts_as:
                tally.count(ended.name, ended.counts_as)
            for write in ended.follow_ups:
                write()
    owners.current().held.pop(ended.id, None)


def release(owner: str, but: list[int] | None = None) -> None:
    """Undo the claims that `owner` has in the table but does not work on: all but the jobs with these ids."""
    but = but or []
    database.execute_sql(f"{TO_READY}, attempts = attempts - 1 WHERE state = 'running' AND owner = ? "
                         f"AND id NOT IN ({', '.join('?' * len(but))})", (owner, *but))


def release_all() -> None:
    """Undo all claims, in a copy of the table: the processes that hold them work on another one."""
    database.execute_sql(f"{TO_READY}, strikes = 0, attempts = max(0, attempts - 1) WHERE state = 'running'")


def excuse_running() -> None:
    """Take back the attempt, and the strike to come, of all jobs that run here: this process is about to end."""
    name = owners.current().name
    database.execute_sql("UPDATE job SET attempts = attempts - 1, strikes = iif(strikes = 0, -1, strikes) "
                         "WHERE state = 'running' AND (owner = ? OR owner GLOB ?)", (name, f'{name}~*'))
