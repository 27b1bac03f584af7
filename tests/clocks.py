"""Other clocks and another order for the tests: `make test-clocks` runs them at other times and in other time zones.

libfaketime sets the time of day of pytest and of all processes that a test starts. It leaves the clock that measures
waiting alone. At a moment such as midnight every test begins just before it, so that the day turns within the test.
What a test needs for this is found out here, by what its module uses: nobody has to keep a list.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

HERE = Path(__file__).parent
LIBRARY = 'libfaketimeMT.so.1'
JUST_BEFORE = 0.4  # seconds, at most: about what the longer half of the tests takes
TEST_MOMENT = 'TEST_MOMENT'  # environment variable: see `Moment.clock`


class Moment(NamedTuple):
    """A time of day to run the tests at.

    `clock` is a number of days from now, or a moment in UTC before which each test begins.
    """
    name: str
    clock: str
    zone: str = 'UTC'
    tests: str = 'not processes'


MOMENTS = [
    Moment('Tomorrow', '1'),
    Moment('In 40 days', '40', 'America/New_York'),
    Moment('In 400 days', '400', 'Asia/Tokyo'),
    Moment('29 February begins', '2028-02-29 00:00', 'Europe/Berlin'),
    Moment('29 February ends', '2028-03-01 00:00', 'America/New_York'),
    Moment('The hour that is left out in Berlin', '2027-03-28 01:00', 'Europe/Berlin'),
    Moment('The hour that comes twice in Berlin', '2027-10-31 01:00', 'Europe/Berlin'),
    Moment('The hour that is left out in New York', '2027-03-14 07:00', 'America/New_York'),
    Moment('The hour that comes twice in New York', '2027-11-07 06:00', 'America/New_York'),
    Moment('A Monday and a month begin in UTC', '2027-11-01 00:00'),
    Moment('The year begins in UTC', '2028-01-01 00:00', 'America/New_York'),
    Moment('The year begins in Tokyo', '2027-12-31 15:00', 'Asia/Tokyo'),
    Moment('In 400 days, whole processes', '400', 'Asia/Tokyo', 'processes and not browser'),
]
SHORT = ['In 400 days', '29 February ends', 'The hour that comes twice in Berlin']


def library() -> Path:
    """Return the path of libfaketime, or fail with how to install it."""
    for folder in ('lib*/faketime', 'lib/*/faketime'):
        for path in Path('/usr').glob(f'{folder}/{LIBRARY}'):
            return path
    sys.exit(f'{LIBRARY}, which sets the clock for the tests, is missing. Install it: sudo apt install libfaketime')


# What pytest does with it

def pytest_addoption(parser):
    parser.addoption('--shuffle', metavar='SEED', type=int, help='run files and tests in random order')
    parser.addoption('--part', metavar='1/3', default='1/1', help='run only every third of the shuffled files')


def pytest_configure(config):
    config.addinivalue_line('markers', 'processes: starts whole processes (found out by itself)')
    config.addinivalue_line('markers', 'within_a_minute: is about one minute of the clock, so it begins just after')
    config.addinivalue_line('markers', 'browser: starts a browser (found out by itself)')
    config.addinivalue_line('markers', 'own_clock: sets the clock with libfaketime itself (found out by itself)')
    os.environ.pop('FAKETIME_SHARED', None)  # what one killed process holds locked must not stop the others


def pytest_report_header(config):
    seed = config.getoption('shuffle')
    return None if seed is None else f'order: --shuffle {seed}'


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config, items):
    for path, tests in groupby(items, lambda item: item.path):
        source = path.read_text()
        marks = [name for name, sign in SIGNS.items() if re.search(sign, source)]
        for test in tests:
            for mark in marks:
                test.add_marker(mark)
    if (seed := config.getoption('shuffle')) is not None:
        order = random.Random(seed)
        files = [list(tests) for _, tests in groupby(items, lambda item: item.path)]
        order.shuffle(files)
        for tests in files:
            order.shuffle(tests)
        number, count = map(int, config.getoption('part').split('/'))
        kept = [test for tests in files[number - 1::count] for test in tests]
        config.hook.pytest_deselected(items=list(set(items) - set(kept)))
        items[:] = kept


SIGNS = {'processes': r'\brig\b|\bsoak\b|\bsubprocess\b|\bplaywright\b', 'browser': r'\bchromium\b|\bplaywright\b',
         'own_clock': r'faketime|\btest_clock\b'}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    clock = os.environ.get(TEST_MOMENT, '')
    if ':' in clock:
        begins = datetime.fromisoformat(clock).replace(tzinfo=UTC).timestamp()
        ahead = random.Random(item.nodeid).uniform(0, JUST_BEFORE)
        if item.get_closest_marker('within_a_minute'):
            ahead = -1.0
        real = time.time() - float(os.environ['FAKETIME'])
        os.environ['FAKETIME'] = f'{begins - ahead - real:+.6f}'


# Running them

def environ(moment: Moment) -> dict[str, str]:
    """Return the environment in which pytest, and what it starts, goes by this clock."""
    days = 0.0 if ':' in moment.clock else float(moment.clock)
    return os.environ | {
        TEST_MOMENT: moment.clock, 'TZ': moment.zone, 'LD_PRELOAD': str(library()),
        'FAKETIME': f'{days * 24 * 60 * 60:+.6f}', 'FAKETIME_NO_CACHE': '1', 'FAKETIME_DONT_FAKE_MONOTONIC': '1',
        'NO_FAKE_STAT': '1', 'PYTHONPATH': str(HERE / 'faketime')}


def run(moment: Moment, seed: int, part: str, more: list[str]) -> bool:
    """Run the tests at this moment. Returns whether all passed."""
    print(f'\n=== {moment.name}: {moment.clock}, TZ={moment.zone}, --shuffle {seed} --part {part}', flush=True)
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-n', '2', '--dist', 'loadfile',
               '--shuffle', str(seed), '--part', part, '-m', f'not own_clock and {moment.tests}', *more]
    try:
        return subprocess.run(command, env=environ(moment), cwd=HERE.parent).returncode == 0
    finally:
        sweep()


def sweep() -> None:
    """Remove what libfaketime leaves of processes that were killed: the next ones with their numbers would hang."""
    for path in Path('/dev/shm').glob('*faketime_*'):
        if not psutil.pid_exists(int(path.name.rpartition('_')[2])):
            path.unlink(missing_ok=True)


def main() -> None:
    """Run the tests at each moment, in an order that is another one each time and is printed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--short', action='store_true', help=f'a tenth each, at: {"; ".join(SHORT)}')
    parser.add_argument('--whole', action='store_true', help='all tests at each moment, not a third')
    parser.add_argument('--only', metavar='WORDS', default='', help='only the moments whose name has these words')
    parser.add_argument('--shuffle', metavar='SEED', type=int, default=random.randrange(10_000), help='the order')
    told, more = parser.parse_known_args()
    moments = [each for each in MOMENTS if told.only in each.name and (not told.short or each.name in SHORT)]
    count = 1 if told.whole else 10 if told.short else 3  # with the order, these parts are others each time
    failed = [moment.name for number, moment in enumerate(moments)
              if not run(moment, told.shuffle, f'{number % count + 1}/{count}', more)]
    if failed or not moments:
        sys.exit(f'Failed: {"; ".join(failed) or "there is no such moment"}')


if __name__ == '__main__':
    main()
