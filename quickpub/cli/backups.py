"""The commands backup and restore."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from .. import db, formats
from ..upkeep import backup
from ..upkeep.archive import Advance
from .site import explain_errors, opened_site

STEPS = 1000  # of a progress bar: redrawing it for every file would take long


@click.command(name='backup')
@click.argument('target', metavar='[FILE]', required=False, type=click.Path(path_type=Path))
@click.option('--with-secrets', is_flag=True, help='Include keys, sessions, open links and second factors.')
@explain_errors
def make_backup(target: Path | None, with_secrets: bool) -> None:
    """Back up the site into FILE while it runs.

    FILE can be a folder, too. Without it, the backup goes to the folder backups/ of the data folder. It has its name
    only after it was read back and compared. Without --with-secrets, members log in again after a restore; the links in
    emails sent before, authenticator apps and recovery codes no longer work.
    """
    with opened_site() as found, progress('Backup') as start:
        made = backup.create(found, target, with_secrets, db.now(), start)
    click.echo(f'{made.path}: {formats.size(made.bytes)}, {len(made.manifest.files)} files, '
               f'{sum(made.manifest.tables.values())} rows, read back and compared.')


@contextmanager
def progress(label: str) -> Iterator[backup.Start]:
    """Yield what shows a progress bar for so many bytes, if a terminal is watching."""
    if not sys.stderr.isatty():
        yield lambda size: lambda count: None
        return
    with click.progressbar(length=STEPS, label=label, file=sys.stderr) as bar:
        def start(size: int) -> Advance:
            done = 0

            def advance(count: int) -> None:
                nonlocal done
                done += count
                if steps := min(STEPS, STEPS * done // max(1, size)) - bar.pos:
                    bar.update(steps)
            return advance
        yield start
