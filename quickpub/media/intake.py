"""A file that is being uploaded: checked and hashed while it comes in."""

import os
import secrets
from hashlib import sha256
from pathlib import Path

from ..processes import hand_over


class UploadedFile:
    """A file while it comes in, under a name that does not count, with what must be known of it. Past the limit only
    its size goes on. Whoever wants it renames it before the next one comes."""

    def __init__(self, folder: Path, name: str, limit: int):
        self.name, self.limit = name, limit
        self.size, self.beginning = 0, b''
        self._hash = sha256()
        self.path = folder / f'.new-{secrets.token_hex(8)}'
        self._file = open(self.path, 'xb')  # noqa: SIM115 - open for as long as it comes in
        hand_over(self._file.fileno(), folder)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self.limit:
            return
        self.beginning += chunk[:64 - len(self.beginning)]
        self._hash.update(chunk)
        self._file.write(chunk)

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Remove it, unless it was renamed."""
        self.path.unlink(missing_ok=True)
        self._file.close()  # last: what could not be written is tried once more here, and fails
