"""Backups and restores that a full disk or a kill ends in the middle."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from backup_rig import DIGEST, close, fill, killed_at, left_in, make, start
from disks import as_root, disk_of

from quickpub import db, opening, processes
from quickpub.models import Post
from quickpub.upkeep import backup, data_folders, restore, snapshot
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


@pytest.mark.parametrize('place', [(snapshot, '_leave_out'), (snapshot, 'describe'), (backup, '_check'),
                                   (os, 'rename')], ids=lambda place: place[1])
def test_a_backup_that_is_killed_leaves_no_file_of_its_name_and_does_not_hinder_the_next(lively, tmp_path, place):
    path = tmp_path / 'backups' / 'mine.zip'
    path.parent.mkdir()
    killed_at(*place, lambda: make(lively, path))
    db.db.connect()
    assert not path.exists()
    for kind in ('quickpub', 'nightly'):
        (path.parent / f'{kind}-old.zip.part').touch()
        os.utime(path.parent / f'{kind}-old.zip.part', (0, 0))
    assert make(lively, path).path == path and left_in(path.parent) == ['mine.zip']
    assert left_in(lively.data / 'media') == [DIGEST]


@pytest.mark.parametrize('place', [(Archive, 'extract'), (snapshot, 'check'), (restore, 'put_right'),
                                   (data_folders, 'put_in_place'), (processes, 'exchange'),
                                   (processes, 'exchange', True)],
                         ids=lambda place: f'{place[1]}{"-after" * (len(place) - 2)}')
def test_a_restore_that_is_killed_leaves_the_whole_old_folder_or_the_whole_new_one(lively, place):
    path = make(lively, lively.data.parent / 'backup.zip').path
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
