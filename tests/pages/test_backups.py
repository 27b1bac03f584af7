"""The owner's page of backups."""

import io
import zipfile
from dataclasses import replace

import pytest
from backup_rig import left_in, make
from conftest import PASSWORD, drain, write

from quickpub.jobs import queue
from quickpub.jobs.tables import Job
from quickpub.models import AuditEntry
from quickpub.settings import use

PATH = '/admin/backups'


@pytest.fixture
def owner(olga, browse):
    return browse(olga)


def test_an_owner_makes_downloads_and_deletes_a_backup(site, olga, owner, connection):
    with connection():
        write(olga, 'In the backup')
    assert 'No backups yet.' in owner.get(PATH).text
    owner.post(PATH, {'action': 'make'}, status=303)
    assert 'A backup is being made.' in owner.get(PATH).text and 'Back up now' not in owner.get(PATH).text
    drain()
    (name,) = left_in(site.data / 'backups')
    assert 'Back up now' in owner.get(PATH).text and name in owner.get(PATH).text

    asked = owner.post(PATH, {'action': 'download', 'name': name})
    assert 'email addresses of all members' in asked.text and 'This is the backup of ' in asked.text
    got = owner.post(PATH, {'action': 'download', 'name': name, 'identity_password': PASSWORD})
    assert got.headers['Cache-Control'] == 'private, no-store'
    assert got.headers['Content-Disposition'] == f'attachment; filename="{name}"'
    assert 'quickpub.db' in zipfile.ZipFile(io.BytesIO(got.body)).namelist()

    asked = owner.post(PATH, {'action': 'delete', 'name': name}).text
    assert 'cannot be restored afterwards' in asked and 'This is the backup of ' in asked and 'kB)' in asked
    owner.post(PATH, {'action': 'delete', 'name': name, 'identity': '1', 'identity_password': PASSWORD}, status=303)
    assert left_in(site.data / 'backups') == []
    with connection():
        assert [each.code for each in AuditEntry.select().order_by(AuditEntry.id) if 'backup' in each.code] == [
            'backup_asked', 'backup_downloaded', 'backup_deleted']


def test_only_backups_that_the_page_lists_can_be_downloaded(site, owner, connection):
    with connection():
        secrets = make(site, with_secrets=True).path
        nightly = site.data / 'backups' / 'nightly-2026-11-29-030000.zip'
        nightly.touch()
    assert secrets.name not in owner.get(PATH).text and nightly.name not in owner.get(PATH).text
    for name in (secrets.name, nightly.name, '../secret', '../quickpub.db', ''):
        for action in ('download', 'delete'):
            owner.post(PATH, {'action': action, 'name': name, 'identity_password': PASSWORD}, status=303)
            assert 'This backup no longer exists.' in owner.get(PATH).text
    assert secrets.exists() and (site.data / 'secret').exists()


def test_two_clicks_make_one_backup(site, owner, connection):
    for _ in range(2):
        owner.post(PATH, {'action': 'make'}, status=303)
    with connection():
        assert Job.select().where(Job.name.endswith('back_up_now')).count() == 1


def test_the_page_says_which_backups_of_each_night_there_are_and_how_to_get_some(site, owner, tmp_path):
    assert 'QUICKPUB_BACKUPS' in owner.get(PATH).text
    use(replace(site, backups=tmp_path))
    assert 'The first backup is made within the hour.' in owner.get(PATH).text
    for day, words in [(28, '1 backup, made on'), (29, '2 backups, the newest made on')]:
        (tmp_path / f'nightly-2026-11-{day}-020000.zip').touch()
        assert words in owner.get(PATH).text and f'{day} November 2026' in owner.get(PATH).text


def test_a_backup_waits_while_jobs_are_paused(site, owner, connection):
    with connection():
        queue.pause()
    owner.post(PATH, {'action': 'make'}, status=303)
    page = owner.get(PATH).text
    assert 'The backup is made when they are resumed.' in page and 'being made' not in page
