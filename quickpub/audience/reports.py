"""Regular reports: find authors whose period has closed, and close it with a report.

A report covers (last reported end, this period's end]. Its numbers are differences to what earlier reports told, so
every view is in exactly one report, whatever the clock, the time zone or the schedule do. One report covers all periods
that closed since the last one: that is how missed ones are caught up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import EXCLUDED, fn

from .. import batches, clocks
from ..codes import Code
from ..db import among, db, insert, rows
from ..db import let_others_write as give_way
from ..jobs import claims
from ..jobs.errors import is_transient
from ..mail import ledger
from ..models import CoAuthor, KnownHost, Message, Post, Report, ReportedViews, User
from ..settings import FREQUENCIES
from . import report_email
from .periods import last_closing_for
from .report_contents import ReportContents

BATCH = 200  # reports in one transaction, which takes less than a tenth of a second
BATCH_NAME = 'report of author'


@dataclass(frozen=True)
class ClosedPeriod:
    """Authors whose periods closed at the same moment."""
    end: datetime
    user_ids: list[int]


def due(at: datetime) -> Iterator[ClosedPeriod]:
    """Yield the authors with a closed period and no report, in batches. It is a query, so nothing is ever missed."""
    set_aside = batches.recently_failed(BATCH_NAME, at)
    for end, users in _group_by_closing(at):
        if isinstance(end, Exception):
            for (user_id,) in rows(users):
                batches.set_aside(BATCH_NAME, user_id, end, at)
            continue
        _reset_future_periods(users, end, at)
        found = users.where(User.reported_until < end)
        ids = [user_id for (user_id,) in db.execute(found) if user_id not in set_aside]
        for start in range(0, len(ids), BATCH):
            claims.report_progress(Code('report.progress', done=start, count=len(ids)).to_json())
            yield ClosedPeriod(end, ids[start:start + BATCH])
            claims.clear_strikes()
            give_way()


def count_overdue(at: datetime) -> int:
    """Return how many reports of periods that had closed at `at` are not made yet."""
    return sum(users.where(User.reported_until < end).count() for end, users in _group_by_closing(at)
               if isinstance(end, datetime))


def _group_by_closing(at: datetime) -> list[tuple[datetime | Exception, Any]]:
    """Return, for each choice of frequency, time zone, time and day, the end of the last closed period and the query of
    the users with that choice. A choice that makes no sense has its error instead of the end."""
    choice = User.report, User.timezone, User.report_time, User.report_day
    frequencies = [each for each in FREQUENCIES if each != 'never']  # listed, because no index answers `!=`
    found: list[tuple[datetime | Exception, Any]] = []
    for group in User.select(*choice).where(User.report.in_(frequencies)).group_by(*choice):
        users = User.select(User.id).where(
            *(field == getattr(group, field.name) for field in choice), User.active())
        try:
            end = last_closing_for(group, at)
        except Exception as error:
            if is_transient(error):
                raise
            found.append((error, users))
        else:
            found.append((end, users))
    return found


def _reset_future_periods(users: Any, end: datetime, at: datetime) -> None:
    """Continue from the last closing if the clock was ahead when a report was made."""
    wrong = users.where(clocks.is_ahead(User.reported_until, at))
    if wrong.exists():
        User.update(reported_until=end).where(User.id.in_(wrong)).execute()


def close_period(closed: ClosedPeriod, at: datetime) -> list[int]:
    """Close this period for these authors, in the caller's transaction. Return the ids of the emails to send.

    An author whose report cannot be made is set aside. Authors without a public post, or whose address the mail server
    has rejected for good, get no email.
    """
    made = batches.handle(BATCH_NAME, closed.user_ids, lambda ids: _close_batch(ClosedPeriod(closed.end, ids), at), at)
    return [message_id for ids in made for message_id in ids]


def _close_batch(closed: ClosedPeriod, at: datetime) -> list[int]:
    users = _find_still_due(closed)
    contents = ReportContents.gather(users, at)
    reported = [user for user in users if contents.lines[user.id]]
    ids = ledger.compose_many([
        report_email.compose_row(user, contents, closed.end, f'report:{user.id}:{closed.end}')
        for user in reported if not user.mail_trouble])
    messages = dict(db.execute(Message.select(Message.user, Message.id).where(Message.id.in_(among(ids)))))
    if reported:
        insert('report', [
            {'user_id': user.id, 'period_start': str(user.reported_until), 'period_end': str(closed.end),
             'views': sum(line.views for line in contents.lines[user.id]), 'message_id': messages.get(user.id)}
            for user in reported])
    _mark_reported([user.id for user in users], closed.end, at)
    return ids


def _find_still_due(closed: ClosedPeriod) -> list[User]:
    """Return the authors who have not unsubscribed, left, been suspended or got this report since they were found.

    After a wrong clock, the reports themselves say up to when they were made.
    """
    users = list(User.select().where(User.id.in_(among(closed.user_ids)), User.reported_until < closed.end,
                                     User.report != 'never', User.active()))
    last = dict(rows(Report.select(Report.user, fn.MAX(Report.period_end)).where(
        Report.user.in_(among(closed.user_ids)), Report.period_end <= closed.end).group_by(Report.user)))
    for user in users:
        user.reported_until = max(user.reported_until, last.get(user.id, user.reported_until))
    have_it = [user.id for user in users if user.reported_until == closed.end]
    User.update(reported_until=closed.end).where(User.id.in_(among(have_it))).execute()
    return [user for user in users if user.id not in have_it]


def _mark_reported(user_ids: list[int], end: datetime, at: datetime) -> None:
    """Store what these authors' reports have told, so that the next ones tell the difference."""
    authors = among(user_ids)
    posts = Post.author.in_(authors) & Post.public_at(at)
    views = Post.select(Post.id, Post.views - Post.reported_views).where(posts)
    ReportedViews.insert_from(views, [ReportedViews.post, ReportedViews.views]).on_conflict(
        conflict_target=[ReportedViews.post], update={ReportedViews.views: EXCLUDED.views},
        where=ReportedViews.views != EXCLUDED.views).execute()
    Post.update(reported_views=Post.views).where(posts, Post.views != Post.reported_views).execute()
    total = fn.COALESCE(Post.select(Post.views).where(Post.id == CoAuthor.post), 0)
    CoAuthor.update(last_views=total - CoAuthor.reported_views, reported_views=total).where(
        CoAuthor.user.in_(authors), CoAuthor.post.in_(Post.select(Post.id).where(Post.public_at(at)))).execute()
    KnownHost.update(is_told=True).where(KnownHost.author.in_(authors), KnownHost.is_told == False).execute()
    User.update(reported_until=end).where(User.id.in_(authors)).execute()


def move_future_reports(at: datetime) -> None:
    """Date reports to the present if the clock was ahead when they were made: their periods are still to come. One that
    came a little early stays, or its author would get another one at the end of the period."""
    wrong = Report.select().where(Report.period_end > at + clocks.EARLY).order_by(Report.id)
    for number, report in enumerate(wrong):
        end = at + timedelta(microseconds=number)  # one author may have several
        with db.atomic():
            Report.update(period_start=min(report.period_start, end), period_end=end).where(
                Report.id == report.id).execute()
            Message.update(key=Message.key.concat(f' {report.id}')).where(Message.id == report.message_id).execute()
    clocks.put_right(User.reported_until, at)
