"""Consumers killed while a job that has failed is on its way back into the queue: it runs to its end, and the failure
that was not written down costs it none of its retries."""

import signal
import sqlite3

import pytest
import retry_tasks
from retry_tasks import WAY_BACK, log, make_gate, open_gate, stumble
from rig import wait_for

from quickpub.jobs import queue
from quickpub.jobs.tables import Job

RETRIES = 2  # of `stumble`


@pytest.fixture
def rig(rig, tmp_path, monkeypatch):
    """A site without processes, opened in this one too."""
    monkeypatch.setenv('RETRY_FOLDER', str(tmp_path))
    rig.open()
    with rig.database():
        yield rig


@pytest.fixture(params=['thread', 'process'])
def kind(request):
    return request.param


def start(rig, kind):
    return rig.consume(*retry_tasks.command('consumer', '-k', kind))


def prepare_strike(point):
    """Let the first process that executes a job up to this point be killed there."""
    (retry_tasks.folder() / f'strike-at-{point}').touch()


def wait_for_strike(point):
    wait_for((retry_tasks.folder() / f'struck-at-{point}').exists, f'a process killed at {point}')


def ended():
    """Wait until nothing waits or runs any more; what is buried, and why."""
    wait_for(lambda: not Job.select().where(Job.state != 'dead').exists(), 'all work to be done')
    return [(job.name, job.error) for job in Job.select()]


def runs():
    return log().count('run')


def wait_for_another(rig, kind, consumer):
    """Threads were killed with their consumer, so start one. A process was one worker of it, which starts another."""
    if kind == 'process':
        return consumer
    assert consumer.ends() == -signal.SIGKILL
    return start(rig, kind)


@pytest.mark.parametrize(('point', 'kind'), [*((point, 'thread') for point in WAY_BACK), (WAY_BACK[-1], 'process')])
def test_killed_between_the_failure_and_the_retry(rig, kind, point):
    prepare_strike(point)
    consumer = start(rig, kind)
    stumble(1 + RETRIES)
    wait_for_strike(point)
    wait_for_another(rig, kind, consumer)
    assert ended() == []
    assert runs() == 1 + RETRIES + 1 and log().count('done') == 1


def test_killed_once_more_in_the_process_of_its_own(rig, kind):
    """After the first blow it runs alone, and the second one strikes nobody else."""
    first, second = WAY_BACK[1:]
    prepare_strike(first)
    prepare_strike(second)
    consumer = start(rig, kind)
    stumble(2 + RETRIES)
    wait_for_strike(first)
    consumer = wait_for_another(rig, kind, consumer)
    wait_for_strike(second)
    assert ended() == []
    assert runs() == 2 + RETRIES + 1 and log().count('done') == 1
    consumer.stop()


def test_killed_while_the_row_is_put_back(rig, kind):
    make_gate('stumble')
    start(rig, kind)
    stumble(RETRIES + 1)
    wait_for(runs, 'the first run')
    lock = sqlite3.connect(rig.data / 'quickpub.db', isolation_level=None)
    lock.execute('BEGIN IMMEDIATE')
    open_gate('stumble')
    wait_for(lambda: WAY_BACK[-1] in log(), 'nothing but the write to be missing')
    rig.crash()
    lock.execute('ROLLBACK')
    lock.close()
    assert [(job.state, job.attempts) for job in Job.select().where(Job.name == 'retry_tasks.stumble')] == [
        ('running', 1)]
    start(rig, kind)
    assert ended() == []
    assert runs() == 1 + RETRIES + 1 and log().count('done') == 1


def test_killed_when_the_row_is_back(rig, kind):
    """Now the failure is written down, and counts: there are as many retries as were left."""
    make_gate('stumble')
    start(rig, kind)
    stumble(RETRIES)
    wait_for(runs, 'the first run')
    queue.pause()  # so that it is not run again before the blow
    open_gate('stumble')
    job = Job.select().where(Job.name == 'retry_tasks.stumble', Job.state == 'ready')
    wait_for(job.exists, 'the row back in the queue')
    assert 'ValueError: as told' in job.get().error
    rig.crash()
    queue.resume()
    start(rig, kind)
    assert ended() == []
    assert runs() == RETRIES + 1 and log().count('done') == 1
