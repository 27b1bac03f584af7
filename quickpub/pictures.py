"""Pictures: what readers get is made in the background, of one after the other, by a child process under limits.

    waiting ──▶ working ──▶ ready
      ▲           │ └─a bomb, damaged, too slow──▶ failed ──a person──▶ waiting
      └───────────┘ full disk; or the process died, MAX_ATTEMPTS times at most
"""

import errno
import json
import logging
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peewee import SQL

from . import media, presence, processes
from .db import db
from .models import MediaFile
from .settings import current

log = logging.getLogger('quickpub.pictures')

TIME_LIMIT = 120.0  # seconds for one picture
MAX_ATTEMPTS = 3  # at a picture that is always interrupted: by the child's death it fails at once
WAITS = 'The disk of this site is full. We try again each minute.'
UNREADY = SQL("state IN ('waiting', 'working')")  # as the index has it


def is_waiting() -> bool:
    return _waiting().exists()


def _waiting() -> Any:
    return MediaFile.select().where(UNREADY).order_by(MediaFile.created_at)


def prepare(show: Callable[[str], None]) -> None:
    """Make the variants of all pictures that wait, one after the other and in one process of the site only: each may
    take much memory. `show` is told the digest of each that there is more to see of than before."""
    while is_waiting():  # looked at again after the lock is free: who came meanwhile has left it to us
        with processes.if_free(current().data / 'run' / 'imaging.lock') as is_ours:
            if not (is_ours and _prepare_all(show)):
                return


def _prepare_all(show: Callable[[str], None]) -> bool:
    """The same with the lock in hand. False where the disk is full: then it is no use to begin again at once."""
    while (file := _waiting().first()) is not None:  # one that is being worked on is so by a process now dead
        try:
            _prepare(file, show)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) and not presence.explains(error):
                raise
            log.warning('A picture waits: %s', error)
            _tell(file, state='waiting', attempts=file.attempts, error=WAITS)
            return False
    return True


def _prepare(file: MediaFile, show: Callable[[str], None]) -> None:
    """Make the variants of one picture. Raises OSError on a full disk."""
    if file.attempts >= MAX_ATTEMPTS:
        return _fail(file, 'We began several times, and were interrupted each time.', show)
    _tell(file, state='working', progress=0, attempts=file.attempts + 1, error='')
    place, made_in = media.folder() / file.digest, media.folder() / f'.made-{secrets.token_hex(8)}'
    made_in.mkdir(mode=0o700)
    try:
        said = _draw(place / 'original', made_in, lambda percent: _tell(file, progress=percent))
        if 'problem' in said:
            return _fail(file, said['problem'], show)
        with db.atomic():  # nobody throws the file away meanwhile
            if place.exists():
                processes.sync_folder(made_in)
                if (place / 'shown').exists():
                    os.rename(place / 'shown', media.aside())
                os.rename(made_in, place / 'shown')
                processes.sync_folder(place)
    finally:
        shutil.rmtree(made_in, ignore_errors=True)
    _tell(file, made=said['made'], progress=100)
    show(file.digest)
    _tell(file, state='ready')  # only now: whoever dies before this line begins again


def _fail(file: MediaFile, sentence: str, show: Callable[[str], None]) -> None:
    _tell(file, state='failed', error=sentence)
    show(file.digest)


def _tell(file: MediaFile, **fields: Any) -> None:
    MediaFile.update(**fields).where(MediaFile.digest == file.digest).execute()


def _draw(original: Path, made_in: Path, tell: Callable[[int], None]) -> dict[str, Any]:
    """Let a child process draw the variants into this folder; what it said last. Raises OSError on a full disk."""
    child = subprocess.Popen(
        [sys.executable, '-m', f'{__package__}.imaging', original, made_in, str(os.getpid())],
        stdout=subprocess.PIPE, text=True, cwd='/', env={  # no secret among it
            'PYTHONPATH': os.pathsep.join(filter(None, sys.path)), 'QUICKPUB_DATA': str(current().data)})
    timer = threading.Timer(TIME_LIMIT, child.kill)
    timer.start()
    said: dict[str, Any] = {}
    assert child.stdout is not None
    try:
        for line in child.stdout:
            said = json.loads(line)
            if 'progress' in said:
                tell(said['progress'])
    finally:
        timer.cancel()
        child.kill()
        child.wait()
        child.stdout.close()
    if 'full' in said:
        raise OSError(errno.ENOSPC, 'the disk is full')
    return said if 'made' in said or 'problem' in said else {
        'problem': 'This picture takes longer, or needs more, than we can give it. Please make it smaller.'}


def try_again(file: MediaFile) -> None:
    """By a person's wish."""
    MediaFile.update(state='waiting', attempts=0, error='').where(
        MediaFile.digest == file.digest, MediaFile.state == 'failed').execute()
