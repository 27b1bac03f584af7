"""Where else readers find a member: web addresses, and a handle in the fediverse."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from .. import text
from ..codes import Rejected
from ..email_addresses import Unreachable
from ..email_addresses import parse as parse_email
from ..models import User

MOST_LINKS = 6
MAX_LINK, MAX_LABEL = 300, 40  # characters
SCHEME = re.compile('[a-z][a-z0-9+.-]*:(?!\\d)', re.IGNORECASE)  # not the port of a host
HOST = r'(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}'
HANDLE = re.compile(rf'@?([a-z0-9_][a-z0-9_.-]{{0,63}})@({HOST})', re.IGNORECASE)
PROFILE = re.compile(rf'https://({HOST})/@([a-z0-9_][a-z0-9_.-]{{0,63}})/?', re.IGNORECASE)


class Contact(NamedTuple):
    """A link as readers see it."""
    url: str
    label: str


def clean_links(typed: str) -> str:
    """Return the web addresses that were typed, one a line, each in full. Raises Rejected."""
    lines = [line for line in (text.line(each, MAX_LINK + 1) for each in text.body(typed).split('\n')) if line]
    if len(lines) > MOST_LINKS:
        raise Rejected('links.too_many', limit=MOST_LINKS)
    return '\n'.join(_clean_link(line) for line in lines)


def _clean_link(typed: str) -> str:
    url = typed if SCHEME.match(typed) else f'mailto:{typed}' if '@' in typed.partition('/')[0] else f'https://{typed}'
    try:
        parts = urlsplit(url)
        is_page = parts.scheme in ('http', 'https') and '.' in (parts.hostname or '') and '@' not in parts.netloc
        parts.port  # noqa: B018  # it raises ValueError
        if parts.scheme == 'mailto' and not parts.query:
            parse_email(parts.path)
        elif not is_page:
            raise ValueError
    except (ValueError, Unreachable):
        raise Rejected('links.invalid', link=text.shorten(typed, MAX_LABEL)) from None
    if len(url) > MAX_LINK or re.search(r'[\s<>"]', url):
        raise Rejected('links.invalid', link=text.shorten(typed, MAX_LABEL))
    return url


def clean_fediverse(typed: str) -> str:
    """Return a handle such as @anna@example.social, also from the web address of a profile; '' for ''. Raises
    Rejected."""
    typed = text.line(typed, MAX_LINK)
    if not typed:
        return ''
    if profile := PROFILE.fullmatch(typed):
        typed = f'{profile[2]}@{profile[1]}'
    found = HANDLE.fullmatch(typed)
    if found is None:
        raise Rejected('fediverse.invalid')
    return f'@{found[1]}@{found[2].lower()}'


def list_contacts(member: User) -> list[Contact]:
    """Return the links of a member, their profile in the fediverse last."""
    found = [Contact(url, _label(url)) for url in member.links.split('\n') if url]
    if member.fediverse:
        _, name, host = member.fediverse.split('@')
        profile = Contact(f'https://{host}/@{name}', member.fediverse)
        found = [*(each for each in found if each.url.rstrip('/') != profile.url), profile]
    return found


def _label(url: str) -> str:
    """Return a web address without what readers need not see."""
    label = re.sub(r'^(https?://(www\.)?|mailto:)', '', url, flags=re.IGNORECASE).partition('?')[0].partition('#')[0]
    return text.shorten(label.rstrip('/'), MAX_LABEL)
