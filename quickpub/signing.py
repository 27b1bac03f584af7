"""Tokens for links: signed numbers, which need no secret in the database and say nothing by themselves. And what is
stored of random tokens, and texts that only this site can read: both are in cookies."""

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .settings import current


def sign(purpose: str, number: int) -> str:
    """`<number>.<signature>`."""
    digest = hmac.new(current().secret, f'{purpose}:{number}'.encode(), sha256).digest()
    return f'{number}.{urlsafe_b64encode(digest[:18]).decode()}'


def unsign(purpose: str, token: str) -> int | None:
    """The number in a token that was made by `sign` for this purpose, or None for anything else."""
    number = number_in(token)
    if number is None:
        return None
    is_ours = hmac.compare_digest(sign(purpose, number).encode(), token.encode('utf-8', 'replace'))
    return number if is_ours else None


def number_in(token: str) -> int | None:
    """What a token says its number is, whoever made it."""
    number = token.partition('.')[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None


# Random tokens, for cookies

def digest(token: str) -> str:
    """Return what is stored of a random token: whoever reads the database cannot make the token of it."""
    return sha256(token.encode('utf-8', 'replace')).hexdigest()


# Encrypted texts, for cookies

def seal(purpose: str, text: str) -> str:
    """Return a text, encrypted for this purpose: whoever has it can neither read nor change it."""
    nonce = secrets.token_bytes(12)
    return _pack(nonce, _cipher().encrypt(nonce, text.encode(), purpose.encode()))


def unseal(purpose: str, sealed: str) -> str | None:
    """Return the text that `seal` encrypted for this purpose, or None for anything else."""
    try:
        nonce, secret = (urlsafe_b64decode(part.encode()) for part in sealed.split('.'))
        if _pack(nonce, secret) != sealed:  # base64 has several spellings for some bytes
            return None
        return _cipher().decrypt(nonce, secret, purpose.encode()).decode()
    except (ValueError, InvalidTag):
        return None


def _pack(nonce: bytes, secret: bytes) -> str:
    return f'{urlsafe_b64encode(nonce).decode()}.{urlsafe_b64encode(secret).decode()}'


def _cipher() -> AESGCM:
    """With a key of its own: the site's secret itself is for signatures."""
    return AESGCM(hmac.new(current().secret, b'key for texts in cookies', sha256).digest())


# Keys

def derive_key(purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose, made from the site's secret."""
    return hmac.new(current().secret, f'key for {purpose}'.encode(), sha256).digest()


# Tokens in texts

TOKEN = re.compile(r'\d{1,17}\.[A-Za-z0-9_-]{24}(?![A-Za-z0-9_-])')
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
