"""Recovery codes: each replaces the authenticator app or the passkey once, for when the phone is lost."""

import hmac
import secrets
from hashlib import sha256

from ..models import RecoveryCode, User
from ..signing import derive_key

COUNT = 10
ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'  # without letters that look like digits (Crockford's base32)
ALIKE = str.maketrans('OIL', '011')
LENGTH, GROUP = 12, 4  # characters: 60 bits


def renew(user: User) -> list[str]:
    """Replace the member's recovery codes, in the caller's transaction. Return the new ones, which are stored
    hashed."""
    codes = [''.join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    remove(user)
    RecoveryCode.insert_many([{'digest': _digest(user, code), 'user': user} for code in codes]).execute()
    return ['-'.join(code[start:start + GROUP] for start in range(0, LENGTH, GROUP)) for code in codes]


def use(user: User, code: str) -> bool:
    """Use up a recovery code, in the caller's transaction. Return whether it was one. `code` is normalised."""
    if len(code) != LENGTH:
        return False
    digest = _digest(user, code.upper().translate(ALIKE))
    return bool(RecoveryCode.delete().where(RecoveryCode.digest == digest, RecoveryCode.user == user).execute())


def count_left(user: User) -> int:
    """Return how many recovery codes the member has."""
    return RecoveryCode.select().where(RecoveryCode.user == user).count()


def remove(user: User) -> None:
    """Delete the member's recovery codes, in the caller's transaction."""
    RecoveryCode.delete().where(RecoveryCode.user == user).execute()


def _digest(user: User, code: str) -> str:
    return hmac.new(derive_key('recovery'), f'{user.id}:{code}'.encode('utf-8', 'replace'), sha256).hexdigest()
