"""Store uploaded files, within the quota of their author."""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from peewee import DatabaseError, fn

from .. import processes, text
from ..codes import Rejected
from ..db import db
from ..models import MediaFile, Upload, User
from ..settings import current
from .files import KINDS, MEGABYTE, SHOWN, aside, find_ending, folder
from .intake import UploadedFile

FILE_LIMIT = 64 * MEGABYTE
RESERVE = 16 * MEGABYTE  # bytes of the disk that stay free for texts
MAX_ALT = 1000  # characters


def of(user: User) -> Any:
    """Return the query of a user's uploads, with their files."""
    return Upload.select(Upload, MediaFile).join(MediaFile).where(Upload.user == user)


def describe(upload: Upload, alt: str) -> None:
    """Set the description of an image, for readers who cannot see it."""
    Upload.update(alt=text.line(alt, MAX_ALT)).where(Upload.id == upload.id).execute()


def check_room(user: User, size: int) -> None:
    """Check whether this user may upload so many bytes now. Raises Rejected, or OSError if the disk has no room."""
    if not user.is_verified:
        raise Rejected('file.not_confirmed')
    _check_quota(user, size)
    if shutil.disk_usage(folder()).free - size < RESERVE:
        raise OSError(errno.ENOSPC, 'the disk is nearly full')


def _check_quota(user: User, size: int) -> None:
    free = current().quota * MEGABYTE - used_by(user)
    if size > free:
        raise Rejected('file.over_quota', free=max(0, free) // MEGABYTE, quota=current().quota)


def used_by(user: User) -> int:
    """Return how many bytes of the quota a user has used."""
    return Upload.select(fn.SUM(Upload.bytes)).where(Upload.user == user).scalar() or 0


def open_upload(name: str) -> UploadedFile:
    """Open a file for an upload that is coming in."""
    return UploadedFile(folder(), name, FILE_LIMIT)


def store(user: User, uploaded: UploadedFile, at: datetime, follow: Callable[[], None] = lambda: None) -> Upload:
    """Store a file that was uploaded, and return the upload; for a file that the user already has, the existing one.

    Call it outside of a transaction, because a disk may be slow. `follow` is called in the transaction that writes the
    rows, to enqueue jobs. Raises Rejected, or OSError if the file cannot be stored.
    """
    ending = find_ending(uploaded.beginning)
    name = text.line(uploaded.name, 100) or 'file'
    if uploaded.size > FILE_LIMIT:
        raise Rejected('file.too_large', name=name, limit=FILE_LIMIT // MEGABYTE)
    if not uploaded.size:
        raise Rejected('file.empty', name=name)
    if ending is None:
        raise Rejected('file.unknown_type', name=name)
    digest = uploaded.digest[:32]
    if known := Upload.get_or_none(Upload.user == user, Upload.file == digest):
        Upload.update(touched_at=at).where(Upload.id == known.id).execute()
        return known
    check_room(user, uploaded.size)
    try:
        with processes.folder_held(folder(), is_shared=True):
            _put_in_place(uploaded, digest, KINDS[ending], ending)
            with db.atomic():
                kept = _write_rows(user, uploaded, digest, ending, at)
                follow()
    except Exception:
        _remove_stray(digest)
        raise
    return kept


def _remove_stray(digest: str) -> None:
    """Remove a file without a row. If that fails, the nightly clean-up removes it."""
    gone = aside()
    with suppress(OSError, DatabaseError), processes.folder_held(folder()):
        if not MediaFile.select().where(MediaFile.digest == digest).exists():
            os.rename(folder() / digest, gone)
            shutil.rmtree(gone)


def _write_rows(user: User, uploaded: UploadedFile, digest: str, ending: str, at: datetime) -> Upload:
    state = 'waiting' if KINDS[ending] == 'image' else 'ready'
    MediaFile.insert(digest=digest, kind=KINDS[ending], ending=ending, state=state,
                     created_at=at).on_conflict_ignore().execute()
    if known := Upload.get_or_none(Upload.user == user, Upload.file == digest):  # uploaded twice at the same moment
        return known
    _check_quota(user, uploaded.size)  # again: other files of theirs may have come in since
    return Upload.create(user=user, file=digest, name=_choose_name(uploaded.name, ending),
                         bytes=uploaded.size, created_at=at, touched_at=at)


def _choose_name(name: str, ending: str) -> str:
    """Return the name of a file in its URL, never one that a variant may have."""
    stem = text.slug(name.replace('\\', '/').rpartition('/')[2].rpartition('.')[0] or name, 'file')
    return f'{f"file-{stem}" if SHOWN.fullmatch(f"{stem}.jpg") else stem}.{ending}'


def _put_in_place(uploaded: UploadedFile, digest: str, kind: str, ending: str) -> None:
    """Move a file to its place and sync it. A file that is there already has the same content."""
    place = folder() / digest
    inner = place if kind == 'image' else place / 'shown'
    for new in (place, inner):
        new.mkdir(mode=0o700, exist_ok=True)
        processes.hand_over(new, folder())
    uploaded.sync()
    os.rename(uploaded.path, inner / ('original' if kind == 'image' else f'file.{ending}'))
    for each in {inner, place, folder()}:
        processes.sync_folder(each)
