"""`quickpub serve` as a tree of processes: killed anywhere, stopped, crowded; what was accepted is there afterwards."""

import platform
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import PASSWORD, outbox, person, text_of, write
from rig import Visitor, numbers_in, silent_mail_server, wait_for

from quickpub import db, tasks
from quickpub.jobs.tables import Job
from quickpub.models import Message, Post, Report, User


class Crowd:
    """People who sign up, one after the other, while things break; `accepted` are those who were told it worked."""

    def __init__(self, url):
        self.url, self.accepted = url, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sign_up)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _sign_up(self):
        number = 0
        while not self._stop.wait(0.02):
            number += 1
            if sign_up(self.url, f'p{number}@example.org'):
                self.accepted.append(f'p{number}@example.org')

    def goes_on(self):
        """Wait until somebody more was accepted."""
        before = len(self.accepted)
        wait_for(lambda: len(self.accepted) > before, 'somebody to sign up')


def sign_up(url, email):
    """Whether the site says that it worked."""
    return 'Check your email' in Visitor(url).post('/signup', name='P', email=email, password=PASSWORD).text


def sign_up_at_last(url, email):
    """As people do who are told that the site is busy, on a machine that does much else."""
    return wait_for(lambda: sign_up(url, email), 'the sign-up')


def everything_done(rig):
    """Wait until nothing is left to do; every account and its mail."""
    with rig.database():
        wait_for(lambda: not Job.select().exists() and not Message.select().where(Message.state != 'sent').exists(),
                 'all work to be done')
        return {user.email for user in User.select()}, {message.recipient for message in Message.select()}


@pytest.mark.parametrize('branch', ['web', 'worker', 'consumer'])
def test_a_killed_process_is_replaced_and_nothing_accepted_is_lost(rig, mail_server, branch):
    served = rig.serve(smtp=mail_server.url)
    with Crowd(rig.url) as crowd:
        for _ in range(3):
            crowd.goes_on()
            before = {served.web(), served.worker(), served.consumer()}
            victim = getattr(served, branch)()
            victim.kill()
            wait_for(lambda victim=victim: not victim.is_running(), 'its end')
            rig.wait_until_well()
            assert getattr(served, branch)() not in before
        crowd.goes_on()
    accounts, mails = everything_done(rig)
    assert set(crowd.accepted) <= accounts == mails
    for email in accounts:
        assert len({mail['Message-ID'] for mail in mail_server.to(email)}) == 1
    wait_for(lambda: len(rig.processes()) == 4, 'what ran one job alone to end')
    served.stop()


def test_the_tree_dies_with_its_supervisor_and_another_one_takes_over(rig, mail_server):
    served = rig.serve(smtp=mail_server.url)
    with Crowd(rig.url) as crowd:
        crowd.goes_on()
        served.process.kill()
        served.ends()
        rig.wait_until_gone()
        again = rig.serve(smtp=mail_server.url)
        crowd.goes_on()
    accounts, mails = everything_done(rig)
    assert set(crowd.accepted) <= accounts == mails
    again.stop()


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_running_work_is_finished_before_the_end(rig, mail_server, number):
    served = rig.serve(smtp=mail_server.url)
    consumer = served.consumer()
    threads = consumer.num_threads()
    mail_server.may_answer.clear()
    assert sign_up(rig.url, 'alice@example.org')
    wait_for(lambda: mail_server.waiting, 'a mail on its way')
    served.popen.send_signal(number)
    wait_for(lambda: consumer.num_threads() < threads, 'idle workers to end')
    mail_server.may_answer.set()
    assert served.ends() == 0
    assert rig.processes() == []
    assert len(mail_server.to('alice@example.org')) == 1
    assert everything_done(rig) == ({'alice@example.org'}, {'alice@example.org'})


def test_a_half_sent_request_does_not_keep_the_site_from_stopping(rig):
    served = rig.serve()
    with socket.create_connection(('127.0.0.1', rig.port)) as connection:
        connection.sendall(b'POST /signup HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nname=')
        served.stop()


def test_a_port_that_is_taken_is_refused_in_one_sentence(rig):
    with socket.create_server(('127.0.0.1', rig.port)):
        assert_port_is_refused(rig, 'serve')
        assert not rig.data.exists()
        assert rig.run('migrate').returncode == 0
        assert_port_is_refused(rig, 'web')


def assert_port_is_refused(rig, command):
    refused = rig.run(command)
    assert refused.returncode != 0
    assert refused.stderr.startswith(f'Error: Cannot listen on 127.0.0.1 port {rig.port}: ')
    assert refused.stderr.count('\n') == 1
    assert rig.processes() == []


def test_a_sign_up_does_not_wait_for_a_mail_server_that_hangs(rig):
    with silent_mail_server() as address:
        served = rig.serve(smtp=address)
        assert sign_up(rig.url, 'alice@example.org')
        assert mail_state(rig) in ('queued', 'sending')
        wait_for(lambda: mail_state(rig) == 'sending', 'a try to send')
        assert sign_up(rig.url, 'bob@example.org')
    wait_for(lambda: mail_state(rig) == 'deferred', 'the mail to be put off')
    served.stop()


def mail_state(rig):
    with rig.database():
        return Message.select().order_by(Message.id).get().state


# Crowds

def test_views_in_parallel_are_all_counted_once(site, rig):
    """They are of one network, which may count for 300 a day."""
    alice = person('alice')
    address = rig.url + write(alice, 'Beans').path
    served = rig.serve(workers=2)
    with ThreadPoolExecutor(100) as readers:
        answers = list(readers.map(lambda _: Visitor('').get(address).status, range(250)))
    assert answers == [200] * 250
    desk = Visitor(rig.url)
    desk.post('/login', email=alice.email, password=PASSWORD)
    assert '250 views' in desk.get('/studio').text
    served.stop()
    with rig.database():
        assert Post.get().views == 250


HEAP = 64 * 1024 * 1024  # glibc begins each heap but the first at a multiple of it


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='other C libraries give a thread no heap of its own')
def test_threads_that_make_many_pages_share_their_heaps(rig):
    served = rig.serve()
    with ThreadPoolExecutor(30) as readers:
        answers = list(readers.map(lambda number: Visitor(rig.url).get(f'/login?next=/{number}').status, range(300)))
    assert answers == [200] * 300
    heaps = [start for start in (int(each.addr.partition('-')[0], 16) for each in served.worker().memory_maps(False)
                                 if each.path == '[anon]' and each.perms == 'rw-p') if start % HEAP == 0]
    assert len(heaps) < 8  # threads that began before may have got one each; without sharing there are 15 and more


def test_many_sign_ups_with_one_address_make_one_account_and_one_mail(rig, mail_server):
    served = rig.serve(smtp=mail_server.url, workers=2)
    with ThreadPoolExecutor(20) as people:
        assert all(people.map(lambda _: sign_up_at_last(rig.url, 'alice@example.org'), range(20)))
    assert everything_done(rig) == ({'alice@example.org'}, {'alice@example.org'})
    assert len(mail_server.mails) == 1
    served.stop()


# Reports

def test_two_consumers_over_one_closing_period_send_one_report_to_each_author(site, rig):
    authors = [person(f'author{number}', reported_until=yesterday()) for number in range(20)]
    for author in authors:
        write(author, f'By {author.name}', at=yesterday())
    consumers = [rig.start('consumer'), rig.start('consumer', '-k', 'process')]
    for _ in range(50):
        tasks.close_periods()
    wait_for(lambda: len(outbox(site)) >= len(authors) and not Job.select().exists(), 'the reports')
    assert sorted(mail['To'] for mail in outbox(site)) == sorted(author.email for author in authors)
    assert Report.select().count() == len(authors)
    stop_all(consumers)


def test_a_consumer_that_starts_three_periods_late_sends_one_report_for_them(site, rig):
    start = db.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    alice = person('alice', reported_until=start)
    beans = write(alice, 'Beans', at=start)
    web = rig.start('web')
    rig.wait_until_answers()
    for _ in range(7):
        Visitor(rig.url).get(beans.path)
    web.stop()

    consumer = rig.start('consumer')
    report, = wait_for(lambda: outbox(site), 'the report')
    wait_for(lambda: not Job.select().exists(), 'all work to be done')
    assert len(outbox(site)) == 1
    assert numbers_in(report)['Beans'] == (7, 7)
    assert 'It covers more than one period' in text_of(report)
    row = Report.get()
    assert (row.period_start, row.period_end, row.views) == (start, start + timedelta(days=3), 7)
    assert User.get().reported_until == row.period_end
    stop_all([consumer])


def yesterday():
    return db.now() - timedelta(days=1)


def stop_all(consumers):
    for consumer in consumers:
        consumer.popen.terminate()
    assert [consumer.ends() for consumer in consumers] == [0] * len(consumers)
