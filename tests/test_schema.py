"""Migrations that have landed stay as they are, and what they made is what this version needs."""

from hashlib import sha256
from pathlib import Path

import pytest
from make_schema import schema_of
from sites import make_old_site

from quickpub import db, findings, migrating, opening, schema
from quickpub.models import User

FROZEN = Path(__file__).with_name('migrations.sha256')  # as sha256sum writes it; `make freeze` adds what has landed


def frozen():
    return [tuple(reversed(line.split())) for line in FROZEN.read_text().splitlines()]


@pytest.mark.parametrize(('name', 'digest'), frozen())
def test_a_migration_that_has_landed_is_not_changed(name, digest):
    """Sites have run it. What must be different is a new migration."""
    assert sha256((migrating.MIGRATIONS / name).read_bytes()).hexdigest() == digest


def test_the_first_migrations_are_frozen():
    first = sorted(path.name for path in migrating.MIGRATIONS.glob('000[1-8]_*.py'))
    assert [name for name, _ in frozen()][:8] == first


def test_the_schema_is_what_the_migrations_make():
    assert schema.FILE.read_text('utf-8') == schema.to_text(schema_of(migrating.MIGRATIONS)), 'run `make schema`'


CHANGES = {
    'a column more': ('ALTER TABLE post ADD COLUMN mood TEXT', 'the table post has'),
    'a column less': ('ALTER TABLE finding DROP COLUMN at', 'the table finding has'),
    'a column renamed': ('ALTER TABLE tag RENAME COLUMN slug TO path', 'the table tag has'),
    'a table less': ('DROP TABLE finding', 'the table finding is missing'),
    'an index less': ('DROP INDEX post_public', 'the index post_public is missing'),
    'another index': ('DROP INDEX device_age; CREATE INDEX device_age ON device (user_id)', 'the index device_age'),
    'an index unique': ('DROP INDEX device_age; CREATE UNIQUE INDEX device_age ON device (used_at)', 'device_age'),
    'a trigger less': ('DROP TRIGGER content_series', 'the trigger content_series is missing'),
    'another trigger': ('DROP TRIGGER content_series; CREATE TRIGGER content_series AFTER UPDATE OF name ON series '
                        'BEGIN SELECT 1; END', 'the trigger content_series has'),
    'another literal': ("DROP INDEX export_waiting; CREATE INDEX export_waiting ON export (user_id, kind) "
                        "WHERE state = 'Waiting'", 'the index export_waiting has'),
    'another default': ("DROP TABLE finding; CREATE TABLE finding (name TEXT PRIMARY KEY, problem TEXT NOT NULL "
                        "DEFAULT '', at TEXT NOT NULL) STRICT, WITHOUT ROWID", 'the table finding has'),
    'no full-text index': ('DROP TABLE search', 'the table search is missing'),
}


@pytest.mark.parametrize(('sql', 'said'), CHANGES.values(), ids=CHANGES.keys())
def test_other_tables_than_those_of_this_version_are_refused_by_name(site, rig, sql, said):
    db.db.connection().executescript(sql)
    with pytest.raises(migrating.SchemaError, match=said):
        opening.open_site(site)
    with pytest.raises(migrating.SchemaError, match=said):
        migrating.migrate(site)


def test_every_process_refuses_them(site, rig):
    db.db.execute_sql('DROP INDEX post_public')
    for command in ('serve', 'web', 'consumer', 'migrate', 'check', 'report --all', 'jobs list'):
        refused = rig.run(*command.split())
        assert refused.returncode != 0 and 'the index post_public is missing' in refused.stderr
        assert 'Traceback' not in refused.stderr


@pytest.mark.parametrize('sql', [
    'CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)', 'CREATE TABLE _litestream_lock (id INTEGER)',
    'ANALYZE', 'CREATE TABLE mine (a)', 'CREATE INDEX mine ON post (words)', 'CREATE VIEW mine AS SELECT 1',
    'CREATE TRIGGER mine AFTER DELETE ON post BEGIN SELECT 1; END', 'VACUUM',
    "INSERT INTO search(search) VALUES('optimize')",
    'DROP INDEX device_age; create index   "device_age" -- as before\n on device(used_at)'])
def test_what_others_put_beside_does_not_matter(site, sql):
    db.db.connection().executescript(sql)
    opening.open_site(site)


def test_a_site_of_the_version_before_is_brought_up_to_date(config):
    with make_old_site(config):
        at = str(db.now())
        db.db.execute_sql('INSERT INTO user (id, name, handle, email, role, bio, timezone, report, created_at, '
                          "verified_at, reported_until) VALUES (1, 'A', 'alice', 'alice@example.org', 'author', '', "
                          "'UTC', 'daily', ?, ?, ?)", (at, at, at))
    migrating.migrate(config)
    opening.open_site(config)
    with db.db.connection_context():
        assert User.get().handle == 'alice'
        findings.record('integrity', '', db.now())
        assert findings.latest('integrity').problem == ''
        assert db.db.execute_sql('PRAGMA integrity_check').fetchall() == [('ok',)]
    db.db.close()
