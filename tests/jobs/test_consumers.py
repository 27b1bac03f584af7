"""The web server and each of the consumers as commands of their own, in the outbox's words; and what they refuse."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import PASSWORD, link_in, outbox, person, write
from rig import ROOT, Visitor, numbers_in, wait_for

from quickpub import db, tasks
from quickpub.jobs import owners, tables

STOCK = [Path(sys.executable).with_name('huey_consumer'), 'quickpub.tasks.huey']
SCRIPT = [sys.executable, ROOT / 'run_consumer.py']
COMMANDS = {
    'quickpub consumer': ['consumer'],
    'quickpub consumer, processes': ['consumer', '-k', 'process'],
    'run_consumer.py': SCRIPT,
    'run_consumer.py, processes': [*SCRIPT, '-w', '2', '-k', 'process'],
    'huey_consumer': STOCK,
    'huey_consumer, threads': [*STOCK, '-w', '3', '-k', 'thread'],
    'huey_consumer, processes': [*STOCK, '-w', '2', '-k', 'process'],
}


@pytest.fixture(params=COMMANDS.values(), ids=COMMANDS.keys())
def consumer(request):
    return request.param


def test_every_consumer_does_the_main_job_beside_quickpub_web(site, rig, consumer):
    alice = person('alice')
    address = rig.url + write(alice, 'Beans').path
    web, worker = rig.start('web'), rig.start(*consumer)
    rig.wait_until_well()
    for _ in range(3):
        Visitor('').get(address)

    confirm_by_mail(site, rig)
    tasks.send_view_count_report(alice.id)
    report = wait_for(lambda: mails_to(site, alice.email), 'the report')[0]
    assert numbers_in(report) == {'Beans': (3, 3), 'All posts': (3, 3)}
    worker.popen.terminate()
    assert worker.ends() == 0
    web.stop()


def confirm_by_mail(site, rig):
    bob = Visitor(rig.url)
    assert 'No email was sent' in bob.post('/signup', name='Bob', email='bob@example.org', password=PASSWORD).text
    link = link_in(wait_for(lambda: mails_to(site, 'bob@example.org'), 'the mail to Bob')[0], '/verify/')
    assert 'Your email address is confirmed' in bob.post(link).text
    assert bob.post('/login', email='bob@example.org', password=PASSWORD).url == rig.url + '/studio/dashboard'


def mails_to(site, email):
    return [mail for mail in outbox(site) if mail['To'] == email]


def test_one_worker_is_one(site, rig):
    consumer = rig.consume('consumer', '-w', '1', '-k', 'process')
    tasks.wake_mail()
    wait_for(lambda: not tables.Job.select().exists(), 'the job to be done')
    assert len(consumer.process.children()) == 2  # the worker, and what asks the schedules


@pytest.mark.parametrize('command', [['web'], ['consumer', '-k', 'process'], [*STOCK, '-w', '2', '-k', 'process']],
                         ids=['web', 'quickpub consumer', 'huey_consumer'])
def test_what_is_killed_leaves_no_process_behind(site, rig, command):
    process = rig.start(*command)
    wait_for(lambda: len(rig.processes()) > 1, 'processes below it')
    process.popen.kill()
    rig.wait_until_gone()


def test_a_claim_that_waits_to_write_does_not_hold_up_who_is_writing(site):
    tasks.wake_mail()
    name = owners.current().name
    with ThreadPoolExecutor(2) as others:
        with db.db.atomic():
            claim = others.submit(next_task)
            wait_for(lambda: others.submit(is_taken, owners.current().lock).result(), 'the claim to begin')
            assert others.submit(lambda: owners.current().name).result() == name
            assert not claim.done()
        assert claim.result()


def next_task():
    with db.db.connection_context():
        return tasks.huey.next_task()


def is_taken(lock):
    is_free = lock.acquire(blocking=False)
    if is_free:
        lock.release()
    return not is_free


# What they refuse

BOTH = pytest.mark.parametrize('command', [['web'], ['consumer'], SCRIPT, STOCK], ids=lambda it: Path(it[-1]).name)


@BOTH
def test_a_folder_without_a_site_is_named_in_full_and_not_made(rig, command):
    refused = rig.run(*command, data='nowhere')
    assert f'There is no site in {rig.elsewhere}/nowhere.' in says_no(refused)
    assert not (rig.elsewhere / 'nowhere').exists()


@BOTH
def test_an_older_site_is_not_touched_before_it_is_migrated(site, rig, command):
    db.db.execute_sql('DELETE FROM schema_migration')
    assert 'Run `quickpub migrate`' in says_no(rig.run(*command))


@BOTH
def test_the_site_of_a_newer_version_is_not_touched(site, rig, command):
    db.db.execute_sql("INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2099-01-01 00:00:00')")
    assert 'Install that version again' in says_no(rig.run(*command))


def says_no(done):
    """What a command says that refuses: a sentence, not a traceback."""
    assert done.returncode != 0
    assert 'Traceback' not in done.stderr
    return done.stderr
