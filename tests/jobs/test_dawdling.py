"""Mail servers that dawdle at each step of a conversation: every mail has its deadline, and a worker stays free."""

import ssl
import threading
from pathlib import Path

import pytest
from conftest import open_site, person, write
from dawdling import DawdlingServer
from rig import silent_mail_server, wait_for

from quickpub import db, settings, tasks
from quickpub.jobs.tables import Job
from quickpub.mail import conversation, delivery, ledger, mail_server
from quickpub.models import Export, Message
from quickpub.sentences import describe_stored

CERTIFICATE = Path(__file__).parents[1] / 'data' / 'nobody-trusts-this.pem'
LIMIT = 60  # seconds, which only end what hangs


def compose(recipient='alice@example.org', **fields):
    return ledger.compose('exists', recipient, key=f'x:{recipient}', subject='You have an account',
                        payload={'login_url': 'http://x/login', 'forgot_url': 'http://x/forgot'}, **fields)


def deliver(url, tmp_path, count=1):
    """Deliver some mails; the state and the answer of each. Fails where that has no end."""
    for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
        for number in range(count):
            compose(f'reader{number}@example.org')

        def work():
            with db.db.connection_context():
                delivery.deliver()
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        worker.join(LIMIT)
        assert not worker.is_alive(), 'the mail server holds the worker'
        return [(message.state, describe_stored(message.answer)) for message in Message.select().order_by(Message.id)]


@pytest.fixture
def in_a_second(monkeypatch):
    """Whatever is said about one mail must be over in a second; silence may last longer."""
    monkeypatch.setattr(conversation, 'DEADLINE', 1.0)
    monkeypatch.setattr(mail_server, 'FAREWELL', 0.5)


@pytest.fixture
def tls(monkeypatch):
    monkeypatch.setenv('SSL_CERT_FILE', str(CERTIFICATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.mark.parametrize('by', ['line', 'byte', 'silence'])
@pytest.mark.parametrize('step', ['connect', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'the text'])
def test_a_server_that_dawdles_is_left_and_the_mail_waits(tmp_path, in_a_second, step, by):
    server = DawdlingServer(step, by)
    with server.running() as port:
        (found,) = deliver(f'smtp+plain://127.0.0.1:{port}', tmp_path)
    assert found[0] == 'deferred' and 'did not answer' in found[1] and server.has_dawdled.is_set()


@pytest.mark.parametrize('by', ['line', 'byte', 'silence'])
@pytest.mark.parametrize('step', ['STARTTLS', 'TLS', 'AUTH'])
def test_one_that_dawdles_while_encryption_or_a_log_in_begins_is_left_too(tmp_path, in_a_second, tls, step, by):
    server = DawdlingServer(step, by, tls)
    with server.running() as port:
        (found,) = deliver(f'smtp://anna:secret@127.0.0.1:{port}', tmp_path)
    assert found[0] == 'deferred' and 'did not answer' in found[1] and server.has_dawdled.is_set()


@pytest.mark.parametrize('by', ['line', 'byte', 'silence'])
def test_one_that_wants_to_encrypt_at_once_and_dawdles_is_left_too(tmp_path, in_a_second, by):
    server = DawdlingServer('connect', by)
    with server.running() as port:
        (found,) = deliver(f'smtps://127.0.0.1:{port}', tmp_path)
    assert found[0] == 'deferred' and server.has_dawdled.is_set()


@pytest.mark.parametrize('by', ['line', 'byte', 'silence'])
@pytest.mark.parametrize(('step', 'answers', 'state'), [('QUIT', {}, 'sent'), ('RSET', {'RCPT': b'550 No'}, 'failed')])
def test_what_is_said_counts_although_the_farewell_dawdles(tmp_path, in_a_second, step, answers, state, by):
    server = DawdlingServer(step, by, answers=answers)
    with server.running() as port:
        (found,) = deliver(f'smtp+plain://127.0.0.1:{port}', tmp_path)
    assert found[0] == state and server.has_dawdled.is_set()


def test_each_mail_over_one_connection_has_its_own_deadline(tmp_path, in_a_second, monkeypatch):
    """Ten of them, each of which takes a quarter of it."""
    monkeypatch.setattr(conversation, 'DEADLINE', 2.0)
    server = DawdlingServer('never', 'silence')
    answer, slowly = server._answer, threading.Event()

    def late(client, step):
        if step == 'the text':
            slowly.wait(0.5)
        answer(client, step)
    server._answer = late
    with server.running() as port:
        found = deliver(f'smtp+plain://127.0.0.1:{port}', tmp_path, count=10)
    assert [state for state, _ in found] == ['sent'] * 10


def test_a_job_begins_no_other_mail_when_its_time_is_over_and_another_job_goes_on(site, monkeypatch):
    monkeypatch.setattr(delivery, 'BATCH_SECONDS', 0)
    for number in range(3):
        compose(f'reader{number}@example.org')
    tasks.deliver()
    states = []
    while task := tasks.huey.next_task():
        tasks.huey.execute(task)
        states.append(Message.select().where(Message.state == 'sent').count())
    assert states == [1, 2, 3]


# A worker that mail cannot take

@pytest.fixture
def workers():
    yield lambda count: setattr(tasks.huey.limits, 'bulk', count - 1 or None)
    tasks.huey.limits.bulk = None


def fill_with(task, times=9):
    """Let jobs of this task begin until no more may; how many."""
    for begun in range(times):
        task()
        if tasks.huey.next_task() is None:
            return begun
    return times


@pytest.mark.parametrize(('count', 'bulk', 'urgent'), [(2, 1, 0), (3, 1, 1), (4, 2, 1), (5, 3, 1), (8, 6, 1)])
def test_mail_leaves_a_worker_free_and_what_is_waited_for_has_one_beside_the_rest(site, workers, count, bulk, urgent):
    workers(count)
    assert fill_with(tasks.deliver) == bulk
    assert fill_with(tasks.deliver_urgent) == urgent
    tasks.send_view_count_report()
    assert tasks.huey.next_task().name == 'send_view_count_report'


@pytest.mark.parametrize('count', [2, 3, 4, 8])
def test_urgent_mail_alone_leaves_a_worker_free_too(site, workers, count):
    workers(count)
    assert fill_with(tasks.deliver_urgent) == count - 1
    tasks.send_verification_email(1)
    assert tasks.huey.next_task().name == 'send_verification_email'


def test_one_worker_alone_does_everything_in_turn(site, workers):
    workers(1)
    tasks.deliver()
    tasks.send_view_count_report()
    assert tasks.huey.next_task() and tasks.huey.next_task()


@pytest.mark.parametrize('kind', ['thread', 'process'])
def test_while_a_mail_server_says_nothing_other_work_goes_on(rig, kind):
    with silent_mail_server() as url:
        rig.settings['smtp'] = url
        rig.open()
        with rig.database():
            alice = person('alice')
            write(alice)
            for number in range(9):
                compose(f'reader{number}@example.org', urgent=True)
            rig.start('consumer', '-w', '3', '-k', kind)
            urgent = Job.select().where(Job.name == 'quickpub.tasks.deliver_urgent')
            for count in (1, 2):
                tasks.deliver_urgent()
                wait_for(lambda count=count: urgent.where(Job.state == 'running').count() >= count, 'a worker for mail')
            tasks.deliver_urgent()  # for the third, which it must not get
            with db.db.atomic():
                number = tasks.exports.request(alice, 'numbers', db.now()).id
                tasks.make_export(number)
            wait_for(lambda: Export.get_by_id(number).state == 'ready', 'the export')
            assert Message.select().where(Message.state == 'sending').count() == 2
            assert urgent.where(Job.state == 'ready').exists()
