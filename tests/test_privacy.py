"""What PRIVACY.md says is true: after a day of traffic nothing in any file of the site tells who was there."""

import re
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import BROWSER, clean_up, person, write
from rig import Rig, wait_for

from quickpub import db, migrating, settings
from quickpub.audience import calendar, counting, recording, spool, sums
from quickpub.audience import visitors as visitor_names
from quickpub.models import TABLES, DailyReferrers, DailySalt, DailyViews, DailyVisitor, DailyVisitorCount, Site
from quickpub.throttle import ThrottleUse

ADDRESS, AGENT = '203.0.113.77', BROWSER + ' Marked/4711'
FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0'
ROOT = Path(__file__).parent.parent


def visit(browse, path, address=ADDRESS, agent=AGENT, **headers):
    browser = browse()
    browser.extra_environ |= {'REMOTE_ADDR': address, 'HTTP_USER_AGENT': agent}
    browser.get(path, headers=headers)


@pytest.fixture
def hills(site, alice, browse):
    return write(alice, 'On hills')


@pytest.fixture
def fold(app):
    def fold():
        with db.db.connection_context():
            return counting.count_recorded_views()
    return fold


def visitors(scope):
    with db.db.connection_context():
        return sum(row.visitors for row in DailyVisitorCount.select().where(DailyVisitorCount.scope == scope))


def test_no_file_tells_who_was_there(site, hills, browse, fold, capfd):
    for _ in range(3):
        visit(browse, hills.path, Referer='https://news.example.net/a/secret/page?q=1')
        visit(browse, '/')
    for path in site.data.rglob('*'):
        if path.is_file():
            assert_says_nothing(path.read_bytes(), path)
    fold()
    for path in site.data.rglob('*'):
        if path.is_file():
            assert_says_nothing(path.read_bytes(), path)
    assert_says_nothing(''.join(capfd.readouterr()).encode(), 'what was logged')
    assert visitors(hills.id) == 1


def assert_says_nothing(found, where):
    for mark in (ADDRESS.encode(), b'Marked', b'secret/page'):
        assert mark not in found, (mark, where)


def test_a_real_server_keeps_and_logs_nobody(tmp_path):
    rig = Rig(tmp_path, trusted_proxy='127.0.0.1')
    try:
        migrating.migrate(settings.from_env(rig.environ()))
        with rig.database():
            Site.create(id=1, title='The Village Voice')
            path = write(person('alice'), 'On hills').path
        served = rig.serve()
        for wanted in (path, path, '/', '/nothing', '/login'):
            asked = urllib.request.Request(rig.url + wanted, headers={'X-Forwarded-For': ADDRESS, 'User-Agent': AGENT})
            with suppress(urllib.error.HTTPError):
                urllib.request.urlopen(asked).close()
        with rig.database():
            wait_for(lambda: DailyViews.select().exists() and DailyViews.get().views == 2, 'the views to be counted')
            assert DailyVisitorCount.get(DailyVisitorCount.scope == sums.SITE).visitors == 1
            for file in rig.data.rglob('*'):
                if file.is_file():
                    assert_says_nothing(file.read_bytes(), file)
        assert_says_nothing(served.output().encode(), 'what was logged')
    finally:
        rig.close()


def test_two_people_are_two_and_reading_twice_is_one(site, hills, alice, browse, fold):
    other = write(alice, 'On dales')
    visit(browse, hills.path)
    visit(browse, hills.path)
    visit(browse, hills.path, address='203.0.113.78')
    visit(browse, hills.path, agent=FIREFOX)
    visit(browse, other.path)
    assert fold() == 5
    assert visitors(hills.id) == 3 and visitors(other.id) == 1
    assert visitors(-alice.id) == 3 and visitors(sums.SITE) == 3
    visit(browse, hills.path)
    fold()
    assert visitors(hills.id) == 3 and visitors(sums.SITE) == 3


def test_tomorrow_they_are_somebody_else_and_after_two_days_forgotten(site, hills):
    today = db.now()
    for days in range(3):
        recording.record_view(hills.id, today + timedelta(days=days), ADDRESS, AGENT)
    counting.count_recorded_views()
    names = [row.visitor for row in DailyVisitor.select().where(DailyVisitor.scope == hills.id)]
    assert len(set(names)) == 3 and visitors(hills.id) == 3
    db.db.connect(reuse_if_open=True)
    assert DailySalt.select().count() == 3
    counting.clean_up(today + timedelta(days=2))
    assert [row.day for row in DailySalt.select().order_by(DailySalt.day)] == [
        calendar.site_day(today + timedelta(days=1)), calendar.site_day(today + timedelta(days=2))]
    assert DailyVisitor.select().where(DailyVisitor.scope == hills.id).count() == 2
    assert visitors(hills.id) == 3, 'the numbers stay'
    db.db.connect(reuse_if_open=True)
    assert sum(row.views for row in DailyViews.select()) == 3


def test_the_key_is_overwritten_and_not_only_let_go(site, hills):
    recording.record_view(hills.id, db.now(), ADDRESS, AGENT)
    counting.count_recorded_views()
    key, name = bytes(DailySalt.get().key), DailyVisitor.get().visitor.encode()
    db.db.execute_sql('PRAGMA wal_checkpoint(TRUNCATE)')
    assert key in site.paths.database.read_bytes() and name in site.paths.database.read_bytes()
    counting.clean_up(db.now() + timedelta(days=3))
    db.db.execute_sql('PRAGMA wal_checkpoint(TRUNCATE)')
    assert key not in site.paths.database.read_bytes() and name not in site.paths.database.read_bytes()


@pytest.mark.parametrize(('referrer', 'host'), [
    ('https://www.example.net/page?secret=1', 'example.net'), ('http://Example.NET:8080', 'example.net'), ('', None),
    ('android-app://com.google.android.gm/', 'com.google.android.gm'), ('http://127.0.0.1/p/other', None),
    ('https://exa mple.net/', None), ('//[', None), ('nonsense', None),
    ('https://xn--bcher-kva.example/', 'xn--bcher-kva.example'),
    ('https://' + 'a' * 200 + '.net/', None), ('https://a.net\n1 2026-01-01 x y', None), ('https://x' * 2000, None)])
def test_only_the_host_of_a_referrer_is_kept(site, hills, referrer, host):
    recording.record_view(hills.id, db.now(), ADDRESS, AGENT, referrer)
    assert counting.count_recorded_views() == 1
    assert [row.host for row in DailyReferrers.select()] == ([host] if host else [])


def test_who_claims_to_come_from_everywhere_fills_no_table(site, hills):
    for number in range(3 * sums.HOSTS_A_DAY):
        recording.record_view(hills.id, db.now(), ADDRESS, AGENT, f'https://spam{number}.example/')
    counting.count_recorded_views()
    rows = {row.host: row.views for row in DailyReferrers.select()}
    assert len(rows) == sums.HOSTS_A_DAY + 1 and rows[sums.OTHERS] == 2 * sums.HOSTS_A_DAY


def test_without_a_key_a_view_counts_and_its_visitor_does_not(site, hills, monkeypatch):
    monkeypatch.setattr(visitor_names, '_daily_salt', lambda day: None)
    recording.record_view(hills.id, db.now(), ADDRESS, AGENT)
    assert counting.count_recorded_views() == 1 and visitors(hills.id) == 0


def test_what_is_counted_does_not_stay_in_the_file_it_was_recorded_in(site, hills):
    recording.record_view(hills.id, db.now(), ADDRESS, AGENT)
    counting.count_recorded_views()
    name, file = DailyVisitor.get().visitor.encode(), next(spool.folder().iterdir())
    assert name in file.read_bytes()
    recording.record_view(hills.id, db.now(), ADDRESS, FIREFOX)
    counting.clean_up(db.now())
    assert name not in file.read_bytes()
    assert counting.count_recorded_views() == 1 and counting.count_recorded_views() == 0 and visitors(hills.id) == 2


def test_each_night_what_is_old_is_forgotten(site, hills):
    recording.record_view(hills.id, db.now() - timedelta(days=5), ADDRESS, AGENT)
    counting.count_recorded_views()
    clean_up()
    assert not DailyVisitor.select().exists() and not DailySalt.select().exists()


def test_the_page_about_privacy_is_linked():
    assert 'PRIVACY.md' in (ROOT / 'README.md').read_text()


@pytest.mark.parametrize('page', ['PRIVACY.md', 'SECURITY.md'])
def test_every_table_that_is_named_exists(page):
    named = {name for words in re.findall(r'\btables? ((?:`\w+`(?:, | and )?)+)', (ROOT / page).read_text())
             for name in re.findall(r'`(\w+)`', words)}
    assert named and named <= {table._meta.table_name for table in (*TABLES, ThrottleUse)}
