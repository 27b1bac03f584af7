"""Numbers, sizes, lists and tables as people read them, in the language in use."""

import unicodedata
from textwrap import TextWrapper
from typing import Any

from babel.lists import format_list
from babel.units import format_unit

from .translations import languages
from .translations.messages import gettext


def number(value: int) -> str:
    """Return a whole number with its thousands set apart."""
    return languages.current().number(value)


def signed(value: int | str | None) -> str:
    """Return a difference: '+3', '−1 200', '±0'; the word for 'new' where there was nothing before; '' for None."""
    if not isinstance(value, int):
        return gettext('new') if value == 'new' else value or ''
    return ('+' if value > 0 else '−' if value else '±') + number(abs(value))


READ_PER_MINUTE = 220  # words


def minutes(count: int) -> str:
    """Return how long so many words take to read: '3 min read', which does not break."""
    # NOTE: how long it takes to read a post; as short as possible
    sentence = gettext('%(minutes)s min read', minutes=max(1, round(count / READ_PER_MINUTE)))
    return sentence.replace(' ', '\N{NO-BREAK SPACE}')


def column(title: str, width: int) -> str:
    """A title cut to, or filled up to, so many columns of a terminal, where some characters take two and some none.

    A title that reads from right to left is isolated, so that the columns beside it keep their order.
    """
    if title.isascii() and len(title) <= width:
        return title.ljust(width)
    import wcwidth  # here, because only reports need it
    if wcwidth.width(title) > width:
        title = wcwidth.clip(title, 0, width - 1) + '…'
    is_rtl = any(unicodedata.bidirectional(each) in ('R', 'AL') for each in title)
    filled = ' ' * (width - wcwidth.width(title))
    return (f'\u2068{title}\u2069' if is_rtl else title) + filled


WRAPPER = TextWrapper(72, break_long_words=False, break_on_hyphens=False)


def para(words: str) -> str:
    """A paragraph of a mail in plain text. Addresses stand outside of one, each on a line of its own."""
    return WRAPPER.fill(' '.join(words.split())) + '\n'


def columns(title: str, views: int, change: int | str | None, total: int) -> str:
    """Return one row of a report's table, 72 columns wide, in plain text."""
    return f'{column(title, 38)}{simple(number(views)):>10}{simple(signed(change)):>11}{simple(number(total)):>13}'


def simple(text: str) -> str:
    """Return a number in the characters of a keyboard, for plain text."""
    return text.replace('\u202f', ' ').replace('\xa0', ' ').replace('−', '-').replace('±', '')


UNITS = ('byte', 'kilobyte', 'megabyte', 'gigabyte')


def size(count: float) -> str:
    """Return a number of bytes in words: '12 bytes', '1.2 MB'."""
    power = 0
    while count >= 1000 and power < len(UNITS) - 1:
        count, power = count / 1000, power + 1
    pattern = '#,##0.0' if count < 10 and power else '#,##0'
    return format_unit(count, UNITS[power], 'short' if power else 'long', pattern, locale=languages.current().locale)


def separated(items: list[Any]) -> list[tuple[Any, str]]:
    """Return each item of a list in a sentence with what stands after it: ', ', ' and ' or ''."""
    parts = listing(['\0'] * len(items)).split('\0')
    return list(zip(items, parts[1:], strict=True))


def names(people: list[Any]) -> str:
    """Return the names of members in a sentence: 'Ada, Ben and Chris'."""
    return listing([each.name for each in people])


def listing(items: list[str]) -> str:
    """Return a list in a sentence: 'a, b and c'."""
    return format_list(items, locale=languages.current().locale)
