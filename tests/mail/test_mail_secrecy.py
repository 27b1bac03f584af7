"""What email must not give away: recipients in the log, passwords and texts on an unencrypted line."""

import base64
import logging
import socket
import threading
from contextlib import contextmanager, suppress

import pytest
from conftest import PASSWORD, drain, open_site
from sites import browser_of
from smtp_rig import smtp_server

from quickpub import db, settings, signing
from quickpub.mail import delivery, ledger
from quickpub.models import Message

RECIPIENTS = ['zoe@example.org', 'o’brien@example.org', 'zoë@example.org', 'zoe+tag@sub.example.org',
              "o'brien@example.org"]
ANSWERS = ['250 OK, {} is here', '550 5.1.1 <{}>: no such user', '451 Try {} again', '550 {}', 'drop',
           '550 5.1.1 ({}) unknown']


def compose(recipient):
    return ledger.compose('exists', recipient, key=f'exists:{recipient}', subject='You have an account',
                        payload={'login_url': 'http://x/login', 'forgot_url': 'http://x/forgot'})


@pytest.mark.parametrize('recipient', RECIPIENTS)
@pytest.mark.parametrize('answer', ANSWERS)
def test_no_recipient_is_in_the_log(config, caplog, recipient, answer):
    caplog.set_level(logging.DEBUG, 'quickpub')
    with smtp_server() as sink:
        sink.answers[recipient] = answer.format(recipient)
        for _ in open_site(settings.from_env(config.environ() | {'QUICKPUB_SMTP': sink.url})):
            number = compose(recipient)
            delivery.deliver()
            assert f'Email {number}: "You have an account"' in caplog.text
            assert recipient not in caplog.text
            assert recipient.partition('@')[2] not in caplog.text


def test_nor_is_that_of_a_newcomer(site, caplog):
    caplog.set_level(logging.INFO)
    stranger = browser_of(site)
    stranger.post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD})
    for path, status in (('/forgot', 200), ('/verify', 200), ('/login', 400)):
        stranger.post(path, {'email': 'zoe@example.org', 'password': 'wrong'}, status=status)
    drain()
    assert 'Email 1: "Confirm' in caplog.text and 'zoe@' not in caplog.text


@pytest.mark.parametrize(('said', 'shown'), [
    ('550 <a@b.example>: unknown', '550 <(hidden)>: unknown'), ('a@b.example c@d.example', '(hidden) (hidden)'),
    ('250 2.0.0 OK 1 x-y.z', '250 2.0.0 OK 1 x-y.z'), ('mailto:a@b.example', 'mailto:(hidden)'), ('@', '@'), ('', ''),
    ('"A B"@x.example is gone', '(hidden) is gone')])
def test_email_addresses_are_hidden(said, shown):
    assert signing.redact_emails(said, '"a b"@x.example', '') == shown


# Encryption is never dropped silently

EHLO = b'250-bad.test\r\n250-AUTH PLAIN LOGIN\r\n'
BAD_SERVERS = {
    'it offers no STARTTLS': (EHLO + b'250 8BITMIME', b'220 Go on'),
    'somebody on the way removes it': (EHLO + b'250 XXXXXXXA', b'220 Go on'),
    'it offers it and refuses': (EHLO + b'250 STARTTLS', b'454 TLS not available'),
    'it offers it and does not know it': (EHLO + b'250 STARTTLS', b'500 What?'),
    'it says yes and goes on in clear': (EHLO + b'250 STARTTLS', b'220 Go on\r\n250 bad.test\r\n235 Welcome'),
    'it knows no EHLO': (b'500 What?', b'220 Go on'),
}


@contextmanager
def bad_server(ehlo, starttls):
    """A server that answers so, and never speaks TLS. Yields its port and what it has received."""
    received = []
    with socket.create_server(('127.0.0.1', 0)) as listener:
        def talk():
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, suppress(OSError):
                        client.sendall(b'220 bad.test\r\n')
                        while data := client.recv(4096):
                            received.append(data)
                            word = data[:4].upper()
                            client.sendall({b'EHLO': ehlo, b'STAR': starttls}.get(word, b'250 OK') + b'\r\n')
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield listener.getsockname()[1], received
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize('case', BAD_SERVERS)
def test_a_server_that_drops_encryption_gets_no_password_and_no_email(config, case):
    with bad_server(*BAD_SERVERS[case]) as (port, received):
        url = f'smtp://anna:p%40ss%20word@127.0.0.1:{port}'
        for _ in open_site(settings.from_env(config.environ() | {'QUICKPUB_SMTP': url})):
            number = compose('zoe@example.org')
            delivery.deliver()
            row = Message.get_by_id(number)
            assert row.state == 'deferred' and row.answer and row.next_try > db.now()
    said = b''.join(received)
    for secret in (b'p@ss word', base64.b64encode(b'p@ss word'), base64.b64encode(b'\0anna\0p@ss word'), b'AUTH',
                   b'MAIL', b'zoe@'):
        assert secret not in said


@pytest.mark.parametrize('url', ['smtp+plain://anna:secret@mail.example.org', 'smtp+plain://anna@mail.example.org',
                                 'smtp+plain://anna:@mail.example.org', 'smtp+plain://:secret@mail.example.org:25'])
def test_a_password_on_an_unencrypted_line_is_refused(url):
    with pytest.raises(settings.SettingsError, match='without encryption') as refused:
        settings.from_env({'QUICKPUB_SMTP': url})
    assert 'secret' not in str(refused.value)


@pytest.mark.parametrize('url', ['smtp+plain://localhost', 'smtp+plain://localhost:2525', 'smtp://anna:secret@x.example',
                                 'smtps://anna:secret@x.example', 'smtp://x.example'])
def test_other_mail_servers_can_be_set(url):
    assert settings.from_env({'QUICKPUB_SMTP': url}).smtp == url
