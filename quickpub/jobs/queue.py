"""The queue: one row per job, and what other code does with it. Knows nothing of Huey.

    ready ──claim──▶ running ──done──▶ (no row)
      ▲                 │ │
      ├─retry, release──┘ └──bury──▶ dead ──retry by a person──▶ ready
      └─rescue: the process that ran it is gone

Claims are in claims.py, their rescue in rescue.py. A job may have a subject: the row that a page shows of it, an
export say.
"""

from datetime import datetime
from typing import Any

from peewee import fn

from .. import processes
from .claims import TO_READY
from .clock import now
from .tables import Job, Pause, database, run_folder


def enqueue(name: str, message: bytes, priority: float = 0, run_at: datetime | None = None,
            is_single: bool = False, subject: tuple[str, str] | None = None) -> None:
    """Add a job, in the caller's transaction if there is one. Of those `is_single`, one that waits is enough."""
    database.execute_sql(
        'INSERT INTO job (name, message, priority, run_at, is_single, created_at, subject, subject_id) '
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET run_at = min(run_at, excluded.run_at)',
        (name, message, priority, str(run_at or now()), is_single, str(now()), *(subject or (None, None))))
    wake_consumers()


def wake_consumers() -> None:
    """Ring the doorbell of every consumer when this transaction is committed."""
    database.after_commit(lambda: processes.ring(run_folder()))


def retry(job_id: int) -> bool:
    """Make a dead job ready again, by a person's wish. Return False where there is no such job."""
    with database.atomic():
        count = database.execute_sql(
            f"{TO_READY}, run_at = ?, attempts = 0, strikes = 0 WHERE id = ? AND state = 'dead'",
            (str(now()), job_id)).rowcount
        wake_consumers()
    return bool(count)


def discard(job_id: int) -> bool:
    """Delete a job that is not running. Return False where there is no such job."""
    return bool(Job.delete().where(Job.id == job_id, Job.state != 'running').execute())


def has_job(subject: str, number: Any) -> Any:
    """Return a condition: whether there is a job, in any state, about the subject with this number (a column)."""
    return fn.EXISTS(Job.select(Job.id).where(Job.subject == subject, Job.subject_id == number.cast('TEXT')))


def is_pending(name: str) -> bool:
    """Return whether a job with this name (module.function), one of those `is_single`, waits or runs."""
    return any(database.execute_sql(f'SELECT 1 FROM job WHERE name = ? AND {condition}', (name,)).fetchone()
               for condition in ("is_single AND state = 'ready'", "state = 'running'"))  # each has an index


def run_soon(subject: str, number: Any) -> None:
    """Let the job about this subject that waits for a later try run now."""
    with database.atomic():
        Job.update(run_at=now()).where(
            Job.subject == subject, Job.subject_id == str(number), Job.state == 'ready', Job.run_at > now()).execute()
        wake_consumers()


def discard_dead(subject: str, number: Any) -> None:
    """Delete the dead jobs about this subject: a new one is to be enqueued."""
    Job.delete().where(Job.subject == subject, Job.subject_id == str(number), Job.state == 'dead').execute()


def pause() -> None:
    """Begin no job, in any consumer, until `resume`. Running jobs go on to their end."""
    Pause.insert(id=1, since=now()).on_conflict_ignore().execute()


def resume() -> None:
    """Begin jobs again."""
    with database.atomic():
        Pause.delete().execute()
        wake_consumers()


def paused_since() -> datetime | None:
    """Return when the queue was paused; None where it is not."""
    found = Pause.get_or_none()
    return found.since if found else None
