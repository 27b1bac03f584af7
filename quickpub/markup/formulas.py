"""Formulas: convert TeX between dollar signs to MathML, which browsers display without scripts."""

import re
from html import unescape
from xml.etree import ElementTree

MAX_TEX = 2_000  # characters of one formula

# MathML Core, as far as the converter uses it, without colours, links, styles and classes, which it would let through.
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
LENGTH = re.compile(r'-?\d?(\.\d{1,4})?r?em|[\d.]{1,4}%?')  # small, so that no formula covers the rest of the page

LETTER_BY_LETTER = re.compile(r'(?<=>\w)</mi><mi(?: mathvariant="normal")?>(?=\w</mi>)')  # of a word
TAG = re.compile('<[^>]*>')
FORMULA = re.compile(r'<math(?: (?:alttext="([^"]*)"|[a-z]+="[^"]*"))*>.*?</math>', re.DOTALL)
BLOCK = re.compile(rf'\$\$(?:(?!\$\$|\n[ \t]*\n).){{1,{MAX_TEX}}}?\$\$[ \t]*$', re.DOTALL | re.MULTILINE)
PRICE = re.compile(r'\$\d[\d.,]*\s*[-–/]?\s*[^\W\d_]{2}')  # '$5, or 10$' is no formula, nor is '$5 million'


def mathml(tex: str, is_block: bool) -> str | None:
    """Return the formula as MathML that is not cleaned yet, with its source as alternative text; None for TeX that is
    too long or invalid."""
    if not 0 < len(tex) <= MAX_TEX:
        return None
    # Here, because it takes a tenth of the time in which a process starts, and most texts have no formulas.
    from latex2mathml.converter import convert_to_element
    try:
        formula = convert_to_element(tex, display='block' if is_block else 'inline')
    except Exception:  # for invalid TeX: its own errors, RecursionError, StopIteration, IndexError, …
        return None
    if any((each.text or '').startswith('\\') for each in formula.iter()):  # a command that the converter does not know
        return None
    for each in formula.iter():  # the converter writes characters as references
        each.text, each.tail = unescape(each.text or ''), unescape(each.tail or '')
    formula.set('alttext', ' '.join(tex.split()))
    return ElementTree.tostring(formula, 'unicode')


def as_typed(html: str) -> str:
    """Return safe HTML with the source of each formula in its place."""
    return FORMULA.sub(lambda match: match[1] or '', html)


def as_shown(html: str) -> str:
    """Return safe HTML with the letters and words that each formula shows in its place."""
    return FORMULA.sub(lambda match: TAG.sub(' ', LETTER_BY_LETTER.sub('', match[0])), html)


COMMANDS = re.compile(r'[\\^_{}&]')
UNSET = re.compile(r'<code>(\$+)[^<]*\1</code>')


def as_words(html: str) -> str:
    """Return safe HTML with the source of each readable formula, such as `a > b`, and '…' for the others."""
    def read(formula: re.Match[str]) -> str:
        return '…' if COMMANDS.search(unescape(formula[1] or '')) else formula[1] or ''
    return UNSET.sub('…', FORMULA.sub(read, html))


ON_PAGE = re.compile(f'(<div class="formula"[^>]*>)?({FORMULA.pattern})', re.DOTALL)
MAX_NARROW = 8  # characters, about as many em: they fit into a line on any phone
BOX = '<span class="formula" role="group" aria-label="Formula" tabindex="0">{}</span>'


def in_boxes(html: str) -> str:
    """Return safe HTML with a scrolling box around each wide formula within a line: browsers do not break formulas."""
    def put(found: re.Match[str]) -> str:
        is_set_apart, formula = found[1], found[2]
        return found[0] if is_set_apart or _width(formula) <= MAX_NARROW else BOX.format(formula)
    return ON_PAGE.sub(put, html)


def _width(formula: str) -> int:
    """Return about how many characters wide the formula is, or more."""
    return len(unescape(TAG.sub('', formula))) + formula.count('<mspace') + formula.count('<mtd')
