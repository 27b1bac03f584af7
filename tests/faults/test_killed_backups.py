"""Backups and restores that a full disk or a kill ends in the middle."""

import errno
import gc
import io
import os
import resource
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from backup_rig import DIGEST, close, fill, killed_at, left_in, make, start
from disks import as_root, disk_of

from quickpub import db, opening, processes
from quickpub.models import Post
from quickpub.settings import use
from quickpub.upkeep import archive, backup, checks, data_folders, nightly, restore, snapshot
from quickpub.upkeep.archive import Archive
from quickpub.upkeep.data_folders import CannotReplace


@pytest.fixture
def lively(site):
    fill(site)
    return site


@as_root
@pytest.mark.parametrize('is_foreseen', [True, False])
def test_a_full_disk_is_a_clear_failure_that_leaves_nothing(lively, tmp_path, monkeypatch, is_foreseen):
    if not is_foreseen:
        monkeypatch.setattr(backup, '_check_room', lambda *args: None)
    with disk_of(1, tmp_path / 'disk') as folder:
        (folder / 'theirs').write_bytes(bytes(900_000))
        with pytest.raises(backup.BackupFailed, match=f'{"too little room" if is_foreseen else "disk is full"}'):
            make(lively, folder)
        assert left_in(folder) == ['theirs']
    assert left_in(lively.data / 'media') == [DIGEST]


@contextmanager
def read_only_disk(folder):
    with disk_of(1, folder):
        (folder / '.quickpub-old.part').touch()
        os.utime(folder / '.quickpub-old.part', (0, 0))
        subprocess.run(['mount', '-o', 'remount,ro', folder], check=True)
        yield folder


@as_root
def test_a_folder_that_cannot_be_written_is_named_in_one_sentence(lively, rig, tmp_path):
    whole = make(lively, tmp_path / 'whole.zip').path
    with read_only_disk(tmp_path / 'disk') as folder:
        kept = replace(lively, backups=folder)
        with pytest.raises(backup.BackupFailed, match='cannot be written to'):
            nightly.make_if_due(kept, db.now())
        use(kept)
        assert 'cannot be written to' in checks.check_backups(db.now())
        use(lively)
        close(lively)
        said = [rig.run(*command, data=lively.data) for command in (
            ['backup', f'{folder}/'], ['backup', folder / 'mine.zip'], ['restore', '--into', folder / 'new', whole])]
    for done in said:
        assert done.returncode == 1 and 'Traceback' not in done.stderr and 'QUICKPUB_DATA' not in done.stderr
        assert 'Read-only file system' in done.stderr and str(folder) in done.stderr
    assert all('The site is unchanged.' in done.stderr for done in said[:2])


@as_root
def test_a_folder_that_becomes_read_only_meanwhile_is_named_too(lively, tmp_path, monkeypatch):
    described = snapshot.describe
    with disk_of(8, tmp_path / 'disk') as folder:
        def describe(copy):
            subprocess.run(['mount', '-o', 'remount,ro', folder], check=False)
            raise OSError(errno.EROFS, 'Read-only file system')
        monkeypatch.setattr(snapshot, 'describe', describe)
        with pytest.raises(backup.BackupFailed, match='could not be written'):
            make(lively, folder)
    monkeypatch.setattr(snapshot, 'describe', described)
    assert make(lively).path.exists()


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('kind', ['database', 'media'])
def test_a_file_that_may_not_grow_as_large_as_the_backup_is_an_error_of_the_target(lively, tmp_path, kind):
    """As with `ulimit -f`, or on a file system of small files."""
    if kind == 'media':
        (lively.data / 'media' / DIGEST / 'original').write_bytes(os.urandom(4_000_000))
    size = lively.paths.database.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2 if kind == 'database' else 3_000_000, limits[1]))
    try:
        with pytest.raises(backup.BackupFailed, match=f'could not be written to {tmp_path}: .*The site is unchanged'):
            make(lively, tmp_path / 'mine.zip')
        gc.collect()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob('*mine*')) and not list(tmp_path.glob('.quickpub*'))


def test_a_media_file_that_cannot_be_read_is_an_error_of_the_site(lively, tmp_path, monkeypatch):
    class Broken(io.BytesIO):
        name = lively.data / 'media' / DIGEST / 'original'

        def read(self, *_):
            raise OSError(errno.EIO, 'Input/output error')
    monkeypatch.setattr(archive, 'open', lambda *args: Broken(), raising=False)
    with pytest.raises(OSError, match='original'):
        make(lively, tmp_path / 'mine.zip')


@pytest.mark.parametrize('place', [(snapshot, '_leave_out'), (snapshot, 'describe'), (backup, '_check'),
                                   (os, 'rename')], ids=lambda place: place[1])
def test_a_backup_that_is_killed_leaves_no_file_of_its_name_and_does_not_hinder_the_next(lively, tmp_path, place):
    path = tmp_path / 'backups' / 'mine.zip'
    path.parent.mkdir()
    killed_at(*place, lambda: make(lively, path))
    db.db.connect()
    assert not path.exists()
    (path.parent / '.quickpub-of-another-site.part').touch()
    os.utime(path.parent / '.quickpub-of-another-site.part', (0, 0))
    for theirs in ('mine.zip.part', 'quickpub-notes.part'):
        (path.parent / theirs).touch()
        os.utime(path.parent / theirs, (0, 0))
    assert make(lively, path).path == path
    assert left_in(path.parent) == ['mine.zip', 'mine.zip.part', 'quickpub-notes.part']
    assert left_in(lively.data / 'media') == [DIGEST]


@pytest.mark.parametrize('place', [(Archive, 'extract'), (snapshot, 'check'), (restore, 'put_right'),
                                   (data_folders, 'put_in_place'), (processes, 'exchange'),
                                   (processes, 'exchange', True)],
                         ids=lambda place: f'{place[1]}{"-after" * (len(place) - 2)}')
def test_a_restore_that_is_killed_leaves_the_whole_old_folder_or_the_whole_new_one(lively, place):
    path = make(lively, lively.data.parent / 'backup.zip').path
    kept = make(lively).path
    Post.update(title='Newer than the backup').execute()
    close(lively)
    module, name, *after = place
    killed_at(module, name, lambda: restore.restore(lively, path, db.now(), start), *after)
    close(lively)
    opening.open_site(lively)
    with db.db.connection_context():
        assert db.db.execute_sql('PRAGMA integrity_check').fetchone()[0] == 'ok'
        found = Post.get().title
        (lively.data / 'media' / DIGEST / 'original').read_bytes()
    assert kept.exists(), 'The backups are not in the folder of the site'
    assert found == ('Kept in backups' if after else 'Newer than the backup')
    close(lively)
    restored = restore.restore(lively, path, db.now() + timedelta(seconds=2), start)
    assert {path.name for path in lively.data.parent.iterdir()} >= {'data', restored.aside.name}
    assert not list(lively.data.parent.glob('.*')), 'The unfinished folder of the restore that was killed is there'
    opening.open_site(lively)
    with db.db.connection_context():
        assert Post.get().title == 'Kept in backups'


@as_root
@pytest.mark.parametrize('is_foreseen', [True, False])
def test_a_disk_that_is_too_small_for_a_restore_is_left_as_it_was(lively, tmp_path, monkeypatch, is_foreseen):
    path = make(lively).path
    close(lively)
    if not is_foreseen:
        monkeypatch.setattr(restore, '_check_room', lambda manifest, folder: None)
    with disk_of(1, tmp_path / 'disk') as folder:
        (folder / 'theirs').write_bytes(bytes(700_000))
        with pytest.raises(CannotReplace, match='too little room' if is_foreseen else 'disk is full'):
            restore.restore(replace(lively, data=folder / 'data'), path, db.now(), start)
        assert left_in(folder) == ['theirs']
        (folder / 'quickpub.db').touch()  # a site in the disk's own folder
        with pytest.raises(CannotReplace, match='a disk is mounted there'):
            restore.restore(replace(lively, data=folder), path, db.now(), start)
