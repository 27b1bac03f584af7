"""`quickpub serve` as a tree of processes: killed anywhere, stopped, crowded; what was accepted is there afterwards."""

import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psutil
import pytest
from conftest import PASSWORD, outbox, person, text_of, write
from rig import Visitor, numbers_in, silent_mail_server, wait_for

from quickpub import db, tasks
from quickpub.jobs import Job
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
    return 'Look in your mailbox' in Visitor(url).post('/signup', name='P', email=email, password=PASSWORD).text


def settle(rig):
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
    accounts, mails = settle(rig)
    assert set(crowd.accepted) <= accounts == mails
    for email in accounts:
        assert len({mail['Message-ID'] for mail in mail_server.to(email)}) == 1
    assert len(rig.processes()) == 4
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
    accounts, mails = settle(rig)
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
    assert settle(rig) == ({'alice@example.org'}, {'alice@example.org'})


def test_work_that_does_not_end_is_left_for_the_next_start(rig):
    with silent_mail_server() as address:
        served = rig.serve(smtp=address)
        assert sign_up(rig.url, 'alice@example.org')
        wait_for(lambda: mail_state(rig) == 'sending', 'a try to send')
        served.process.send_signal(signal.SIGTERM)
        assert served.ends() == 0
        assert rig.processes() == []


def mail_state(rig):
    with rig.database():
        return Message.get().state


def test_a_port_that_is_taken_is_refused_in_one_sentence(rig):
    with socket.create_server(('127.0.0.1', rig.port)):
        for command in ('serve', 'web'):
            if command == 'web':
                assert rig.run('migrate').returncode == 0
            refused = rig.run(command)
            assert refused.returncode != 0
            assert f'Cannot listen on 127.0.0.1 port {rig.port}' in refused.stderr.splitlines()[-1]
            assert 'Traceback' not in refused.stderr
    assert rig.processes() == []
