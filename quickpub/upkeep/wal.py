"""Empty the write-ahead log, so that it holds no older pages with data that was deleted since."""

import time

from peewee import OperationalError

from ..db import db
from ..jobs.liveness import wait

TRY_FOR = 0.5  # seconds of looking for a moment in which the WAL is not in use
TRY_EVERY = 0.02  # seconds


def empty_wal() -> bool:
    """Write the WAL into the database and cut it to nothing. Return False if it was in use all the time; nobody has to
    wait for this."""
    until = time.monotonic() + TRY_FOR
    db.execute_sql('PRAGMA busy_timeout = 0')
    try:
        while not _try_to_empty():
            if time.monotonic() >= until:
                return False
            wait(TRY_EVERY)
    finally:
        db.execute_sql(f'PRAGMA busy_timeout = {int(1000 * db.timeout)}')
    return True


def _try_to_empty() -> bool:
    try:
        is_busy, *_ = db.execute_sql('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()
    except OperationalError as error:  # a statement of this very connection is not at its end
        if 'locked' not in str(error):
            raise
        return False
    return not is_busy
