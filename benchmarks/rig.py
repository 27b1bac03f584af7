"""What all benchmarks share: installing what they compare with, sides with processes of their own, and the table."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

import psutil

HERE = Path(__file__).parent.absolute()
ROOT = HERE.parent
ENV = HERE / '.env'
PACKAGES = ['celery[redis]>=5.6,<6', 'django>=5.2,<5.3', 'gunicorn>=23,<28']
BIN = Path(sys.executable).parent
PATIENCE = 120  # seconds for what must come


# Installing: what is compared with, from where it is published; said aloud, because it changes the machine

def install(*commands):
    """PACKAGES into benchmarks/.env, and the Debian packages that bring these commands and are called like them."""
    if not (ENV / 'done').exists() or (ENV / 'done').read_text() != repr(PACKAGES):
        say(f'Installing {", ".join(PACKAGES)} into {ENV}')
        subprocess.run([sys.executable, '-m', 'venv', ENV], check=True)
        subprocess.run([ENV / 'bin' / 'pip', 'install', '--quiet', *PACKAGES], check=True)
        (ENV / 'done').write_text(repr(PACKAGES))
    missing = [name for name in commands if not which(name)]
    if not missing:
        return
    if os.getuid() or not shutil.which('apt-get'):
        raise SystemExit(f'Missing: {", ".join(missing)}. Install it first: sudo apt-get install {" ".join(missing)}')
    say(f"Installing Debian's {', '.join(missing)} on this machine")
    with no_services():
        subprocess.run(['apt-get', 'update', '-qq'], check=True)
        subprocess.run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', *missing], check=True,
                       stdout=subprocess.DEVNULL)


def which(name):
    """Where a command is; servers are in a folder that is not on everybody's path."""
    return shutil.which(name, path=f'{os.environ["PATH"]}:/usr/sbin')


@contextmanager
def no_services(policy=Path('/usr/sbin/policy-rc.d')):
    """Debian starts a server as soon as it is installed, nginx at port 80 of all addresses, unless this forbids it."""
    if policy.exists():
        yield
        return
    policy.write_text('#!/bin/sh\nexit 101\n')
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def say(words):
    print(words, file=sys.stderr, flush=True)


# The sides

class Side:
    """One of those compared, with processes of its own in a folder of its own; a context that stops and tidies up."""
    name = title = module = ''
    python = BIN / 'python'
    roots = [ROOT]

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix='bench-'))
        self.started = []

    def __enter__(self):
        try:
            self.set_up()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, kind, *_):
        for process in reversed(self.started):
            stop(process)
        if kind:
            say(f'{self.title}: what it said is in {self.folder}')
        else:
            shutil.rmtree(self.folder)

    def set_up(self):
        pass

    def environ(self):
        return os.environ | {'PYTHONPATH': os.pathsep.join(map(str, self.roots)), 'BENCH_FOLDER': str(self.folder)}

    def start(self, *command):
        with open(self.folder / 'output', 'a') as output:
            process = psutil.Popen([*map(str, command)], env=self.environ(), cwd=self.folder, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output)
        self.started.append(process)
        return process

    def start_sink(self, port, *more):
        """The mail server that throws everything away; it has no need of this side's environment."""
        self.start(BIN / 'python', '-m', 'benchmarks.smtp_sink', port, *more)
        wait_for(lambda: listens(port), 'the mail sink')

    def calling(self, function, *numbers):
        """The process that calls a function of this side's module."""
        command = [self.python, '-m', 'benchmarks.call', self.module, function, *numbers]
        return subprocess.Popen([*map(str, command)], env=self.environ(), cwd=self.folder, stdout=subprocess.PIPE,
                                text=True)

    def call(self, function, *numbers):
        process = self.calling(function, *numbers)
        answer = process.communicate(timeout=PATIENCE)[0]
        if process.returncode:
            raise SystemExit(f'{self.title}: {function} failed')
        return json.loads(answer)


def clean_environ(environ):
    """Without the settings of a site that somebody has in this shell."""
    return {name: value for name, value in environ.items() if not name.startswith('QUICKPUB_')}


# Helpers

def wait_for(found, what, patience=PATIENCE, look_every=0.02):
    """The first answer of `found()` that is true."""
    until = time.monotonic() + patience
    while not (answer := found()):
        if time.monotonic() > until:
            raise TimeoutError(f'Waited {patience} seconds in vain for {what}')
        time.sleep(look_every)
    return answer


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as probe:
        return probe.getsockname()[1]


def listens(port):
    with suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
        return True
    return False


def cpu(processes):
    """Return the seconds of processor time that these have taken so far, in user code and in the kernel."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def stop(process):
    """End what this benchmark has started, with all below it."""
    with suppress(psutil.Error):
        family = [process, *process.children(recursive=True)]
        process.terminate()
        with suppress(psutil.TimeoutExpired):
            process.wait(10)
        for each in family:
            with suppress(psutil.Error):
                each.kill()
        process.wait(10)


# The table

def table(columns, results, more_is_better=(), goals=None, neither=()):
    """Markdown: a row for each measure, a column for each key of `columns` (key: title), and how many times better the
    first is than each other. `results` has for each key a list of {measure: number}, one for each run.

    Less is better, but for measures with one of these texts in their name; those with a text of `neither` in it have no
    ratio. `goals` is {measure: words}.
    """
    first, *others = columns
    head = ['measure', *columns.values(), *(f'{columns[first]} : {columns[key]}' for key in others)]
    yield line(head + (['goal'] if goals else []))
    yield line(['---', *('--:' for _ in head[1:]), *(['---'] if goals else [])])
    for name in dict.fromkeys(name for found in results.values() for each in found for name in each):
        cells = [cell([each[name] for each in results[key] if name in each]) for key in columns]
        is_more = any(sign in name for sign in more_is_better)
        ratios = ['' if any(sign in name for sign in neither) else ratio(name, results[first], results[key], is_more)
                  for key in others]
        yield line([name, *cells, *ratios] + ([goals.get(name, '')] if goals else []))


def line(cells):
    return f'| {" | ".join(cells)} |'


def cell(values):
    if not values:
        return '–'
    low, high = figure(min(values)), figure(max(values))
    return figure(median(values)) + (f' ({low}–{high})' if low != high else '')


def figure(value):
    if value == float('inf'):
        return 'never'
    if value == int(value):
        return f'{value:,.0f}'
    return f'{value:,.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3}f}'


def ratio(name, first, other, is_more):
    """How many times better the first is, run by run."""
    pairs = [(ours[name], theirs[name]) for ours, theirs in zip(first, other, strict=False)
             if name in ours and name in theirs]
    if not pairs or any(not (ours and theirs) or float('inf') in (ours, theirs) for ours, theirs in pairs):
        return ''
    return cell([ours / theirs if is_more else theirs / ours for ours, theirs in pairs]) + ' ×'
