"""Pictures when processes are killed, the disk is full, the database locked: no half file, no row without a file."""

import signal
import sqlite3
from pathlib import Path

import psutil
import pytest
from conftest import PASSWORD, person
from disks import as_root, disk_of, fill, site_on
from images import picture
from PIL import Image
from rig import Visitor, wait_for
from sites import keep

from quickpub import tasks
from quickpub.jobs import queue, tables
from quickpub.models import MediaFile, Post, Upload

DISK = 48  # megabytes


@pytest.fixture
def site_rig(rig):
    """A site without processes, opened in this one too, with Alice's account."""
    rig.open()
    with rig.database():
        rig.alice = person('alice')
        yield rig


@pytest.fixture
def disk(tmp_path):
    """Large enough for a few files."""
    with disk_of(DISK, tmp_path / 'disk') as folder:
        yield folder


def upload(user, name, content):
    return keep(user, name, content, tasks.prepare_pictures)


def slow_picture(tmp_path):
    """One that takes a second or two."""
    Image.effect_noise((4000, 3000), 80).save(tmp_path / 'noise.jpg', quality=90)
    return (tmp_path / 'noise.jpg').read_bytes()


def caught_child(rig):
    """The child process that draws, held while it does."""
    wait_for(lambda: MediaFile.select().where(MediaFile.progress > 0).exists(), 'a picture under way')
    child = next(process for process in rig.processes() if 'quickpub.media.imaging' in process.cmdline())
    child.suspend()
    return child


def files_in(rig):
    return {path.name for path in (rig.data / 'media').iterdir() if not path.name.startswith('.')}


def all_ready():
    return not MediaFile.select().where(MediaFile.state != 'ready').exists()


def test_the_consumer_is_killed_amid_a_picture(site_rig, tmp_path):
    kept = upload(site_rig.alice, 'noise.jpg', slow_picture(tmp_path))
    consumer = site_rig.start('consumer')
    child = caught_child(site_rig)
    consumer.popen.send_signal(signal.SIGKILL)
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 'the child to die too')
    assert MediaFile.get().state == 'working' and not (site_rig.data / 'media' / kept.file_id / 'shown').exists()
    consumer = site_rig.start('consumer')
    wait_for(all_ready, 'the picture')
    assert MediaFile.get().attempts == 0 and files_in(site_rig) == {kept.file_id}
    wait_for(lambda: not tables.Job.select().exists(), 'the job to be done')
    consumer.stop()


def test_the_child_is_killed_and_tried_again_after_the_next_picture(site_rig, tmp_path):
    """As the kernel does where memory runs out: it takes the child, never the consumer."""
    upload(site_rig.alice, 'noise.jpg', slow_picture(tmp_path))
    second = upload(site_rig.alice, 'hill.jpg', picture())
    consumer = site_rig.start('consumer')
    child = caught_child(site_rig)
    assert not psutil.LINUX or Path(f'/proc/{child.pid}/oom_score_adj').read_text().strip() == '1000'
    child.kill()
    wait_for(lambda: MediaFile.get_by_id(second.file_id).state == 'ready', 'the other one')
    queue.run_soon('picture', MediaFile.get(MediaFile.state == 'waiting').digest)
    wait_for(all_ready, 'the one whose child was killed')
    assert consumer.popen.poll() is None
    consumer.stop()


def log_in(rig, name):
    visitor = Visitor(rig.url)
    assert visitor.post('/login', email=f'{name}@example.org', password=PASSWORD).status == 200
    return visitor


def send(visitor, name, content):
    body = (f'--B\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode() + content
            + b'\r\n--B--\r\n')
    return visitor._ask('/studio/media', body, {'Content-Type': 'multipart/form-data; boundary=B'})


def test_a_locked_database_refuses_an_upload_in_words_and_leaves_nothing(site_rig):
    served = site_rig.serve()
    alice = log_in(site_rig, 'alice')
    other = sqlite3.connect(site_rig.data / 'quickpub.db', isolation_level=None)
    other.execute('BEGIN IMMEDIATE')
    answer = send(alice, 'hill.jpg', picture())
    assert answer.status == 503 and 'again' in answer.text
    other.execute('ROLLBACK')
    other.close()
    assert list((site_rig.data / 'media').iterdir()) == [] and not Upload.select().exists()
    assert send(alice, 'hill.jpg', picture()).status == 200
    wait_for(all_ready, 'the picture')
    served.stop()


@as_root
def test_a_full_disk_refuses_uploads_in_words_and_pictures_wait(disk, rig):
    site_on(disk, rig)
    served = rig.serve()
    writer = log_in(rig, 'writer')
    assert send(writer, 'talk.mp3', b'ID3' + bytes(2_000_000)).status == 200
    too_much = send(writer, 'long.mp3', b'ID3' + bytes(60_000_000))
    assert too_much.status == 507 and 'disk of this site is' in too_much.text
    assert send(writer, 'more.mp3', b'ID3' + bytes(30_000_000)).status == 507
    assert writer.get('/studio/media').status == 200
    assert writer.post('/studio/posts/new', title='Words have room', body='x', action='save').status == 200
    with rig.database():
        assert Upload.select().count() == 1 and files_in(rig) == {Upload.get().file_id}
        assert Post.select().where(Post.title == 'Words have room').exists()
    served.stop()

    with rig.database():
        upload(Upload.get().user, 'noise.jpg', slow_picture(rig.elsewhere))
        consumer = rig.start('consumer')
        child = caught_child(rig)
        filler = fill(disk)
        child.resume()
        consumer.says('cannot be written|An image waits')
        filler.unlink()
        wait_for(all_ready, 'the picture', 120)
    consumer.stop()
