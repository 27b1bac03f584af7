"""Write quickpub/schema.sql from the migrations: `make schema`."""

import tempfile
from pathlib import Path

from peewee import SqliteDatabase
from playhouse.migrations import Runner

from quickpub import migrating, schema, settings


def schema_of(migrations):
    """The tables that these migrations make of nothing, as in sqlite_master."""
    settings.use(settings.from_env({}))  # one of them asks for a setting
    with tempfile.TemporaryDirectory() as folder:
        made = SqliteDatabase(str(Path(folder) / 'made.db'))
        Runner(made, str(migrations)).up()
        found = made.execute_sql('SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL').fetchall()
        made.close()
    return found


if __name__ == '__main__':
    schema.FILE.write_text(schema.to_text(schema_of(migrating.MIGRATIONS)), 'utf-8')
