"""The authenticator app: a new code every 30 seconds, from a secret that only the app and this site know (RFC 6238). It
is stored encrypted: the database alone is not enough to make codes."""

from datetime import datetime, timedelta

from .. import clocks, text
from ..codes import Code, Rejected
from ..models import Authenticator, Site, User
from ..signing import seal, unseal

STEP = 30  # seconds
SLACK = 1  # steps that the clock of a phone may differ
DIGITS = 6
SETUP_LASTS = timedelta(hours=1)  # for which the same QR code is shown again
TITLE_LENGTH = 30  # characters of the site's title: a longer one makes a QR code that is hard to scan
EPOCH = datetime(1970, 1, 1)


# Setting it up

def start(user: User, at: datetime) -> str:
    """Return the secret for a new app, in base32, in the caller's transaction. It does not count before `confirm`. The
    same is returned again for an hour. Raises Rejected where an app is set up already."""
    found = _of(user)
    if found and found.confirmed_at:
        raise Rejected('code.has_app')
    if found and clocks.is_lately(found.created_at, SETUP_LASTS, at) and (secret := unseal('totp', found.secret)):
        return secret
    import pyotp
    secret = pyotp.random_base32()
    Authenticator.replace(
        user=user, secret=seal('totp', secret), last_step=0, created_at=at, confirmed_at=None).execute()
    return secret


def confirm(user: User, code: str, at: datetime) -> None:
    """Let the app count from now on, if this is its code now. In the caller's transaction. Raises Rejected."""
    found = _of(user)
    if found is None or found.confirmed_at:
        raise Rejected('code.no_app')
    step = _step_of(found, code, at)
    if step is None:
        raise Rejected('code.wrong')
    Authenticator.update(confirmed_at=at, last_step=step).where(Authenticator.user == user).execute()


def provisioning_uri(user: User, secret: str) -> str:
    """Return the content of the QR code."""
    import pyotp
    return pyotp.TOTP(secret, name=user.email, issuer=text.line(Site.this().title, TITLE_LENGTH)).provisioning_uri()


def qr_code(uri: str, title: str) -> str:
    """Return a QR code with this title as SVG, without a size and without styles of its own. It is dark on light in
    dark mode too."""
    import segno
    return segno.make(uri, error='m', micro=False).svg_inline(
        omitsize=True, border=4, dark='#000', light='#fff', svgclass='qr', lineclass=None,
        title=title)


def remove(user: User) -> bool:
    """Delete the app, in the caller's transaction. Return whether it counted."""
    found = _of(user)
    Authenticator.delete().where(Authenticator.user == user).execute()
    return bool(found and found.confirmed_at)


# Using it

def check(user: User, code: str, at: datetime) -> Code | None:
    """Use up the code that the app shows now, in the caller's transaction. Return None if it is right, or why not.
    `code` is normalised."""
    found = _of(user)
    step = _step_of(found, code, at) if found and found.confirmed_at else None
    if step is None:
        return Code('code.wrong')
    now_step = _now_step(at)
    # One that lies ahead was used while the clock of this machine was ahead.
    is_new = (Authenticator.last_step < step) | (Authenticator.last_step > now_step + SLACK)
    used = Authenticator.update(last_step=step).where(Authenticator.user == user, is_new).execute()
    return None if used else Code('code.used')


def _of(user: User) -> Authenticator | None:
    return Authenticator.get_or_none(Authenticator.user == user)


def _step_of(found: Authenticator, code: str, at: datetime) -> int | None:
    """Return the step whose code this is, or None."""
    secret = unseal('totp', found.secret)
    if secret is None or len(code) != DIGITS:
        return None
    import pyotp
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(
            code, for_time=(at - EPOCH).total_seconds(), valid_window=SLACK)
    except pyotp.OTPVerificationError:
        return None


def _now_step(at: datetime) -> int:
    return int((at - EPOCH).total_seconds()) // STEP
