"""Tasks for the tests of the queue, and consumers that run them in processes of their own."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from huey import crontab

from quickpub.background import SiteHuey
from quickpub.models import Tag

HERE = Path(__file__).parent
RIG = {name: value for name, value in os.environ.items() if not name.startswith('QUICKPUB_')} | {
    'PYTHONPATH': os.pathsep.join([str(HERE.parent), str(HERE), *filter(None, [os.environ.get('PYTHONPATH')])])}

huey = SiteHuey('rig', 'jobs_rig.huey')


def _log(line):
    with open(os.environ['RIG_LOG'], 'a') as file:
        file.write(f'{line}\n')


@huey.task()
def note(number):
    _log(f'note {number}')


@huey.task()
def slow(seconds):
    time.sleep(seconds)
    _log(f'slow {seconds}')


@huey.task(retries=1, retry_delay=30)
def fail():
    raise ValueError('as told')


@huey.task(retries=300, retry_delay=0)
def try_again():
    """Fails each time; its retry is due at once."""
    _log('try')
    raise ValueError('as told')


@huey.task()
def touch():
    """Writes to the database."""
    Tag.create(name='touched', slug='touched')


@huey.task()
def kill():
    _log('kill')
    os.kill(os.getpid(), signal.SIGKILL)


@huey.periodic_task(crontab(month='1', day='1', hour='1', minute='1'))
def yearly():
    _log('yearly')


def log_lines(tmp_path):
    path = tmp_path / 'log'
    return path.read_text().splitlines() if path.exists() else []


def until(condition, seconds):
    """Wait for a condition; a limit only ends what hangs."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, 'it did not happen in time'
        time.sleep(0.02)


@contextmanager
def consumer(config, tmp_path, *options, restart=False):
    """A real `huey_consumer` over this file's tasks; with `restart`, started again when it dies."""
    command = [str(Path(sys.executable).with_name('huey_consumer')), 'jobs_rig.huey', '-q', *options]
    env = RIG | config.environ() | {'RIG_LOG': str(tmp_path / 'log')}
    processes = [subprocess.Popen(command, env=env)]
    over = threading.Event()

    def look_after():
        while not over.wait(0.1):
            if processes[-1].poll() is not None:
                processes.append(subprocess.Popen(command, env=env))

    keeper = threading.Thread(target=look_after)
    if restart:
        keeper.start()
    try:
        yield processes[0]
    finally:
        over.set()
        if restart:
            keeper.join()
        for process in processes:
            process.kill()
            process.wait()
