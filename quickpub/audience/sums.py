"""Add views to the sums: each post's total, and views, visitors and referring hosts by day."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from ..db import db
from . import network_cap
from .recording import View

SITE = 0  # the scope of the whole site; a post's is its id, an author's is minus their id
HOSTS_A_DAY = 50  # of one post: anybody can claim any referrer, so the rest count as one
OTHERS = 'others'
INSERT_SEEN = ('INSERT OR IGNORE INTO daily_visitor (day, scope, visitor) SELECT ?, ?, ? '
               'WHERE (SELECT count(*) FROM daily_visitor '
               'WHERE day = ? AND scope = ? AND visitor >= ? AND visitor < ?) < ?')


def add_views(views: list[View], authors: dict[int, list[int]]) -> None:
    """Add these views to all sums, in the caller's transaction. `authors`: the authors' ids by post id."""
    counted = Counter((view.post_id, view.day) for view in views)
    execute_each('UPDATE post SET views = views + ? WHERE id = ?',
                 ((count, post_id) for (post_id, _), count in counted.items()))
    execute_each('INSERT INTO daily_views (post_id, day, views) VALUES (?, ?, ?) '
                 'ON CONFLICT DO UPDATE SET views = views + excluded.views',
                 ((*key, count) for key, count in counted.items()))
    _add_visitors(views, authors)
    _add_referrers(views)


def _add_visitors(views: list[View], authors: dict[int, list[int]]) -> None:
    """Count who came for the first time on a day: to the post, to any post of each of its authors, to the site."""
    visitors = defaultdict(set)
    for view in views:
        if view.visitor:
            for scope in (view.post_id, *(-author for author in authors[view.post_id]), SITE):
                visitors[view.day, scope].add(view.visitor)
    for (day, scope), names in visitors.items():
        new = execute_each(INSERT_SEEN, ((day, scope, name, day, scope, *network_cap.visitor_range(name),
                                          network_cap.CAP) for name in sorted(names)))
        if new:
            db.execute_sql('INSERT INTO daily_visitor_count (scope, day, visitors) VALUES (?, ?, ?) ON CONFLICT '
                           'DO UPDATE SET visitors = visitors + excluded.visitors', (scope, day, new))


def _add_referrers(views: list[View]) -> None:
    counted = Counter((view.post_id, view.day, view.host) for view in views if view.host)
    for (post_id, day, host), count in counted.items():
        known = {name for (name,) in db.execute_sql('SELECT host FROM daily_referrers WHERE post_id = ? AND day = ?',
                                                    (post_id, day))}
        host = host if host in known or len(known) < HOSTS_A_DAY else OTHERS
        db.execute_sql('INSERT INTO daily_referrers (post_id, day, host, views) VALUES (?, ?, ?, ?) '
                       'ON CONFLICT DO UPDATE SET views = views + excluded.views', (post_id, day, host, count))


def execute_each(sql: str, values: Iterable[tuple]) -> int:
    """Execute one statement with each of these values in turn. Return how many rows it changed."""
    return db.connection().executemany(sql, values).rowcount
