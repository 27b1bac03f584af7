"""Restore a backup into a folder beside the data folder, and exchange the two only when all is checked and on the disk.
"""

import os
import shutil
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from peewee import DatabaseError

from .. import data_folder, formats, migrating, opening, presence, removal, secret
from ..db import db
from ..paths import Paths
from ..settings import Settings
from ..sqlite.connection import connect, sqlite3
from . import data_folders, snapshot
from .archive import Archive
from .copying import Start
from .data_folders import CannotReplace
from .full_disk import describe_error, is_full
from .manifest import Manifest
from .restored_site import Held, put_right

FROM_BACKUP, KEPT, NEW = 'from backup', 'kept', 'new'  # where the secret of a restored site is from


@dataclass(frozen=True)
class Restored:
    """A site that was restored."""
    data: Path
    manifest: Manifest
    held: Held
    secret_is: str
    aside: Path | None = None  # the folder that was there before


def restore(settings: Settings, file: Path, at: datetime, start: Start) -> Restored:
    """Put the site of this backup in the place of the data folder, which is put aside.

    Raises UnusableBackup for a file that is no whole backup; CannotReplace where a site runs in the data folder,
    other things are there, or the disk is full. The data folder is as it was then.
    """
    data = settings.data.resolve()
    draft = data.with_name(f'.{data.name}.restoring')
    with Archive(file, migrating.known_steps()) as archive, data_folders.held(data):
        try:
            removal.remove_all([draft])  # of a restore that was killed
            found = rebuild(archive, replace(settings, data=draft), Paths(data), at, start)
            data_folders.take_backups(Paths(data).backups, Paths(draft).backups)
            data_folders.finish(draft, data if data.exists() else data.parent)
            data_folders.check(data)
            return replace(found, data=data, aside=data_folders.put_in_place(draft, data, at))
        except removal.Unfinished as error:
            raise CannotReplace(f'Nothing was restored in {data.parent}: {error}.') from None
        finally:
            removal.remove_all([draft])


def rebuild(archive: Archive, settings: Settings, present: Paths | None, at: datetime, start: Start) -> Restored:
    """Make the data folder of these settings, which does not exist yet, from a backup. `present` is the folder whose
    keys are kept where the backup has none. Raises UnusableBackup and CannotReplace."""
    manifest, paths = archive.manifest, settings.paths
    try:
        paths.data.mkdir(mode=0o700)
        _check_room(manifest, paths.data)
        advance = start(manifest.size)
        for name in manifest.files:
            archive.extract(name, paths.data / name, advance)
        snapshot.check(paths.database, manifest)
        secret_is = _provide_secret(paths, present, manifest)
        data_folder.create(paths)
        migrating.migrate(settings)
        opening.open_site(settings)
        presence.be_quiet()
        with db.connection_context():
            held = put_right(at)
        with open(paths.database, 'rb') as file:
            os.fsync(file.fileno())
    except (OSError, DatabaseError) as error:
        parent = paths.data.parent
        if is_full(error):
            raise CannotReplace(f'The disk is full: nothing was restored. Make room in {parent}.') from None
        raise CannotReplace(f'Nothing was restored in {parent}: {describe_error(error)}.') from error
    return Restored(paths.data, manifest, held, secret_is)


def _check_room(manifest: Manifest, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if manifest.size > free:
        raise CannotReplace(f'There is too little room in {folder.parent}: the site takes '
                            f'{formats.size(manifest.size)}, and {formats.size(free)} are free.')


def _provide_secret(paths: Paths, present: Paths | None, manifest: Manifest) -> str:
    """See that the new folder has a secret. Return where it is from."""
    if paths.secret.exists():
        return FROM_BACKUP
    if present and _may_be_same_site(present, manifest):
        with suppress(secret.SecretError):
            secret.read(present.secret)
            for source, target in (present.secret, paths.secret), (present.dkim_key, paths.dkim_key):
                with suppress(FileNotFoundError):
                    shutil.copy2(source, target)
            return KEPT
    secret.create(paths.secret)
    return NEW


def _may_be_same_site(present: Paths, manifest: Manifest) -> bool:
    """Return False if the database in this folder is surely another site's. A damaged one is a reason to restore."""
    try:
        with closing(connect(present.database, 'rw')) as database:
            return str(database.execute(opening.CREATED_AT).fetchone()[0]) == manifest.site
    except (sqlite3.DatabaseError, TypeError):
        return True
