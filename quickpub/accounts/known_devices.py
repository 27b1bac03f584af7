"""Devices that have logged in to an account before. Wrong passwords of others do not lock them out, and a log-in
sends no email.

A device is one browser. For each account that it logs in to it gets a random token, good for a year from the last
log-in; all of them are in one cookie. The token proves only that the browser has logged in before; the password is
still needed. It is made by us at a log-in and never taken over from the browser, or somebody could plant one they
know.
"""

import re
import secrets
from datetime import datetime, timedelta

from ..models import Device, User
from ..signing import digest

LASTS = timedelta(days=365)  # after the last log-in
MOST = 8  # accounts that one browser is known to
TOKEN = re.compile(r'[\w-]{43}', re.ASCII)


def tokens_in(cookie: str) -> list[str]:
    """Return the tokens in a cookie, the latest first."""
    return [token for token in cookie.split('.') if TOKEN.fullmatch(token)][:MOST]


def find(user: User, cookie: str, at: datetime) -> Device | None:
    """Return the device that has this cookie, if it is known to this account."""
    digests = [digest(token) for token in tokens_in(cookie)]
    return Device.get_or_none(Device.user == user, Device.digest.in_(digests), Device.used_at > at - LASTS)


def remember(user: User, cookie: str, at: datetime) -> tuple[Device, str, bool]:
    """Make a device known to this account, in the transaction of its log-in. Return the device, the new value of its
    cookie, and whether it is new."""
    tokens = tokens_in(cookie)
    if device := find(user, cookie, at):
        Device.update(used_at=at).where(Device.digest == device.digest).execute()
        known = device.digest
        return device, '.'.join(sorted(tokens, key=lambda token: digest(token) != known)), False
    token = secrets.token_urlsafe(32)
    device = Device.create(digest=digest(token), user=user, created_at=at, used_at=at)
    return device, '.'.join([token, *tokens][:MOST]), True


def forget(user: User, keep: str | None = None) -> None:
    """Forget all devices of this account but the one whose digest is `keep`."""
    Device.delete().where(Device.user == user, Device.digest != (keep or '')).execute()


def clean_up(at: datetime) -> None:
    """Delete devices that have not logged in for a year."""
    Device.delete().where(Device.used_at <= at - LASTS).execute()
