"""Everything that runs in the background: the jobs and the recurring jobs. They take ids only, and call lower packages.
Their titles are in sentences/jobs.py.

A recurring job asks the database what is due and not done yet. It is itself due until it is enqueued, so a minute that
is missed or comes twice changes nothing.
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
from .look import sharing
from .mail import budgets, delivery, domain_records, ledger
from .media import cleaning, replacing, variants
from .models import User
from .settings import current
from .upkeep import backup, corrections, erasure, integrity, nightly

huey = SiteHuey('quickpub', import_path='quickpub.tasks.huey')
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NIGHT = 3  # the hour of the clean-up in the site's time zone; if the site is off then, as soon as it is on


# Mail

@huey.task(retries=3, retry_delay=10, is_single=True)
def deliver() -> None:
    """Send a batch of the waiting emails. If there are more, another worker may help."""
    if delivery.has_queued(more_than=delivery.BATCH):
        deliver()
    if delivery.deliver():
        deliver()


@huey.task(retries=3, retry_delay=10, is_single=True, priority=URGENT)
def deliver_urgent() -> None:
    """Send a batch of the emails that someone is waiting for, such as a log-in link."""
    if delivery.has_queued(urgent=True, more_than=delivery.BATCH):
        deliver_urgent()
    if delivery.deliver(urgent=True):
        deliver_urgent()


huey.keep_free(1, deliver, deliver_urgent)  # so that a slow mail server does not stop other jobs
huey.keep_free(2, deliver)  # so that urgent emails do not wait for all others


def deliver_soon(composed: list[int] | bool, urgent: bool = True) -> None:
    """Enqueue the delivery of these emails in the caller's transaction; do nothing if there are none.

    `composed` is the ids of the emails, or whether there are any.
    """
    if composed:
        (deliver_urgent if urgent else deliver)()


def deliver_alike(composed: list[int]) -> None:
    """Enqueue the delivery of these emails, and take as long if there are none: nobody can tell the difference."""
    with db.atomic() as attempt:
        deliver_urgent()
        if not composed:
            attempt.rollback()


@huey.task(priority=URGENT)
def send_verification_email(user_id: int) -> None:
    """Send the email that confirms a member's email address, if it is still needed."""
    with db.atomic():
        deliver_soon(registration.resend_verification(User.get_by_id(user_id), now()))


@huey.recurring(every=HOUR)
def report_used_up_budgets() -> None:
    """Email the owners, at most once a day, if more emails were requested than the site may send."""
    with db.atomic():
        deliver_soon(budgets.alarm_mails(now()), urgent=False)


@huey.recurring(every=MINUTE)
def wake_mail() -> None:
    """Enqueue the delivery of emails that are due again, or that no job would send."""
    delivery.wake(now())
    deliver_soon(delivery.has_queued(), urgent=False)
    deliver_soon(delivery.has_queued(urgent=True))


@huey.task(is_single=True, priority=URGENT)
def look_up_mail_domain() -> None:
    """Look up the DNS records of the domain that emails come from."""
    domain_records.look_up(now())


# Reports

@huey.recurring(every=MINUTE)
def close_periods() -> None:
    """Make the reports of all authors whose period has ended."""
    counting.count_recorded_views()
    for closed in reports.due(now()):
        with db.atomic():
            deliver_soon(reports.close_period(closed, now()), urgent=False)


@huey.task()
def send_view_count_report(user_id: int | None = None) -> None:
    """Send the report so far to one author, or to all authors for None."""
    counting.count_recorded_views()
    with db.atomic():
        deliver_soon(running_reports.compose_running([user_id] if user_id else None, now()), urgent=False)


# Exports

@huey.task(retries=3, retry_delay=10, subject='export')
def make_export(export_id: int) -> None:
    """Make an export, and email the member who requested it."""
    counting.count_recorded_views()
    exports.write(export_id)
    with db.atomic():
        deliver_soon(exports.finish(export_id, now()), urgent=False)


# Images

@huey.task(retries=2, retry_delay=10, subject='picture')
def prepare_picture(digest: str) -> None:
    """Make the sizes of an uploaded image that readers get."""
    variants.prepare(digest, rerendering.render_posts_with_file)
    replacing.settle(now())


huey.run_one_by_one(prepare_picture)  # because each may need much memory


def prepare_pictures() -> None:
    """Enqueue a job for each waiting image that has none, in the caller's transaction if there is one."""
    for digest in variants.without_job():
        prepare_picture(digest)


@huey.recurring(every=MINUTE)
def wake_pictures() -> None:
    """Enqueue jobs for waiting images that have none, and render posts again whose images could not be prepared. Put
    images that were ready when a process died into the places that they were chosen for."""
    prepare_pictures()
    variants.announce_failures(rerendering.render_posts_with_file)
    replacing.settle(now())


# Posts

@huey.task(is_single=True)
def render_posts() -> None:
    """Render posts again that an older version of Quickpub rendered."""
    rerendering.render_outdated()


@huey.recurring(every=MINUTE)
def wake_rendering() -> None:
    """Enqueue the rendering of posts that an older version of Quickpub rendered."""
    if rerendering.is_any_outdated():
        render_posts()


# Cards

@huey.task(is_single=True, priority=-1)
def draw_cards() -> None:
    """Draw some of the missing cards, which other sites show beside links to pages without a picture."""
    if sharing.draw_missing(now()):
        draw_cards()


huey.run_one_by_one(draw_cards)  # two would draw the same ones


@huey.recurring(every=MINUTE)
def wake_cards() -> None:
    """Enqueue the drawing of cards if any are missing."""
    if sharing.is_any_missing(now()):
        draw_cards()


# Housekeeping

@huey.each_second
def count_views() -> None:
    """Count the views that the web processes have recorded."""
    counting.count_recorded_views()


@huey.recurring(every=WEEK, hour=NIGHT)
def check_integrity() -> None:
    """Check the database for damage."""
    integrity.check(now())


@huey.recurring(every=HOUR)
def back_up() -> None:
    """Make the backup of the night, if it is missing and the settings name a folder for it."""
    nightly.make_if_due(current(), now())


@huey.task(is_single=True)
def back_up_now() -> None:
    """Make a backup in the data folder."""
    backup.create(current(), None, False, now(), nightly.start_in_job)


@huey.recurring(every=DAY, hour=NIGHT)
def forget_visitors() -> None:
    """Delete what tells the visitors of past days apart."""
    counting.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT)
def clean_up_jobs() -> None:
    """Delete old counts of finished jobs."""
    tally.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT)
def clean_up_set_aside() -> None:
    """Delete old errors of items that are no longer tried."""
    batches.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_accounts() -> None:
    """Delete expired links, and accounts whose email address was never confirmed."""
    users.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_sessions() -> None:
    """Delete expired sessions, devices and unfinished log-ins."""
    for module in (sessions, login_steps, passkeys):
        module.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_throttle() -> None:
    """Delete old counts of attempts, which limit robots."""
    throttle.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_posts() -> None:
    """Delete posts that have been in the trash for 30 days."""
    trash.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_revisions() -> None:
    """Delete some of the old versions of posts: the older they are, the fewer are kept."""
    revisions.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_unsaved() -> None:
    """Delete old autosaves."""
    autosave.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_media() -> None:
    """Delete media that have not been used for 30 days."""
    cleaning.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT)
def clean_up_cards() -> None:
    """Delete cards that are not needed any more."""
    sharing.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_mail() -> None:
    """Delete emails that were sent long ago."""
    ledger.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_exports() -> None:
    """Delete exports that are a week old."""
    exports.clean_up(now())


@huey.recurring(every=DAY, hour=NIGHT, max_leap=WEEK)
def clean_up_audit() -> None:
    """Delete entries of the audit log that are 400 days old."""
    audit.clean_up(now())


@huey.recurring(every=MINUTE)
def erase_deleted() -> None:
    """Erase deleted data from the disk."""
    erasure.erase()


@huey.recurring(every=DAY, hour=NIGHT)
def erase_all() -> None:
    """Erase all deleted and overwritten data from the disk, and files that belong to no row."""
    erasure.erase_all()


# After the clock was wrong

@huey.recurring(every=HOUR, max_leap=2 * HOUR)
def correct_moments() -> None:
    """Set times in the future that must be in the past to now."""
    corrections.correct(now())


@huey.recurring(every=HOUR, max_leap=2 * HOUR)
def correct_reports() -> None:
    """Set the end of reports that are dated in the future to now."""
    reports.move_future_reports(now())


@huey.recurring(every=HOUR, max_leap=2 * HOUR)
def correct_views() -> None:
    """Move views that are dated in the future to today."""
    future_days.move_to_today(now())
