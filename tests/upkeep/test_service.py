"""`quickpub install-service`: the files that it writes below another folder, and what it refuses."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from rig import ROOT

from quickpub import settings
from quickpub.upkeep import service

URL = 'https://blog.example.org'
CONFIG, PROGRAM = Path('/etc/quickpub.env'), Path('/opt/quickpub/bin/quickpub')
UNIT, COMMAND = 'etc/systemd/system/quickpub.service', 'usr/local/bin/quickpub'
DEPLOY = (ROOT / 'docs' / 'deploy.md').read_text()


def settings_for(url=URL, data='/var/lib/quickpub', **others):
    return settings.from_env({'QUICKPUB_URL': url, 'QUICKPUB_DATA': data, **others})


@pytest.fixture
def install(rig, tmp_path):
    def install(*options, url=URL):
        return rig.run('install-service', '--url', url, '--root', tmp_path / 'root', *options)
    install.root = tmp_path / 'root'
    return install


@pytest.mark.parametrize('text', [
    service.make_settings_file(settings_for()), service.make_unit(settings_for(), 'quickpub', CONFIG, PROGRAM),
    service.make_command('quickpub', CONFIG, PROGRAM)])
def test_the_documentation_shows_what_is_written(text):
    assert f'\n{text}```' in DEPLOY


@pytest.mark.parametrize('url', [URL, 'https://example.org/blog'])
def test_the_documentation_shows_the_lines_for_a_proxy(url):
    lines = service.make_caddy_lines(settings_for(url)).removesuffix('}\n')
    assert f'```caddy\n{lines}' in DEPLOY


def test_the_three_files_are_written_with_their_rights(install):
    done = install()
    assert done.returncode == 0 and 'reverse_proxy 127.0.0.1:8000' in done.stdout, done.stderr
    modes = {path.relative_to(install.root).as_posix(): stat.S_IMODE(path.stat().st_mode)
             for path in install.root.rglob('*') if path.is_file()}
    assert modes == {'etc/quickpub.env': 0o640, UNIT: 0o644, COMMAND: 0o755}
    written = settings.from_env({'QUICKPUB_CONFIG': str(install.root / 'etc' / 'quickpub.env')})
    assert written == settings_for(QUICKPUB_TRUSTED_PROXY='127.0.0.1')


def test_settings_that_are_there_are_kept_and_used(install):
    config = install.root / 'etc' / 'quickpub.env'
    config.parent.mkdir(parents=True)
    config.write_text(f'QUICKPUB_URL={URL}\nQUICKPUB_PORT=8100\nQUICKPUB_DATA=/srv/blog\n')
    done = install()
    assert '127.0.0.1:8100' in done.stdout and 'QUICKPUB_PORT=8100' in config.read_text()
    assert 'ReadWritePaths=/srv/blog' in (install.root / UNIT).read_text()
    assert str(config) not in done.stdout
    elsewhere = install('--data', '/srv/other')
    assert elsewhere.returncode == 1 and 'has the data folder /srv/blog' in elsewhere.stderr
    other = install(url='https://other.example.org')
    assert other.returncode == 1 and f'has the web address {URL}' in other.stderr and 'Traceback' not in other.stderr


def test_a_second_run_replaces_its_own_files_and_nobody_elses(install):
    install()
    unit = install.root / UNIT
    unit.write_text(service.MARK)
    assert install().returncode == 0 and 'ExecStart=' in unit.read_text()
    command = install.root / COMMAND
    command.write_text('#!/bin/sh\necho my own\n')
    unit.write_text(service.MARK)
    refused = install()
    assert refused.returncode == 1 and f'{command} was not written by this command' in refused.stderr
    assert 'my own' in command.read_text() and unit.read_text() == service.MARK  # nothing is half done


def test_the_files_can_be_looked_at_first(install):
    shown = install('--show').stdout
    assert service.make_settings_file(settings_for()) in shown and '# /etc/systemd/system/quickpub.service' in shown
    assert not install.root.exists()


def test_a_bad_user_is_refused_in_a_sentence(install):
    refused = install('--user', 'two words')
    assert refused.returncode == 1 and 'cannot be the name of a system user' in refused.stderr
    assert not install.root.exists()


def test_a_bad_address_is_refused_in_a_sentence(install):
    refused = install(url='blog.example.org')
    assert refused.returncode == 1 and 'QUICKPUB_URL' in refused.stderr and not install.root.exists()


@pytest.mark.parametrize(('data', 'program', 'homes'), [
    ('/var/lib/quickpub', PROGRAM, 'yes'), ('/home/ada/blog', PROGRAM, 'read-only'),
    ('/var/lib/quickpub', Path('/home/ada/venv/bin/quickpub'), 'read-only')])
def test_homes_are_hidden_unless_the_site_is_in_one(data, program, homes):
    assert f'ProtectHome={homes}\n' in service.make_unit(settings_for(data=data), 'quickpub', CONFIG, program)


def test_the_folder_for_nightly_backups_can_be_written():
    unit = service.make_unit(settings_for(QUICKPUB_BACKUPS='/mnt/disk'), 'quickpub', CONFIG, PROGRAM)
    assert 'StateDirectory=quickpub\n' in unit and 'ReadWritePaths=-/mnt/disk\n' in unit


def test_a_site_without_tls_gets_its_lines_too():
    lines = service.make_caddy_lines(settings_for('http://blog.example.org:8080'))
    assert lines == 'http://blog.example.org:8080 {\n\treverse_proxy 127.0.0.1:8000\n}\n'


@pytest.fixture
def command(tmp_path):
    """Run the command in a folder, with a program and a runuser that say how they were called."""
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'closed').mkdir()
    stubs = {'quickpub': 'echo "$QUICKPUB_CONFIG in $PWD:" "$@"',
             'runuser': '[ "$*" = "-u ada -- test -x $PWD" ] && [ "${PWD##*/}" = closed ] && exit 1\n'
                        '[ "$4" = test ] || echo "as $2"\nshift 3; exec "$@"'}
    for name, lines in stubs.items():
        (tmp_path / 'bin' / name).write_text(f'#!/bin/sh\n{lines}\n')
        (tmp_path / 'bin' / name).chmod(0o755)
    script = service.make_command('ada', CONFIG, tmp_path / 'bin' / 'quickpub')

    def run(folder, *args):
        path = f'{tmp_path / "bin"}:{os.environ["PATH"]}'
        return subprocess.run(['sh', '-c', script, 'quickpub', *args], cwd=folder, env={'PATH': path}, text=True,
                              capture_output=True, check=True).stdout
    return run


def test_the_command_runs_as_the_user_of_the_service_in_the_folder_of_the_caller(command, tmp_path):
    assert command(tmp_path, 'backup', 'a b.zip') == f'as ada\n{CONFIG} in {tmp_path}: backup a b.zip\n'
    assert command(tmp_path / 'closed', 'check') == f'as ada\n{CONFIG} in /: check\n'
    assert command(tmp_path) == f'as ada\n{CONFIG} in {tmp_path}:\n'


def test_the_command_restores_as_root(command, tmp_path):
    for folder in (tmp_path, tmp_path / 'closed'):
        assert command(folder, 'restore', 'a.zip') == f'{CONFIG} in {folder}: restore a.zip\n'
