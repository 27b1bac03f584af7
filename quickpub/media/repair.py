"""Repair image files for the decoder, which rejects some metadata that browsers ignore: remove such metadata, and add
the end to truncated files."""

import struct
import zlib
from collections.abc import Iterator

JPEG, PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
END_OF_JPEG = b'\xff\xd9'
ANIMATION = (b'acTL', b'fcTL', b'fdAT')


def repair(content: bytes) -> tuple[bytes, bool]:
    """Return the file without metadata that the decoder could reject, and whether its end was there."""
    if content.startswith(JPEG):
        return _jpeg(content)
    if content.startswith(PNG):
        return _png(content)
    if content.startswith(b'RIFF') and int.from_bytes(content[4:8], 'little') > len(content) - 8:
        content = content[:4] + struct.pack('<I', len(content) - 8) + content[8:]  # the frames say how long they are
    return content, not content.startswith(b'GIF') or b'\0;' in content[-1024:]


def _jpeg(content: bytes) -> tuple[bytes, bool]:
    """Keep only the application data that changes how the image looks: orientation, profile, Adobe's colours."""
    kept, place = [content[:2]], 2
    while content[place:place + 1] == b'\xff':
        marker = content[place + 1:place + 2]
        if marker == b'\xff':  # fill bytes
            place += 1
            continue
        if marker == b'\xda' or len(content) < place + 4:  # the image data begins
            break
        end = place + 2 + int.from_bytes(content[place + 2:place + 4], 'big')
        body = content[place + 4:end]
        if not b'\xe0' <= marker <= b'\xef' and marker != b'\xfe' or _is_needed(marker, body):
            kept.append(content[place:end])
        place = end
    kept.append(content[place:])
    is_whole = content.rfind(END_OF_JPEG) > content.rfind(b'\xff\xda')
    return b''.join(kept) + (b'' if is_whole else END_OF_JPEG), is_whole


def _is_needed(marker: bytes, body: bytes) -> bool:
    return (marker == b'\xe0' and body.startswith(b'JFIF\0') and len(body) >= 14
            or marker == b'\xe1' and body.startswith(b'Exif\0\0')
            or marker == b'\xe2' and body.startswith(b'ICC_PROFILE\0') and len(body) > 14
            or marker == b'\xee' and body.startswith(b'Adobe') and len(body) >= 12)


def _png(content: bytes) -> tuple[bytes, bool]:
    """Keep only valid optional chunks: transparency, profile, orientation, animation."""
    chunks = list(_chunks(content))
    motion = [name for name, *_ in chunks if name in ANIMATION]
    moves = motion[:1] == [b'acTL'] and b'fcTL' in motion and all(
        len(body) == {b'acTL': 8, b'fcTL': 26}.get(name, len(body)) for name, body, _ in chunks)
    kept = b''.join(
        struct.pack('>I', len(body)) + name + body + struct.pack('>I', zlib.crc32(name + body))
        for name, body, is_sound in chunks if not name[0] & 32 or is_sound and (
            moves if name in ANIMATION else _fits(name, body, chunks[0][1])))
    return PNG + kept, bool(chunks) and chunks[-1][0] == b'IEND'


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield name, content and whether the checksum is right of each chunk; the last one may be cut off."""
    place, name = len(PNG), b''
    while name != b'IEND' and len(content) >= place + 8:
        size, name = struct.unpack('>I4s', content[place:place + 8])
        body = content[place + 8:place + 8 + size]
        yield name, body, content[place + 8 + size:place + 12 + size] == struct.pack('>I', zlib.crc32(name + body))
        place += 12 + size


def _fits(name: bytes, body: bytes, header: bytes) -> bool:
    if name == b'tRNS':
        return len(body) == {0: 2, 2: 6}.get(header[9], len(body)) if len(header) == 13 else False
    return name == b'iCCP' or name == b'eXIf' and body[:4] in (b'II*\0', b'MM\0*')
