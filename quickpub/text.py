"""Words: what safe HTML says, what people typed made clean, and what we say to people."""

import re
import unicodedata
from collections.abc import Container
from html import escape, unescape
from itertools import chain, count
from textwrap import TextWrapper
from typing import NamedTuple

import nh3
import wcwidth
from markupsafe import Markup
from slugify import slugify

from . import formulas

# What safe HTML says

BLOCKS = frozenset('blockquote br dd details div dl dt figcaption figure h2 h3 h4 h5 h6 hr li ol p pre section '
                   'summary table td th tr ul'.split())
BESIDE_THE_TEXT = frozenset('figcaption figure h2 h3 h4 h5 h6 pre section table'.split())
MARKS = re.compile('<sup class="footnote-ref">.*?</sup>|<a href="[^"]*" class="footnote-back".*?</a>|'
                   '<span class="check"[^>]*>[^<]*</span>')  # of footnotes and tasks


def plain(html: str) -> str:
    """The text of safe HTML, for reading: a line for each block."""
    return _lines(formulas.as_typed(html))


def shown(html: str) -> str:
    """The same with what formulas show instead of their source: all that search finds a post by."""
    return _lines(formulas.as_shown(html))


def _lines(html: str) -> str:
    html = MARKS.sub('', html)
    bare = nh3.clean(html, tags=set(BLOCKS), attributes={}, link_rel=None)
    bare = re.sub(r'\n|</t[dh]>\s*<t[dh]>', ' ', bare)
    lines = unescape(re.sub('<[^>]*>', '\n', bare)).split('\n')
    return '\n'.join(filter(None, (' '.join(each.split()) for each in lines)))


HEADINGS = frozenset(each for each in BESIDE_THE_TEXT if each[1:].isdigit())
DISPLAYED = re.compile('<div class="formula".*?</div>', re.DOTALL)
# The scheme, who logs in, and what is behind the name of a site; not the mark that ends a sentence.
ADDRESS = re.compile(r'(?<!\w)[a-z][a-z0-9+.-]{0,20}://(?:[^\s/?#@]{1,100}@)?(?:www\.)?([^\s/?#:<>"（）「」。、]+)'
                     r'(?<![.,;!)])(?:[/?#:][^\s<>"（）「」。、]*)?(?<![.,;:!?)])', re.IGNORECASE)
UNREAD_LINK = re.compile(r'(!?)\[([^][]*)\]\([^()]*\)')  # Markdown that stayed as it was typed
ALT = re.compile('<img[^>]* alt="([^"]+)"')


def excerpt(html: str, limit: int = 220, with_headings: bool = False) -> str:
    """How safe HTML begins: running text only, ending with a sentence where one ends late enough, else with '…'. What
    only means something where it stands is left out (notes, tables, pictures), and of an address the site's name is
    kept, of a formula with commands '…'."""
    html = formulas.as_words(DISPLAYED.sub('', MARKS.sub('', html)))
    left_out = BESIDE_THE_TEXT - (HEADINGS if with_headings else frozenset())
    running = nh3.clean(html, tags=set(BLOCKS - left_out), attributes={}, link_rel=None,
                        clean_content_tags=set(left_out))
    lines = (each for each in plain(running).split('\n') if not each.startswith('|'))  # a table that is none
    words = UNREAD_LINK.sub(lambda link: '' if link[1] else link[2], ' '.join(lines)[:20 * limit])
    words = ADDRESS.sub(r'\1', words)
    return shorten(' '.join(words.split()), limit)


def beginning(html: str, limit: int) -> str:
    """What a post without a title is called in lists: its first words, or what is in its first picture."""
    alt = ALT.search(html)
    words = excerpt(html, limit, with_headings=True) or plain(html) or (unescape(alt[1]) if alt else '')
    return shorten(' '.join(words.split()), limit)


SENTENCE_END = re.compile(r'[.!?…。！？]["”’»)]?(?=\s|$)')


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of a line."""
    if len(text) <= limit:
        return text
    ends = [match.end() for match in SENTENCE_END.finditer(text, 0, limit)]
    if ends and ends[-1] >= limit // 2:
        return text[:ends[-1]]
    cut = text[:limit].rpartition(' ')[0]
    if len(cut) < limit // 2:  # a script without spaces, or one very long word
        cut = text[:limit - 1]
    return cut.rstrip(' ,;:–—-.') + '…'


WORD = re.compile('[\u3040-\u30ff\u3400-\u9fff]|[^\\s\u3040-\u30ff\u3400-\u9fff]+')


def words(html: str) -> int:
    """How many words safe HTML has. (A Chinese or Japanese character counts as one.)"""
    return len(WORD.findall(plain(html)))


HEADING = re.compile('<h([2-6])((?: [^>]*)? id="(h-[^"]*)"[^>]*)>(.*?)</h\\1>', re.DOTALL)


class Outline(NamedTuple):
    html: Markup  # with a way to the address of each heading
    parts: list[tuple[int, str, str]]  # level, id and text of each heading of the upper two levels


def outlined(html: str) -> Outline:
    """Safe HTML as a page shows it; what is stored, searched and sent in feeds is without such links."""
    parts = []

    def link(match: re.Match[str]) -> str:
        level, opening, name, title = match.groups()
        words = ' '.join(plain(title).split())
        if level in '23' and words:
            parts.append((int(level), name, words))
        label = escape(f'Link to “{words}”')
        return f'<h{level}{opening}>{title} <a class="anchor" href="#{name}" aria-label="{label}"></a></h{level}>'
    return Outline(Markup(HEADING.sub(link, html)), parts)  # noqa: S704  # it is cleaned


# What people type

class Rejected(Exception):
    """What was typed cannot be used: `errors` maps each form field to a sentence."""

    def __init__(self, **errors: str):
        super().__init__(' '.join(errors.values()))
        self.errors = errors


NOT_IN_TEXT = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]')  # nor may most stand in XML, so in a feed
# How word processors break a line (vertical tab, line separator) and a paragraph (form feed, paragraph separator).
LINE_BREAK, PARAGRAPH_BREAK = re.compile('[\x0b\u2028]'), re.compile('[\x0c\u2029]')
NOT_IN_LINE = re.compile(  # controls but white space, half characters, what turns text around or cannot be seen
    '[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\u200b\ufeff\ufffe\uffff]')
HALF_CHARACTER = re.compile('[\ud800-\udfff]')


def line(text: str, limit: int) -> str:
    """One clean line of what a person typed, at most `limit` characters; '' where nothing could be seen."""
    text = ' '.join(NOT_IN_LINE.sub('', text).split())[:10 * limit]
    text = unicodedata.normalize('NFC', text)[:limit].strip()
    return text if any(unicodedata.category(each)[0] in 'LNPS' for each in text) else ''


def whole_line(text: str, limit: int) -> str | None:
    """The same, or None for what is longer: nothing is left out without a word."""
    found = line(text, limit + 2)  # the first character too many may be a space, which does not count at the end
    return found if len(found) <= limit else None


def body(text: str) -> str:
    """A longer text as typed, made storable: newlines are \\n, breaks of other kinds are Markdown's, no control
    characters, no half characters."""
    text = re.sub('\r\n|[\r\x85]', '\n', text)
    text = PARAGRAPH_BREAK.sub('\n\n', LINE_BREAK.sub('  \n', text))
    return HALF_CHARACTER.sub('\ufffd', NOT_IN_TEXT.sub('', text))


def slug(text: str, default: str) -> str:
    """The text for an address: a-z, 0-9 and hyphens, at most 80, or `default` where nothing is left."""
    text = line(text, 400).replace("'", '').replace('’', '')
    return slugify(text, entities=False, decimal=False, hexadecimal=False, max_length=80, word_boundary=True,
                   save_order=True) or default


def caseless(text: str) -> str:
    """Return the text as it is compared where case and runs of white space make no difference (Unicode, D145)."""
    folded = unicodedata.normalize('NFD', text).casefold()
    return ' '.join(unicodedata.normalize('NFC', folded).split())


def free(wanted: str, stem: str, taken: Container[str]) -> str:
    """`wanted`, or where it is taken, the first of stem-2, stem-3, … that is not."""
    candidates = chain([wanted], (f'{stem}-{number}' for number in count(2)))
    return next(each for each in candidates if each not in taken)


# What we say to people

def number(value: int) -> str:
    return f'{value:,}'.replace(',', '\u202f')  # a narrow space that does not break


def signed(value: int | str | None) -> str:
    """A difference: '+3', '−1 200', '±0'; a word as it is, and nothing for None."""
    if not isinstance(value, int):
        return value or ''
    return ('+' if value > 0 else '−' if value else '±') + number(abs(value))


READ_PER_MINUTE = 220  # words


def minutes(count: int) -> str:
    return f'{max(1, round(count / READ_PER_MINUTE))}\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}read'


def middle(text: str, kept: int = 300) -> str:
    """A long text without its middle."""
    return text if len(text) <= 3 * kept else f'{text[:kept]} […] {text[-kept:]}'


def column(title: str, width: int) -> str:
    """A title cut to, or filled up to, so many columns of a terminal, where some characters take two and some none.

    One that reads from right to left is isolated, so that it does not turn around what stands beside it.
    """
    if title.isascii() and len(title) <= width:
        return title.ljust(width)
    if wcwidth.width(title) > width:
        title = wcwidth.clip(title, 0, width - 1) + '…'
    is_rtl = any(unicodedata.bidirectional(each) in ('R', 'AL') for each in title)
    filled = ' ' * (width - wcwidth.width(title))
    return (f'\u2068{title}\u2069' if is_rtl else title) + filled


WRAPPER = TextWrapper(72, break_long_words=False, break_on_hyphens=False)


def para(words: str) -> str:
    """A paragraph of a mail in plain text. Addresses stand outside of one, each on a line of its own."""
    return WRAPPER.fill(' '.join(words.split())) + '\n'


def columns(title: str, views: int, change: int | str | None, total: int) -> str:
    """One row of a report's table, 72 columns wide, in plain text."""
    return column(title, 38) + f'{views:10,}{simple(signed(change)):>11}{total:13,}'.replace(',', ' ')


def simple(text: str) -> str:
    """A number as a keyboard has its signs, for plain text."""
    return text.replace('\u202f', ' ').replace('−', '-').replace('±', '')


def size(count: float) -> str:
    """So many bytes, in words."""
    units = iter(('bytes', 'kB', 'MB', 'GB'))
    unit = next(units)
    while count >= 1000 and unit != 'GB':
        count, unit = count / 1000, next(units)
    return f'{count:.1f} {unit}' if count < 10 and unit != 'bytes' else f'{count:.0f} {unit}'


def plural(count: int, one: str, many: str) -> str:
    return f'{number(count)} {one if count == 1 else many}'
