"""Restore backups: what is right afterwards, what is refused, and that the folder that was there is never lost."""

import stat
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import old_sites
import pytest
from backup_rig import DIGEST, close, entry, fill, left_in, make, restore_to, rewrite, start
from conftest import HASH, drain, outbox

from quickpub import db, migrating, opening, processes, secret, settings, tasks
from quickpub.audience import reports
from quickpub.jobs import queue
from quickpub.jobs.tables import Job
from quickpub.mail import ledger
from quickpub.models import AuditEntry, Message, Post, Session, User
from quickpub.sentences import describe_stored
from quickpub.upkeep import archive, drill, restore, snapshot
from quickpub.upkeep.data_folders import CannotReplace
from quickpub.upkeep.manifest import Manifest, UnusableBackup


@pytest.fixture
def lively(site):
    fill(site)
    return site


def test_a_restored_site_has_all_that_the_backup_had_and_the_folder_that_was_there_is_kept(lively):
    (lively.data / 'dkim.pem').write_text('A key')
    made, key = make(lively), lively.paths.secret.read_bytes()
    Post.delete().execute()
    (lively.data / 'media' / DIGEST / 'original').unlink()
    restored = restore_to(lively, made.path)
    assert [post.title for post in Post.select()] == ['Kept in backups']
    assert User.get().password == HASH
    assert (lively.data / 'media' / DIGEST / 'original').read_bytes().startswith(b'%PDF-')
    assert lively.paths.secret.read_bytes() == key and restored.secret_is == restore.KEPT
    assert (lively.data / 'dkim.pem').read_text() == 'A key'
    assert [entry.code for entry in AuditEntry.select()] == ['site_restored']
    assert restored.aside and restored.aside.name.startswith('data.before-restore-')
    assert not (restored.aside / 'media' / DIGEST / 'original').exists()  # as it was
    assert left_in(lively.data / 'backups') == [made.path.name]
    assert left_in(lively.data.parent) == ['data', restored.aside.name]
    assert migrating.migrate(lively) == []
    for path in lively.data.rglob('*'):
        assert stat.S_IMODE(path.stat().st_mode) in (0o600, 0o700), path


def test_nothing_that_may_have_been_sent_is_sent_again(lively):
    """An email that waits, one being sent, a period that closed before the backup, and one that closes after it."""
    alice = User.get()
    lively.paths.dkim_key.unlink()
    User.update(reported_until=db.now() - timedelta(days=3), report='daily').execute()
    Message.update(state='sending', sender='a#1').where(Message.key == 'k2').execute()
    Job.create(name='of_a_later_version', message=b'{}', state='running', owner='gone', run_at=db.now(), attempts=1)
    restored = restore_to(lively, make(lively).path)
    assert (restored.held.emails, restored.held.reports) == (1, 1)
    assert [(each.kind, each.state, each.sender) for each in Message.select().order_by(Message.id)] == [
        ('reset', 'sent', None), ('reset', 'held', None), ('report', 'held', None)]
    assert 'restored from a backup' in describe_stored(Message.get(Message.kind == 'report').answer)
    assert queue.paused_since() and [(job.state, job.attempts) for job in Job.select()] == [('ready', 0)]

    assert list(reports.due(db.now())) == []
    queue.resume()
    tasks.close_periods()
    tasks.wake_mail()
    drain()
    assert outbox(lively) == []
    ledger.send_again(Message.get(Message.kind == 'report'))  # an owner decides
    tasks.wake_mail()
    drain()
    assert [mail['To'] for mail in outbox(lively)] == [alice.email]


def test_a_new_folder_gets_a_new_secret_or_that_of_the_backup(lively, tmp_path):
    restored = restore_to(lively, make(lively, tmp_path / 'a.zip').path, into=tmp_path / 'new')
    assert restored.secret_is == restore.NEW and restored.aside is None
    assert secret.read(tmp_path / 'new' / 'secret') != lively.secret
    assert not (tmp_path / 'new' / 'dkim.pem').exists() and Session.select().count() == 0

    close(lively)
    opening.open_site(lively)
    db.db.connect()
    (tmp_path / 'empty').mkdir()
    with_secrets = make(lively, tmp_path / 'b.zip', with_secrets=True).path
    restored = restore_to(lively, with_secrets, into=tmp_path / 'empty')
    assert restored.secret_is == restore.FROM_BACKUP and secret.read(tmp_path / 'empty' / 'secret') == lively.secret
    assert (tmp_path / 'empty' / 'outbox' / 'new' / '1').exists() and (tmp_path / 'empty' / 'dkim.pem').exists()


def test_the_secret_of_another_site_is_not_taken_over(lively, tmp_path):
    other = settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'other')})
    path = make(lively).path
    close(lively)
    migrating.migrate(other)
    key = other.secret
    restored = restore_to(other, path)
    assert restored.secret_is == restore.NEW and other.paths.secret.read_bytes() != key
    assert (restored.aside / 'secret').read_bytes() == key


def test_a_damaged_database_is_put_aside_and_its_secret_is_kept(lively):
    path = make(lively, with_secrets=False).path
    close(lively)
    lively.paths.database.write_bytes(b'Damaged' * 1000)
    assert restore_to(lively, path).secret_is == restore.KEPT
    assert Post.select().count() == 1


def test_a_backup_of_an_older_version_is_brought_up_to_date(site, tmp_path):
    close(site)
    old_sites.unpack('0bad7ba', tmp_path / 'old')
    database = tmp_path / 'old' / 'quickpub.db'
    steps, created_at, tables = snapshot.describe(database)
    assert len(steps) < len(migrating.known_steps())
    with open(tmp_path / 'old.zip', 'wb') as file:
        writer = archive.Writer(file, lambda count: None)
        writer.add('quickpub.db', database, is_compressed=True)
        writer.close(Manifest('0.0.1', steps, created_at, db.now(), False, False, tables, writer.files))
    restore_to(site, tmp_path / 'old.zip', into=tmp_path / 'new')
    assert User.select().count() == tables['user'] and Post.select().count() == tables['post']


# What is refused

def lie(**changed):
    return lambda manifest, files: manifest.update(changed)


def add(name, content=b'x'):
    def change(manifest, files):
        files[name] = content
        manifest['files'][name] = entry(content)
    return change


def damage(manifest, files):
    files['quickpub.db'] = files['quickpub.db'][:-1] + b'!'


def lie_about_size(manifest, files):
    manifest['files']['quickpub.db']['bytes'] += 1


def lie_about_rows(manifest, files):
    manifest['tables']['post'] += 1


def no_database(manifest, files):
    files['quickpub.db'] = b'This is no database' * 100
    manifest['files']['quickpub.db'] = entry(files['quickpub.db'])


REFUSED = {
    'above': (add('../above'), r"holds '\.\./above'"),
    'deep': (add(f'media/{DIGEST}/../../../above'), "holds 'media/"),
    'dots': (add(f'media/{DIGEST}/..'), "holds 'media/"),
    'absolute': (add('/tmp/absolute'), "holds '/tmp/absolute'"),
    'control': (add(f'media/{DIGEST}/a\nb'), r"a\\nb'"),
    'backslash': (add(f'media/{DIGEST}/a\\b'), 'holds'),
    'other': (add('run/migrate.lock'), "holds 'run/migrate.lock'"),
    'unlisted': (lambda manifest, files: files.update({'extra': b'x'}), "'extra', which its manifest does not list"),
    'missing': (lambda manifest, files: files.pop(f'media/{DIGEST}/original'), 'is missing'),
    'damaged': (damage, r'quickpub\.db in it is damaged'),
    'size': (lie_about_size, 'another size'),
    'rows': (lie_about_rows, 'other rows than its manifest says'),
    'no database': (no_database, 'database in this backup is damaged'),
    'format': (lie(format=2, version='9.9'), r'newer version of Quickpub \(9\.9\)'),
    'schema': (lie(schema=['0001_initial', '9999_later']), 'newer version'),
    'nonsense': (lie(files='nothing'), 'manifest makes no sense'),
    'numbers': (lie(tables={'post': []}), 'manifest makes no sense'),
    'date': (lie(created_at='tomorrow'), 'manifest makes no sense'),
}


def test_archives_that_are_not_as_backups_are_are_refused_in_a_sentence(lively, tmp_path):
    made = make(lively).path
    for name, (change, sentence) in REFUSED.items():
        print(name)
        refuse(lively, rewrite(made, tmp_path / 'bad.zip', change), sentence)


def refuse(site, path, sentence):
    close(site)
    site.paths.migration_lock.touch()
    before = sorted(path.parent.rglob('*')), site.paths.database.read_bytes()
    with pytest.raises(UnusableBackup, match=sentence) as error:
        restore.restore(site, path, db.now(), start)
    assert '\n' not in str(error.value) and str(error.value).endswith('.')
    assert (sorted(path.parent.rglob('*')), site.paths.database.read_bytes()) == before


def link(info):
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def test_a_link_in_an_archive_is_refused(lively, tmp_path):
    name = f'media/{DIGEST}/original'
    refuse(lively, rewrite(make(lively).path, tmp_path / 'bad.zip', infos={name: link}), 'is a link')


def test_two_files_of_one_name_are_refused(lively, tmp_path):
    path = rewrite(make(lively).path, tmp_path / 'bad.zip')
    with zipfile.ZipFile(path, 'a') as zipped, pytest.warns(UserWarning, match='Duplicate'):
        zipped.writestr('quickpub.db', b'Another one')
    refuse(lively, path, 'two files of the same name')


def test_files_that_share_their_bytes_are_refused(lively, tmp_path, monkeypatch):
    """They would unpack to more than the disk holds."""
    def overlap(manifest, files):
        for number in range(3):
            add(f'media/{DIGEST}/{number}', bytes(200_000))(manifest, files)
    path = rewrite(make(lively).path, tmp_path / 'bad.zip', overlap)
    listed = zipfile.ZipFile._RealGetContents

    def list_shared(self):
        listed(self)
        first = self.getinfo(f'media/{DIGEST}/0')
        for info in self.infolist():
            if info.file_size == first.file_size:
                info.header_offset, info.compress_size = first.header_offset, 5_000_000
    monkeypatch.setattr(zipfile.ZipFile, '_RealGetContents', list_shared)
    refuse(lively, path, 'overlap')


def test_a_truncated_archive_is_refused(lively, tmp_path):
    whole, path = make(lively).path.read_bytes(), tmp_path / 'short.zip'
    for cut in (0, 1, 100, 3000, -1, -100, -3000):
        path.write_bytes(whole[:cut])
        refuse(lively, path, 'damaged|no backup of Quickpub')


def test_files_of_other_kinds_are_refused(lively, tmp_path):
    (tmp_path / 'a.zip').write_text('A letter')
    refuse(lively, tmp_path / 'a.zip', 'it is no backup of Quickpub')
    with zipfile.ZipFile(tmp_path / 'b.zip', 'w') as zipped:
        zipped.writestr('photo.jpg', b'')
    refuse(lively, tmp_path / 'b.zip', 'no manifest')


def test_a_site_that_runs_is_not_replaced(lively):
    path = make(lively).path
    close(lively)
    for name in ('run/x.life', 'run/backup.lock', 'spool/x.views'):
        (lively.data / name).unlink(missing_ok=True)
        with closing(open(processes.lock_file(lively.data / name))), pytest.raises(CannotReplace, match='A site runs'):
            restore.restore(lively, path, db.now(), start)
    for lock, sentence in [(lively.data, 'A site runs'), (lively.paths.migration_lock, 'A site runs'),
                           (lively.data.parent, 'Another restore')]:
        with processes.exclusive_now(lock), pytest.raises(CannotReplace, match=sentence):
            restore.restore(lively, path, db.now(), start)
    assert left_in(lively.data.parent) == ['data']
    assert restore_to(lively, path).aside


def test_other_folders_are_not_replaced(lively, tmp_path):
    path = make(lively).path
    close(lively)
    (tmp_path / 'home').mkdir()
    (tmp_path / 'home' / 'letter').write_text('mine')
    for into, sentence in [('home', 'holds other files'), ('home/letter', 'is not a folder')]:
        with pytest.raises(CannotReplace, match=sentence):
            restore.restore(replace(lively, data=tmp_path / into), path, db.now(), start)
    assert left_in(tmp_path / 'home') == ['letter']


def test_a_link_to_the_data_folder_goes_on_leading_to_it(lively, tmp_path):
    path = make(lively).path
    (tmp_path / 'link').symlink_to('data')
    restored = restore_to(lively, path, into=tmp_path / 'link')
    assert restored.data == lively.data and (tmp_path / 'link').is_symlink()


def test_a_system_that_cannot_exchange_names_renames_one_after_the_other(lively, monkeypatch):
    monkeypatch.setattr(processes, 'exchange', lambda one, other: False)
    path = make(lively).path
    Post.delete().execute()
    restored = restore_to(lively, path)
    assert Post.select().count() == 1 and left_in(lively.data.parent) == ['data', restored.aside.name]


def test_too_little_room_is_noticed_before_anything_is_written(lively, monkeypatch, tmp_path):
    made = make(lively)
    monkeypatch.setattr(Manifest, 'size', 10 ** 18)
    close(lively)
    with pytest.raises(CannotReplace, match='too little room'):
        restore.restore(lively, made.path, db.now(), start)
    assert left_in(tmp_path) == ['data']


# The commands

def test_the_drill_restores_and_runs_a_site_and_removes_it(lively, rig):
    path = rig.elsewhere / 'backup.zip'
    make(lively, path)
    close(lively)
    place = rig.elsewhere / 'tmp'
    place.mkdir()
    done = rig.run('restore', '--check', path, data=rig.elsewhere / 'none')
    assert done.returncode == 0, done.stderr
    assert '3 pages were read' in done.stdout and left_in(rig.elsewhere) == ['backup.zip', 'tmp']
    refused = rig.run('restore', '--check', rig.elsewhere / 'missing.zip', data=rig.elsewhere / 'none')
    assert refused.returncode == 1 and 'missing.zip' in refused.stderr and 'Traceback' not in refused.stderr


def test_a_page_that_is_not_shown_fails_the_drill(site):
    with pytest.raises(drill.DrillFailed, match='does not show /feed.xml'):
        drill._read(replace(site, port=drill._free_port()), '/feed.xml')


def test_the_command_says_what_to_do_next(lively, rig):
    path = rig.elsewhere / 'backup.zip'
    make(lively, path)
    close(lively)
    done = rig.run('restore', path, data=lively.data)
    assert done.returncode == 0, done.stderr
    for words in ('files and', 'before-restore-', 'no secrets', 'is kept', 'quickpub jobs resume'):
        assert words in done.stdout
    told = f'QUICKPUB_DATA={rig.elsewhere / "new"}'
    elsewhere = rig.run('restore', path, '--into', 'new', data=lively.data).stdout
    assert f'`{told} quickpub jobs resume`' in elsewhere and f'Start the site with {told},' in elsewhere
    assert 'QUICKPUB_DATA' not in done.stdout
    missing = rig.run('restore', rig.elsewhere / 'missing.zip', data=lively.data)
    assert missing.returncode == 1 and 'missing.zip' in missing.stderr and 'QUICKPUB_DATA' not in missing.stderr
    assert rig.run('restore', '--check', '--into', 'x', path).returncode == 2
