"""Settings that owners change in the browser: declared once, decided by the environment or stored, seen everywhere."""

from dataclasses import replace
from itertools import pairwise

import pytest
from conftest import drain, open_site, person
from peewee import DatabaseError
from sites import browser_of

from quickpub import db, opening, settings, site_settings
from quickpub.content import rerendering
from quickpub.models import Site, SiteSetting
from quickpub.tasks import huey, render_posts


def set_in_browser(**values):
    """What another process stores while this one runs."""
    with db.db.connection_context():
        site_settings.store(values)


def from_env(**given):
    return settings.from_env({f'QUICKPUB_{name.upper()}': value for name, value in given.items()})


def test_each_setting_has_a_scope_and_secrets_are_for_the_environment_alone():
    scopes = {each.name: each.metadata['scope'] for each in settings.declared()}
    assert {name for name, scope in scopes.items() if scope == settings.BROWSER} == {
        'signup', 'timezone', 'report', 'report_time', 'quota'}
    assert [name for name, scope in scopes.items() if scope == settings.NEW_SITE] == ['language']
    assert [each.name for each in settings.declared() if each.metadata['secret'] and each.name in scopes
            and scopes[each.name] != settings.MACHINE] == []


def test_stored_values_apply_to_what_the_environment_leaves_open():
    stored = {'signup': 'closed', 'report_time': '07:00', 'quota': '5', 'smtp': 'smtp://elsewhere', 'port': '1'}
    found = from_env(quota='1000').with_stored(stored)
    assert (found.signup, f'{found.report_time:%H:%M}') == ('closed', '07:00')
    assert (found.quota, found.smtp, found.port) == (1000, '', 8000)  # the first is set, even if to its default
    assert found.is_editable('signup') and not found.is_editable('quota') and not found.is_editable('smtp')


def test_a_program_decides_like_the_environment():
    assert replace(from_env(), signup='invite').with_stored({'signup': 'closed'}).signup == 'invite'


def test_a_stored_value_that_cannot_be_used_is_skipped_and_logged(caplog):
    assert from_env().with_stored({'timezone': 'Mars/Base', 'signup': 'closed'}).masked()['QUICKPUB_TIMEZONE'] == 'UTC'
    assert 'timezone' in caplog.text


def test_other_processes_get_what_was_given_and_find_the_rest_in_the_database():
    found = from_env(quota='5').with_stored({'signup': 'closed'})
    assert found.environ()['QUICKPUB_QUOTA'] == '5' and 'QUICKPUB_SIGNUP' not in found.environ()
    assert found.masked()['QUICKPUB_SIGNUP'] == 'closed'
    assert settings.from_env(found.environ()) == from_env(quota='5')


def test_a_page_shows_a_change_at_once_also_one_that_was_cached(browse):
    reader = browse()
    assert '/signup' in reader.get('/') and '/signup' in reader.get('/archive')
    set_in_browser(signup='closed')
    assert '/signup' not in reader.get('/') and '/signup' not in reader.get('/archive')
    assert 'name="password"' not in reader.get('/signup')
    with db.db.connection_context():
        SiteSetting.delete().execute()
    assert '/signup' in reader.get('/')


def test_a_site_whose_environment_decides_does_not_follow_the_browser(config):
    for found in open_site(replace(config, signup='closed')):
        site_settings.store({'signup': 'open'})
        assert '/signup' not in browser_of(found).get('/')


def test_a_job_sees_a_change(site, monkeypatch):
    seen = []
    monkeypatch.setattr(rerendering, 'render_outdated', lambda: seen.append(settings.current().quota))
    for quota in ('7', '8'):
        site_settings.store({'quota': quota})
        render_posts()
        drain()
    assert seen == [7, 8]


def test_the_scheduler_sees_a_change(site):
    site_settings.store({'timezone': 'Asia/Tokyo'})
    huey.read_schedule()
    assert huey.find_zone().key == 'Asia/Tokyo'


def test_opening_a_site_reads_what_is_stored(site):
    site_settings.store({'report': 'weekly'})
    opening.open_site(site)
    assert settings.current().report == 'weekly'
    db.db.connect(reuse_if_open=True)
    assert person('alice').report == 'weekly'


def test_a_change_that_is_rolled_back_applies_nowhere(site):
    with pytest.raises(DatabaseError), db.db.atomic():
        site_settings.store({'signup': 'closed'})
        raise DatabaseError
    site_settings.refresh()
    assert settings.current().signup == 'open'


def test_the_command_says_where_each_value_comes_from(rig):
    rig.settings |= {'quota': '5', 'smtp': 'smtp://a:pa55@host'}
    rig.open()
    with rig.database():
        Site.create(id=1, title='The Village Voice', language='de')
        site_settings.store({'signup': 'closed', 'quota': '7'})
    lines = rig.run('settings').stdout.splitlines()
    assert 'pa55' not in ''.join(lines)
    starts = [number for number, line in enumerate(lines) if line.startswith('QUICKPUB_')]
    said = {lines[start]: lines[end - 1].strip() for start, end in pairwise([*starts, len(lines)])}
    browser, environment = 'Set in the browser.', 'Set by the environment.'
    assert (said['QUICKPUB_SIGNUP=closed'], said['QUICKPUB_LANGUAGE=de']) == (browser, browser)
    assert (said['QUICKPUB_QUOTA=5'], said['QUICKPUB_SMTP=smtp://a:***@host']) == (environment, environment)
    assert said['QUICKPUB_WORKERS=1'] == 'Default.'
    assert said['QUICKPUB_REPORT=daily'] == 'Default. It can be changed in the browser.'
