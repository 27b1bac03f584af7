"""The checks of /healthz and `quickpub check`. Each returns None, or a sentence that says what is wrong."""

import shutil
from datetime import datetime, timedelta

from peewee import DatabaseError, InterfaceError

from .. import clocks, dates, findings, formats
from ..audience import reports
from ..db import literal, rows
from ..jobs import owners, queue, tables
from ..jobs.tables import Job
from ..mail import ledger, rate
from ..media import files
from ..models import Content, MediaFile, Message, User
from ..sentences import describe_stored
from ..settings import current
from . import corrections, integrity

MIN_FREE = 4  # megabytes on the disk, below which writing will soon fail
OVERDUE = timedelta(minutes=15)


def check_database() -> str | None:
    """Check that the database can be written."""
    try:
        Content.update(version=Content.version).execute()
        return None
    except (DatabaseError, InterfaceError) as error:
        return f'It cannot be written: {error}.'


def check_integrity() -> str | None:
    """Return the damage that the last weekly look has found, and what to do about it."""
    found = findings.latest(integrity.NAME)
    return f'quickpub.db is damaged {found.problem}. {integrity.ADVICE}' if found and found.problem else None


def check_disk() -> str | None:
    """Check that there is room on the disk."""
    free = shutil.disk_usage(current().data).free // 1024 ** 2
    return None if free >= MIN_FREE else f'Only {free} MB are left on the disk.'


def check_media() -> str | None:
    """Check that the media folder is not empty while files should be in it: then it is as good as gone."""
    if next(files.folder().iterdir(), None) is None and (count := MediaFile.select().count()):
        return f'The folder is empty, although {formats.plural(count, "file", "files")} should be in it.'
    return None


def check_consumer() -> str | None:
    """Check that a consumer is running."""
    if not tables.run_folder().is_dir():
        return 'Unknown, because the folder run is gone.'
    is_running = bool(owners.living())
    return None if is_running else 'None is running: no mail goes out, no report is made. `quickpub serve` runs one.'


def check_chores() -> str | None:
    """Check the tasks that consumers run every second."""
    failing = findings.failing_chores()
    return f'Tasks that run every second fail: {"; ".join(failing)}.' if failing else None


def check_jobs(at: datetime) -> str | None:
    """Check that no job waits for long."""
    if since := queue.paused_since():
        return f'Paused since {dates.clock(since)}: no mail goes out, no report is made.'
    waiting = Job.select().where(Job.state == literal('ready'), Job.run_at < at - OVERDUE).count()
    return f'{formats.plural(waiting, "job has", "jobs have")} waited for more than a quarter of an hour.' \
        if waiting else None


def check_mail(at: datetime, zone: str | None = None) -> str | None:
    """Check that no email waits for long. `zone` is the time zone of the sentence."""
    unsent = Message.select().where(ledger.UNSENT)
    if rate.is_rate_reached(at):  # then queued emails wait as they should
        unsent = unsent.where(Message.state != 'queued')
    oldest = unsent.where(~clocks.is_lately(Message.created_at, OVERDUE, at)).order_by(Message.created_at).first()
    if oldest is None:
        return None
    return f'{formats.plural(unsent.count(), "mail is", "mails are")} not sent, the oldest since ' \
           f'{dates.clock(oldest.created_at, zone)}. {describe_stored(oldest.answer, zone)}'.strip()


def check_reports(at: datetime) -> str | None:
    """Check that no report is overdue."""
    late = reports.count_overdue(at - OVERDUE)
    return f'{formats.plural(late, "report is", "reports are")} overdue.' if late else None


def check_clock(at: datetime) -> str | None:
    """Check that nothing is dated in the future: then the clock was ahead, or it is behind now."""
    found = corrections.tables_ahead(at)
    return f'Dated in the future: {", ".join(found)}. The clock was ahead, which is put right within the hour; ' \
           f'or it is behind now: it says {dates.clock(at)}.' if found else None


def check_time_zones() -> str | None:
    """Check that this machine knows the time zones of all members."""
    names = [name for (name,) in rows(User.select(User.timezone).distinct()) if not dates.is_zone(name)]
    return f'This machine does not know {formats.plural(len(names), "time zone", "time zones")} of members. The time ' \
           f'zone of the site is used instead of {", ".join(names[:5])}: upgrade the package tzdata.' if names else None
