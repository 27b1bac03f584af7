"""Commands in the hands of a person: what they say when something is wrong, and when nobody listens."""

import os
import subprocess
import sys

import pytest
from conftest import person, write
from rig import ROOT

from quickpub import db, paths
from quickpub.upkeep import sqlite_version

COMMANDS = ['check', 'settings', 'jobs list', '--help', 'jobs --help', 'report --all', 'migrate', '--version', 'demo']


@pytest.mark.parametrize('command', COMMANDS)
def test_a_reader_that_goes_away_ends_a_command_quietly(site, rig, command):
    """As in `quickpub check | head -1`."""
    if command != 'demo':
        write(person('alice'))
    db.db.close()
    read, wrote = os.pipe()
    os.close(read)  # it has gone already
    done = subprocess.run([sys.executable, '-m', 'quickpub', *command.split()], env=rig.environ(), cwd=rig.elsewhere,
                          stdout=wrote, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(wrote)
    for word in ('Traceback', 'Broken pipe', 'QUICKPUB_DATA names', 'BrokenPipe', 'Exception ignored'):
        assert word not in done.stderr


# What cannot be read, however the test runs: without the right of root to read everything.
WITHOUT_RIGHTS = ('import ctypes, os, sys\n'
                  'if sys.platform == "linux": [ctypes.CDLL(None).prctl(24, right, 0, 0, 0) for right in (1, 2)]\n'
                  'os.execv(sys.executable, [sys.executable, "-m", "quickpub", *sys.argv[1:]])')


def make_unreadable(path):
    path.write_text('QUICKPUB_PORT=8001\n')
    path.chmod(0)


def make_a_folder(path):
    path.mkdir()


def make_binary(path):
    path.write_bytes(b'QUICKPUB_DATA=\xff\xfe\n')


def make_a_circle(path):
    path.symlink_to(path.name)


def make_below_a_file(path):
    path.write_text('')


FILES = [make_unreadable, make_a_folder, make_binary, make_a_circle]


@pytest.mark.parametrize('command', ['check', 'serve', 'settings', 'migrate'])
@pytest.mark.parametrize('make', FILES, ids=lambda make: make.__name__)
def test_a_settings_file_that_cannot_be_read_is_named(rig, make, command):
    path = rig.elsewhere / 'quickpub.env'
    make(path)
    refused = rig.run(sys.executable, '-c', WITHOUT_RIGHTS, command, config=path)
    assert refused.returncode != 0 and 'Traceback' not in refused.stderr
    assert 'QUICKPUB_CONFIG names' in refused.stderr and str(path) in refused.stderr
    assert 'QUICKPUB_DATA' not in refused.stderr
    assert not rig.data.exists()


@pytest.mark.parametrize('name', ['quickpub.db', 'secret', 'run', 'media', '.'])
def test_check_names_what_the_site_may_not_use(site, rig, name):
    db.db.close()
    (site.data / name).chmod(0)
    said = rig.run(sys.executable, '-c', WITHOUT_RIGHTS, 'check')
    (site.data / name).chmod(0o700)
    assert said.returncode != 0 and 'Traceback' not in said.stderr + said.stdout
    assert ('data folder' if name == '.' else name) in said.stdout + said.stderr
    assert 'migrate' not in said.stdout + said.stderr


@pytest.mark.parametrize('name', ['quickpub.db', *paths.FOLDERS])
def test_check_names_what_is_gone(site, rig, name):
    person('olga', role='owner')
    db.db.close()
    os.rename(site.data / name, site.data / 'aside')
    said = rig.run('check')
    assert said.returncode != 0 and f'{name} is gone' in said.stdout and 'migrate' not in said.stdout + said.stderr
    assert not (site.data / name).exists()


def test_the_warning_about_sqlite_comes_with_a_cure_and_only_when_asked(site, rig, monkeypatch):
    monkeypatch.setattr(sqlite_version, 'SAFE_SQLITE', (99, 0, 0))
    for python in ('/usr/bin/python3', '/opt/python/bin/python3'):
        monkeypatch.setattr(sys, 'executable', python)
        said = sqlite_version.sqlite_warning()
        assert 'before 99.0.0' in said and 'A cure' in said and 'pip cannot' in said
        assert ('Debian' in said) is python.startswith('/usr/bin')
    assert 'sqlite_warning' not in (ROOT / 'quickpub' / 'server' / 'supervisor.py').read_text()
