"""Check and normalise what people type about themselves and the site."""

from collections.abc import Iterable

from .. import text
from ..codes import Code, Rejected
from ..email_addresses import Unreachable
from ..email_addresses import parse as mail_address
from ..mail import transport
from ..models import Site
from . import passwords

NAME_LENGTH, TITLE_LENGTH = 60, 100  # characters
INVISIBLE = ' \t\r\n\xa0\u3000\u200b\u200c\u200d\u2060\ufeff'  # copied along with an address
SUSPENDED = Code('account.suspended')


def clean_email(typed: str) -> str:
    """Return one email address that this site can send to, normalised. Raises Rejected."""
    email = _parse_email(typed)
    if not email.isascii() and not transport.takes_international():
        raise Rejected('email.ascii_only')
    return email


def normalize_email(typed: str) -> str:
    """Return the address of a log-in form as it would be stored. One that would be rejected today is only stripped: it
    may have an older account."""
    try:
        return _parse_email(typed)
    except Rejected:
        return typed.strip(INVISIBLE)


def _parse_email(typed: str) -> str:
    typed = typed.strip(INVISIBLE)
    try:
        if typed != text.line(typed, 1000):
            raise ValueError
        return mail_address(typed)
    except Unreachable as problem:
        raise Rejected(problem.code) from None
    except ValueError:
        raise Rejected('email.invalid') from None


def clean_name(typed: str) -> str:
    """Return a member's public name, cleaned. Raises Rejected."""
    name = text.whole_line(typed, NAME_LENGTH)
    if name is None:
        raise Rejected('name.too_long', limit=NAME_LENGTH)
    if not name:
        raise Rejected('name.missing')
    return name


def clean_title(typed: str, field: str = 'title') -> str:
    """Return the site's title, cleaned. Raises Rejected."""
    title = text.whole_line(typed, TITLE_LENGTH)
    if not title:
        raise Rejected('site_title.length', field=field, limit=TITLE_LENGTH)
    return title


def clean_password(typed: str, field: str = 'password', words: Iterable[str] = ()) -> str:
    """Return a new password, normalised. Raises Rejected, also if it is made of `words` (see `avoided_words`)."""
    return passwords.clean(typed, field, words)


def avoided_words(*words: str | None) -> list[str]:
    """Return words that a password must not be made of: these, about its owner, and the site's title."""
    return [*filter(None, words), Site.this().title]


def validate_all(*checks: tuple) -> list:
    """Run each (check, argument, …) and return the cleaned values. Raises Rejected with the errors of all that fail."""
    errors: dict[str, Code] = {}
    values = []
    for check, *args in checks:
        try:
            values.append(check(*args))
        except Rejected as error:
            errors |= error.errors
    if errors:
        raise Rejected.of(errors)
    return values
