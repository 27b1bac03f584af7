"""Make the variants of images in the background, one after the other, in a child process with limits.

    waiting ──▶ working ──▶ ready
      ▲           │ └─too large, damaged, too slow, ended from outside each time──▶ failed ──a person──▶ waiting
      └───────────┘ the disk is full, or the child was ended from outside

Each image has a job of its own. Triggers carry its end into the row (migration 10).
"""

import errno
import json
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from peewee import SQL

from .. import presence
from ..codes import Code, Problem
from ..jobs import claims, isolation, queue
from ..jobs.errors import is_transient
from ..models import MediaFile
from ..settings import current
from . import files

log = logging.getLogger('quickpub.images')

TIME_LIMIT = 120.0  # seconds for one image
MAX_ATTEMPTS = 4  # ended from outside
AFTER_TROUBLE, AFTER_DEATH = timedelta(minutes=1), timedelta(seconds=10)
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
WRITTEN_BY_TRIGGERS = {  # of migration 10, into `error`
    'Something went wrong.': Code('image.broken'),
    'It was stopped before it was finished.': Code('image.stopped')}
# Draws the variants of a file into a folder, and calls back with the progress in percent. Returns what to store as
# {'made': ...}, or a code for the author as {'problem': ...}.
Draw = Callable[[Path, Path, Callable[[int], None]], dict[str, Any]]
UNREADY = SQL("state IN ('waiting', 'working')")  # as in the index


class Died(Problem):
    """The child process ended without a result. The code is for the image's author, if it happens again."""


def _waiting() -> Any:
    return MediaFile.select().where(UNREADY).order_by(MediaFile.created_at)


def without_job() -> list[str]:
    """Return the digests of waiting images that have no job."""
    return [file.digest for file in _waiting().where(~queue.has_job('picture', MediaFile.digest))]


def prepare(digest: str, show: Callable[[str], None], draw: Draw | None = None) -> None:
    """Make the variants of a waiting image. `show` is called with its digest once they are ready or have failed; `draw`
    draws them instead of a child process, if the image is trusted. Raises NotNow if the disk is full or the child was
    ended from outside; OSError."""
    file = _waiting().where(MediaFile.digest == digest).first()
    if file is None:  # it is ready, or was deleted
        return
    if file.attempts >= MAX_ATTEMPTS:
        return _fail(file, Code('image.interrupted').to_json(), show)
    try:
        _prepare(file, show, draw or _draw)
    except Died as death:
        time.sleep(isolation.GRACE)  # if the whole tree is being killed, the image is not to blame
        if file.attempts + 1 >= MAX_ATTEMPTS:
            return _fail(file, death.code.to_json(), show)
        _update(file, state='waiting', attempts=file.attempts + 1)
        raise claims.NotNow(AFTER_DEATH, f'The image process ended early: {death.code.name}.') from death
    except Exception as error:
        if not (is_transient(error) or presence.explains(error)):
            raise
        log.warning('An image waits: %s', error)
        _update(file, state='waiting', error=Code('image.waits').to_json())
        raise claims.NotNow(AFTER_TROUBLE, f'The image waits: {error}') from error


def _prepare(file: MediaFile, show: Callable[[str], None], draw: Draw) -> None:
    """Make the variants of one image. Raises Died, and OSError on a full disk."""
    _update(file, state='working', progress=0, error='')
    made_in = files.folder() / f'.made-{secrets.token_hex(8)}'
    made_in.mkdir(mode=0o700)
    try:
        said = draw(files.folder() / file.digest / 'original', made_in,
                    lambda percent: _update(file, progress=percent))
        if 'problem' in said:
            return _fail(file, said['problem'], show)
        files.place_variants(file.digest, made_in)
    finally:
        shutil.rmtree(made_in, ignore_errors=True)
    _update(file, made=said['made'], progress=100)
    show(file.digest)
    _update(file, state='ready')  # last, so that a process that dies before this line starts again


def _fail(file: MediaFile, stored_code: str, show: Callable[[str], None]) -> None:
    _update(file, state='failed', error=stored_code, is_news=True)
    announce_failures(show)


def announce_failures(show: Callable[[str], None]) -> None:
    """Call `show` with the digest of each image that has failed, so that posts with it are rendered again."""
    for file in MediaFile.select().where(SQL('is_news')):
        show(file.digest)
        _update(file, is_news=False)


def _update(file: MediaFile, **fields: Any) -> None:
    MediaFile.update(**fields).where(MediaFile.digest == file.digest).execute()


def _draw(original: Path, made_in: Path, tell: Callable[[int], None]) -> dict[str, Any]:
    """Have a child process draw the variants into this folder, and return its last line. Raises OSError on a
    full disk, Died if it was ended neither by itself nor by a limit of ours."""
    try:
        child = subprocess.Popen(
            [sys.executable, '-m', f'{__package__}.imaging', original, made_in, str(os.getpid())],
            stdout=subprocess.PIPE, text=True, cwd='/', env={  # no secrets
                'PYTHONPATH': os.pathsep.join(filter(None, sys.path)), 'QUICKPUB_DATA': str(current().data)})
    except OSError as error:  # no memory, or too many processes
        raise Died('image.interrupted') from error
    is_late = False

    def end() -> None:
        nonlocal is_late
        is_late = True
        child.kill()

    timer = threading.Timer(TIME_LIMIT, end)
    timer.start()
    said: dict[str, Any] = {}
    assert child.stdout is not None
    try:
        for line in child.stdout:
            said = json.loads(line)
            if 'progress' in said:
                tell(said['progress'])
        child.wait()
    finally:
        timer.cancel()
        child.kill()
        child.wait()
        child.stdout.close()
    if 'full' in said:
        raise OSError(errno.ENOSPC, 'the disk is full')
    if 'made' in said or 'problem' in said:
        return said
    if is_late or child.returncode == -signal.SIGXCPU:
        return {'problem': Code('image.too_slow').to_json()}
    if child.returncode < 0:
        raise Died('image.crashed') if -child.returncode in CRASHES else Died('image.interrupted')
    raise RuntimeError(f'the image process ended with {child.returncode}')


def find_problem(file: MediaFile) -> Code | None:
    """Return why an image is not ready, or None."""
    return WRITTEN_BY_TRIGGERS.get(file.error) or Code.from_json(file.error)


def try_again(file: MediaFile) -> None:
    """Let a failed image wait again, in the caller's transaction, which also enqueues its job."""
    queue.discard_dead('picture', file.digest)
    MediaFile.update(state='waiting', attempts=0, error='').where(
        MediaFile.digest == file.digest, MediaFile.state == 'failed').execute()
