"""Markdown to safe HTML: read by a parser with a few rules of our own, cleaned of everything that is not on a list, and
with what shows an uploaded file in the place of each image of one."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from html import escape
from itertools import pairwise
from time import thread_time
from typing import Any

import nh3
import pygments
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, link
from markdown_it.rules_inline import image as image_rule
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_block_dollar, math_inline_dollar
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_ref
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

from .. import text
from . import direction, formulas, links, typography


@dataclass(frozen=True)
class File:
    """What a page must know of an uploaded file that a text mentions; of a picture, once there is something to show."""
    kind: str  # image, audio, video, document
    width: int = 0
    height: int = 0
    colour: str = ''  # such as '#6b7f4c': what there is most of; '' where one can look through
    is_failed: bool = False  # there will never be anything to show
    moving: Sequence[int] = ()  # widths of what moves, as animated WebP
    widths: Mapping[str, Sequence[int]] = field(default_factory=dict)  # by ending; the last ending is for everybody


# Raise it with every change of what `to_html`, `text.excerpt`, `text.beginning` or `text.words` make of the same text:
# posts that an older version has rendered are rendered again in the background.
VERSION = 1


def to_html(source: str, files: Mapping[str, File] | None = None, language: str = 'en') -> str:
    """Return safe HTML of Markdown with the quotation marks of this language. Whatever is in it, nothing but TAGS,
    ATTRIBUTES and CLASSES comes out, and in the place of images at /media/<digest>/<name> what shows those of `files`
    (digest -> file)."""
    html = CLEANER.clean(_parser(typography.quotes(language)).render(text.body(source)))
    html = text.NOT_IN_TEXT.sub('\ufffd', html).strip()  # not '': java&#1;script: must not become javascript: now
    return IMAGE.sub(partial(_show, files), html) if files else html


# What `to_html` makes of uploaded files, after the cleaning.
PLAYED = {'src', 'controls', 'preload', 'aria-label'}
SHOWN = {
    'picture': set(), 'source': {'type', 'media', 'srcset', 'sizes'}, 'audio': PLAYED, 'video': PLAYED,
    'a': {'href', 'download'}, 'img': {'src', 'alt', 'width', 'height', 'srcset', 'sizes', 'decoding'}}
BACKDROP = re.compile('(?<=<span class="picture">)<svg .*?</svg>')


def for_page(html: str, prefix: str) -> str:
    """Safe HTML as a page of the site shows it: its paths below the prefix of the public address, wide formulas in
    boxes that scroll, each block in the direction of its own words."""
    return direction.direct(formulas.in_boxes(links.below(html, prefix)))


def absolute(html: str, site: str, path: str) -> str:
    """Safe HTML with every address in full, for who reads it elsewhere and without our stylesheet: of the post with
    this path, on the site with this address. It has no ids, because elsewhere it may stand beside other posts; links to
    its own parts and footnotes lead to the post's page."""
    shown = RULES | {'tags': TAGS | SHOWN.keys(), 'attributes': ATTRIBUTES | SHOWN | {'*': ATTRIBUTES['*'] - {'id'}}}
    html = links.below(BACKDROP.sub('', html), site)
    html = direction.direct(html) if direction.has_rtl(html) else html
    return nh3.Cleaner(**shown, url_relative=('rewrite_with_base', site + path)).clean(html)


# The parser, and rules of our own. What lies past a limit (MAX_…) stays as it was typed: no honest text has so much,
# and without limits some rules are quadratic.

class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return links.is_live(url)


@cache
def _parser(quotes: tuple[str, ...]) -> MarkdownIt:
    """CommonMark and more. HTML in the source is left to the cleaner. maxNesting bounds every recursion."""
    parser = _Parser()
    parser.inline = typography.CJKFriendlyInline()
    parser.configure('commonmark', {'typographer': True, 'quotes': quotes, 'tasklists': True, 'maxNesting': 20})
    parser.enable(['table', 'strikethrough', 'replacements', 'smartquotes', 'linkify'])
    parser.inline.ruler.at('linkify', links.find_bare_link)
    parser.inline.ruler.at('link', partial(_bracketed, link))
    parser.inline.ruler.at('image', partial(_bracketed, image_rule))
    parser.block.ruler.at('table', _table, {'alt': ['paragraph', 'reference']})
    parser.use(deflist_plugin).use(footnote_plugin, inline=False)
    parser.inline.ruler.at('footnote_ref', _footnote_ref)
    parser.use(dollarmath_plugin)
    parser.inline.ruler.at('math_inline', _math_inline)
    parser.block.ruler.at('math_block', _math_block)
    parser.core.ruler.at('replacements', typography.set_dashes)
    parser.core.ruler.at('smartquotes', typography.set_quotes)
    for rule in (links.unlink_code, _limit, _describe, _head, _align, _caption, _colour, _set_formulas):
        parser.core.ruler.push(rule.__name__, rule)
    parser.add_render_rule('list_item_open', _list_item_open)
    parser.add_render_rule('footnote_anchor', _footnote_anchor)
    parser.add_render_rule('footnote_caption', lambda self, tokens, index, *_: str(tokens[index].meta['id'] + 1))
    parser.add_render_rule('footnote_block_open', lambda *_: '<section class="footnotes">\n<ol>\n')
    parser.add_render_rule('table_open', lambda *_: (  # a wide one scrolls, so it must be reachable by keyboard
        '<div class="table" role="group" aria-label="Table" tabindex="0">\n<table>\n'))
    parser.add_render_rule('table_close', lambda *_: '</table>\n</div>\n')
    return parser


MAX_UNLINKED = 5_000  # brackets in one text that turn out to begin no link and no image


def _bracketed(rule: Callable[[StateInline, bool], bool], state: StateInline, silent: bool) -> bool:
    """[a](/b) and ![a](/b). For each [ that is never closed, the library reads on at every level of nesting."""
    if not state.src.startswith(('[', '!['), state.pos) or state.env.get('unlinked', 0) >= MAX_UNLINKED:
        return False
    found = rule(state, silent)
    if not found:
        state.env['unlinked'] = state.env.get('unlinked', 0) + 1
    return found


MAX_CELLS = 20_000  # of all tables in one text, with those that are made up because a row has fewer than the heading


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table. The library fills up short rows: two characters may be worth a thousand cells."""
    left = MAX_CELLS - state.env.get('cells', 0)
    columns = state.src.count('|', state.bMarks[start], state.eMarks[start]) + 1
    if not columns <= left or not table(state, start, min(end, start + 1 + max(1, left // columns)), silent):
        return False
    if not silent:
        state.env['cells'] = state.env.get('cells', 0) + columns * (state.line - start - 1)
    return True


MAX_NOTED = 5_000  # marks of footnotes in one text: each of four characters makes two links
FOOTNOTE_MARK = re.compile(r'\[\^[^\s\]]{1,100}\]')


def _footnote_ref(state: StateInline, silent: bool) -> bool:
    """The plugin's rule looks for the ] to the end of the text, at each [^ again: look first, and not so far."""
    noted = state.env.get('noted', 0)
    if noted >= MAX_NOTED or not FOOTNOTE_MARK.match(state.src, state.pos) or not footnote_ref(state, silent):
        return False
    if not silent:
        state.env['noted'] = noted + 1
    return True


MATH = {'math_inline', 'math_inline_double', 'math_block'}
MATH_INLINE = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)
MATH_BLOCK = math_block_dollar(allow_labels=False, allow_blank_lines=False)


def _math_inline(state: StateInline, silent: bool) -> bool:
    """$a$, where it is no price and no variable: nothing but a formula is closed up at both ends and stands alone."""
    before = state.src[state.pos - 1:state.pos]
    return not before.isalnum() and not formulas.PRICE.match(state.src, state.pos) and MATH_INLINE(state, silent)


def _math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """$$…$$ on lines of its own. The plugin's rule would look for the end to the end of the text, at each $$ again."""
    return bool(formulas.BLOCK.match(state.src, state.bMarks[start] + state.tShift[start])) and MATH_BLOCK(
        state, start, end, silent)


MAX_HTML = 5_000  # HTML tags typed into one text: each may be nested in the one before
MAX_LINKED = 100_000  # characters of addresses and titles, beyond ten times the text: one reference, used often


def _limit(state: StateCore) -> None:
    """Tags and links, as many as there may be."""
    html_left, links_left = MAX_HTML, MAX_LINKED + 10 * len(state.src)
    for token in _all(state.tokens):
        if token.type in ('html_block', 'html_inline'):
            html_left -= token.content.count('<')
            if html_left < 0:
                token.content = escape(token.content)
        elif token.type in ('link_open', 'image'):
            links_left -= sum(len(str(value)) for value in token.attrs.values())
            if links_left < 0:
                token.attrs.clear()


def _all(tokens: list[Token]) -> Iterator[Token]:
    """The blocks, and all that stands in each."""
    for block in tokens:
        yield block
        yield from block.children or ()


def _describe(state: StateCore) -> None:
    """The description of an image is text alone, formulas in it too."""
    for image in _all(state.tokens):
        for child in image.children or ():
            if image.type == 'image' and child.type in MATH:
                child.type, child.content = 'text', f'${child.content}$'


def _head(state: StateCore) -> None:
    """Headings begin with h2, for h1 is the title, and each has an id."""
    levels = [int(token.tag[1]) for token in state.tokens if token.type == 'heading_open']
    shift = 2 - min(levels, default=2)
    taken: dict[str, int] = {}
    for token, following in pairwise(state.tokens):
        if token.type in ('heading_open', 'heading_close'):
            token.tag = f'h{min(6, int(token.tag[1]) + shift)}'
        if token.type == 'heading_open':
            name = 'h-' + text.slug(_text_of(following), 'part')
            taken[name] = taken.get(name, 0) + 1
            token.attrSet('id', name if taken[name] == 1 else f'{name}--{taken[name]}')


def _text_of(inline: Token) -> str:
    return ''.join(child.content for child in inline.children or () if child.type in {'text', 'code_inline', *MATH})


def _align(state: StateCore) -> None:
    """Cells of tables have a class where the plugin gives them a style."""
    for token in state.tokens:
        if token.type in ('th_open', 'td_open'):
            align = str(token.attrs.pop('style', '')).removeprefix('text-align:')
            if align in ('center', 'right'):
                token.attrSet('class', align)
            if token.type == 'th_open':
                token.attrSet('scope', 'col')


def _caption(state: StateCore) -> None:
    """An image that stands alone and has a title is a figure with a caption."""
    for index, opening in enumerate(state.tokens):
        if opening.type == 'paragraph_open':
            content, closing = state.tokens[index + 1:index + 3]
            parts = content.children or []
            if len(parts) == 1 and parts[0].type == 'image' and parts[0].attrs.get('title'):
                opening.tag = closing.tag = 'figure'
                opening.hidden = closing.hidden = False
                parts += [Token('figcaption_open', 'figcaption', 1),
                          Token('text', '', 0, content=str(parts[0].attrs.pop('title'))),
                          Token('figcaption_close', 'figcaption', -1)]


# What Pygments colours without needing seconds for one hostile line (see MAX_CODE_TIME); `console` and `ini` would.
LANGUAGES = frozenset(
    'bash c cpp css diff docker go haskell html java javascript js json kotlin lua make php pycon py python r ruby '
    'rust sh sql swift toml ts typescript xml yaml'.split())
MAX_CODE = 10_000  # characters of one piece of code, to be coloured
MAX_CODE_TIME = 0.5  # seconds of work for all of them, looked at between two words: many lexers are quadratic
MUCH_SPACE = re.compile(r'\s{100}')  # the one thing that makes a single step of the C lexer take a minute


def _colour(state: StateCore) -> None:
    """Fenced code in a language we know, with Pygments' classes."""
    deadline = thread_time() + MAX_CODE_TIME
    for token in state.tokens:
        if token.type == 'fence':
            language = token.info.strip().partition(' ')[0].lower()
            token.info = language if language in LANGUAGES else ''
            is_small = len(token.content) <= MAX_CODE and not MUCH_SPACE.search(token.content)
            if token.info and is_small and thread_time() < deadline:
                parts = get_lexer_by_name(language, stripnl=False).get_tokens(token.content)
                try:
                    code = pygments.format(_in_time(parts, deadline), HtmlFormatter(nowrap=True))
                except TimeoutError:
                    continue
                token.type = 'html_block'
                token.content = f'<pre><code class="language-{language}">{code}</code></pre>\n'


def _in_time(parts: Iterable[Any], deadline: float) -> Iterator[Any]:
    for part in parts:
        if thread_time() > deadline:
            raise TimeoutError
        yield part


MAX_MATH_TIME = 0.5  # seconds of work for all formulas
FORMULA_BLOCK = '<div class="formula" role="group" aria-label="Formula" tabindex="0">{}</div>\n'


def _set_formulas(state: StateCore) -> None:
    """Formulas as MathML; as code where that cannot be."""
    deadline = thread_time() + MAX_MATH_TIME
    for token in _all(state.tokens):
        if token.type in MATH:
            is_block, tex = token.type == 'math_block', token.content.strip()
            formula = formulas.mathml(tex, token.markup == '$$') if thread_time() < deadline else None
            token.content = formula or f'<code>{escape(token.markup + tex + token.markup)}</code>'
            if is_block:
                token.content = (FORMULA_BLOCK if formula else '<pre>{}</pre>\n').format(token.content)
            token.type = 'html_block' if is_block else 'html_inline'


def _list_item_open(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    start = self.renderToken(tokens, index, options, env)
    if 'checked' not in tokens[index].meta:
        return start
    name, sign = ('done', '☑') if tokens[index].meta['checked'] else ('to do', '☐')
    return f'{start}<span class="check" role="img" aria-label="{name}">{sign}</span> '


def _footnote_anchor(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    name = self.rules['footnote_anchor_name'](tokens, index, options, env)
    again = tokens[index].meta['subId']
    back = f'fnref{name}:{again}' if again else f'fnref{name}'
    return f' <a href="#{back}" class="footnote-back" aria-label="Back to the text">↩\ufe0e</a>'




# The cleaner

# Nothing else may stand in a page. Our own markup passes here too, so what a rule below makes is listed.
TAGS = frozenset(
    'a abbr b blockquote br caption cite code dd del details div dl dt em figcaption figure h2 h3 h4 h5 h6 hr i img '
    'ins kbd li mark ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th thead tr u '
    'ul var'.split()) | formulas.TAGS
ATTRIBUTES = formulas.ATTRIBUTES | {
    '*': {'id', 'lang', 'dir', 'title'}, 'a': {'href'}, 'details': {'open'}, 'img': {'src', 'alt', 'width', 'height'},
    'ol': {'start', 'reversed'}, 'td': {'colspan', 'rowspan'}, 'th': {'colspan', 'rowspan'}}
ATTRIBUTE_VALUES = formulas.ATTRIBUTE_VALUES | {
    'th': {'scope': {'col', 'row'}},
    'a': {'aria-label': {'Back to the text'}},
    'span': {'role': {'img'}, 'aria-label': {'done', 'to do'}},
    'div': {'role': {'group'}, 'aria-label': {'Table', 'Formula'}, 'tabindex': {'0'}}}
CLASSES = {
    'a': {'footnote-back'}, 'sup': {'footnote-ref'}, 'section': {'footnotes'}, 'div': {'table', 'formula'},
    'ul': {'contains-task-list'}, 'ol': {'contains-task-list'}, 'li': {'task-list-item', 'footnote-item'},
    'th': {'center', 'right'}, 'td': {'center', 'right'},
    'code': {f'language-{name}' for name in LANGUAGES},
    'span': {'check'} | {name for name in STANDARD_TYPES.values() if name}}


def _own_values(tag: str, attribute: str, value: str) -> str | None:
    """An id that this module did not make could be taken for one of the page's, by a link or a label."""
    if tag in ('mspace', 'mo') and attribute in formulas.ATTRIBUTES[tag]:
        return value if formulas.LENGTH.fullmatch(value) else None
    return value if attribute != 'id' or re.match(r'h-|fn(ref)?\d', value) else f'h-{value}'


RULES: dict[str, Any] = dict(
    tags=set(TAGS), attributes=ATTRIBUTES, tag_attribute_values=ATTRIBUTE_VALUES, allowed_classes=CLASSES,
    attribute_filter=_own_values, set_tag_attribute_values={'img': {'loading': 'lazy'}, 'pre': {'tabindex': '0'}},
    url_schemes=set(links.SCHEMES), link_rel='noopener')
CLEANER = nh3.Cleaner(**RULES)


# Uploaded files in the place of images

# Of cleaned HTML: there every value is in double quotes, and has none.
IMAGE = re.compile('<img(?: [a-z]+="[^"]*")*>')
ATTRIBUTE = re.compile('([a-z]+)="([^"]*)"')
FILE_ADDRESS = re.compile(r'/media/([0-9a-f]{32})/([^/?#]+)')
SIZES = 'auto, (min-width: 66em) 64em, 100vw'  # a column is narrower than a figure; newer browsers look for themselves
USUAL_WIDTH = 960  # for those who do not choose


def _show(files: Mapping[str, File], image: re.Match[str]) -> str:
    """What stands for an image of the cleaned HTML: all values are escaped already."""
    attributes = dict(ATTRIBUTE.findall(image[0]))
    path, alt = attributes.get('src', ''), attributes.get('alt', '')
    where = FILE_ADDRESS.fullmatch(path)
    file = files.get(where[1]) if where else None
    if where is None or file is None:
        return image[0]
    if file.kind in ('audio', 'video'):
        return f'<{file.kind} src="{path}" aria-label="{alt}" controls preload="metadata"></{file.kind}>'
    if file.kind == 'document':
        return f'<a href="{path}" download>{alt or where[2]}</a>'
    if file.is_failed:
        return alt
    if not file.widths:
        named = f' role="img" aria-label="{alt}"' if alt else ''
        return f'<span class="picture waiting"{named}></span>'
    return _picture(file, f'/media/{where[1]}', alt, attributes.get('title'))


def _picture(file: File, place: str, alt: str, title: str | None) -> str:
    """The browser takes the smallest variant that is sharp; the space is kept before it has come, in its colour."""
    def chosen(ending: str, widths: Sequence[int]) -> str:
        return f'srcset="{", ".join(f"{place}/{width}{ending} {width}w" for width in widths)}" sizes="{SIZES}"'

    *newer, usual = file.widths
    sources = [f'<source type="image/{ending}" {chosen(f".{ending}", file.widths[ending])}>' for ending in newer]
    if file.moving:
        still, ending, widths = chosen(f'.{usual}', file.widths[usual]), '-moving.webp', file.moving
        sources = [f'<source media="(prefers-reduced-motion: reduce)" {still}>']
    else:
        ending, widths = f'.{usual}', file.widths[usual]
    titled = f' title="{title}"' if title else ''
    backdrop = ('<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true"><rect width="1" height="1" '
                f'fill="{file.colour}"/></svg>') if file.colour else ''
    src = next((width for width in widths if width >= USUAL_WIDTH), widths[-1])
    return (f'<span class="picture">{backdrop}<picture>{"".join(sources)}<img src="{place}/{src}{ending}" '
            f'{chosen(ending, widths)} width="{file.width}" height="{file.height}" alt="{alt}"{titled} loading="lazy" '
            'decoding="async"></picture></span>')
