"""What runs later: every background task and every schedule. They take ids only, and do their work elsewhere.
The first line of each docstring is what the owner's page of work calls it.

A recurring job never acts "because it is midnight": it asks what is due and not done yet, and is due itself as long as
it was not enqueued. So a minute that is missed, or comes twice, changes nothing.
"""

from datetime import timedelta

from . import batches, throttle
from .accounts import audit, login_steps, passkeys, registration, sessions, users
from .audience import counting, future_days, reports, running_reports
from .background import SiteHuey
from .content import autosave, rerendering, revisions, trash
from .db import db, now
from .exchange import exports
from .jobs import tally
from .jobs.limits import URGENT
from .jobs.recurring import DAY, WEEK
from .mail import budgets, delivery, ledger
from .media import cleaning, variants
from .models import User
from .upkeep import corrections, erasure, integrity

huey = SiteHuey('quickpub', import_path='quickpub.tasks.huey')
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NIGHT = 3  # o'clock by the site's clock: when it cleans up, if it is on; otherwise as soon as it is


# Mail

@huey.task(retries=3, retry_delay=10, is_single=True)
def deliver() -> None:
    """Send a batch of the mail that waits.

    Another worker may help as long as there is more."""
    if delivery.has_queued(more_than=delivery.BATCH):
        deliver()
    if delivery.deliver():
        deliver()


@huey.task(retries=3, retry_delay=10, is_single=True, priority=URGENT)
def deliver_urgent() -> None:
    """Send the mail that somebody waits for."""
    if delivery.has_queued(urgent=True, more_than=delivery.BATCH):
        deliver_urgent()
    if delivery.deliver(urgent=True):
        deliver_urgent()


huey.keep_free(1, deliver, deliver_urgent)  # whatever the mail server does, other work goes on
huey.keep_free(2, deliver)  # and a mail that somebody waits for does not wait for all the others


def deliver_soon(composed: list[int] | bool, urgent: bool = True) -> None:
    """Enqueue the delivery of mails just composed, in the same transaction; nothing where there are none."""
    if composed:
        (deliver_urgent if urgent else deliver)()


def deliver_alike(composed: list[int]) -> None:
    """Enqueue the delivery so that nobody notices whether there are any: where there are none, the same work is done
    and undone."""
    with db.atomic() as attempt:
        deliver_urgent()
        if not composed:
            attempt.rollback()


@huey.task(priority=URGENT)
def send_verification_email(user_id: int) -> None:
    """Send the mail that asks to confirm an address, if it is still needed."""
    with db.atomic():
        deliver_soon(registration.resend_verification(User.get_by_id(user_id), now()))


@huey.recurring(every=HOUR)
def report_used_up_budgets() -> None:
    """Each hour: tell the owners, once a day, if more emails were asked for than the site sends."""
    with db.atomic():
        deliver_soon(budgets.alarm_mails(now()), urgent=False)


@huey.recurring(every=MINUTE)
def wake_mail() -> None:
    """Each minute: send mail that is due for another try, or was left behind."""
    delivery.wake(now())
    deliver_soon(delivery.has_queued(), urgent=False)
    deliver_soon(delivery.has_queued(urgent=True))


# Reports

@huey.recurring(every=MINUTE)
def close_periods() -> None:
    """Each minute: make the reports of everybody whose period has closed."""
    counting.count_recorded_views()
    for closed in reports.due(now()):
        with db.atomic():
            deliver_soon(reports.close_period(closed, now()), urgent=False)


@huey.task()
def send_view_count_report(user_id: int | None = None) -> None:
    """Send the report so far, to one author or to every author."""
    counting.count_recorded_views()
    with db.atomic():
        deliver_soon(running_reports.compose_running([user_id] if user_id else None, now()), urgent=False)


# Files to take away

@huey.task(retries=3, retry_delay=10, subject='export')
def make_export(export_id: int) -> None:
    """Make a file that somebody asked for, and tell them."""
    counting.count_recorded_views()
    exports.write(export_id)
    with db.atomic():
        deliver_soon(exports.finish(export_id, now()), urgent=False)


# Pictures

@huey.task(retries=2, retry_delay=10, subject='picture')
def prepare_picture(digest: str) -> None:
    """Prepare a new picture for readers."""
    variants.prepare(digest, rerendering.render_posts_with_file)


huey.run_one_by_one(prepare_picture)  # each may take much memory


def prepare_pictures() -> None:
    """Enqueue a job for each picture that waits and has none, in the caller's transaction if there is one."""
    for digest in variants.without_job():
        prepare_picture(digest)


@huey.recurring(every=MINUTE)
def wake_pictures() -> None:
    """Each minute: prepare pictures whose job got lost, and let posts say which could not be prepared."""
    prepare_pictures()
    variants.announce_failures(rerendering.render_posts_with_file)


# Texts

@huey.task(is_single=True)
def render_posts() -> None:
    """Render posts again that an older version of Quickpub has rendered."""
    rerendering.render_outdated()


@huey.recurring(every=MINUTE)
def wake_rendering() -> None:
    """Each minute: render posts again where an upgrade has changed how."""
    if rerendering.is_any_outdated():
        render_posts()


# Housekeeping

@huey.each_second
def count_views() -> None:
    """Each second: the views that web processes have recorded since."""
    counting.count_recorded_views()


@huey.recurring(every=WEEK, hour=NIGHT)
def check_integrity() -> None:
    """Each week: look for damage in the database."""
    integrity.check(now())


@huey.recurring(every=DAY, hour=NIGHT)
def forget_visitors() -> None:
    """Each day: forget who was here before yesterday."""
    counting.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT)
def clean_up_jobs() -> None:
    """Each day: forget how many jobs ended long ago."""
    tally.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT)
def clean_up_set_aside() -> None:
    """Each day: forget what was set aside and is gone."""
    batches.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_accounts() -> None:
    """Each day: forget expired links, and accounts that were never confirmed."""
    users.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_sessions() -> None:
    """Each day: forget sessions, devices and half log-ins that are over."""
    for module in (sessions, login_steps, passkeys):
        module.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_throttle() -> None:
    """Each day: forget what was counted to keep robots from doing too much."""
    throttle.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_posts() -> None:
    """Each day: delete posts that were in the trash for 30 days."""
    trash.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_revisions() -> None:
    """Each day: let old versions of posts become fewer."""
    revisions.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_unsaved() -> None:
    """Each day: forget unsaved texts of long ago."""
    autosave.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_media() -> None:
    """Each day: delete files that nothing has used for 30 days."""
    cleaning.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_mail() -> None:
    """Each day: forget mail that was sent long ago."""
    ledger.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_exports() -> None:
    """Each day: delete exports after a week."""
    exports.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_audit() -> None:
    """Each day: delete entries of the audit log after 400 days."""
    audit.clean_up(now())


@huey.recurring(every=MINUTE)
def erase_deleted() -> None:
    """Each minute: erase from the disk what people have deleted."""
    erasure.erase()


@huey.recurring(every=DAY, hour=NIGHT)
def erase_all() -> None:
    """Each day: erase what was deleted or overwritten, and files that are nobody's."""
    erasure.erase_all()


# After the clock was wrong

@huey.recurring(every=HOUR, max_leap=2 * HOUR)
def correct_moments() -> None:
    """Each hour: let what lies in the future although it has passed be of now."""
    corrections.correct(now())


@huey.recurring(every=HOUR, max_leap=2 * HOUR)
def correct_reports() -> None:
    """Each hour: let reports that are dated in the future be of now."""
    reports.move_future_reports(now())


@huey.recurring(every=HOUR, max_leap=2 * HOUR)
def correct_views() -> None:
    """Each hour: let views on days to come be of today."""
    future_days.move_to_today(now())
