"""The drill: restore a backup into a temporary folder, run that site, read its pages, and remove all of it."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from .. import migrating, processes
from ..db import db, rows
from ..jobs.liveness import wait
from ..models import Post
from ..settings import PREFIX, Settings
from .archive import Archive
from .copying import Start
from .manifest import Manifest
from .restore import rebuild

NEWEST = 5  # posts that are read
STARTS_WITHIN = 120  # seconds
ANSWERS_WITHIN = 30  # seconds for a page
STOPS_WITHIN = 60  # seconds


class DrillFailed(Exception):
    """A backup was restored, but the site does not work. The message says what does not."""


@dataclass(frozen=True)
class Drilled:
    """A backup that was restored and ran."""
    manifest: Manifest
    pages: list[str]  # the paths that were read


def run(settings: Settings, file: Path, at: datetime, start: Start) -> Drilled:
    """Restore this backup into a temporary folder, and read pages of the site that runs there. It sends no email and
    does no job. Raises UnusableBackup, CannotReplace or DrillFailed."""
    with Archive(file, migrating.known_steps()) as archive, tempfile.TemporaryDirectory(prefix='quickpub-') as folder:
        port = _free_port()
        ours = replace(settings, data=Path(folder, 'data'), host='127.0.0.1', port=port, workers=1, smtp='',
                       backups='', url=f'http://localhost:{port}')
        rebuild(archive, ours, None, at, start)
        with db.connection_context():
            newest = rows(Post.select(Post.slug).where(Post.public_at(at)).order_by(
                Post.published_at.desc()).limit(NEWEST))
        pages = ['/', *(Post.path_of(slug) for (slug,) in newest), '/feed.xml']
        with _serving(ours, Path(folder, 'log')):
            for path in pages:
                _read(ours, path)
    return Drilled(archive.manifest, pages)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


@contextmanager
def _serving(settings: Settings, log: Path) -> Iterator[None]:
    """Run the site in processes of its own, which end with this one. Raises DrillFailed if it does not start."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= settings.environ() | {'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
    with open(log, 'wb') as output:
        served = subprocess.Popen(
            [sys.executable, '-m', 'quickpub', 'serve'], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env=environment, preexec_fn=partial(processes.die_with_parent, os.getpid()))
    try:
        until = time.monotonic() + STARTS_WITHIN
        while not _answers(settings):
            if served.poll() is not None or time.monotonic() > until:
                last = (log.read_text(errors='replace').strip().splitlines() or ['nothing'])[-1]
                raise DrillFailed(f'The restored site does not start. It said: {last}')
            wait(0.1)
        yield
    finally:
        served.send_signal(signal.SIGTERM)
        try:
            served.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            served.kill()
            served.wait()


def _answers(settings: Settings) -> bool:
    try:
        socket.create_connection((settings.host, settings.port), timeout=1).close()
    except OSError:
        return False
    return True


def _read(settings: Settings, path: str) -> None:
    """Read one page, which may lead to another one. Raises DrillFailed."""
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=ANSWERS_WITHIN)
    try:
        connection.request('GET', path, headers={'Host': f'localhost:{settings.port}'})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise DrillFailed(f'The restored site does not show {path}: {error}') from None
    finally:
        connection.close()
    if answer.status >= 400:
        raise DrillFailed(f'The restored site does not show {path}: it answers {answer.status}')
