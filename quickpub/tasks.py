"""What runs later: every background task and every schedule. They take ids only, and do their work elsewhere.

A schedule never acts "because it is midnight": it asks what is due and not done yet, so a minute that is missed,
or comes twice, changes nothing.
"""

from collections.abc import Iterable

from huey import crontab

from . import accounts, jobs, mail, posts, reports, stats
from .db import db, now
from .jobs import URGENT
from .models import User
from .worker import DurableHuey

huey = DurableHuey('quickpub')


# Mail

@huey.task(retries=3, retry_delay=10)
def deliver(message_ids: list[int]) -> None:
    """Send these mails of the ledger, as far as they still wait."""
    mail.deliver(message_ids)


def deliver_soon(message_ids: Iterable[int], urgent: bool = True) -> None:
    """Enqueue the delivery of mails just composed, in the same transaction; nothing where there are none."""
    ids = list(message_ids)
    for start in range(0, len(ids), mail.BATCH):
        deliver(ids[start:start + mail.BATCH], priority=URGENT if urgent else 0)


@huey.task(priority=URGENT)
def send_verification_email(user_id: int) -> None:
    """Send the mail that asks to confirm the address, if it is still needed."""
    with db.atomic():
        deliver_soon(accounts.verification_mail(User.get_by_id(user_id), now()))


@huey.periodic_task(crontab())
def wake_mail() -> None:
    """Each minute: mails that are due for another try, or whose job got lost."""
    for ids, urgent in mail.due(now()):
        deliver_soon(ids, urgent)


# Reports

@huey.periodic_task(crontab())
def close_periods() -> None:
    """Each minute: reports for everybody whose period has closed."""
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


# Housekeeping

@huey.periodic_task(crontab())
def count_views() -> None:
    """Each minute: what readers' visits have been recorded since."""
    stats.fold()


@huey.periodic_task(crontab(hour='3', minute='30'))
def clean_up() -> None:
    """Each night: what has expired, and what lay in the trash long enough."""
    accounts.clean_up(now())
    jobs.clean_up(now())
    posts.empty_trash(now())
