"""Tokens for links: signed numbers, which need no secret in the database and say nothing by themselves."""

import hmac
from base64 import urlsafe_b64encode
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
