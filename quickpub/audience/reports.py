"""Reports: whose period has closed, and the mail that tells an author how often each post was viewed.

A report covers (last reported end, this period's end]. Its numbers are differences between what was counted and what
the last report told, so every view is in exactly one report, whatever the clock, the zone or the schedule do. One
report covers all periods that closed since the last one: that is how missed ones are caught up.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from peewee import EXCLUDED, JOIN, fn

from .. import batches, clocks, dates, formats, text
from ..accounts.links import unsubscribe_url
from ..db import among, db, give_way, insert, is_transient, rows
from ..jobs import queue
from ..mail import ledger
from ..models import KnownHost, Message, Post, Report, Site, Told, User
from ..settings import FREQUENCIES, current

SUNDAY = 6
BATCH = 200  # reports written in one transaction, of less than a tenth of a second
HOSTS = 5  # new ones that a report names
LINES = 50  # posts that it lists, the most viewed: some mail programs show no more than 100 KB
TITLE = 140  # characters of a title that it shows
RUNNING = 'report so far of author'
REPORT = 'report of author'  # as what is set aside is called
ALIKE = 0.85, 1.18  # how long a period may be beside another to be compared: months, and days when the clock changes


@lru_cache(100)  # of a thousand reports nearly all close alike
def closing(at: datetime, frequency: str, zone: str, closes: time, weekday: int = SUNDAY) -> datetime:
    """The end of the last period that had closed at `at` (both UTC without a zone).

    Periods close at `closes` by the clock in `zone`: every day; after a `weekday`; after a month's last day. A time
    that the clock skips in spring is taken as if it did not; of a time it shows twice in autumn, the first counts.
    """
    if frequency == 'minute':
        return at.replace(second=0, microsecond=0)
    day = dates.at(at, zone).date() + timedelta(days=1)
    while True:
        day = {'daily': day, 'weekly': day - timedelta(days=(day.weekday() - weekday - 1) % 7),
               'monthly': day.replace(day=1)}[frequency]
        end = dates.to_utc(day, closes, zone)
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
    too_early = batches.items(REPORT, at)
    for end, users in _closings(at):
        if isinstance(end, Exception):
            for (user_id,) in rows(users):
                batches.put(REPORT, user_id, end, at)
            continue
        _begin_anew(users, end, at)
        found = users.where(User.reported_until < end)
        ids = [number for (number,) in db.execute(found) if number not in too_early]
        for start in range(0, len(ids), BATCH):
            queue.tell(f'{formats.number(start)} of {formats.plural(len(ids), "report", "reports")}')
            yield Closed(end, ids[start:start + BATCH])
            queue.advance()
            give_way()


def overdue(at: datetime) -> int:
    """How many reports of periods that had closed at `at` are not made yet."""
    return sum(users.where(User.reported_until < end).count() for end, users in _closings(at)
               if isinstance(end, datetime))


def _closings(at: datetime) -> list[tuple[datetime | Exception, Any]]:
    """The end of the last closed period, and the query of all who have chosen it, for each way to close periods; where
    a way makes no sense, the error instead of the end."""
    ways = User.report, User.timezone, User.report_time, User.report_day
    taken = [each for each in FREQUENCIES if each != 'never']  # listed, because no index answers what is not equal
    found: list[tuple[datetime | Exception, Any]] = []
    for group in User.select(*ways).where(User.report.in_(taken)).group_by(*ways):
        users = User.select(User.id).where(
            *(way == getattr(group, way.name) for way in ways), User.active())
        try:
            end = closing_of(group, at)
        except Exception as error:
            if is_transient(error):
                raise
            found.append((error, users))
        else:
            found.append((end, users))
    return found


def _begin_anew(users: Any, end: datetime, at: datetime) -> None:
    """Let reports of these users go on from the last closing where the clock was ahead when the last one was made."""
    wrong = users.where(clocks.is_ahead(User.reported_until, at))
    if wrong.exists():
        User.update(reported_until=end).where(User.id.in_(wrong)).execute()


def closing_of(user: User, at: datetime) -> datetime:
    """The same as `closing`, as this user has chosen."""
    return closing(at, user.report, user.timezone, time.fromisoformat(user.report_time), user.report_day)


def close(closed: Closed, at: datetime) -> list[int]:
    """Close this period for these authors, in the caller's transaction: the ids of the mails to send. An author whose
    report cannot be made is set aside.

    Who has no published post gets no mail, nor does an address that the mail server has refused for good.
    """
    made = batches.handle(REPORT, closed.user_ids, lambda ids: _close(Closed(closed.end, ids), at), at)
    return [number for ids in made for number in ids]


def _close(closed: Closed, at: datetime) -> list[int]:
    users = _still_due(closed)
    news, site = _News.about(users, at), Site.this()
    written = [user for user in users if news.lines[user.id]]
    ids = ledger.compose_many([_row(user, news, closed.end, f'report:{user.id}:{closed.end}', site)
                             for user in written if not user.mail_trouble])
    messages = dict(db.execute(Message.select(Message.user, Message.id).where(Message.id.in_(among(ids)))))
    if written:
        insert('report', [
            {'user_id': user.id, 'period_start': str(user.reported_until), 'period_end': str(closed.end),
             'views': sum(line.views for line in news.lines[user.id]), 'message_id': messages.get(user.id)}
            for user in written])
    _remember([user.id for user in users], closed.end, at)
    return ids


def _still_due(closed: Closed) -> list[User]:
    """Those of them who have not unsubscribed, left, been suspended, or got this report since they were found. Where a
    clock was wrong, the reports themselves say up to when they were made."""
    users = list(User.select().where(User.id.in_(among(closed.user_ids)), User.reported_until < closed.end,
                                     User.report != 'never', User.active()))
    last = dict(rows(Report.select(Report.user, fn.MAX(Report.period_end)).where(
        Report.user.in_(among(closed.user_ids)), Report.period_end <= closed.end).group_by(Report.user)))
    for user in users:
        user.reported_until = max(user.reported_until, last.get(user.id, user.reported_until))
    have_it = [user.id for user in users if user.reported_until == closed.end]
    User.update(reported_until=closed.end).where(User.id.in_(among(have_it))).execute()
    return [user for user in users if user.id not in have_it]


def _remember(user_ids: list[int], end: datetime, at: datetime) -> None:
    """What was told now is not told again; the next report compares with it."""
    authors = among(user_ids)
    told = Post.author.in_(authors) & Post.public_at(at)
    views = Post.select(Post.id, Post.views - Post.reported_views).where(told)
    Told.insert_from(views, [Told.post, Told.views]).on_conflict(
        conflict_target=[Told.post], update={Told.views: EXCLUDED.views}, where=Told.views != EXCLUDED.views).execute()
    Post.update(reported_views=Post.views).where(told, Post.views != Post.reported_views).execute()
    KnownHost.update(is_told=True).where(KnownHost.author.in_(authors), KnownHost.is_told == False).execute()
    User.update(reported_until=end).where(User.id.in_(authors)).execute()


def running(user_ids: list[int] | None, at: datetime) -> list[int]:
    """Write the report so far of the running period, for these authors or for all, in the caller's transaction. It
    closes nothing. Ids of the mails to send."""
    query = User.select().where(User.active(), User.verified_at.is_null(False))
    users = list(query if user_ids is None else query.where(User.id.in_(among(user_ids))))
    known = {user.id: user for user in users}
    composed = batches.handle(RUNNING, list(known), lambda ids: ledger.compose_many(
        _running([known[user_id] for user_id in ids], at)), at)
    return [number for ids in composed for number in ids]


def preview(user: User, at: datetime) -> Message | None:
    """The mail that `running` would write for this author now; it is not stored. None where there is nothing to
    report, or nowhere to send it."""
    found = _running([user] if user.is_verified else [], at)
    if not found:
        return None
    columns = found[0] | {'payload': Message.payload.python_value(found[0]['payload']), 'created_at': at}
    return Message(**columns)


def _running(users: list[User], at: datetime) -> list[dict[str, Any]]:
    news, site = _News.about(users, at), Site.this()
    return [_row(user, news, at, f'report-so-far:{user.id}:{at}', site, is_running=True)
            for user in users if news.lines[user.id]]


def authors(at: datetime) -> list[int]:
    """Ids of everybody who has something to be reported."""
    return [post.author_id for post in Post.select(Post.author).where(Post.public_at(at)).distinct()]


class _Line(NamedTuple):
    """One post in a report."""
    title: str
    slug: str
    id: int
    views: int  # in the period
    total: int
    before: int | None  # what the last report told; None where the post was in none

    @property
    def change(self) -> int | str:
        return 'new' if self.before is None else self.views - self.before


class _News(NamedTuple):
    """What there is to tell, by author, in few statements for many of them."""
    lines: dict[int, list[_Line]]  # their public posts, most viewed in the period first
    hosts: dict[int, list[tuple[str, int]]]  # from where readers came for the first time, most first
    earlier: dict[int, tuple[datetime, int]]  # when the period before began, and its views

    @classmethod
    def about(cls, users: list[User], at: datetime) -> '_News':
        ids = among([user.id for user in users])
        lines, hosts, views = defaultdict(list), defaultdict(list), Post.views - Post.reported_views
        for author, *columns in db.execute(
                Post.select(Post.author, Post.title, Post.slug, Post.id, views, Post.views, Told.views)
                .join(Told, JOIN.LEFT_OUTER).where(Post.author.in_(ids), Post.public_at(at))
                .order_by(views.desc(), Post.views.desc(), Post.id.desc())):
            lines[author].append(_Line(*columns))
        for author, *host in db.execute(
                KnownHost.select(KnownHost.author, KnownHost.host, KnownHost.views)
                .where(KnownHost.author.in_(ids), KnownHost.is_told == False)
                .order_by(KnownHost.views.desc(), KnownHost.host)):
            hosts[author].append(tuple(host))
        last = Report.select(Report.user, Report.period_start, Report.views).join(User).where(
            User.id.in_(ids), Report.period_end == User.reported_until)
        return cls(lines, hosts, {user_id: (start, count) for user_id, start, count in rows(last)})


def _row(user: User, news: _News, end: datetime, key: str, site: Site, is_running: bool = False) -> dict:
    url, start, lines, hosts = current().url, user.reported_until, news.lines[user.id], news.hosts[user.id]
    views, most = sum(line.views for line in lines), max(1, lines[0].views)
    period = period_words(start, end, user.timezone)
    before = None if is_running else _before(user, news, end)
    change = None if before is None else views - before
    payload: dict[str, Any] = {
        'name': user.name, 'period': period, 'missed': _missed(user, start, end) if not is_running else None,
        'lines': [(text.shorten(line.title, TITLE), url + Post.path_of(line.slug), line.id, line.views, line.total,
                   (100 * line.views + most - 1) // most, None if change is None else line.change)
                  for line in lines[:LINES]],
        'others': _others(lines[LINES:]),
        'views': views, 'total': sum(line.total for line in lines), 'change': change, 'is_running': is_running,
        'hosts': hosts[:HOSTS], 'more_hosts': len(hosts[HOSTS:]), 'stats_url': f'{url}/studio/stats',
        'settings_url': f'{url}/settings', 'unsubscribe_url': unsubscribe_url(user.id), 'frequency': user.report}
    return ledger.row('report', user.email or '', key=key, user=user, payload=payload,
                    subject=f'{_headline(views, change)}, {period} - {site.title}')


def _others(lines: list[_Line]) -> dict[str, int] | None:
    """What the posts that are not listed have in all."""
    return {'count': len(lines), 'views': sum(line.views for line in lines),
            'total': sum(line.total for line in lines)} if lines else None


def _headline(views: int, change: int | None) -> str:
    """The number that matters: '37 views, 12 more than before'."""
    if not views:
        return 'No views'
    count = formats.plural(views, 'view', 'views')
    if not change:
        return count
    return f'{count}, {formats.number(abs(change))} {"more" if change > 0 else "fewer"} than before'


def _before(user: User, news: _News, end: datetime) -> int | None:
    """How many views the period before had, where it was about as long as this one."""
    start, views = news.earlier.get(user.id, (None, 0))
    if start is None:
        return None
    length, length_before = end - user.reported_until, user.reported_until - start
    return views if ALIKE[0] <= length / length_before <= ALIKE[1] else None


def _missed(user: User, start: datetime, end: datetime) -> str | None:
    if start >= closing_of(user, end - timedelta(seconds=1)):
        return None
    return 'It covers more than one period, because no report could be sent in between. Every view is counted once.'


def period_words(start: datetime, end: datetime, zone: str) -> str:
    """The period as its author would say it: '21 November 2026', '16 to 22 November 2026', with times where needed."""
    first, last = dates.at(start, zone), dates.at(end, zone)
    if last.time() == time(0):
        last -= timedelta(seconds=1)
        if first.date() == last.date():
            return dates.day(end - timedelta(seconds=1), zone)
        return f'{_without(first, last)} to {dates.day(end - timedelta(seconds=1), zone)}'
    if first.date() == last.date():
        return f'{dates.day(end, zone)}, {first:%H:%M} to {last:%H:%M}'
    return f'{dates.clock(start, zone)} to {dates.clock(end, zone)}'


def _without(first: datetime, last: datetime) -> str:
    """The first day, without what it shares with the last one's month and year."""
    if (first.year, first.month) == (last.year, last.month):
        return str(first.day)
    return f'{first.day} {first:%B}' if first.year == last.year else f'{first.day} {first:%B %Y}'


def put_right(at: datetime) -> None:
    """Let reports that were made while the clock was ahead be of now: their periods are still to come, and will have
    reports of their own."""
    for number, report in enumerate(Report.select().where(clocks.is_ahead(Report.period_end, at)).order_by(Report.id)):
        end = at + timedelta(microseconds=number)  # one author may have several
        with db.atomic():
            Report.update(period_start=min(report.period_start, end), period_end=end).where(
                Report.id == report.id).execute()
            Message.update(key=Message.key.concat(f' {report.id}')).where(Message.id == report.message_id).execute()
    clocks.put_right(User.reported_until, at)
