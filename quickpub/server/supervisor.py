"""Run the web server and the consumer as one process tree: start, restart and stop them in order."""

import asyncio
import errno
import gc
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from .. import db, logs, migrating, opening, processes, watch
from ..accounts import roles
from ..audience import spool
from ..jobs import liveness
from ..jobs.consumer import STOP_WITHIN
from ..settings import Settings
from ..tasks import huey
from ..web import create_app
from . import connections
from .asgi import Front

log = logging.getLogger('quickpub.server')

BACK_OFF = (0.1, 0.5, 1, 2, 5, 10, 30)  # seconds before a child that died is restarted, by number of deaths
STEADY = 5  # seconds after which a child counts as running well, and its next death as the first
STOP_WEB_WITHIN = 10
CONNECTION_BUFFER = 64 * 1024  # bytes
BACKLOG = 4096  # connections that the kernel keeps until they are accepted
HEAD_WITHIN = 10  # seconds for the head of a request, and between two requests
STARTS_WITHIN = 15


class CannotServe(Exception):
    """The server cannot start. The message says why and what to do."""


def run_web(settings: Settings) -> None:
    """Serve the site until SIGTERM or SIGINT, in this process and its workers."""
    receiver, sender = Pipe(duplex=False)
    # HTTP/1 only, because granian has no deadline for a connection that may become HTTP/2. Backpressure limits open
    # connections, and slow clients would easily fill its default of 1,024.
    server = Server(
        'quickpub', address=settings.host, port=settings.port, interface=Interfaces.ASGINL, workers=settings.workers,
        websockets=False, log_enabled=False, respawn_failed_workers=True, http=HTTPModes.http1, backlog=BACKLOG,
        backpressure=connections.room(), workers_kill_timeout=STOP_WEB_WITHIN - 2,
        http1_settings=HTTP1Settings(max_buffer_size=CONNECTION_BUFFER, header_read_timeout=1000 * HEAD_WITHIN))
    keeper = liveness.Keeper(receiver, 'The web worker', lambda pid: os.kill(pid, signal.SIGKILL))

    @server.on_startup
    def start() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # in the workers, too
        liveness.every_second(lambda: keeper.look([worker._id() for worker in server.wrks if worker.is_alive()]),
                               'keeper')

    server.serve(target_loader=partial(_load, settings, os.getpid(), sender), wrap_loader=False)


def _load(settings: Settings, parent: int, sender: Connection) -> Callable:
    """Set up a worker, which dies with the server that owns its socket, and return its application."""
    processes.die_with_parent(parent)
    processes.share_heaps()
    logs.log_to_console()
    connections.Guard(settings.port, connections.room(), settings.trusts).start()
    front = Front(create_app(settings))
    liveness.every_second(watch.check_files, 'files')
    liveness.every_second(spool.mine.look, 'spool')
    asyncio.get_event_loop().call_soon(_beat_while_moving, front, sender)
    return front


def _beat_while_moving(front: Front, sender: Connection) -> None:
    """Tell the parent once a second, from the event loop, that this worker is alive."""
    if front.is_moving():
        liveness.beat(sender)
    asyncio.get_running_loop().call_later(liveness.BEAT_EVERY, _beat_while_moving, front, sender)


def run_consumer() -> None:
    """Run jobs until SIGTERM or SIGINT, with as many threads as the settings say."""
    huey.create_consumer().run()


def check_port(settings: Settings) -> None:
    """Raise CannotServe if the port cannot be used, for example because another program is listening there."""
    family = socket.AF_INET6 if ':' in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            advice = {errno.EADDRINUSE: 'If Quickpub is not running already, choose another port with QUICKPUB_PORT.',
                      errno.EACCES: 'Only root may use ports below 1024. Choose another one with QUICKPUB_PORT.'
                      }.get(error.errno or 0, 'QUICKPUB_HOST must be an address of this machine.')
            raise CannotServe(f'Cannot listen on {settings.host} port {settings.port}: {error.strerror}. {advice}'
                              ) from None


def serve(settings: Settings) -> None:
    """Create or migrate the site, then run the web server and the consumer until SIGTERM or SIGINT."""
    check_port(settings)
    for step in migrating.migrate(settings):
        log.info('Database: %s', step)
    opening.open_site(settings)
    with db.db.connection_context():
        setup = roles.ensure_setup_url(db.now())
    tree = Tree([Child('web', partial(run_web, settings), STOP_WEB_WITHIN),
                 Child('consumer', run_consumer, STOP_WITHIN + 5)])
    tree.start()
    if _wait_until_serving(settings, tree):
        log.info('Quickpub is running at %s   (Ctrl-C stops it)', settings.url)
    if setup:
        log.info('Set up your site:         %s', setup, extra=logs.SHOWS_LINKS)
    if not settings.smtp:
        log.info('No mail server is configured. Emails are saved in %s', settings.paths.outbox)
    tree.run()


def _wait_until_serving(settings: Settings, tree: 'Tree') -> bool:
    """Wait until the web server answers. Return False if it does not answer in time, or if a signal stops the tree."""
    until = time.monotonic() + STARTS_WITHIN
    host = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(settings.host, settings.host)  # noqa: S104  # nobody listens there
    while time.monotonic() < until and not tree.is_stopping:
        try:
            socket.create_connection((host, settings.port), timeout=1).close()
            return True
        except OSError:
            tree.look_after(0.02)
    if not tree.is_stopping:
        log.error('The web server does not answer on %s port %s', settings.host, settings.port)
    return False


@dataclass
class Child:
    """A process of the tree. Times are monotonic, in seconds."""
    name: str
    run: Callable[[], None]
    stop_within: float
    pid: int = 0
    started: float = 0
    deaths: int = 0
    start_at: float = 0  # the earliest time of its next start


class Tree:
    """Child processes that are forked, so that they share this process's memory, and restarted when they die.

    Each has its own process group, so that Ctrl-C reaches only this process, which stops them one after the other.
    """

    def __init__(self, children: list[Child]):
        self.children = children
        self.is_stopping = False
        receiver, self._sender = Pipe(duplex=False)
        self._keeper = liveness.Keeper(receiver, 'The process', lambda pid: os.kill(pid, signal.SIGKILL))
        self._wake, write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # keep running without a terminal; children inherit this
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only so that it wakes `run`

    def _stop(self, *_: object) -> None:
        self.is_stopping = True

    def start(self) -> None:
        gc.collect()
        gc.freeze()  # because the collector would copy every memory page that the children share
        for child in self.children:
            self._fork(child)

    def run(self) -> None:
        """Look after the children until a signal stops the tree."""
        while not self.is_stopping:
            waiting = [child.start_at - time.monotonic() for child in self.children if not child.pid]
            self.look_after(max(0.0, min([liveness.BEAT_EVERY, *waiting])))
        self._shut_down()

    def look_after(self, patience: float) -> None:
        """Wait for a signal for at most `patience` seconds. Kill children that hang, and restart dead ones after their
        pause."""
        select.select([self._wake], [], [], patience)
        self._drain()
        self._note_deaths()
        self._keeper.look([child.pid for child in self.children if child.pid])
        for child in self.children:
            if not child.pid and not self.is_stopping and time.monotonic() >= child.start_at:
                self._fork(child)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake, 4096)

    def _fork(self, child: Child) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._run_child(child, parent)
        child.pid, child.started = pid, time.monotonic()

    def _run_child(self, child: Child, parent: int) -> None:
        """Run the child in the forked process, then exit. Never returns."""
        code = 1
        try:
            os.setpgid(0, 0)
            processes.die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            liveness.every_second(partial(liveness.beat, self._sender), 'beat')
            child.run()
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:
            log.exception('The %s process failed', child.name)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _note_deaths(self) -> None:
        """Note which children died and when to restart them: always, after longer and longer pauses."""
        for child in self.children:
            if not child.pid or os.waitpid(child.pid, os.WNOHANG)[0] == 0:
                continue
            now = time.monotonic()
            child.deaths = 1 if now - child.started > STEADY else child.deaths + 1
            wait = BACK_OFF[min(child.deaths, len(BACK_OFF)) - 1]
            child.pid, child.start_at = 0, now + wait
            if not self.is_stopping:
                log.warning('The %s process died; it is restarted in %s s', child.name, wait)

    def _shut_down(self) -> None:
        """Stop the web server first, so that the consumer can still run the jobs that it has enqueued."""
        log.info('Stopping')
        for child in self.children:
            if not child.pid:
                continue
            os.kill(child.pid, signal.SIGTERM)
            if not self._wait_for_end(child):
                log.warning('The %s process did not stop within %s s and is killed', child.name, child.stop_within)
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
        log.info('Stopped')

    def _wait_for_end(self, child: Child) -> bool:
        """Return whether this child ends in time."""
        until = time.monotonic() + child.stop_within
        while time.monotonic() < until:
            if os.waitpid(child.pid, os.WNOHANG)[0]:
                return True
            select.select([self._wake], [], [], 0.1)
            self._drain()
        return False
