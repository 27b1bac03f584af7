"""Rules that change the Markdown parser's tokens: limits, headings, tables, captions and formulas."""

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from time import thread_time

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from .. import text
from . import formulas

MAX_HTML = 5_000  # HTML tags typed into one text: each may be nested in the one before
MAX_LINKED = 100_000  # characters of links and titles, beyond ten times the text: one reference may be used often
MATH = {'math_inline', 'math_inline_double', 'math_block'}
MAX_MATH_TIME = 0.5  # seconds of work for all formulas
FORMULA_BLOCK = '<div class="formula" role="group" aria-label="Formula" tabindex="0">{}</div>\n'


def limit_tags_and_links(state: StateCore) -> None:
    """Escape HTML tags beyond MAX_HTML, and empty links beyond MAX_LINKED."""
    html_left, links_left = MAX_HTML, MAX_LINKED + 10 * len(state.src)
    for token in _walk(state.tokens):
        if token.type in ('html_block', 'html_inline'):
            html_left -= token.content.count('<')
            if html_left < 0:
                token.content = escape(token.content)
        elif token.type in ('link_open', 'image'):
            links_left -= sum(len(str(value)) for value in token.attrs.values())
            if links_left < 0:
                token.attrs.clear()


def _walk(tokens: list[Token]) -> Iterator[Token]:
    """Yield the blocks, and the tokens in each."""
    for block in tokens:
        yield block
        yield from block.children or ()


def describe_images(state: StateCore) -> None:
    """Make the descriptions of images text alone, formulas included."""
    for image in _walk(state.tokens):
        for child in image.children or ():
            if image.type == 'image' and child.type in MATH:
                child.type, child.content = 'text', f'${child.content}$'


def set_headings(state: StateCore) -> None:
    """Let headings begin with h2, because h1 is the title, and give each an id."""
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


def align_cells(state: StateCore) -> None:
    """Give the cells of tables a class instead of the plugin's style, and those of the heading a scope. An empty cell
    there heads nothing, so it becomes one of the others."""
    for token, content, closing in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if token.type in ('th_open', 'td_open'):
            align = str(token.attrs.pop('style', '')).removeprefix('text-align:')
            if align in ('center', 'right'):
                token.attrSet('class', align)
            if token.type == 'th_open' and not content.content:
                token.tag = closing.tag = 'td'
            elif token.type == 'th_open':
                token.attrSet('scope', 'col')


def caption_images(state: StateCore) -> None:
    """Make an image that is alone in its paragraph and has a title a figure with a caption."""
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


def set_formulas(state: StateCore) -> None:
    """Write formulas as MathML, or as code if that is not possible."""
    deadline = thread_time() + MAX_MATH_TIME
    for token in _walk(state.tokens):
        if token.type in MATH:
            is_block, tex = token.type == 'math_block', token.content.strip()
            formula = formulas.mathml(tex, token.markup == '$$') if thread_time() < deadline else None
            token.content = formula or f'<code>{escape(token.markup + tex + token.markup)}</code>'
            if is_block:
                token.content = (FORMULA_BLOCK if formula else '<pre>{}</pre>\n').format(token.content)
            token.type = 'html_block' if is_block else 'html_inline'
