"""Put a restored data folder in the place of the one that is there, which is put aside and never overwritten."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from .. import processes, secret
from ..paths import Paths

ASIDE = '{}.before-restore-{:%Y-%m-%d-%H%M%S}'


class CannotReplace(Exception):
    """Nothing was restored. The message says why and what to do."""


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Keep other restores, and a site that starts, out of this folder. Raises CannotReplace if something is there that
    must not be put aside, or a site runs there."""
    data.parent.mkdir(parents=True, exist_ok=True)
    with processes.exclusive_now(data.parent) as is_alone:
        if not is_alone:
            raise CannotReplace(f'Another restore is running in {data.parent}. Try again when it is complete.')
        check(data)
        if not Paths(data).run.is_dir():
            yield
            return
        with processes.exclusive_now(Paths(data).migration_lock) as is_still:
            if not is_still:
                raise _runs(data)
            yield


def check(data: Path) -> None:
    """Raise CannotReplace unless the folder is missing, empty, or that of a site that does not run."""
    paths = Paths(data)
    if not data.exists():
        return
    if not data.is_dir():
        raise CannotReplace(f'{data} is not a folder. Choose another one with --into.')
    if any(data.iterdir()) and not (paths.database.exists() or secret.has_secret(paths.secret)):
        raise CannotReplace(f'{data} holds other files, and no site. Choose a new folder with --into.')
    if data.is_mount():
        raise CannotReplace(f'{data} cannot be put aside, because a disk is mounted there. Restore into a folder in it '
                            '(--into), and set QUICKPUB_DATA to that folder.')
    # A site that runs holds a lock on its folder, and each of its processes one in `run` or `spool`.
    mine = paths.migration_lock
    locks = [data, *paths.run.glob('*.life'), *paths.run.glob('*.lock'), *paths.spool.glob('*.views')]
    if any(path != mine and processes.is_locked(path) for path in locks):
        raise _runs(data)


def _runs(data: Path) -> CannotReplace:
    return CannotReplace(f'A site runs in {data}, or one of its commands does. Stop it, then restore.')


def put_in_place(new: Path, data: Path, at: datetime) -> Path | None:
    """Give the folder `new` the name `data`. Return where the one is now that was there before, or None.

    A kill at any moment leaves the whole old folder there, or the whole new one.
    """
    aside = None
    if not data.exists() or not any(data.iterdir()):
        os.rename(new, data)
    else:
        aside = data.with_name(ASIDE.format(data.name, at))
        if aside.exists():
            raise CannotReplace(f'{aside} exists already. Try again in a second.')
        os.rename(new, aside)
        if not processes.exchange(aside, data):  # then there is a short moment without any
            os.rename(aside, new)
            os.rename(data, aside)
            os.rename(new, data)
    processes.sync_folder(data.parent)
    if aside and Paths(aside).backups.exists():  # nobody looks for them there before deleting it
        if Paths(data).backups.exists():
            shutil.rmtree(Paths(aside).backups, ignore_errors=True)
        else:
            os.rename(Paths(aside).backups, Paths(data).backups)
            processes.sync_folder(data)
    return aside


def take_backups(present: Path, new: Path) -> None:
    """Make the folder `new` with hard links to the backups in `present`, if there are any: so the folders that are
    exchanged both have them. Where there are no hard links, make nothing."""
    if not present.is_dir() or present.is_symlink():
        return
    try:
        shutil.copytree(present, new, symlinks=True, copy_function=os.link)
    except (OSError, shutil.Error):
        shutil.rmtree(new, ignore_errors=True)


def finish(new: Path, owner_of: Path) -> None:
    """Give all files of a folder that root has made to the owner of another one, and sync all of it."""
    for folder, _, names in os.walk(new, topdown=False):
        for name in names:
            processes.hand_over(Path(folder, name), owner_of)
        processes.hand_over(Path(folder), owner_of)
        processes.sync_folder(Path(folder))
