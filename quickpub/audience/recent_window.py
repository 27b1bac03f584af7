"""Keep each post's views of the last 7, 30 and 90 days summed."""

from datetime import date, timedelta

from ..db import db
from ..models import RecentDay, RecentViews

SPANS = (7, 30, 90)  # days


def roll_recent_window(today: date) -> None:
    """Subtract the days that have left the window since it was last rolled. Rebuild it if the clock was ahead then."""
    if RecentDay.get().today == today:
        return
    with db.atomic():
        before = RecentDay.get().today  # another process may have done it
        if before > today:
            rebuild_recent_window(today)
        for days in SPANS if before < today else ():
            old, new = (day - timedelta(days=days - 1) for day in (before, today))
            db.execute_sql(
                f'UPDATE recent_views SET days_{days} = days_{days} - gone.views FROM (SELECT post_id, sum(views) '
                'AS views FROM daily_views WHERE day >= ? AND day < ? GROUP BY post_id) AS gone '
                'WHERE recent_views.post_id = gone.post_id', (str(old), str(new)))
        RecentViews.delete().where(RecentViews.days_90 == 0).execute()
        RecentDay.update(today=today).execute()


def rebuild_recent_window(today: date) -> None:
    """Sum the views by day anew, in the caller's transaction."""
    RecentViews.delete().execute()
    sums = ', '.join(f"sum(iif(day > date(?, '-{days} days'), daily_views.views, 0))" for days in SPANS)
    db.execute_sql(f'INSERT INTO recent_views (author_id, post_id, {", ".join(f"days_{days}" for days in SPANS)}) '
                   f'SELECT author_id, post_id, {sums} FROM daily_views JOIN post ON id = post_id '
                   f"WHERE day > date(?, '-{max(SPANS)} days') GROUP BY 1, 2", (str(today),) * (len(SPANS) + 1))
