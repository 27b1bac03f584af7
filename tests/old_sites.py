"""Unpack the data folders of old sites that tests/data holds."""

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

DATA = Path(__file__).parent / 'data'
MOMENT = re.compile(r'\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?')
DAY = re.compile(r'\b\d{4}-\d\d-\d\d\b(?! \d\d:)')


def unpack(name: str, into: Path) -> None:
    """Make the data folder of the old site `name`, with all dates moved as if it had been stopped just now."""
    source = DATA / name
    shutil.copytree(source, into, ignore=lambda folder, names: {'site.sql'} & set(names))
    (into / 'secret').chmod(0o600)
    for empty in ('exports', 'outbox', 'run'):
        (into / empty).mkdir()
    dump = (source / 'site.sql').read_text()
    stopped = datetime.fromisoformat(dump.partition('\n')[0].removeprefix('-- Stopped at '))
    now = datetime.now(UTC).replace(tzinfo=None)
    for views in (into / 'spool').iterdir():
        views.write_text(move_dates(views.read_text(), stopped, now))
    with closing(sqlite3.connect(into / 'quickpub.db')) as database:
        database.executescript(move_dates(dump, stopped, now))
        database.execute('PRAGMA journal_mode = WAL')


def move_dates(text: str, stopped: datetime, now: datetime) -> str:
    """Move all moments in a text by the time that has passed since `stopped`, and all days by the days."""
    def move_moment(found: re.Match[str]) -> str:
        return str(datetime.fromisoformat(found[0]) + (now - stopped))

    def move_day(found: re.Match[str]) -> str:
        return str(datetime.fromisoformat(found[0]).date() + (now.date() - stopped.date()))
    return MOMENT.sub(move_moment, DAY.sub(move_day, text))
