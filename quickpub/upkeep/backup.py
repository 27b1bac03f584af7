"""Make a backup while the site runs: one archive, which is opened again and checked before it gets its name."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from peewee import DatabaseError

from .. import __version__, formats, migrating, processes, removal
from ..audience import counting
from ..paths import SECRET, Paths
from ..settings import Settings
from . import frozen_media, snapshot
from .archive import Archive, Writer
from .backup_folder import WHOLE, WITH_SECRETS
from .copying import Advance, Start
from .full_disk import describe_error, is_full
from .manifest import ALLOWED, DATABASE, Entry, Manifest, UnusableBackup
from .media_store import Store, place_of

UNFINISHED = '.quickpub-{}.part'  # name of a backup that is not complete, and of its copy of the database
ABANDONED_AFTER = 3600.0  # seconds without a change


class BackupFailed(Exception):
    """No backup was made. The message says why and what to do."""


@dataclass(frozen=True)
class Made:
    """A backup that was made and checked."""
    path: Path
    bytes: int  # of the archive
    manifest: Manifest


def create(settings: Settings, target: Path | None, with_secrets: bool, at: datetime, start: Start,
           known: Mapping[str, Entry] | None = None) -> Made:
    """Back up the open site into the file `target`, or into that folder, by default `backups` in the data folder.

    With `known`, the files of an earlier backup in the same folder, its media go to a folder that backups share. Raises
    BackupFailed if another backup is being made, the target exists or cannot be written; nothing of this one is left
    then. Raises OSError and DatabaseError where the site cannot be read.
    """
    with processes.exclusive_now(settings.paths.backup_lock) as is_alone:
        if not is_alone:
            raise BackupFailed('Another backup of this site is being made. Try again when it is complete.')
        folder = settings.paths.backups if target is None else target.absolute()
        try:
            path = _choose_path(settings, target, (WITH_SECRETS if with_secrets else WHOLE).format(at))
            folder = path.parent
            return _make(settings, path, with_secrets, at, start, known)
        except (OSError, DatabaseError, removal.Unfinished) as error:
            if is_full(error):
                raise BackupFailed(f'The disk is full: no backup was made in {folder}. Make room, or choose a folder '
                                   'on another disk: quickpub backup FOLDER') from None
            if isinstance(error, DatabaseError) or _is_of_site(error, settings.data.absolute(), folder):
                raise
            raise BackupFailed(f'The backup could not be written to {folder}: {describe_error(error)}. The site is '
                               'unchanged.') from None


def _is_of_site(error: Exception, data: Path, folder: Path) -> bool:
    """Return whether an error is that of a file of the site, and not of the folder for the backup."""
    name = getattr(error, 'filename', None)
    if not isinstance(name, str) or not Path(name).is_relative_to(data):
        return False
    return not (folder.is_relative_to(data) and Path(name).is_relative_to(folder))


def _make(settings: Settings, path: Path, with_secrets: bool, at: datetime, start: Start,
          known: Mapping[str, Entry] | None) -> Made:
    """Make the backup at this new path, while no other one of this site is being made."""
    # A killed backup of this site has left the same names, and nothing else has them.
    mine = hashlib.sha256(os.fsencode(f'{os.uname().nodename}:{settings.data.resolve()}')).hexdigest()[:16]
    part, copy = (path.with_name(UNFINISHED.format(f'{mine}{ending}')) for ending in ('', '.db'))
    _remove_abandoned(path.parent, at)
    removal.remove_all([part, copy, *frozen_media.list_links(settings.paths.media)])
    try:
        _check_room(settings, path.parent, known is not None)
        counting.count_if_possible()  # the files of recorded views are not in the backup
        manifest, advance = _write(settings, part, copy, with_secrets, at, start, known)
        _check(part, copy, manifest, advance)
        os.rename(part, path)
        processes.sync_folder(path.parent)
    finally:
        removal.remove_all([part, copy])
    return Made(path, path.stat().st_size, manifest)


def _choose_path(settings: Settings, target: Path | None, name: str) -> Path:
    if target is None:
        target = settings.paths.backups
        target.mkdir(mode=0o700, exist_ok=True)
        processes.hand_over(target, settings.data)
    path = target / name if target.is_dir() else target
    if path.exists() or path.is_symlink():
        raise BackupFailed(f'{path} exists already. Choose another name.')
    if not path.parent.is_dir():
        raise BackupFailed(f'There is no folder {path.parent}.')
    return path.absolute()


def _remove_abandoned(folder: Path, at: datetime) -> None:
    """Remove what backups that were killed have left in this folder. Other sites may keep theirs here, too."""
    removal.remove_all(path for path in folder.glob(UNFINISHED.format('*'))
                       if removal.is_older(path, at.replace(tzinfo=UTC).timestamp() - ABANDONED_AFTER))


def _check_room(settings: Settings, folder: Path, shares_media: bool) -> None:
    """Raise BackupFailed if there is clearly too little room: a disk that is full for a while would stop the site."""
    media = 0 if shares_media else sum(
        path.stat().st_size for path, _ in frozen_media.list_files(settings.paths.media))
    needed, free = media + 2 * settings.paths.database.stat().st_size, shutil.disk_usage(folder).free
    if needed > free:
        raise BackupFailed(f'There is too little room in {folder}: a backup takes about {formats.size(needed)}, and '
                           f'{formats.size(free)} are free. Make room, or choose a folder on another disk: '
                           'quickpub backup FOLDER')


def _write(settings: Settings, part: Path, copy: Path, with_secrets: bool, at: datetime, start: Start,
           known: Mapping[str, Entry] | None) -> tuple[Manifest, Advance]:
    """Write the archive, synced. Return its manifest, and what counts on to the end of the check."""
    data = settings.paths
    with ExitStack() as stack:
        file = stack.enter_context(open(part, 'xb', opener=lambda path, flags: os.open(path, flags, 0o600)))
        processes.hand_over(file.fileno(), part.parent)
        media = stack.enter_context(frozen_media.frozen(
            data.media, lambda: snapshot.take(data.database, copy, with_secrets)))
        found = [(copy, DATABASE), *frozen_media.list_files(media), *(_list_secrets(data) if with_secrets else [])]
        advance = start(2 * sum(path.stat().st_size for path, _ in found))  # written, and read again
        writer = stack.enter_context(Writer(file, advance))
        store = None if known is None else Store(part.parent, known, advance)
        for path, name in found:
            if store and name.startswith('media/'):
                writer.files[name] = store.keep(name, path)
            else:
                writer.add(name, path, is_compressed=name == DATABASE)
        if store:
            store.sync()
        steps, site, tables = snapshot.describe(copy)
        copy.unlink()
        manifest = Manifest(__version__, steps, site, at.replace(microsecond=0), has_secrets=with_secrets,
                            shares_media=store is not None, tables=tables, files=writer.files)
        writer.close(manifest)
        file.flush()
        os.fsync(file.fileno())
    return manifest, advance


def _list_secrets(data: Paths) -> Iterator[tuple[Path, str]]:
    """Yield the path of each file that only a backup with secrets has, and its name there."""
    for path in sorted(each for name in SECRET for each in (data.data / name, *(data.data / name).rglob('*'))):
        name = os.fspath(path.relative_to(data.data))
        if ALLOWED.fullmatch(name) and path.is_file():
            yield path, name


def _verify(archive: Archive, name: str, advance: Advance) -> None:
    try:
        archive.verify(name, advance)
    except UnusableBackup:
        if archive.manifest.shares_media:  # the next backup copies it again
            place_of(archive.path.parent, archive.manifest.files[name]).unlink(missing_ok=True)
        raise


def _check(part: Path, copy: Path, manifest: Manifest, advance: Advance) -> None:
    """Open the archive and compare all of it with what was backed up. Raises BackupFailed."""
    try:
        with Archive(part, migrating.known_steps()) as archive:
            if archive.manifest != manifest:
                raise UnusableBackup('Its manifest is not the one that was written.')
            for name in manifest.files:
                if name == DATABASE:
                    archive.extract(name, copy, advance)
                else:
                    _verify(archive, name, advance)
        snapshot.check(copy, manifest)
    except UnusableBackup as error:
        raise BackupFailed(f'No backup was made, because the one that was written is not complete. {error} '
                           'Check the disk, then try again.') from None
