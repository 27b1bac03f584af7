"""The settings of the site in the browser: what owners can change, what the server decides, and two owners at once."""

from dataclasses import replace

import pytest
from conftest import person
from sites import browser_of, form_with

from quickpub import db, site_settings
from quickpub.accounts import users
from quickpub.models import AuditEntry, Site, User
from quickpub.setting_groups import GROUPS
from quickpub.settings import current

WRONG = [('general', 'timezone', 'Mars/Base', 'Choose a time zone'), ('general', 'title', '', 'Enter a name'),
         ('general', 'language', 'xx', 'Choose a language'), ('membership', 'signup', 'maybe', 'Choose who'),
         ('membership', 'quota', '-1', 'from 0 to 10'), ('membership', 'quota', '1e3', 'from 0 to 10'),
         ('reports', 'report', 'hourly', 'Choose how often'), ('reports', 'report', 'minute', 'Choose how often'),
         ('reports', 'report_time', '24:00', 'Choose a time')]


@pytest.fixture
def owner(olga, browse):
    return browse(olga)


def form_of(browser, group):
    return form_with(browser.get(f'/admin/settings/{group}'), f'shown_{GROUPS[group][0]}')


def save(browser, group, status=303, **values):
    form = form_of(browser, group)
    for name, value in values.items():
        form[name] = value
    return form.submit(status=status)


def changes(connection):
    with connection():
        return [entry.details['changed'] for entry in AuditEntry.select().where(AuditEntry.code == 'site_changed')]


def test_the_pages_have_one_way_between_them_and_the_old_one_leads_there(owner):
    assert owner.get('/admin/settings', status=303).location.endswith('/admin/settings/general')
    assert owner.get('/admin/site', status=301).location.endswith('/admin/settings/general')
    for group in GROUPS:
        links = owner.get(f'/admin/settings/{group}').html.select('nav.spans a')
        assert [link['href'] for link in links if link.get('aria-current')] == [f'/admin/settings/{group}']
    owner.get('/admin/settings/nothing', status=404)
    owner.post('/admin/settings/nothing', {'title': 'x'}, status=404)


def test_settings_apply_to_the_next_page_and_are_logged_by_name(owner, browse, connection):
    reader = browse()
    assert '/signup' in reader.get('/')
    assert 'Saved.' in save(owner, 'membership', signup='closed', quota='5').follow()
    assert '/signup' not in reader.get('/') and reader.post('/signup', {'name': 'Zoe'}, status=403)
    assert current().quota == 5
    save(owner, 'general', title='New name', timezone='Asia/Tokyo')
    assert 'New name' in reader.get('/') and current().timezone == 'Asia/Tokyo'
    save(owner, 'general')  # nothing is different
    assert changes(connection) == [['signup', 'quota'], ['title', 'timezone']]
    assert 'sign-up and storage for each member' in owner.get('/admin/audit')


def test_new_members_get_the_reports_of_the_site(owner, connection):
    save(owner, 'reports', report='monthly', report_time='07:00')
    with connection():
        site_settings.refresh()  # as the next request and job does
        zoe = users.create('Zoe', 'zoe@example.org', 'x', db.now(), role='author', is_verified=True)
        assert (zoe.report, User.get_by_id(zoe.id).report_time) == ('monthly', '07:00')


@pytest.mark.parametrize(('group', 'name', 'value', 'sentence'), WRONG)
def test_wrong_values_are_refused_with_a_sentence_and_shown_as_typed(owner, connection, group, name, value, sentence):
    sent = {field: each[0].value for field, each in form_of(owner, group).fields.items() if field}
    page = owner.post(f'/admin/settings/{group}', sent | {name: value}, status=400)
    assert sentence in page.html.select_one(f'#{name}-error').text
    assert page.html.select_one(f'[name=shown_{name}]')['value'] == sent[f'shown_{name}']
    if page.html.select_one(f'#{name}').name == 'input':
        assert page.html.select_one(f'#{name}')['value'] == value
    assert changes(connection) == []


def test_each_minute_is_offered_only_where_it_is_set(owner, connection):
    assert 'minute' not in [value for value, *_ in form_of(owner, 'reports')['report'].options]
    with connection():
        site_settings.store({'report': 'minute'})
    assert form_of(owner, 'reports')['report'].value == 'minute'


def test_the_server_decides_on_what_its_environment_sets(site, olga, connection):
    owner = browser_of(replace(site, signup='invite', timezone='Europe/Berlin'))
    owner.log_in(olga)
    page = owner.get('/admin/settings/membership')
    assert page.html.select_one('output#signup').text == 'Only people with an invitation'
    assert 'QUICKPUB_SIGNUP' in page and not page.html.select('[name=signup], [name=shown_signup]')
    owner.post('/admin/settings/membership', {'signup': 'open', 'quota': '7'}, status=303)
    assert changes(connection) == [['quota']]
    assert form_with(owner.get('/admin/settings/membership'), 'quota')['quota'].value == '7'
    assert current().signup == 'invite'
    assert owner.get('/admin/settings/general').html.select_one('output#timezone').text == 'Europe/Berlin'


def test_two_owners_who_change_different_things_keep_both(owner, browse, connection):
    with connection():
        other = browse(person('bob', role='owner'))
    mine, theirs = form_of(owner, 'general'), form_of(other, 'general')
    mine['title'], theirs['tagline'] = 'Mine', 'Theirs'
    mine.submit(status=303)
    theirs.submit(status=303)
    with connection():
        assert (Site.this().title, Site.this().tagline) == ('Mine', 'Theirs')
    assert changes(connection) == [['title'], ['tagline']]


def test_two_owners_who_change_the_same_thing_see_both_values(owner, browse, connection):
    with connection():
        other = browse(person('bob', role='owner'))
    mine, theirs = form_of(owner, 'general'), form_of(other, 'general')
    mine['title'], mine['timezone'] = 'Mine', 'Asia/Tokyo'
    mine.submit(status=303)
    theirs['title'], theirs['tagline'] = 'Theirs', 'A line'
    page = theirs.submit(status=409)
    assert '“Mine”' in page.html.select_one('#title-error').text
    form = form_with(page, 'title')
    assert (form['title'].value, form['tagline'].value, form['timezone'].value) == ('Theirs', 'A line', 'Asia/Tokyo')
    with connection():
        assert (Site.this().title, Site.this().tagline) == ('Mine', 'News from the hill')
    form.submit(status=303)  # now they know
    with connection():
        assert (Site.this().title, Site.this().tagline, current().timezone) == ('Theirs', 'A line', 'Asia/Tokyo')


def test_a_mistake_does_not_hide_what_another_owner_changed(owner, browse, connection):
    with connection():
        other = browse(person('bob', role='owner'))
    theirs = form_of(other, 'general')
    save(owner, 'general', title='Mine')
    theirs['title'], theirs['tagline'] = 'Theirs', 'x' * 201
    form = form_with(theirs.submit(status=400), 'title')
    form['tagline'] = 'Short'
    form.submit(status=409)


def test_two_owners_who_choose_the_same_are_both_right(owner, browse, connection):
    with connection():
        other = browse(person('bob', role='owner'))
    mine, theirs = form_of(owner, 'membership'), form_of(other, 'membership')
    for form in mine, theirs:
        form['signup'] = 'closed'
        form.submit(status=303)
    assert changes(connection) == [['signup']]


def test_a_script_that_sends_a_field_changes_only_that(owner, connection):
    owner.post('/admin/settings/general', {'tagline': 'From a script'}, status=303)
    owner.post('/admin/site', {'title': 'A script', 'hue': '7'}, status=303)
    with connection():
        site = Site.this()
        assert (site.title, site.tagline, site.hue) == ('A script', 'From a script', 7)
