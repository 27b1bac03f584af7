"""Signed mail, checked by another implementation (dkimpy) with the DNS record that the command prints."""

import re

import dkim as dkimpy
import pytest
from click.testing import CliRunner
from conftest import outbox, person, write

from quickpub import cli, db, settings
from quickpub.audience import running_reports
from quickpub.mail import delivery, dkim, ledger
from quickpub.mail import message as letter
from quickpub.models import Message


@pytest.fixture
def run(site, monkeypatch):
    """The `quickpub` command, in this process; what it printed to standard output."""
    for name, value in site.environ().items():
        monkeypatch.setenv(name, value)

    def run(*words):
        result = CliRunner().invoke(cli.main, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        db.db.connect(reuse_if_open=True)
        return result.stdout
    return run


def dns(record):
    """The DNS, as far as dkimpy asks, with this one record in it."""
    name, value = re.fullmatch(r'(\S+) IN TXT (.+)\n', record).groups()
    text = ''.join(re.findall(r'"([^"]*)"', value)).encode()
    return lambda asked, timeout=5: text if asked == name.encode() else None


def compose(kind='exists', recipient='alice@example.org', **payload):
    payload = {'login_url': 'https://blog.example.org/login', 'forgot_url': 'https://blog.example.org/forgot'} | payload
    number = ledger.compose(kind, recipient, key=f'{kind}:{recipient}', subject='You have an account – “here”',
                          payload=payload)
    return Message.get_by_id(number)


def test_a_signed_mail_is_believed(site, run):
    record = run('dkim')
    assert dkimpy.verify(letter.render(compose()), dnsfunc=dns(record))
    delivery.deliver()
    assert dkimpy.verify(outbox(site)[0].as_bytes().replace(b'\n', b'\r\n'), dnsfunc=dns(record))


def test_without_a_key_nothing_is_signed(site):
    assert not letter.render(compose()).startswith(b'DKIM')


def test_the_same_mail_gets_the_same_signature(run):
    run('dkim')
    message = compose()
    assert letter.render(message) == letter.render(message)


def test_a_report_s_unsubscribe_headers_are_covered(site, run):
    record = run('dkim')
    alice = person('alice')
    write(alice)
    (number,) = running_reports.compose_running([alice.id], db.now())
    made = letter.render(Message.get_by_id(number))
    assert dkimpy.verify(made, dnsfunc=dns(record))
    other = made.replace(b'List-Unsubscribe: <http', b'List-Unsubscribe: <https', 1)
    assert other != made and not dkimpy.verify(other, dnsfunc=dns(record))


@pytest.mark.parametrize('forge', [
    lambda made: b'Subject: You have won\r\n' + made, lambda made: b'From: boss@example.org\r\n' + made,
    lambda made: made.replace(b'To: alice@', b'To: carol@'),
    lambda made: made.replace(b'Message-ID: <', b'Message-ID: <1'),
    lambda made: made.replace(b'account', b'accident'), lambda made: made + b'and more\r\n',
    lambda made: made.replace(b'Auto-Submitted: auto-generated', b'Auto-Submitted: no'),
    lambda made: re.sub(rb'\r\nDate: [^\r]*', b'\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000', made)])
def test_what_was_changed_on_the_way_is_not_believed(run, forge):
    record = run('dkim')
    made = letter.render(compose())
    forged = forge(made)
    assert forged != made and not dkimpy.verify(forged, dnsfunc=dns(record))


@pytest.mark.parametrize('made', [
    b'From: a@example.org\r\nSubject: x\r\n\r\n', b'From: a@example.org\r\n\r\n\r\n\r\n',
    b'From: a@example.org\r\nSubject: a\r\n folded   \t one\r\n\r\n two  blanks \t \r\n\r\n\r\nend  \r\n\r\n',
    b'From: a@example.org\r\nX: y\r\nsubject: s\r\n\r\nno line end', b'From: a@example.org\r\n\r\n   \r\nx \t\r\n',
    'From: a@example.org\r\nTo: józef@example.org\r\nSubject: x\r\n\r\nünï\r\n'.encode(),
    b'From: a@example.org\r\n\r\n' + b'x' * 900 + b'\r\n' + b'.\r\n..\r\n'])
def test_any_mail_can_be_signed(site, run, made):
    record = run('dkim')
    assert dkimpy.verify(dkim.signed(made, site, db.now()), dnsfunc=dns(record))


def test_the_key_is_the_owner_s_alone_and_stays(site, run):
    record = run('dkim')
    assert run('dkim') == record and dkim.key_file(site).stat().st_mode & 0o777 == 0o600
    other = run('dkim', '--new')
    assert other.split(' ')[0] != record.split(' ')[0], 'a new key has a record of its own'
    made = letter.render(compose())
    assert dkimpy.verify(made, dnsfunc=dns(other)) and not dkimpy.verify(made, dnsfunc=dns(record))


def test_the_record_is_of_the_domain_that_mail_comes_from(site, run, monkeypatch):
    monkeypatch.setenv('QUICKPUB_MAIL_FROM', 'news@bücher.example')
    record = run('dkim')
    name, value = record.split(' IN TXT ')
    assert name.endswith('._domainkey.xn--bcher-kva.example.')
    assert all(len(each) <= 255 for each in re.findall(r'"([^"]*)"', value))
    assert settings.current().mail_from == 'news@xn--bcher-kva.example'


@pytest.mark.parametrize('spoil', [lambda key: key.write_bytes(b''), lambda key: key.write_text('no key'),
                                   lambda key: key.write_bytes(key.read_bytes()[:500]),
                                   lambda key: (key.unlink(), key.mkdir())])
def test_an_email_waits_while_the_key_cannot_be_used(site, run, spoil):
    run('dkim')
    spoil(dkim.key_file(site))
    message = compose()
    delivery.deliver()
    assert Message.get_by_id(message.id).state == 'deferred' and outbox(site) == []
