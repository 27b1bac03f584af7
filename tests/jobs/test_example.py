"""examples/durable_huey, as a person would run it: a web process, the stock consumer, and `kill -9`."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from rig import wait_for
from smtp_rig import free_port

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / 'examples' / 'durable_huey'
PATIENCE = 60


class Bakery:
    """The example with a database of its own, and the processes that a test starts."""

    def __init__(self, folder, example=EXAMPLE, root=ROOT):
        """`root` is the folder from which the queue is imported."""
        self.path, self._example, self._processes = folder / 'bakery.db', example, []
        self._env = os.environ | {'BAKERY_DB': str(self.path), 'BAKERY_SECONDS': '0.5', 'PYTHONPATH': os.pathsep.join(
            [str(example), str(root)])}
        self.port = free_port()

    def start(self, *command):
        self._processes.append(subprocess.Popen(command, cwd=self._example, env=self._env, stderr=subprocess.DEVNULL))
        return self._processes[-1]

    def start_web(self):
        process = self.start(sys.executable, 'app.py', str(self.port))
        wait_for(self._is_open, 'the web process', PATIENCE)
        return process

    def start_consumer(self):
        return self.start(str(Path(sys.executable).with_name('huey_consumer')), 'tasks.huey', '-q')

    def _is_open(self):
        with suppress(OSError):
            socket.create_connection(('127.0.0.1', self.port), timeout=1).close()
            return True
        return False

    def order(self, item):
        data = urllib.parse.urlencode({'item': item}).encode()
        with urllib.request.urlopen(f'http://127.0.0.1:{self.port}/orders', data, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def ask(self, sql):
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as connection:
            return connection.execute(sql).fetchall()

    def orders(self):
        return self.ask('SELECT item, state FROM "order" ORDER BY id')

    def jobs(self):
        return self.ask('SELECT state, error FROM job')

    def wait_for_orders(self, expected):
        wait_for(lambda: self.orders() == expected, f'the orders to be {expected}', PATIENCE)

    def close(self):
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def bakery(tmp_path):
    with closing(Bakery(tmp_path)) as found:
        found.start_web()
        yield found


def test_an_order_is_baked_in_the_background(bakery):
    assert 'bread: ordered' in bakery.order('bread')
    bakery.start_consumer()
    bakery.wait_for_orders([('bread', 'baked')])
    wait_for(lambda: bakery.jobs() == [], 'the job to end', PATIENCE)


def test_an_order_that_is_rolled_back_leaves_no_job(bakery):
    for _ in range(12):
        bakery.order('bread')
    with pytest.raises(urllib.error.HTTPError, match='409'):
        bakery.order('one too many')
    assert len(bakery.orders()) == len(bakery.jobs()) == 12


def test_kill_9_of_both_processes_loses_no_order(bakery):
    items = [(item, 'baked') for item in ('bread', 'rolls', 'cake', 'buns', 'tarts', 'pies')]
    for item, _ in items:
        bakery.order(item)
    consumer = bakery.start_consumer()
    wait_for(lambda: 'in the oven' in dict(bakery.orders()).values(), 'the oven', PATIENCE)
    bakery.close()
    assert consumer.returncode == -9 and bakery.orders() != items
    bakery.start_consumer()
    bakery.wait_for_orders(items)


def test_a_job_that_fails_is_retried(bakery):
    bakery.order('souffle')
    bakery.start_consumer()
    bakery.wait_for_orders([('souffle', 'baked')])
    assert bakery.ask('SELECT attempts FROM "order"') == [(3,)]


@contextmanager
def restarted(bakery):
    """A look that starts the consumer again when it has died, as systemd would."""
    consumers = [bakery.start_consumer()]

    def look():
        if consumers[-1].poll() is not None:
            consumers.append(bakery.start_consumer())
    yield look


@pytest.fixture
def lifted(tmp_path):
    """The example over a copy of the queue that lies in another package, without the rest of Quickpub."""
    package, example = tmp_path / 'lifted', tmp_path / 'example'
    shutil.copytree(ROOT / 'quickpub' / 'jobs', package / 'jobs')
    shutil.copy(ROOT / 'quickpub' / 'processes.py', package)
    shutil.copytree(EXAMPLE, example)
    for path in example.glob('*.py'):
        path.write_text(path.read_text().replace('from quickpub.', 'from lifted.'))
    with closing(Bakery(tmp_path, example, tmp_path)) as found:
        found.start_web()
        yield found


def test_lifted_out_a_job_that_kills_its_process_is_buried_alone(lifted):
    bakery = lifted
    for item in ('bread', 'bomb', 'rolls'):
        bakery.order(item)
    with restarted(bakery) as look:
        wait_for(lambda: look() or [state for state, _ in bakery.jobs()] == ['dead'], 'the bomb to be buried', PATIENCE)
    assert 'died' in bakery.jobs()[0][1]
    assert dict(bakery.orders()) == {'bread': 'baked', 'bomb': 'in the oven', 'rolls': 'baked'}
