"""Whether the site is well: the same few questions for /healthz, `quickpub check` and the owner's pages."""

import json
import logging
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta

from peewee import DatabaseError, InterfaceError

from .. import batches, clocks, dates, findings, formats, presence
from ..audience import reports
from ..db import literal, rows
from ..jobs import queue
from ..jobs.queue import Job
from ..mail import ledger
from ..media import files
from ..models import Content, MediaFile, Message, User
from ..settings import current
from ..translations import languages
from . import corrections, integrity

log = logging.getLogger('quickpub.health')

MIN_FREE = 4  # megabytes on the disk, below which writing will soon fail
OVERDUE = timedelta(minutes=15)


def problems(at: datetime) -> dict[str, str | None]:
    """Each check by name: None where all is well, else a sentence that says why not. Raises nothing, whatever is
    broken."""
    found = presence.look()
    checks: dict[str, Callable[[], str | None]] = {
        'database': _database, 'disk': _disk, 'consumer': _consumer, 'work': lambda: _work(at),
        'mail': lambda: mail_problem(at), 'reports': lambda: _reports(at), 'chores': _chores, 'media': _media,
        'integrity': integrity_problem, 'clock': lambda: _clock(at), 'time_zones': _time_zones,
        'set_aside': batches.problem}
    return found | {name: found.get(name) or _answer(check) for name, check in checks.items()}


def verdict(at: datetime) -> tuple[int, str]:
    """Status and JSON for a program that watches over the site: each check by name, true, or why not; in one sentence,
    because a second one is a mail server's answer, and those name the recipient."""
    with languages.use(languages.find(languages.SOURCE)):  # whatever the site speaks: programs compare it
        checks = {name: _public(problem) if problem else True for name, problem in problems(at).items()}
    is_well = all(answer is True for answer in checks.values())
    checked_at = _answer(lambda: dates.iso(found.at) if (found := findings.last(integrity.NAME)) else None)
    said = {'ok': is_well, 'checks': checks, 'integrity_checked_at': checked_at}
    return 200 if is_well else 503, json.dumps(said)


def _public(problem: str) -> str:
    return problem.partition('. ')[0].replace(f'{current().data}/', '')


def _answer(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except (DatabaseError, InterfaceError):
        return 'Unknown, because the database cannot be used.'
    except OSError as error:
        return f'This could not be checked: {error.strerror}.'
    except Exception as error:
        log.exception('A check of the health page has failed')
        return f'This could not be checked: {type(error).__name__}.'


def _database() -> str | None:
    try:
        Content.update(version=Content.version).execute()
        return None
    except (DatabaseError, InterfaceError) as error:
        return f'It cannot be written: {error}.'


def _chores() -> str | None:
    failing = findings.failing_chores()
    return f'Tasks that run every second fail: {"; ".join(failing)}.' if failing else None


def _media() -> str | None:
    """An empty folder, where files should be, is as good as none."""
    if next(files.folder().iterdir(), None) is None and (count := MediaFile.select().count()):
        return f'The folder is empty, although {formats.plural(count, "file", "files")} should be in it.'
    return None


def integrity_problem() -> str | None:
    """Return the damage that the last check found, and what to do about it; None if it found none."""
    found = findings.last(integrity.NAME)
    return f'quickpub.db is damaged {found.problem}. {integrity.ADVICE}' if found and found.problem else None


def _disk() -> str | None:
    free = shutil.disk_usage(current().data).free // 1024 ** 2
    return None if free >= MIN_FREE else f'Only {free} MB are left on the disk.'


def _consumer() -> str | None:
    if not queue.run_folder().is_dir():
        return 'Unknown, because the folder run is gone.'
    is_running = bool(queue.living())
    return None if is_running else 'None is running: no mail goes out, no report is made. `quickpub serve` runs one.'


def _work(at: datetime) -> str | None:
    if since := queue.paused_since():
        return f'Paused since {dates.clock(since)}: no mail goes out, no report is made.'
    waiting = Job.select().where(Job.state == literal('ready'), Job.run_at < at - OVERDUE).count()
    return f'{formats.plural(waiting, "job has", "jobs have")} waited for more than a quarter of an hour.' \
        if waiting else None


def mail_problem(at: datetime, zone: str | None = None) -> str | None:
    unsent = Message.select().where(ledger.UNSENT)
    if ledger.is_held_up_by_rate(at):  # then what is queued waits as it should
        unsent = unsent.where(Message.state != 'queued')
    oldest = unsent.where(~clocks.is_lately(Message.created_at, OVERDUE, at)).order_by(Message.created_at).first()
    if oldest is None:
        return None
    return f'{formats.plural(unsent.count(), "mail is", "mails are")} not sent, the oldest since ' \
           f'{dates.clock(oldest.created_at, zone)}. {oldest.answer}'.strip()


def _reports(at: datetime) -> str | None:
    late = reports.overdue(at - OVERDUE)
    return f'{formats.plural(late, "report is", "reports are")} overdue.' if late else None


def _clock(at: datetime) -> str | None:
    """Return a sentence about rows dated in the future: the clock was ahead, or it is behind now."""
    found = corrections.found(at)
    return f'Dated in the future: {", ".join(found)}. The clock was ahead, which is put right within the hour; ' \
           f'or it is behind now: it says {dates.clock(at)}.' if found else None


def _time_zones() -> str | None:
    names = [name for (name,) in rows(User.select(User.timezone).distinct()) if not dates.is_zone(name)]
    return f'This machine does not know {formats.plural(len(names), "time zone", "time zones")} of members. The time ' \
           f'zone of the site is used instead of {", ".join(names[:5])}: upgrade the package tzdata.' if names else None
