"""Formulas: TeX, as people type it between dollar signs, to MathML, which browsers set by themselves."""

import re
from html import unescape
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element

MAX_TEX = 2_000  # characters of one formula

# All that may stand in a formula: what the converter makes and browsers know (MathML Core), without colours, links,
# styles and classes, which it would let through.
TAGS = frozenset('math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup '
                 'mtable mtd mtext mtr munder munderover'.split())
ATTRIBUTES = {'math': {'alttext'}, 'mspace': {'width'}, 'mo': {'lspace', 'rspace', 'minsize', 'maxsize'}}
EITHER = {'true', 'false'}
ATTRIBUTE_VALUES = {
    'math': {'display': {'block', 'inline'}}, 'mfrac': {'linethickness': {'0', '0em', '0px'}},
    'mi': {'mathvariant': {'normal'}}, 'mover': {'accent': EITHER}, 'munder': {'accent': EITHER},
    'mo': {'accent': EITHER, 'fence': EITHER, 'movablelimits': EITHER, 'separator': EITHER, 'stretchy': EITHER,
           'form': {'prefix', 'infix', 'postfix'}},
    'mstyle': {'displaystyle': EITHER, 'scriptlevel': {'0', '1', '2'}}, 'mtable': {'displaystyle': EITHER},
    'menclose': {'notation': {'box', 'circle', 'roundedbox', 'updiagonalstrike', 'downdiagonalstrike',
                              'horizontalstrike', 'longdiv', 'top', 'bottom', 'left', 'right'}}}
LENGTH = re.compile(r'-?\d?(\.\d{1,4})?r?em|[\d.]{1,4}%?')  # no formula pushes anything off the page

LETTER_BY_LETTER = re.compile(r'(?<=>\w)</mi><mi(?: mathvariant="normal")?>(?=\w</mi>)')  # how words are set in one
TAG = re.compile('<[^>]*>')
FORMULA = re.compile(r'<math(?: (?:alttext="([^"]*)"|[a-z]+="[^"]*"))*>.*?</math>', re.DOTALL)
BLOCK = re.compile(rf'\$\$(?:(?!\$\$|\n[ \t]*\n).){{1,{MAX_TEX}}}?\$\$[ \t]*$', re.DOTALL | re.MULTILINE)
PRICE = re.compile(r'\$\d[\d.,]*\s*[-–/]?\s*[^\W\d_]{2}')  # '$5, or 10$' is no formula, nor is '$5 million'


def mathml(tex: str, is_block: bool) -> str | None:
    """The formula as MathML that is yet to be cleaned, with its source for who cannot see it; None for TeX that is too
    long or cannot be read."""
    if not 0 < len(tex) <= MAX_TEX:
        return None
    try:
        formula = convert_to_element(tex, display='block' if is_block else 'inline')
    except Exception:  # its own errors, RecursionError, StopIteration, IndexError, …: for TeX that is wrong it has many
        return None
    if any((each.text or '').startswith('\\') for each in formula.iter()):  # a command that it does not know
        return None
    for each in formula.iter():  # it writes characters as references, and means text to be put in as it is
        each.text, each.tail = unescape(each.text or ''), unescape(each.tail or '')
    formula.set('alttext', ' '.join(tex.split()))
    return ElementTree.tostring(formula, 'unicode')


def as_typed(html: str) -> str:
    """Safe HTML with the source of each formula instead of it."""
    return FORMULA.sub(lambda match: match[1] or '', html)


def as_shown(html: str) -> str:
    """Safe HTML with what each formula shows instead of it, its letters and words without TeX."""
    return FORMULA.sub(lambda match: TAG.sub(' ', LETTER_BY_LETTER.sub('', match[0])), html)


COMMANDS = re.compile(r'[\\^_{}&]')
UNSET = re.compile(r'<code>(\$+)[^<]*\1</code>')


def as_words(html: str) -> str:
    """Safe HTML with the source of each formula that anybody can read, such as `a > b`, and '…' for the others."""
    def read(formula: re.Match[str]) -> str:
        return '…' if COMMANDS.search(unescape(formula[1] or '')) else formula[1] or ''
    return UNSET.sub('…', FORMULA.sub(read, html))


ON_PAGE = re.compile(f'(<div class="formula"[^>]*>)?({FORMULA.pattern})', re.DOTALL)
MAX_NARROW = 8  # characters, about as many em: what fits into any line of a phone
BOX = '<span class="formula" role="group" aria-label="Formula" tabindex="0">{}</span>'


def in_boxes(html: str) -> str:
    """Safe HTML with a box around each wide formula within a line: it cannot be broken, so it scrolls inside."""
    def put(found: re.Match[str]) -> str:
        is_set_apart, formula = found[1], found[2]
        return found[0] if is_set_apart or _width(formula) <= MAX_NARROW else BOX.format(formula)
    return ON_PAGE.sub(put, html)


def _width(formula: str) -> int:
    """About how many characters it is wide, or more."""
    return len(unescape(TAG.sub('', formula))) + formula.count('<mspace') + formula.count('<mtd')
