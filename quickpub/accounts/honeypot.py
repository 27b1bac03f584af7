"""Telling robots from people at the sign-up form: a field that only robots fill in, and a form that takes a person a
few seconds. No JavaScript, no puzzle, no third party."""

from datetime import datetime, timedelta

from .. import clocks
from ..settings import current
from ..signing import seal, unseal

TRAP = 'interest'  # the field; browsers and password managers know no such thing to fill in
OPENED = 'opened'  # the hidden field that says when the form was opened
PURPOSE = 'form opened'
OPEN_FOR = timedelta(days=2)  # or a robot could use one such moment for ever


def stamp(at: datetime) -> str:
    """Return what the hidden field holds in a form that is opened now."""
    return seal(PURPOSE, str(at))


def stamp_again(sent: str, at: datetime) -> str:
    """Return the same for a form that is shown again: the first moment counts, if it is a good one."""
    return sent if _opened(sent, at) else stamp(at)


def is_too_quick(sent: str, at: datetime) -> bool:
    """Return whether a form was sent too soon after it was opened, or does not say when that was."""
    least, opened = timedelta(seconds=current().signup_seconds), _opened(sent, at)
    return bool(least) and (opened is None or at - opened < least)


def _opened(sent: str, at: datetime) -> datetime | None:
    """Return when the form was opened, or None where that is long ago, in the future, or not signed by this site."""
    text = unseal(PURPOSE, sent)
    opened = datetime.fromisoformat(text) if text else None
    return opened if opened and clocks.is_lately(opened, OPEN_FOR, at) else None
