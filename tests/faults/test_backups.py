"""Backups and restores that a full disk or a kill ends in the middle."""

import os

import pytest
from backup_rig import DIGEST, fill, killed_at, left_in, make
from disks import as_root, disk_of

from quickpub.upkeep import backup, snapshot


@pytest.fixture
def lively(site):
    fill(site)
    return site


@as_root
@pytest.mark.parametrize('is_foreseen', [True, False])
def test_a_full_disk_is_a_clear_failure_that_leaves_nothing(lively, tmp_path, monkeypatch, is_foreseen):
    if not is_foreseen:
        monkeypatch.setattr(backup, '_check_room', lambda settings, folder: None)
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
    assert not path.exists()
    assert make(lively, path).path == path and left_in(path.parent) == ['mine.zip']
