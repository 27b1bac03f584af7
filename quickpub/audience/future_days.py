"""Correct views that were counted on future days, because the clock was ahead when they were recorded."""

from datetime import datetime, timedelta

from ..db import db
from .calendar import site_day
from .recent_window import rebuild_recent_window
from .sums import execute_each

# By table: the columns that are the key with the day, and the sum.
DAILY = {'daily_views': ('post_id', 'views'), 'daily_visitor_count': ('scope', 'visitors'),
         'daily_referrers': ('post_id, host', 'views')}


def move_to_today(at: datetime) -> None:
    """Move everything that was counted on future days to today."""
    today = site_day(at)
    limit = str(today + timedelta(days=1))  # which has begun in other time zones
    if not any(db.execute_sql(f'SELECT 1 FROM {table} WHERE day > ? LIMIT 1', (limit,)).fetchone() for table in DAILY):
        return
    with db.atomic():
        db.execute_sql(  # a trigger will add them again
            'UPDATE known_host SET views = known_host.views - moved.views FROM (SELECT author_id, host, '
            'sum(daily_referrers.views) AS views FROM daily_referrers JOIN (SELECT id, author_id FROM post '
            'UNION ALL SELECT post_id, user_id FROM co_author) AS authors ON authors.id = post_id WHERE day > ? '
            'GROUP BY 1, 2) AS moved WHERE (known_host.author_id, known_host.host) = (moved.author_id, moved.host)',
            (limit,))
        for table, (columns, count) in DAILY.items():
            moved = db.execute_sql(f'SELECT ?, {columns}, sum({count}) FROM {table} WHERE day > ? GROUP BY {columns}',
                                   (str(today), limit)).fetchall()
            places = ', '.join('?' * (3 + columns.count(',')))
            execute_each(f'INSERT INTO {table} (day, {columns}, {count}) VALUES ({places}) '
                         f'ON CONFLICT DO UPDATE SET {count} = {count} + excluded.{count}', moved)
        for table in (*DAILY, 'daily_totals', 'daily_hosts'):
            db.execute_sql(f'DELETE FROM {table} WHERE day > ?', (limit,))
        rebuild_recent_window(today)
