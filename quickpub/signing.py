"""Tokens for links: signed numbers, which need no secret in the database and say nothing by themselves. And signed
texts for cookies."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

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


# Signed texts, for cookies

def seal(purpose: str, text: str) -> str:
    """Return a text, signed for this purpose: whoever has it can read it, and nobody can change it."""
    return f'{urlsafe_b64encode(text.encode()).decode()}.{_seal(purpose, text)}'


def unseal(purpose: str, sealed: str) -> str | None:
    """Return the text that `seal` signed for this purpose, or None for anything else."""
    coded, _, signature = sealed.partition('.')
    try:
        text = urlsafe_b64decode(coded.encode()).decode()
    except ValueError:
        return None
    is_ours = hmac.compare_digest(_seal(purpose, text).encode(), signature.encode('utf-8', 'replace'))
    return text if is_ours else None


def _seal(purpose: str, text: str) -> str:
    return hmac.new(current().secret, f'{purpose}={text}'.encode(), sha256).hexdigest()


# Keys

def derive_key(purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose, made from the site's secret."""
    return hmac.new(current().secret, f'key for {purpose}'.encode(), sha256).digest()


# Tokens in texts

TOKEN = re.compile(r'\d{1,17}\.[A-Za-z0-9_-]{24}(?![A-Za-z0-9_-])')
HIDDEN = '(hidden)'


def redact(text: str) -> str:
    """Return the text with every token in it hidden, for people and logs that it is not meant for."""
    return TOKEN.sub(HIDDEN, text)
