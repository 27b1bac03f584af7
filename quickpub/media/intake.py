"""A file that is being uploaded: measured and hashed as it arrives."""

import os
import secrets
from hashlib import sha256
from pathlib import Path

from ..processes import hand_over


class UploadedFile:
    """A file that is being uploaded, under a temporary name. Past the limit only its size is counted. To keep it,
    rename it before the next one begins."""

    def __init__(self, folder: Path, name: str, limit: int):
        self.name, self.limit = name, limit
        self.size, self.beginning = 0, b''
        self._hash = sha256()
        self.path = folder / f'.new-{secrets.token_hex(8)}'
        self._file = open(self.path, 'xb')  # noqa: SIM115 - open until it has arrived
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
        self._file.close()  # last, because it writes the rest again and may fail
