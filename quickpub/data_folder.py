"""Create the data folder of a site, or notice that a site in it has lost its database."""

import os
from contextlib import suppress

from . import secret
from .paths import MAILDIR, Paths

NEW_FOR = 60  # seconds after its secret was made in which a site's database may still be empty


def create(paths: Paths) -> list[str]:
    """Make the data folder, readable by its owner alone; for a new site with its secret and an empty database. Return
    the names of the folders that an older site had lost."""
    os.umask(0o077)  # for all files that this process ever makes
    paths.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = [name for name, path in paths.folders().items() if not path.exists()]
    for folder in (*paths.folders().values(), *(paths.outbox / name for name in MAILDIR)):
        folder.mkdir(mode=0o700, exist_ok=True)
    if secret.has_secret(paths.secret):
        return made
    with suppress(FileExistsError):  # SQLite itself never makes one: it would hide that the old one is gone
        os.close(os.open(paths.database, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if not paths.database.stat().st_size:
        secret.create(paths.secret)
    return []


def has_lost_database(paths: Paths) -> bool:
    """Return whether there is a site whose database is gone or empty. (That of a new site is empty for a moment.)"""
    if not secret.has_secret(paths.secret):
        return False
    try:
        found = paths.database.stat()
    except FileNotFoundError:
        return True
    return not found.st_size and abs(found.st_mtime - paths.secret.stat().st_mtime) > NEW_FOR
