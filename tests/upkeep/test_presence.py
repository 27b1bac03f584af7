"""What a site consists of vanishes, is exchanged or is locked away while it runs: seen, said once, never replaced."""

import logging
import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from conftest import person, write
from peewee import OperationalError

from quickpub import db, presence, watch
from quickpub.audience import counting, recording, spool
from quickpub.models import Post, Upload, User
from quickpub.sqlite import connection

FOLDERS = ['run', 'spool', 'media', 'outbox', 'exports']
NAMES = {'data': 'data', 'quickpub.db': 'database', 'secret': 'secret'} | {name: name for name in FOLDERS}
NOBODY = 65534


def take_away(path, aside):
    os.rename(path, aside)


def replace_by_file(path, aside):
    os.rename(path, aside)
    path.write_text('nonsense')


def replace_by_link_to_nowhere(path, aside):
    os.rename(path, aside)
    path.symlink_to(aside.with_name('nowhere'))


def replace_by_copy(path, aside):
    os.rename(path, aside)
    (shutil.copytree if aside.is_dir() else shutil.copy2)(aside, path)


def forbid(path, aside):
    os.chmod(path, 0)


def make_read_only(path, aside):
    os.chmod(path, 0o500 if path.is_dir() else 0o400)


def give_away(path, aside):
    os.chown(path, NOBODY, NOBODY) if os.geteuid() == 0 else os.chmod(path, 0)


WAYS = [take_away, replace_by_file, replace_by_link_to_nowhere, replace_by_copy, forbid, make_read_only, give_away]


@pytest.fixture
def said(caplog, monkeypatch):
    """What was logged about what is there; the logger tells only itself where a server has set it up."""
    monkeypatch.setattr(logging.getLogger('quickpub'), 'propagate', True)

    def lines():
        return [each.getMessage() for each in caplog.records if each.name == 'quickpub.presence']
    return lines


def checks(browser):
    answer = browser.get('/healthz', status=503)
    assert answer.content_type == 'application/json' and answer.json['ok'] is False
    return answer.json['checks']


def put_back(path, aside):
    """As it was: its own file, mode and owner."""
    if aside.exists():
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)
        os.rename(aside, path)
    if os.geteuid() == 0:
        os.chown(path, 0, 0)
    os.chmod(path, 0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize(('name', 'way'), [(name, way) for name in NAMES for way in WAYS
                                           if (name, way) != ('secret', make_read_only)])  # nobody writes to it
def test_what_vanishes_is_seen_said_once_and_used_again_when_it_is_back(site, olga, browse, said, name, way):
    browser, path = browse(), site.data if name == 'data' else site.data / name
    aside = site.data.with_name('aside')
    assert checks(browser)[NAMES[name]] is True
    db.db.close()
    way(path, aside)
    assert checks(browser)[NAMES[name]] is not True
    assert checks(browser)[NAMES[name]] is not True
    lines = said()
    assert len(lines) == 1 and str(site.data) in lines[0], 'one line, which says where'
    put_back(path, aside)
    assert checks(browser)[NAMES[name]] is True
    assert len(said()) == 2 and 'is back' in said()[1]
    assert browser.get('/').status_int == 200


@pytest.mark.parametrize('content', [b'', b'x' * 32, b'nonsense'])
def test_a_secret_that_is_written_over_in_its_place_is_seen(site, olga, browse, content):
    """It is the same file to the file system; the next start would end all sessions and all links."""
    browser, path = browse(), site.data / 'secret'
    whole = path.read_bytes()
    assert checks(browser)['secret'] is True
    path.write_bytes(content)
    assert checks(browser)['secret'] == 'secret is not the one of this site'
    assert browser.get('/').status_int == 200
    path.write_bytes(whole)
    assert checks(browser)['secret'] is True


def test_a_secret_that_comes_back_unreadable_breaks_no_page(site, olga, browse, monkeypatch):
    """As root restores a backup under a site of another user."""
    browser, path = browse(), site.data / 'secret'
    whole = path.read_bytes()
    path.unlink()
    assert checks(browser)['secret'] == 'secret is gone.'
    path.write_bytes(whole)
    read = Path.read_bytes

    def refuse(self):
        if self == path:
            raise PermissionError(13, 'Permission denied')
        return read(self)
    monkeypatch.setattr(Path, 'read_bytes', refuse)
    assert checks(browser)['secret'] is not True
    assert browser.get('/').status_int == 200
    monkeypatch.undo()
    assert checks(browser)['secret'] is True


@pytest.mark.parametrize('path', ['/', '/p/a-post', '/archive', '/feed.xml', '/nothing', '/login', '/studio',
                                  '/search?q=a', '/static/site.css', '/media/0123456789abcdef0123456789abcdef/a.jpg'])
@pytest.mark.parametrize('name', ['data', 'quickpub.db'])
def test_pages_say_so_in_words_while_the_database_is_gone(site, alice, app, browse, path, name):
    write(alice, 'A post')
    browser = browse()
    before = browser.get(path, status='*').status
    gone = site.data if name == 'data' else site.data / name
    os.rename(gone, site.data.with_name('aside'))
    for method in ('GET', 'HEAD'):
        answer = browser.request(path, method=method, status=503, expect_errors=True)
        assert 'Retry-After' in answer.headers
        assert answer.content_type == 'text/html'
        assert method == 'HEAD' or 'cannot read its data' in answer
    assert not gone.exists(), 'nothing is made in its place'
    os.rename(site.data.with_name('aside'), gone)
    assert browser.get(path, status='*').status == before


@pytest.mark.parametrize('name', ['quickpub.db', 'quickpub.db-wal', 'quickpub.db-shm'])
def test_nothing_is_written_to_a_file_that_has_vanished(site, alice, name):
    watch.CommitWatch.of(site).check_files()
    with pytest.raises(OperationalError), db.db.atomic():
        User.update(bio='lost').execute()
        os.rename(site.data / name, site.data / 'aside')
    with pytest.raises(OperationalError):
        User.update(bio='lost').execute()
    assert not (site.data / name).exists(), 'nothing is made in its place'
    os.rename(site.data / 'aside', site.data / name)


def test_a_wal_that_is_deleted_is_saved_first(site, alice, monkeypatch):
    """What was committed since the last checkpoint stands nowhere else."""
    commit_watch = watch.CommitWatch.of(site)
    commit_watch.check_files()
    User.update(bio='kept').execute()
    (site.data / 'quickpub.db-wal').unlink()
    watch.check_files()
    with pytest.raises(OperationalError):
        User.update(bio='lost').execute()
    monkeypatch.setattr(db.db.files, '_reopen_at', 0.1)  # the others have had their time
    watch.check_files()
    db.db.connect(reuse_if_open=True)
    assert User.get().bio == 'kept'
    User.update(bio='goes on').execute()
    assert db.db.execute_sql('PRAGMA integrity_check').fetchall() == [('ok',)]


@pytest.mark.parametrize('content', ['copy', 'empty', 'other', 'garbage', 'cut'])
def test_only_a_copy_of_the_same_site_is_taken_for_the_database(site, alice, browse, tmp_path, content):
    browser, path, copy = browse(), site.data / 'quickpub.db', tmp_path / 'copy.db'
    db.db.connect(reuse_if_open=True)
    db.db.execute_sql('VACUUM INTO ?', (str(copy),))
    db.db.close()
    if content == 'other':
        with closing(connection.connect(copy, 'rw')) as other:
            other.execute("UPDATE schema_migration SET applied = '2020-01-01 00:00:00'")
            other.commit()
    elif content != 'copy':
        whole = copy.read_bytes()
        copy.write_bytes({'empty': b'', 'garbage': b'x' * 5000, 'cut': whole[:len(whole) // 2]}[content])
    for part in ('', '-wal', '-shm'):
        path.with_name(f'quickpub.db{part}').unlink(missing_ok=True)
    assert checks(browser)['database'] is not True
    size = copy.stat().st_size
    shutil.copy(copy, path)
    is_taken = content == 'copy'
    assert (checks(browser)['database'] is True) is is_taken
    browser.get('/', status=200 if is_taken else 503, expect_errors=True)
    assert is_taken or path.stat().st_size == size, 'it is left as it is'


# Views

def total():
    counting.count_recorded_views()
    return Post.get().views


@pytest.mark.parametrize('way', ['delete', 'rename', 'delete files', 'file instead', 'never there'])
def test_views_are_counted_once_whatever_becomes_of_the_spool(site, alice, way):
    post, folder, aside = write(alice), site.data / 'spool', site.data / 'aside'
    if way != 'never there':
        for _ in range(3):
            recording.record_view(post.id, db.now())
        assert total() == 3
        recording.record_view(post.id, db.now())  # not counted yet
    if way == 'delete files':
        for path in folder.iterdir():
            path.unlink()
    elif way == 'delete':
        shutil.rmtree(folder)
    else:
        os.rename(folder, aside)
    if way == 'file instead':
        folder.write_text('')
    for _ in range(5):
        recording.record_view(post.id, db.now())
    total()
    if way == 'file instead':
        folder.unlink()
    if way in ('delete', 'never there'):
        folder.mkdir()
    elif way != 'delete files':
        os.rename(aside, folder)
    spool.mine.look()
    assert total() == (5 if way == 'never there' else 9)
    recording.record_view(post.id, db.now())
    assert total() == (6 if way == 'never there' else 10)


# Files

def test_a_file_is_not_said_to_be_missing_while_its_folder_is(site, alice, browse):
    studio = browse(alice)
    studio.post('/studio/media', upload_files=[('files', 'a.pdf', b'%PDF-1.4 x')], status=303)
    with db.db.connection_context():
        path = Upload.get().path
    assert studio.get(path).status_int == 200
    os.rename(site.data / 'media', site.data / 'aside')
    assert studio.get(path, status=503)
    answer = studio.post('/studio/media', upload_files=[('files', 'b.pdf', b'%PDF-1.4 y')], status=503)
    assert 'cannot store files' in answer
    os.mkdir(site.data / 'media', 0o700)
    assert 'the database lists files in it: 1' in checks(studio)['media'], 'an empty folder is as good as none'
    os.rmdir(site.data / 'media')
    os.rename(site.data / 'aside', site.data / 'media')
    assert studio.get(path).status_int == 200 and checks(studio)['media'] is True


def test_looking_costs_little(site):
    """It is done with each statement."""
    person('x')
    opened = db.db.files.now()
    for _ in range(1000):
        assert db.db.files.check(opened) == opened
    assert presence.check()['database'] is None
