"""Damage in the database is found by a job of its own, remembered, and said with what to do."""

import threading
from datetime import datetime

import pseudo
import pytest
from conftest import write

from quickpub import batches, db, findings, tasks, watch
from quickpub.models import Site, Tag
from quickpub.upkeep import health, integrity

PAGE = 4096


def damage(site, table, content):
    """Overwrite a page of this table on the disk, as a failing one does."""
    db.db.execute_sql('PRAGMA wal_checkpoint(TRUNCATE)')
    page, = db.db.execute_sql('SELECT rootpage FROM sqlite_master WHERE name = ?', (table,)).fetchone()
    db.db.close()
    watch.CommitWatch.of(site).close()
    with open(site.paths.database, 'r+b') as file:
        file.seek((page - 1) * PAGE)
        file.write(content)


@pytest.mark.parametrize('table', ['post', 'message', 'post_public', 'daily_views', 'search_data', 'user', 'tag'])
@pytest.mark.parametrize('content', [bytes(PAGE), b'\xff' * PAGE, b'\x0d\x00\x00\xff\xff'],
                         ids=['zeros', 'ones', 'few'])
def test_damage_is_found_and_said_on_every_page_that_tells_of_health(site, olga, browse, table, content):
    write(olga, 'Beans', tags='a')
    owner = browse(olga)
    db.db.connect(reuse_if_open=True)
    assert integrity.check(db.now()) == '' and findings.latest(integrity.NAME).problem == ''
    damage(site, table, content)
    db.db.connect(reuse_if_open=True)
    said = integrity.check(db.now())
    assert table.partition('_public')[0] in said
    db.db.close()
    answer = owner.get('/healthz', status=503)
    assert 'is damaged' in answer.json['checks']['integrity'] and answer.json['integrity_checked_at']
    if table in ('message', 'daily_views', 'search_data'):
        page = owner.get('/admin').text
        assert 'is damaged' in page and 'restore the last backup' in page


def test_the_owner_sees_when_it_was_checked(site, olga, browse):
    owner = browse(olga)
    assert 'no damage found' not in owner.get('/admin')
    assert owner.get('/healthz', status=503).json['integrity_checked_at'] is None
    db.db.connect(reuse_if_open=True)
    integrity.check(datetime(2026, 3, 1))
    db.db.close()
    assert 'Database checked on 1 March 2026: no damage found.' in owner.get('/admin')
    answer = owner.get('/healthz', status=503)
    assert answer.json['integrity_checked_at'].startswith('2026-03-01T') and answer.json['checks']['integrity'] is True


def test_others_write_while_it_looks(site):
    def write_while(done):
        with db.db.connection_context():
            for number in range(50):
                Tag.create(name=f'{number}', slug=f'{number}')
        done.set()
    done = threading.Event()
    writer = threading.Thread(target=write_while, args=(done,))
    writer.start()
    while not done.is_set():
        assert integrity.check(db.now()) == ''
    writer.join()
    assert Tag.select().count() == 50


def test_it_is_a_job_of_every_week(site):
    assert 'quickpub.tasks.check_integrity' in [name for name, *_ in tasks.huey.recurring_jobs(db.now())]
    tasks.check_integrity.call_local()
    assert findings.latest(integrity.NAME) is not None


def test_the_owner_reads_about_damage_and_failed_items_in_their_own_language(site, olga, browse, connection,
                                                                             monkeypatch):
    with connection():
        findings.record(integrity.NAME, 'in the table post', db.now())
        batches.set_aside('report of author', 4711, ValueError('odd'), db.now())
        Site.change(language=pseudo.add_to(monkeypatch))
        assert 'is damaged' in health.problems(db.now())['integrity'], 'in English outside of pages'
    owner, data = browse(olga), ['The Village Voice', 'Olga', 'News from the hill']
    page = owner.get('/admin')
    assert '(in the table post)' in page and pseudo.untranslated(page.text, data) == []
    alerts = owner.get('/admin/jobs').html.find_all(attrs={'role': 'note'})
    assert 'odd' in str(alerts) and pseudo.untranslated(str(alerts[0]), data) == []
