"""Tokens for links: signed numbers, which need no secret in the database and say nothing by themselves. And what is
stored of random tokens, and texts that only this site can read: both are in cookies."""

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from .settings import current

SIGNATURE = 24  # characters


def sign(purpose: str, number: int, nonce: str = '') -> str:
    """Return `<number>.<nonce><signature>`. The nonce is of letters, digits, - and _."""
    signed = f'{purpose}:{number}:{nonce}' if nonce else f'{purpose}:{number}'
    digest = hmac.new(current().secret, signed.encode('utf-8', 'replace'), sha256).digest()
    return f'{number}.{nonce}{urlsafe_b64encode(digest[:18]).decode()}'


def unsign(purpose: str, token: str) -> int | None:
    """The number in a token that was made by `sign` for this purpose, or None for anything else."""
    number = number_in(token)
    if number is None:
        return None
    is_ours = hmac.compare_digest(sign(purpose, number, nonce_in(token)).encode('utf-8', 'replace'),
                                  token.encode('utf-8', 'replace'))
    return number if is_ours else None


def number_in(token: str) -> int | None:
    """Return the number that a token claims, whoever made it."""
    number = token.partition('.')[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None


def nonce_in(token: str) -> str:
    """Return what a token says its nonce is, whoever made it."""
    return token.partition('.')[2][:-SIGNATURE]


# Random tokens, for cookies

def digest(token: str) -> str:
    """Return what is stored of a random token: whoever reads the database cannot make the token of it."""
    return sha256(token.encode('utf-8', 'replace')).hexdigest()


# Encrypted texts, for cookies and columns

def seal(purpose: str, text: str) -> str:
    """Return a text, encrypted for this purpose: whoever has it can neither read nor change it."""
    nonce = secrets.token_bytes(12)
    return _pack(nonce, _cipher().encrypt(nonce, text.encode(), purpose.encode()))


def unseal(purpose: str, sealed: str) -> str | None:
    """Return the text that `seal` encrypted for this purpose, or None for anything else."""
    from cryptography.exceptions import InvalidTag
    try:
        nonce, secret = (urlsafe_b64decode(part.encode()) for part in sealed.split('.'))
        if _pack(nonce, secret) != sealed:  # base64 has several spellings for some bytes
            return None
        return _cipher().decrypt(nonce, secret, purpose.encode()).decode()
    except (ValueError, InvalidTag):
        return None


def _pack(nonce: bytes, secret: bytes) -> str:
    return f'{urlsafe_b64encode(nonce).decode()}.{urlsafe_b64encode(secret).decode()}'


def _cipher() -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 15 MB, which the consumer does without
    return AESGCM(derive_key('texts in cookies'))


def derive_key(purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose, made from the site's secret."""
    return hmac.new(current().secret, f'key for {purpose}'.encode(), sha256).digest()


# Tokens in texts

TOKEN = re.compile(r'\d{1,17}\.(?:[A-Za-z0-9_-]{16})?[A-Za-z0-9_-]{24}(?![A-Za-z0-9_-])')  # without or with a nonce
HIDDEN = '(hidden)'


EMAIL = re.compile(r"[^\s<>()\[\]\"',;:@]+@[^\s<>()\[\]\"',;:@]+", re.UNICODE)


def redact(text: str) -> str:
    """Return the text with every token in it hidden, for people and logs that it is not meant for."""
    return TOKEN.sub(HIDDEN, text)


def redact_emails(text: str, *known: str) -> str:
    """Return the text with every email address in it hidden, and the known ones however they are written."""
    for email in filter(None, known):
        text = re.sub(re.escape(email), HIDDEN, text, flags=re.IGNORECASE)
    return EMAIL.sub(HIDDEN, text)
