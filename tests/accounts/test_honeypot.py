"""The sign-up form tells robots from people: a field that only robots fill in, and the time that people need."""

from datetime import datetime, timedelta

import pytest
from conftest import PASSWORD
from sites import browser_of, form_with, mails, stored

from quickpub import db, signing
from quickpub.accounts import honeypot
from quickpub.models import Token
from quickpub.wsgi.authentication import CLAIM

AT = datetime(2026, 3, 28, 12)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TYPED = {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD}


@pytest.fixture
def stranger(site):
    """A stranger's browser on a site that gives nobody less than three seconds."""
    return browser_of(site, signup_seconds=3)


def opened(ago):
    return honeypot.stamp(db.now() - ago)


def test_a_person_signs_up_with_the_form_as_it_is(stranger, monkeypatch):
    form = stranger.get('/signup').forms[0]
    form['name'], form['email'], form['password'] = TYPED.values()
    assert form[honeypot.TRAP].value == ''
    at = db.now()
    monkeypatch.setattr(db, 'now', lambda: at + 10 * SECOND)
    monkeypatch.setattr('quickpub.pages.signup.now', db.now)
    assert form.submit(status=200).headers['Set-Cookie'].startswith(CLAIM)
    assert mails() == [('verify', 'zoe@example.org')]


@pytest.mark.parametrize('ago', [3 * SECOND, timedelta(minutes=5), timedelta(hours=47)], ids=str)
def test_a_form_that_took_a_while_is_taken(stranger, ago):
    stranger.post('/signup', TYPED | {honeypot.OPENED: opened(ago)}, status=200)
    assert mails() == [('verify', 'zoe@example.org')]


@pytest.mark.parametrize('sent', [
    None, '', 'x', '.', 'é', lambda: opened(SECOND), lambda: opened(-SECOND), lambda: opened(3 * DAY),
    lambda: opened(-365 * DAY), lambda: signing.seal('claim', str(AT)),
    lambda: opened(5 * SECOND)[:-1] + '?', '9' * 5000])
def test_a_form_that_was_quick_or_does_not_say_comes_back_with_a_sentence(stranger, sent):
    fields = {} if sent is None else {honeypot.OPENED: sent() if callable(sent) else sent}
    page = stranger.post('/signup', TYPED | fields, status=400)
    assert 'That was very quick. Wait a few seconds' in page
    form = form_with(page, 'password')
    assert (form['name'].value, form['email'].value) == ('Zoe', 'zoe@example.org')
    assert stored()['User'] == [] and mails() == []


def test_who_corrects_a_form_does_not_wait_again(stranger):
    page = stranger.post('/signup', TYPED | {'email': 'zoe@', honeypot.OPENED: opened(10 * SECOND)}, status=400)
    form = form_with(page, 'password')
    form['email'], form['password'] = 'zoe@example.org', PASSWORD
    form.submit(status=200)
    assert mails() == [('verify', 'zoe@example.org')]


def test_who_was_too_quick_needs_the_rest_of_the_time_only(stranger):
    first = opened(2 * SECOND)
    page = stranger.post('/signup', TYPED | {honeypot.OPENED: first}, status=400)
    assert form_with(page, 'password')[honeypot.OPENED].value == first


@pytest.mark.parametrize('filled', ['x', 'https://pills.example', ' ', '0'])
@pytest.mark.parametrize('time', ['', 'good'])
def test_a_robot_that_fills_in_every_field_sees_a_sign_up_and_made_none(stranger, filled, time):
    good = {honeypot.OPENED: opened(5 * SECOND)}
    real = stranger.post('/signup', TYPED | good | {'email': 'real@example.org'}, status=200)
    before = stored()
    page = stranger.post('/signup', TYPED | (good if time else {}) | {honeypot.TRAP: filled}, status=200)
    assert stored() == before
    assert page.text.replace('zoe@example.org', 'real@example.org') == real.text
    assert sorted(page.headers) == sorted(real.headers)
    assert page.headers['Set-Cookie'].partition('=')[0] == CLAIM


def test_people_and_screen_readers_never_meet_the_field(browse):
    page = browse().get('/signup')
    field = page.html.find('input', {'name': honeypot.TRAP})
    assert (field['tabindex'], field['autocomplete'], field.get('value', '')) == ('-1', 'off', '')
    assert field.find_parent(class_='trap')['aria-hidden'] == 'true'
    assert '.trap' in browse().get('/static/site.css')


def test_the_page_is_in_no_cache(browse):
    assert browse().get('/signup').headers['Cache-Control'] == 'private, no-store'


@pytest.mark.parametrize('ago', [timedelta(0), SECOND])
def test_an_owner_can_switch_the_waiting_off(site, ago):
    stranger = browser_of(site, signup_seconds=0)
    stranger.post('/signup', TYPED | {honeypot.OPENED: opened(ago)}, status=200)
    stranger.post('/signup', TYPED | {'email': 'yan@example.org'}, status=200)
    assert len(mails('verify')) == 2


def test_an_invitation_is_not_lost_by_being_quick(site):
    stranger = browser_of(site, signup='invite', signup_seconds=3)
    with db.db.connection_context():
        invitation = Token.create(purpose='invite', email='zoe@example.org', expires_at=db.now() + DAY).text
    page = stranger.post('/signup', TYPED | {'invite': invitation}, status=400)
    form = form_with(page, 'password')
    form['password'], form[honeypot.OPENED] = PASSWORD, opened(5 * SECOND)
    form.submit(status=303)
    assert stored()['Token'][0][6]
