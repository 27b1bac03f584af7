"""Sites to back up, and looks into their backups."""

import hashlib
import json
import os
import signal
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace

from conftest import person, write

from quickpub import db, migrating, opening
from quickpub.audience import spool
from quickpub.jobs import owners
from quickpub.models import DailySalt, MediaFile, Message, Token, Upload
from quickpub.upkeep import backup, restore
from quickpub.upkeep.archive import Archive

DIGEST = 'c' * 32


def start(size):
    """Show no progress."""
    return lambda count: None


def make(site, target=None, with_secrets=False, start=start):
    return backup.create(site, target, with_secrets, db.now(), start)


def add_media(site, user, digest=DIGEST):
    """A document with two files, and their rows."""
    (site.data / 'media' / digest / 'shown').mkdir(parents=True)
    for name in ('original', 'shown/file.pdf'):
        (site.data / 'media' / digest / name).write_bytes(b'%PDF-' + name.encode() + digest.encode() * 9)
    at = db.now()
    MediaFile.create(digest=digest, kind='document', ending='pdf', state='ready', progress=100, attempts=0, error='',
                     made='', created_at=at)
    Upload.create(user=user, file=digest, name='a.pdf', bytes=10, alt='', created_at=at, touched_at=at)


def fill(site):
    """Fill a site with a post, a file, an email that waits with a link, and what a backup must not have."""
    alice = person('alice')
    write(alice, 'Kept in backups')
    add_media(site, alice)
    at = db.now()
    token = Token.create(purpose='reset', user=alice, created_at=at, expires_at=at)
    for number, (link, state) in enumerate([(token, 'queued'), (token, 'sent'), (None, 'queued')]):
        Message.create(kind='reset', key=f'k{number}', token=link, recipient='alice@example.org', subject='x',
                       payload={}, message_id=f'<{number}@x>', state=state, sent_at=at if state == 'sent' else None)
    DailySalt.create(day='2026-01-01', key=b'k' * 32)
    (site.data / 'outbox' / 'new' / '1').write_text('An email with a link')
    (site.data / 'dkim.pem').write_text('A key')


def open_archive(path):
    return Archive(path, migrating.known_steps())


def database_of(made, folder):
    with open_archive(made.path) as archive:
        archive.extract('quickpub.db', folder / 'copy.db', lambda count: None)
    return closing(sqlite3.connect(folder / 'copy.db'))


def left_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def killed_at(module, name, work, is_after=False):
    """Do `work` in a process that dies, as by `kill -9`, when it calls this function for the first time; or when that
    call returns."""
    def die(*args, **options):
        if is_after:
            called(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    called = getattr(module, name)
    db.db.close()
    pid = os.fork()
    if not pid:
        try:
            setattr(module, name, die)
            with db.db.connection_context():
                work()
        finally:
            os._exit(0)  # it was never called
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def restore_to(site, path, into=None):
    """Restore a backup of this site, which does not run, and open it in this process. Return what is known of it."""
    close(site)
    target = replace(site, data=into) if into else site
    restored = restore.restore(target, path, db.now(), start)
    opening.open_site(target)
    db.db.connect()
    return restored


def close(site):
    """Let this process hold nothing of the site."""
    db.db.close()
    owners.reset()
    spool.mine.close()


def rewrite(path, into, change=lambda manifest, files: None, infos=None):
    """Write a backup again, with what `change` does to its manifest and files, and these changes of its list."""
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    manifest = json.loads(files.pop('manifest.json'))
    change(manifest, files)
    with zipfile.ZipFile(into, 'w') as target:
        for name, content in [*files.items(), ('manifest.json', json.dumps(manifest).encode())]:
            info = zipfile.ZipInfo(name)
            if infos and name in infos:
                infos[name](info)
            target.writestr(info, content)
    return into


def entry(content):
    return {'bytes': len(content), 'sha256': hashlib.sha256(content).hexdigest()}
