"""Show footnotes a second time, in the margin of wide screens, beside the words that they belong to."""

import re
from collections.abc import Iterator
from itertools import zip_longest

from markupsafe import Markup

from . import formulas
from .direction import TAG

LIST = '<section class="footnotes"'
ITEM = re.compile(r'<li id="fn([0-9]+)" class="footnote-item"')
BACK = re.compile(r' ?<a href="#fnref[0-9:]+" class="footnote-back"[^>]*>[^<]*</a>')
ID = re.compile(r'(<[a-z][a-z0-9]*(?:[^">]|"[^"]*")*?) id="[^"]*"')
INLINE = formulas.TAGS | frozenset(
    'a abbr b cite code del em i ins kbd mark q s samp small span strong sub sup u var'.split())
# A reference, or the beginning or end of what has no room for a note beside it: what scrolls, and what names a place.
REFERENCE = re.compile('(?P<reference><sup class="footnote-ref"><a href="#fn(?P<number>[0-9]+)"[^>]*>[0-9]+</a></sup>)|'
                       '<(?P<end>/?)(?:a|figure|h[2-6]|pre|summary|table)[ >]')


def with_sidenotes(html: str) -> Markup:
    """Return the safe HTML of a page with a hidden copy of each footnote behind its first reference. The style sheet
    shows either the copies or the list.

    Copied are notes of plain paragraphs, because a copy lies within a paragraph itself. Their items in the list are
    marked as `beside`, and all items have their numbers, because the others may be shown alone.
    """
    text, start, notes = str(html).rpartition(LIST)
    copies = dict(_copies(notes)) if start else {}
    text, placed = _place(text, copies)

    def mark(item: re.Match[str]) -> str:
        is_beside = item[1] in placed
        return f'<li value="{item[1]}" id="fn{item[1]}" class="footnote-item{" beside" if is_beside else ""}"'
    return Markup(text + start + (ITEM.sub(mark, notes) if placed else notes))  # noqa: S704  # it is cleaned


def _place(text: str, copies: dict[str, str]) -> tuple[str, set[str]]:
    """Return the text with the copies behind their first references, and the numbers of those that have a place."""
    placed, without_room = set(), 0

    def see(found: re.Match[str]) -> str:
        nonlocal without_room
        number = found['number']
        if number is None:
            without_room += -1 if found['end'] else 1
        elif number in copies and number not in placed and without_room <= 0:
            placed.add(number)
            return f'{found[0]}{copies[number]}'
        return found[0]
    return REFERENCE.sub(see, text), placed


def _copies(notes: str) -> Iterator[tuple[str, str]]:
    """Yield the number of each note of plain paragraphs, and its copy."""
    starts = list(ITEM.finditer(notes))
    for item, following in zip_longest(starts, starts[1:]):
        content = notes[notes.index('>', item.end()) + 1:following.start() if following else len(notes)]
        words = BACK.sub('', content.partition('</li>')[0]).strip()
        if _is_plain(words):
            spans = re.sub('<(/?)p(?=[ >])', r'<\1span', ID.sub(r'\1', words))
            yield item[1], f'<small class="sidenote" role="note" data-number="{item[1]}" hidden>{spans}</small>'


def _is_plain(words: str) -> bool:
    """Return whether HTML is nothing but whole paragraphs of inline elements."""
    opened: list[str] = []
    for tag in TAG.finditer(words):
        name = tag[2]
        if tag[1]:
            if not opened or opened.pop() != name:
                return False
        elif name in INLINE if opened else name == 'p':
            opened.append(name)
        else:
            return False
    return bool(words) and not opened
