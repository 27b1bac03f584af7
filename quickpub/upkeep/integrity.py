"""Look for damage in the database: a few bytes that a disk has lost are not noticed until they are read."""

import logging
from datetime import datetime

from peewee import DatabaseError

from .. import findings
from ..db import let_others_write, rows_of
from ..jobs.errors import is_out_of_reach
from ..translations.messages import N_

log = logging.getLogger('quickpub.integrity')

NAME = 'integrity'  # of the finding
ADVICE = N_('Stop the site, copy its data folder and restore the last backup. If there is none, run `sqlite3 '
            'quickpub.db .recover` to save what can still be read. Then check the disk.')


def check(at: datetime) -> str:
    """Check the whole database. Return what is damaged, or '', and record it for /healthz and the owner's page.

    One table at a time: a reader keeps the WAL from being reset, so a long check would let it grow.
    """
    tables = rows_of("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    problem = ''
    for (name,) in [('sqlite_schema',), *sorted(tables)]:
        problem = problem or _damage_in(name)
        let_others_write()
    if problem:
        log.error('quickpub.db is damaged (%s). %s', problem, ADVICE)
    findings.record(NAME, problem, at)
    return problem


def _damage_in(table: str) -> str:
    try:
        (said, *_), *_ = rows_of(f"PRAGMA quick_check('{table}')")
    except DatabaseError as error:
        if is_out_of_reach(error):
            raise
        said = str(error)
    return '' if said == 'ok' else f'in the table {table}: {said.splitlines()[0]}'
