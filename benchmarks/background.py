"""Our queue and our mail beside Celery with Redis and beside plain Huey, in one run: `make bench`.

    python benchmarks/background.py [--quick] [--runs 3] [--only pickup,mails,signups,backlog,report,kill]
                                    [--also ../another-checkout]

The three take turns in every measure (A B C, A B C, …), each in a new folder with processes of its own, so that
whatever else the machine does hits all of them. What counts are the ratios, made run by run; the table has medians,
with minimum and maximum in brackets. `--also` measures another checkout of Quickpub in the same turns: what a change
brings.

The others come with their defaults. Beside those, they are measured on our terms: sending the very bytes that we send,
and with sign-ups that survive a power cut. README.md says how.

Celery, Redis' client and Django come from PyPI into benchmarks/.env, redis-server from Debian. All that is started
listens on 127.0.0.1 only, and is stopped at the end.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median, quantiles

from rig import BIN, ENV, ROOT, Side, clean_environ, cpu, free_port, install, listens, say, table, wait_for

AFTER_KILL = 20  # seconds after a restart; what has not run by then counts as lost


# The sides

class Worker(Side):
    """A mail sink, a consumer, and what it needs besides.

    `messages` is a folder of emails to send instead of its own, `is_durable` lets its sign-ups survive a power cut, `kept`
    is a folder for the emails that it sends. Our side has nothing to change for the first two.
    """

    def __init__(self, messages=None, is_durable=False, kept=None):
        super().__init__()
        self.messages, self.is_durable, self.kept = messages, is_durable, kept
        self.log, self.mails = self.folder / 'log', self.folder / 'mails'
        self.log.touch()
        self.mails.touch()
        self.ports = {name: free_port() for name in ('smtp', 'redis')}
        self.consumers = []

    def set_up(self):
        self.start_sink(self.ports['smtp'], self.mails, *([0, self.kept] if self.kept else []))
        self.start_services()
        self.call('prepare')

    def start_services(self):
        pass

    def environ(self):
        return super().environ() | {
            'BENCH_LOG': str(self.log), 'BENCH_SMTP_PORT': str(self.ports['smtp']),
            **({'BENCH_MESSAGES': str(self.messages)} if self.messages else {}),
            **({'BENCH_DURABLE': '1'} if self.is_durable else {})}

    def consume(self, by_stock_command=False):
        """Start the consumer: each side has its own `command`."""
        self.consumers = [self.start(*self.command(by_stock_command))]

    def warm_up(self):
        self.call('stamps', 1, 0, 0)
        wait_for(lambda: self.lines('stamp'), 'the first task')
        time.sleep(0.5)
        self.log.write_text('')

    def lines(self, word):
        """The words after this one of each such line of the tasks' log."""
        return [line.split()[1:] for line in self.log.read_text().splitlines() if line.startswith(word + ' ')]

    def delivered(self):
        """(recipient, when) of each mail."""
        return [(recipient, float(at)) for recipient, _, at in self._noted()]

    def sizes(self):
        """{recipient: bytes of the mail}"""
        return {recipient: int(size) for recipient, size, _ in self._noted()}

    def _noted(self):
        lines = [line.split() for line in self.mails.read_text().splitlines()]
        return [words for words in lines if words[0] != 'connection']

    def connections(self):
        return self.mails.read_text().count('connection') - 1  # the first was ours, to see whether it listens

    def tree(self, but_services=False):
        """The consumer with all that it has started, and with the services that it needs."""
        mine = self.consumers[:1] if but_services else [each for each in self.started[1:] if each.is_running()]
        return [process for each in mine for process in (each, *each.children(recursive=True))]


class Ours(Worker):
    name, title, module = 'ours', 'ours', 'ours_app'

    def environ(self):
        return clean_environ(super().environ()) | {
            'QUICKPUB_DATA': f'{self.folder}/data', 'QUICKPUB_SMTP': f'smtp+plain://127.0.0.1:{self.ports["smtp"]}'}

    def command(self, by_stock_command):
        if by_stock_command:
            return BIN / 'huey_consumer', 'benchmarks.ours_app.huey'
        return self.python, '-m', 'benchmarks.call', self.module, 'consume'

    def reports_written(self):
        """When the last report's row was there."""
        database = sqlite3.connect(f'file:{self.folder}/data/quickpub.db?mode=ro', uri=True)
        return wait_for(lambda: (time.monotonic() if database.execute('SELECT count(*) FROM report').fetchone()[0]
                                 >= self.authors else None), 'the rows of the reports')


class Celery(Worker):
    name, title, module = 'celery', 'Celery + Redis', 'celery_app'
    python = ENV / 'bin' / 'python'

    def environ(self):
        return super().environ() | {'BENCH_BROKER': f'redis://127.0.0.1:{self.ports["redis"]}/0'}

    def start_services(self):
        synced = ['--appendonly', 'yes', '--appendfsync', 'always'] if self.is_durable else []
        self.start('redis-server', '--port', self.ports['redis'], '--bind', '127.0.0.1', '--dir', self.folder, *synced)
        wait_for(lambda: listens(self.ports['redis']), 'Redis')

    def command(self, by_stock_command):
        return self.python, '-m', 'celery', '-A', 'benchmarks.celery_app', 'worker', '--loglevel=WARNING'

    def consume(self, by_stock_command=False):
        super().consume()
        self.consumers.append(self.start(self.python, '-m', 'celery', '-A', 'benchmarks.celery_app', 'beat',
                                         '--schedule', self.folder / 'beat', '--loglevel=WARNING'))

    def reports_written(self):
        """It writes no rows: its loop counts and sends in one. When that was over."""
        return float(wait_for(lambda: self.lines('reported'), 'the report')[0][-1])


class PlainHuey(Celery):
    name, title, module = 'huey', 'plain Huey', 'huey_app'
    python = BIN / 'python'
    start_services = Worker.start_services
    consume = Worker.consume

    def command(self, by_stock_command):
        return BIN / 'huey_consumer', 'benchmarks.huey_app.huey', '-w', '4', '-q'


def also(checkout):
    """Our side with the code of another checkout."""
    return type('Also', (Ours,), {'name': 'also', 'title': f'ours in {checkout.name}', 'roots': [checkout, ROOT]})


# What is measured: each returns {measure: number}

OUR_BYTES, DURABLE = 'with our bytes', 'as durable as ours'
ALIKE = f'{OUR_BYTES}, {DURABLE}'


def on_our_terms(measure, side, size, found, terms, rows):
    """Measure the other sides again on our terms, in new processes; what was `found` for ours is that already.

    Return these rows, with the terms in their names.
    """
    if not isinstance(side, Ours):
        messages = (our_reports if measure is _seed_and_send_reports else our_mails)(size) if OUR_BYTES in terms else None
        say(f'… again, {terms}')
        with type(side)(messages, is_durable=DURABLE in terms) as other:
            found = measure(other, size)
            check_bytes(other)
    return {f'{row}, {terms}': found[row] for row in rows}


def check_bytes(side):
    """Exit unless the mails that this side sent are as long as those that it was given to send."""
    if side.messages:
        different = [recipient for recipient, count in side.sizes().items()
                     if count != (side.messages / recipient).stat().st_size]
        if different:
            raise SystemExit(f'{len(different)} mails are not as long as ours, such as the one to {different[0]}')


def our_mails(size):
    """The folder with the mails of our sign-ups, sent once for that."""
    return _keep('mails', size.mails, size, lambda side: side.call('mails', size.mails))


def our_reports(size):
    """The folder with the mails of our reports, sent once for that."""
    def order(side):
        side.call('seed', size.authors, size.posts)
        side.call('report')
    return _keep('reports', size.authors, size, order)


def _keep(name, count, size, order):
    folder = size.folder / name
    if not folder.exists():
        say(f'Keeping our {count:,} {name}, for the others to send')
        folder.mkdir()
        with Ours(kept=folder) as side:
            order(side)
            side.consume()
            wait_for(lambda: len(side.delivered()) >= count, 'all of them')
    return folder


def pickup(side, size):
    found = _pickup(side, size)
    if isinstance(side, Ours):
        with type(side)() as other:
            found |= {f'{name}, by huey_consumer': value
                      for name, value in _pickup(other, size, by_stock_command=True).items()}
    return found


def _pickup(side, size, by_stock_command=False):
    side.consume(by_stock_command)
    side.warm_up()
    side.call('stamps', size.pickups, 50, 150)
    times = wait_for(lambda: len(side.lines('stamp')) >= size.pickups and side.lines('stamp'), 'all tasks')
    delays = [1000 * (float(started) - float(enqueued)) for _, enqueued, started in times]
    cuts = quantiles(delays, n=100)
    time.sleep(1)
    before, began = cpu(side.tree()), time.monotonic()
    alone = cpu(side.tree(but_services=True))
    time.sleep(size.idle)
    share = 100 / (time.monotonic() - began)
    return {'pick-up, median (ms)': median(delays), 'pick-up, p90 (ms)': cuts[89], 'pick-up, p99 (ms)': cuts[98],
            'idle consumer (% of a core)': share * (cpu(side.tree(but_services=True)) - alone),
            'idle, with all it needs (% of a core)': share * (cpu(side.tree()) - before)}


def mails(side, size):
    found = _mails(side, size)
    rate, accepted, length = '… mails a second', '… sign-ups accepted a second', '… bytes of a mail'
    return (found | on_our_terms(_mails, side, size, found, OUR_BYTES, [rate, MAIL_TIME, length])
            | on_our_terms(_mails, side, size, found, ALIKE, [rate, accepted]))


MAIL_TIME = '… processor time for a mail (ms)'


def _mails(side, size):
    side.consume()
    side.warm_up()
    before = cpu(side.tree())
    producer = side.calling('mails', size.mails)
    wait_for(lambda: len(side.delivered()) >= size.mails, 'all mails')
    worked = cpu(side.tree()) - before
    times = json.loads(producer.communicate()[0])
    recipients, moments = zip(*side.delivered(), strict=True)
    if sorted(set(recipients)) != sorted(recipients):
        say(f'{side.title}: {len(recipients) - len(set(recipients))} mails came twice')
    return {f'{size.mails:,} mails, all delivered (s)': max(moments) - times['began'],
            '… mails a second': size.mails / (max(moments) - times['began']),
            '… sign-ups accepted a second': size.mails / (times['ended'] - times['began']),
            MAIL_TIME: 1000 * worked / size.mails, '… bytes of a mail': median(side.sizes().values()), '… SMTP connections': side.connections()}


def signups(side, size):
    """The same sign-ups with nothing else at work: the accounts are written, and the mails wait."""
    found = _signups(side, size)
    return found | on_our_terms(_signups, side, size, found, DURABLE, list(found))


def _signups(side, size):
    times = side.call('mails', size.mails)
    return {'sign-ups accepted a second, nothing else at work': size.mails / (times['ended'] - times['began'])}


def backlog(side, size):
    found = _backlog(side, size)
    rate, _ = found
    return found | on_our_terms(_backlog, side, size, found, OUR_BYTES, [rate])


def _backlog(side, size):
    """The same mails, all of them waiting already when the consumer starts: how fast it is by itself."""
    side.call('mails', size.mails)
    side.consume()
    wait_for(lambda: len(side.delivered()) >= size.mails, 'all mails')
    moments = sorted(at for _, at in side.delivered())
    rate = (len(moments) - 1) / (moments[-1] - moments[0])
    return {f'{size.mails:,} mails that wait already, delivered a second': rate,
            '… SMTP connections for them': side.connections()}


def report(side, size):
    side.authors = size.authors
    side.call('seed', size.authors, size.posts)
    dry = dry_report(side)
    found = _send_reports(side, size)
    found |= {'… SQL statements': dry['statements'], '… alone, without mail or queue (s)': dry['seconds']}
    return found | on_our_terms(_seed_and_send_reports, side, size, found, OUR_BYTES,
                                ['… all delivered (s)', REPORT_TIME, '… bytes of a report'])


def _seed_and_send_reports(side, size):
    side.authors = size.authors
    side.call('seed', size.authors, size.posts)
    return _send_reports(side, size)


REPORT_TIME = '… processor time for a report (ms)'


def _send_reports(side, size):
    side.consume()
    side.warm_up()
    before, worked = peak(side), cpu(side.tree())
    began = side.call('report')['began']
    written = side.reports_written()
    wait_for(lambda: len(side.delivered()) >= size.authors, 'all reports')
    worked = cpu(side.tree()) - worked
    what = f'report, {size.authors:,} authors × {size.posts} posts'
    return {f'{what}, all written (s)': written - began,
            '… all delivered (s)': max(at for _, at in side.delivered()) - began,
            REPORT_TIME: 1000 * worked / size.authors, '… bytes of a report': median(side.sizes().values()), '… SMTP connections for it': side.connections(),
            "… consumer's peak memory (MB)": peak(side), '… above its memory before (MB)': peak(side) - before}


def dry_report(side):
    """In a copy of the folder, so that the real one comes as new."""
    database, copy = side.folder, side.folder.with_name(side.folder.name + '-dry')
    shutil.copytree(database, copy)
    try:
        side.folder = copy
        return side.call('dry_report')
    finally:
        side.folder = database
        shutil.rmtree(copy)


def peak(side):
    """The most memory that any process of the consumer had, in MB (as the kernel kept it; elsewhere, what it has)."""
    return max(_peak(process) for process in side.tree(but_services=True))


def _peak(process):
    with suppress(OSError):
        for line in Path(f'/proc/{process.pid}/status').read_text().splitlines():
            if line.startswith('VmHWM'):
                return int(line.split()[1]) / 1024
    return process.memory_info().rss / 2 ** 20


def kill(side, size):
    side.consume()
    side.warm_up()
    producer = side.calling('works', size.tasks)
    wait_for(lambda: len(side.lines('work')) > size.tasks / 3, 'a third of the tasks')
    for process in side.tree(but_services=True):
        process.kill()
    side.consumers[0].wait()
    producer.communicate()
    restarted = time.monotonic()
    side.consumers[0] = side.start(*side.command(False))
    with suppress(TimeoutError):
        wait_for(lambda: len(ran(side)) >= size.tasks, 'all tasks', AFTER_KILL)
    is_done = len(ran(side)) >= size.tasks
    last = max(float(at) for *_, at in side.lines('work'))
    return {f'kill -9 in the middle of {size.tasks} tasks: ran in the end': len(ran(side)),
            '… done after the restart (s)': last - restarted if is_done else float('inf'),
            '… ran twice': len(side.lines('work')) - len(ran(side))}


def ran(side):
    return {number for number, _ in side.lines('work')}


MEASURES = {each.__name__: each for each in (pickup, mails, signups, backlog, report, kill)}
MORE_IS_BETTER = ('a second', 'in the end')  # in the name of a measure
NEITHER = ('bytes of',)


SETTINGS = '''
- ours: `quickpub consumer` with its defaults (4 threads, SQLite synced at each commit); account, mail and job of a
  sign-up are one transaction; text and HTML in every mail; the ledger says of each mail what became of it.
- Celery {celery}, Redis {redis} with its defaults, Django {django}: `celery worker` with its defaults ({cores}
  processes here), `celery beat`, no result backend, SQLite with a write-ahead log, plain text.
- plain Huey {huey}: SqliteHuey with its defaults, 4 threads, peewee, plain text.
- With our bytes: the others do all of the above, then send the mail that we sent to the same recipient instead of their
  own, with a new Message-ID. They do not have to compose it, which is to their advantage.
- As durable as ours: SQLite with synchronous=FULL (its default here: Django's rows and plain Huey's are synced anyway),
  Redis with appendonly and appendfsync=always, Celery with acks_late. A sync of {folder} took {sync:.2f} ms.
- The mail server is aiosmtpd. It says that it takes several commands at once, as most do (PIPELINING); we use that,
  Python's smtplib, by which the others send, does not.
- {runs} runs on {cores} cores, Python {python}; medians (minimum–maximum); ratios above 1: ours is better.'''


def versions():
    code = 'import celery, django; print(celery.__version__, django.__version__)'
    celery, django = subprocess.check_output([Celery.python, '-c', code], text=True).split()
    redis = subprocess.check_output(['redis-server', '--version'], text=True).split('v=')[1].split()[0]
    return {'celery': celery, 'django': django, 'redis': redis, 'huey': __import__('huey').__version__,
            'cores': os.cpu_count(), 'python': sys.version.split()[0],
            'folder': tempfile.gettempdir(), 'sync': 1000 * sync_time()}


def sync_time():
    """Return the seconds that a small append takes until it is on the disk of the sides' folders, in the median."""
    taken = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(100):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return median(taken)


class Size:
    """How much of everything."""

    def __init__(self, is_quick, folder):
        self.folder = folder  # for the mails that are kept
        self.pickups, self.idle, self.mails, self.authors, self.tasks = (
            (50, 5, 400, 300, 60) if is_quick else (200, 20, 2000, 2000, 200))
        self.posts = 20


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--quick', action='store_true', help='one run of a fifth of everything')
    parser.add_argument('--only', default=','.join(MEASURES), help='measures, with commas')
    parser.add_argument('--sides', default='ours,celery,huey', help='sides, with commas')
    parser.add_argument('--also', type=lambda text: Path(text).absolute(), help='another checkout of Quickpub')
    return parser.parse_args()


def main():
    given = arguments()
    runs = 1 if given.quick else given.runs
    install('redis-server')
    with tempfile.TemporaryDirectory(prefix='bench-') as folder:
        compare(given, Size(given.quick, Path(folder)), runs)


def compare(given, size, runs):
    sides = [side for side in (Ours, Celery, PlainHuey) if side.name in given.sides.split(',')]
    sides += [also(given.also)] if given.also else []
    results = {side.name: [] for side in sides}
    for run in range(runs):
        for found in results.values():
            found.append({})
        for measure in given.only.split(','):
            for side in sides:
                say(f'Run {run + 1} of {runs}: {measure}, {side.title}')
                with side() as fresh:
                    results[side.name][run] |= MEASURES[measure](fresh, size)
    print('\n'.join(table({side.name: side.title for side in sides}, results, MORE_IS_BETTER, neither=NEITHER)))
    print(SETTINGS.format(runs=runs, **versions()))


if __name__ == '__main__':
    main()
