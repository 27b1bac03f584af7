"""The tables that the queue makes by itself are those that Quickpub's migrations make."""

from peewee import SqliteDatabase

from quickpub.db import db
from quickpub.jobs import tables

TABLES = {'job', 'job_tally', 'job_pause', 'recurring_job', 'job_key_value', 'job_counter'}


def statements(database):
    """Return the statements of the queue's tables and indexes by name, without white space and without the quotes that
    SQLite puts around the names of renamed tables."""
    rows = database.execute_sql("SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('table', 'index') "
                                'AND sql IS NOT NULL').fetchall()
    return {name: ''.join(sql.replace('"', '').split()) for name, table, sql in rows if table in TABLES}


def test_the_queue_makes_the_tables_that_the_migrations_make(site, tmp_path):
    own = SqliteDatabase(tmp_path / 'own.db', lock_type='IMMEDIATE')
    tables.bind(own)
    try:
        with own.connection_context():
            for _ in range(2):  # the second time they are there
                tables.create()
            assert statements(own) == statements(db) and statements(own).keys() > TABLES
        assert (tmp_path / 'run').is_dir()
    finally:
        tables.bind(db)
