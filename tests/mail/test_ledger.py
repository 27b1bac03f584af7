"""The mail ledger: what becomes of each mail, with a real SMTP server that behaves and misbehaves."""

import sqlite3
import ssl
import threading
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from html import unescape
from pathlib import Path

import pytest
from conftest import drain, ledger, open_site, outbox, person, text_of, write
from sites import set_modified
from smtp_rig import EagerServer, Sink, free_port, mute_server, smtp_server

from quickpub import codes, db, settings, tasks
from quickpub.accounts import credentials, email_change, links, password_reset, validation
from quickpub.audience import reports, running_reports
from quickpub.codes import Code
from quickpub.jobs import queue, tables
from quickpub.mail import conversation, delivery
from quickpub.mail import ledger as mail
from quickpub.mail import message as letter
from quickpub.models import Message, Site, Token, User
from quickpub.sentences import describe_stored

EXISTS = {'login_url': 'http://127.0.0.1/login', 'forgot_url': 'http://127.0.0.1/forgot'}


@pytest.fixture(params=[False, True], ids=['one by one', 'at once'])
def sink(request):
    with smtp_server() as sink:
        sink.is_pipelining = request.param
        yield sink


@pytest.fixture
def smtp_site(tmp_path, sink):
    """A site whose mail server is `sink`."""
    yield from open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': sink.url}))


def compose(recipient='alice@example.org', key=None, **fields):
    return mail.compose('exists', recipient, key=key or f'exists:{recipient}', subject='You have an account',
                        payload=EXISTS, **fields)


def row(number):
    return Message.get_by_id(number)


def answer_of(number):
    return describe_stored(row(number).answer)


def later(number, **changes):
    Message.update(**changes).where(Message.id == number).execute()


def test_one_cause_makes_one_mail(site):
    assert compose(key='same') and compose(key='same') is None
    assert len(ledger()) == 1


def test_a_mail_arrives_whole(smtp_site, sink):
    number = compose()
    delivery.deliver()
    found = sink.mails[0]
    assert found['To'] == 'alice@example.org' and found.recipients == ['alice@example.org']
    assert found['From'].addresses[0].display_name == 'The Village Voice'
    assert found['Message-ID'] == row(number).message_id and found['Auto-Submitted'] == 'auto-generated'
    assert found['Date'].datetime.tzinfo is not None
    assert [part.get_content_type() for part in found.iter_parts()] == ['text/plain', 'text/html']
    assert row(number).state == 'sent' and row(number).answer == '250 Taken' and row(number).sent_at


def test_a_sent_mail_is_not_sent_again(smtp_site, sink):
    compose()
    delivery.deliver()
    delivery.deliver()
    assert len(sink.mails) == 1


def test_a_batch_uses_one_connection_and_one_bad_recipient_stops_nobody(smtp_site, sink):
    numbers = [compose(f'reader{each}@example.org') for each in range(10)]
    sink.answers = {'reader3@example.org': '550 5.1.1 no such user', 'reader5@example.org': '451 4.7.1 greylisted'}
    delivery.deliver()
    states = [row(number).state for number in numbers]
    assert states.count('sent') == 8 and states[3] == 'failed' and states[5] == 'deferred'
    assert len(sink.mails) == 8 and len(sink.sessions) == 1


def test_a_refused_address_is_flagged_and_gets_no_reports(smtp_site, sink):
    alice = person('alice')
    sink.answers = {'alice@example.org': '550 5.1.1 no such user'}
    compose(user=alice)
    delivery.deliver()
    assert User.get_by_id(alice.id).mail_trouble == '550 5.1.1 no such user'
    write(alice)
    closed = reports.ClosedPeriod(db.now() + timedelta(days=1), [alice.id])
    assert reports.close_period(closed, db.now()) == []


@pytest.mark.parametrize('answer', ['554 5.7.1 Relay access denied', '530 5.7.0 Please log in first'])
def test_a_server_that_wants_nothing_from_us_does_not_flag_the_address(smtp_site, sink, answer):
    sink.answers = {'alice@example.org': answer}
    number = compose(user=person('alice'))
    delivery.deliver()
    assert row(number).state == 'failed' and User.get().mail_trouble is None


def test_a_mistyped_new_address_does_not_flag_the_one_in_use(smtp_site, sink):
    alice = person('alice')
    sink.answers = {'alcie@example.org': '550 5.1.1 no such user'}
    (number,) = email_change.request_change(alice, 'alcie@example.org', db.now())
    delivery.deliver()
    assert row(number).state == 'failed' and User.get_by_id(alice.id).mail_trouble is None


def test_a_refused_text_does_not_flag_the_address(smtp_site, sink):
    alice = person('alice')
    sink.after_data = {'alice@example.org': '554 5.6.0 not like this'}
    number = compose(user=alice)
    delivery.deliver()
    assert row(number).state == 'failed' and User.get_by_id(alice.id).mail_trouble is None


def test_temporary_failures_back_off_and_are_given_up_after_two_days(smtp_site, sink):
    sink.answers = {'alice@example.org': '451 4.7.1 later'}
    number = compose()
    waits = []
    for _ in range(4):
        at = db.now()
        delivery.deliver()
        waits.append(round((row(number).next_try - at) / timedelta(minutes=1)))
        assert row(number).state == 'deferred' and row(number).answer == '451 4.7.1 later'
        later(number, next_try=at)
        delivery.wake(db.now())
        assert delivery.has_queued()
    assert waits == [1, 5, 15, 30]
    later(number, created_at=db.now() - timedelta(days=2, minutes=1))
    delivery.deliver()
    assert row(number).state == 'failed' and 'two days' in answer_of(number)


def test_what_is_deferred_is_not_due_before_its_time(smtp_site, sink):
    sink.answers = {'alice@example.org': '451 4.7.1 later'}
    number = compose()
    delivery.deliver()
    delivery.wake(db.now())
    assert not delivery.has_queued()
    delivery.deliver()  # a second job for the same mail
    assert row(number).attempts == 1


def test_the_schedule_finds_a_mail_whose_job_was_lost(smtp_site, sink):
    number = compose()
    tasks.wake_mail.call_local()
    drain()
    assert row(number).state == 'sent'


@pytest.mark.parametrize('answer', ['drop', '421 4.3.2 shutting down'])
def test_a_dropped_connection_is_opened_anew_for_the_next_mail(smtp_site, sink, answer):
    numbers = [compose(f'reader{each}@example.org') for each in range(3)]
    sink.answers = {'reader0@example.org': answer}
    delivery.deliver()
    assert [row(number).state for number in numbers] == ['deferred', 'sent', 'sent']


def test_a_connection_dropped_after_the_final_dot_means_a_copy_with_the_same_message_id(smtp_site, sink):
    number = compose()
    sink.after_data = {'alice@example.org': 'drop after taking'}
    delivery.deliver()
    assert row(number).state == 'deferred'
    sink.after_data = {}
    later(number, next_try=db.now())
    delivery.wake(db.now())
    delivery.deliver()
    assert row(number).state == 'sent'
    assert [found['Message-ID'] for found in sink.mails] == [row(number).message_id] * 2


def test_whatever_begins_with_a_two_is_a_yes(smtp_site, sink):
    sink.answers = {'alice@example.org': '252 I will try'}
    sink.after_data = {'alice@example.org': '251 Taken, for somewhere else'}
    number = compose()
    delivery.deliver()
    assert row(number).state == 'sent' and row(number).answer == '251 Taken, for somewhere else'
    assert [found['To'] for found in sink.mails] == ['alice@example.org'] and sink.mails[0].get_body()


def test_a_server_that_waits_for_a_mail_to_nobody_gets_an_empty_one_and_then_the_next(tmp_path):
    server = EagerServer({'alice@example.org': '550 5.1.1 No such user'})
    with server.running() as url:
        for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
            numbers = [compose(recipient) for recipient in ('alice@example.org', 'bob@example.org')]
            delivery.deliver()
            assert [row(number).state for number in numbers] == ['failed', 'sent']
            assert 'No such user' in row(numbers[0]).answer
    assert [(recipients, len(lines) > 1) for recipients, lines in server.mails] == [
        ((), False), (('bob@example.org',), True)]
    assert server.at_once == 2  # each mail's commands came in one piece


@pytest.mark.parametrize(('answers', 'answer'), [
    ({'DATA': '451 Busy', 'RSET': '502 What is that?'}, '451 Busy'),  # would give the next mail to both
    ({'alice@example.org': 'Hello'}, 'not SMTP'), ({'alice@example.org': '354 Go on'}, '354 Go on'),
    ({'MAIL': '550 Not from you'}, '550 Not from you'),  # and takes the recipient nevertheless, for an empty mail
    ({'DATA': '250 OK'}, '250 OK'), ({'MAIL': '250 OK\r\n250 OK'}, '250 OK'), ({'MAIL': '250 OK\r\n'}, 'not SMTP')])
def test_after_an_answer_out_of_step_nobody_gets_the_mail_of_another_nor_an_empty_one(tmp_path, answers, answer):
    server = EagerServer(answers, connections=2)
    with server.running() as url:
        for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
            numbers = [compose(recipient) for recipient in ('alice@example.org', 'bob@example.org')]
            delivery.deliver()
            assert [row(number).state for number in numbers] == ['deferred', 'sent']
            assert answer in answer_of(numbers[0]) and row(numbers[1]).attempts == 1
    (recipients, lines), = server.mails
    assert recipients == ('bob@example.org',) and b'To: bob@example.org' in lines


def test_nobody_answering_defers(tmp_path):
    url = f'smtp+plain://127.0.0.1:{free_port()}'
    for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
        number = compose()
        delivery.deliver()
        assert row(number).state == 'deferred' and 'refused' in row(number).answer.lower()


def test_a_server_that_never_speaks_is_left_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(conversation, 'TIMEOUT', 0.3)
    with mute_server() as port:
        url = f'smtp+plain://127.0.0.1:{port}'
        for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
            number = compose()
            delivery.deliver()
            assert row(number).state == 'deferred' and 'did not answer' in answer_of(number)


@pytest.mark.parametrize('stage', ['EHLO', 'RCPT', 'DATA'])
def test_a_server_that_hangs_is_left_and_delays_nobody_else_for_long(smtp_site, sink, monkeypatch, stage):
    monkeypatch.setattr(conversation, 'TIMEOUT', 0.3)
    numbers = [compose(f'reader{each}@example.org') for each in range(3)]
    sink.hangs_at_ehlo = stage == 'EHLO'
    {'RCPT': sink.answers, 'DATA': sink.after_data}.get(stage, {})['reader0@example.org'] = 'hang'
    delivery.deliver()
    assert row(numbers[0]).state == 'deferred' and 'did not answer' in answer_of(numbers[0])
    others = [row(number).state for number in numbers[1:]]
    assert others == (['deferred', 'deferred'] if stage == 'EHLO' else ['sent', 'sent'])


def test_a_mail_of_a_dead_process_goes_out_again_with_the_same_message_id(smtp_site, sink):
    number = compose()
    later(number, state='sending', sender='gone')
    before = row(number).message_id
    delivery.deliver()
    assert row(number).state == 'sent' and sink.mails[0]['Message-ID'] == before


def test_a_mail_that_its_sender_died_with_again_and_again_waits_for_hours_and_not_for_ever(smtp_site, sink):
    deadly, old, fresh = compose('deadly@example.org'), compose('old@example.org'), compose('fresh@example.org')
    for number, attempts in ((deadly, delivery.MANY_ATTEMPTS), (old, delivery.MANY_ATTEMPTS), (fresh, 1)):
        later(number, state='sending', sender='gone', attempts=attempts)
    later(old, created_at=db.now() - 2 * delivery.GIVE_UP_AFTER)
    delivery.deliver()
    assert (row(deadly).state, row(old).state, row(fresh).state) == ('deferred', 'failed', 'sent')
    assert row(deadly).next_try > db.now() + timedelta(hours=3)
    assert Code.from_json(row(old).answer) == Code('answer.sender_died')
    assert [each.recipients for each in sink.mails] == [['fresh@example.org']]


def test_a_mail_that_another_process_is_sending_is_left_alone(smtp_site, sink):
    number = compose()
    other = queue.processes.lock_file(tables.run_folder() / 'other.life')
    later(number, state='sending', sender='other')
    delivery.deliver()
    delivery.wake(db.now() + timedelta(hours=1))
    assert sink.mails == [] and not delivery.has_queued()
    assert other


def test_what_was_sent_is_written_down_although_the_database_is_locked_meanwhile(smtp_site, sink):
    number = compose()
    db.db.timeout = 0.02
    locked, release = threading.Event(), threading.Event()

    async def lock_then_answer(server, session, envelope):
        other = sqlite3.connect(smtp_site.paths.database, isolation_level=None, check_same_thread=False)
        other.execute('BEGIN IMMEDIATE')
        locked.set()
        threading.Thread(target=lambda: (release.wait(30), other.execute('ROLLBACK'), other.close())).start()
        return await Sink.handle_DATA(sink, server, session, envelope)

    sink.handle_DATA = lock_then_answer
    threading.Timer(1.5, release.set).start()
    delivery.deliver()
    assert locked.is_set() and row(number).state == 'sent' and len(sink.mails) == 1


def test_an_impossible_number_of_attempts_stops_no_other_mail(smtp_site, sink):
    """It would undo the note that the mail before was sent, which would go out again and again."""
    odd, good = compose('odd@example.org'), compose('good@example.org')
    Message.update(attempts=2 ** 63 - 1).where(Message.id == odd).execute()
    delivery.deliver()
    assert row(good).state == row(odd).state == 'sent' and len(sink.mails) == 2


def test_a_mail_that_cannot_be_made_fails_alone(smtp_site, sink):
    broken = mail.compose('nosuchkind', 'alice@example.org', key='broken', subject='x')
    good = compose()
    delivery.deliver()
    assert row(broken).state == 'failed' and 'cannot create this email' in answer_of(broken)
    assert row(good).state == 'sent'


def test_an_international_domain_goes_out_as_punycode_and_a_name_as_it_is(smtp_site, sink):
    assert validation.clean_email('anna@Bücher.example') == 'anna@xn--bcher-kva.example'
    number = compose(validation.clean_email('änna@example.org'))
    delivery.deliver()
    assert row(number).state == 'sent' and sink.mails[0].recipients == ['änna@example.org']


def test_a_server_without_such_letters_refuses_them_in_words(tmp_path):
    with smtp_server(enable_SMTPUTF8=False) as sink:
        for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': sink.url})):
            number = compose('änna@example.org')
            delivery.deliver()
            assert row(number).state == 'failed' and 'letters before the @' in answer_of(number)


@pytest.mark.parametrize('typed', ['a@b.c, d@e.f', 'a@b.c\nBcc: d@e.f', '<a@b.c>', 'Anna <a@b.c>', 'a@b.c;d@e.f', '',
                                   '@', 'a' * 300 + '@example.org', 'a@b@c.example'])
def test_what_is_not_one_address_is_refused(site, typed):
    with pytest.raises(codes.Rejected):
        validation.clean_email(typed)


def test_the_outbox_forgets_what_is_old(site):
    compose('old@example.org')
    delivery.deliver()
    old = next((site.data / 'outbox' / 'new').iterdir())
    (site.data / 'outbox' / 'cur').mkdir(exist_ok=True)
    old = old.rename(site.data / 'outbox' / 'cur' / f'{old.name}:2,S')  # a mail program has shown it
    compose('new@example.org')
    delivery.deliver()
    (new,) = (site.data / 'outbox' / 'new').iterdir()
    set_modified(new, db.now())
    set_modified(old, db.now() - mail.KEPT - timedelta(days=1))
    mail.clean_up(db.now())
    assert [each['To'] for each in outbox(site)] == ['new@example.org']


@pytest.mark.parametrize('stage', ['answers', 'after_data'])
def test_a_refusal_counts_although_the_server_hangs_up_after_it(smtp_site, sink, stage):
    getattr(sink, stage)['alice@example.org'] = '550 5.1.1 No such user, and hangs up'
    refused, other = compose('alice@example.org'), compose('bob@example.org')
    delivery.deliver()
    assert row(refused).state == 'failed' and 'No such user' in row(refused).answer
    assert row(other).state == 'sent' and row(other).attempts == 1


@pytest.mark.parametrize('is_pipelining', [False, True])
def test_a_server_that_takes_a_few_mails_at_once_gets_the_rest_in_other_conversations(smtp_site, sink, is_pipelining):
    sink.most_at_once, sink.is_pipelining = 2, is_pipelining
    numbers = [compose(f'reader{each}@example.org') for each in range(5)]
    delivery.deliver()
    assert {(row(number).state, row(number).attempts) for number in numbers} == {('sent', 1)}
    assert len(sink.mails) == 5 and len(sink.sessions) == 3
    sink.most_at_once = 0
    number = compose()
    delivery.deliver()
    assert row(number).state == 'deferred' and 'Too many mails' in row(number).answer


def test_no_header_can_be_split(smtp_site, sink):
    Site.update(title='Voice\r\nBcc: evil@example.org').execute()
    mail.compose('exists', 'alice@example.org', key='x', subject='Hello\r\nBcc: evil@example.org',
                 payload=EXISTS)
    delivery.deliver()
    assert sink.mails[0]['Bcc'] is None and sink.mails[0].recipients == ['alice@example.org']


def test_a_long_unsubscribe_address_is_not_folded(tmp_path, sink):
    config = settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': sink.url,
                                'QUICKPUB_URL': 'https://' + 'long.' * 20 + 'example.org/path'})
    for _ in open_site(config):
        alice = person('alice')
        write(alice)
        running_reports.compose_running([alice.id], db.now())
        delivery.deliver()
        url = links.unsubscribe_url(alice.id)
        assert f'List-Unsubscribe: <{url}>\r\n'.encode() in sink.mails[0].raw
        assert sink.mails[0]['List-Unsubscribe-Post'] == 'List-Unsubscribe=One-Click'
        assert sink.mails[0]['List-Id'].endswith('example.org>')


def test_without_a_server_mail_is_kept_in_a_maildir(site):
    number = compose()
    delivery.deliver()
    assert len(outbox(site)) == 1 and 'password' in text_of(outbox(site)[0])
    assert row(number).state == 'sent' and answer_of(number).startswith('Saved in outbox/new/')


# Encryption and logging in

@pytest.fixture
def certificate():
    """A certificate for 127.0.0.1 that nobody trusts, with its key."""
    path = Path(__file__).parents[1] / 'data' / 'nobody-trusts-this.pem'
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def accept_all(server, session, envelope, mechanism, data):
    from aiosmtpd.smtp import AuthResult
    return AuthResult(success=data.login == b'anna' and data.password == b'p@ss word', handled=False)


@pytest.mark.parametrize('trusted', [True, False])
def test_starttls_and_log_in_and_no_certificate_is_taken_on_trust(tmp_path, certificate, monkeypatch, trusted):
    cert, context = certificate
    if trusted:
        monkeypatch.setenv('SSL_CERT_FILE', str(cert))
    with smtp_server(tls_context=context, require_starttls=True, authenticator=accept_all, auth_required=True) as sink:
        url = f'smtp://anna:p%40ss%20word@127.0.0.1:{sink.port}'
        for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
            number = compose()
            delivery.deliver()
            assert row(number).state == ('sent' if trusted else 'deferred'), row(number).answer
            assert trusted or 'certificate' in row(number).answer.lower()


def test_a_password_is_never_sent_in_the_clear(tmp_path):
    with smtp_server(authenticator=accept_all, auth_require_tls=False) as sink:
        url = f'smtp://anna:p%40ss%20word@127.0.0.1:{sink.port}'
        for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
            number = compose()
            delivery.deliver()
            assert row(number).state == 'deferred' and 'STARTTLS' in row(number).answer
    with pytest.raises(settings.SettingsError, match='without encryption'):
        settings.from_env({'QUICKPUB_SMTP': 'smtp+plain://anna:secret@127.0.0.1'})


def test_a_refused_log_in_defers_and_blames_no_address(tmp_path, certificate, monkeypatch):
    cert, context = certificate
    monkeypatch.setenv('SSL_CERT_FILE', str(cert))
    with smtp_server(tls_context=context, authenticator=accept_all) as sink:
        url = f'smtp://anna:wrong@127.0.0.1:{sink.port}'
        for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
            alice = person('alice')
            number = compose(user=alice)
            delivery.deliver()
            assert row(number).state == 'deferred' and row(number).answer.startswith('535')
            assert User.get_by_id(alice.id).mail_trouble is None


def test_a_password_that_cannot_be_said_and_a_host_that_cannot_exist_defer(tmp_path, certificate, monkeypatch):
    cert, context = certificate
    monkeypatch.setenv('SSL_CERT_FILE', str(cert))
    with smtp_server(tls_context=context, authenticator=accept_all) as sink:
        for data, place in (('a', f'anna:p%C3%A4ss@127.0.0.1:{sink.port}'), ('b', 'mail..example.org')):
            config = {'QUICKPUB_DATA': str(tmp_path / data), 'QUICKPUB_SMTP': f'smtp://{place}'}
            for _ in open_site(settings.from_env(config)):
                number = compose()
                delivery.deliver()
                assert row(number).state == 'deferred' and 'codec' in row(number).answer


def test_a_mail_whose_link_is_dead_is_not_sent(smtp_site, sink):
    """Asked for twice, used, expired: what the mail is about is over, and it must not say "None" either."""
    alice = person('alice')
    numbers = [password_reset.request_reset('alice@example.org', db.now())[0]]
    with db.db.atomic():
        credentials.set_password(alice, 'x')
    numbers += email_change.request_change(alice, 'new@example.org', db.now())
    Token.update(expires_at=db.now()).where(Token.purpose == 'address').execute()
    delivery.deliver()
    assert sink.mails == [] and {row(number).state for number in numbers} == {'failed'}
    assert Code.from_json(row(numbers[0]).answer) == Code('answer.link_expired')
    assert 'None' not in letter.render(row(numbers[0])).decode()


# Sharing the work

def test_a_burst_of_mails_needs_one_waiting_job_and_one_connection(smtp_site, sink):
    for number in range(30):
        with db.db.atomic():
            tasks.deliver_soon([compose(f'reader{number}@example.org', urgent=True)])
    assert [job.name for job in tables.Job.select()] == ['quickpub.tasks.deliver_urgent']
    drain()
    assert len(sink.mails) == 30 and len(sink.sessions) == 1


def test_more_than_a_batch_calls_for_help_and_nothing_is_left(smtp_site, sink):
    for number in range(2 * delivery.BATCH + 1):
        compose(f'reader{number}@example.org')
    tasks.deliver()
    assert drain() == 3
    assert len({found['To'] for found in sink.mails}) == len(sink.mails) == 2 * delivery.BATCH + 1


def test_who_waits_goes_first_and_an_urgent_round_sends_nothing_else(smtp_site, sink):
    compose('report@example.org')
    compose('signup@example.org', urgent=True)
    delivery.deliver(urgent=True)
    assert [found['To'] for found in sink.mails] == ['signup@example.org']
    compose('late@example.org', urgent=True)
    delivery.deliver()
    assert [found['To'] for found in sink.mails[1:]] == ['late@example.org', 'report@example.org']


def test_two_at_once_share_what_is_queued(smtp_site, sink):
    """Each of them takes the next mail, whoever is free: none is sent twice, none is left."""
    for number in range(40):
        compose(f'reader{number}@example.org')

    def help_out():
        with db.db.connection_context():
            delivery.deliver()

    threads = [threading.Thread(target=help_out) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({found['To'] for found in sink.mails}) == len(sink.mails) == 40
    assert {message.state for message in Message.select()} == {'sent'} and len(sink.sessions) > 1


def test_a_server_that_is_gone_is_asked_once_for_all(tmp_path):
    url = f'smtp+plain://127.0.0.1:{free_port()}'
    for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
        numbers = [compose(f'reader{number}@example.org') for number in range(5)]
        later(numbers[4], created_at=db.now() - timedelta(days=3))
        delivery.deliver()
        assert [row(number).attempts for number in numbers] == [1, 0, 0, 0, 0]
        assert [row(number).state for number in numbers] == ['deferred'] * 4 + ['failed']
        assert all('refused' in row(number).answer.lower() for number in numbers)
        delivery.wake(db.now() + timedelta(minutes=1, seconds=1))
        assert delivery.has_queued(more_than=3)


def test_a_delivery_that_breaks_off_leaves_its_mail_to_the_next_one(smtp_site, sink, monkeypatch):
    compose()

    def break_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(delivery._Delivery, '_attempt', break_off)
    with pytest.raises(KeyboardInterrupt):
        delivery.deliver()
    monkeypatch.undo()
    assert Message.get().state == 'sending'
    delivery.deliver()
    assert Message.get().state == 'sent' and len(sink.mails) == 1


def test_what_is_no_address_never_becomes_a_command(smtp_site, sink):
    number = compose('a@example.org>\r\nRCPT TO:<bob@example.org')
    delivery.deliver()
    assert row(number).state == 'failed' and answer_of(number) == 'This is not an email address.' and not sink.mails


# The mail as such

@pytest.mark.parametrize('words', ['plain', 'Übung macht den Meister – immer', '日本語のお知らせ', 'x' * 190, '.\n.',
                                   '--=_', 'مرحبا بالعالم'])
def test_what_is_sent_is_a_valid_mail_with_the_words_it_was_given(smtp_site, sink, words):
    Site.update(title=words[:60].replace('\n', ' ')).execute()
    number = mail.compose('report', 'alice@example.org', key='x', subject=words, payload={
        'name': words, 'period': 'today', 'is_running': False, 'frequency': 'daily', 'missed': None,
        'stats_url': 'http://x/studio/stats', 'settings_url': 'http://x/settings', 'views': 1, 'total': 2,
        'unsubscribe_url': 'http://x/unsubscribe/1', 'change': None, 'hosts': [], 'more_hosts': 0, 'others': None,
        'lines': [(words, 'http://127.0.0.1/p/x', 1, 1, 2, 100, None)]})
    made = letter.render(row(number))
    assert made == letter.render(row(number)) and b'\n' not in made.replace(b'\r\n', b'')
    assert max(len(line) for line in made.split(b'\r\n')) <= letter.LONGEST_LINE
    delivery.deliver()
    for parsed in (message_from_bytes(made, policy=default), sink.mails[0]):
        assert not parsed.defects and not any(part.defects for part in parsed.walk())
        assert parsed['Subject'] == ' '.join(words.split()) and parsed['From'].addresses[0].username
        for kind in ('plain', 'html'):
            part = parsed.get_body((kind,))
            assert part['Content-Transfer-Encoding'] in ('7bit', 'quoted-printable')
            assert ' '.join(words.split())[:40] in ' '.join(unescape(part.get_content()).split())


@pytest.mark.parametrize('title', ['Gärten Gärten –', 'der 中文标题 中文标题 der', 'مرحبا 😀 مرحبا =? مرحبا',
                                   '=?utf-8?q?x?='])
def test_a_header_says_every_space_of_its_words_once(site, title):
    Site.update(title=title).execute()
    subject = f'5 views, 16 to 22 November 2026 - {title}'
    number = mail.compose('exists', 'alice@example.org', key='x', subject=subject, payload=EXISTS)
    made = message_from_bytes(letter.render(row(number)))
    said = {name: str(make_header(decode_header(made[name]))) for name in ('Subject', 'From')}
    assert said == {'Subject': subject, 'From': f'{title} <quickpub@localhost>'}
    assert max(len(line) for line in f'Subject: {made["Subject"]}'.splitlines()) <= 78
