"""Tasks that fail and are retried, registered beside the product's own, and a blow at any point of their way back."""

import os
import signal
import sys
from pathlib import Path

from huey import signals as S

from quickpub.models import Tag
from quickpub.tasks import huey

HERE = Path(__file__).parent
WAY_BACK = [S.SIGNAL_ERROR, S.SIGNAL_RETRYING, S.SIGNAL_SCHEDULED]  # what a task passes that has failed, in this order


def command(*words):
    """A command of Quickpub whose processes know these tasks."""
    return [sys.executable, '-c', f'import sys; sys.path.insert(0, {str(HERE)!r}); import retry_tasks; '
                                  f'from quickpub.cli import main; main({list(words)!r})']


def folder():
    """Where the tasks write what they do, and find what the test wants of them."""
    return Path(os.environ['RETRY_FOLDER'])


def _log(line):
    with open(folder() / 'log', 'a') as file:
        file.write(f'{line}\n')


def log():
    path = folder() / 'log'
    return path.read_text().splitlines() if path.exists() else []


# A gate is a FIFO: who reads it waits until somebody writes, and asks nobody meanwhile.

def make_gate(name):
    os.mkfifo(folder() / name)


def open_gate(name):
    """Let through who waits there now; who comes later finds no gate."""
    with open(folder() / name, 'w'):
        (folder() / name).unlink()


def _pass_gate(name):
    if (folder() / name).exists():
        with open(folder() / name) as gate:
            gate.read()


@huey.task(retries=2, retry_delay=1)
def stumble(failures):
    """Fails so often, over all its runs, and then succeeds."""
    _log('run')
    _pass_gate('stumble')
    if log().count('run') <= failures:
        raise ValueError('as told')
    _log('done')


@huey.task()
def write(number):
    """Writes to the database."""
    _log('write')
    _pass_gate('write')
    Tag.create(name=f'Written {number}', slug=f'written-{number}')
    _log('written')


@huey.signal(*WAY_BACK)
def strike(point, task, error=None):
    """Kills this process at the point that the test has named, once."""
    if 'RETRY_FOLDER' not in os.environ:
        return
    _log(point)
    try:
        (folder() / f'strike-at-{point}').rename(folder() / f'struck-at-{point}')
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
