"""Nothing slow happens inside a write transaction: neither a disk that syncs, nor another process, nor the network."""

import os
import socket
import subprocess
import threading
from datetime import timedelta

import pytest
from conftest import Browser, clean_up, drain, open_site, person, write
from images import PDF, picture, send
from sites import browser_of, keep
from smtp_rig import smtp_server

from quickpub import db, settings, tasks
from quickpub.accounts import password_reset
from quickpub.audience import counting, recording, spool
from quickpub.exchange import exports
from quickpub.jobs import rescue
from quickpub.mail import delivery, ledger
from quickpub.media import cleaning, files
from quickpub.models import Export, MediaFile, Message, Post, Upload, User
from quickpub.web import create_app

SLOW = [(os, 'fsync'), (os, 'fdatasync'), (os, 'sync'), (subprocess.Popen, '__init__'), (socket.socket, 'connect'),
        (socket.socket, 'sendall'), (socket.socket, 'recv_into'), (socket, 'getaddrinfo')]


@pytest.fixture
def slow_ones(monkeypatch):
    """Which slow calls were made at all, and which of them inside a transaction."""
    made, inside = set(), []

    def watched(owner, name):
        call = getattr(owner, name)

        def watch(*args, **options):
            made.add(name)
            if db.db.in_transaction() and not db.db.is_closed():
                inside.append(name)
            return call(*args, **options)
        monkeypatch.setattr(owner, name, watch)
    for owner, name in SLOW:
        if hasattr(owner, name):
            watched(owner, name)
    yield made, inside
    assert inside == [], f'{inside} inside a transaction'


@pytest.fixture
def smtp_site(tmp_path):
    with smtp_server() as sink:
        yield from open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': sink.url}))


def test_an_upload_and_its_pictures_sync_outside(site, alice, browse, slow_ones):
    browser = browse(alice)
    send(browser, ('hill.jpg', picture()), ('paper.pdf', PDF), status=303)
    send(browser, ('hill.jpg', picture()), status=303)
    drain()
    with db.db.connection_context():
        assert {file.state for file in MediaFile.select()} == {'ready'} and Upload.select().count() == 2
    assert {'fsync', '__init__'} <= slow_ones[0]


def test_a_picture_that_is_made_anew_syncs_outside(site, alice, slow_ones):
    upload = keep(alice, 'hill.jpg', picture(), tasks.prepare_pictures)
    drain()
    MediaFile.update(state='waiting').execute()  # with something in its place already
    tasks.prepare_pictures()
    drain()
    assert MediaFile.get_by_id(upload.file_id).state == 'ready'


def test_deleting_and_cleaning_up_sync_outside(site, alice, slow_ones):
    kept = [keep(alice, f'{number}.pdf', PDF + b'%d' % number) for number in range(3)]
    cleaning.delete(kept[0])
    Upload.update(touched_at=db.now() - timedelta(days=40)).execute()
    cleaning.clean_up(db.now())
    assert list(files.folder().iterdir()) == []


def test_an_export_syncs_outside(site, alice, slow_ones):
    for number in range(3 * exports.BATCH):
        Post.create(author=alice, title='x', slug=f'x{number}')
    with db.db.atomic():
        tasks.make_export(exports.request(alice, 'numbers', db.now()).id)
    drain()
    assert Export.get().state == 'ready' and 'fsync' in slow_ones[0]
    exports.clean_up(db.now() + timedelta(days=30))


def test_mail_into_the_outbox_syncs_outside(site, slow_ones):
    for number in range(3):
        ledger.compose('exists', f'reader{number}@example.org', key=f'{number}', subject='x',
                     payload={'login_url': 'http://x/login', 'forgot_url': 'http://x/forgot'})
    delivery.deliver()
    assert {message.state for message in Message.select()} == {'sent'} and 'fsync' in slow_ones[0]
    ledger.clean_up(db.now() + timedelta(days=200))


def test_mail_to_a_server_speaks_outside(smtp_site, slow_ones):
    for number in range(3):
        ledger.compose('exists', f'reader{number}@example.org', key=f'{number}', subject='x',
                     payload={'login_url': 'http://x/login', 'forgot_url': 'http://x/forgot'})
    delivery.deliver()
    assert {message.state for message in Message.select()} == {'sent'} and 'sendall' in slow_ones[0]


def test_the_life_of_a_site_syncs_outside(site, olga, alice, browse, slow_ones):
    """Signing up, publishing, reading, counting, reports, a deleted account, the cleaning of each night."""
    browse().post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': 'a long one, and quiet'})
    browser = browse(alice)
    browser.post('/studio/posts/new', {'title': 'Hills', 'body': 'x', 'action': 'publish'}, status=303)
    browse().get('/p/hills', status=200)
    with db.db.connection_context():
        recording.record_view(Post.get().id, db.now())
        spool.mine.close()
        counting.count_recorded_views()
        User.update(reported_until=db.now() - timedelta(days=3)).execute()
        tasks.close_periods()
        tasks.send_view_count_report()
        drain()
        clean_up()
        rescue.rescue()
    assert 'fsync' in slow_ones[0]


# While the disk is slow

class SlowDisk:
    """A disk whose syncs wait until `go_on`: all of them, or those after some."""

    def __init__(self, monkeypatch):
        self.is_waited_for, self._may_go, self._sync = threading.Event(), threading.Event(), os.fsync
        monkeypatch.setattr(os, 'fsync', self._wait)

    def _wait(self, fd):
        self.is_waited_for.set()
        assert self._may_go.wait(60)
        self._sync(fd)

    def go_on(self):
        self._may_go.set()


@pytest.fixture
def slow_disk(site, monkeypatch):
    db.db.timeout = 1
    disk = SlowDisk(monkeypatch)
    yield disk
    disk.go_on()


def meanwhile(disk, slow):
    """Do this in a thread up to the moment in which it waits for the disk; returns how to let it end."""
    def work():
        with db.db.connection_context():
            slow()
    thread = threading.Thread(target=work)
    thread.start()
    assert disk.is_waited_for.wait(60)

    def end():
        disk.go_on()
        thread.join(60)
        assert not thread.is_alive()
    return end


def test_while_an_upload_waits_for_the_disk_other_pages_are_saved(site, alice, bob, slow_disk):
    app = create_app(site)
    db.db.close()
    uploading, writing = Browser(app), browser_of(site)
    uploading.log_in(alice), writing.log_in(bob)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(send(uploading, ('hill.jpg', picture())).status_int))
    thread.start()
    assert slow_disk.is_waited_for.wait(60)
    for number in range(3):
        writing.post('/studio/posts/new', {'title': f'Post {number}', 'body': 'x', 'action': 'publish'}, status=303)
    slow_disk.go_on()
    thread.join(60)
    assert answers == [303]
    with db.db.connection_context():
        assert Post.select().count() == 3 and Upload.select().count() == 1


@pytest.mark.parametrize('what', ['picture', 'export', 'outbox', 'upload'])
def test_while_other_work_waits_for_the_disk_anybody_can_write(site, alice, what, monkeypatch):
    db.db.timeout = 1
    if what == 'picture':
        keep(alice, 'hill.jpg', picture(), tasks.prepare_pictures)
    if what == 'export':
        with db.db.atomic():
            tasks.make_export(exports.request(alice, 'numbers', db.now()).id)
    if what == 'outbox':
        tasks.deliver_soon(password_reset.request_reset(alice.email, db.now()))
    disk = SlowDisk(monkeypatch)
    end = meanwhile(disk, lambda: keep(alice, 'x.pdf', PDF) if what == 'upload' else drain())
    for number in range(3):
        write(person(f'writer{number}'), f'Post {number}')
    end()
    assert Post.select().count() == 3
    assert not MediaFile.select().where(MediaFile.state != 'ready').exists()
    assert not Export.select().where(Export.state != 'ready').exists()
    assert not Message.select().where(Message.state == 'sending').exists()


def test_a_file_that_is_deleted_while_the_same_comes_in_once_more_is_there_in_the_end(site, alice, bob, monkeypatch):
    """Who removes a file waits for those who place one, and looks again."""
    first = keep(alice, 'paper.pdf', PDF)
    disk = SlowDisk(monkeypatch)
    end = meanwhile(disk, lambda: keep(bob, 'mine.pdf', PDF))
    removing = threading.Thread(target=lambda: in_connection(lambda: cleaning.delete(first)))
    removing.start()
    end()
    removing.join(60)
    (left,) = Upload.select()
    assert left.name == 'mine.pdf' and files.find(left.file_id, left.name) is not None


def in_connection(work):
    with db.db.connection_context():
        work()
