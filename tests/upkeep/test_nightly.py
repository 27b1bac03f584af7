"""The backup of each night: made once, kept by rule, and without copying the same media again."""

import os
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from backup_rig import DIGEST, add_media, close, fill, left_in, restore_to

from quickpub import db, tasks
from quickpub.media import cleaning
from quickpub.models import Post, Upload, User
from quickpub.settings import use
from quickpub.upkeep import backup_folder, checks, nightly
from quickpub.upkeep.backup import BackupFailed
from quickpub.upkeep.manifest import UnusableBackup

DAY = timedelta(days=1)


@pytest.fixture
def kept(site, tmp_path):
    """A site that has a folder for backups."""
    fill(site)
    (tmp_path / 'kept').mkdir()
    found = replace(site, backups=tmp_path / 'kept')
    use(found)
    return found


def stored(site):
    """The shared files by name, and which they are."""
    return {path.name: path.stat().st_ino for path in (site.backups / 'media').iterdir()}


def test_each_night_has_one_backup_which_copies_only_new_media(kept):
    at = db.now().replace(hour=12)
    nightly.make_if_due(kept, at)
    first = stored(kept)
    assert len(first) == 2
    nightly.make_if_due(kept, at + timedelta(seconds=1))
    assert len(backup_folder.list_nightly(kept.backups)) == 1

    Post.update(title='A day later').execute()
    add_media(kept, User.get(), 'd' * 32)
    nightly.make_if_due(kept, at + DAY)
    assert stored(kept).items() > first.items() and len(stored(kept)) == 4
    newest, oldest = backup_folder.list_nightly(kept.backups).values()
    restore_to(kept, newest)
    assert Post.get().title == 'A day later'
    assert (kept.data / 'media' / ('d' * 32) / 'original').read_bytes().endswith(b'd')
    restore_to(kept, oldest, into=kept.backups.parent / 'older')
    assert Post.get().title == 'Kept in backups'
    assert left_in(kept.backups.parent / 'older' / 'media') == [DIGEST]


def test_a_file_with_new_content_under_the_old_name_is_copied_again(kept):
    nightly.make_if_due(kept, db.now())
    path = kept.data / 'media' / DIGEST / 'shown' / 'file.pdf'
    path.write_bytes(path.read_bytes()[::-1])
    nightly.make_if_due(kept, db.now() + DAY)
    restore_to(kept, next(iter(backup_folder.list_nightly(kept.backups).values())))
    assert path.read_bytes().endswith(b'-FDP%')


def test_media_that_no_backup_has_any_more_are_removed(kept, monkeypatch):
    monkeypatch.setattr(nightly, 'choose_kept', lambda found: {max(found)})
    nightly.make_if_due(kept, db.now())
    Upload.delete().execute()
    cleaning.sweep()
    nightly.make_if_due(kept, db.now() + DAY)
    assert len(backup_folder.list_nightly(kept.backups)) == 1 and stored(kept) == {}


def test_a_shared_file_that_the_disk_has_lost_is_noticed(kept):
    nightly.make_if_due(kept, db.now())
    path = min((kept.backups / 'media').iterdir())
    times = path.stat()
    path.write_bytes(b'x' * times.st_size)
    os.utime(path, ns=(times.st_mtime_ns, times.st_mtime_ns))
    with pytest.raises(BackupFailed, match='is damaged'):
        nightly.make_if_due(kept, db.now() + DAY)
    nightly.make_if_due(kept, db.now() + DAY)  # which copies it again
    path.unlink()
    close(kept)
    with pytest.raises(UnusableBackup, match='is missing in the folder media beside it'):
        restore_to(kept, next(iter(backup_folder.list_nightly(kept.backups).values())))


def test_the_latest_days_weeks_and_months_are_kept():
    now = datetime(2026, 11, 29, 2)
    nights: set[datetime] = set()
    for number in range(800):
        nights.add(now + number * DAY)
        nights = backup_folder.choose_kept(nights)
    newest = max(nights)
    assert sorted(nights)[-7:] == [newest - number * DAY for number in range(6, -1, -1)]
    assert len({each.isocalendar()[:2] for each in nights if each > newest - 29 * DAY}) >= 4
    assert len({(each.year, each.month) for each in nights}) == 12
    assert len(nights) <= 7 + 4 + 12


def test_nothing_is_backed_up_without_a_folder(site, tmp_path):
    fill(site)
    nightly.make_if_due(site, db.now())
    assert checks.check_backups(db.now()) is None
    assert left_in(tmp_path) == ['data'] and not site.paths.backups.exists()


def test_a_missing_folder_and_old_backups_are_shown(kept):
    assert checks.check_backups(db.now()) is None
    tasks.back_up.call_local()
    assert len(backup_folder.list_nightly(kept.backups)) == 1
    assert checks.check_backups(db.now() + DAY) is None
    assert checks.check_backups(db.now() + 3 * DAY) == 'The newest backup is 3 days old. Failed jobs say why.'
    kept.backups.rename(kept.backups.with_name('elsewhere'))
    assert 'There is no folder' in checks.check_backups(db.now())
    with pytest.raises(BackupFailed, match='mount its disk'):
        tasks.back_up.call_local()


@pytest.mark.parametrize('name', ['', 'media', 'media/nightly', 'backups', 'backups/nightly', 'outbox'])
def test_a_folder_of_the_site_itself_is_refused(kept, name):
    folder = kept.data / name
    folder.mkdir(parents=True, exist_ok=True)
    inside = replace(kept, backups=folder)
    use(inside)
    assert 'is a folder of the site itself' in checks.check_backups(db.now())
    with pytest.raises(BackupFailed, match='folder of the site itself'):
        nightly.make_if_due(inside, db.now())
    assert (kept.data / 'media' / DIGEST / 'original').exists()
