"""Numbers, sizes and tables as people read them."""

import unicodedata
from textwrap import TextWrapper

import wcwidth


def number(value: int) -> str:
    return f'{value:,}'.replace(',', '\u202f')  # a narrow space that does not break


def signed(value: int | str | None) -> str:
    """A difference: '+3', '−1 200', '±0'; a word as it is, and nothing for None."""
    if not isinstance(value, int):
        return value or ''
    return ('+' if value > 0 else '−' if value else '±') + number(abs(value))


READ_PER_MINUTE = 220  # words


def minutes(count: int) -> str:
    return f'{max(1, round(count / READ_PER_MINUTE))}\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}read'


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


WRAPPER = TextWrapper(72, break_long_words=False, break_on_hyphens=False)


def para(words: str) -> str:
    """A paragraph of a mail in plain text. Addresses stand outside of one, each on a line of its own."""
    return WRAPPER.fill(' '.join(words.split())) + '\n'


def columns(title: str, views: int, change: int | str | None, total: int) -> str:
    """One row of a report's table, 72 columns wide, in plain text."""
    return column(title, 38) + f'{views:10,}{simple(signed(change)):>11}{total:13,}'.replace(',', ' ')


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
