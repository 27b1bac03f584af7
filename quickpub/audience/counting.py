"""Count each recorded view exactly once.

Web processes append views to spool files. Counting adds them to the sums and moves the offset in each file in the same
transaction, so a kill at any moment loses nothing and counts nothing twice.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from .. import removal
from ..db import among, db, now, rows
from ..jobs.errors import is_transient
from ..models import DailySalt, Post, SpoolOffset
from . import spool
from .calendar import site_day
from .network_cap import apply_cap
from .recent_window import roll_recent_window
from .recording import View, parse_views
from .sums import add_views

log = logging.getLogger('quickpub.stats')


def count_recorded_views() -> int:
    """Count what was recorded since the last call. Return how many views that were. Cheap if there are none."""
    roll_recent_window(site_day(now()))
    files, known = spool.files(), _read_offsets()
    count = 0
    while grown := [path for path, _ in files if spool.size(path) > known.get(path.name, 0)]:
        offsets, views = _count_chunks(grown)
        count += views
        if offsets == known:  # half a line: the rest is being written, or never will be
            break
        known = offsets
    complete = [path for path, is_complete in files if is_complete]
    for path in complete:
        _try_file(path.unlink, missing_ok=True)
    _forget_offsets([path.name for path in complete if path.name in known])
    return count


def count_if_possible() -> None:
    """Do the same before stats are shown, unless the database cannot be written: then they are a little old."""
    try:
        count_recorded_views()
    except Exception as error:
        if not is_transient(error):
            raise


def _count_chunks(paths: list[Path]) -> tuple[dict[str, int], int]:
    """Count a chunk of each file in one transaction. Return the offsets of all files after it, and the number of
    views."""
    with db.atomic():
        offsets = _read_offsets()
        views: list[View] = []
        for path in paths:
            lines, end = _try_file(spool.lines, path, offsets.get(path.name, 0)) or ([], 0)
            views += parse_views(lines)
            if lines:
                offsets[path.name] = end
                SpoolOffset.replace(file=path.name, bytes=end).execute()
        post_ids = {view.post_id for view in views}
        authors = Post.authors_of(post_ids)
        add_views(apply_cap([view for view in views if view.post_id in authors]), authors)
    return offsets, len(views)


def _try_file(act: Callable, *args: Any, **options: Any) -> Any:
    """Call `act` with one spool file. A file that cannot be used, such as another user's, is logged once and does not
    stop the others; then return None."""
    try:
        return act(*args, **options)
    except OSError as error:
        if is_transient(error):
            raise
        if error.filename not in _logged_files:
            _logged_files.add(error.filename)
            log.error('A file of recorded views cannot be read: %s', error)
    return None


_logged_files: set[str] = set()


def _read_offsets() -> dict[str, int]:
    """Return how many bytes of each spool file are counted, by name."""
    return dict(rows(SpoolOffset.select(SpoolOffset.file, SpoolOffset.bytes)))


def _forget_offsets(removed: list[str]) -> None:
    """Forget the offsets of files that were counted and removed. That of a vanished file stays: its process may still
    hold the views and write them to a new file."""
    if removed:
        SpoolOffset.delete().where(SpoolOffset.file.in_(among(removed))).execute()


def clean_up(at: datetime) -> None:
    """Delete the salts and names of visitors from before yesterday. Only the counts stay."""
    if spool.folder().is_dir():
        _forget_offsets([name for name in _read_offsets() if not (spool.folder() / name).exists()])
    today = site_day(at)
    kept = today - timedelta(days=1), today + timedelta(days=1)  # later days are those of a clock that was ahead
    DailySalt.delete().where(~DailySalt.day.between(*kept)).execute()
    for table in ('daily_visitor', 'client_views'):
        db.execute_sql(f'DELETE FROM {table} WHERE day NOT BETWEEN ? AND ?', tuple(map(str, kept)))
    removal.run_all(partial(spool.blank, spool.folder() / name, end) for name, end in _read_offsets().items())
