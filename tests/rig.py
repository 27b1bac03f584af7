"""Real processes for tests: the site's own commands, a mail server, a stranger's browser without a window.

A time-out here only ends what hangs; no test depends on how long anything takes.
"""

import asyncio
import email
import email.policy
import http.cookiejar
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import forked_commands
import psutil
from aiosmtpd.controller import Controller
from conftest import BROWSER, create_database
from playwright.sync_api import sync_playwright
from smtp_rig import free_port

from quickpub import db, migrating, opening, settings
from quickpub.jobs import owners

ROOT = Path(__file__).parents[1]
QUICKPUB = [sys.executable, '-m', 'quickpub']
PATIENCE = 60  # seconds


def wait_for(found, what, patience=PATIENCE):
    """The first answer of `found()` that is true; fails where there is none for too long."""
    until = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < until, f'Waited {patience} seconds in vain for {what}'
        threading.Event().wait(0.05)
    return answer


class Rig:
    """One site, and the processes that run it: each in a folder that is not the site's, in a bare environment."""

    def __init__(self, folder, **settings):
        self.data = folder / 'data'
        self.elsewhere = folder / 'elsewhere'
        self.elsewhere.mkdir()
        self.port = free_port()
        self.url = f'http://localhost:{self.port}'
        self.settings = settings
        self.started = []

    def environ(self, **changed):
        # They come by the hundred, and all from one address.
        told = {'data': self.data, 'port': self.port, 'signup_seconds': 0, 'mail_limits': 0} | self.settings | changed
        return ({name: value for name, value in os.environ.items() if not name.startswith('QUICKPUB_')}
                | {'PYTHONPATH': os.pathsep.join([str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])]),
                   'PYTHONUNBUFFERED': '1'}
                | {f'QUICKPUB_{name.upper()}': str(value) for name, value in told.items()})

    def start(self, *command, **settings):
        """Start a command that runs until it is told to stop. It says `quickpub` where no program is given."""
        process = Served(self, command, settings)
        self.started.append(process)
        return process

    def serve(self, **settings):
        """Start `quickpub serve`, and wait until the whole site runs. Where there is none yet, one is copied: all
        migrations take long."""
        if not self.data.exists():
            create_database(settings_of(self))
        served = self.start('serve', **settings)
        self.wait_until_well()
        return served

    def run(self, *command, stdin='', **settings):
        """Run a command to its end."""
        environment = self.environ(**settings)
        if not Path(command[0]).is_absolute() and (done := forked_commands.run(
                list(map(str, command)), stdin, environment, self.elsewhere, PATIENCE)):
            return done
        return subprocess.run(full(command), input=stdin, env=environment, cwd=self.elsewhere, text=True,
                              capture_output=True, timeout=PATIENCE)

    def wait_until_answers(self):
        wait_for(lambda: Visitor(self.url).get('/').status, f'an answer from {self.url}')

    def wait_until_well(self):
        """Wait until the web server answers, the database can be written and a consumer runs."""
        wait_for(lambda: Visitor(self.url).get('/healthz').status == 200, f'{self.url} to be well')

    def processes(self):
        """Everything that lives and works for this site, whoever its parent is now."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process):
        try:
            return (process.environ().get('QUICKPUB_DATA') == str(self.data)
                    and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:  # gone by now, or somebody else's
            return False

    def open(self):
        """Make the site, and open it in this process too."""
        config = settings_of(self)
        create_database(config)
        migrating.migrate(config)
        opening.open_site(config)
        owners.reset()

    def consume(self, *command):
        """Start a consumer by this command, and wait until it works."""
        consumer = self.start(*command)
        wait_for(lambda: any(str(consumer.popen.pid) in name for name in owners.living()), 'a consumer')
        return consumer

    def crash(self):
        """What a power cut is: all processes at once."""
        for process in self.processes():
            process.kill()
        for served in self.started:
            served.popen.wait(PATIENCE)
        self.wait_until_gone()

    def wait_until_gone(self):
        wait_for(lambda: not self.processes(), 'everything of this site to end')

    @contextmanager
    def database(self):
        """The site, opened in this process."""
        opening.open_site(settings_of(self))
        with db.db.connection_context():
            yield

    def close(self):
        """Kill what is left, and show what everything said: pytest prints it where the test has failed."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):  # dead with its parent, meanwhile
                process.kill()
        for served in self.started:
            served.popen.wait(PATIENCE)
            print(f'--- {" ".join(served.command)}: {served.popen.returncode}\n{served.output()}')


def settings_of(rig):
    return settings.from_env(rig.environ())


def full(command):
    """A command line: what does not begin with a path is a command of Quickpub."""
    return list(map(str, command)) if Path(command[0]).is_absolute() else [*QUICKPUB, *command]


class Served:
    """One command that goes on running, with the processes below it and what they say."""

    def __init__(self, rig, command, settings):
        self.rig, self.command = rig, full(command)
        self._log = rig.elsewhere / f'{len(rig.started)}.log'
        with open(self._log, 'wb') as log:
            self.popen = subprocess.Popen(self.command, env=rig.environ(**settings), cwd=rig.elsewhere, stdout=log,
                                          stderr=log, stdin=subprocess.DEVNULL)
        self.process = psutil.Process(self.popen.pid)

    def output(self):
        return self._log.read_text(errors='replace')

    def says(self, pattern):
        """Wait until it says so; the match."""
        return wait_for(lambda: re.search(pattern, self.output()), f'{pattern!r} in the output')

    def ends(self):
        """Wait for its end; the exit code."""
        return self.popen.wait(PATIENCE)

    def stop(self, number=signal.SIGTERM):
        """Stop it as a person or the system would. It must end well, and leave no process behind."""
        self.popen.send_signal(number)
        assert self.ends() == 0
        assert self.rig.processes() == []

    # The processes of `quickpub serve`

    def worker(self):
        """The process that answers requests."""
        return wait_for(lambda: next(filter(_listens, _below(self.process)), None), 'a process that listens')

    def web(self):
        """The web server's main process, which holds the port for it."""
        return self.worker().parent()

    def consumer(self):
        web = self.web()
        return wait_for(lambda: next((each for each in self.process.children() if each != web), None), 'a consumer')


def _below(process):
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _listens(process):
    try:
        return any(each.status == psutil.CONN_LISTEN for each in process.net_connections('inet'))
    except psutil.Error:
        return False


# Mail

class MailServer:
    """A real mail server that keeps what it gets. While `may_answer` is not set it takes a mail that `is_slow_to`
    says (all of them, unless a test says otherwise), and does not answer yet."""

    def __init__(self):
        self.is_slow_to = lambda mail: True
        self.mails = []
        self.waiting = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._controller = Controller(self, hostname='127.0.0.1', port=free_port())
        self._controller.start()
        self.url = f'smtp+plain://127.0.0.1:{self._controller.port}'

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.waiting += 1
        while self.is_slow_to(mail) and not self.may_answer.is_set():
            await asyncio.sleep(0.02)
        self.waiting -= 1
        self.mails.append(mail)
        return '250 Kept'

    def to(self, recipient, subject=''):
        """What has arrived for this address, oldest first."""
        return [mail for mail in list(self.mails) if mail['To'] == recipient and subject in mail['Subject']]

    def wait_for(self, recipient, subject='', count=1):
        """Wait until so many have arrived for this address; the last of them."""
        return wait_for(lambda: self.to(recipient, subject)[count - 1:],
                        f'{count} "{subject}" to {recipient}, have {[mail["Subject"] for mail in self.mails]}')[-1]

    def forget(self):
        """Be as new."""
        self.is_slow_to = lambda mail: True
        self.may_answer.set()
        self.mails.clear()

    def close(self):
        self.may_answer.set()
        self._controller.stop()


@contextmanager
def silent_mail_server():
    """The address of a mail server that takes connections, and never says a word."""
    with socket.create_server(('127.0.0.1', free_port())) as server:
        yield f'smtp+plain://127.0.0.1:{server.getsockname()[1]}'


def numbers_in(report):
    """The table of a report mail: title -> (views, all time)."""
    lines = report.get_body(('plain',)).get_content().splitlines()
    rows = filter(None, (re.fullmatch(r'(.{38})([ \d]{10}).{11}([ \d]{13})', line) for line in lines))
    return {row[1].strip(): (_number(row[2]), _number(row[3])) for row in rows if row[2].strip()}


def _number(text):
    return int(text.replace(' ', ''))


# Visitors

class Answer:
    def __init__(self, response):
        self.status, self.url, self.headers = response.status, response.url, response.headers
        self.text = response.read().decode()


class Visitor:
    """Somebody with a browser, over plain HTTP: keeps cookies, follows redirects. Status 0 means: nobody answered."""

    def __init__(self, url, agent=BROWSER):
        self.url = url
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self._opener.addheaders = [('User-Agent', agent), ('Origin', '/'.join(url.split('/', 3)[:3]))]

    def get(self, path, **headers):
        return self._ask(path, None, headers)

    def head(self, path):
        return self._ask(path, None, {}, 'HEAD')

    def post(self, path, **fields):
        return self._ask(path, urllib.parse.urlencode(fields).encode(), {})

    def _ask(self, path, data, headers, method=None):
        headers = {name.replace('_', '-'): value for name, value in headers.items()}
        address = path if path.startswith('http') else self.url + path
        request = urllib.request.Request(address, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=PATIENCE) as response:
                return Answer(response)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error)
        except OSError:
            return Nothing()


class Nothing:
    status, url, text = 0, '', ''


def browser_options():
    return {'executable_path': shutil.which('chromium') or shutil.which('google-chrome'),
            'args': ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update',
                     '--disable-sync', '--no-first-run']}


idle_pages = {}  # for the next test, by its site and the options they were opened with


@cache
def shared_chromium():
    """Start a real browser for all tests of this process: the system's where there is one, else Playwright's own.

    Returns the browser, Playwright's event loop, and Playwright.
    """
    playwright = sync_playwright().start()
    return playwright.chromium.launch(**browser_options()), asyncio.get_running_loop(), playwright


def stop_chromium():
    """End the shared browser, if any test has started it."""
    if shared_chromium.cache_info().currsize:
        _, loop, playwright = shared_chromium()
        asyncio._set_running_loop(loop)
        playwright.stop()


@contextmanager
def chromium():
    """Lend the browser that all tests share; every window that was opened in it is closed at the end, but for the
    idle pages."""
    browser, loop, _ = shared_chromium()
    asyncio._set_running_loop(loop)  # Playwright's own, which other tests must not see
    try:
        yield browser
    finally:
        for context in browser.contexts:
            if not any(page.context == context for pages in idle_pages.values() for page in pages):
                context.close()
        asyncio._set_running_loop(None)


class Window:
    """One person's browser window, which notes everything that goes wrong in it."""

    def __init__(self, browser, url):
        self.context = browser.new_context(base_url=url, user_agent=BROWSER)  # headless browsers count as crawlers
        self.problems = []
        self.context.on('console', self._heard)
        self.context.on('weberror', lambda error: self.problems.append(str(error.error)))
        self.context.on('requestfailed', self._failed)
        self.context.on('response', self._answered)
        self.page = self.context.new_page()

    def _heard(self, message):
        if message.type in ('error', 'warning'):
            self.problems.append(f'{message.location["url"]}: {message.text}')

    def _failed(self, request):
        if request.failure != 'net::ERR_ABORTED':  # that is: the next page was called for meanwhile
            self.problems.append(f'{request.url}: {request.failure}')

    def _answered(self, response):
        if response.status >= 400:
            self.problems.append(f'{response.url}: {response.status}')

    def goto(self, address):
        self.page.goto(address)

    def fill(self, **fields):
        for name, value in fields.items():
            self.page.locator(f'main [name={name}]').fill(value)

    def press(self, name, exact=False):
        self.page.get_by_role('main').get_by_role('button', name=name, exact=exact).click()

    def follow(self, name):
        self.page.get_by_role('link', name=name, exact=True).first.click()

    def shows(self, words):
        """Wait until these words stand on the page."""
        self.page.get_by_role('main').get_by_text(words).first.wait_for()
