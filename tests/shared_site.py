"""One site that runs for all tests of this process that only use it: starting one takes longer than most of them.

Each test finds it as it was when it was new. A test that kills a process of its site, or needs settings of its own,
starts a site of its own instead.
"""

import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from conftest import template
from rig import MailServer, Rig, Visitor, wait_for

from quickpub import db
from quickpub.audience import counting
from quickpub.jobs.tables import Job

# Tables that stay, because the running processes rely on them.
KEPT = {'schema_migration', 'recurring_job', 'spool_offset', 'daily_salt', 'content', 'sqlite_sequence'}


@contextmanager
def lend():
    """Lend the running site, empty; `rig.mail_server` is its mail server. Its log is printed at the end, and pytest
    shows it if the test has failed."""
    rig = _running()
    empty(rig)
    said = len(rig.served.output())
    yield rig
    print(rig.served.output()[said:])


def _running():
    """Return the site, started anew if the last one does not answer any more."""
    if _start.cache_info().currsize and not _start().is_well():
        stop()
    return _start()


@cache
def _start():
    folder = Path(tempfile.mkdtemp(prefix='quickpub-shared-'))
    rig = SharedRig(folder)
    rig.open()
    rig.served = rig.serve()
    return rig


def stop():
    """End the site, if any test has started it."""
    if _start.cache_info().currsize:
        _start().close()
        _start.cache_clear()


class SharedRig(Rig):
    def __init__(self, folder):
        self.folder, self.mail_server = folder, MailServer()
        super().__init__(folder, smtp=self.mail_server.url)

    def is_well(self):
        return self.served.popen.poll() is None and Visitor(self.url).get('/healthz').status == 200

    def close(self):
        super().close()
        self.mail_server.close()
        shutil.rmtree(self.folder)


def empty(rig):
    """Make the site as it was when it was new, below the processes that run."""
    with rig.database():
        wait_for(lambda: not Job.select().where(Job.state == 'running').exists(), 'the work of the last test to end')
        counting.count_recorded_views()
        db.db.execute_sql('PRAGMA foreign_keys = 0')  # until this connection is closed
        with db.db.atomic('IMMEDIATE'):
            _empty_tables()
    for each in (rig.data / 'media').glob('*'):
        shutil.rmtree(each, ignore_errors=True)
    rig.mail_server.forget()


def _empty_tables():
    """Delete all rows without their triggers, which would count them; then insert the few of a new site."""
    run = db.db.execute_sql
    triggers = run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        run(f'DROP TRIGGER {name}')
    for table, rows in _new_rows().items():
        run(f'DELETE FROM "{table}"')
        for row in rows:
            run(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(row))})', row)
    run("INSERT INTO search (search) VALUES ('delete-all')")
    run('UPDATE content SET version = version + 1')
    for _, sql in triggers:
        run(sql)


@cache
def _new_rows():
    """Return the rows of each table of a new site."""
    new = sqlite3.connect(':memory:')
    data = bytearray(template())
    data[18:20] = b'\1\1'  # not in WAL mode, which memory has not
    new.deserialize(bytes(data))
    tables = new.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'search*'").fetchall()
    rows = {table: new.execute(f'SELECT * FROM "{table}"').fetchall() for table, in tables if table not in KEPT}
    new.close()
    return rows
