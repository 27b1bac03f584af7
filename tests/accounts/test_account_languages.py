"""The pages of accounts in the member's language: the sentences of errors and confirmations too."""

import pseudo
import pytest
from conftest import PASSWORD, person, write

from quickpub import db, throttle
from quickpub.accounts import devices, links
from quickpub.codes import Code
from quickpub.mail import budgets
from quickpub.models import Message, Site
from quickpub.sentences import make_sentence
from quickpub.translations import languages

PROFILE = {'action': 'profile', 'name': ' ', 'handle': '!?', 'bio': 'x' * 501, 'timezone': 'Mars', 'report': 'hourly',
           'language': 'xx', 'report_day': '9', 'report_time': 'noon'}
TEXTS = ('The Village Voice', 'Olga', 'Zoe', 'On hills', 'olga@example.org', 'zoe@example.org', 'name@example.org',
         'anna-berg')


@pytest.fixture
def spoken(site, monkeypatch, connection):
    """The site speaks the pseudo-language."""
    code = pseudo.add_to(monkeypatch)
    with connection():
        Site.change(language=code)
    return code


@pytest.mark.parametrize(('path', 'fields', 'status'), [
    ('/signup', {'name': '', 'email': 'zoe', 'password': 'short'}, 400),
    ('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': '1234567890'}, 400),
    ('/login', {'email': 'olga@example.org', 'password': 'wrong'}, 400),
    ('/login/confirm', {'code': '123456'}, 403),
    ('/forgot', {'email': 'zoe＠example.org'}, 400), ('/verify', {'email': 'zoe@192.0.2.1'}, 400),
    ('/verify/half', {}, 404), ('/reset/half', {}, 404), ('/unsubscribe/half', {}, 404)])
def test_strangers_read_what_is_wrong_in_the_sites_language(spoken, olga, browse, path, fields, status):
    assert pseudo.untranslated(browse().post(path, fields, status=status).text, TEXTS) == []


@pytest.mark.parametrize(('path', 'fields', 'status'), [
    ('/settings', PROFILE, 400),
    ('/settings', {'action': 'address', 'email': 'olga@example.org', 'current': PASSWORD}, 400),
    ('/settings', {'action': 'address', 'email': 'new@example.org', 'current': 'wrong'}, 400),
    ('/settings', {'action': 'password', 'current': PASSWORD, 'password': 'olga@example.org'}, 400),
    ('/settings/delete', {'posts': 'perhaps', 'password': PASSWORD}, 400),
    ('/settings/security', {'action': 'app_start'}, 200),
    ('/settings/security', {'action': 'codes_renew', 'identity': 'asked', 'identity_password': PASSWORD}, 400),
    ('/settings/security', {'action': 'passkey_ask', 'identity': 'asked', 'identity_password': PASSWORD}, 400),
    ('/settings/security', {'action': 'app_start', 'identity': 'asked', 'identity_password': PASSWORD}, 200),
    ('/settings/security', {'action': 'app_confirm', 'code': '1', 'identity': 'asked', 'identity_password': PASSWORD},
     400),
    ('/settings/security', {'action': 'passkey_rename', 'passkey': '1', 'name': ''}, 400),
    ('/admin/invitations', {'action': 'invite', 'email': 'zoe'}, 400),
    ('/admin/members', {'action': 'make_owner', 'person': '2'}, 200),
    ('/admin/members', {'action': 'reset_factors', 'person': '2'}, 200),
    ('/admin/members', {'action': 'link', 'person': '2', 'current': 'wrong'}, 400),
    ('/admin/site', {'title': '', 'tagline': 'x' * 201, 'hue': '360', 'language': 'xx'}, 400)])
def test_members_read_what_is_wrong_in_their_language(spoken, olga, browse, connection, path, fields, status):
    with connection():
        assert person('zoe').id == 2
        write(olga, 'On hills')
    assert pseudo.untranslated(browse(olga).post(path, fields, status=status).text, TEXTS) == []


def test_budgets_and_devices_are_named_in_the_readers_language(spoken, olga, browse, connection):
    with connection():
        for budget in throttle.BUDGETS:
            throttle.note_refusal(budget, db.now())
        budgets.alarm_mails(db.now())
        lines = Message.get(Message.kind == 'throttled').payload['lines']
        throttle.note_refusal(throttle.EXPORTS, db.now())
        browser = browse(olga)
    assert pseudo.untranslated(browser.get('/admin/mail?state=held').text, TEXTS) == []
    with languages.use(languages.find(spoken)):
        words = [make_sentence(Code.from_json(title)) for title, _ in lines]
        words += [make_sentence(devices.describe(agent)) for agent in ('X11', 'python-requests/2.32', '')]
    assert len(words) == 14 and all(each.startswith('⟦') for each in words)


def test_a_link_that_ended_says_why_in_the_members_language(site, monkeypatch, browse, connection):
    code = pseudo.add_to(monkeypatch)
    with connection():
        zoe = person('zoe', language=code, verified=False)
        link = links.create_link('verify', links.VERIFY_LIFETIME, db.now(), user=zoe, email='old@example.org')
    browser = browse(zoe)
    page = browser.get(f'/verify/{link.text}', status=404)
    assert '⟦Thîš lîñk îš' in page.html.find(class_='standfirst').text
    assert pseudo.untranslated(page.html.find('main').decode(), ['Zoe']) == []
