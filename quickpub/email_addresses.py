"""Check and normalise email addresses."""

from unicodedata import normalize

from .codes import Problem

MAX_LOCAL, MAX_EMAIL = 64, 254  # bytes before the @, and characters in all (RFC 5321, 4.5.3.1)


class Unreachable(Problem):
    """The text looks like an email address, but no email can reach it."""


def parse(text: str) -> str:
    """Return one email address, normalised, an international domain as punycode (RFC 5890). Letters beyond ASCII
    before the @ are kept: whether they can be used depends on the mail server. Raises ValueError, or Unreachable.

    Names of closed networks (club@server.local) are accepted: whether email arrives shows whether it exists.
    """
    if '\uff20' in text or '\ufe6b' in text:
        raise Unreachable('email.wide_at')
    # Here, because it takes a twentieth of the time in which a process starts, and most processes never need it.
    import email_validator
    # The only way to accept .local, .test and the like; see its README.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    try:
        found = email_validator.validate_email(text, check_deliverability=False, globally_deliverable=False)
    except email_validator.EmailNotValidError as error:
        raise ValueError(f'must be one email address: {error}') from None
    if normalize('NFKC', found.local_part) != found.local_part:
        raise Unreachable('email.wide_letters')
    email = found.ascii_email or f'{found.local_part}@{found.ascii_domain}'
    local, _, domain = email.rpartition('@')
    if len(local.encode()) > MAX_LOCAL:
        raise Unreachable('email.too_long_before_at', limit=MAX_LOCAL)
    if len(email.encode()) > MAX_EMAIL:
        raise Unreachable('email.too_long', limit=MAX_EMAIL)
    if domain.rpartition('.')[2].isdigit():
        raise Unreachable('email.ends_with_number')
    return email


def to_readable_domain(domain: str) -> str:
    """Return the domain of a parsed address as people read it: an international one in its own letters."""
    if 'xn--' not in domain:
        return domain
    import idna  # here for the same reason as above
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain
