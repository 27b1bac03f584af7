"""The media files of nightly backups, which share them: a file that is there already is not copied again.

    media/<SHA-256>    beside the backups; each is complete, because it gets its name last
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from .. import processes, removal
from .copying import Advance, copy
from .manifest import Entry, Manifest

UNFINISHED = '.part'


def place_of(backups: Path, entry: Entry) -> Path:
    """Return where the file of this entry is, beside the backups in this folder."""
    return backups / 'media' / entry.sha256


class Store:
    """The shared files in a folder of backups, while a backup is added. `known` are the files of the last one."""

    def __init__(self, backups: Path, known: Mapping[str, Entry], advance: Advance):
        self._backups, self._known, self._advance = backups, known, advance
        self._folder = backups / 'media'
        self._folder.mkdir(mode=0o700, exist_ok=True)
        processes.hand_over(self._folder, backups)

    def keep(self, name: str, path: Path) -> Entry:
        """Copy the file at `path`, unless the last backup had it. Return its entry. Raises OSError."""
        found, known = path.stat(), self._known.get(name)
        if known and known.bytes == found.st_size and _has_time(place_of(self._backups, known), found.st_mtime_ns):
            self._advance(known.bytes)
            return known
        draft = self._folder / f'new{UNFINISHED}'
        with open(path, 'rb') as source, open(draft, 'wb') as target:
            processes.hand_over(target.fileno(), self._folder)
            entry = copy(source, target.write, self._advance)
            target.flush()
            os.fsync(target.fileno())
        os.utime(draft, ns=(found.st_mtime_ns, found.st_mtime_ns))
        os.replace(draft, place_of(self._backups, entry))
        return entry

    def sync(self) -> None:
        """Make all that was kept survive a power cut."""
        processes.sync_folder(self._folder)


def _has_time(path: Path, modified: int) -> bool:
    try:
        return path.stat().st_mtime_ns == modified
    except FileNotFoundError:
        return False


def remove_unused(backups: Path, manifests: Iterable[Manifest]) -> None:
    """Remove the files that none of these backups has. Raises Unfinished if some could not be removed."""
    used = {entry.sha256 for manifest in manifests for entry in manifest.files.values()}
    removal.remove_all(path for path in (backups / 'media').iterdir() if path.name not in used)
