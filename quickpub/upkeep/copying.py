"""Copy a file in small parts, and take its digest on the way."""

import hashlib
import os
from collections.abc import Callable
from typing import IO

from .manifest import Entry

CHUNK = 1024 * 1024  # bytes in memory at a time

Advance = Callable[[int], None]  # called with the number of bytes that were processed since the last call
Start = Callable[[int], Advance]  # called with the number of bytes that there are to process


def copy(source: IO[bytes], write: Callable[[bytes], object], advance: Advance) -> Entry:
    """Read `source` to its end, and call `write` with each part. Return its size and digest. Raises OSError, with the
    name of `source` where that cannot be read."""
    digest, size = hashlib.sha256(), 0
    while chunk := _read(source):
        digest.update(chunk)
        write(chunk)
        size += len(chunk)
        advance(len(chunk))
    return Entry(size, digest.hexdigest())


def _read(source: IO[bytes]) -> bytes:
    try:
        return source.read(CHUNK)
    except OSError as error:  # of an open file it has no name
        error.filename = error.filename or os.fspath(source.name)
        raise
