"""Stats: views and visitors by day, week or month, the most viewed posts, the hosts that readers came from.

A `scope` is a post's id, an author's id times -1, or 0 for the whole site, as in DailyVisitors. All stats are read from
sums by day; how often a post was viewed in all is `Post.views`.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import fn

from ..db import among, rows
from ..models import (
    CoAuthor,
    DailyHosts,
    DailyReferrers,
    DailyTotals,
    DailyViews,
    DailyVisitorCount,
    Post,
    RecentViews,
    User,
)
from .recent_window import SPANS
from .sums import SITE

CHOICES = {str(days): days for days in SPANS} | {'all': None}
RECENT = 30  # days of a sparkline
DAYS, WEEKS = 92, 400  # of so many days at most, each has a bar; of so many, each week; of more, each month
MARKS = 5  # dates on the axis of a chart
MANY = 10  # posts and hosts in a list


class Bar(NamedTuple):
    first: date  # the first day of the week or month, or the day itself
    views: int = 0
    visitors: int = 0


class Stats(NamedTuple):
    """The stats of a span of days."""
    first: date
    last: date
    bars: list[Bar]
    unit: str  # what a bar is: day, week, month
    views: int
    visitors: int  # of each day, added up: nobody is known again on another day
    before: tuple[int, int] | None  # views and visitors of the same number of days before, where they are compared

    @property
    def best(self) -> Bar:
        return max(self.bars, key=lambda bar: bar.views)

    @property
    def marked(self) -> list[Bar]:
        """Return the bars whose dates stand on the axis: the first, the last, and up to three between, evenly."""
        last = len(self.bars) - 1
        count = min(last, MARKS - 1)
        return [self.bars[round(number * last / max(1, count))] for number in range(count + 1)]


def collect(scope: int, days: int | None, today: date, is_compared: bool = True) -> Stats:
    """Return the stats of the last `days` days, today included, or of all time if None; unless `is_compared` is False,
    with those of as many days before."""
    first = today - timedelta(days=days - 1) if days else min(_first_day(scope) or today, today)
    found = _by_day(scope, first, today)
    before = None
    if days and is_compared:
        earlier = _by_day(scope, first - timedelta(days=days), first - timedelta(days=1)).values()
        before = sum(views for views, _ in earlier), sum(visitors for _, visitors in earlier)
    length = (today - first).days + 1
    unit = 'day' if length <= DAYS else 'week' if length <= WEEKS else 'month'
    return Stats(first, today, _bars(found, first, today, unit), unit, sum(views for views, _ in found.values()),
                   sum(visitors for _, visitors in found.values()), before)


def _first_day(scope: int) -> date | None:
    table, column = _views_of(scope)
    return table.select(fn.min(table.day)).where(column == scope).scalar()


def _views_of(scope: int) -> tuple[Any, Any]:
    """Return the model that counts the views of such a scope, and its column."""
    return (DailyViews, DailyViews.post) if scope > 0 else (DailyTotals, DailyTotals.scope)


def _by_day(scope: int, first: date, last: date) -> dict[date, tuple[int, int]]:
    """Return views and visitors by day, for days that have any."""
    table, column = _views_of(scope)
    views = dict(rows(table.select(table.day, table.views).where(column == scope, table.day.between(first, last))))
    visitors = dict(rows(DailyVisitorCount.select(DailyVisitorCount.day, DailyVisitorCount.visitors).where(
        DailyVisitorCount.scope == scope, DailyVisitorCount.day.between(first, last))))
    return {day: (views.get(day, 0), visitors.get(day, 0)) for day in views.keys() | visitors.keys()}


def _bars(found: dict[date, tuple[int, int]], first: date, last: date, unit: str) -> list[Bar]:
    bars: dict[date, Bar] = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        start = _start_of(day, unit)
        bar, (views, visitors) = bars.get(start, Bar(start)), found.get(day, (0, 0))
        bars[start] = Bar(start, bar.views + views, bar.visitors + visitors)
    return list(bars.values())


def _start_of(day: date, unit: str) -> date:
    """Return the first day of the week or month that this day is in, or the day itself."""
    if unit == 'month':
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if unit == 'week' else day


def most_viewed(scope: int, days: int | None) -> list[tuple[int, str, int]]:
    """Return id, title and views of the most viewed posts of an author or the site, in the last `days` days or of all
    time if None."""
    if days is None:
        query = Post.select(Post.id, Post.title, Post.views).where(Post.deleted_at.is_null(), Post.views > 0)
        query = query if scope == SITE else query.where(Post.is_by(User(id=-scope)))
        return rows(query.order_by(Post.views.desc(), Post.id.desc()).limit(MANY))
    views, in_trash = getattr(RecentViews, f'days_{days}'), Post.select(Post.id).where(Post.deleted_at.is_null(False))
    recent = RecentViews.select(RecentViews.post, views).where(RecentViews.post.not_in(in_trash), views > 0)
    if scope != SITE:
        shared = CoAuthor.select(CoAuthor.post).where(CoAuthor.user == -scope)
        recent = recent.where((RecentViews.author == -scope) | RecentViews.post.in_(shared))
    found = rows(recent.order_by(views.desc(), RecentViews.post.desc()).limit(MANY))
    titles = dict(rows(Post.select(Post.id, Post.title).where(Post.id.in_([post_id for post_id, _ in found]))))
    return [(post_id, titles[post_id], views) for post_id, views in found]


def top_hosts(scope: int, figures: Stats) -> list[tuple[str, int]]:
    """Return the hosts that most readers came from in that time, and their views."""
    table = DailyReferrers if scope > 0 else DailyHosts
    column = DailyReferrers.post if scope > 0 else DailyHosts.scope
    views = fn.sum(table.views)
    return rows(table.select(table.host, views).where(column == scope, table.day.between(figures.first, figures.last))
                .group_by(table.host).order_by(views.desc(), table.host).limit(MANY))


def recent_views(post_ids: Iterable[int], today: date) -> dict[int, list[int]]:
    """Return the views of each of these posts on each of the last RECENT days, today last."""
    found = {post_id: [0] * RECENT for post_id in post_ids}
    first = today - timedelta(days=RECENT - 1)
    for post_id, day, views in rows(DailyViews.select(DailyViews.post, DailyViews.day, DailyViews.views).where(
            DailyViews.post.in_(among(found)), DailyViews.day.between(first, today))):
        found[post_id][(day - first).days] = views
    return found
