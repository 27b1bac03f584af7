"""The backups in a folder: which there are, and which of the nightly ones are kept."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..paths import BACKED_UP, NOT_BACKED_UP, SECRET, Paths

TIME = '%Y-%m-%d-%H%M%S'
WHOLE, WITH_SECRETS, NIGHTLY = (f'{kind}-{{:{TIME}}}.zip' for kind in ('quickpub', 'quickpub-with-secrets', 'nightly'))
PATTERN = re.compile(r'(quickpub|nightly)-(\d{4}-\d\d-\d\d-\d{6})\.zip')
DAYS, WEEKS, MONTHS = 7, 4, 12  # of each of the latest ones that have a backup, one is kept


@dataclass(frozen=True)
class Whole:
    """A backup in one file, made at this moment (UTC without a zone)."""
    at: datetime
    path: Path
    bytes: int


def explain_unusable(folder: Path, paths: Paths) -> str | None:
    """Return None if the backup of each night can go to this folder of the settings, or a sentence that says why not.
    Raises OSError where it cannot be looked at."""
    if not folder.is_dir():
        return f'There is no folder {folder} for the backup of each night. Make it, or mount its disk.'
    # The backups have a folder media beside them, in which they delete what they no longer need.
    place, data = folder.resolve(), paths.data.resolve()
    if place == data or any(place.is_relative_to(data / name) for name in (*BACKED_UP, *SECRET, *NOT_BACKED_UP)):
        return f'{folder} is a folder of the site itself. Set QUICKPUB_BACKUPS to another one, best on another disk.'
    if not os.access(folder, os.W_OK | os.X_OK):
        return f'The backup of each night cannot be written to {folder}. Its owner must be the user that runs the site.'
    return None


def list_whole(folder: Path) -> list[Whole]:
    """Return the backups without secrets and with media in this folder, newest first. It may be missing."""
    if not folder.is_dir():
        return []
    return [Whole(at, path, path.stat().st_size) for at, path in _list(folder, 'quickpub').items()]


def list_nightly(folder: Path) -> dict[datetime, Path]:
    """Return the nightly backups in this folder by their time (UTC without a zone), newest first. Each is complete: it
    gets its name last. Raises OSError where the folder cannot be read."""
    return _list(folder, 'nightly')


def _list(folder: Path, kind: str) -> dict[datetime, Path]:
    found = {}
    for path in folder.iterdir():
        named = PATTERN.fullmatch(path.name)
        if named and named[1] == kind:
            found[datetime.strptime(named[2], TIME)] = path
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
