"""What others notice of hostile texts and of many searches: `make bench-hostile`.

    python benchmarks/hostile.py [--quick] [--also ../other] [--posts 100000]

A real server on a site of benchmarks/growth.py. One client asks for /login and for pages that are not in memory, one after
the other, while others send texts that take long to render, or search. `--also` names another checkout of Quickpub to
measure beside this one, on the same site: what a change brings.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import growth
import rig

HEADINGS = '# A [link](/a) and $x^2$\n\n' * 18_000
TEXTS = {
    '20 previews of 450 KB of headings, links and formulas': HEADINGS, '20 previews of 100 KB of ![[](': '![[](' * 20_000,
    '20 previews of 400 KB of one list': '- a\n' * 100_000, '20 previews of 5 KB of headings': HEADINGS[:4_900]}
WORDS = 'hill river bread winter letter garden market stone light paper train island'.split()
SESSION = ("import sys\nfrom quickpub import db, migrating, opening, settings\nfrom quickpub.accounts import sessions\nfrom quickpub.models import User\n"
           "config = settings.from_env()\nmigrating.migrate(config)\nopening.open_site(config)\n"
           "with db.db.connection_context():\n    print(sessions.start(User.get_by_id(1), '', db.now()))\n")


class Server:
    """`quickpub web` of a checkout, on a site."""

    def __init__(self, root, data):
        self.port = rig.free_port()
        environ = os.environ | {'PYTHONPATH': str(root), 'QUICKPUB_DATA': str(data), 'QUICKPUB_PORT': str(self.port)}
        self.cookie = subprocess.run([sys.executable, '-c', SESSION], env=environ, check=True, capture_output=True,
                                     text=True).stdout.split()[-1]
        self._process = subprocess.Popen([sys.executable, '-m', 'quickpub', 'web'], env=environ, cwd=root,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rig.wait_for(lambda: rig.listens(self.port), 'the server')

    def ask(self, method, path, body=None, is_author=False):
        """The status of an answer, and how many seconds it took."""
        headers = {'Cookie': f'quickpub={self.cookie}'} if is_author else {}
        if body:
            headers |= {'Content-Type': 'application/x-www-form-urlencoded', 'Origin': f'http://127.0.0.1:{self.port}'}
        began = time.monotonic()
        connection = HTTPConnection('127.0.0.1', self.port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, time.monotonic() - began
        except (OSError, HTTPException):
            return 0, time.monotonic() - began
        finally:
            connection.close()

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)


def beside(server, seconds, hostile, count):
    """How long pages take while `count` clients do `hostile(number)` again and again; and what they are answered."""
    until, statuses = time.monotonic() + seconds, []

    def go_on(number):
        while time.monotonic() < until:
            statuses.append(hostile(number)[0])

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    time.sleep(min(1, seconds / 5))
    found, turn = {'/login': [], 'uncached': []}, 0
    while time.monotonic() < until or not turn:
        turn += 1
        found['/login'].append(server.ask('GET', '/login')[1])
        found['uncached'].append(server.ask('GET', f'/tag-{turn}-that-is-not-there')[1])
    for thread in threads:
        thread.join()
    if 403 in statuses:
        raise SystemExit('Refused with 403: the requests are not those of an author, so this measures nothing')
    return found, statuses


def measure(server, seconds):
    """(what is done beside it, page, median, worst, answers) of each."""
    works = {'nothing': (lambda number: (0, time.sleep(.1)), 1)}
    for name, text in TEXTS.items():
        body = urlencode({'body': text})
        works[name] = (lambda number, body=body: server.ask('POST', '/studio/preview', body, True), 20)
    works['50 searches'] = (lambda number: server.ask('GET', '/search?' + urlencode(
        {'q': f'{WORDS[number % 12]} {WORDS[number // 12]} {number:02}'[:-3 if number % 2 else None]})), 50)
    for name, (hostile, count) in works.items():
        found, statuses = beside(server, seconds, hostile, count)
        for page, times in found.items():
            answers = ' '.join(f'{status}: {statuses.count(status)}' for status in sorted({*statuses} - {0}))
            yield name, page, median(times), max(times), answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--quick', action='store_true', help='three seconds of each, on a small site')
    parser.add_argument('--also', type=Path, help='another checkout to measure beside this one')
    parser.add_argument('--posts', type=int, default=100_000)
    arguments = parser.parse_args()
    size, seconds = (1_000, 3) if arguments.quick else (arguments.posts, 12)
    built, results = growth.site_of(size), {}
    for root in filter(None, (growth.ROOT, arguments.also)):
        with tempfile.TemporaryDirectory(dir=growth.SITES) as folder:
            data = shutil.copytree(built, Path(folder) / 'data')
            server = Server(root.absolute(), data)
            try:
                results[root] = list(measure(server, seconds))
            finally:
                server.stop()
    print('| beside it | page | ' + ' | '.join(f'{root.absolute().name}: median, worst | answers' for root in results) + ' |')
    print('|---|---|' + '---|---|' * len(results))
    for rows in zip(*results.values(), strict=True):
        print(f'| {rows[0][0]} | {rows[0][1]} | ' + ' | '.join(
            f'{1000 * row[2]:,.0f} ms, {1000 * row[3]:,.0f} ms | {row[4]}' for row in rows) + ' |')


if __name__ == '__main__':
    main()
