"""Rules for the Markdown parser: dashes, quotation marks, and emphasis in scripts without spaces.

Only characters with one meaning are replaced. `(c)` may be the third item of a list and `+-` an option.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.smartquotes import process_inlines
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

# Dashes, dots and quotation marks

ELLIPSIS = re.compile(r'(?<!\.)\.\.\.(?!\.)')
EM_DASH = re.compile('(?<!-)---(?!-)')
EN_DASH = re.compile(r'(?<!\S)--(?!\S)|(?<=[^-\s])--(?=[^-\s])')  # not `--option`, nor `i--`


def set_dashes(state: StateCore) -> None:
    """Replace `--` by an en dash, `---` by an em dash and `...` by an ellipsis."""
    for token in _texts(state.tokens):
        if '..' in token.content or '--' in token.content:
            token.content = EN_DASH.sub('–', EM_DASH.sub('—', ELLIPSIS.sub('…', token.content)))


def _texts(tokens: list[Token]) -> Iterator[Token]:
    """Yield the text tokens of every block, without the text of bare links, which are web addresses."""
    for block in tokens:
        is_address = False
        for token in block.children or ():
            if token.info == 'auto':
                is_address = token.type == 'link_open'
            elif token.type == 'text' and not is_address:
                yield token


# Quotation marks as CLDR has them, double and then single ones; in all other languages as in English.
ENGLISH = ('“', '”', '‘', '’')
QUOTES = {language: marks for languages, marks in {
    'bg bs cs de et hr is ka lb lt mk sk sl sq sr': ('„', '“', '‚', '‘'), 'fi sv': ('”', '”', '’', '’'),
    'ar fa': ('«', '»', '‹', '›'), 'hu': ('„', '”', '»', '«'), 'pl ro': ('„', '”', '«', '»'),
    'ca el es eu gl hy it': ('«', '»', '“', '”'), 'nb nn': ('«', '»', '‘', '’'), 'ru uk': ('«', '»', '„', '“'),
    'fr': ('«\N{NARROW NO-BREAK SPACE}', '\N{NARROW NO-BREAK SPACE}»', '‹\N{NARROW NO-BREAK SPACE}',
           '\N{NARROW NO-BREAK SPACE}›'),
    'ja': ('「', '」', '『', '』'),
}.items() for language in languages.split()}


def quotes(language: str) -> tuple[str, ...]:
    """Return the quotation marks of a language (BCP 47): double ones, then those within a quotation."""
    return QUOTES.get(language.partition('-')[0], ENGLISH)


MAX_QUOTED = 5_000  # characters of one paragraph, for typographer's quotes
# Words that begin with an apostrophe, not a quotation mark: 'tis, 'em, the '90s, rock 'n' roll.
CONTRACTED = re.compile(r"(?<!\w)(?:'n'(?!\w)|'(?=\d\d(?:s\b|[.,;:!?)]|$))|'(?=(?:tis|tisn|twas|twasn|twere|twill|"
                        r"twould|twixt|tween|em|til|n|nuff|cos|cuz|bout|neath|gainst)\b))", re.IGNORECASE)
LONELY = re.compile(r"'(?=\w)|(?<=\w)'")


def set_quotes(state: StateCore) -> None:
    """Replace straight quotation marks and apostrophes by typographic ones."""
    for block in state.tokens:
        if block.children and len(block.content) <= MAX_QUOTED and ("'" in block.content or '"' in block.content):
            for token in _texts([block]):
                token.content = CONTRACTED.sub(lambda match: match[0].replace("'", '’'), token.content)
            process_inlines(block.children, state)
            for token in _texts([block]):  # a mark without a partner is an apostrophe
                token.content = LONELY.sub('’', token.content)


# Emphasis

CJK = re.compile('[\u1100-\u11ff\u20a9\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf'
                 '\ua960-\ua97c\uac00-\ud7ff\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uffee\U00016fe0-\U00018dff'
                 '\U0001aff0-\U0001b2ff\U0001f200-\U0001f265\U00020000-\U0003fffd]')
VARIATION_SELECTORS = '\ufe00\ufe01\ufe0e\ufe0f'


class CJKFriendlyState(StateInline):
    """Lets `**注意：**正文` be bold, as in the specification of markdown-cjk-friendly.

    CommonMark requires white space or punctuation outside of markers that have punctuation inside. Scripts without
    spaces have neither, so punctuation next to one of their characters counts as a letter.
    """

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:
        found = super().scanDelims(start, canSplitWord)
        end = start + found.length
        before = self.src[start - 1] if start else ' '
        after = self.src[end] if end < self.posMax else ' '
        if before in VARIATION_SELECTORS and start > 1:
            before = self.src[start - 2]
        before_cjk, after_cjk = bool(CJK.match(before)), bool(CJK.match(after))
        if not (before_cjk or after_cjk):
            return found
        before_space, after_space = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
        before_mark = _is_punctuation(before) and not before_cjk
        after_mark = _is_punctuation(after) and not after_cjk
        left = not after_space and (not after_mark or before_space or before_mark or before_cjk)
        right = not before_space and (not before_mark or after_space or after_mark or after_cjk)
        if canSplitWord or (before_cjk and after_cjk):  # `_`, too: the editor's button inserts it within sentences
            return Scanned(left, right, found.length)
        return Scanned(left and (not right or _is_punctuation(before)), right and (not left or _is_punctuation(after)),
                       found.length)


def _is_punctuation(character: str) -> bool:
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)


class CJKFriendlyInline(ParserInline):
    """The same parser with that state. A plugin would change the class for every parser of the process."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = CJKFriendlyState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(''):
            rule(state)
        return state.tokens
