"""The backup of each night, in a folder that the settings name; media are shared by all backups there."""

from datetime import datetime
from pathlib import Path

from .. import dates, migrating, removal
from ..codes import Code
from ..jobs import claims
from ..jobs.recurring import DAY, Recurrence
from ..settings import Settings
from . import backup, media_store
from .archive import Archive
from .backup_folder import NIGHTLY, choose_kept, explain_unusable, list_nightly
from .copying import Advance
from .manifest import Manifest

HOUR = 2  # by the clock of the site: before the clean-up of the night deletes anything for good


def make_if_due(settings: Settings, at: datetime) -> None:
    """Make the backup of the last night, unless there is one or no folder is set. Then remove the oldest ones.

    The files are the truth: a night that was missed, or whose backup failed, is caught up within the hour. Raises
    BackupFailed, and UnusableBackup where a backup that is kept can no longer be read.
    """
    folder = settings.backups
    if not folder:
        return
    if problem := explain_unusable(folder, settings.paths):
        raise backup.BackupFailed(problem)
    last_night = Recurrence(DAY, HOUR, find_zone=dates.find_zone).latest(at)
    found = list_nightly(folder)
    newest = next(iter(found), None)
    if newest and last_night <= newest <= at:
        return
    known = _read_manifest(found[newest]).files if newest else {}
    backup.create(settings, folder / NIGHTLY.format(at), False, at, start_in_job, known)
    _remove_old(folder)


def start_in_job(size: int) -> Advance:
    """Show on the page of jobs how far the running job is with so many bytes."""
    done, percent = 0, -1

    def advance(count: int) -> None:
        nonlocal done, percent
        done += count
        if (reached := 100 * done // max(1, size)) > percent:
            percent = reached
            claims.report_progress(Code('export.progress', percent=percent).to_json())
            claims.clear_strikes()
    return advance


def _read_manifest(path: Path) -> Manifest:
    with Archive(path, migrating.known_steps()) as archive:
        return archive.manifest


def _remove_old(folder: Path) -> None:
    """Remove the backups that are not kept, and then the media that only they had."""
    found = list_nightly(folder)
    kept = choose_kept(found)
    removal.remove_all(path for time, path in found.items() if time not in kept)
    media_store.remove_unused(folder, [_read_manifest(found[time]) for time in kept])
