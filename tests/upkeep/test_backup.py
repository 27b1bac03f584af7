"""Make backups: what is in them, that each is checked, and that nothing half done is left."""

import errno
import json
import os
import re
import sqlite3
import zipfile
from contextlib import closing

import pytest
from backup_rig import DIGEST, close, database_of, fill, left_in, make, open_archive

from quickpub import migrating, paths, processes, schema
from quickpub.media import cleaning
from quickpub.models import DailySalt, Token, Upload
from quickpub.models.backup_policy import KEPT, NEVER, SECRET
from quickpub.upkeep import backup, frozen_media, snapshot


@pytest.fixture
def lively(site):
    fill(site)
    return site


def test_a_backup_has_the_database_and_media_but_no_secrets(lively, tmp_path):
    made = make(lively)
    assert re.fullmatch(r'quickpub-\d{4}-\d\d-\d\d-\d{6}\.zip', made.path.name)
    assert left_in(lively.data / 'backups') == [made.path.name] and made.path.stat().st_mode & 0o777 == 0o600
    assert set(made.manifest.files) == {'quickpub.db', f'media/{DIGEST}/original', f'media/{DIGEST}/shown/file.pdf'}
    with zipfile.ZipFile(made.path) as zipped:  # any program can unpack it
        assert zipped.testzip() is None
        assert zipped.read(f'media/{DIGEST}/original') == (lively.data / 'media' / DIGEST / 'original').read_bytes()
        listed = json.loads(zipped.read('manifest.json'))
    assert listed['tables']['post'] == 1 and listed['has_secrets'] is False
    with database_of(made, tmp_path) as copy:
        assert copy.execute('SELECT title FROM post').fetchall() == [('Kept in backups',)]
        assert copy.execute('SELECT key, token_id FROM message ORDER BY id').fetchall() == [('k1', None), ('k2', None)]
        for table in NEVER | SECRET:
            assert copy.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (0,), table
        assert copy.execute('SELECT count(*) FROM user WHERE password IS NOT NULL').fetchone() == (1,)
        assert copy.execute('PRAGMA foreign_key_check').fetchall() == []
    assert Token.select().count() == DailySalt.select().count() == 1  # the site itself keeps them
    assert left_in(lively.data / 'media') == [DIGEST]


def test_a_backup_with_secrets_has_keys_and_links_but_not_what_is_to_be_forgotten(lively, tmp_path):
    made = make(lively, with_secrets=True)
    assert {'secret', 'dkim.pem', 'outbox/new/1'} < set(made.manifest.files) and made.manifest.has_secrets
    with database_of(made, tmp_path) as copy:
        assert copy.execute('SELECT count(*) FROM token').fetchone() == (1,)
        assert copy.execute('SELECT count(*) FROM message').fetchone() == (3,)
        assert copy.execute('SELECT count(*) FROM daily_salt').fetchone() == (0,)


def test_every_table_and_column_is_declared():
    """A new one is first of all a question: may it be in a backup?"""
    with closing(sqlite3.connect(':memory:')) as database:
        for statement in schema.FILE.read_text().split(schema.END):
            if statement.startswith(('CREATE TABLE', 'CREATE VIRTUAL')):
                database.execute(statement)
        names = [name for (name,) in database.execute(snapshot.TABLES)]
        columns = {name: ' '.join(row[1] for row in database.execute(f'PRAGMA table_info("{name}")'))
                   for name in names if name not in NEVER | SECRET}
    assert set(names) > NEVER | SECRET and not NEVER & SECRET
    assert columns == KEPT


def test_every_part_of_the_data_folder_is_declared(tmp_path):
    place = paths.Paths(tmp_path)
    properties = [name for name, value in vars(paths.Paths).items() if isinstance(value, property)]
    parts = {getattr(place, name).relative_to(tmp_path).parts[0] for name in properties} | set(paths.FOLDERS)
    assert parts | {'cards'} == {*paths.BACKED_UP, *paths.SECRET, *paths.NOT_BACKED_UP}


def test_what_is_deleted_while_a_backup_is_made_is_in_it_whole(lively):
    def delete_file(size):
        Upload.delete().execute()
        cleaning.sweep()
        return lambda count: None
    made = make(lively, start=delete_file)
    assert not (lively.data / 'media' / DIGEST).exists()
    assert f'media/{DIGEST}/original' in made.manifest.files
    with open_archive(made.path) as archive:
        archive.verify(f'media/{DIGEST}/original', lambda count: None)


def test_without_hard_links_nothing_is_removed_before_the_files_are_copied(lively, monkeypatch):
    def refuse(*args, **options):
        raise OSError(errno.EPERM, 'Operation not permitted')

    def look(size):
        with processes.exclusive_now(lively.data / 'media') as is_free:
            assert not is_free
        return lambda count: None
    monkeypatch.setattr(os, 'link', refuse)
    assert f'media/{DIGEST}/original' in make(lively, start=look).manifest.files
    with processes.exclusive_now(lively.data / 'media') as is_free:
        assert is_free


def test_variants_that_are_replaced_meanwhile_are_linked_anew(lively, monkeypatch):
    link, shown = os.link, lively.data / 'media' / DIGEST / 'shown'

    def replace_once(source, target, **options):
        if (shown / 'file.pdf').exists():
            (shown / 'file.pdf').rename(shown / 'new.pdf')
            raise FileNotFoundError(errno.ENOENT, 'gone', source)
        link(source, target, **options)
    monkeypatch.setattr(os, 'link', replace_once)
    with frozen_media.frozen(lively.data / 'media', lambda: None) as folder:
        assert [name for _, name in frozen_media.list_files(folder)] == [
            f'media/{DIGEST}/original', f'media/{DIGEST}/shown/new.pdf']


def test_a_second_backup_at_the_same_time_says_so(lively):
    with (processes.exclusive_now(lively.paths.backup_lock),
          pytest.raises(backup.BackupFailed, match='Another backup of this site')):
        make(lively)
    assert left_in(lively.data / 'backups') == []


def test_an_existing_file_is_never_overwritten(lively, tmp_path):
    (tmp_path / 'mine.zip').write_text('mine')
    with pytest.raises(backup.BackupFailed, match='exists already'):
        make(lively, tmp_path / 'mine.zip')
    with pytest.raises(backup.BackupFailed, match='There is no folder'):
        make(lively, tmp_path / 'missing' / 'mine.zip')
    assert (tmp_path / 'mine.zip').read_text() == 'mine'
    (tmp_path / 'other.zip.part').write_text('mine')
    assert make(lively, tmp_path / 'other.zip').path == tmp_path / 'other.zip'
    assert left_in(tmp_path) == ['data', 'mine.zip', 'other.zip', 'other.zip.part']


@pytest.mark.parametrize('part', ['media', 'database'])
def test_what_the_disk_does_not_keep_is_no_backup(lively, tmp_path, monkeypatch, part):
    written = backup._write

    def write_badly(settings, path, *args):
        found = written(settings, path, *args)
        data = bytearray(path.read_bytes())
        at = data.index(DIGEST.encode() * 9) if part == 'media' else data.index(b'quickpub.db') + 2000
        data[at] ^= 1
        path.write_bytes(data)
        return found
    monkeypatch.setattr(backup, '_write', write_badly)
    with pytest.raises(backup.BackupFailed, match=r'not complete\. .* is damaged'):
        make(lively, tmp_path / 'b.zip')
    assert left_in(tmp_path) == ['data']


def test_a_copy_with_other_rows_is_no_backup(lively, monkeypatch):
    described = snapshot.describe
    counts = iter([1, 0])

    def miscount(copy):
        steps, created_at, tables = described(copy)
        return steps, created_at, tables | {'post': tables['post'] + next(counts)}
    monkeypatch.setattr(snapshot, 'describe', miscount)
    with pytest.raises(backup.BackupFailed, match='other rows than its manifest says'):
        make(lively)
    assert left_in(lively.data / 'backups') == []


def test_a_site_that_runs_is_backed_up_by_the_command(shared_rig):
    path = shared_rig.elsewhere / 'running.zip'
    done = shared_rig.run('backup', path)
    assert done.returncode == 0 and done.stdout.startswith(f'{path}: ')
    with open_archive(path) as archive:
        assert archive.manifest.tables['schema_migration'] == len(migrating.known_steps())
    path.unlink()


def test_a_folder_that_is_missing_is_no_name_of_a_file(lively, rig):
    close(lively)
    for typed in (f'{rig.elsewhere / "disk"}/', ''):
        done = rig.run('backup', typed, data=lively.data)
        assert done.returncode == 1 and 'There is no folder' in done.stderr, done.stderr
    assert left_in(rig.elsewhere) == []
    (rig.elsewhere / 'disk').mkdir()
    assert rig.run('backup', f'{rig.elsewhere / "disk"}/', data=lively.data).returncode == 0
    assert len(left_in(rig.elsewhere / 'disk')) == 1
