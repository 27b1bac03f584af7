"""Clean and shorten the text that people type."""

import re
import unicodedata
from collections.abc import Container
from itertools import chain, count

from slugify import slugify

NOT_IN_TEXT = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]')  # nor may most stand in XML, so in a feed
# How word processors break a line (vertical tab, line separator) and a paragraph (form feed, paragraph separator).
LINE_BREAK, PARAGRAPH_BREAK = re.compile('[\x0b\u2028]'), re.compile('[\x0c\u2029]')
NOT_IN_LINE = re.compile(  # controls but white space, half characters, what turns text around or cannot be seen
    '[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\u200b\ufeff\ufffe\uffff]')
# Direction marks that last until another one ends them, wherever that is.
LASTING_MARK = re.compile('[\u202a-\u202e\u2066-\u2069]')
HALF_CHARACTER = re.compile('[\ud800-\udfff]')


def line(text: str, limit: int) -> str:
    """Return the text as one clean line of at most `limit` characters, or '' if nothing in it is visible."""
    text = ' '.join(NOT_IN_LINE.sub('', text).split())[:10 * limit]
    text = unicodedata.normalize('NFC', text)[:limit].strip()
    return text if any(unicodedata.category(each)[0] in 'LNPS' for each in text) else ''


def whole_line(text: str, limit: int) -> str | None:
    """Return the text as one clean line, or None if it has more than `limit` characters."""
    found = line(text, limit + 2)  # the first character too many may be a space, which does not count at the end
    return found if len(found) <= limit else None


def body(text: str) -> str:
    """Return a longer text as it is stored: newlines are \\n, breaks of other kinds are those of Markdown, without
    control characters and half characters."""
    text = re.sub('\r\n|[\r\x85]', '\n', text)
    text = PARAGRAPH_BREAK.sub('\n\n', LINE_BREAK.sub('  \n', text))
    return HALF_CHARACTER.sub('\ufffd', NOT_IN_TEXT.sub('', text))


def slug(text: str, default: str) -> str:
    """Return a slug of the text: at most 80 of a-z, 0-9 and hyphens, or `default` if nothing is left."""
    text = line(text, 400).replace("'", '').replace('’', '')
    return slugify(text, entities=False, decimal=False, hexadecimal=False, max_length=80, word_boundary=True,
                   save_order=True) or default


def caseless(text: str) -> str:
    """Return the text as it is compared where case and runs of white space make no difference (Unicode, D145)."""
    folded = unicodedata.normalize('NFD', text).casefold()
    return ' '.join(unicodedata.normalize('NFC', folded).split())


def free(wanted: str, stem: str, taken: Container[str]) -> str:
    """Return `wanted`, or if it is taken, the first of stem-2, stem-3, … that is not."""
    candidates = chain([wanted], (f'{stem}-{number}' for number in count(2)))
    return next(each for each in candidates if each not in taken)


SENTENCE_END = re.compile(r'[.!?…。！？]["”’»)]?(?=\s|$)')


def shorten(text: str, limit: int) -> str:
    """Return the beginning of a line, at most `limit` characters, cut after a sentence or a word if possible."""
    if len(text) <= limit:
        return text
    ends = [match.end() for match in SENTENCE_END.finditer(text, 0, limit)]
    if ends and ends[-1] >= limit // 2:
        return text[:ends[-1]]
    cut = text[:limit].rpartition(' ')[0]
    if len(cut) < limit // 2:  # a script without spaces, or one very long word
        cut = text[:limit - 1]
    return cut.rstrip(' ,;:–—-.') + '…'


def middle(text: str, kept: int = 300) -> str:
    """Return a long text without its middle: the first and the last `kept` characters."""
    return text if len(text) <= 3 * kept else f'{text[:kept]} […] {text[-kept:]}'
