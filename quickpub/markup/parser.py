"""The Markdown parser: CommonMark with tables, task lists, footnotes, definition lists, formulas and highlighted code.
HTML in the source is left to the cleaner."""

from functools import cache, partial
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import image, link
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from . import highlighting, links, rules, transforms, typography

TRANSFORMS = (links.unlink_code, transforms.limit_tags_and_links, transforms.describe_images, transforms.set_headings,
              transforms.align_cells, transforms.caption_images, highlighting.highlight_code, transforms.set_formulas)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return links.is_live(url)


@cache
def make_parser(quotes: tuple[str, ...]) -> MarkdownIt:
    """Return the parser that sets these quotation marks (typography.quotes). maxNesting bounds every recursion."""
    parser = _Parser()
    parser.inline = typography.CJKFriendlyInline()
    parser.configure('commonmark', {'typographer': True, 'quotes': quotes, 'tasklists': True, 'maxNesting': 20})
    parser.enable(['table', 'strikethrough', 'replacements', 'smartquotes', 'linkify'])
    parser.inline.ruler.at('linkify', links.find_bare_link)
    parser.inline.ruler.at('link', partial(rules.read_bracketed, link))
    parser.inline.ruler.at('image', partial(rules.read_bracketed, image))
    parser.block.ruler.at('table', rules.read_table, {'alt': ['paragraph', 'reference']})
    parser.use(deflist_plugin).use(footnote_plugin, inline=False)
    parser.inline.ruler.at('footnote_ref', rules.read_footnote_ref)
    parser.use(dollarmath_plugin)
    parser.inline.ruler.at('math_inline', rules.read_inline_formula)
    parser.block.ruler.at('math_block', rules.read_formula_block)
    parser.core.ruler.at('replacements', typography.set_dashes)
    parser.core.ruler.at('smartquotes', typography.set_quotes)
    for transform in TRANSFORMS:
        parser.core.ruler.push(transform.__name__, transform)
    parser.add_render_rule('list_item_open', _render_list_item)
    parser.add_render_rule('footnote_anchor', _render_footnote_anchor)
    parser.add_render_rule('footnote_caption', lambda self, tokens, index, *_: str(tokens[index].meta['id'] + 1))
    parser.add_render_rule('footnote_block_open', lambda *_: '<section class="footnotes">\n<ol>\n')
    parser.add_render_rule('table_open', lambda *_: (  # a wide one scrolls, so it must be reachable by keyboard
        '<div class="table" role="group" aria-label="Table" tabindex="0">\n<table>\n'))
    parser.add_render_rule('table_close', lambda *_: '</table>\n</div>\n')
    return parser


def _render_list_item(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    start = self.renderToken(tokens, index, options, env)
    if 'checked' not in tokens[index].meta:
        return start
    name, sign = ('done', '☑') if tokens[index].meta['checked'] else ('to do', '☐')
    return f'{start}<span class="check" role="img" aria-label="{name}">{sign}</span> '


def _render_footnote_anchor(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    name = self.rules['footnote_anchor_name'](tokens, index, options, env)
    again = tokens[index].meta['subId']
    back = f'fnref{name}:{again}' if again else f'fnref{name}'
    return f' <a href="#{back}" class="footnote-back" aria-label="Back to the text">↩\ufe0e</a>'
