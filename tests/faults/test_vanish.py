"""The whole site runs, and a part of its data vanishes: views, mail, jobs and pages go on when it is back."""

import os
import shutil
import signal
import time

import pytest
from conftest import PASSWORD, outbox, person, write
from rig import Visitor, wait_for

from quickpub import db, settings, watch
from quickpub.jobs import owners, tables
from quickpub.models import Post, User


def rename(path, aside):
    os.rename(path, aside)


def restore(path, aside):
    os.rename(aside, path)


def delete(path, aside):
    shutil.copy2(path, aside) if path.is_file() else shutil.copytree(path, aside, ignore=lambda *_: [])
    path.unlink() if path.is_file() else shutil.rmtree(path)


def make_again(path, aside):
    (shutil.rmtree(aside), path.mkdir(0o700)) if aside.is_dir() else shutil.move(aside, path)


CASES = {'database renamed': ('quickpub.db', rename, restore), 'database deleted': ('quickpub.db', delete, make_again),
         'WAL renamed': ('quickpub.db-wal', rename, restore), 'data renamed': ('.', rename, restore),
         'run deleted': ('run', delete, make_again), 'run renamed': ('run', rename, restore),
         'spool deleted': ('spool', delete, make_again), 'spool renamed': ('spool', rename, restore),
         'outbox renamed': ('outbox', rename, restore)}


@pytest.mark.parametrize(('name', 'lose', 'give_back'), CASES.values(), ids=CASES.keys())
def test_the_site_goes_on_by_itself_when_what_vanished_is_back(site, rig, name, lose, give_back):
    if (name, lose) == ('run', delete):
        lose = lambda path, aside: (aside.mkdir(), shutil.rmtree(path))  # noqa: E731 - FIFOs cannot be copied
    post = write(person('alice'), 'Beans')
    config = settings.from_env(rig.environ())
    db.db.close()
    watch.CommitWatch.of(site).close()
    served = rig.serve()
    before = [served.process.pid, served.web().pid, served.worker().pid, served.consumer().pid]
    reader = Visitor(rig.url)
    assert reader.get(post.path).status == 200
    path, aside = (site.data / name).resolve(), site.data.with_name('aside')
    lose(path, aside)
    wait_for(lambda: reader.get('/healthz').status == 503, 'somebody to notice')
    health = reader.get('/healthz')
    assert health.headers['Content-Type'] == 'application/json'
    assert reader.get(post.path).status in (200, 503)
    served.says('Work goes on when it is back')
    assert not path.exists()
    give_back(path, aside)
    rig.wait_until_well()
    served.says('is back')
    assert reader.get(post.path).status == 200
    assert 'No email was sent' in reader.post('/signup', name='Bob', email='bob@example.org', password=PASSWORD).text
    wait_for(lambda: [mail for mail in outbox(config) if mail['To'] == 'bob@example.org'], 'the mail')
    with rig.database():
        wait_for(lambda: Post.get().views >= 2, 'the views')
        wait_for(lambda: not tables.Job.select().exists(), 'all work to be done')
        assert User.select().count() == 2
        assert db.db.execute_sql('PRAGMA integrity_check').fetchall() == [('ok',)]
    assert before == [served.process.pid, served.web().pid, served.worker().pid, served.consumer().pid]
    assert 'Traceback' not in served.output()
    assert served.output().count('Work goes on when it is back') == 1
    watch.CommitWatch.of(config).close()
    served.stop()


# Hanging, and hanging up

def test_a_web_worker_that_hangs_is_replaced_and_the_other_goes_on(rig):
    served = rig.serve(workers=2)
    web = served.web()
    hung, other = web.children()
    os.kill(hung.pid, signal.SIGSTOP)
    began = time.monotonic()
    served.says(f'The web worker {hung.pid} has not moved')
    wait_for(lambda: len(web.children()) == 2 and hung not in web.children(), 'another worker')
    assert other in web.children() and time.monotonic() - began < 60
    for _ in range(20):
        assert Visitor(rig.url).get('/').status == 200
    served.stop()


@pytest.mark.parametrize('branch', ['web', 'consumer'])
def test_a_branch_of_the_tree_that_hangs_is_replaced(rig, branch):
    served = rig.serve()
    hung = getattr(served, branch)()
    os.kill(hung.pid, signal.SIGSTOP)
    served.says(f'The process {hung.pid} has not moved')
    wait_for(lambda: not hung.is_running(), 'its end')
    rig.wait_until_well()
    assert getattr(served, branch)() != hung
    served.stop()


@pytest.mark.parametrize('command', [['serve'], ['web'], ['consumer'], ['consumer', '-k', 'process']], ids=' '.join)
def test_a_terminal_that_goes_away_stops_nothing(site, rig, command):
    db.db.close()
    watch.CommitWatch.of(site).close()
    process = rig.start(*command)
    if command[0] == 'consumer':
        workers = settings.current().consumer_workers if 'process' in command else 1
        wait_for(lambda: len(owners.living()) >= workers, 'all processes of the consumer')
    else:
        rig.wait_until_answers()
    before = {each.pid for each in rig.processes()}
    for pid in before:
        os.kill(pid, signal.SIGHUP)
    if command[0] != 'consumer':
        for _ in range(5):
            assert Visitor(rig.url).get('/').status == 200
    assert {each.pid for each in rig.processes()} == before
    process.stop()
