"""The commands backup and restore."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from .. import db, formats, logs, settings
from ..upkeep import backup, drill, restore
from ..upkeep.copying import Advance, Start
from ..upkeep.manifest import Manifest
from .site import explain_errors, opened_site

STEPS = 1000  # of a progress bar: redrawing it for every file would take long


@click.command(name='backup')
@click.argument('target', metavar='[FILE]', required=False)
@click.option('--with-secrets', is_flag=True, help='Include keys, sessions, open links and second factors.')
@explain_errors
def make_backup(target: str | None, with_secrets: bool) -> None:
    """Back up the site into FILE while it runs.

    FILE can be a folder, too. Without it, the backup goes to the folder backups/ of the data folder. It has its name
    only after it was read back and compared. Without --with-secrets, members log in again after a restore; the links in
    emails sent before, authenticator apps and recovery codes no longer work.
    """
    with opened_site() as found, progress('Backup') as start:
        made = backup.create(found, _read_target(target), with_secrets, db.now(), start)
    click.echo(f'{made.path}: {formats.size(made.bytes)}, {len(made.manifest.files)} files, '
               f'{sum(made.manifest.tables.values())} rows, read back and compared.')


def _read_target(typed: str | None) -> Path | None:
    """Return the path that was typed. One with a slash at its end must be a folder. Raises BackupFailed."""
    if typed is None:
        return None
    if not typed or (typed.endswith(os.sep) and not os.path.isdir(typed)):
        raise backup.BackupFailed(f'There is no folder {typed or repr(typed)}.')
    return Path(typed)


@contextmanager
def progress(label: str) -> Iterator[Start]:
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


@click.command(name='restore')
@click.argument('file', type=click.Path(path_type=Path, dir_okay=False))
@click.option('--into', metavar='DIR', type=click.Path(path_type=Path), help='Instead of the folder of QUICKPUB_DATA.')
@click.option('--check', 'is_drill', is_flag=True, help='Only try it: restore, run and read it in a temporary folder.')
@explain_errors
def restore_backup(file: Path, into: Path | None, is_drill: bool) -> None:
    """Restore the site from a backup. The site that is there must not run; its folder is renamed, not overwritten.

    Jobs are paused afterwards, and emails that may have been sent since the backup are on hold.
    """
    if is_drill and into:
        raise click.UsageError('Give either --check or --into DIR.')
    found = settings.from_env()
    logs.log_to_console()
    if is_drill:
        with progress('Restore') as start:
            drilled = drill.run(found, file, db.now(), start)
        click.echo(f'{file} {_contents(drilled.manifest)}. It was restored into a temporary folder and ran there: '
                   f'{len(drilled.pages)} pages were read.')
        return
    with progress('Restore') as start:
        restored = restore.restore(replace(found, data=into.absolute()) if into else found, file, db.now(), start)
    for line in _report(file, restored, f'QUICKPUB_DATA={shlex.quote(str(restored.data))} ' if into else ''):
        click.echo(line)


def _contents(manifest: Manifest) -> str:
    return (f'of {manifest.created_at:%Y-%m-%d %H:%M} UTC has {len(manifest.files)} files and '
            f'{sum(manifest.tables.values())} rows')


def _report(file: Path, restored: restore.Restored, told: str) -> Iterator[str]:
    """Yield what the operator must know now, line by line. `told` is what commands need to find this site."""
    yield f'{file} {_contents(restored.manifest)}. It is restored in {restored.data}'
    if restored.aside:
        yield f'The folder that was there is now {restored.aside}'
    if not restored.manifest.has_secrets:
        yield ('The backup has no secrets: members log in again with their passwords, and set up authenticator apps '
               'and recovery codes again. Links in emails to confirm an address, choose a password or accept an '
               'invitation no longer work.')
    if restored.secret_is == restore.NEW:
        yield ('The site has a new secret: links to unsubscribe in emails sent before no longer work. `quickpub dkim` '
               'makes a new key for email, if the site had one.')
    if restored.secret_is == restore.KEPT:
        yield 'The secret of the folder that was there is kept, so that links to unsubscribe go on working.'
    held = restored.held
    yield (f'Jobs are paused, and {held.emails} emails and {held.reports} reports that may have been sent already are '
           f'on hold. Start the site{f" with {told.strip()}" if told else ""}, look at /admin/mail, and send those '
           f'that are needed. Then run `{told}quickpub jobs resume`.')
