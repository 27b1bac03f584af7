"""A language made of English that shows what is not translated: each message is in brackets and a third longer."""

import re
from functools import cache
from gettext import NullTranslations

from babel import Locale
from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.element import PreformattedString

from quickpub.translations import catalogs, languages

CODE = 'en-XA'  # what Unicode calls a language of this kind
KEPT = re.compile(r'(%\(\w+\)[a-z]|%%|<[^>]*>|&\w+;)')  # placeholders, tags, entities
ACCENTED = str.maketrans('aceinorsuyzACEINORSUYZ', 'àçéîñöřšůýžÀÇÉÎÑÖŘŠŮÝŽ')


class Pseudo(NullTranslations):
    """A catalog that has every message: 'Save' is '⟦Šàvé·⟧'."""

    def gettext(self, message):
        words = ''.join(part if number % 2 else part.translate(ACCENTED)
                        for number, part in enumerate(KEPT.split(message)))
        return f'⟦{words}{"·" * (len(message) // 3)}⟧'

    def ngettext(self, one, many, count):
        return self.gettext(one if count == 1 else many)

    def pgettext(self, context, message):
        return self.gettext(message)

    def npgettext(self, context, one, many, count):
        return self.ngettext(one, many, count)


def add_to(monkeypatch):
    """Let the site speak this language until the end of a test; returns its code."""
    codes, read = catalogs.codes, catalogs.read
    monkeypatch.setattr(catalogs, 'codes', lambda: [*codes(), CODE])
    monkeypatch.setattr(catalogs, 'read', lambda code: Pseudo() if code == CODE else read(code))
    monkeypatch.setitem(languages.LOCALES, CODE, 'en-GB')
    monkeypatch.setattr(languages, 'find', cache(languages.find.__wrapped__))
    monkeypatch.setattr(languages, 'supported', cache(languages.supported.__wrapped__))
    return CODE


WORDLESS = {'script', 'style', 'code', 'pre', 'kbd', 'samp', 'math', 'time', 'bdi'}  # bdi: names, which are data
SHOWN = ('title', 'aria-label', 'placeholder', 'alt')  # attributes that people read or hear
LETTERS = re.compile(r'[^\W\d_]{2}')
FROM_CLDR = (*Locale('en').months['format']['wide'].values(), 'bytes', 'kB', 'MB', 'GB')  # in every language at once


def untranslated(html, data=()):
    """Return what a page says outside of the brackets, but for `data`: the texts of members in it. Elements that may be
    in any language (dir="auto", lang), and lists of time zones and languages, are data too."""
    soup = BeautifulSoup(html, 'html.parser')
    for chosen in soup.select('#timezone option, #language option:not([value=""])'):
        chosen.decompose()
    data = [*data, *FROM_CLDR]
    found, depth = [], 0
    for node in soup.descendants:
        if isinstance(node, Tag):
            if not _is_data(node):
                found += [value for name in SHOWN if (value := _outside(str(node.get(name, '')), 0, data)[0])]
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            words, depth = _outside(str(node), depth, data)
            if words and not any(map(_is_data, node.parents)):
                found.append(words)
    assert depth == 0, 'the brackets do not match'
    return found


def _outside(text, depth, data):
    """Return what is outside of all brackets, '' where that is no word; and in how many brackets the text ends."""
    outside = ''
    for part in re.split('([⟦⟧])', text):
        depth += {'⟦': 1, '⟧': -1}.get(part, 0)
        outside += part if not depth and part not in '⟦⟧' else ' '
    for each in sorted(data, key=len, reverse=True):
        outside = outside.replace(each, ' ')
    return (' '.join(outside.split()) if LETTERS.search(outside) else ''), depth


def _is_data(node):
    return node.name in WORDLESS or node.get('dir') == 'auto' or (node.name != 'html' and node.has_attr('lang'))
