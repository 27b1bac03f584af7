"""The manifest of a backup: what made it, and the size and digest of each file in it."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

FORMAT = 1  # of the archive; one with a higher number was made by a newer version
NAME = 'manifest.json'
DATABASE = 'quickpub.db'

# The only files that an archive may hold. A name has no separator and no control character.
_PART = r'(?!\.\.?(?:/|$))[^/\\\x00-\x1f\x7f]{1,255}'
ALLOWED = re.compile(rf'quickpub\.db|secret|dkim\.pem|media/[0-9a-f]{{32}}/(?:{_PART}/)?{_PART}|'
                     rf'outbox/(?:tmp|new|cur)/{_PART}')
DIGEST = re.compile('[0-9a-f]{64}')


class UnusableBackup(Exception):
    """A file cannot be used as a backup. The message says why, in one sentence."""


@dataclass(frozen=True)
class Entry:
    """One file of a backup."""
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The content of one backup."""
    version: str  # of Quickpub
    schema: list[str]  # the migrations that the database has
    site: str  # the moment of its first migration, which tells sites apart
    created_at: datetime  # UTC, without a zone
    has_secrets: bool
    shares_media: bool  # its media are in the folder media beside it, by digest
    tables: dict[str, int]  # rows of each table
    files: dict[str, Entry]  # by path in the data folder

    @property
    def size(self) -> int:
        """The size of all files together, in bytes."""
        return sum(entry.bytes for entry in self.files.values())

    def to_json(self) -> bytes:
        """Return the manifest as it is stored."""
        made = {'format': FORMAT, **asdict(self), 'created_at': f'{self.created_at.isoformat()}Z'}
        return json.dumps(made, indent=1, ensure_ascii=False).encode()


def parse(stored: bytes, known_steps: list[str]) -> Manifest:
    """Return the manifest of an archive. Raises UnusableBackup if it makes no sense, or if its format is newer, or its
    schema has migrations other than `known_steps`."""
    try:
        found = json.loads(stored)
        if found['format'] > FORMAT:
            raise _made_by_newer(str(found['version']))
        manifest = _build(found)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise UnusableBackup('its manifest makes no sense. It is damaged, or no backup of Quickpub') from None
    if set(manifest.schema) - set(known_steps):
        raise _made_by_newer(manifest.version)
    return manifest


def _made_by_newer(version: str) -> UnusableBackup:
    return UnusableBackup(f'it was made by a newer version of Quickpub ({version[:20]}). Install that version first')


def _build(found: dict[str, Any]) -> Manifest:
    """Return the manifest that was read. Raises ValueError, LookupError, TypeError or AttributeError where it makes no
    sense; UnusableBackup for a file that no backup has."""
    files = {name: Entry(int(entry['bytes']), str(entry['sha256'])) for name, entry in found['files'].items()}
    for name, entry in files.items():
        if not ALLOWED.fullmatch(name):
            raise UnusableBackup(f'it holds {name[:100]!r}, which is in no backup of Quickpub')
        if entry.bytes < 0 or not DIGEST.fullmatch(entry.sha256):
            raise ValueError(name)
    if DATABASE not in files:
        raise UnusableBackup('it holds no database')
    return Manifest(
        version=str(found['version']), schema=[str(step) for step in found['schema']], site=str(found['site']),
        created_at=datetime.fromisoformat(found['created_at'].removesuffix('Z')), files=files,
        has_secrets=bool(found['has_secrets']), shares_media=bool(found['shares_media']),
        tables={str(name): int(rows) for name, rows in found['tables'].items()})
