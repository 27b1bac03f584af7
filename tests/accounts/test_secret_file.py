"""The key that signs links: one that protects nothing is refused by every command, in a sentence."""

import os
import stat

import pytest
from conftest import person

from quickpub import db, migrating, opening, paths, secret, settings, watch

BAD = {'empty': b'', 'short': b'x' * 31, 'a line': b'secret\n', 'zeros': bytes(32), 'one letter': b'a' * 64,
       'a few letters': b'abcabc' * 20}


@pytest.mark.parametrize('content', BAD.values(), ids=BAD.keys())
def test_a_secret_that_anybody_can_guess_is_refused(site, content):
    (site.data / 'secret').write_bytes(content)
    with pytest.raises(settings.SettingsError, match='could forge'):
        opening.open_site(settings.from_env(site.environ()))
    with pytest.raises(settings.SettingsError):
        migrating.migrate(settings.from_env(site.environ()))


@pytest.mark.parametrize('mode', [0o604, 0o640, 0o644, 0o660, 0o666, 0o777, 0o620])
def test_a_secret_that_others_can_read_or_change_is_refused(site, mode):
    os.chmod(site.data / 'secret', mode)
    with pytest.raises(settings.SettingsError, match=f'mode {mode:04o}.*chmod 600'):
        opening.open_site(settings.from_env(site.environ()))


@pytest.mark.parametrize('mode', [0o600, 0o400])
def test_one_of_its_owner_alone_is_taken(site, mode):
    os.chmod(site.data / 'secret', mode)
    opening.open_site(settings.from_env(site.environ()))


@pytest.mark.parametrize('command', ['serve', 'web', 'consumer', 'migrate', 'report --all', 'jobs list', 'check',
                                     'adduser --name a --email a@example.org --password 0123456789ab'])
def test_every_command_refuses_an_empty_one(site, rig, command):
    (site.data / 'secret').write_bytes(b'')
    refused = rig.run(*command.split())
    assert refused.returncode != 0 and 'Traceback' not in refused.stderr
    assert f'{site.data}/secret is empty' in refused.stderr


@pytest.mark.parametrize('what', ['gone', 'a folder', 'a link to nowhere'])
def test_a_secret_that_is_lost_is_not_made_anew_behind_the_owners_back(site, rig, what):
    """All links in mails would be dead, and nobody would know why."""
    person('alice')
    db.db.close()
    path = site.data / 'secret'
    path.unlink()
    if what == 'a folder':
        path.mkdir()
    elif what == 'a link to nowhere':
        path.symlink_to('nowhere')
    for command in ('serve', 'migrate', 'jobs list'):
        refused = rig.run(command) if ' ' not in command else rig.run(*command.split())
        assert refused.returncode != 0 and str(path) in refused.stderr and 'Traceback' not in refused.stderr
    assert what != 'gone' or not path.exists()


def test_a_new_site_gets_one_of_its_own(config):
    migrating.migrate(config)
    path = config.data / 'secret'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(path.read_bytes()) == secret.SIZE


@pytest.mark.parametrize('what', ['gone', 'empty'])
@pytest.mark.parametrize('command', ['serve', 'web', 'consumer', 'migrate', 'demo', 'check', 'jobs list'])
def test_a_database_that_is_lost_is_not_made_anew(site, rig, what, command):
    db.db.close()
    watch.CommitWatch.of(site).close()
    for part in ('', '-wal', '-shm'):
        site.paths.database.with_name(f'quickpub.db{part}').unlink(missing_ok=True)
    if what == 'empty':
        site.paths.database.touch(0o600)
        os.utime(site.paths.database, (4e9, 4e9))
    refused = rig.run(*command.split())
    said = refused.stderr + refused.stdout
    assert refused.returncode != 0 and 'Traceback' not in said
    assert 'quickpub.db is' in said and 'migrate' not in said
    database = site.paths.database
    assert database.exists() is (what == 'empty') and (what == 'gone' or not database.stat().st_size)


@pytest.mark.parametrize('name', paths.FOLDERS)
def test_a_folder_that_an_older_site_has_lost_is_made_again_with_a_word(site, rig, name):
    import shutil
    shutil.rmtree(site.data / name)
    assert f'{site.data / name} was gone and is made again, empty' in rig.run('migrate').stderr
    assert 'was gone' not in rig.run('migrate').stderr
