"""Bodies that are too large for memory: of requests, of the files in a form, and of responses."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from ..media.intake import UploadedFile

CHUNK = 64 * 1024
PIECE = 16 * 1024  # of an answer: for a slow client the server holds a good number of them
MEMORY = 32 * 1024 * 1024  # bytes that all bodies together may hold in memory
MAX_IN_MEMORY = 4 * 1024 * 1024  # of one
MAX_PARTS = 100  # of one form


class TooMany(Exception):
    """A form has more parts than MAX_PARTS. Those before were given out already."""


class Incoming:
    """A body on its way in: in memory while there is room for it, else in a file without a name, which goes with this
    process. So any number of slow clients hold no more memory than MEMORY, and forms can be sent to a full disk."""
    _held = 0  # bytes in memory, of all of them
    _lock = threading.Lock()

    def __init__(self, folder: Path):
        self._mine = 0
        self.size = 0
        self.file = SpooledTemporaryFile(dir=str(folder))  # noqa: SIM115 - open until `close`
        self._is_on_disk = False

    def takes(self, part: bytes) -> bool:
        """Return whether this part fits into memory."""
        return (not self._is_on_disk and self.size + len(part) <= MAX_IN_MEMORY
                and Incoming._held + len(part) <= MEMORY)

    def add(self, part: bytes) -> None:
        """Add a part. Raises OSError if there is room neither in memory nor on the disk."""
        with Incoming._lock:
            if is_held := self.takes(part):
                self._mine += len(part)
                Incoming._held += len(part)
        if not (is_held or self._is_on_disk):
            self.file.rollover()
            self._is_on_disk = True
            self._give_back()
        self.file.write(part)
        self.size += len(part)

    def rewind(self) -> IO[bytes]:
        """Return the whole body as a file, at its beginning. Raises OSError, like `add`."""
        self.file.seek(0)
        return self.file

    def _give_back(self) -> None:
        with Incoming._lock:
            Incoming._held -= self._mine
            self._mine = 0

    def close(self) -> None:
        self._give_back()
        with suppress(OSError):  # closing writes once more what could not be written
            self.file.close()


class Outgoing(NamedTuple):
    """A file, or a part of one, as the body of an answer."""
    path: Path
    start: int
    length: int
    is_whole: bool

    def chunks(self) -> Iterator[bytes]:
        left = self.length
        with open(self.path, 'rb') as file:
            file.seek(self.start)
            while left and (chunk := file.read(min(PIECE, left))):
                left -= len(chunk)
                yield chunk


def files(content_type: str, body: IO[bytes], open_file: Callable[[str], UploadedFile]) -> Iterator[UploadedFile]:
    """Yield the files of a form (multipart/form-data, RFC 7578). Each is there until the next is asked for. Raises
    TooMany, or ValueError if it is no such form, or a broken one."""
    kind, options = parse_options_header(content_type)
    if kind != 'multipart/form-data' or not options.get('boundary'):
        raise ValueError('not a form with files')
    upload: UploadedFile | None = None
    parts = 0
    try:
        with PushMultipartParser(options['boundary']) as parser:
            for event in _events(parser, body):
                if isinstance(event, MultipartSegment):
                    parts += 1
                    if parts > MAX_PARTS:
                        raise TooMany
                    upload = open_file(event.filename) if event.filename else None
                elif upload is not None and event is None:
                    yield upload
                    upload.close()
                    upload = None
                elif upload is not None:
                    upload.write(event)
    except (MultipartError, UnicodeError) as error:
        raise ValueError(str(error)) from error
    finally:
        if upload is not None:
            upload.close()


def _events(parser: PushMultipartParser, body: IO[bytes]) -> Iterator[Any]:
    while not parser.closed:
        yield from parser.parse(body.read(CHUNK))
