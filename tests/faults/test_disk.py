"""A full disk, a locked database: reading goes on, writing is refused in words, and everything is done afterwards."""

import sqlite3
import threading
import time
from datetime import datetime

import pytest
import retry_tasks
from conftest import PASSWORD, Browser, person, write
from disks import as_root, disk_of, fill, site_on
from rig import Visitor, wait_for

from quickpub import db, tasks
from quickpub.jobs import owners, tables
from quickpub.models import Message, Tag, User
from quickpub.web import create_app
from quickpub.wsgi import bodies

SIZE = 12  # megabytes


@pytest.fixture
def small_disk(tmp_path):
    with disk_of(SIZE, tmp_path / 'disk') as folder:
        yield folder


def sign_up(rig, number):
    return Visitor(rig.url).post('/signup', name=f'Reader {number}', email=f'reader{number}@example.org',
                                 password=PASSWORD)


@as_root
def test_a_full_disk_stops_writing_only_and_only_as_long_as_it_is_full(small_disk, rig, mail_server):
    site_on(small_disk, rig, smtp=mail_server.url)
    served = rig.serve()
    author = Visitor(rig.url)
    author.post('/login', email='writer@example.org', password=PASSWORD)
    assert sign_up(rig, 0).status == 200
    mail_server.wait_for('reader0@example.org')

    filler = fill(small_disk)
    long_text = 'word ' * 90_000
    answers = [sign_up(rig, number).status for number in range(1, 30)]
    assert 503 in answers and set(answers) <= {200, 503}
    kept = author.post('/studio/posts/new', title='Too long for this disk', body=long_text, slug='', tags='',
                       summary='', action='save')
    assert kept.status == 503 and 'still here' in kept.text and long_text in kept.text
    for path in ('/', rig.post, '/archive', '/feed.xml', '/studio'):
        assert author.get(path).status == 200
    for _number in range(2000):  # readers go on reading, whether or not they can be counted
        assert Visitor(rig.url).get(rig.post).status == 200
    assert Visitor(rig.url).get('/healthz').status == 503
    said = served.output()

    filler.unlink()
    rig.wait_until_well()
    assert sign_up(rig, 99).status == 200
    with rig.database():
        promised = [f'reader{number}@example.org' for number, status in enumerate(answers, 1) if status == 200]
        wait_for(lambda: not Message.select().where(Message.state != 'sent').exists(), 'all mail to be sent')
        assert {user.email for user in User.select()} >= {*promised, 'reader0@example.org', 'reader99@example.org'}
        assert User.select().count() == Message.select().where(Message.kind == 'verify').count() + 1
        assert db.db.execute_sql('PRAGMA integrity_check').fetchone()[0] == 'ok'
    for trouble in ('jobs wait', 'chores wait', 'Views cannot be recorded'):
        assert said.count(trouble) <= 2, f'the log was flooded with "{trouble}"'
    assert len(said) < 100_000, 'the log was flooded'
    served.stop()


@as_root
def test_a_form_that_finds_room_neither_in_memory_nor_on_the_disk_is_refused_in_words(site, monkeypatch):
    monkeypatch.setattr(bodies, 'MEMORY', 0)  # other forms have it all
    (site.data / 'media').rmdir()
    with disk_of(1, site.data / 'media') as folder:
        fill(folder)
        page = Browser(create_app(site)).post('/login', {'email': 'alice@example.org'}, status=507).text
    assert 'The disk of this site is full' in page and bodies.Incoming._held == 0


@as_root
def test_a_report_run_that_meets_a_full_disk_is_finished_afterwards(small_disk, rig, mail_server):
    site_on(small_disk, rig, smtp=mail_server.url)
    with db.db.connection_context(), db.db.atomic():
        for number in range(150):
            write(person(f'author{number}'), f'By {number}')
    mail_server.may_answer.clear()
    served = rig.start('consumer')
    wait_for(owners.living, 'a consumer')
    with rig.database():  # the first mail is on its way when the disk is full
        User.update(reported_until=datetime(2020, 1, 1)).execute()
        tasks.close_periods()
    wait_for(lambda: mail_server.waiting, 'a mail under way')
    filler = fill(small_disk)
    mail_server.may_answer.set()
    served.says('cannot be written')
    filler.unlink()
    with rig.database():
        wait_for(lambda: Message.select().where(Message.state == 'sent').count() == 151, 'all reports', 120)
        assert db.db.execute_sql('PRAGMA integrity_check').fetchone()[0] == 'ok'
    assert len({mail['Message-ID'] for mail in mail_server.mails}) == len(mail_server.mails) == 151
    served.stop()


def test_another_program_holds_the_write_lock_for_long(tmp_path, rig, mail_server, monkeypatch):
    monkeypatch.setenv('RETRY_FOLDER', str(tmp_path))
    site_on(tmp_path, rig, smtp=mail_server.url)
    for gate in ('stumble', 'write'):
        retry_tasks.make_gate(gate)
    served = rig.start(*retry_tasks.command('serve'))
    rig.wait_until_well()
    author = Visitor(rig.url)
    author.post('/login', email='writer@example.org', password=PASSWORD)
    mail_server.may_answer.clear()
    assert sign_up(rig, 7).status == 200
    with rig.database():
        retry_tasks.stumble(2)
        retry_tasks.write(1)
    wait_for(lambda: mail_server.waiting, 'a mail under way')
    wait_for(lambda: {'run', 'write'} <= set(retry_tasks.log()), 'two jobs under way')
    other = sqlite3.connect(rig.data / 'quickpub.db', isolation_level=None)
    other.execute('BEGIN IMMEDIATE')
    began = time.monotonic()
    mail_server.may_answer.set()  # it is sent now, and that cannot be written down
    retry_tasks.open_gate('stumble')  # it fails now, and cannot be put back
    retry_tasks.open_gate('write')  # it waits for the lock now, longer than its patience
    answers = []
    writers = [threading.Thread(target=lambda number=number: answers.append(sign_up(rig, number)))
               for number in range(5)]
    for writer in writers:
        writer.start()
    for path in ('/', rig.post, '/archive', '/studio'):
        assert author.get(path).status == 200
    for writer in writers:
        writer.join()
    assert {answer.status for answer in answers} == {503}
    assert all('again' in answer.text for answer in answers)
    while time.monotonic() - began < 2 * db.WORK_PATIENCE:  # each question waits for the lock, and then says no
        assert Visitor(rig.url).get('/healthz').status == 503
        assert Visitor(rig.url).get(rig.post).status == 200
    assert retry_tasks.log().count('run') == 1 and 'written' not in retry_tasks.log()
    other.execute('ROLLBACK')
    other.close()
    assert sign_up(rig, 9).status == 200
    mail_server.wait_for('reader9@example.org')
    with rig.database():
        wait_for(lambda: not Message.select().where(Message.state != 'sent').exists(), 'the ledger to know')
        assert len(mail_server.to('reader7@example.org')) == 1
        assert User.select().count() == 3
        wait_for(lambda: {'done', 'written'} <= set(retry_tasks.log()), 'both jobs at their end')
        wait_for(lambda: not tables.Job.select().where(tables.Job.state != 'dead').exists(), 'all work to be done')
        assert tables.Job.select().count() == 0
        assert retry_tasks.log().count('run') == 3 and retry_tasks.log().count('write') == 2
        assert Tag.select().count() == 1
    served.stop()
