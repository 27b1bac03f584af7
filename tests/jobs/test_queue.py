"""The durable queue: its rows in this process, and real consumers that are killed."""

import pkgutil
import sqlite3
import subprocess
import sys
import threading
from datetime import datetime, timedelta

import pytest
from conftest import drain
from jobs_rig import RIG, consumer, huey, log_lines, note, try_again, until
from peewee import IntegrityError

from quickpub import tasks
from quickpub.db import db, now
from quickpub.jobs import claims, limits, owners, queue, rescue, tables
from quickpub.jobs.consumer import STOP_WITHIN, MinuteScheduler
from quickpub.jobs.huey import DurableHuey
from quickpub.jobs.tables import Job
from quickpub.models import Tag


def rows():
    return [(job.state, job.attempts, job.strikes) for job in Job.select().order_by(Job.id)]


def take():
    """Claim the next task as a worker would."""
    return huey.next_task()


# Enqueueing

def test_a_job_commits_with_the_rows_beside_it(site):
    with db.atomic():
        Tag.create(name='a', slug='a')
        note(1)
    assert len(rows()) == Tag.select().count() == 1


def test_a_job_rolls_back_with_the_rows_beside_it(site):
    with pytest.raises(IntegrityError), db.atomic():
        note(1)
        Tag.create(name='a', slug='a')
        Tag.create(name='b', slug='a')
    assert rows() == []


def test_messages_are_json_and_say_nothing_but_ids(site):
    note(17)
    message = bytes(Job.get().message).decode()
    assert '"args": [17]' in message and '"name": "jobs_rig.note"' in message


def test_what_is_no_plain_value_is_refused_when_it_is_enqueued(site):
    with pytest.raises(TypeError, match='ids and other plain values'):
        note(object())


def test_a_schedule_that_waits_is_not_enqueued_twice(site):
    for _ in range(3):
        huey.enqueue(huey.registry.periodic_tasks[0])
    assert len(rows()) == 1
    take()
    huey.enqueue(huey.registry.periodic_tasks[0])  # it runs: the next one may wait
    assert [state for state, *_ in rows()] == ['running', 'ready']


def test_one_that_waits_is_enough_and_a_person_may_still_retry_a_dead_one(site):
    tasks.deliver()
    job = Job.get()
    Job.update(state='dead', error='x').execute()
    tasks.deliver.schedule(delay=60)
    tasks.deliver()
    assert Job.select().where(Job.state == 'ready', Job.run_at <= now()).count() == 1, 'the sooner moment counts'
    assert queue.retry(job.id)
    assert [(each.id, each.state) for each in Job.select()] == [(job.id, 'ready')]


def test_how_far_a_running_job_is_can_be_seen_until_it_ends(site):
    @tasks.huey.task(name='says_how_far')
    def says_how_far():
        claims.report_progress('2 of 3')
        seen.append(Job.get().progress)
        raise ValueError

    seen = []
    try:
        says_how_far()
        drain()
    finally:
        says_how_far.unregister()
    claims.report_progress('of nothing')
    assert seen == ['2 of 3'] and (Job.get().state, Job.get().progress) == ('dead', '')


def test_delayed_work_is_a_row_that_is_not_due(site):
    note.schedule((1,), delay=60)
    assert take() is None and huey.scheduled_count() == 1 and huey.pending_count() == 0
    Job.update(run_at=now()).execute()
    assert take().args == (1,)


# Claiming and ending

def test_urgent_first_then_by_time_and_a_retry_goes_behind_its_peers(site):
    note(1)
    note(2)
    note(3, priority=limits.URGENT)
    first = take()
    assert first.args == (3,)
    first.claim.retry(now())
    claims.settle(first.claim)
    Job.update(priority=0).execute()
    assert [take().args[0] for _ in range(3)] == [1, 2, 3]


def test_one_worker_is_kept_free_for_urgent_work(site):
    for number in range(4):
        note(number)
    huey.limits.bulk = 2
    try:
        assert [bool(take()) for _ in range(3)] == [True, True, False]
        note(9, priority=limits.URGENT)
        assert take().args == (9,)
    finally:
        huey.limits.bulk = None


def test_a_finished_job_leaves_no_row(site, tmp_path, monkeypatch):
    monkeypatch.setenv('RIG_LOG', str(tmp_path / 'log'))
    note(1)
    huey.execute(take())
    assert rows() == [] and log_lines(tmp_path) == ['note 1']


def test_a_failure_is_retried_as_often_as_said_and_then_buried_with_its_reason(site):
    huey.enqueue(huey.registry.string_to_task('jobs_rig.fail')())
    huey.execute(take())
    job = Job.get()
    assert (job.state, job.attempts) == ('ready', 1) and job.run_at > now() + timedelta(seconds=20)
    Job.update(run_at=now()).execute()
    huey.execute(take())
    job = Job.get()
    assert (job.state, job.attempts) == ('dead', 2) and 'ValueError: as told' in job.error


def test_a_person_retries_or_discards_what_is_buried(site):
    note(1)
    note(2)
    for _ in range(2):
        task = take()
        task.claim.bury()
        claims.settle(task.claim)
    first, second = Job.select().order_by(Job.id)
    assert queue.retry(first.id) and not queue.retry(first.id)
    assert queue.discard(second.id) and not queue.discard(second.id)
    assert take().args == (1,)
    assert not queue.discard(first.id), 'what runs cannot be thrown away'


def test_an_ending_counts_only_while_the_claim_is_held(site):
    note(1)
    task = take()
    Job.update(owner='somebody-else').execute()
    task.claim.done()
    claims.settle(task.claim)
    assert rows() == [('running', 1, 0)]


def test_one_worker_cannot_end_what_another_has_claimed_meanwhile(site, tmp_path, monkeypatch):
    """A retry that is due at once is claimed while other workers still look at the claim before it."""
    monkeypatch.setenv('RIG_LOG', str(tmp_path / 'log'))
    try_again()

    def work():
        with db.connection_context():
            while Job.select().where(Job.state != 'dead').exists():
                if task := huey.dequeue():
                    huey.execute(task)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(log_lines(tmp_path)) == 301 and rows() == [('dead', 301, 0)]


def test_a_message_that_cannot_be_read_is_buried_and_the_next_one_runs(site):
    queue.enqueue('jobs_rig.note', b'\x80 no json')
    note(2)
    assert take() is None
    assert take().args == (2,)
    assert 'cannot be read' in Job.get(Job.state == 'dead').error


def test_a_task_of_another_version_stays_until_one_knows_it(site):
    queue.enqueue('quickpub.tasks.from_the_future', b'{"name": "quickpub.tasks.from_the_future"}')
    note(2)
    assert take().args == (2,) and take() is None
    assert Job.get(Job.name == 'quickpub.tasks.from_the_future').state == 'ready'


def test_an_ending_that_cannot_be_written_is_kept_and_written_later(site, monkeypatch, tmp_path):
    """Another program holds the write lock longer than anybody waits."""
    monkeypatch.setenv('RIG_LOG', str(tmp_path / 'log'))
    note(1)
    task = take()
    db.timeout = 0.05
    other = sqlite3.connect(site.paths.database, isolation_level=None)
    other.execute('BEGIN IMMEDIATE')
    huey.execute(task)
    assert huey.endings.settle_pending() and rows() == [('running', 1, 0)]
    rescue.rescue()  # its process lives, so nobody else gets it
    assert rows() == [('running', 1, 0)]
    other.execute('ROLLBACK')
    other.close()
    assert not huey.endings.settle_pending() and rows() == [] and log_lines(tmp_path) == ['note 1']
    huey.outages.end('jobs')


def test_a_claim_whose_answer_was_lost_is_freed_by_its_own_process(site):
    note(1)
    claims.claim(['jobs_rig.note'])  # claimed, but in nobody's hands
    assert take() is None
    huey.outages.begin('jobs', Exception('as after an error'))
    assert take().args == (1,)
    assert rows() == [('running', 1, 0)]
    huey.outages.end('jobs')


# Death

def test_what_a_dead_process_held_is_ready_again_with_a_strike(site):
    note(1)
    take()
    Job.update(owner='gone').execute()
    assert rescue.rescue() == 1
    assert rows() == [('ready', 1, 1)]


@pytest.mark.parametrize('holders', [['gone'] * 20, ['gone~1'] * 20, ['gone', 'gone~1'] * 10,
                                    ['gone'] + ['gone~1'] * 12], ids=['amid others', 'alone', 'in turn', 'both'])
def test_deaths_of_the_whole_tree_bury_nothing_however_often(site, holders):
    note(1)
    for owner in holders:
        take_raw()
        Job.update(owner=owner).execute()
        rescue.rescue()
        assert [(state, strikes) for state, _, strikes in rows()] == [('ready', 1)]


def test_deaths_of_its_own_bury_a_job_unless_it_makes_progress(site):
    note(1)
    take_raw()
    Job.update(owner='gone').execute()
    rescue.rescue()
    assert [die_alone() for _ in range(2)] == ['ready', 'ready']
    assert [die_alone(makes_progress=True) for _ in range(5)] == ['ready'] * 5
    assert [die_alone() for _ in range(2)] == ['ready', 'dead'] and Job.get().error == rescue.DIED


def die_alone(makes_progress=False):
    """As a process does that runs one job only, while the one that started it lives on; the job's state then."""
    job = take_raw()
    if makes_progress:
        claims.this_thread.claim = claims.Claim(job.id, job.name, b'', strikes=job.strikes)
        claims.clear_strikes()
        claims.this_thread.claim = None
    owner = f'{owners.current().name}~1'
    Job.update(owner=owner).execute()
    assert rescue.rescue() == 0, 'its parent says so itself, when it has seen that it lives on'
    rescue.count_death(owner)
    return Job.get().state


def take_raw():
    return claims.claim(['jobs_rig.note'])


def test_work_excused_at_the_end_of_its_process_has_neither_attempt_nor_strike(site):
    note(1)
    take()
    claims.excuse_running()
    Job.update(owner='gone').execute()
    rescue.rescue()
    assert rows() == [('ready', 0, 0)]


@pytest.mark.parametrize('kind', ['thread', 'process'])
def test_a_killer_is_buried_alone_and_its_innocent_neighbours_finish(site, tmp_path, kind):
    with consumer(site, tmp_path, '-k', kind, restart=True):
        for seconds in (2, 2.2, 2.4):
            huey.enqueue(huey.registry.string_to_task('jobs_rig.slow')((seconds,)))
        huey.enqueue(huey.registry.string_to_task('jobs_rig.kill')())
        until(lambda: [state for state, *_ in rows()] == ['dead'], 90)
    assert Job.get().name == 'jobs_rig.kill'
    assert sorted(set(log_lines(tmp_path)) - {'kill'}) == ['slow 2', 'slow 2.2', 'slow 2.4']


@pytest.mark.parametrize('kind', ['thread', 'process'])
def test_kill_9_loses_nothing(site, tmp_path, kind):
    for number in range(60):
        note(number)
    for part in (10, 30):
        with consumer(site, tmp_path, '-k', kind) as process:
            until(lambda part=part: len(log_lines(tmp_path)) >= part, 30)
            process.kill()
    with consumer(site, tmp_path, '-k', kind):
        until(lambda: not rows(), 30)
    assert set(log_lines(tmp_path)) == {f'note {number}' for number in range(60)}


@pytest.mark.parametrize('kind', ['thread', 'process'])
def test_sigterm_lets_running_work_finish(site, tmp_path, kind):
    with consumer(site, tmp_path, '-k', kind) as process:
        huey.enqueue(huey.registry.string_to_task('jobs_rig.slow')((1.5,)))
        until(lambda: rows() == [('running', 1, 0)], 20)
        process.terminate()
        assert process.wait(30) == 0
    assert rows() == [] and log_lines(tmp_path) == ['slow 1.5']


@pytest.mark.parametrize('kind', ['thread', 'process'])
def test_what_does_not_finish_in_time_is_released_uncounted_and_done_after_the_restart(site, tmp_path, kind):
    with consumer(site, tmp_path, '-k', kind, '--shutdown-timeout', '1') as process:
        huey.enqueue(huey.registry.string_to_task('jobs_rig.slow')((6,)))
        until(lambda: rows() == [('running', 1, 0)], 20)
        process.terminate()
        assert process.wait(30) == 0
    with consumer(site, tmp_path, '-k', kind):
        until(lambda: rows() in ([('running', 1, 0)], []), 20)
        until(lambda: rows() == [], 30)
    assert log_lines(tmp_path) == ['slow 6']


def test_a_live_job_longer_than_any_sweep_is_never_run_twice(site, tmp_path):
    with consumer(site, tmp_path), consumer(site, tmp_path):
        huey.enqueue(huey.registry.string_to_task('jobs_rig.slow')((5,)))
        until(lambda: not rows(), 30)
    assert log_lines(tmp_path) == ['slow 5']


def test_a_process_for_one_job_does_nothing_where_the_claim_is_gone(site, tmp_path):
    note(1)
    done = subprocess.run([sys.executable, '-m', 'quickpub.jobs.isolation', 'jobs_rig.huey', '1', 'nobody', '0'],
                          env=RIG | site.environ() | {'RIG_LOG': str(tmp_path / 'log')}, timeout=60)
    # Its parent, process 0, is not there: on Linux it ends before it looks.
    assert done.returncode in (0, 1) and rows() == [('ready', 0, 0)] and log_lines(tmp_path) == []


def test_the_stock_commands_defaults_become_ours(site):
    made = huey.create_consumer(workers=1)
    assert made.workers == site.consumer_workers and made.shutdown_timeout == STOP_WITHIN
    assert huey.create_consumer(workers=3).workers == 3
    huey.limits.bulk = None


def test_a_task_that_meets_a_locked_database_is_neither_buried_nor_does_it_cost_a_retry(site):
    db.timeout = 0.05
    huey.enqueue(huey.registry.string_to_task('jobs_rig.touch')())
    task = take()
    other = sqlite3.connect(site.paths.database, isolation_level=None)
    other.execute('BEGIN IMMEDIATE')
    huey.execute(task)
    huey.enqueue(huey.registry.periodic_tasks[0])  # a schedule meanwhile: it comes again by itself
    other.execute('ROLLBACK')
    other.close()
    assert not huey.endings.settle_pending()
    job = Job.get()
    assert job.state == 'ready' and job.run_at > now() and 'locked' in job.error
    huey.outages.end('jobs')


def test_periodic_tasks_are_asked_once_in_each_minute_of_the_clock(monkeypatch):
    asked = []
    monkeypatch.setattr(huey, 'read_periodic', lambda now: asked.append(now) or [])
    scheduler = MinuteScheduler(huey, None, 1, True)
    moments = [datetime(2027, 1, 15, 8, minute, second) for minute, second in (
        (0, 59), (1, 0), (1, 1), (1, 59), (2, 0), (1, 30))]  # at last the clock was set back
    for moment in moments:
        scheduler.enqueue_periodic_tasks(moment)
    assert asked == [moments[0], moments[1], moments[4], moments[5]]


@pytest.mark.parametrize('instance', [huey, tasks.huey], ids=['rig', 'site'])
def test_a_process_for_one_job_finds_the_huey_by_its_import_path(instance):
    assert pkgutil.resolve_name(instance.import_path) is instance


def test_without_a_database_the_queue_says_what_to_do(site):
    tables.database.initialize(None)
    try:
        with pytest.raises(RuntimeError, match='give DurableHuey one'):
            DurableHuey('nowhere', 'nowhere.huey')
    finally:
        tables.bind(db)
