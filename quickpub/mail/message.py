"""Make the email that is sent from the ledger's row, as text and as HTML with the same content.

The email package would need four times as long, and a site may send thousands of emails at once.
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
from ..codes import AS_WRITTEN, Code, Problem, from_plain
from ..look import colours
from ..models import Message, Site
from ..sentences import make_sentence, make_words
from ..settings import current
from ..translations import languages
from ..translations.languages import Language
from ..translations.messages import N_
from . import dkim
from .ledger import LONGEST_SUBJECT

LINKS = {'verify': '/verify/', 'reset': '/reset/', 'address': '/verify/', 'invite': '/signup?invite='}  # by purpose
LINK = 'https://link.invalid/'  # a placeholder for the email's own link, with no character that HTML would escape
NO_LINK = N_('(this link no longer works)')
LONGEST_LINE = 998  # characters (RFC 5322, 2.1.1)


class CannotBeMade(Problem):
    """The row lacks something that the templates need."""


IMPOSSIBLE = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)  # of a payload that makes no sense


def render(message: Message, site: Site | None = None) -> bytes:
    """Return the bytes of an email. The same row always makes the same bytes. Raises CannotBeMade."""
    site = site or Site.this()
    plain, html = bodies(message, site)
    # Nobody can predict the Message-ID and write the boundary into a text; and "=_" never occurs in quoted-printable.
    boundary = '=_' + message.message_id.strip('<>').partition('@')[0]
    whole = b''.join([
        *(_header(name, value) for name, value in _headers(message, site)),
        _header('Content-Type', f'multipart/alternative; boundary="{boundary}"'),
        _part(boundary, 'plain', plain.encode()),
        _part(boundary, 'html', html.encode()),
        f'\r\n--{boundary}--\r\n'.encode()])
    return dkim.signed(whole, current(), message.created_at)


def bodies(message: Message, site: Site) -> tuple[str, str]:
    """Return the text of an email, and the same as HTML. Raises CannotBeMade."""
    context = {'site_title': site.title, 'site_url': current().url, 'link': NO_LINK,
               'accent': colours.hexadecimal(colours.ACCENT, site.hue),
               'accent_in_the_dark': colours.hexadecimal(colours.ACCENT_IN_THE_DARK, site.hue)} | message.payload
    language = _language(message, site)
    if message.token is None:
        return _bodies(language, message.kind, context)
    link = f'{current().url}{LINKS[message.token.purpose]}{message.token.text}'
    plain, html = _but_for_the_link(language, message.kind, tuple((context | {'link': LINK}).items()))
    return plain.replace(LINK, link), html.replace(LINK, link)


@lru_cache(20)
def _but_for_the_link(language: Language, kind: str, context: tuple[tuple[str, Any], ...]) -> tuple[str, str]:
    """Return the bodies with a placeholder for the link: the emails of a thousand sign-ups differ in nothing else."""
    return _bodies(language, kind, dict(context))


def _bodies(language: Language, kind: str, context: dict[str, Any]) -> tuple[str, str]:
    try:
        with languages.use(language):
            words = {name: _make_words(value, context.get('zone')) for name, value in context.items()}
            plain, html = (templating.render(f'mail/{kind}.{form}', **words) for form in ('txt', 'html'))
    except (templating.TemplateError, *IMPOSSIBLE) as error:
        raise CannotBeMade('answer.other_version', error=str(error)) from error
    return plain, html.encode('ascii', 'xmlcharrefreplace').decode() + '\n'


def _make_words(value: Any, zone: str | None) -> Any:
    """Return a value of the payload with words in place of the codes, moments and periods in it."""
    if isinstance(value, dict):
        found = from_plain(value)
        return found if isinstance(found, dict) else make_words(found, zone)
    if isinstance(value, list):
        return [_make_words(each, zone) if isinstance(each, dict | list) else each for each in value]
    return value


def _language(message: Message, site: Site) -> Language:
    return languages.choose(message.language, site.language)


def make_subject(message: Message, site: Site) -> str:
    """Return the subject of an email in the recipient's language, as one line. Raises CannotBeMade."""
    code = Code.from_json(message.subject)
    if code is None or code.name == AS_WRITTEN:
        return message.subject
    try:
        with languages.use(_language(message, site)):
            return text.line(make_sentence(Code('subject.with_site', subject=code, site=site.title)), LONGEST_SUBJECT)
    except IMPOSSIBLE as error:
        raise CannotBeMade('answer.other_version', error=repr(error)) from error


TAG = re.compile(r'<[a-z][^<>]*>')
STYLE = re.compile(r' style="([^"]*)"')
SHEET = re.compile(r'<style>(.*?)</style>', re.DOTALL)


def style_sources(html: str) -> list[str]:
    """Return the sources of styles for a Content-Security-Policy with which an email's HTML is shown as it is sent: the
    hashes of its style sheet and of the styles of its elements."""
    styles = dict.fromkeys([*SHEET.findall(html), *(
        unescape(style) for tag in TAG.findall(html) for style in STYLE.findall(tag))])
    return ["'unsafe-hashes'", *(f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in styles)]


def _headers(message: Message, site: Site) -> Iterator[tuple[str, str]]:
    yield 'From', _sender(site.title, current().mail_from)
    yield 'To', message.recipient  # one bare address, see accounts.clean_email
    yield 'Subject', _words(make_subject(message, site))
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
    """Return a line as headers may have it (RFC 2047), encoded as a whole if a part must be: the email package's
    policies encode word by word, and lose or double spaces in between."""
    if line.isascii() and '=?' not in line:
        return line
    return Header(line, 'utf-8', header_name='Subject').encode(linesep='\r\n')


def _header(name: str, value: str) -> bytes:
    return f'{name}: {value}\r\n'.encode()  # UTF-8 in To, if the server takes such addresses (RFC 6532)


def _part(boundary: str, subtype: str, body: bytes) -> bytes:
    """Return one of the two alternatives, encoded unless every server takes it as it is (RFC 2045, 6)."""
    encoding = '7bit'
    if not body.isascii() or any(len(line) > LONGEST_LINE for line in body.split(b'\n')):
        encoding, body = 'quoted-printable', encodestring(body)
    head = (f'\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
            f'Content-Transfer-Encoding: {encoding}\r\n\r\n')
    return head.encode() + body.replace(b'\n', b'\r\n')
