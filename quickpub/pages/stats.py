"""The stats of a post, an author or the site."""

from bottle import request

from .. import dates
from ..audience import calendar, counting, stats, sums
from ..db import now
from ..models import Post, User
from ..permissions import Permission
from ..translations.messages import gettext
from ..wsgi.actions import Answer
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, render

SPANS = '7', '30', '90', 'all'  # days


@login_required
def show_stats(user: User) -> Answer:
    """Show the stats of all posts of an author; with the permission, of everybody's or their own."""
    counting.count_if_possible()
    is_mine = not user.may(Permission.EDIT_ALL) or request.query.whose == 'mine'
    return _render('/studio/stats', -user.id if is_mine else sums.SITE, post=None, is_mine=is_mine)


@login_required
def show_post_stats(user: User, post_id: str) -> Answer:
    """Show the stats of one post."""
    counting.count_if_possible()  # before the post is read, with its total
    post = find_or_404(Post.seen_by(user), post_id)
    return _render(f'/studio/stats/{post.id}', post.id, post=post, is_mine=True)


def _render(path: str, scope: int, post: Post | None, is_mine: bool) -> Answer:
    """Render the stats of a scope (see audience.stats) for the time span in the query string."""
    span = request.query.days if request.query.days in stats.CHOICES else '30'
    days, today = stats.CHOICES[span], calendar.site_day(now())
    found = stats.collect(scope, days, today)
    return render('stats.html', figures=found, names={bar.first: _name(bar, found.unit) for bar in found.bars},
                  marks={bar.first: _mark(bar, found.unit) for bar in found.marked},
                  span=span, path=path, post=post, is_mine=is_mine,
                  top=stats.most_viewed(scope, days) if post is None else [], hosts=stats.top_hosts(scope, found))


def _name(bar: stats.Bar, unit: str) -> str:
    """Return the name of the day, week or month of a bar."""
    if unit == 'month':
        return dates.month(bar.first)
    day = dates.date(bar.first)
    return gettext('Week of %(day)s', day=day) if unit == 'week' else day


def _mark(bar: stats.Bar, unit: str) -> str:
    """Return the date of a bar for the axis of a chart."""
    return {'day': dates.short_date, 'week': dates.medium_date, 'month': dates.short_month}[unit](bar.first)
