"""The mail itself: from the ledger's row to the bytes that are sent, text and HTML with the same content.

Put together by hand, because the email package needs four times as long, and a site may have thousands to send at
once. What it does well and few mails need, encoded headers, is left to it.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from html import unescape
from quopri import encodestring
from typing import Any
from urllib.parse import urlsplit

from .. import templating, text
from ..models import Message, Site
from ..settings import current
from ..translations import languages
from ..translations.languages import Language
from . import dkim

LINKS = {'verify': '/verify/', 'reset': '/reset/', 'address': '/verify/', 'invite': '/signup?invite='}  # by purpose
LINK = 'https://link.invalid/'  # where a mail's own link will stand; it has no sign that HTML would escape either
LONGEST_LINE = 998  # characters (RFC 5322, 2.1.1)


class CannotBeMade(Exception):
    """The row lacks what the templates need. The message says so to the owner."""


IMPOSSIBLE = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)  # a payload that makes no sense


def render(message: Message, site: Site | None = None) -> bytes:
    """The mail, made from the ledger's row alone: the same row always makes the same bytes. Raises CannotBeMade."""
    site = site or Site.this()
    plain, html = bodies(message, site)
    # From what nobody can know beforehand: or a text could contain it. (And "=_" never occurs in quoted-printable.)
    boundary = '=_' + message.message_id.strip('<>').partition('@')[0]
    whole = b''.join([
        *(_header(name, value) for name, value in _headers(message, site)),
        _header('Content-Type', f'multipart/alternative; boundary="{boundary}"'),
        _part(boundary, 'plain', plain.encode()),
        _part(boundary, 'html', html.encode()),
        f'\r\n--{boundary}--\r\n'.encode()])
    return dkim.signed(whole, current(), message.created_at)


def bodies(message: Message, site: Site) -> tuple[str, str]:
    """Its text, and the same as HTML, as they are sent. Raises CannotBeMade."""
    context = {'site_title': site.title, 'site_url': current().url, 'link': '(this link is gone)'} | message.payload
    language = languages.choose(message.language, site.language)
    if message.token is None:
        return _bodies(language, message.kind, context)
    link = f'{current().url}{LINKS[message.token.purpose]}{message.token.text}'
    plain, html = _but_for_the_link(language, message.kind, tuple((context | {'link': LINK}).items()))
    return plain.replace(LINK, link), html.replace(LINK, link)


@lru_cache(20)
def _but_for_the_link(language: Language, kind: str, context: tuple[tuple[str, Any], ...]) -> tuple[str, str]:
    """Of a thousand sign-ups at once each mail says the same."""
    return _bodies(language, kind, dict(context))


def _bodies(language: Language, kind: str, context: dict[str, Any]) -> tuple[str, str]:
    try:
        with languages.use(language):
            plain, html = (templating.render(f'mail/{kind}.{form}', **context) for form in ('txt', 'html'))
    except (templating.TemplateError, *IMPOSSIBLE) as error:
        raise CannotBeMade(f'This version of Quickpub cannot make this mail, which another one has written: {error}'
                           ) from error
    return plain, html.encode('ascii', 'xmlcharrefreplace').decode() + '\n'


TAG = re.compile(r'<[a-z][^<>]*>')
STYLE = re.compile(r' style="([^"]*)"')
SHEET = re.compile(r'<style>(.*?)</style>', re.DOTALL)


def style_sources(html: str) -> list[str]:
    """Return what a Content-Security-Policy must name so that an email's HTML is shown as it is sent: the hash of its
    style sheet and of each style that stands on an element. So nothing else can have a style."""
    styles = dict.fromkeys([*SHEET.findall(html), *(
        unescape(style) for tag in TAG.findall(html) for style in STYLE.findall(tag))])
    return ["'unsafe-hashes'", *(f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in styles)]


def _headers(message: Message, site: Site) -> Iterator[tuple[str, str]]:
    yield 'From', _sender(site.title, current().mail_from)
    yield 'To', message.recipient  # one bare address, see accounts.clean_email
    yield 'Subject', _words(message.subject)
    yield 'Date', _date(message.created_at)
    yield 'Message-ID', message.message_id
    yield 'Auto-Submitted', 'auto-generated'  # RFC 3834
    if unsubscribe := message.payload.get('unsubscribe_url'):
        yield 'List-Id', _words(f'<reports.{urlsplit(current().url).hostname}>')  # RFC 2919
        yield 'List-Unsubscribe', _words(f'<{unsubscribe}>')  # RFC 2369; one URL, never folded
        if current().is_https:
            yield 'List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'  # RFC 8058
    yield 'MIME-Version', '1.0'


@lru_cache(10)  # of a thousand emails most are written at one moment
def _date(written_at: datetime) -> str:
    return format_datetime(written_at.replace(tzinfo=UTC))


@lru_cache(10)
def _sender(title: str, address: str) -> str:
    name = text.line(title, 60)
    is_plain = _words(name) == name
    return str(Address(display_name=name, addr_spec=address)) if is_plain else f'{_words(name)} <{address}>'


@lru_cache(100)
def _words(line: str) -> str:
    """A line as a header may have it (RFC 2047): encoded as a whole where a part must be. The email package's policies
    encode word by word, and lose or double spaces in between."""
    if line.isascii() and '=?' not in line:
        return line
    return Header(line, 'utf-8', header_name='Subject').encode(linesep='\r\n')


def _header(name: str, value: str) -> bytes:
    return f'{name}: {value}\r\n'.encode()  # To as it is: a server that takes such an address takes it here (RFC 6532)


def _part(boundary: str, subtype: str, body: bytes) -> bytes:
    """One of the two alternatives: as it is where every server takes that, otherwise encoded (RFC 2045, 6)."""
    encoding = '7bit'
    if not body.isascii() or any(len(line) > LONGEST_LINE for line in body.split(b'\n')):
        encoding, body = 'quoted-printable', encodestring(body)
    head = (f'\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
            f'Content-Transfer-Encoding: {encoding}\r\n\r\n')
    return head.encode() + body.replace(b'\n', b'\r\n')
