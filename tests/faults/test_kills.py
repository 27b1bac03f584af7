"""Real processes killed or stopped at points that matter, each held open until the blow falls: no sleeps, no luck.

Where a process must be caught between two steps, the second one is kept from happening (a mail server that does not
answer yet, a write lock held by this test), and the process is killed while it waits.
"""

import os
import signal
import sqlite3
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import psutil
import pytest
from conftest import person, take_cards_as_drawn, utc, write
from rig import wait_for

from quickpub import db, tasks
from quickpub.accounts import registration, users
from quickpub.audience import reports
from quickpub.exchange import exports
from quickpub.jobs import owners, rescue
from quickpub.jobs.tables import Job, RecurringJob
from quickpub.models import DailyViews, Export, Message, Post, Report, User

AUTHORS = 400  # many batches


@pytest.fixture
def rig(rig, mail_server):
    """A site without processes, opened in this one too."""
    rig.settings['smtp'] = mail_server.url
    rig.open()
    with rig.database():
        yield rig


@pytest.fixture(params=['thread', 'process'])
def kind(request):
    return request.param


def start(rig, kind='thread'):
    return rig.consume('consumer', '-k', kind)


def all_sent():
    return not Message.select().where(Message.state != 'sent').exists() and not Job.select().exists()


def copies(mail_server):
    """Message-ID -> how often it arrived."""
    return Counter(mail['Message-ID'] for mail in mail_server.mails)


def sign_up(name):
    with db.db.atomic():
        user = users.create(name, f'{name}@example.org', 'x', db.now())
        tasks.deliver_soon(registration.resend_verification(user, db.now()))
    return user


def test_killed_between_the_mail_servers_yes_and_our_commit(rig, mail_server, kind):
    """The one moment in which nobody can know: the mail comes once more, recognisable as the same."""
    start(rig, kind)
    mail_server.may_answer.clear()
    sign_up('alice')
    wait_for(lambda: mail_server.waiting, 'the mail under way')
    lock = sqlite3.connect(rig.data / 'quickpub.db', isolation_level=None)
    lock.execute('BEGIN IMMEDIATE')
    mail_server.may_answer.set()
    wait_for(lambda: len(mail_server.mails) == 1, 'the mail taken')
    rig.crash()
    lock.execute('ROLLBACK')
    lock.close()
    assert Message.get().state == 'sending'
    start(rig, kind)
    wait_for(all_sent, 'the mail sent again')
    assert list(copies(mail_server).values()) == [2]


def test_killed_before_the_mail_server_has_answered(rig, mail_server, kind):
    start(rig, kind)
    mail_server.may_answer.clear()
    sign_up('alice')
    wait_for(lambda: mail_server.waiting, 'the mail under way')
    rig.crash()
    mail_server.may_answer.set()
    start(rig, kind)
    wait_for(all_sent, 'the mail sent')
    assert set(copies(mail_server).values()) <= {1, 2} and len(copies(mail_server)) == 1


def test_killed_while_it_waits_to_claim(rig, mail_server, kind):
    start(rig, kind)
    lock = sqlite3.connect(rig.data / 'quickpub.db', isolation_level=None)
    sign_up('alice')
    lock.execute('BEGIN IMMEDIATE')
    rig.crash()
    lock.execute('ROLLBACK')
    lock.close()
    start(rig, kind)
    wait_for(all_sent, 'the mail sent')
    assert len(copies(mail_server)) == 1


def test_a_report_run_over_many_authors_killed_again_and_again(rig, mail_server, kind):
    with db.db.atomic():
        for number in range(AUTHORS):
            user = User.create(name=f'A{number}', handle=f'a{number}', email=f'a{number}@example.org', role='author',
                               bio='', timezone='UTC', report='daily', verified_at=db.now(),
                               reported_until=utc(2020, 1, 1))
            Post.create(author=user, title=f'By {number}', slug=f'by-{number}', body='x', published_at=db.now(),
                        views=number % 7)
        take_cards_as_drawn()
    kills = 0
    for is_far_enough in (
            lambda: Report.select().count() >= 50, lambda: Report.select().count() >= 150,
            lambda: Message.select().where(Message.state == 'sent').count() >= 120,
            lambda: Message.select().where(Message.state == 'sent').count() >= 280):
        start(rig, kind)
        tasks.close_periods()
        wait_for(is_far_enough, 'the run to be in its middle')
        rig.crash()
        kills += 1
    start(rig, kind)
    tasks.close_periods()
    wait_for(lambda: Report.select().count() == AUTHORS and all_sent(), 'all reports', 120)
    assert set(Counter(report.user_id for report in Report.select()).values()) == {1}
    assert sum(report.views for report in Report.select()) == sum(post.views for post in Post.select())
    arrived = copies(mail_server)
    assert set(arrived) == {message.message_id for message in Message.select()} and len(arrived) == AUTHORS
    assert sum(arrived.values()) - AUTHORS <= kills * 4, 'more copies than open connections were cut'


def test_a_verification_mail_does_not_wait_for_a_report_run(rig, mail_server):
    """The mail server is slow, and many reports are under way: one worker is kept free for mail that somebody
    waits for, one more for work that is no mail."""
    with db.db.atomic():
        for number in range(120):  # more than two workers take at once
            write(person(f'author{number}'), f'By {number}')
        take_cards_as_drawn()
        User.update(reported_until=utc(2020, 1, 1)).execute()
    mail_server.is_slow_to = lambda mail: 'views' in mail['Subject']
    mail_server.may_answer.clear()
    start(rig)
    tasks.close_periods()
    wait_for(lambda: mail_server.waiting == 2, 'two workers with reports')
    sign_up('zoe')
    mail_server.wait_for('zoe@example.org')
    assert not [mail for mail in mail_server.mails if 'views' in mail['Subject']]
    mail_server.may_answer.set()
    wait_for(all_sent, 'everything sent', 120)
    assert set(copies(mail_server).values()) == {1}


def is_mail_under_way():
    """Whether a living process is sending one."""
    return any(owners.is_alive(message.sender.partition('#')[0]) for message in Message.select(Message.sender).where(
        Message.state == 'sending'))


def test_however_often_everything_is_killed_nothing_is_buried_for_it(rig, mail_server, kind):
    """Amid a mail that is never answered, and an export beside it; in turn the parents die first and the children."""
    mail_server.may_answer.clear()
    user = sign_up('alice')
    with db.db.atomic():
        number = exports.request(user, 'numbers', db.now()).id
        tasks.make_export(number)
    alone = 0  # times that the jobs were killed while one of them ran alone
    for kills in range(24):
        if kills >= 8 and alone > 4:  # more than bury a job that was alone
            break
        # No recurring job meanwhile: it would enqueue the mail's job anew, without the strike.
        RecurringJob.update(enqueued_at=db.now() + timedelta(seconds=55)).execute()
        start(rig, kind)
        wait_for(is_mail_under_way, 'the mail to be under way')
        alone += Job.select().where(Job.owner % '*~*').exists()
        for process in reversed(rig.processes() if kills % 2 else []):
            with suppress(psutil.NoSuchProcess):  # dead with its parent, meanwhile
                process.kill()
        for process in rig.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        rig.wait_until_gone()
        assert not Job.select().where(Job.state == 'dead').exists() and Message.get().state in (
            'queued', 'sending')
    assert alone > 4
    mail_server.may_answer.set()
    start(rig, kind)
    wait_for(lambda: all_sent() and Export.get_by_id(number).state == 'ready', 'all work to be done')


def test_a_stopped_consumer_loses_no_claim_and_its_work_is_not_done_twice(rig, mail_server):
    """SIGSTOP is not death: its claims hold, however long; another consumer does everything else."""
    mail_server.may_answer.clear()
    first = start(rig)
    sign_up('alice')
    wait_for(lambda: mail_server.waiting and Job.select().count() == 1, 'the mail under way, and nothing else')
    first.popen.send_signal(signal.SIGSTOP)
    mail_server.may_answer.set()
    start(rig)
    author = person('writer', reported_until=utc(2020, 1, 1))
    write(author)
    tasks.close_periods()
    mail_server.wait_for('writer@example.org')
    wait_for(lambda: [job.name for job in Job.select()] == ['quickpub.tasks.deliver_urgent'], 'all but what it holds')
    assert rescue.rescue() == 0
    first.popen.send_signal(signal.SIGCONT)
    wait_for(all_sent, 'the first mail written down')
    assert set(copies(mail_server).values()) == {1} and Report.select().count() == 1
    assert list(reports.due(db.now())) == []


def test_killed_amid_an_export(rig, mail_server, kind):
    """What it writes to is a pipe that nobody empties, so it is caught when it has written a part."""
    user = sign_up('alice')
    post = write(user, 'Hills', published=False)
    DailyViews.insert_many([{'post': post, 'day': f'{year}-{number // 28 + 1:02}-{number % 28 + 1:02}', 'views': 1}
                            for year in range(2020, 2026) for number in range(12 * 28)]).execute()
    with db.db.atomic():
        tasks.make_export(exports.request(user, 'numbers', db.now()).id)
    path = exports.path_of(Export.get())
    pipe = path.with_name(f'{path.name}.part')
    os.mkfifo(pipe)
    start(rig, kind)
    with open(pipe, 'rb') as half:
        assert half.read(1000)
        rig.crash()
    assert Export.get().state == 'waiting' and not path.exists()
    pipe.unlink()
    start(rig, kind)
    wait_for(lambda: Export.get().state == 'ready' and all_sent(), 'the whole of it')
    assert len(path.read_text().splitlines()) == 1 + 6 * 12 * 28 and not pipe.exists()
