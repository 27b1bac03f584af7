"""What runs later: every background task and every schedule. They take ids only, and do their work elsewhere.
The first line of each docstring is what the owner's page of work calls it.

A schedule never acts "because it is midnight": it asks what is due and not done yet, so a minute that is missed,
or comes twice, changes nothing.
"""

from huey import crontab

from . import (
    accounts,
    integrity,
    jobs,
    mail,
    media,
    pictures,
    posts,
    reports,
    revisions,
    sessions,
    stats,
    transfer,
    unsaved,
)
from .db import db, now
from .jobs import URGENT
from .models import User
from .worker import DurableHuey

huey = DurableHuey('quickpub')


# Mail

@huey.task(retries=3, retry_delay=10, is_single=True)
def deliver() -> None:
    """Send a batch of the mail that waits.

    Another worker may help as long as there is more."""
    if mail.is_queued(more_than=mail.BATCH):
        deliver()
    mail.deliver()


@huey.task(retries=3, retry_delay=10, is_single=True, priority=URGENT)
def deliver_urgent() -> None:
    """Send the mail that somebody waits for."""
    if mail.is_queued(urgent=True, more_than=mail.BATCH):
        deliver_urgent()
    mail.deliver(urgent=True)


def deliver_soon(composed: list[int] | bool, urgent: bool = True) -> None:
    """Enqueue the delivery of mails just composed, in the same transaction; nothing where there are none."""
    if composed:
        (deliver_urgent if urgent else deliver)()


@huey.task(priority=URGENT)
def send_verification_email(user_id: int) -> None:
    """Send the mail that asks to confirm an address, if it is still needed."""
    with db.atomic():
        deliver_soon(accounts.verification_mail(User.get_by_id(user_id), now()))


@huey.periodic_task(crontab())
def wake_mail() -> None:
    """Each minute: send mail that is due for another try, or was left behind."""
    mail.wake(now())
    deliver_soon(mail.is_queued(), urgent=False)
    deliver_soon(mail.is_queued(urgent=True))


# Reports

@huey.periodic_task(crontab())
def close_periods() -> None:
    """Each minute: make the reports of everybody whose period has closed."""
    stats.fold()
    for closed in reports.due(now()):
        with db.atomic():
            deliver_soon(reports.close(closed, now()), urgent=False)


@huey.task()
def send_view_count_report(user_id: int | None = None) -> None:
    """Send the report so far, to one author or to every author."""
    stats.fold()
    with db.atomic():
        deliver_soon(reports.running([user_id] if user_id else None, now()), urgent=False)


# Files to take away

@huey.task(retries=3, retry_delay=10)
def make_export(export_id: int) -> None:
    """Make a file that somebody asked for, and tell them."""
    stats.fold()
    transfer.write(export_id)
    with db.atomic():
        deliver_soon(transfer.finish(export_id, now()), urgent=False)


# Pictures

@huey.task(is_single=True)
def prepare_pictures() -> None:
    """Prepare new pictures for readers."""
    pictures.prepare(posts.show_file)


@huey.periodic_task(crontab())
def wake_pictures() -> None:
    """Each minute: prepare pictures that waited for room on the disk, or were left behind."""
    if pictures.is_waiting():
        prepare_pictures()


# Housekeeping

@huey.each_second
def count_views() -> None:
    """Each second: the views that web processes have recorded since."""
    stats.fold()


@huey.periodic_task(crontab(hour='3', minute='30'))
def clean_up() -> None:
    """Each night: clear away what has expired or lay in the trash long enough, and mail of long ago."""
    for kept in (stats, accounts, sessions, jobs, posts, revisions, unsaved, media, mail, reports, transfer):
        kept.clean_up(now())


@huey.periodic_task(crontab(day_of_week='0', hour='4', minute='30'))
def check_integrity() -> None:
    """Each week: look for damage in the database."""
    integrity.check(now())
