"""Reports: whose period has closed, and the mail that tells an author how often each post was viewed.

A report covers (last reported end, this period's end]. Its numbers are differences between what was counted and what
the last report told, so every view is in exactly one report, whatever the clock, the zone or the schedule do. One
report covers all periods that closed since the last one: that is how missed ones are caught up.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from . import jobs, mail, text
from .accounts import unsubscribe_url
from .db import give_way, rows
from .mail import BATCH
from .models import Message, Post, Report, Site, User
from .settings import FREQUENCIES, current


def closing(at: datetime, frequency: str, zone: str, closes: time) -> datetime:
    """The end of the last period that had closed at `at` (both UTC without a zone).

    Periods close at `closes` by the clock in `zone`: every day; after a Sunday; after a month's last day. A time
    that the clock skips in spring is taken as if it did not; of a time it shows twice in autumn, the first counts.
    """
    if frequency == 'minute':
        return at.replace(second=0, microsecond=0)
    here = ZoneInfo(zone)
    day = at.replace(tzinfo=UTC).astimezone(here).date() + timedelta(days=1)
    while True:
        day = {'daily': day, 'weekly': day - timedelta(days=day.weekday()), 'monthly': day.replace(day=1)}[frequency]
        end = datetime.combine(day, closes, here).astimezone(UTC).replace(tzinfo=None)
        if end <= at:
            return end
        day -= timedelta(days=1)


@dataclass(frozen=True)
class Closed:
    """Authors whose period has closed, all at the same moment."""
    end: datetime
    user_ids: list[int]


def due(at: datetime) -> Iterator[Closed]:
    """Who has a closed period without a report, a batch at a time. A question, never a schedule: it misses nothing."""
    for end, users in _without_report(at):
        ids = [user.id for user in users]
        for start in range(0, len(ids), BATCH):
            jobs.tell(f'{text.number(start)} of {text.plural(len(ids), "report", "reports")}')
            yield Closed(end, ids[start:start + BATCH])
            give_way()


def overdue(at: datetime) -> int:
    """How many reports of periods that had closed at `at` are not made yet."""
    return sum(users.count() for _, users in _without_report(at))


def _without_report(at: datetime) -> list[tuple[datetime, Any]]:
    """The end of the last closed period, and the query of who has no report of it, for each frequency in each zone."""
    groups = User.select(User.report, User.timezone).where(
        User.report.in_(FREQUENCIES[:-1])).group_by(User.report, User.timezone)
    ends = [(closing(at, group.report, group.timezone, current().report_time), group) for group in groups]
    return [(end, User.select(User.id).where(
        User.report == group.report, User.timezone == group.timezone, User.reported_until < end,
        User.deleted_at.is_null())) for end, group in ends]


def close(closed: Closed, at: datetime) -> list[int]:
    """Close this period for these authors, in the caller's transaction: the ids of the mails to send.

    Who has no published post gets no mail, nor does an address that the mail server has refused for good.
    """
    users = list(User.select().where(User.id.in_(closed.user_ids), User.reported_until < closed.end))
    lines = _lines(users, at)
    written = [user for user in users if lines[user.id]]
    site = Site.this()
    ids = mail.compose_many([_row(user, lines[user.id], closed.end, f'report:{user.id}:{closed.end}', site)
                             for user in written if not user.mail_trouble])
    messages = dict(rows(Message.select(Message.user, Message.id).where(Message.id.in_(ids))))
    if written:
        Report.insert_many([{'user': user.id, 'period_start': user.reported_until, 'period_end': closed.end,
                             'views': sum(line.views for line in lines[user.id]), 'message': messages.get(user.id)}
                            for user in written]).execute()
    everybody = [user.id for user in users]
    Post.update(reported_views=Post.views).where(
        Post.author.in_(everybody), Post.public_at(at), Post.views != Post.reported_views).execute()
    User.update(reported_until=closed.end).where(User.id.in_(everybody)).execute()
    return ids


def running(user_ids: list[int] | None, at: datetime) -> list[int]:
    """Write the report so far of the running period, for these authors or for all, in the caller's transaction. It
    closes nothing. Ids of the mails to send."""
    query = User.select().where(User.deleted_at.is_null(), User.verified_at.is_null(False))
    users = list(query if user_ids is None else query.where(User.id.in_(user_ids)))
    lines = _lines(users, at)
    site = Site.this()
    return mail.compose_many([_row(user, lines[user.id], at, f'report-so-far:{user.id}:{at}', site, is_running=True)
                              for user in users if lines[user.id]])


def authors(at: datetime) -> list[int]:
    """Ids of everybody who has something to be reported."""
    return [post.author_id for post in Post.select(Post.author).where(Post.public_at(at)).distinct()]


class _Line(NamedTuple):
    """One post in a report."""
    title: str
    slug: str
    views: int  # in the period
    total: int


def _lines(users: list[User], at: datetime) -> dict[int, list[_Line]]:
    """Their public posts, most viewed in the period first, in one query."""
    found = defaultdict(list)
    views = Post.views - Post.reported_views
    for author, *columns in rows(
            Post.select(Post.author, Post.title, Post.slug, views, Post.views)
            .where(Post.author.in_([user.id for user in users]), Post.public_at(at))
            .order_by(views.desc(), Post.views.desc(), Post.id.desc())):
        found[author].append(_Line(*columns))
    return found


def _row(user: User, lines: list[_Line], end: datetime, key: str, site: Site, is_running: bool = False) -> dict:
    url, start = current().url, user.reported_until
    views = sum(line.views for line in lines)
    period = period_words(start, end, user.timezone)
    payload: dict[str, Any] = {
        'name': user.name, 'period': period, 'missed': _missed(user, start, end) if not is_running else None,
        'lines': [{'title': line.title, 'url': url + Post.path_of(line.slug), 'views': line.views, 'total': line.total}
                  for line in lines],
        'views': views, 'total': sum(line.total for line in lines), 'is_running': is_running,
        'studio_url': f'{url}/studio', 'unsubscribe_url': unsubscribe_url(user.id), 'frequency': user.report}
    return mail.row('report', user.email or '', key=key, user=user, payload=payload,
                    subject=f'{text.plural(views, "view", "views")}, {period} - {site.title}')


def _missed(user: User, start: datetime, end: datetime) -> str | None:
    before = closing(end - timedelta(seconds=1), user.report, user.timezone, current().report_time)
    if start >= before:
        return None
    return 'It covers more than one period, because no report could be sent in between. Every view is counted once.'


def period_words(start: datetime, end: datetime, zone: str) -> str:
    """The period as its author would say it: '21 November 2026', '16 to 22 November 2026', with times where needed."""
    here = ZoneInfo(zone)
    first, last = (moment.replace(tzinfo=UTC).astimezone(here) for moment in (start, end))
    if last.time() == time(0):
        last -= timedelta(seconds=1)
        if first.date() == last.date():
            return text.day(end - timedelta(seconds=1), zone)
        return f'{_without(first, last)} to {text.day(end - timedelta(seconds=1), zone)}'
    if first.date() == last.date():
        return f'{text.day(end, zone)}, {first:%H:%M} to {last:%H:%M}'
    return f'{text.clock(start, zone)} to {text.clock(end, zone)}'


def _without(first: datetime, last: datetime) -> str:
    """The first day, without what it shares with the last one's month and year."""
    if (first.year, first.month) == (last.year, last.month):
        return str(first.day)
    return f'{first.day} {first:%B}' if first.year == last.year else f'{first.day} {first:%B %Y}'


