"""Turn safe HTML into plain text, excerpts and outlines."""

import re
from html import escape, unescape
from typing import NamedTuple

import nh3
from markupsafe import Markup

from .. import text
from . import formulas

BLOCKS = frozenset('blockquote br dd details div dl dt figcaption figure h2 h3 h4 h5 h6 hr li ol p pre section '
                   'summary table td th tr ul'.split())
BESIDE_THE_TEXT = frozenset('figcaption figure h2 h3 h4 h5 h6 pre section table'.split())
MARKS = re.compile('<sup class="footnote-ref">.*?</sup>|<a href="[^"]*" class="footnote-back".*?</a>|'
                   '<span class="check"[^>]*>[^<]*</span>')  # of footnotes and tasks


def plain(html: str) -> str:
    """Return the text of safe HTML, for reading: a line for each block."""
    return _lines(formulas.as_typed(html))


def shown(html: str) -> str:
    """Return the text for the search index: like `plain`, but with what formulas show instead of their source."""
    return _lines(formulas.as_shown(html))


def _lines(html: str) -> str:
    html = MARKS.sub('', html)
    bare = nh3.clean(html, tags=set(BLOCKS), attributes={}, link_rel=None)
    bare = re.sub(r'\n|</t[dh]>\s*<t[dh]>', ' ', bare)
    lines = unescape(re.sub('<[^>]*>', '\n', bare)).split('\n')
    return '\n'.join(filter(None, (' '.join(each.split()) for each in lines)))


# The end of a sentence or of a part of one, in any script, with what may close it.
CLOSED = re.compile('[.,:;!?…·。，、；：！？।؟،؛۔][”’"»)）」』\\]*]*$')


def in_one_line(lines: str) -> str:
    """Return the lines of `plain` or `shown` as one, in which a reader still sees where a block or an item ends: a dot
    follows one that ends without punctuation. It is without direction marks that could turn the words around it."""
    found = [each for each in text.LASTING_MARK.sub('', lines).split('\n') if each]
    separated = (each if CLOSED.search(each) else f'{each} ·' for each in found[:-1])
    return ' '.join([*separated, *found[-1:]])


HEADINGS = frozenset(each for each in BESIDE_THE_TEXT if each[1:].isdigit())
DISPLAYED = re.compile('<div class="formula".*?</div>', re.DOTALL)
# A URL, whose host is the group, without the punctuation that ends a sentence.
ADDRESS = re.compile(r'(?<!\w)[a-z][a-z0-9+.-]{0,20}://(?:[^\s/?#@]{1,100}@)?(?:www\.)?([^\s/?#:<>"（）「」。、]+)'
                     r'(?<![.,;!)])(?:[/?#:][^\s<>"（）「」。、]*)?(?<![.,;:!?)])', re.IGNORECASE)
UNREAD_LINK = re.compile(r'(!?)\[([^][]*)\]\([^()]*\)')  # Markdown of a link that is not allowed
ALT = re.compile('<img[^>]* alt="([^"]+)"')


def excerpt(html: str, limit: int = 220, with_headings: bool = False) -> str:
    """Return the beginning of safe HTML: running text only, ending with a sentence where one ends late enough, else
    with '…'. Parts that need their place are left out (notes, tables, images), and of a web address the
    site's name is kept, of a formula with commands '…'."""
    html = formulas.as_words(DISPLAYED.sub('', MARKS.sub('', html.replace('<br>', ' '))))
    left_out = BESIDE_THE_TEXT - (HEADINGS if with_headings else frozenset())
    running = nh3.clean(html, tags=set(BLOCKS - left_out), attributes={}, link_rel=None,
                        clean_content_tags=set(left_out))
    lines = '\n'.join(each for each in plain(running).split('\n')
                      if not each.startswith('|'))  # a table that was not recognised
    words = UNREAD_LINK.sub(lambda link: '' if link[1] else link[2], in_one_line(lines[:20 * limit]))
    words = ADDRESS.sub(r'\1', words)
    return text.shorten(' '.join(words.split()), limit)


def beginning(html: str, limit: int) -> str:
    """Return the name of a post without a title in lists: its first words, or the description of its first image."""
    alt = ALT.search(html)
    words = excerpt(html, limit, with_headings=True) or in_one_line(plain(html)) or (unescape(alt[1]) if alt else '')
    return text.shorten(' '.join(words.split()), limit)


WORD = re.compile('[\u3040-\u30ff\u3400-\u9fff]|[^\\s\u3040-\u30ff\u3400-\u9fff]+')


def count_words(html: str) -> int:
    """Return the number of words of safe HTML. (A Chinese or Japanese character counts as one.)"""
    return len(WORD.findall(plain(html)))


HEADING = re.compile('<h([2-6])((?: [^>]*)? id="(h-[^"]*)"[^>]*)>(.*?)</h\\1>', re.DOTALL)


class Outline(NamedTuple):
    html: Markup  # with a link to each heading
    parts: list[tuple[int, str, str]]  # level, id and text of each heading of the upper two levels


def outlined(html: str) -> Outline:
    """Return safe HTML with a link to each heading, for pages; stored HTML, search and feeds have no such links."""
    parts = []

    def link(match: re.Match[str]) -> str:
        level, opening, name, title = match.groups()
        words = ' '.join(plain(title).split())
        if level in '23' and words:
            parts.append((int(level), name, words))
        label = escape(f'Link to “{words}”')
        return f'<h{level}{opening}>{title} <a class="anchor" href="#{name}" aria-label="{label}"></a></h{level}>'
    return Outline(Markup(HEADING.sub(link, html)), parts)  # noqa: S704  # it is cleaned
