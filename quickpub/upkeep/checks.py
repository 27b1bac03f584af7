"""The checks of /healthz and `quickpub check`. Each returns None, or a sentence that says what is wrong.

The sentences that the owner's pages show are in the language in use, the others in English.
"""

import shutil
from datetime import datetime, timedelta

from peewee import DatabaseError, InterfaceError

from .. import batches, clocks, dates, findings
from ..audience import reports
from ..db import literal, rows
from ..jobs import owners, queue, tables
from ..jobs.tables import Job
from ..mail import ledger, rate
from ..media import files
from ..models import Content, MediaFile, Message, User
from ..sentences import describe_stored
from ..settings import current
from ..translations.messages import N_, gettext, ngettext
from . import corrections, integrity
from .backup_folder import explain_unusable, list_nightly
from .full_disk import describe_error

MIN_FREE = 4  # megabytes on the disk, below which writing will soon fail
OVERDUE = timedelta(minutes=15)
BACKUP_OVERDUE = timedelta(days=2)


def check_database() -> str | None:
    """Check that the database can be written."""
    try:
        Content.update(version=Content.version).execute()
        return None
    except (DatabaseError, InterfaceError) as error:
        return f'It cannot be written: {error}.'


def check_integrity() -> str | None:
    """Return the damage that the last weekly check has found, and what to do about it."""
    found = findings.latest(integrity.NAME)
    if not found or not found.problem:
        return None
    return gettext('The database quickpub.db is damaged (%(damage)s). %(advice)s', damage=found.problem,
                   advice=str(integrity.ADVICE))


def check_disk() -> str | None:
    """Check that there is room on the disk."""
    free = shutil.disk_usage(current().data).free // 1024 ** 2
    return None if free >= MIN_FREE else f'Only {free} MB are left on the disk.'


def check_backups(at: datetime) -> str | None:
    """Check that the nightly backups are made, if there is a folder for them."""
    folder = current().backups
    if not folder:
        return None
    try:
        if problem := explain_unusable(folder, current().paths):
            return problem
        found = list_nightly(folder)
    except OSError as error:
        return f'The folder for the backup of each night cannot be read: {describe_error(error)}.'
    newest = next(iter(found), None)
    if newest and newest < at - BACKUP_OVERDUE:
        return f'The newest backup is {(at - newest).days} days old. Failed jobs say why.'
    return None


def check_media() -> str | None:
    """Check that the media folder is not empty while files should be in it: then it is as good as gone."""
    if next(files.folder().iterdir(), None) is None and (count := MediaFile.select().count()):
        return f'The folder is empty, although the database lists files in it: {count}.'
    return None


def check_consumer() -> str | None:
    """Check that a consumer is running."""
    if not tables.run_folder().is_dir():
        return 'Unknown, because the folder run is gone.'
    is_running = bool(owners.living())
    return None if is_running else ('None is running: no emails are sent, no reports are made. Start one with '
                                    '`quickpub serve`.')


def check_chores() -> str | None:
    """Check the tasks that consumers run every second."""
    failing = findings.failing_chores()
    return f'Tasks that run every second fail: {"; ".join(failing)}.' if failing else None


def check_jobs(at: datetime) -> str | None:
    """Check that no job waits for long."""
    if since := queue.paused_since():
        return f'Paused since {dates.clock(since)}: no emails are sent, no reports are made.'
    waiting = Job.select().where(Job.state == literal('ready'), Job.run_at < at - OVERDUE).count()
    return f'Jobs that have been waiting for more than 15 minutes: {waiting}.' if waiting else None


def check_mail(at: datetime, zone: str | None = None) -> str | None:
    """Check that no email waits for long. `zone` is the time zone of the sentence."""
    unsent = Message.select().where(ledger.UNSENT)
    if rate.is_rate_reached(at):  # then queued emails wait as they should
        unsent = unsent.where(Message.state != 'queued')
    oldest = unsent.where(~clocks.is_lately(Message.created_at, OVERDUE, at)).order_by(Message.created_at).first()
    if oldest is None:
        return None
    waiting = ngettext('%(count)s email is waiting since %(since)s.',
                       '%(count)s emails are waiting, the oldest since %(since)s.', unsent.count(),
                       since=dates.clock(oldest.created_at, zone))
    return f'{waiting} {describe_stored(oldest.answer, zone)}'.strip()


def check_reports(at: datetime) -> str | None:
    """Check that no report is overdue."""
    late = reports.count_overdue(at - OVERDUE)
    return f'Overdue reports: {late}.' if late else None


def check_clock(at: datetime) -> str | None:
    """Check that nothing is dated in the future: then the clock was ahead, or it is behind now."""
    found = corrections.tables_ahead(at)
    return f'Dated in the future: {", ".join(found)}. If the clock was ahead, the dates are corrected within the ' \
           f'hour. If it is behind now, set it: it says {dates.clock(at)}.' if found else None


def check_time_zones() -> str | None:
    """Check that this machine knows the time zones of all members."""
    names = [name for (name,) in rows(User.select(User.timezone).distinct()) if not dates.is_zone(name)]
    return f'This machine does not know these time zones of members: {", ".join(names[:5])}. They see the time zone ' \
           'of the site instead. Upgrade the package tzdata.' if names else None


SET_ASIDE = {  # by kind: see batches.handle
    'report of author': N_('report of member %(id)s'),
    'report so far of author': N_('report so far of member %(id)s'),
    'removal of post': N_('deletion of post %(id)s'),
    'removal of account': N_('deletion of account %(id)s'),
}


def check_set_aside() -> str | None:
    """Check that no item of a batch fails."""
    found = batches.list_set_aside()
    if not found:
        return None
    first, named = found[0], SET_ASIDE.get(found[0].kind)
    item = named.fill({'id': first.key}) if named else f'{first.kind} {first.key}'
    return ngettext('%(count)s item failed: %(item)s. %(reason)s',
                    '%(count)s items failed, the first is: %(item)s. %(reason)s', len(found), item=item,
                    reason=first.reason)
