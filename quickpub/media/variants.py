"""Pictures: what readers get is made in the background, one after the other, by a child process under limits.

    waiting ──▶ working ──▶ ready
      ▲           │ └─a bomb, damaged, too slow, ended from outside each time──▶ failed ──a person──▶ waiting
      └───────────┘ full disk, or the child was ended from outside

Each has a job of its own. How that ends is carried into the row by triggers (migrations/0010_jobs.py).
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
from ..jobs import claims, isolation, queue
from ..jobs.errors import is_transient
from ..models import MediaFile
from ..settings import current
from . import files

log = logging.getLogger('quickpub.pictures')

TIME_LIMIT = 120.0  # seconds for one picture
MAX_ATTEMPTS = 4  # that are ended from outside
AFTER_TROUBLE, AFTER_DEATH = timedelta(minutes=1), timedelta(seconds=10)
WAITS = 'This site cannot prepare it now, because its disk or its memory is full. We try again each minute.'
TOO_SLOW = 'This picture takes longer to prepare than we can give it. Please make it smaller.'
INTERRUPTED = ('We began several times, and were interrupted each time. The server of this site may have too little '
               'memory now.')
CRASHED = 'The program that prepares pictures broke down at this one, several times. The file may be damaged.'
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
UNREADY = SQL("state IN ('waiting', 'working')")  # as the index has it


class Died(Exception):
    """The child process ended before it could say anything. The message says what that means if it goes on so."""


def _waiting() -> Any:
    return MediaFile.select().where(UNREADY).order_by(MediaFile.created_at)


def without_job() -> list[str]:
    """The digests of all pictures that wait, and that no job is about."""
    return [file.digest for file in _waiting().where(~queue.has_job('picture', MediaFile.digest))]


def prepare(digest: str, show: Callable[[str], None]) -> None:
    """Make the variants of a picture that waits. `show` is told its digest once there is more, or no more, to see of
    it. Raises NotNow where the disk is full or the child was ended from outside; OSError."""
    file = _waiting().where(MediaFile.digest == digest).first()
    if file is None:  # it is ready, or was deleted
        return
    if file.attempts >= MAX_ATTEMPTS:
        return _fail(file, INTERRUPTED, show)
    try:
        _prepare(file, show)
    except Died as death:
        time.sleep(isolation.GRACE)  # who is about to be killed too must not say that the picture alone was
        if file.attempts + 1 >= MAX_ATTEMPTS:
            return _fail(file, str(death), show)
        _tell(file, state='waiting', attempts=file.attempts + 1)
        raise claims.NotNow(AFTER_DEATH, str(death)) from death
    except Exception as error:
        if not (is_transient(error) or presence.explains(error)):
            raise
        log.warning('A picture waits: %s', error)
        _tell(file, state='waiting', error=WAITS)
        raise claims.NotNow(AFTER_TROUBLE, WAITS) from error


def _prepare(file: MediaFile, show: Callable[[str], None]) -> None:
    """Make the variants of one picture. Raises Died, and OSError on a full disk."""
    _tell(file, state='working', progress=0, error='')
    made_in = files.folder() / f'.made-{secrets.token_hex(8)}'
    made_in.mkdir(mode=0o700)
    try:
        said = _draw(files.folder() / file.digest / 'original', made_in, lambda percent: _tell(file, progress=percent))
        if 'problem' in said:
            return _fail(file, said['problem'], show)
        files.place_made(file.digest, made_in)
    finally:
        shutil.rmtree(made_in, ignore_errors=True)
    _tell(file, made=said['made'], progress=100)
    show(file.digest)
    _tell(file, state='ready')  # only now: whoever dies before this line begins again


def _fail(file: MediaFile, sentence: str, show: Callable[[str], None]) -> None:
    _tell(file, state='failed', error=sentence, is_news=True)
    tell_news(show)


def tell_news(show: Callable[[str], None]) -> None:
    """Let the posts say which of their pictures have failed: `show` is told the digest of each."""
    for file in MediaFile.select().where(SQL('is_news')):
        show(file.digest)
        _tell(file, is_news=False)


def _tell(file: MediaFile, **fields: Any) -> None:
    MediaFile.update(**fields).where(MediaFile.digest == file.digest).execute()


def _draw(original: Path, made_in: Path, tell: Callable[[int], None]) -> dict[str, Any]:
    """Let a child process draw the variants into this folder; what it said last. Raises OSError on a full disk, Died
    where it was ended neither by itself nor by a limit of ours."""
    try:
        child = subprocess.Popen(
            [sys.executable, '-m', f'{__package__}.imaging', original, made_in, str(os.getpid())],
            stdout=subprocess.PIPE, text=True, cwd='/', env={  # no secret among it
                'PYTHONPATH': os.pathsep.join(filter(None, sys.path)), 'QUICKPUB_DATA': str(current().data)})
    except OSError as error:  # no memory, or no process, to be had
        raise Died(INTERRUPTED) from error
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
        return {'problem': TOO_SLOW}
    if child.returncode < 0:
        raise Died(CRASHED if -child.returncode in CRASHES else INTERRUPTED)
    raise RuntimeError(f'the program that prepares pictures ended with {child.returncode}')


def try_again(file: MediaFile) -> None:
    """By a person's wish, in the caller's transaction, which also enqueues its job."""
    queue.discard_dead('picture', file.digest)
    MediaFile.update(state='waiting', attempts=0, error='').where(
        MediaFile.digest == file.digest, MediaFile.state == 'failed').execute()
