"""Write and read the archive of a backup: a zip file whose manifest has the SHA-256 of each file in it.

Zip, because its list of files can be read without the files, and every system can open it. Media are stored as they
are: they are compressed already.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

from .copying import Advance, copy
from .manifest import NAME, Entry, Manifest, UnusableBackup, parse
from .media_store import place_of

MANIFEST_LIMIT = 64 * 1024 * 1024  # bytes
METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
DAMAGE = zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, UnicodeError


class Writer:
    """An archive that is being written into an open file."""

    def __init__(self, file: BinaryIO, advance: Advance):
        self._zip = zipfile.ZipFile(file, 'w', allowZip64=True)
        self._advance = advance
        self.files: dict[str, Entry] = {}

    def __enter__(self) -> 'Writer':
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # one that is not complete; its own error is on the way
            self._zip.close()

    def add(self, name: str, path: Path, is_compressed: bool = False) -> None:
        """Add the file at `path` under this name. Raises OSError."""
        with open(path, 'rb') as source, self._zip.open(
                _describe(name, is_compressed), 'w', force_zip64=True) as target:
            self.files[name] = copy(source, target.write, self._advance)

    def close(self, manifest: Manifest) -> None:
        """Add the manifest, and the list of files that ends the archive."""
        self._zip.writestr(_describe(NAME, is_compressed=True), manifest.to_json())
        self._zip.close()


def _describe(name: str, is_compressed: bool) -> zipfile.ZipInfo:
    described = zipfile.ZipInfo(name)  # its date says nothing: the manifest has one
    described.compress_type = METHODS[is_compressed]
    described.external_attr = (stat.S_IFREG | 0o600) << 16
    return described


class Archive:
    """An archive that is open for reading. Nothing in it is trusted: every name, size and digest is checked."""

    def __init__(self, path: Path, known_steps: list[str]):
        """Open it and read its manifest. Raises UnusableBackup, and OSError where the file itself cannot be read."""
        self.path = path
        self._file = open(path, 'rb')  # noqa: SIM115 - close() closes it
        try:
            self._zip = zipfile.ZipFile(self._file)
            self.manifest = self._read_manifest(known_steps)
            self._check_list()
        except (UnusableBackup, *DAMAGE) as error:
            self._file.close()
            raise UnusableBackup(f'{path} cannot be restored: {self._explain(error)}.') from None
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> 'Archive':
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _explain(self, error: Exception) -> str:
        if isinstance(error, UnusableBackup):
            return str(error)
        with open(self.path, 'rb') as file:
            is_zip = file.read(4) == b'PK\x03\x04'
        return 'it is damaged, or a part of it is missing' if is_zip else 'it is no backup of Quickpub'

    def _read_manifest(self, known_steps: list[str]) -> Manifest:
        try:
            found = self._zip.getinfo(NAME)
        except KeyError:
            raise UnusableBackup('it is no backup of Quickpub: it has no manifest') from None
        if found.file_size > MANIFEST_LIMIT:
            raise UnusableBackup('its manifest is too large')
        return parse(self._zip.read(found), known_steps)

    def _check_list(self) -> None:
        """Raise UnusableBackup unless the archive holds exactly the files of its manifest."""
        listed = self._zip.infolist()
        names = [each.orig_filename for each in listed]
        if len(set(names)) < len(names):
            raise UnusableBackup('it holds two files of the same name')
        if extra := set(names) - self.manifest.files.keys() - {NAME}:
            raise UnusableBackup(f'it holds {min(extra)[:100]!r}, which its manifest does not list')
        if missing := {name for name in self.manifest.files.keys() - set(names) if not self._is_beside(name)}:
            raise UnusableBackup(f'{min(missing)!r} is missing')
        for each in listed:
            kind = stat.S_IFMT(each.external_attr >> 16)
            if kind not in (0, stat.S_IFREG) or each.compress_type not in METHODS or each.flag_bits & 1:
                raise UnusableBackup(f'{each.orig_filename!r} is a link, or packed in a way that no backup is')
            if each.filename != NAME and each.file_size != self.manifest.files[each.filename].bytes:
                raise UnusableBackup(f'{each.filename!r} has another size than its manifest says')
        # A few bytes that several files share could unpack to any size.
        if sum(each.compress_size for each in listed) > os.fstat(self._file.fileno()).st_size:
            raise UnusableBackup('its files overlap')

    def _is_beside(self, name: str) -> bool:
        """Return whether a file is not in the archive itself: nightly backups share their media."""
        return self.manifest.shares_media and name.startswith('media/')

    def extract(self, name: str, path: Path, advance: Advance) -> None:
        """Write one file, synced, to this path. Raises UnusableBackup if it is damaged."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, 'xb', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            self._read(name, file.write, advance)
            file.flush()
            os.fsync(file.fileno())

    def verify(self, name: str, advance: Advance) -> None:
        """Read one file and compare it with the manifest. Raises UnusableBackup if it is damaged."""
        self._read(name, lambda chunk: None, advance)

    def _read(self, name: str, write: Callable[[bytes], object], advance: Advance) -> None:
        try:
            with self._open(name) as source:
                found: Entry | None = copy(source, write, advance)
        except DAMAGE:
            found = None
        except FileNotFoundError:
            raise UnusableBackup(f'{self.path} cannot be restored: {name} is missing in the folder media beside it.'
                           ) from None
        if found != self.manifest.files[name]:
            raise UnusableBackup(f'{self.path} cannot be restored: {name} in it is damaged.')

    def _open(self, name: str) -> IO[bytes]:
        if self._is_beside(name):
            return open(place_of(self.path.parent, self.manifest.files[name]), 'rb')
        return self._zip.open(name)
