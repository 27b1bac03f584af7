"""Nobody inflates the numbers: one network counts up to a cap, and one person is one, whatever a program says it is."""

import random
from datetime import datetime, timedelta

import pytest
from conftest import BROWSER, clean_up, write

from quickpub import db
from quickpub.audience import (
    calendar,
    counting,
    future_days,
    network_cap,
    recording,
    spool,
    sums,
    user_agents,
)
from quickpub.audience import visitors as visitor_names
from quickpub.models import ClientViews, DailyReferrers, DailyViews, DailyVisitor, DailyVisitorCount, Post

FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0'
IPHONE = ('Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) '
          'Version/18.1 Mobile/15E148 Safari/604.1')
ANDROID = 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36'
CLASS = 30


@pytest.fixture
def hills(site, alice):
    return write(alice, 'On hills')


def forged(count):
    """User agents as a program makes them up: every version, every system, and words of its own."""
    chance = random.Random(7)
    systems = ['X11; Linux x86_64', 'Windows NT 10.0; Win64; x64', 'Macintosh; Intel Mac OS X 10_15_7',
               'iPad; CPU OS 18', 'Linux; Android 14', 'X11; CrOS x86_64', 'Haiku', 'PlayStation 5']
    browsers = ['Chrome/{}.0', 'Firefox/{}.0', 'Version/{} Safari/605', 'Chrome/{} Edg/{}', 'Chrome/{} OPR/{}',
                'Own{}/1']
    for number in range(count):
        browser = chance.choice(browsers).replace('{}', str(chance.randrange(1000)))
        yield f'Mozilla/5.0 ({chance.choice(systems)}) AppleWebKit/537.36 (KHTML, like Gecko) {browser} x{number}'


def visitors(scope):
    return sum(row.visitors for row in DailyVisitorCount.select().where(DailyVisitorCount.scope == scope))


def views():
    return Post.get().views, sum(row.views for row in DailyViews.select())


@pytest.mark.parametrize('address', ['203.0.113.77', '2001:db8:1:2::7', '::ffff:203.0.113.77', '127.0.0.1', 'nonsense'])
@pytest.mark.parametrize('folds', [1, 60])
def test_a_program_at_one_address_counts_up_to_the_cap(site, hills, address, folds):
    at = db.now()
    for number, agent in enumerate(forged(3000)):
        recording.record_view(hills.id, at, address, agent, f'https://host{number % 9}.example/')
        if number % (3000 // folds) == 0:
            counting.count_recorded_views()
    counting.count_recorded_views()
    assert views() == (network_cap.CAP, network_cap.CAP)
    assert sum(row.views for row in DailyReferrers.select()) == network_cap.CAP
    for scope in (hills.id, -hills.author_id, sums.SITE):
        assert 1 < visitors(scope) <= len(user_agents.FAMILIES) * len(user_agents.PLATFORMS) < network_cap.CAP


@pytest.mark.parametrize('address', [
    lambda number: f'203.0.113.{number % 256}', lambda number: f'2001:db8:1:2:{number % 65536:x}::{number:x}'])
def test_a_program_with_a_whole_network_counts_up_to_the_cap(site, hills, alice, address):
    other, at = write(alice, 'On dales'), db.now()
    for number, agent in enumerate(forged(3000)):
        recording.record_view((hills if number % 2 else other).id, at, address(number), agent)
    counting.count_recorded_views()
    assert [post.views for post in Post.select()] == [network_cap.CAP, network_cap.CAP]
    assert all(0 < visitors(scope) <= network_cap.CAP for scope in (hills.id, other.id, -alice.id, sums.SITE))


@pytest.mark.within_a_minute  # the cap is one for each day
def test_the_application_caps_what_it_is_asked_for(hills, browse, connection, monkeypatch):
    monkeypatch.setattr(network_cap, 'CAP', 20)
    browser = browse()
    for agent in forged(60):
        browser.extra_environ['HTTP_USER_AGENT'] = agent
        browser.get(hills.path)
    with connection():
        counting.count_recorded_views()
        assert views() == (20, 20)


@pytest.mark.parametrize('address', [
    lambda pupil: '203.0.113.77', lambda pupil: f'203.0.113.{pupil}', lambda pupil: '2001:db8:1:2::7',
    lambda pupil: f'2001:db8:1:2::{pupil:x}'])
def test_a_class_that_reads_the_same_post_twice_counts_fully(site, hills, address):
    at = db.now()
    for _ in range(2):
        for pupil in range(CLASS):
            recording.record_view(hills.id, at, address(pupil), (BROWSER, FIREFOX, IPHONE, ANDROID)[pupil % 4])
    counting.count_recorded_views()
    assert views() == (2 * CLASS, 2 * CLASS)
    assert visitors(hills.id) in (4, CLASS)  # behind one address, as many as they have kinds of browsers


@pytest.mark.parametrize(('one', 'other', 'people'), [
    (('203.0.113.7', BROWSER), ('203.0.113.7', FIREFOX), 2), (('203.0.113.7', BROWSER), ('203.0.113.7', ANDROID), 2),
    (('203.0.113.7', IPHONE), ('203.0.113.7', ANDROID), 2), (('203.0.113.7', BROWSER), ('203.0.113.8', BROWSER), 2),
    (('203.0.113.7', BROWSER), ('203.0.113.7', BROWSER), 1),
    (('203.0.113.7', BROWSER), ('203.0.113.7', BROWSER.replace('131', '132')), 1),  # the browser was updated
    (('203.0.113.7', BROWSER), ('203.0.113.7', f'{BROWSER} {"x" * 5000}'), 1),
    (('203.0.113.7', BROWSER), ('::ffff:203.0.113.7', BROWSER), 1),
    (('203.0.113.7', BROWSER), ('::ffff:cb00:7107', BROWSER), 1),
    (('2001:db8::1', BROWSER), ('2001:db8::2', BROWSER), 1),
    (('2001:db8::1', BROWSER), ('2001:DB8:0:0::1', FIREFOX), 2),
    (('2001:db8::1', BROWSER), ('2001:db8:0:1::1', BROWSER), 2), (('fe80::1%eth0', BROWSER), ('fe80::2', BROWSER), 1)])
def test_who_is_who(site, hills, one, other, people):
    at = db.now()
    for address, agent in (one, other, one, other):
        recording.record_view(hills.id, at, address, agent)
    counting.count_recorded_views()
    assert views() == (4, 4) and visitors(hills.id) == visitors(sums.SITE) == people


def test_the_cap_is_for_each_post_day_and_network(site, alice, monkeypatch):
    monkeypatch.setattr(network_cap, 'CAP', 5)
    posts, at = [write(alice, 'One'), write(alice, 'Two')], db.now()
    for post in posts:
        for days in (0, 1):
            for address in ('203.0.113.7', '203.0.114.7', '2001:db8::1'):
                for _ in range(9):
                    recording.record_view(post.id, at + timedelta(days=days), address, BROWSER)
    counting.count_recorded_views()
    assert [post.views for post in Post.select()] == [30, 30]
    assert {row.views for row in DailyViews.select()} == {15} and {row.views for row in ClientViews.select()} == {5}


def test_the_day_is_the_one_of_the_site(site, hills, monkeypatch):
    monkeypatch.setattr(network_cap, 'CAP', 5)
    object.__setattr__(site, 'timezone', 'Pacific/Auckland')
    before = datetime(2026, 3, 5, 10, 59)  # one minute before midnight there
    for minutes in (0, 2):
        for _ in range(9):
            recording.record_view(hills.id, before + timedelta(minutes=minutes), '203.0.113.7', BROWSER)
    counting.count_recorded_views()
    assert [(str(row.day), row.views) for row in DailyViews.select().order_by(DailyViews.day)] == [
        ('2026-03-05', 5), ('2026-03-06', 5)]


def test_the_cap_holds_for_several_web_processes_and_after_any_of_them_ends(site, hills, monkeypatch):
    monkeypatch.setattr(network_cap, 'CAP', 50)
    spools, at = [spool.Spool() for _ in range(3)], db.now()
    for number in range(120):
        monkeypatch.setattr(spool, 'mine', spools[number % 3])
        recording.record_view(hills.id, at, '203.0.113.7', BROWSER)
        if number in (20, 70):
            counting.count_recorded_views()
            spools[1].close()
    counting.count_recorded_views()
    assert views() == (50, 50) and ClientViews.get().views == 50
    for each in spools:
        each.close()


def test_a_count_that_fails_half_way_leaves_the_cap_where_it_was(site, hills, monkeypatch):
    monkeypatch.setattr(network_cap, 'CAP', 10)
    at = db.now()
    for _ in range(8):
        recording.record_view(hills.id, at, '203.0.113.7', BROWSER)
    with monkeypatch.context() as broken:
        broken.setattr(sums, '_add_referrers', lambda views: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            counting.count_recorded_views()
    assert views() == (0, 0) and not ClientViews.select().exists()
    counting.count_recorded_views()
    for _ in range(8):
        recording.record_view(hills.id, at, '203.0.113.7', BROWSER)
    counting.count_recorded_views()
    assert views() == (10, 10)


@pytest.mark.parametrize('line', ['{} {}\n', '{} {} - -\n', '{} {} 0123456789abcdef -\n', '{} {} - news.example\n'])
def test_files_of_an_older_version_are_counted_as_they_are(site, hills, line):
    day = calendar.site_day(db.now())
    for _ in range(2 * network_cap.CAP):
        spool.mine.append(line.format(hills.id, day).encode())
    assert counting.count_recorded_views() == 2 * network_cap.CAP
    assert views() == (2 * network_cap.CAP,) * 2
    assert visitors(hills.id) == ('0123' in line) and not ClientViews.select().exists()


def test_without_a_key_views_count_and_name_nobody(site, hills, monkeypatch):
    monkeypatch.setattr(visitor_names, '_daily_salt', lambda day: None)
    recording.record_view(hills.id, db.now(), '203.0.113.7', BROWSER)
    assert counting.count_recorded_views() == 1 and views() == (1, 1)
    assert not ClientViews.select().exists() and not DailyVisitor.select().exists()


def test_networks_are_forgotten_after_two_days_and_have_another_name_each_day(site, hills):
    today = db.now()
    for days in range(3):
        recording.record_view(hills.id, today + timedelta(days=days), '203.0.113.7', BROWSER)
    counting.count_recorded_views()
    names = [row.network for row in ClientViews.select()]
    assert len(set(names)) == 3
    counting.clean_up(today + timedelta(days=2))
    assert [row.day for row in ClientViews.select().order_by(ClientViews.day)] == [
        calendar.site_day(today + timedelta(days=days)) for days in (1, 2)]
    db.db.execute_sql('PRAGMA wal_checkpoint(TRUNCATE)')
    content = site.paths.database.read_bytes()
    assert names[0].encode() not in content and names[2].encode() in content


def test_a_clock_that_was_ahead_costs_no_views(site, hills):
    at = db.now()
    for days in (0, 400):
        for _ in range(network_cap.CAP):
            recording.record_view(hills.id, at + timedelta(days=days), '203.0.113.7', BROWSER)
    counting.count_recorded_views()
    future_days.move_to_today(at)
    clean_up()
    assert views() == (2 * network_cap.CAP,) * 2
    assert all(row.day <= calendar.site_day(at) + timedelta(days=1) for row in ClientViews.select())


def test_a_post_takes_its_networks_along(site, hills):
    recording.record_view(hills.id, db.now(), '203.0.113.7', BROWSER)
    counting.count_recorded_views()
    assert ClientViews.select().exists()
    hills.delete_instance()
    assert not ClientViews.select().exists()


@pytest.mark.parametrize(('agent', 'family'), [
    (BROWSER, 'Chrome on Linux'), (FIREFOX, 'Firefox on Linux'), (IPHONE, 'Safari on iPhone'),
    (ANDROID, 'Chrome on Android'),
    (ANDROID.replace('Chrome', 'SamsungBrowser/27 Chrome'), 'Samsung Internet on Android'),
    (BROWSER + ' Edg/131.0', 'Edge on Linux'), (IPHONE.replace('Version/18.1', 'CriOS/131'), 'Chrome on iPhone'),
    (IPHONE.replace('Version/18.1', 'FxiOS/131'), 'Firefox on iPhone'),
    (IPHONE.replace('iPhone', 'iPad'), 'Safari on iPad'),
    ('Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0', 'Firefox on Windows'),
    ('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18 Safari/605', 'Safari on Mac'),
    ('Lynx/2.9', 'other on other'), ('', 'other on other'), ('\udcff', 'other on other')])
def test_families(agent, family):
    assert user_agents.family_of(agent) == family
