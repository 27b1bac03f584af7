"""Check and normalise email addresses."""

from unicodedata import normalize

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

MAX_LOCAL, MAX_EMAIL = 64, 254  # bytes before the @, and characters in all (RFC 5321, 4.5.3.1)


class Unreachable(ValueError):
    """The text looks like an email address, but no email can reach it. The message says why, and what to do."""


def parse(text: str) -> str:
    """Return one email address, normalised, an international domain as punycode (RFC 5890). Letters beyond ASCII
    before the @ are kept: whether they can be used depends on the mail server. Raises ValueError saying why not.

    Names of closed networks (club@server.local) are accepted: whether email arrives shows whether it exists.
    """
    if '\uff20' in text or '\ufe6b' in text:
        raise Unreachable('This email address has a wide ＠. Type the plain @ instead.')
    _allow_closed_networks()
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f'must be one mail address: {error}') from None
    if normalize('NFKC', found.local_part) != found.local_part:
        raise Unreachable('This email address has wide or joined letters before the @. Type plain ones instead.')
    email = found.ascii_email or f'{found.local_part}@{found.ascii_domain}'
    local, _, domain = email.rpartition('@')
    if len(local.encode()) > MAX_LOCAL:
        raise Unreachable(f'This email address is too long: it can have {MAX_LOCAL} characters before the @.')
    if len(email.encode()) > MAX_EMAIL:
        raise Unreachable(f'This email address is too long: it can have {MAX_EMAIL} characters.')
    if domain.rpartition('.')[2].isdigit():
        raise Unreachable('This email address ends with a number. It looks like name@example.org.')
    return email


def _allow_closed_networks() -> None:
    """Let the library accept .local, .test and the like. It has no other way; see its README."""
    SPECIAL_USE_DOMAIN_NAMES.clear()
