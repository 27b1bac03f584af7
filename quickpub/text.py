"""Text: Markdown to safe HTML, plain text and excerpts, what people typed made clean, the one Jinja environment."""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import date as Date
from functools import partial
from html import escape, unescape
from itertools import chain, count, pairwise
from time import thread_time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import nh3
import pygments
import wcwidth
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_core.smartquotes import process_inlines
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_block_dollar, math_inline_dollar
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_ref
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from slugify import slugify

from . import formulas

READ_PER_MINUTE = 220  # words
MAX_TAGS, MAX_TAG = 12, 40

# What Pygments colours without needing seconds for one hostile line (see MAX_CODE_TIME); `console` and `ini` would.
LANGUAGES = frozenset(
    'bash c cpp css diff docker go haskell html java javascript js json kotlin lua make php pycon py python r ruby '
    'rust sh sql swift toml ts typescript xml yaml'.split())

# Limits that no honest text meets. What lies past them stays as it was typed; without them some are quadratic.
MAX_CODE = 10_000  # characters of one piece of code, to be coloured
MAX_CODE_TIME = 0.5  # seconds of work for all of them, looked at between two words: many lexers are quadratic
MAX_MATH_TIME = 0.5  # seconds of work for all formulas
MAX_QUOTED = 5_000  # characters of one paragraph, for typographer's quotes
MAX_HTML = 5_000  # HTML tags typed into one text: each may be nested in the one before
MAX_LINKED = 100_000  # characters of addresses and titles, beyond ten times the text: one reference, used often

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
# What is made of uploaded files, after the cleaning.
PLAYED = {'src', 'controls', 'preload', 'aria-label'}
SHOWN = {
    'picture': set(), 'source': {'type', 'media', 'srcset', 'sizes'}, 'audio': PLAYED, 'video': PLAYED,
    'a': {'href', 'download'}, 'img': {'src', 'alt', 'width', 'height', 'srcset', 'sizes', 'decoding'}}
BLOCKS = frozenset('blockquote br dd details div dl dt figcaption figure h2 h3 h4 h5 h6 hr li ol p pre section '
                   'summary table td th tr ul'.split())
BESIDE_THE_TEXT = frozenset('figcaption figure h2 h3 h4 h5 h6 pre section table'.split())

# Of cleaned HTML: there every value is in double quotes, and has none.
IMAGE = re.compile('<img(?: [a-z]+="[^"]*")*>')
ATTRIBUTE = re.compile('([a-z]+)="([^"]*)"')
FILE_ADDRESS = re.compile(r'/media/([0-9a-f]{32})/([^/?#]+)')
FILE_TAG = re.compile('<(?:a|audio|img|source|video)(?: [a-z]+(?:-[a-z]+)?(?:="[^"]*")?)*>')
FILE_PATH = re.compile('("|, )/media/(?=[0-9a-f]{32}/)')
BACKDROP = re.compile('(?<=<span class="picture">)<svg .*?</svg>')
SIZES = 'auto, (min-width: 66em) 64em, 100vw'  # a column is narrower than a figure; newer browsers look for themselves
USUAL_WIDTH = 960  # for those who do not choose

FOOTNOTE_LINKS = re.compile('<sup class="footnote-ref">.*?</sup>|<a href="[^"]*" class="footnote-back".*?</a>')
HEADING = re.compile('<h([2-6])((?: [^>]*)? id="(h-[^"]*)"[^>]*)>(.*?)</h\\1>', re.DOTALL)
FOOTNOTE_MARK = re.compile(r'\[\^[^\s\]]{1,100}\]')
NOT_IN_TEXT = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]')  # nor may they stand in XML, so in a feed
NOT_IN_LINE = re.compile(  # controls but white space, half characters, what turns text around or cannot be seen
    '[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\u200b\ufeff\ufffe\uffff]')
MUCH_SPACE = re.compile(r'\s{100}')  # the one thing that makes a single step of the C lexer take a minute
HALF_CHARACTER = re.compile('[\ud800-\udfff]')
WORD = re.compile('[\u3040-\u30ff\u3400-\u9fff]|[^\\s\u3040-\u30ff\u3400-\u9fff]+')
SENTENCE_END = re.compile(r'[.!?…。！？]["”’»)]?(?=\s|$)')


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


def markdown(source: str, files: Mapping[str, File] | None = None) -> str:
    """Safe HTML of Markdown; whatever is in it, nothing but TAGS, ATTRIBUTES and CLASSES comes out, and in the place
    of images at /media/<digest>/<name> what shows those of `files` (digest -> file)."""
    html = CLEANER.clean(PARSER.render(body(source)))
    html = NOT_IN_TEXT.sub('\ufffd', html).strip()  # not '': java&#1;script: must not become javascript: now
    return IMAGE.sub(partial(_show, files), html) if files else html


def below(html: str, base: str) -> str:
    """The same, with the addresses of uploaded files below `base`: a path, or the site's whole address."""
    return FILE_TAG.sub(lambda tag: FILE_PATH.sub(rf'\1{base}/media/', tag[0]), html) if base else html


def plain(html: str) -> str:
    """The text of safe HTML, for reading: a line for each block."""
    html = formulas.as_typed(FOOTNOTE_LINKS.sub('', html))
    bare = nh3.clean(html, tags=set(BLOCKS), attributes={}, link_rel=None)
    bare = re.sub(r'\n|</t[dh]>\s*<t[dh]>', ' ', bare)
    lines = unescape(re.sub('<[^>]*>', '\n', bare)).split('\n')
    return '\n'.join(filter(None, (' '.join(each.split()) for each in lines)))


def absolute(html: str, site: str, path: str) -> str:
    """Safe HTML with every address in full, for who reads it elsewhere and without our stylesheet: of the post with
    this path, on the site with this address."""
    shown = RULES | {'tags': TAGS | SHOWN.keys(), 'attributes': ATTRIBUTES | SHOWN}
    return nh3.Cleaner(**shown, url_relative=('rewrite_with_base', site + path)).clean(
        below(BACKDROP.sub('', html), site))


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
    return Outline(Markup(HEADING.sub(link, html)), parts)


def excerpt(html: str, limit: int = 220) -> str:
    """How safe HTML begins: running text only, ending with a sentence where one ends late enough, else with '…'."""
    html = formulas.as_typed(FOOTNOTE_LINKS.sub('', html))
    running = nh3.clean(html, tags=set(BLOCKS - BESIDE_THE_TEXT), attributes={}, link_rel=None,
                        clean_content_tags=set(BESIDE_THE_TEXT))
    return shorten(' '.join(plain(running).split()), limit)


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


def words(html: str) -> int:
    """How many words safe HTML has. (A Chinese or Japanese character counts as one.)"""
    return len(WORD.findall(plain(html)))


def free(wanted: str, stem: str, taken: Container[str]) -> str:
    """`wanted`, or where it is taken, the first of stem-2, stem-3, … that is not."""
    candidates = chain([wanted], (f'{stem}-{number}' for number in count(2)))
    return next(each for each in candidates if each not in taken)


def slug(text: str, default: str) -> str:
    """The text for an address: a-z, 0-9 and hyphens, at most 80, or `default` where nothing is left."""
    text = line(text, 400).replace("'", '').replace('’', '')
    return slugify(text, entities=False, decimal=False, hexadecimal=False, max_length=80, word_boundary=True,
                   save_order=True) or default


def line(text: str, limit: int) -> str:
    """One clean line of what a person typed, at most `limit` characters; '' where nothing could be seen."""
    text = ' '.join(NOT_IN_LINE.sub('', text).split())[:10 * limit]
    text = unicodedata.normalize('NFC', text)[:limit].strip()
    return text if any(unicodedata.category(each)[0] in 'LNPS' for each in text) else ''


def body(text: str) -> str:
    """A longer text as typed, made storable: newlines are \\n, no control characters, no half characters."""
    text = NOT_IN_TEXT.sub('', text.replace('\r\n', '\n').replace('\r', '\n'))
    return HALF_CHARACTER.sub('\ufffd', text)


def tags(text: str) -> list[tuple[str, str]]:
    """(name, slug) of each tag in 'Gardening, slow food': every slug once, in the order typed."""
    found: dict[str, str] = {}
    for part in text.split(','):
        name = line(part.strip().lstrip('#'), MAX_TAG)
        if key := slug(name, ''):
            found.setdefault(key, name)
    return [(name, key) for key, name in found.items()][:MAX_TAGS]


def render(template: str, /, **context: Any) -> str:
    """A template of this package with these values."""
    return env.get_template(template).render(context)


# Filters

def day(when: datetime, zone: str = 'UTC') -> str:
    return date(_in_zone(when, zone))


def date(when: Date) -> str:
    """A day of a calendar, as `day` writes that of a moment."""
    return f'{when.day} {when:%B %Y}'


def iso(when: datetime) -> str:
    return f'{when:%Y-%m-%dT%H:%M:%SZ}'


def clock(when: datetime, zone: str) -> str:
    return f'{day(when, zone)}, {_in_zone(when, zone):%H:%M}'


def local(when: datetime, zone: str) -> str:
    """As a form's datetime-local field has it: 2027-03-01T08:00."""
    return f'{_in_zone(when, zone):%Y-%m-%dT%H:%M}'


def _in_zone(when: datetime, zone: str) -> datetime:
    return when.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def number(value: int) -> str:
    return f'{value:,}'.replace(',', '\u202f')  # a narrow space that does not break


def signed(value: int | str | None) -> str:
    """A difference: '+3', '−1 200', '±0'; a word as it is, and nothing for None."""
    if not isinstance(value, int):
        return value or ''
    return ('+' if value > 0 else '−' if value else '±') + number(abs(value))


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


def columns(title: str, views: str, change: str, total: str) -> str:
    """One row of a report's table, 72 columns wide."""
    return f'{column(title, 38)}{simple(views):>10}{simple(change):>11}{simple(total):>13}'


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


# Markdown

def _parser() -> MarkdownIt:
    """CommonMark and more. HTML in the source is left to the cleaner. maxNesting bounds every recursion."""
    parser = MarkdownIt('commonmark', {'typographer': True, 'tasklists': True, 'maxNesting': 20})
    parser.enable(['table', 'strikethrough', 'replacements', 'smartquotes'])
    parser.use(deflist_plugin).use(footnote_plugin, inline=False)
    parser.inline.ruler.at('footnote_ref', _footnote_ref)
    parser.use(dollarmath_plugin)
    parser.inline.ruler.at('math_inline', _math_inline)
    parser.block.ruler.at('math_block', _math_block)
    parser.core.ruler.at('smartquotes', _smartquotes)
    for rule in (_limit, _reshape, _colour, _set_formulas):
        parser.core.ruler.push(rule.__name__, rule)
    parser.add_render_rule('list_item_open', _list_item_open)
    parser.add_render_rule('footnote_anchor', _footnote_anchor)
    parser.add_render_rule('footnote_caption', lambda self, tokens, index, *_: str(tokens[index].meta['id'] + 1))
    parser.add_render_rule('footnote_block_open', lambda *_: '<section class="footnotes">\n<ol>\n')
    parser.add_render_rule('table_open', lambda *_: (  # a wide one scrolls, so it must be reachable by keyboard
        '<div class="table" role="group" aria-label="Table" tabindex="0">\n<table>\n'))
    parser.add_render_rule('table_close', lambda *_: '</table>\n</div>\n')
    return parser


def _footnote_ref(state: StateInline, silent: bool) -> bool:
    """The plugin's rule looks for the ] to the end of the text, at each [^ again: look first, and not so far."""
    return bool(FOOTNOTE_MARK.match(state.src, state.pos)) and footnote_ref(state, silent)


def _math_inline(state: StateInline, silent: bool) -> bool:
    """$a$, where it is no price and no variable: nothing but a formula is closed up at both ends and stands alone."""
    before = state.src[state.pos - 1:state.pos]
    return not before.isalnum() and not formulas.PRICE.match(state.src, state.pos) and MATH_INLINE(state, silent)


def _math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """$$…$$ on lines of its own. The plugin's rule would look for the end to the end of the text, at each $$ again."""
    return bool(formulas.BLOCK.match(state.src, state.bMarks[start] + state.tShift[start])) and MATH_BLOCK(
        state, start, end, silent)


def _smartquotes(state: StateCore) -> None:
    for token in state.tokens:
        if token.children and len(token.content) <= MAX_QUOTED:
            process_inlines(token.children, state)


def _limit(state: StateCore) -> None:
    html_left, links_left = MAX_HTML, MAX_LINKED + 10 * len(state.src)
    for token in (each for block in state.tokens for each in (block, *(block.children or ()))):
        if token.type in ('html_block', 'html_inline'):
            html_left -= token.content.count('<')
            if html_left < 0:
                token.content = escape(token.content)
        elif token.type in ('link_open', 'image'):
            links_left -= sum(len(str(value)) for value in token.attrs.values())
            if links_left < 0:
                token.attrs.clear()
            for child in token.children or () if token.type == 'image' else ():
                if child.type in MATH:  # a description is text alone
                    child.type, child.content = 'text', f'${child.content}$'


def _reshape(state: StateCore) -> None:
    """Headings from h2 on (h1 is the title) with ids, table cells without styles, an image alone as a figure."""
    tokens = state.tokens
    levels = [int(token.tag[1]) for token in tokens if token.type == 'heading_open']
    shift = 2 - min(levels, default=2)
    taken: dict[str, int] = {}
    for token, following in pairwise(tokens):
        if token.type in ('heading_open', 'heading_close'):
            token.tag = f'h{min(6, int(token.tag[1]) + shift)}'
        if token.type == 'heading_open':
            name = 'h-' + slug(_text_of(following), 'part')
            taken[name] = taken.get(name, 0) + 1
            token.attrSet('id', name if taken[name] == 1 else f'{name}--{taken[name]}')
        elif token.type in ('th_open', 'td_open'):
            align = str(token.attrs.pop('style', '')).removeprefix('text-align:')
            if align in ('center', 'right'):
                token.attrSet('class', align)
            if token.type == 'th_open':
                token.attrSet('scope', 'col')
    for index, opening in enumerate(tokens):
        if opening.type == 'paragraph_open':
            content, closing = tokens[index + 1:index + 3]
            image = content.children[0] if content.children and len(content.children) == 1 else None
            if content.children and image and image.type == 'image' and image.attrs.get('title'):
                opening.tag = closing.tag = 'figure'
                opening.hidden = closing.hidden = False
                caption = Token('text', '', 0, content=str(image.attrs.pop('title')))
                content.children += [Token('figcaption_open', 'figcaption', 1), caption,
                                     Token('figcaption_close', 'figcaption', -1)]


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


def _set_formulas(state: StateCore) -> None:
    """Formulas as MathML; as code where that cannot be."""
    deadline = thread_time() + MAX_MATH_TIME
    for token in (each for block in state.tokens for each in (block, *(block.children or ()))):
        if token.type in MATH:
            is_block, tex = token.type == 'math_block', token.content.strip()
            formula = formulas.mathml(tex, token.markup == '$$') if thread_time() < deadline else None
            token.content = formula or f'<code>{escape(token.markup + tex + token.markup)}</code>'
            if is_block:
                token.content = (FORMULA_BLOCK if formula else '<pre>{}</pre>\n').format(token.content)
            token.type = 'html_block' if is_block else 'html_inline'


def _in_time(parts: Iterable[Any], deadline: float) -> Iterator[Any]:
    for part in parts:
        if thread_time() > deadline:
            raise TimeoutError
        yield part


def _text_of(inline: Token) -> str:
    return ''.join(child.content for child in inline.children or () if child.type in {'text', 'code_inline', *MATH})


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

    *newer, plain = file.widths
    sources = [f'<source type="image/{ending}" {chosen(f".{ending}", file.widths[ending])}>' for ending in newer]
    if file.moving:
        still, ending, widths = chosen(f'.{plain}', file.widths[plain]), '-moving.webp', file.moving
        sources = [f'<source media="(prefers-reduced-motion: reduce)" {still}>']
    else:
        ending, widths = f'.{plain}', file.widths[plain]
    titled = f' title="{title}"' if title else ''
    backdrop = ('<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true"><rect width="1" height="1" '
                f'fill="{file.colour}"/></svg>') if file.colour else ''
    src = next((width for width in widths if width >= USUAL_WIDTH), widths[-1])
    return (f'<span class="picture">{backdrop}<picture>{"".join(sources)}<img src="{place}/{src}{ending}" '
            f'{chosen(ending, widths)} width="{file.width}" height="{file.height}" alt="{alt}"{titled} loading="lazy" '
            'decoding="async"></picture></span>')


def _own_values(tag: str, attribute: str, value: str) -> str | None:
    """An id that this module did not make could be taken for one of the page's, by a link or a label."""
    if tag in ('mspace', 'mo') and attribute in formulas.ATTRIBUTES[tag]:
        return value if formulas.LENGTH.fullmatch(value) else None
    return value if attribute != 'id' or re.match(r'h-|fn(ref)?\d', value) else f'h-{value}'


FORMULA_BLOCK = '<div class="formula" role="group" aria-label="Formula" tabindex="0">{}</div>\n'
MATH = {'math_inline', 'math_inline_double', 'math_block'}
MATH_INLINE = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)
MATH_BLOCK = math_block_dollar(allow_labels=False, allow_blank_lines=False)
PARSER = _parser()
RULES: dict[str, Any] = dict(
    tags=set(TAGS), attributes=ATTRIBUTES, tag_attribute_values=ATTRIBUTE_VALUES, allowed_classes=CLASSES,
    attribute_filter=_own_values, set_tag_attribute_values={'img': {'loading': 'lazy'}, 'pre': {'tabindex': '0'}},
    url_schemes={'http', 'https', 'mailto'}, link_rel='noopener')
CLEANER = nh3.Cleaner(**RULES)

env = Environment(loader=PackageLoader('quickpub'), autoescape=select_autoescape(), undefined=StrictUndefined,
                  trim_blocks=True, lstrip_blocks=True, auto_reload=False)
env.filters.update(day=day, date=date, iso=iso, clock=clock, number=number, minutes=minutes, plural=plural, size=size,
                   columns=columns, signed=signed, simple=simple, middle=middle, outlined=outlined)
