"""Count the jobs that ended, minute by minute."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from peewee import fn

from .clock import is_ahead, now
from .tables import Tally, database

KEPT = timedelta(days=2)


def count(name: str, ended_as: str) -> None:
    """Count a job of this name that ended as `done` or `failed`."""
    database.execute_sql('INSERT INTO job_tally (minute, name, done, failed) VALUES (?, ?, ?, ?) ON CONFLICT '
                         'DO UPDATE SET done = done + excluded.done, failed = failed + excluded.failed',
                         (str(now().replace(second=0, microsecond=0)), name, ended_as == 'done', ended_as == 'failed'))


def throughput(at: datetime) -> list[tuple[datetime, int, int]]:
    """Return the last hour by minutes, oldest first: the minute, how many jobs were done, how many failed."""
    end = at.replace(second=0, microsecond=0)
    minutes = [end - timedelta(minutes=ago) for ago in range(59, -1, -1)]
    counts = {tally.minute: (tally.done, tally.failed) for tally in
              Tally.select(Tally.minute, fn.SUM(Tally.done).alias('done'), fn.SUM(Tally.failed).alias('failed'))
              .where(Tally.minute >= minutes[0]).group_by(Tally.minute)}
    return [(minute, *counts.get(minute, (0, 0))) for minute in minutes]


def last_runs(names: Iterable[str], at: datetime) -> dict[str, datetime]:
    """Return the minute, not after `at`, in which a job of each of these names last ended well; names that never did
    are left out."""
    found = database.execute_sql(
        'SELECT value, (SELECT minute FROM job_tally WHERE name = value AND done > 0 AND minute <= ? '
        'ORDER BY minute DESC LIMIT 1) FROM json_each(?)', (str(at), json.dumps(list(names))))
    return {name: datetime.fromisoformat(minute) for name, minute in found if minute}


def clean_up(at: datetime) -> None:
    """Delete old counts; of each name the last one stays."""
    Tally.delete().where(is_ahead(Tally.minute, at)).execute()
    latest = Tally.select(fn.MAX(Tally.minute)).group_by(Tally.name)
    Tally.delete().where(Tally.minute < at - KEPT, Tally.minute.not_in(latest)).execute()
