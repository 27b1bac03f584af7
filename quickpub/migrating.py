"""Create a site, or bring its tables up to date; and refuse tables that this version cannot use."""

import logging
import os
from pathlib import Path

from playhouse.migrations import Runner

from . import data_folder, processes, schema, secret
from .db import WORK_PATIENCE, bind, db, rows_of
from .settings import Settings

log = logging.getLogger('quickpub.db')

MIGRATIONS = Path(__file__).parent / 'migrations'


class SchemaError(Exception):
    """There is no site here, or its tables are not those of this version. The message says what to do."""


def migrate(settings: Settings) -> list[str]:
    """Create the site if there is none, and bring its tables up to date. Return the names of the migrations that ran.

    One process at a time: two would create the same tables. Never call this inside a transaction, where foreign keys
    cannot be switched off, and rebuilding a table would delete the rows that refer to it. Raises SchemaError.
    """
    if data_folder.has_lost_database(settings.paths):
        raise SchemaError(lost_database(settings))
    for name in data_folder.create(settings.paths):
        log.warning('%s was gone and is made again, empty', settings.data / name)
    with processes.exclusive(settings.paths.migration_lock):
        bind(settings, WORK_PATIENCE)
        with db.connection_context():
            runner = Runner(db, os.fspath(MIGRATIONS))
            if any(step.path is None for step in runner.status()):
                check_schema(settings)
            steps = list(runner.up())
            check_schema(settings)
            if not db.execute_sql('SELECT 1 FROM user LIMIT 1').fetchone():
                secret.create(settings.paths.secret)
    _ = settings.secret
    return steps


def known_steps() -> list[str]:
    """Return the names of all migrations of this version, oldest first."""
    return [path.stem for path in sorted(MIGRATIONS.glob('[0-9]*.py'))]


def check_schema(settings: Settings) -> None:
    """Raise SchemaError unless the tables are exactly those of this version."""
    status = Runner(db, os.fspath(MIGRATIONS)).status()
    if behind := [step.name for step in status if step.applied is None]:
        raise SchemaError(f'The site in {settings.data} was made by an older version ({", ".join(behind)} is missing). '
                          f'Run `quickpub migrate`, then start again.')
    if ahead := [step.name for step in status if step.path is None]:
        raise SchemaError(f'The site in {settings.data} was made by a newer version (it has {", ".join(ahead)}). '
                          f'Install that version again, or restore a backup made with this one.')
    if differences := schema.differences(rows_of('SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL')):
        raise SchemaError(f'The tables in {settings.paths.database} are not those of this version: '
                          f'{"; ".join(differences[:3])}{" …" if len(differences) > 3 else ""}. Somebody, or another '
                          'version, has changed them. Install the version that made them, or restore a backup.')


def lost_database(settings: Settings) -> str:
    """Return what to tell the operator of a site that has lost its database."""
    what = 'empty' if settings.paths.database.exists() else 'gone'
    return (f'quickpub.db is {what} in {settings.data}, although there is a site. Put it back, from a backup if need '
            'be; a site that runs goes on by itself then. (For a new site, set QUICKPUB_DATA to another folder.)')
