"""The mail page of the settings: the server without its password, a test email, and the records of the domain."""

from dataclasses import replace

import pytest
from conftest import drain, outbox
from sites import browser_of, mails
from smtp_rig import smtp_server

from quickpub import throttle
from quickpub.mail import domain_records
from quickpub.models import AuditEntry

PAGE = '/admin/settings/mail'


@pytest.fixture
def owner(olga, browse):
    return browse(olga)


def press(browser, action, status=303):
    return browser.post(PAGE, {'action': action}, status=status)


def part(browser, name):
    return ' '.join(browser.get(PAGE).html.select_one(f'[aria-labelledby={name}]').text.split())


def test_the_server_is_described_without_its_password(site, olga):
    owner = browser_of(replace(site, smtp='smtp://post%40office:pa55@mail.example.net', mail_from='a@example.org'))
    owner.log_in(olga)
    shown = part(owner, 'server')
    assert 'mail.example.net, port 587' in shown and 'post@office' in shown and 'a@example.org' in shown
    assert 'STARTTLS' in shown and 'pa55' not in owner.get(PAGE)


def test_a_test_email_arrives_in_the_outbox_and_its_outcome_is_shown(owner, olga, site, connection):
    assert 'outbox' in part(owner, 'server')
    assert 'the test email is only saved' in press(owner, 'test').follow()
    assert 'Waiting' in part(owner, 'test') and 'live.js' in owner.get(PAGE)
    drain()
    assert 'live.js' not in owner.get(PAGE)
    assert 'Sent' in part(owner, 'test') and [mail['To'] for mail in outbox(site)] == [olga.email]
    with connection():
        assert AuditEntry.select().where(AuditEntry.code == 'test_mail_sent').count() == 1


def test_the_words_of_the_mail_server_are_shown(site, olga):
    with smtp_server() as sink:
        sink.answers[olga.email] = '550 5.7.1 We do not relay for you'
        owner = browser_of(replace(site, smtp=sink.url))
        owner.log_in(olga)
        assert 'The test email is on its way.' in press(owner, 'test').follow()
        drain()
        assert 'Failed' in part(owner, 'test') and 'We do not relay for you' in part(owner, 'test')


def test_test_emails_are_limited(owner, monkeypatch):
    for _ in range(throttle.TESTS.limit):
        press(owner, 'test')
    assert 'role="alert"' in press(owner, 'test', status=429)
    assert len(mails('test')) == throttle.TESTS.limit


def test_records_are_looked_up_in_a_job_and_shown(site, olga, monkeypatch):
    monkeypatch.setattr(domain_records, '_find_texts', lambda name, start='': None if start else [])
    owner = browser_of(replace(site, smtp='smtp://mail.example.net', mail_from='a@example.org'))
    owner.log_in(olga)
    assert 'Looked up' not in part(owner, 'records')
    press(owner, 'look_up')
    assert 'being looked up' in part(owner, 'records')
    drain()
    shown = part(owner, 'records')
    assert 'Could not be looked up' in shown and 'example.org. IN TXT "v=spf1 a:mail.example.net ~all"' in shown
    assert 'quickpub dkim' in shown and '_dmarc.example.org. IN TXT "v=DMARC1; p=none"' in shown


def test_a_button_that_is_not_there_does_nothing(owner):
    assert 'Nothing was changed' in press(owner, 'other', status=400) and mails() == []
