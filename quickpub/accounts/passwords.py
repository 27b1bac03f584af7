"""Passwords: normalised, then hashed with argon2id.

The same password can reach us as different bytes: a Mac sends "é" as two code points, most others as one, and a
Japanese keyboard sends full-width letters. So each is normalised with NFKC before it is hashed (NIST SP 800-63B;
Unicode UAX 15). Older hashes were made from what was typed; they still match, and are renewed at the next log-in.
"""

import secrets
import threading
from collections.abc import Iterable
from functools import cache
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..codes import Rejected
from . import password_strength

LENGTH = (10, 200)  # characters, normalised
LONGEST_TYPED = 1000  # characters that are looked at: one may be typed as several

# 19 MiB, 2 passes (OWASP's second choice): about 30 ms. Only a few at a time, or log-ins alone would fill the memory.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hashing = threading.BoundedSemaphore(2)


def normalise(typed: str) -> str:
    """Return the one form of a password that is hashed."""
    return normalize('NFKC', typed[:LONGEST_TYPED])


def clean(typed: str, field: str = 'password', words: Iterable[str] = ()) -> str:
    """Return a new password, normalised. Raises Rejected for one that is too short, too long, or easy to guess. `words`
    are about its owner and the site."""
    low, high = LENGTH
    password = normalise(typed)
    if len(typed) > LONGEST_TYPED or len(password) > high or min(len(typed), len(password)) < low:
        raise Rejected('password.length', field=field, low=low, high=high)
    if fault := password_strength.find_fault(password, words):
        raise Rejected(fault, field=field)
    return password


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password. Takes about 30 ms."""
    return _hash(normalise(password))


def _hash(normalised: str) -> str:
    with _hashing:
        return _hasher.hash(normalised)


def matches(known: str | None, typed: str) -> bool:
    """Return whether `known` is a hash of this password; takes as long where there is no hash."""
    return any([_verify(known or _dummy(), form) for form in _forms(typed)]) and bool(known)


def is_outdated(known: str, typed: str) -> bool:
    """Return whether a hash that matches was made from another form of the password, or with other parameters."""
    return _hasher.check_needs_rehash(known) or (len(_forms(typed)) > 1 and not _verify(known, normalise(typed)))


def _forms(typed: str) -> list[str]:
    """Return what older hashes may have been made from, each form once; for ASCII they are all the same."""
    typed = typed[:LONGEST_TYPED]
    return list(dict.fromkeys((normalise(typed), typed, normalize('NFC', typed), normalize('NFD', typed))))


def _verify(known: str, form: str) -> bool:
    with _hashing:
        try:
            return _hasher.verify(known, form)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _dummy() -> str:
    return _hash(secrets.token_urlsafe())
