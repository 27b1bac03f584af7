"""The cookie that proves what a browser signed up with. It is encrypted, and says nothing about the account."""

import json
from dataclasses import dataclass
from datetime import datetime

from ..signing import seal, unseal
from .links import VERIFY_LIFETIME


@dataclass(frozen=True)
class SignUpClaim:
    """Values that were sent with a sign-up form. `password` is hashed."""
    email: str
    name: str
    password: str


def seal_claim(name: str, email: str, password: str, at: datetime) -> str:
    """Return the cookie's value. `password` is hashed already."""
    return seal('claim', json.dumps([email, name, password, str(at + VERIFY_LIFETIME)]))


def read_claim(cookie: str, email: str | None, at: datetime) -> SignUpClaim | None:
    """Return the claim in a cookie, or None if it is for another address, too old, or not from us."""
    sealed = unseal('claim', cookie)
    if sealed is None:
        return None
    claimed, name, password, until = json.loads(sealed)
    is_valid = claimed.lower() == (email or '').lower() and str(at) < until
    return SignUpClaim(claimed, name, password) if is_valid else None
