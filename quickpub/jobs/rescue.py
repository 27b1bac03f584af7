"""Jobs whose process died: they run again, and one that kills its process is buried, alone.

If several jobs ran in the dead process, or its parent died too, each of them may be innocent: it gets one strike at
most. A job with a strike runs next in a process of its own (isolation.py). Only deaths of that process count further,
where the one that started it lives on: then nothing else can have been the cause. After OWN_DEATHS of them without any
progress the job is buried; a person may retry it.
"""

import errno
import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

from .. import processes
from . import owners, queue
from .claims import SUSPECT, TO_DEAD, TO_READY
from .clock import is_ahead, now
from .reasons import DIED
from .tables import Job, database, run_folder

log = logging.getLogger(__name__)

OWN_DEATHS = 3
RETRY_WITHIN = timedelta(days=1)  # a retry that is to wait longer was put off by a clock that was ahead


class SweepFailed(Exception):
    """Some of what dead processes held could not be looked after; all else was. The message says what and why."""


def rescue() -> int:
    """Make the jobs of dead processes ready again, and remove the files of these processes. Return the number of jobs.
    A process whose files cannot be looked at does not stop the rest: raises SweepFailed at the end."""
    owners.current().restore_files()
    holders = [owner for (owner,) in database.execute_sql("SELECT DISTINCT owner FROM job WHERE state = 'running'")]
    count, failures = 0, []
    for owner in holders:
        try:
            count += 0 if owners.is_alive(owner) or owners.has_living_parent(owner) else _rescue_from(owner)
        except OSError as error:
            failures.append(f'{owner}: {error}')
    make_due(now())
    for path in run_folder().glob('*.life'):
        try:
            _remove_files(path)
        except OSError as error:
            failures.append(f'{error.strerror} ({error.filename or path})')
    if failures:
        raise SweepFailed('; '.join(sorted(failures)))
    return count


def _rescue_from(owner: str) -> int:
    with database.atomic():
        freed = database.execute_sql(
            f"{TO_READY}, strikes = strikes + (strikes < ?) WHERE state = 'running' AND owner = ?",
            (SUSPECT, owner)).rowcount
        queue.wake_consumers()
    if freed:
        log.warning('Process %s is gone; %d of its jobs will run again', owner, freed)
    return freed


def make_due(at: datetime) -> None:
    """Let jobs run now whose times were written by a clock that was ahead."""
    wrong = (Job.state == 'ready') & (is_ahead(Job.created_at, at) |
                                      (Job.attempts > 0) & (Job.run_at > at + RETRY_WITHIN))
    if Job.select(Job.id).where(wrong).exists():
        Job.update(run_at=at, created_at=at).where(wrong).execute()


def _remove_files(life: Path) -> None:
    """Remove a dead process's files. Raises OSError for files of another user, whose lock cannot be checked."""
    if not processes.is_locked(life):
        life.with_suffix('.bell').unlink(missing_ok=True)
        life.unlink(missing_ok=True)
    elif life.exists() and not os.access(life, os.R_OK):
        raise PermissionError(errno.EACCES, 'It belongs to another user. Delete it when no command of theirs runs',
                              str(life))


def count_death(owner: str) -> None:
    """Count the death of a process that ran one job alone, while this one, which started it, lives on: it is the job's
    own fault. Once too often, and the job is buried."""
    with database.atomic():
        is_buried = database.execute_sql(
            f"{TO_DEAD}, strikes = strikes + 1, error = ? WHERE state = 'running' AND owner = ? AND strikes >= ?",
            (DIED, owner, SUSPECT + OWN_DEATHS - 1)).rowcount
        is_freed = database.execute_sql(
            f"{TO_READY}, strikes = max(strikes, ?) + 1 WHERE state = 'running' AND owner = ?",
            (SUSPECT, owner)).rowcount
        queue.wake_consumers()
    if is_buried or is_freed:
        log.warning('Process %s died of the job that it ran alone; it %s', owner,
                    'is buried' if is_buried else 'will run again')
