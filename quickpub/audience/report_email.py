"""The contents of the email that carries a report."""

from datetime import datetime, timedelta
from typing import Any

from .. import text
from ..accounts.links import unsubscribe_url
from ..codes import Code, Period
from ..mail import ledger
from ..models import Post, User
from ..settings import current
from .periods import last_closing_for
from .report_contents import PostLine, ReportContents

HOSTS_LISTED = 5
POSTS_LISTED = 50  # some mail programs show no more than 100 KB
TITLE_LENGTH = 140  # characters
COMPARABLE = 0.85, 1.18  # ratio of the lengths of two periods: months, and days when the clock changes


def compose_row(user: User, contents: ReportContents, end: datetime, key: str,
                is_running: bool = False) -> dict[str, Any]:
    """Return the ledger row (see `ledger.row`) of this user's report up to `end`. `is_running`: the period is not over,
    so the report compares with nothing."""
    url, start = current().url, user.reported_until
    lines, hosts = contents.lines[user.id], contents.hosts[user.id]
    views, most = sum(line.views for line in lines), max(1, lines[0].views)
    period = Period(start, end, user.timezone)
    before = None if is_running else _views_before(user, contents, end)
    change = None if before is None else views - before
    payload: dict[str, Any] = {
        'name': user.name, 'period': period, 'missed': None if is_running else _find_missed(user, start, end),
        'lines': [(text.shorten(line.title, TITLE_LENGTH), url + Post.path_of(line.slug), line.id, line.views,
                   line.total, (100 * line.views + most - 1) // most, None if change is None else line.change)
                  for line in lines[:POSTS_LISTED]],
        'others': _sum_others(lines[POSTS_LISTED:]),
        'views': views, 'total': sum(line.total for line in lines), 'change': change, 'is_running': is_running,
        'hosts': hosts[:HOSTS_LISTED], 'more_hosts': len(hosts[HOSTS_LISTED:]), 'stats_url': f'{url}/studio/stats',
        'settings_url': f'{url}/settings', 'unsubscribe_url': unsubscribe_url(user.id), 'frequency': user.report}
    return ledger.row('report', user.email or '', key=key, user=user, payload=payload,
                      subject=_choose_subject(views, change, period))


def _views_before(user: User, contents: ReportContents, end: datetime) -> int | None:
    """Return the views of the period before, or None if it was not about as long as this one."""
    start, views = contents.earlier.get(user.id, (None, 0))
    if start is None:
        return None
    length, length_before = end - user.reported_until, user.reported_until - start
    return views if COMPARABLE[0] <= length / length_before <= COMPARABLE[1] else None


def _find_missed(user: User, start: datetime, end: datetime) -> Code | None:
    """Return a note if the report covers more than one period."""
    has_missed = start < last_closing_for(user, end - timedelta(seconds=1))
    return Code('mail.missed_periods') if has_missed else None


def _sum_others(lines: list[PostLine]) -> dict[str, int] | None:
    """Return the sums of the posts that are not listed, or None if all are."""
    return {'count': len(lines), 'views': sum(line.views for line in lines),
            'total': sum(line.total for line in lines)} if lines else None


def _choose_subject(views: int, change: int | None, period: Period) -> Code:
    if not views:
        return Code('subject.report_no_views', period=period)
    if not change:
        return Code('subject.report', count=views, period=period)
    if change > 0:
        return Code('subject.report_more', count=views, change=change, period=period)
    return Code('subject.report_fewer', count=views, change=-change, period=period)
