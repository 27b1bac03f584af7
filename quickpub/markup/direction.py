"""Set the direction of each block of a text: from left to right, or from right to left."""

import re
import unicodedata

BLOCKS = frozenset('blockquote caption dd details div dl dt figcaption figure h2 h3 h4 h5 h6 li ol p section summary '
                   'table td th ul'.split())
CODE = frozenset('code kbd math pre samp'.split())  # left to right in any language
TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^">]|"[^"]*")*)>')  # cleaned HTML has double quotes
DIR = re.compile(' dir="')
REFERENCE = re.compile('&[a-z]+;|&#[0-9]+;')
RTL = re.compile('[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]')


def direct(html: str) -> str:
    """Return safe HTML in which each block has the direction of its own words, and code runs from left to right.

    `dir="auto"` looks at a block's own words, but not into blocks that have a `dir` themselves. So a list, or a quote
    of several paragraphs, gets the direction of its first words. A block without words inherits its direction.
    """
    is_mixed, output, position = has_rtl(html), [], 0
    open_blocks: list[_Block] = []
    in_code = 0
    for tag in TAG.finditer(html):
        if open_blocks and not in_code:
            _read(open_blocks, html[position:tag.start()])
        output.append(html[position:tag.start()])
        position = tag.end()
        closing, name, attributes = tag.groups()
        if name in CODE:
            in_code = max(0, in_code - 1) if closing else in_code + 1
            is_new = not closing and is_mixed and not DIR.search(attributes)
            output.append(f'<{name} dir="ltr"{attributes}>' if is_new else tag[0])
        elif name in BLOCKS and not in_code:
            output.append(tag[0])
            if not closing:
                open_blocks.append(_Block(name, attributes, len(output) - 1))
            elif open_blocks and open_blocks[-1].name == name:
                block = open_blocks.pop()
                output[block.place] = block.opening()
        else:
            output.append(tag[0])
    return ''.join(output) + html[position:]


def has_rtl(html: str) -> bool:
    """Return whether any text in the HTML is written from right to left."""
    return bool(RTL.search(html))


class _Block:
    """A block whose end has not been reached yet."""

    def __init__(self, name: str, attributes: str, place: int):
        self.name, self.attributes, self.place = name, attributes, place
        self.is_rtl: bool | None = None  # None until the first word
        self.is_own = False  # the first word is not in a nested block

    def opening(self) -> str:
        if self.is_rtl is None or DIR.search(self.attributes):
            return f'<{self.name}{self.attributes}>'
        direction = 'rtl' if self.is_rtl and not self.is_own else 'auto'
        return f'<{self.name}{self.attributes} dir="{direction}">'


def _read(open_blocks: list[_Block], text: str) -> None:
    """Give the direction of this text to all blocks around it that have none yet."""
    if open_blocks[-1].is_rtl is not None:
        return
    is_rtl = next((kind != 'L' for kind in map(unicodedata.bidirectional, REFERENCE.sub(' ', text))
                   if kind in ('L', 'R', 'AL')), None)
    if is_rtl is None:
        return
    open_blocks[-1].is_own = True
    for block in reversed(open_blocks):
        if block.is_rtl is not None:
            break
        block.is_rtl = is_rtl
