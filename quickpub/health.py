"""Whether the site is well: the same few questions for /healthz, `quickpub check` and the owner's pages."""

import shutil
from datetime import datetime, timedelta

from peewee import OperationalError

from . import aside, clocks, corrections, dates, jobs, mail, reports, text
from .db import literal, rows
from .jobs import Job
from .models import Content, Message, User
from .settings import current

MIN_FREE = 4  # megabytes on the disk, below which writing will soon fail
OVERDUE = timedelta(minutes=15)


def problems(at: datetime) -> dict[str, str | None]:
    """Each check by name: None where all is well, else a sentence that says why not."""
    return {'database': _database(), 'disk': _disk(), 'consumer': _consumer(), 'work': _work(at),
            'mail': mail_problem(at), 'reports': _reports(at), 'clock': _clock(at), 'time_zones': _time_zones(),
            'set_aside': aside.problem()}


def _database() -> str | None:
    try:
        Content.update(version=Content.version).execute()
        return None
    except OperationalError as error:
        return f'It cannot be written: {error}.'


def _disk() -> str | None:
    free = shutil.disk_usage(current().data).free // 1024 ** 2
    return None if free >= MIN_FREE else f'Only {free} MB are left on the disk.'


def _consumer() -> str | None:
    return None if jobs.living() else 'None is running: no mail goes out, no report is made. `quickpub serve` runs one.'


def _work(at: datetime) -> str | None:
    if since := jobs.paused_since():
        return f'Paused since {dates.clock(since)}: no mail goes out, no report is made.'
    waiting = Job.select().where(Job.state == literal('ready'), Job.run_at < at - OVERDUE).count()
    return f'{text.plural(waiting, "job has", "jobs have")} waited for more than a quarter of an hour.' \
        if waiting else None


def mail_problem(at: datetime, zone: str | None = None) -> str | None:
    unsent = Message.select().where(mail.UNSENT)
    oldest = unsent.where(~clocks.is_lately(Message.created_at, OVERDUE, at)).order_by(Message.created_at).first()
    if oldest is None:
        return None
    return f'{text.plural(unsent.count(), "mail is", "mails are")} not sent, the oldest since ' \
           f'{dates.clock(oldest.created_at, zone)}. {oldest.answer}'.strip()


def _reports(at: datetime) -> str | None:
    late = reports.overdue(at - OVERDUE)
    return f'{text.plural(late, "report is", "reports are")} overdue.' if late else None


def _clock(at: datetime) -> str | None:
    """What lies in the future although it has passed: the clock was ahead, or it is behind now."""
    found = corrections.found(at)
    return f'Dated in the future: {", ".join(found)}. The clock was ahead, which is put right within the hour; ' \
           f'or it is behind now: it says {dates.clock(at)}.' if found else None


def _time_zones() -> str | None:
    names = [name for (name,) in rows(User.select(User.timezone).distinct()) if not dates.is_zone(name)]
    return f'This machine does not know {text.plural(len(names), "time zone", "time zones")} of members. The time ' \
           f'zone of the site is used instead of {", ".join(names[:5])}: upgrade the package tzdata.' if names else None
