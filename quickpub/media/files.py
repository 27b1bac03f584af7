"""Find media files in the data folder, and the file behind a URL.

    media/<digest>/original             an image as it was uploaded, sent to nobody
    media/<digest>/shown/800.avif, …    its variants (variants.py)
    media/<digest>/shown/file.pdf       any other file, itself
    media/.new-…, .made-…, .gone-…      being uploaded, prepared or removed

The path of a file is derived from its content, so that only people who have the same file can guess it.

The rows are the truth. A file is synced and in place before the transaction of its row begins, and is removed after
its last row is deleted. So a crash may leave a file too many until the night, never one too few. Code that places a
file shares the lock on the folder until the row is committed; code that removes one holds it alone.
"""

import os
import re
import secrets
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from .. import processes
from ..settings import current

MEGABYTE = 1_000_000
GONE = '.gone-'  # prefix of files that are being removed

TYPES = {'jpg': 'image/jpeg', 'png': 'image/png', 'webp': 'image/webp', 'gif': 'image/gif', 'avif': 'image/avif',
         'heic': 'image/heic', 'mp3': 'audio/mpeg', 'm4a': 'audio/mp4', 'ogg': 'audio/ogg', 'wav': 'audio/wav',
         'mp4': 'video/mp4', 'webm': 'video/webm', 'pdf': 'application/pdf'}
KINDS = {ending: 'document' if ending == 'pdf' else type.partition('/')[0] for ending, type in TYPES.items()}

# The first bytes of each format. Names and content types that a browser sends prove nothing.
BEGINNINGS = [
    (rb'\xff\xd8\xff', 'jpg'), (rb'\x89PNG\r\n\x1a\n', 'png'), (rb'GIF8[79]a', 'gif'), (rb'RIFF.{4}WEBP', 'webp'),
    (rb'.{4}ftypavi[fs]', 'avif'), (rb'%PDF-', 'pdf'), (rb'ID3|\xff[\xfb\xfa\xf3\xf2]', 'mp3'), (rb'OggS', 'ogg'),
    (rb'RIFF.{4}WAVE', 'wav'), (rb'.{4}ftypM4[AB] ', 'm4a'), (rb'.{4}ftyp(iso[m2-9]|mp4[12]|avc1|M4V |dash)', 'mp4'),
    (rb'\x1a\x45\xdf\xa3.{0,40}webm', 'webm'), (rb'.{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)', 'heic')]
PATH = re.compile(r'/media/([0-9a-f]{32})/')
DIGEST = re.compile('[0-9a-f]{32}')
NAME = re.compile(r'[a-z0-9-]{1,200}\.[a-z0-9]{2,4}')  # as uploads.py makes them; they go into a header
SHOWN = re.compile(r'[1-9]\d{0,4}(-moving)?\.(avif|webp|jpg|png)')


def folder() -> Path:
    """Return the folder of all media files."""
    return current().data / 'media'


def find_ending(beginning: bytes) -> str | None:
    """Return the ending for a file with these first bytes; None for formats that cannot be uploaded."""
    found = next((ending for pattern, ending in BEGINNINGS if re.match(pattern, beginning, re.DOTALL)), None)
    return None if found == 'heic' and not has_heic() else found


@cache
def has_heic() -> bool:
    """Return whether the images of phones can be read: the extra `heic` is installed."""
    return find_spec('pi_heif') is not None


def find(digest: str, name: str) -> tuple[Path, str] | None:
    """Return the file behind /media/<digest>/<name>, and its ending. The name of an image leads to its largest variant.
    """
    if not (DIGEST.fullmatch(digest) and NAME.fullmatch(name)):
        return None
    shown, ending = folder() / digest / 'shown', name.rpartition('.')[2]
    if SHOWN.fullmatch(name):
        found: Path | None = shown / name
    elif KINDS.get(ending) == 'image':
        found = _find_largest(shown)
    else:
        found = shown / f'file.{ending}'
    return (found, found.suffix[1:]) if found and found.is_file() else None


def _find_largest(shown: Path) -> Path | None:
    """Return the largest variant that every browser shows, an animated one if there is any."""
    still = [path for path in shown.glob('[1-9]*') if path.suffix in ('.jpg', '.png')]
    moving = list(shown.glob('*-moving.webp'))
    return max(moving or still, key=lambda path: path.stat().st_size, default=None)


def place_variants(digest: str, made_in: Path) -> None:
    """Publish the variants of an image, unless it was deleted meanwhile."""
    place = folder() / digest
    with processes.folder_held(folder(), is_shared=True):
        if place.exists():
            processes.sync_folder(made_in)
            if (place / 'shown').exists():
                os.rename(place / 'shown', aside())
            os.rename(made_in, place / 'shown')
            processes.sync_folder(place)


def aside() -> Path:
    """Return a new path for a file that is being removed."""
    return folder() / f'{GONE}{secrets.token_hex(8)}'
