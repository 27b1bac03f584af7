"""Passkeys: log in with a fingerprint, a face or a screen lock instead of a password (W3C Web Authentication).

The browser signs a challenge with a key that it made for this site. The challenge is kept in a signed cookie of that
browser, so strangers who ask for one write nothing into the database; what has been answered is written down, so no
answer counts twice.
"""

import json
import logging
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, NamedTuple

from peewee import IntegrityError

from .. import text
from ..codes import Rejected
from ..db import db
from ..models import Passkey, Site, UsedChallenge, User
from ..settings import current
from ..signing import seal, unseal

log = logging.getLogger('quickpub.passkeys')

CHALLENGE_LASTS = timedelta(minutes=5)
MOST = 20  # of one member
NAME_LENGTH = 60
LONGEST_ID = 1023  # bytes (W3C Web Authentication, 4)
PORTS = {'http': 80, 'https': 443}  # that browsers leave out of an origin


class Challenge(NamedTuple):
    """A value that a browser has to sign. `purpose` and `bound` (such as a session) are what it may be used for."""
    purpose: str
    bound: str
    value: str  # base64url, as the browser sends it back
    expires_at: str


# Origins that allow passkeys

def is_possible() -> bool:
    """Return whether browsers allow passkeys at the site's address: it needs a name, and https or this very machine."""
    host = _host()
    try:
        ip_address(host)
    except ValueError:
        return host.isascii() and (current().is_https or host == 'localhost' or host.endswith('.localhost'))
    return False


def _host() -> str:
    return current().url_parts.hostname or ''


def _origin() -> str:
    """Return the site's origin as a browser writes it: without the port that goes without saying."""
    parts = current().url_parts
    port = f':{parts.port}' if parts.port and parts.port != PORTS[parts.scheme] else ''
    return f'{parts.scheme}://{_host()}{port}'


def _server() -> Any:
    from fido2.server import Fido2Server  # 50 ms and 20 MB, which most processes never need
    from fido2.webauthn import PublicKeyCredentialRpEntity
    return Fido2Server(PublicKeyCredentialRpEntity(id=_host(), name=text.line(Site.this().title, NAME_LENGTH)),
                       verify_origin=lambda origin: origin == _origin())


# Challenges

def _ask(purpose: str, bound: str, at: datetime) -> tuple[bytes, str]:
    """Return a new challenge, and the cookie's value that keeps it. Raises Rejected where browsers would not answer."""
    if not is_possible():
        raise Rejected('passkey.impossible')
    value = secrets.token_bytes(32)
    coded = urlsafe_b64encode(value).decode().rstrip('=')
    return value, seal('passkey', json.dumps([purpose, bound, coded, str(at + CHALLENGE_LASTS)]))


def _asked(cookie: str, purpose: str, bound: str, at: datetime) -> Challenge:
    """Return the challenge that this cookie keeps. Raises Rejected where it is too old, or for something else."""
    sealed = unseal('passkey', cookie)
    found = Challenge(*json.loads(sealed)) if sealed else None
    if found is None or (found.purpose, found.bound) != (purpose, bound) or not (
            str(at) < found.expires_at <= str(at + 2 * CHALLENGE_LASTS)):  # a clock that was ahead has written others
        raise Rejected('passkey.too_late')
    return found


def _use_up(challenge: Challenge) -> None:
    """Use up this challenge, in the caller's transaction. Raises Rejected if it was used already."""
    try:
        with db.atomic():
            UsedChallenge.create(digest=sha256(challenge.value.encode()).hexdigest(), expires_at=challenge.expires_at)
    except IntegrityError:
        raise Rejected('passkey.too_late') from None


def _state(challenge: Challenge) -> dict[str, str]:
    return {'challenge': challenge.value, 'user_verification': 'required'}


# Adding one

def creation_options(user: User, session: str, at: datetime) -> tuple[dict[str, Any], str]:
    """Return what the browser needs to make a passkey for this member, as JSON, and the cookie's value that belongs
    to it. `session` is the digest of the session that asks. Raises Rejected."""
    known = of(user)
    if not user.is_verified:
        raise Rejected('passkey.unconfirmed')
    if len(known) >= MOST:
        raise Rejected('passkey.too_many', count=MOST)
    from fido2.webauthn import PublicKeyCredentialUserEntity
    value, cookie = _ask('add', session, at)
    person = PublicKeyCredentialUserEntity(id=_handle(user), name=user.email or '', display_name=user.name)
    options, _ = _server().register_begin(person, [_descriptor(each) for each in known], challenge=value,
                                          resident_key_requirement='required', user_verification='required')
    return dict(options['publicKey']), cookie


def _handle(user: User) -> bytes:
    """Return what a passkey calls its account: the same for all of one account, and says nothing about it."""
    return sha256(f'passkey:{user.feed_id}'.encode()).digest()


def _descriptor(passkey: Passkey) -> Any:
    from fido2.webauthn import PublicKeyCredentialDescriptor, PublicKeyCredentialType
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes(passkey.credential_id))


def add(user: User, session: str, cookie: str, reply: Any, name: str, at: datetime) -> Passkey:
    """Add the passkey that a browser made, in the caller's transaction. `reply` is its answer, as JSON. Raises
    Rejected."""
    challenge, name = _asked(cookie, 'add', session, at), clean_name(name) or _free_name(user)
    try:
        made = _server().register_complete(_state(challenge), reply)
        credential = made.credential_data
        if credential.public_key.get(3) not in _server_algorithms() or len(credential.credential_id) > LONGEST_ID:
            raise ValueError('a key that cannot be used')
        _refuse_frames(reply, 'attestation')
    except Exception as error:  # a stranger's bytes make the library raise anything
        log.info('A passkey was refused: %r', error)
        raise Rejected('passkey.unverified') from None
    _use_up(challenge)
    if Passkey.select().where(Passkey.credential_id == credential.credential_id).exists():
        raise Rejected('passkey.added_before')
    return Passkey.create(user=user, credential_id=credential.credential_id, credential=bytes(credential), name=name,
                          counter=made.counter, created_at=at)


def _server_algorithms() -> Any:
    from fido2.cose import CoseKey
    return CoseKey.supported_algorithms()


def _refuse_frames(reply: Any, kind: str) -> None:
    """Raise ValueError where the browser says that another site's page, with this one in a frame, has asked."""
    from fido2.webauthn import AuthenticationResponse, RegistrationResponse
    read: Any = RegistrationResponse if kind == 'attestation' else AuthenticationResponse
    if read.from_dict(reply).response.client_data.cross_origin is not False:
        raise ValueError('asked from within another site')


def clean_name(typed: str) -> str:
    """Return the name of a passkey, cleaned; it may be empty. Raises Rejected."""
    name = text.whole_line(typed, NAME_LENGTH)
    if name is None:
        raise Rejected('passkey_name.too_long', field='name', limit=NAME_LENGTH)
    return name


def _free_name(user: User) -> str:
    taken = {each.name for each in of(user)}
    names = ['Passkey', *(f'Passkey {number}' for number in range(2, MOST + 2))]
    return next(name for name in names if name not in taken)


# Showing one

def request_options(purpose: str, bound: str, at: datetime, user: User | None = None) -> tuple[dict[str, Any], str]:
    """Return what the browser needs to sign with a passkey, as JSON, and the cookie's value that belongs to it.
    `user`: with one of this member's; otherwise the person chooses an account on the device. Raises Rejected."""
    known = [_descriptor(each) for each in of(user)] if user else None
    if known == []:
        raise Rejected('passkey.none')
    value, cookie = _ask(purpose, bound, at)
    options, _ = _server().authenticate_begin(known, user_verification='required', challenge=value)
    return dict(options['publicKey']), cookie


def check(purpose: str, bound: str, cookie: str, reply: Any, at: datetime, user: User | None = None) -> User:
    """Return the member whose passkey has signed the challenge, in the caller's transaction. `user`: it must be this
    one. Raises Rejected."""
    challenge = _asked(cookie, purpose, bound, at)
    passkey = _find(reply)
    if passkey is None or passkey.user.deleted_at or (user and passkey.user_id != user.id):
        raise Rejected('passkey.unknown')
    try:
        counter = _verify(passkey, challenge, reply)
    except Exception as error:  # as above
        log.info('An answer of passkey %s was refused: %r', passkey.id, error)
        raise Rejected('passkey.unverified') from None
    _use_up(challenge)
    _count(passkey, counter, at)
    return passkey.user


def _find(reply: Any) -> Passkey | None:
    from fido2.utils import websafe_decode
    try:
        wanted = websafe_decode(reply['rawId'])
    except Exception:  # as above
        raise Rejected('passkey.unverified') from None
    return Passkey.select(Passkey, User).join(User).where(Passkey.credential_id == wanted).get_or_none()


def _verify(passkey: Passkey, challenge: Challenge, reply: Any) -> int:
    """Return the counter of signatures in an answer. Raises any exception where the answer is wrong."""
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse
    _refuse_frames(reply, 'assertion')
    _server().authenticate_complete(_state(challenge), [AttestedCredentialData(bytes(passkey.credential))], reply)
    answer = AuthenticationResponse.from_dict(reply).response
    if answer.user_handle is not None and bytes(answer.user_handle) != _handle(passkey.user):
        raise ValueError('a passkey of another account')
    return answer.authenticator_data.counter


def _count(passkey: Passkey, counter: int, at: datetime) -> None:
    """Note the use. A counter that does not grow means that somebody has a copy (W3C Web Authentication, 6.1.1)."""
    is_new = (Passkey.counter < counter) | (Passkey.counter + counter == 0)
    if not Passkey.update(counter=counter, used_at=at).where(Passkey.id == passkey.id, is_new).execute():
        log.warning('Passkey %s of member %s seems to have been copied', passkey.id, passkey.user_id)
        raise Rejected('passkey.copied')


# Keeping them

def of(user: User) -> list[Passkey]:
    """Return the member's passkeys, the oldest first."""
    return list(Passkey.select().where(Passkey.user == user).order_by(Passkey.id))


def rename(user: User, passkey_id: int, typed: str) -> bool:
    """Rename a passkey of this member. Return whether there was one. Raises Rejected."""
    name = clean_name(typed)
    if not name:
        raise Rejected('passkey_name.missing', field='name')
    return bool(Passkey.update(name=name).where(Passkey.id == passkey_id, Passkey.user == user).execute())


def remove(user: User, passkey_id: int) -> str | None:
    """Delete a passkey of this member, in the caller's transaction. Return its name, or None if there was none."""
    found = Passkey.get_or_none(Passkey.id == passkey_id, Passkey.user == user)
    if found is None:
        return None
    found.delete_instance()
    return found.name


def clean_up(at: datetime) -> None:
    """Delete used challenges that have expired."""
    UsedChallenge.delete().where((UsedChallenge.expires_at <= at)
                                 | (UsedChallenge.expires_at > at + 2 * CHALLENGE_LASTS)).execute()
