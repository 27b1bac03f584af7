"""How fast a page is read, what delays it, and what the site takes for that: `make bench-reading`.

    python benchmarks/reading.py [--quick] [--runs 3] [--only pages,forms,slow,start,memory] [--minutes 1]

Prints a table for each measure, and under it the settings of each side:

- pages: a post page that counts its views, beside Django under gunicorn, bare granian with the same bytes from memory, and
  nginx with them in a file;
- forms: signing up and logging in, with a mail server that is quick, one that is slow, and none;
- slow: other readers while hundreds of slow clients are connected, or writers wait for the database;
- start: from starting `quickpub serve` to the first page, on a small and on a large site;
- memory: the whole process tree at rest, after every public page, and under load.

The sides take turns (A B A B), so that whatever else the machine does hits all of them. What counts are the ratios,
made run by run; the tables have medians, with minimum and maximum in brackets. Django and gunicorn come from PyPI into
benchmarks/.env, nginx and wrk from Debian. All that is started listens on 127.0.0.1 only, and is stopped at the end.
"""

import argparse
import http.client
import json
import os
import pwd
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from importlib import metadata
from statistics import median, quantiles
from urllib.parse import urlencode

from rig import (
    BIN,
    ENV,
    HERE,
    PATIENCE,
    Side,
    clean_environ,
    cpu,
    free_port,
    install,
    line,
    listens,
    say,
    stop,
    table,
    wait_for,
    which,
)

THREADS = 2  # of wrk, its default
SILENCE = 3  # seconds in which wrk only waits for the last answers
EMAIL, PASSWORD = 'author1@example.org', 'the benchmark writes'
# `quickpub`, counting more than 300 views by one network a day: wrk is one network.
SERVE = ('from quickpub.audience import network_cap; network_cap.CAP = 10 ** 9; '
         'from quickpub.cli import main; main()')


# The sides

class Server(Side):
    """A side that answers at a port, and serves a post page at `path`."""
    path = ''

    def __init__(self):
        super().__init__()
        self.port = free_port()

    def serve(self):
        self.start(*self.command())
        wait_for(lambda: listens(self.port) and get(self.port, self.path).status == 200, f'{self.title} to answer')

    def views(self):
        """Return the `views` it has counted, and the `seconds` of processor time that counting took outside of its tree; or
        None if it does not count."""
        return self.call('views')

    def processes(self):
        """Return its whole process tree."""
        return [process for root in self.started for process in (root, *root.children(recursive=True))]

    def web_processes(self):
        """Return the part of its process tree that answers."""
        return self.processes()


class Quickpub(Server):
    name, title, module, path = 'ours', 'Quickpub', 'reading_ours', '/p/post-50'

    def __init__(self, posts=100, smtp='', title=title):
        super().__init__()
        self.posts, self.smtp, self.title = posts, smtp, title

    def set_up(self):
        self.call('seed', self.posts)
        self.serve()

    def environ(self):
        return clean_environ(super().environ()) | {
            'QUICKPUB_DATA': f'{self.folder}/data', 'QUICKPUB_PORT': str(self.port), 'QUICKPUB_SMTP': self.smtp,
            'QUICKPUB_SIGNUP_SECONDS': '0', 'QUICKPUB_MAIL_LIMITS': '0'}

    def command(self):
        return self.python, '-c', SERVE, 'serve'

    def tree(self):
        """{role: its processes}: each branch has been started in this order."""
        supervisor = self.started[-1]
        web, consumer = sorted(supervisor.children(), key=lambda process: (process.create_time(), process.pid))
        return {'supervisor': [supervisor], 'web server': [web], 'its worker': web.children(recursive=True),
                'consumer': [consumer, *consumer.children(recursive=True)]}

    def web_processes(self):
        tree = self.tree()
        return tree['web server'] + tree['its worker']


class Django(Server):
    name, title, module, path = 'django', 'Django', 'reading_django', '/post/post-50/'
    python = ENV / 'bin' / 'python'

    def set_up(self):
        self.call('seed', 100)
        self.serve()

    def command(self):
        return (self.python, '-m', 'gunicorn', '--workers', 2, '--bind', f'127.0.0.1:{self.port}',
                'benchmarks.reading_django:application')


class DjangoWAL(Django):
    name, title = 'wal', 'Django, WAL'

    def environ(self):
        return super().environ() | {'BENCH_WAL': '1'}


class Granian(Server):
    """The limit of our own server: the bytes and headers that Quickpub answers with, from a function that does nothing."""
    name, title, path = 'granian', 'bare granian', '/p/post-50'
    ADDED = ('date', 'server')  # by granian itself

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def set_up(self):
        headers = [[name, value] for name, value in self.answer.getheaders() if name.lower() not in self.ADDED]
        (self.folder / 'answer.json').write_text(json.dumps({'headers': headers, 'page': self.answer.page.decode()}))
        self.serve()
        mine, ours = get(self.port, self.path), self.answer
        if mine.page != ours.page or undated(mine) != undated(ours):
            raise SystemExit(f'{self.title} answers with {undated(mine)}, Quickpub with {undated(ours)}')

    def command(self):
        return self.python, '-m', 'benchmarks.bare_granian', self.port, self.folder / 'answer.json'

    def views(self):
        return None


class Nginx(Server):
    """The limit: the bytes that Quickpub answers with, in a file."""
    name, title, path = 'nginx', 'nginx, a file', '/page.html'

    def __init__(self, page):
        super().__init__()
        self.page = page

    def set_up(self):
        (self.folder / 'page.html').write_bytes(self.page)
        user = pwd.getpwuid(os.getuid()).pw_name  # by itself it would become one who may not read this folder
        (self.folder / 'nginx.conf').write_text(NGINX.format(user=user, port=self.port))
        self.serve()

    def command(self):
        return which('nginx'), '-p', self.folder, '-c', 'nginx.conf', '-e', 'stderr'

    def views(self):
        return None


NGINX = '''daemon off; user {user}; worker_processes 2; pid nginx.pid;
events {{}}
http {{
    access_log off; default_type text/html;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
    server {{ listen 127.0.0.1:{port}; root .; }}
}}
'''


# Asking

def load(side, connections, seconds, paths=None):
    """wrk for so many seconds: answers a second, median and 99th percentile in ms, and how many were answered."""
    (side.folder / 'paths').write_text('\n'.join(paths or [side.path]) + '\n')
    command = ['wrk', '--threads', THREADS, '--connections', connections, '--duration', seconds + SILENCE,
               '--timeout', PATIENCE, '--script', HERE / 'wrk.lua', f'http://127.0.0.1:{side.port}', '--',
               side.folder / 'paths', seconds]
    said = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(said.splitlines()[-1])
    if found['refused'] or found['broken']:
        say(f'{side.title}: {found["refused"]} answers were errors, {found["broken"]} connections broke')
    if found['unanswered']:
        say(f'{side.title}: {found["unanswered"]} requests had no answer after {SILENCE} s, and may have been counted')
    found['rate'] = max(0, found['answers'] - connections) / seconds  # why: wrk.lua
    found['pages'] = found['answers'] - found['refused']
    return found


def get(port, path):
    return ask(port, 'GET', path)


def ask(port, method, path, form=None, cookie=''):
    """The answer to one request, its body in `page`, on a connection of its own."""
    headers = {'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'}
    headers |= {'Content-Type': 'application/x-www-form-urlencoded'} if form else {}
    headers |= {'Cookie': cookie} if cookie else {}
    headers |= {'Origin': f'http://127.0.0.1:{port}'} if form else {}
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
    try:
        connection.request(method, path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        answer.page = answer.read()
        return answer
    finally:
        connection.close()


def undated(answer):
    """Return the headers of an answer in order, without the date."""
    return sorted((name.lower(), value) for name, value in answer.getheaders() if name.lower() != 'date')


# What is measured: each returns the lines of its table, and what stands under it

def pages(size, runs):
    with ExitStack() as stack:
        ours = stack.enter_context(Quickpub())
        answer = get(ours.port, ours.path)
        sides = [ours, *map(stack.enter_context, (Django(), DjangoWAL(), Granian(answer), Nginx(answer.page)))]
        for side in sides:
            load(side, 16, 1)
        results = {side.name: [{} for _ in range(runs)] for side in sides}
        for run in range(runs):
            for connections in (16, 64):
                for side in sides:
                    say(f'Run {run + 1} of {runs}: post page, {connections} connections, {side.title}')
                    results[side.name][run] |= page(side, connections, size.seconds)
        lengths = ', '.join(f'{side.title} {len(get(side.port, side.path).page):,}' for side in sides)
    goals = {'16 connections, requests a second': '80 × Django, 0.6 × nginx', '64 connections, requests a second':
             '80 × Django', '16 connections, p99 (ms)': '0.5 × nginx', '64 connections, p99 (ms)': '0.5 × nginx',
             **{f'{connections} connections, views counted − pages answered': '0' for connections in (16, 64)},
             **{f'{connections} connections, {SERVER_TIME}': '0.7 × granian' for connections in (16, 64)}}
    columns = {side.name: side.title for side in sides}
    return table(columns, results, ['a second'], goals), PAGES.format(
        seconds=size.seconds, threads=THREADS, lengths=lengths, **versions())


SERVER_TIME = 'processor time a request, web server (µs)'
WHOLE_TIME = 'processor time a request, whole tree and counting (µs)'


def page(side, connections, seconds):
    before, (web, whole) = side.views(), times(side)
    found = load(side, connections, seconds)
    web, whole = (after - earlier for after, earlier in zip(times(side), (web, whole), strict=True))
    after = side.views()
    counting = after['seconds'] if after else 0
    name = f'{connections} connections'
    numbers = {f'{name}, requests a second': found['rate'], f'{name}, p50 (ms)': found['p50'],
               f'{name}, p99 (ms)': found['p99'], f'{name}, {SERVER_TIME}': 1e6 * web / found['answers'],
               f'{name}, {WHOLE_TIME}': 1e6 * (whole + counting) / found['answers']}
    if after:
        numbers[f'{name}, views counted − pages answered'] = after['views'] - before['views'] - found['pages']
    return numbers


def times(side):
    """Return the seconds of processor time that a side's web server, and that its whole tree has taken."""
    return cpu(side.web_processes()), cpu(side.processes())


PAGES = '''
- wrk {wrk}: {threads} threads, {seconds} s for each number, a browser's User-Agent, no Accept-Encoding, keep-alive.
- Bytes of the page: {lengths}.
- Quickpub: `quickpub serve` with its defaults (one web process, its consumer beside it), a site of 100 posts; it counts
  more than 300 views by one network a day, because wrk is one network.
- Django {django}: gunicorn {gunicorn}, 2 sync workers (they close each connection after its answer), DEBUG off, SQLite
  as `startproject` sets it up; `post.view_count += 1; post.save()`. The second one with a write-ahead log and 20 s of
  patience, which is faster.
- granian {granian}: Quickpub's bytes and headers from a function that does nothing else (RSGI, one worker): the limit of
  a server in Python. nginx sends the same bytes with fewer headers.
- Processor time: user and system, of the processes that answer; and of all, Quickpub's consumer among them, together with
  the counting of the views that were recorded meanwhile. wrk's and most of the loopback's share is not in it.
- nginx {nginx}: 2 workers, access_log off, sendfile as by default (off), the bytes of Quickpub's page as a file.
- p99 has as its goal less than twice nginx's: a ratio above 0.5.'''


def forms(size, runs):
    with ExitStack() as stack:
        sides = [stack.enter_context(Quickpub(smtp=f'smtp+plain://127.0.0.1:{free_port()}', title=title))
                 for title in ('mail takes 50 ms', 'mail takes 5 s', 'no mail server')]
        for side, delay in zip(sides, (0.05, 5), strict=False):
            side.start_sink(side.smtp.rpartition(':')[2], side.folder / 'mails', delay)
        results = {side.title: [] for side in sides}
        for run in range(runs):
            say(f'Run {run + 1} of {runs}: signing up and logging in')
            times = {side.title: {'sign-up': [], 'log-in': []} for side in sides}
            for number in range(size.forms):
                for side in sides:
                    times[side.title]['sign-up'].append(sign_up(side, f'reader{run}-{number}@example.org'))
                    times[side.title]['log-in'].append(log_in(side)[0])
            for title, taken in times.items():
                results[title].append({
                    **{f'{name}, median (ms)': median(values) for name, values in taken.items()},
                    **{f'{name}, p90 (ms)': quantiles(values, n=10)[8] for name, values in taken.items()}})
    return table({side.title: side.title for side in sides}, results), FORMS.format(count=size.forms)


def sign_up(side, email):
    """How many milliseconds it took."""
    began = time.perf_counter()
    answer = ask(side.port, 'POST', '/signup', {'name': 'A Reader', 'email': email, 'password': PASSWORD})
    expect(answer, 200)
    return 1000 * (time.perf_counter() - began)


def log_in(side):
    """How many milliseconds it took, and the cookie."""
    began = time.perf_counter()
    answer = ask(side.port, 'POST', '/login', {'email': EMAIL, 'password': PASSWORD})
    expect(answer, 303)
    return 1000 * (time.perf_counter() - began), answer.getheader('Set-Cookie').partition(';')[0]


def expect(answer, status):
    if answer.status != status:
        raise SystemExit(f'Answered {answer.status}, not {status}: {answer.page[:2000].decode()}')


FORMS = '''
- `quickpub serve` with its defaults, three sites that take turns form by form; {count} of each form in a run.
- The mail server answers 50 ms or 5 s after a mail's last byte; the third one does not listen. Hashing a password takes
  about 30 ms of each time, on purpose.'''


def slow(size, runs):
    kinds = {'200 slow headers': ('headers', 200), '200 slow bodies': ('bodies', 200),
             '200 slow readers': ('readers', 200), '10 writes that wait': ('writes', 10)}
    results = {'without': [{} for _ in range(runs)], 'with': [{} for _ in range(runs)]}
    with Quickpub() as side:
        load(side, size.readers, 1)
        for run in range(runs):
            for name, (kind, count) in kinds.items():
                say(f'Run {run + 1} of {runs}: {name}')
                results['without'][run] |= others(side, name, size) | {f'{name}: at it to the end': 0}
                with slow_clients(side, kind, count) as at_the_end:
                    results['with'][run] |= others(side, name, size)
                results['with'][run] |= {f'{name}: at it to the end': at_the_end()}
                time.sleep(1)  # for the server to see that they are gone
    return table({'without': 'without them', 'with': 'with them'}, results, ['a second']), SLOW.format(
        readers=size.readers, seconds=size.seconds)


def others(side, name, size):
    found = load(side, size.readers, size.seconds)
    return {f'{name}: p50 of others (ms)': found['p50'], f'{name}: p99 of others (ms)': found['p99'],
            f'{name}: others, requests a second': found['rate']}


@contextmanager
def slow_clients(side, kind, count):
    """They are at it in the block; what it yields tells after the block how many were so at its end."""
    more = [side.folder / 'data' / 'quickpub.db', log_in(side)[1]] if kind == 'writes' else []
    command = [BIN / 'python', HERE / 'slow_clients.py', kind, side.port, count, *more]
    process = subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    answer = []
    try:
        if process.stdout.readline().strip() != 'ready':
            raise SystemExit(f'The slow {kind} did not begin')
        yield lambda: int(answer[0])
        answer.append(process.communicate(timeout=PATIENCE)[0])
    finally:
        process.kill()


SLOW = '''
- `quickpub serve` with its defaults; the others are wrk's {readers} connections, {seconds} s for each number.
- Headers: a byte every 10 s. Bodies: a form of 1,000 bytes, a byte every 3 s. Readers: a page of half a megabyte, 10
  bytes a second into a receive buffer of 4 kB. Writes: posts that are saved while a foreign process holds SQLite's
  write lock; each is answered with 503 after its patience, and sent again.
- "At it to the end": how many of them the server still had then; what it had sent away delays nobody.'''


def start(size, runs):
    with ExitStack() as stack:
        sides = {posts: stack.enter_context(Quickpub(posts)) for posts in (100, 10_000)}
        for side in sides.values():
            stop(side.started.pop())
        results = {posts: [] for posts in sides}
        for number in range(size.starts * runs):
            say(f'Start {number + 1} of {size.starts * runs}')
            for posts, side in sides.items():
                results[posts].append({'from starting to the first page (s)': first_page(side)})
    columns = {posts: f'{posts:,} posts' for posts in sides}
    return table(columns, results, goals={'from starting to the first page (s)': 'below 1 s'}), START


def first_page(side):
    began = time.monotonic()
    side.start(*side.command())
    wait_for(lambda: listens(side.port), 'the port', look_every=0.002)
    expect(get(side.port, '/'), 200)
    taken = time.monotonic() - began
    stop(side.started.pop())
    return taken


START = '''
- `quickpub serve` with its defaults, on a site that exists; nothing is read from disk for the first time. The first
  page is the home page.'''


def memory(size, runs):
    columns = ['supervisor', 'web server', 'its worker', 'consumer']
    with Quickpub(posts=size.posts) as side:
        rows = []

        def look(moment):
            say(f'Memory {moment}')
            taken = {role: sum(pss(process) for process in processes) for role, processes in side.tree().items()}
            rows.append([moment, *(f'{number:.1f}' for number in (sum(taken.values()), *taken.values()))])

        time.sleep(5)
        look('at rest after the start')
        paths = walk(side.port)
        look(f'after a walk through all {len(paths):,} public pages')
        for number in range(1, 5):
            found = load(side, 16, size.load // 4, paths)
            look(f'after {number * size.load // 4} s of load ({found["rate"]:,.0f} pages a second)')
        time.sleep(5)
        look('at rest again')
    head = ['PSS in MB', 'whole tree', *columns]
    return [line(head), line(['---', *('--:' for _ in head[1:])]), *map(line, rows)], MEMORY.format(posts=size.posts)


def pss(process):
    """Proportional set size in MB: what is shared is divided among those who share it. Elsewhere, what is its own."""
    info = process.memory_full_info()
    return getattr(info, 'pss', info.uss) / 2 ** 20


def walk(port):
    """The paths of all pages that links lead to from the first page, each of them read; icons among them."""
    known, waiting = {'/'}, ['/']
    while waiting:
        answer = get(port, waiting.pop())
        if answer.getheader('Content-Type', '').startswith('image/'):
            continue
        for path in re.findall(r'href="(?:http://127\.0\.0\.1:\d+)?(/[^"#]*)"', answer.page.decode()):
            if path not in known and not path.startswith('/static/'):
                known.add(path)
                waiting.append(path)
    return sorted(known)


MEMORY = '''
- `quickpub serve` with its defaults, a site of {posts:,} posts; the load are 16 connections that ask for all these
  pages in turn.
- The goal is at most 85 MB at rest, and no growth under load.'''

MEASURES = {each.__name__: each for each in (pages, forms, slow, start, memory)}


# The command

def versions():
    django = 'import django, gunicorn; print(django.__version__, gunicorn.__version__)'
    django, gunicorn = subprocess.check_output([Django.python, '-c', django], text=True).split()
    nginx = subprocess.run([which('nginx'), '-v'], stderr=subprocess.PIPE, text=True).stderr.rpartition('/')[2].strip()
    wrk = subprocess.run(['wrk', '-v'], stdout=subprocess.PIPE, text=True).stdout.split()[1]
    return {'granian': metadata.version('granian'), 'django': django, 'gunicorn': gunicorn, 'nginx': nginx, 'wrk': wrk}


class Size:
    """How much of everything."""

    def __init__(self, is_quick, minutes):
        self.seconds, self.forms, self.starts, self.posts = (3, 12, 2, 200) if is_quick else (8, 40, 5, 1000)
        self.readers = 4
        self.load = 4 * round(15 * (minutes or (0.2 if is_quick else 1)))  # seconds, in four parts


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--runs', type=int, help='3, or 1 where quick')
    parser.add_argument('--quick', action='store_true', help='one run of less than half of everything')
    parser.add_argument('--only', default=','.join(MEASURES), help='measures, with commas')
    parser.add_argument('--minutes', type=float, help='of load for the memory; 1, or less where quick')
    return parser.parse_args()


def main():
    given = arguments()
    size, runs = Size(given.quick, given.minutes), given.runs or (1 if given.quick else 3)
    install('nginx', 'wrk')
    for name in given.only.split(','):
        lines, words = MEASURES[name](size, runs)
        print('\n'.join(['', f'## {name}', '', *lines]))
        print(words)
        print(f'- Runs: {runs}, on {os.cpu_count()} cores, Python {sys.version.split()[0]}, SQLite '
              f'{sqlite3.sqlite_version}; medians (minimum–maximum); ratios above 1: the first column is better.',
              flush=True)


if __name__ == '__main__':
    main()
