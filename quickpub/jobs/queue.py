"""The durable queue: one row per job, and the few statements that move it. Knows nothing of Huey, nor of posts.

    ready ──claim──▶ running ──done──▶ (no row)
      ▲                 │ │
      ├─retry, release──┘ └──bury──▶ dead ──retry by a person──▶ ready
      └─rescue: the process that ran it is gone

- `enqueue` inserts through the caller's connection: a job commits or rolls back with the rows beside it.
- `claim` is one UPDATE … RETURNING; how a job ended counts only while the claim is still held.
- A claim belongs to a process that proves its life by a locked file. When it dies, however it dies, the kernel
  frees the lock and the next sweep makes its jobs ready again. There is no time-out: a live job never runs twice.
- A job whose process died runs next in a process of its own (worker.py). Only a death of that process counts, where
  the one that started it lives on: then nothing else can have been the cause. After OWN_DEATHS of them without any
  progress it is buried; a person may give it another chance.
- A job may have a subject: the row that a page shows of it, an export say. Triggers (migrations/0010_jobs.py) carry
  whatever ends the job into that row, in the same transaction, so that the two never disagree.
"""

import errno
import json
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from peewee import (
    AutoField,
    BlobField,
    BooleanField,
    CharField,
    CompositeKey,
    DateTimeField,
    FloatField,
    IntegerField,
    TextField,
    fn,
)

from .. import clocks, processes
from ..db import BaseModel, db, first, now
from . import liveness

log = logging.getLogger('quickpub.jobs')

URGENT = 100  # at or above this priority somebody is waiting: one worker is always kept free for it

# Strikes: 1 after a death in company or together with the parent, however often, for it may be another's fault; then
# one more for each death that was the job's own.
SUSPECT, OWN_DEATHS = 1, 3
GRACE = 1.0  # seconds that a process outlives its child to be sure that not everything was killed, the child first
TALLIES_KEPT = timedelta(days=2)

RETRY_WITHIN = timedelta(days=1)  # a job that was tried and is to wait longer was put off by a clock that was ahead
LOOK_EVERY = 1.0  # seconds between looks whether the files that prove this process's life are still there
MISSED_FOR = 10.0  # seconds that all others get to put theirs back, where this process's own had vanished
DIED = 'The process that ran it died, each time it was tried.'


class Job(BaseModel):
    id = AutoField()
    name = CharField()  # module.function; '' for a message whose task is not known before it is read
    message = BlobField()
    state = CharField(default='ready')
    priority = FloatField(default=0)
    run_at = DateTimeField()
    is_single = BooleanField(default=False)  # one that waits is enough
    attempts = IntegerField(default=0)
    strikes = IntegerField(default=0)
    subject = CharField(null=True)  # what a page shows of it: a kind of row, and which one
    subject_id = CharField(null=True)
    owner = CharField(null=True)
    started_at = DateTimeField(null=True)
    progress = TextField(default='')  # of the one that runs, in words
    error = TextField(default='')
    created_at = DateTimeField(default=now)

    @property
    def reason(self) -> str:
        """Why it failed, in one line: the error itself, without how it came about and what else it has to say."""
        last = self.error.rpartition('Traceback (most recent call last):\n')[2]
        return next((line for line in last.splitlines() if line and not line.startswith(' ')), '')


class Tally(BaseModel):
    """How many jobs of one name ended in one minute."""
    minute = DateTimeField()
    name = CharField()
    done = IntegerField()
    failed = IntegerField()

    class Meta:
        table_name = 'job_tally'
        primary_key = CompositeKey('minute', 'name')


class Pause(BaseModel):
    """Its one row means that no new work is begun."""
    since = DateTimeField()

    class Meta:
        table_name = 'job_pause'


class SweepFailed(Exception):
    """Some of what dead processes held could not be looked after; all else was. The message says what and why."""


@dataclass
class Claim:
    """A job in the hands of this process, and how it ended as far as is known: a statement to be executed.

    What follows from the end, the next task of a pipeline say, is written in the same transaction: never without
    it, never twice.
    """
    id: int
    name: str
    message: bytes
    error: str = ''
    strikes: int = 0
    ending: tuple[str, list[Any]] | None = None
    counts_as: str = ''  # done, failed, or '' for what is not over yet
    follow_ups: list[Callable[[], None]] = field(default_factory=list)

    def done(self) -> None:
        self.counts_as = 'done'
        self.ending = f'DELETE FROM job WHERE {HELD}', []

    def retry(self, run_at: datetime, message: bytes | None = None) -> None:
        self.counts_as = ''
        self.ending = (f'{TO_READY}, message = ?, run_at = ?, error = ? WHERE {HELD}',
                       [message or self.message, str(run_at), self.error])

    def release(self) -> None:
        """As if it had never been claimed: its work was interrupted through no fault of its own."""
        self.counts_as = ''
        self.ending = f'{TO_READY}, attempts = attempts - 1 WHERE {HELD}', []

    def bury(self, error: str = '') -> None:
        self.counts_as = 'failed'
        self.error = error or self.error
        self.ending = f'{TO_DEAD}, error = ? WHERE {HELD}', [self.error]


# OR REPLACE: where the same schedule waits already, or has failed before, one row of it is enough.
TO_READY = "UPDATE OR REPLACE job SET state = 'ready', owner = NULL, started_at = NULL, progress = ''"
TO_DEAD = "UPDATE OR REPLACE job SET state = 'dead', owner = NULL, progress = ''"
HELD = "id = ? AND state = 'running' AND owner = ?"

# Literals, not parameters: SQLite uses a partial index only for what it can read in the statement itself.
READY = "state = 'ready' AND run_at <= ? AND name IN ({names}) AND NOT EXISTS (SELECT 1 FROM job_pause)"


class NotNow(Exception):
    """Raised by a job that cannot go on now, through no fault of its own: it is to run again after `delay`."""

    def __init__(self, delay: timedelta, reason: str):
        super().__init__(reason)
        self.delay = delay


@dataclass(frozen=True)
class Limit:
    """How many jobs with these names (any name, where there are none) and below this priority may run at a time: in
    this process and its siblings of one consumer, or in the whole site."""
    most: int
    names: tuple[str, ...] = ()
    below: float = math.inf
    is_of_site: bool = False

    def condition(self) -> tuple[str, list[Any]]:
        """What must be true of a job that is to be claimed: SQL with its parameters."""
        meant = 'priority < ?' + (f' AND name IN ({", ".join("?" * len(self.names))})' if self.names else '')
        values = [self.below, *self.names]
        running = f"(SELECT count(*) FROM job WHERE state = 'running' AND {meant} AND owner GLOB ?)"
        return f'(NOT ({meant}) OR {running} < ?)', [
            *values, *values, '*' if self.is_of_site else f'{me.family}.*', self.most]


@dataclass
class Owner:
    """This process as the holder of claims: its name, the locked file that proves its life, what it holds.

    Made anew in every process, at first use: a lock taken before a fork would be kept alive by the child.
    """
    parent: str = ''  # the owner on whose behalf it runs one job alone
    family: str = field(default_factory=processes.new_name)  # shared by the worker processes of one consumer
    held: dict[int, Claim] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _name: str = ''
    _folder: Path = Path()
    _fd: int = -1
    _bell: processes.Doorbell | None = None
    _robbed_at: float | None = None  # monotonic time at which its files were last found gone

    @property
    def name(self) -> str:
        # Known, it takes no lock: it is asked for inside of transactions, and a claim waits for one with the lock held.
        return self._name or self._make_name()

    def _make_name(self) -> str:
        with self.lock:
            if not self._name:
                name = f'{self.parent}~{os.getpid()}' if self.parent else f'{self.family}.{processes.new_name()}'
                self._folder = run_folder()
                self._fd = processes.lock_file(self._folder / f'{name}.life')
                self._name = name
                threading.Thread(target=self._stay, name='life', daemon=True).start()
            return self._name

    def _stay(self) -> None:
        while me is self:
            self.put_back()
            liveness.wait(LOOK_EVERY)

    def put_back(self) -> None:
        """Make the files that prove this process's life again, where somebody has deleted them; not their folder."""
        with self.lock:
            if not self._name:
                return
            path = self._folder / f'{self._name}.life'
            with suppress(OSError):  # the folder is not there either: next time
                if not processes.is_in_place(self._fd, path):
                    self._robbed_at = time.monotonic()
                    before, self._fd = self._fd, processes.lock_file(path)
                    os.close(before)
                if self._bell:
                    self._bell.put_up()

    def is_robbed(self) -> bool:
        """Whether this process's files have been found gone within the last seconds: others' may be too."""
        return self._robbed_at is not None and time.monotonic() - self._robbed_at < MISSED_FOR

    @property
    def bell(self) -> processes.Doorbell:
        with self.lock:
            if self._bell is None:
                self._bell = processes.Doorbell(run_folder() / f'{self.name}.bell')
            return self._bell


class AtWork(threading.local):
    claim: Claim | None = None  # what this thread is executing


me = Owner()
at_work = AtWork()


def be_new() -> None:
    """Hold nothing, under a new name: what a process is after a fork."""
    global me
    if me._fd >= 0:
        os.close(me._fd)
    me = Owner(family=me.family)


os.register_at_fork(after_in_child=be_new)


def run_folder() -> Path:
    return Path(db.database).parent / 'run'


def is_alive(owner: str) -> bool:
    """Whether the process that goes by this name still lives."""
    path = run_folder() / f'{owner}.life'
    return processes.is_locked(path) or (me.is_robbed() and not path.exists())


def has_living_parent(owner: str) -> bool:
    """Whether another process, which lives, runs this one for a single job, and will say itself how that ended."""
    parent = owner.rpartition('~')[0]
    return bool(parent) and is_alive(parent)


def living() -> list[str]:
    """The names of all living processes that take jobs."""
    return [path.stem for path in run_folder().glob('*.bell') if is_alive(path.stem)]


def enqueue(name: str, message: bytes, priority: float = 0, run_at: datetime | None = None,
            is_single: bool = False, subject: tuple[str, str] | None = None) -> None:
    """Add a job, in the caller's transaction if there is one. Of those `is_single`, one that waits is enough."""
    db.execute_sql('INSERT INTO job (name, message, priority, run_at, is_single, created_at, subject, subject_id) '
                   'VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET run_at = min(run_at, excluded.run_at)',
                   (name, message, priority, str(run_at or now()), is_single, str(now()), *(subject or (None, None))))
    _ring()


def _ring() -> None:
    db.after_commit(lambda: processes.ring(run_folder()))


def claim(names: list[str], limits: Iterable[Limit] = ()) -> Job | None:
    """Take the next ready job with one of these names that no limit keeps waiting, or None."""
    owner = me.name  # made before the transaction, should it be new: that writes a file
    where = READY.format(names=', '.join('?' * len(names)))
    params: list[Any] = [str(now()), *names]
    for limit in limits:
        condition, values = limit.condition()
        where += f' AND {condition}'
        params += values
    if db.execute_sql(f'SELECT 1 FROM job WHERE {where} LIMIT 1', params).fetchone() is None:
        return None  # no transaction, no write lock, while there is nothing to do
    with db.atomic():
        return first(
            Job, "UPDATE job SET state = 'running', attempts = attempts + 1, owner = ?, started_at = ? WHERE id = ("
                 f'SELECT id FROM job WHERE {where} ORDER BY priority DESC, run_at, id LIMIT 1) RETURNING *',
            owner, str(now()), *params)


def take_over(job_id: int, owner: str) -> Job | None:
    """Make `owner`'s claim this process's own, if it still holds."""
    new_owner = me.name
    with db.atomic():
        return first(Job, f'UPDATE job SET owner = ? WHERE {HELD} RETURNING *', new_owner, job_id, owner)


def tell(progress: str) -> None:
    """Say how far the job is that this thread executes, for the operator to see. In a command it says nothing."""
    if claim := at_work.claim:
        db.execute_sql(f'UPDATE job SET progress = ? WHERE {HELD}', (progress, claim.id, me.name))


def advance() -> None:
    """Say that the job which this thread executes has got further than ever before, with work that need not be done
    again: whatever happens to it now, deaths before this moment do not count against it."""
    claim = at_work.claim
    if claim and claim.strikes > SUSPECT:
        db.execute_sql(f'UPDATE job SET strikes = ? WHERE {HELD}', (SUSPECT, claim.id, me.name))
        claim.strikes = SUSPECT


def settle(ended: Claim) -> None:
    """Write down how a job ended, and what follows. Does nothing where the claim is no longer this process's."""
    assert ended.ending is not None
    sql, params = ended.ending
    with db.atomic():
        if db.execute_sql(sql, (*params, ended.id, me.name)).rowcount:
            if ended.counts_as:
                _count(ended)
            for write in ended.follow_ups:
                write()
    me.held.pop(ended.id, None)


def _count(ended: Claim) -> None:
    db.execute_sql('INSERT INTO job_tally (minute, name, done, failed) VALUES (?, ?, ?, ?) ON CONFLICT '
                   'DO UPDATE SET done = done + excluded.done, failed = failed + excluded.failed',
                   (str(now().replace(second=0, microsecond=0)), ended.name, ended.counts_as == 'done',
                    ended.counts_as == 'failed'))


def release(owner: str, but: list[int] | None = None) -> None:
    """Undo the claims that `owner` has by name but does not work on: all but the jobs with these ids."""
    but = but or []
    db.execute_sql(f"{TO_READY}, attempts = attempts - 1 WHERE state = 'running' AND owner = ? "
                   f"AND id NOT IN ({', '.join('?' * len(but))})", (owner, *but))


def forgive() -> None:
    """This process is about to end with work in its hands: take the attempt back, and the strike to come."""
    db.execute_sql("UPDATE job SET attempts = attempts - 1, strikes = iif(strikes = 0, -1, strikes) "
                   "WHERE state = 'running' AND (owner = ? OR owner GLOB ?)", (me.name, f'{me.name}~*'))


def rescue() -> int:
    """Make the jobs of dead processes ready again, and remove the files of these processes. Return the number of jobs.
    A process whose files cannot be looked at does not stop the rest: raises SweepFailed at the end."""
    me.put_back()
    owners = [owner for (owner,) in db.execute_sql("SELECT DISTINCT owner FROM job WHERE state = 'running'")]
    count, failures = 0, []
    for owner in owners:
        try:
            count += 0 if is_alive(owner) or has_living_parent(owner) else _rescue_from(owner)
        except OSError as error:
            failures.append(f'{owner}: {error}')
    _make_due(now())
    for path in run_folder().glob('*.life'):
        try:
            _tidy_away(path)
        except OSError as error:
            failures.append(f'{error.strerror} ({error.filename or path})')
    if failures:
        raise SweepFailed('; '.join(sorted(failures)))
    return count


def _tidy_away(life: Path) -> None:
    """Remove a dead process's files. Raises OSError for another user's, of which nobody can tell."""
    if not processes.is_locked(life):
        life.with_suffix('.bell').unlink(missing_ok=True)
        life.unlink(missing_ok=True)
    elif life.exists() and not os.access(life, os.R_OK):
        raise PermissionError(errno.EACCES, 'It belongs to another user. Delete it when no command of theirs runs',
                              str(life))


def _make_due(at: datetime) -> None:
    wrong = (Job.state == 'ready') & (clocks.is_ahead(Job.created_at, at) |
                                      (Job.attempts > 0) & (Job.run_at > at + RETRY_WITHIN))
    if Job.select(Job.id).where(wrong).exists():
        Job.update(run_at=at, created_at=at).where(wrong).execute()


def _rescue_from(owner: str) -> int:
    with db.atomic():
        freed = db.execute_sql(f"{TO_READY}, strikes = strikes + (strikes < ?) WHERE state = 'running' AND owner = ?",
                               (SUSPECT, owner)).rowcount
        _ring()
    if freed:
        log.warning('Process %s is gone; %d of its jobs will run again', owner, freed)
    return freed


def charge(owner: str) -> None:
    """A process that ran one job alone has died, and this one, which started it, lives on: the job's own fault. Once
    too often, and it is buried."""
    with db.atomic():
        is_buried = db.execute_sql(
            f"{TO_DEAD}, strikes = strikes + 1, error = ? WHERE state = 'running' AND owner = ? AND strikes >= ?",
            (DIED, owner, SUSPECT + OWN_DEATHS - 1)).rowcount
        is_freed = db.execute_sql(
            f"{TO_READY}, strikes = max(strikes, ?) + 1 WHERE state = 'running' AND owner = ?",
            (SUSPECT, owner)).rowcount
        _ring()
    if is_buried or is_freed:
        log.warning('Process %s died of the job that it ran alone; it %s', owner,
                    'is buried' if is_buried else 'will run again')


def retry(job_id: int) -> bool:
    """Give a buried job another chance, by a person's wish. False where there is no such job."""
    with db.atomic():
        count = db.execute_sql(f"{TO_READY}, run_at = ?, attempts = 0, strikes = 0 WHERE id = ? AND state = 'dead'",
                               (str(now()), job_id)).rowcount
        _ring()
    return bool(count)


def discard(job_id: int) -> bool:
    """Discard a job that is not running. A mail it was to deliver is not lost: the ledger wakes it again."""
    return bool(Job.delete().where(Job.id == job_id, Job.state != 'running').execute())


def has_job(subject: str, number: Any) -> Any:
    """As a condition: whether there is a job, in whatever state, about the subject with this number (a column)."""
    return fn.EXISTS(Job.select(Job.id).where(Job.subject == subject, Job.subject_id == number.cast('TEXT')))


def hurry(subject: str, number: Any) -> None:
    """Let the job about this subject that waits for a later try run now."""
    with db.atomic():
        Job.update(run_at=now()).where(
            Job.subject == subject, Job.subject_id == str(number), Job.state == 'ready', Job.run_at > now()).execute()
        _ring()


def forget_dead(subject: str, number: Any) -> None:
    """Discard the buried jobs about this subject: somebody begins anew."""
    Job.delete().where(Job.subject == subject, Job.subject_id == str(number), Job.state == 'dead').execute()


def pause() -> None:
    """Begin no new work, in any consumer, until `resume`. What runs goes on to its end."""
    Pause.insert(id=1, since=now()).on_conflict_ignore().execute()


def resume() -> None:
    with db.atomic():
        Pause.delete().execute()
        _ring()


def paused_since() -> datetime | None:
    found = Pause.get_or_none()
    return found.since if found else None


def throughput(at: datetime) -> list[tuple[datetime, int, int]]:
    """The last hour by minutes, oldest first: the minute, how many jobs were done, how many failed."""
    end = at.replace(second=0, microsecond=0)
    minutes = [end - timedelta(minutes=ago) for ago in range(59, -1, -1)]
    counts = {tally.minute: (tally.done, tally.failed) for tally in
              Tally.select(Tally.minute, fn.SUM(Tally.done).alias('done'), fn.SUM(Tally.failed).alias('failed'))
              .where(Tally.minute >= minutes[0]).group_by(Tally.minute)}
    return [(minute, *counts.get(minute, (0, 0))) for minute in minutes]


def last_runs(names: Iterable[str], at: datetime) -> dict[str, datetime]:
    """The minute, not after `at`, in which a job of each of these names last ended well; nothing for those that never
    did."""
    found = db.execute_sql(
        'SELECT value, (SELECT minute FROM job_tally WHERE name = value AND done > 0 AND minute <= ? '
        'ORDER BY minute DESC LIMIT 1) FROM json_each(?)', (str(at), json.dumps(list(names))))
    return {name: datetime.fromisoformat(minute) for name, minute in found if minute}


def clean_up(at: datetime) -> None:
    """Forget old counts; of each name the last one stays."""
    Tally.delete().where(clocks.is_ahead(Tally.minute, at)).execute()
    latest = Tally.select(fn.MAX(Tally.minute)).group_by(Tally.name)
    Tally.delete().where(Tally.minute < at - TALLIES_KEPT, Tally.minute.not_in(latest)).execute()
