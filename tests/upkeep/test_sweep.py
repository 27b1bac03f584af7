"""What a consumer does every second: one part that fails is said once, shown, and stops none of the others."""

import logging
import os
import threading

import pytest
from conftest import drain
from peewee import OperationalError
from rig import wait_for

from quickpub import db, findings, processes, tasks
from quickpub.background import SiteHuey
from quickpub.jobs import owners, rescue
from quickpub.jobs.tables import Job

NOBODY = 65534


@pytest.fixture
def said(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger('quickpub'), 'propagate', True)
    return lambda words: [each for each in caplog.records if words in each.getMessage()]


@pytest.fixture
def abandoned(site):
    """A job that a dead process held."""
    tasks.wake_mail()
    tasks.huey.next_task()
    Job.update(owner='gone').execute()
    owners.current().held.clear()


def a_folder(run):
    (run / 'x.life').mkdir()
    (run / 'x.bell').mkdir()


def a_bell_that_is_a_folder(run):
    (run / 'x.life').touch()
    (run / 'x.bell').mkdir()


def a_full_folder(run):
    (run / 'x.life').mkdir()
    (run / 'x.life' / 'y').touch()


def a_link_in_a_circle(run):
    (run / 'x.life').symlink_to('x.life')


def a_link_below_a_file(run):
    (run / 'x.file').touch()
    (run / 'x.life').symlink_to('x.file/y')


def a_socket(run):
    import socket
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(run / 'x.life'))


STRANGE = [a_folder, a_bell_that_is_a_folder, a_full_folder, a_link_in_a_circle, a_link_below_a_file, a_socket]


@pytest.mark.parametrize('strange', STRANGE, ids=lambda each: each.__name__)
def test_a_strange_file_does_not_keep_others_from_being_rescued(site, abandoned, said, browse, strange):
    strange(site.data / 'run')
    huey = SiteHuey('sweeps', 'nowhere.huey')
    for _ in range(3):
        huey._next_sweep = 0
        huey.read_schedule()
    assert Job.get().state == 'ready'
    assert len(said('has failed (rescue)')) == 1
    assert len(findings.failing_chores()) == 1
    db.db.close()
    answer = browse().get('/healthz', status=503)
    assert 'x.' in answer.json['checks']['chores'] and str(site.data) not in answer.text
    for path in (site.data / 'run').glob('x*'):
        if path.is_dir() and not path.is_symlink():
            [inner.unlink() for inner in path.iterdir()]
            path.rmdir()
        else:
            path.unlink()
    huey._next_sweep = 0
    huey.read_schedule()
    assert browse().get('/healthz', status=503).json['checks']['chores'] is True


@pytest.mark.parametrize('error', [ValueError('x'), OSError(5, 'I/O'), KeyError('x'),
                                   OperationalError('too many SQL'), ZeroDivisionError(),
                                   RecursionError()], ids=repr)
def test_a_chore_that_fails_stops_no_other(site, said, error):
    huey, done = SiteHuey('chores', 'nowhere.huey'), []

    def fails():
        raise error
    huey.each_second(fails)
    huey.each_second(lambda: done.append(1))
    for _ in range(4):
        huey.read_schedule()
    assert len(done) == 4 and len(said('has failed (fails)')) == 1
    assert type(error).__name__ in findings.failing_chores()[0]
    another = SiteHuey('chores', 'nowhere.huey')  # a consumer that is started anew, with the fault put right
    fails.__name__ = 'fails'
    another.chores.all = [lambda: None]
    another.chores.all[0].__name__ = 'fails'
    another.read_schedule()
    assert findings.failing_chores() == []


# Proof of life

@pytest.mark.parametrize('what', ['files', 'folder', 'life', 'bell'])
def test_a_process_whose_files_were_deleted_lives_and_keeps_its_work(site, what):
    tasks.wake_mail()
    assert tasks.huey.next_task()
    owners.current().bell.count()
    run = site.data / 'run'
    if what == 'folder':
        os.rename(run, site.data / 'aside')
    for path in [*run.glob({'files': '*', 'life': '*.life', 'bell': '*.bell'}.get(what, 'none'))]:
        path.unlink()
    assert rescue.rescue() == 0 and Job.get().state == 'running'
    if what == 'folder':
        run.mkdir()
        assert rescue.rescue() == 0 and Job.get().state == 'running'
    assert owners.is_alive(owners.current().name) and owners.living() == [owners.current().name]
    before = owners.current().bell.count()
    processes.ring(run)
    wait_for(lambda: owners.current().bell.count() != before, 'the bell to be heard')
    assert drain() == 0


def test_one_that_belongs_to_another_user_counts_as_living(site, monkeypatch):
    """As after a command that root has run: nobody else can tell."""
    path = site.data / 'run' / 'x.life'
    path.touch()
    assert not processes.is_locked(path)

    def refuse(*_, **__):
        raise PermissionError(13, 'Permission denied', str(path))
    monkeypatch.setattr(processes.os, 'open', refuse)
    assert processes.is_locked(path)


def test_root_gives_what_it_makes_to_whom_the_folder_belongs(site):
    if os.geteuid() != 0:  # then there is nothing to give away
        return
    run = site.data / 'run'
    os.chown(run, NOBODY, NOBODY)
    held = processes.lock_file(run / 'x.life')
    bell = processes.Doorbell(run / 'x.bell')
    with processes.exclusive(run / 'x.lock'):
        assert {path.stat().st_uid for path in run.glob('x.*')} == {NOBODY}
    os.close(held)
    assert bell.count() == 0 and threading.active_count()
