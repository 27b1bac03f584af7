"""Sign emails (DKIM, RFC 6376), so that mail servers know that they come from this domain.

The key is in the data folder. Its selector, the name of its DNS record, is made from the key itself, so that a new key
never gets the record of an old one.
"""

import base64
import errno
import hashlib
import os
import re
from collections import defaultdict
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..processes import hand_over
from ..settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KEY_SIZE = 2048  # bits (RFC 8301, 3.2)
# The headers that a signature covers. Nobody can add a second one of those named twice (RFC 6376, 5.4.2).
COVERED = ('from', 'from', 'subject', 'subject', 'to', 'date', 'message-id', 'mime-version', 'content-type',
           'auto-submitted', 'list-id', 'list-unsubscribe', 'list-unsubscribe-post')
DNS_STRING = 255  # characters that one string of a TXT record can have (RFC 1035, 3.3.14)
FOLDED_AT = 72  # characters of the signature on a line


def key_file(settings: Settings) -> Path:
    """Return the path of the site's key, whether it exists or not."""
    return settings.paths.dkim_key


def make_key(settings: Settings) -> None:
    """Write a new key in place of the old one. Raises OSError, and then the old one is still there."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    key = rsa.generate_private_key(65537, KEY_SIZE)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption())
    draft = key_file(settings).with_suffix('.new')
    draft.unlink(missing_ok=True)
    with open(draft, 'xb', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        hand_over(file.fileno(), draft.parent)
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(key_file(settings))


def dns_record(settings: Settings) -> tuple[str, str]:
    """Return the name and the value of the TXT record that this site's key needs; the value in quoted strings."""
    selector, key = _key(*_version(settings))
    value = f'v=DKIM1; k=rsa; p={base64.b64encode(_public(key)).decode()}'
    strings = [value[at:at + DNS_STRING] for at in range(0, len(value), DNS_STRING)]
    return f'{selector}._domainkey.{domain(settings)}', ' '.join(f'"{each}"' for each in strings)


def domain(settings: Settings) -> str:
    """Return the domain that signs: the one of the address that emails come from."""
    return settings.mail_from.rpartition('@')[2]


def signed(mail: bytes, settings: Settings, at: datetime) -> bytes:
    """Return an email (with CRLF) with its signature in front, or as it is if the site has no key.

    `at` is the time in the signature, in UTC: the same email and time give the same bytes. Raises OSError.
    """
    if not key_file(settings).exists():
        return mail
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    selector, key = _key(*_version(settings))
    headers, _, body = mail.partition(b'\r\n\r\n')
    fields, names, lines = _fields(headers), list[str](), list[bytes]()
    for name in COVERED:
        found = fields[name.encode()]
        if found or name in names:
            names.append(name)
        if found:
            lines.append(_relaxed(name.encode(), found.pop()) + b'\r\n')
    signature = (f'v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain(settings)}; s={selector};\r\n'
                 f' t={int(at.replace(tzinfo=UTC).timestamp())}; h={":".join(names[:6])}\r\n'
                 f' {"".join(f":{name}" for name in names[6:])};\r\n'
                 f' bh={base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()};\r\n b=').encode()
    lines.append(_relaxed(b'dkim-signature', b' ' + signature))
    proof = base64.b64encode(key.sign(b''.join(lines), padding.PKCS1v15(), hashes.SHA256()))
    folded = b'\r\n '.join(proof[start:start + FOLDED_AT] for start in range(0, len(proof), FOLDED_AT))
    return b'DKIM-Signature: ' + signature + folded + b'\r\n' + mail


def _fields(headers: bytes) -> dict[bytes, list[bytes]]:
    """Return the values of each header by its name, in their order."""
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for field in re.split(rb'\r\n(?![ \t])', headers):
        name, _, value = field.partition(b':')
        found[name.strip().lower()].append(value)
    return found


def _relaxed(name: bytes, value: bytes) -> bytes:
    """Return a header as it is signed (RFC 6376, 3.4.2)."""
    return name + b':' + re.sub(rb'[ \t]+', b' ', value.replace(b'\r\n', b'')).strip()


def _relaxed_body(body: bytes) -> bytes:
    """Return a body as it is signed (RFC 6376, 3.4.4)."""
    body = re.sub(rb'[ \t]+', b' ', body)
    body = re.sub(rb' (?=\r\n|\Z)', b'', body)
    body = re.sub(rb'(\r\n)+\Z', b'', body)
    return body + b'\r\n' if body else b''


def _version(settings: Settings) -> tuple[Path, int]:
    path = key_file(settings)
    return path, path.stat().st_mtime_ns


@lru_cache(2)
def _key(path: Path, version: int) -> 'tuple[str, RSAPrivateKey]':
    """Return the selector and the key. A new key has another `version`. Raises OSError."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    try:
        key: Any = load_pem_private_key(path.read_bytes(), None)
    except ValueError as error:
        raise OSError(errno.EINVAL, f'{path} is damaged. Make a new key with `quickpub dkim --new`') from error
    return f'quickpub-{hashlib.sha256(_public(key)).hexdigest()[:8]}', key


def _public(key: 'RSAPrivateKey') -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
