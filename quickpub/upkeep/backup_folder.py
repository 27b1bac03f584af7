"""The nightly backups in a folder: which there are, and which are kept."""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

NIGHTLY = 'nightly-{:%Y-%m-%d-%H%M%S}.zip'
PATTERN = re.compile(r'nightly-(\d{4}-\d\d-\d\d-\d{6})\.zip')
DAYS, WEEKS, MONTHS = 7, 4, 12  # of each of the latest ones that have a backup, one is kept


def list_nightly(folder: Path) -> dict[datetime, Path]:
    """Return the nightly backups in this folder by their time (UTC without a zone), newest first. Each is complete: it
    gets its name last. Raises OSError where the folder cannot be read."""
    found = {}
    for path in folder.iterdir():
        if named := PATTERN.fullmatch(path.name):
            found[datetime.strptime(named[1], '%Y-%m-%d-%H%M%S')] = path
    return dict(sorted(found.items(), reverse=True))


def choose_kept(times: Iterable[datetime]) -> set[datetime]:
    """Return which backups to keep: the latest one of each of the last days, weeks and months that have any."""
    kept: set[datetime] = set()
    for count, period in (DAYS, datetime.date), (WEEKS, _week), (MONTHS, _month):
        latest: dict[object, datetime] = {}
        for time in sorted(times, reverse=True):
            latest.setdefault(period(time), time)
        kept |= set(list(latest.values())[:count])
    return kept


def _week(time: datetime) -> tuple[int, int]:
    return time.isocalendar()[:2]


def _month(time: datetime) -> tuple[int, int]:
    return time.year, time.month
