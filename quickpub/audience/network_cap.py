"""Count one network for a post and day up to a cap, so that nobody inflates the stats with a program.

The cap is applied when recorded views are counted, so it holds for all web processes together.
"""

import json
from collections import Counter

from ..db import db
from .recording import View

CAP = 300  # views of a post, and visitors, by one network on one day (PRIVACY.md)


def apply_cap(views: list[View]) -> list[View]:
    """Return the views that count: of each network the first CAP of a post and day. Store how many these are, in the
    caller's transaction."""
    keys = Counter((view.post_id, view.day, view.network) for view in views if view.network)
    counted = {(post_id, day, network): count for post_id, day, network, count in db.execute_sql(
        'SELECT post_id, client_views.day, network, views FROM json_each(?) AS asked CROSS JOIN client_views '
        "ON post_id = json_extract(asked.value, '$[0]') AND client_views.day = json_extract(asked.value, '$[1]') "
        "AND network = json_extract(asked.value, '$[2]')",
        (json.dumps(list(keys)),))} if keys else {}
    kept, added = [], Counter[tuple[int, str, str]]()
    for view in views:
        key = view.post_id, view.day, view.network
        if not view.network or counted.get(key, 0) + added[key] < CAP:
            kept.append(view)
            added[key] += bool(view.network)
    db.connection().executemany(
        'INSERT INTO client_views (post_id, day, network, views) VALUES (?, ?, ?, ?) '
        'ON CONFLICT DO UPDATE SET views = views + excluded.views',
        ((*key, count) for key, count in added.items() if count))
    return kept


def visitor_range(visitor: str) -> tuple[str, str]:
    """Return the two names between which all visitors from the same network are; an empty range if it is not known."""
    network, is_known, _ = visitor.partition('.')
    return (f'{network}.', f'{network}/') if is_known else ('', '')
