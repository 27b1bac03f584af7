"""Set words in the font of the cards: find the letters that it has, break lines, and shorten what does not fit."""

import unicodedata
from functools import cache
from typing import NamedTuple

from PIL import ImageFont, features

from .card_text import FONT

MOST_CHARACTERS = 400  # of a text; no more fit
ELLIPSIS = '…'
VARIATIONS = dict.fromkeys(range(0xFE00, 0xFE10))  # of symbols, invisible
LACKING = '\U0010ffff'  # a character that no font has


class Words(NamedTuple):
    """A text that the font can draw, and its direction as libraqm calls it."""
    text: str
    direction: str | None = None

    def width(self, font: ImageFont.FreeTypeFont, part: str) -> float:
        """Return how wide a part of the text is, in pixels."""
        return font.getlength(part, direction=self.direction)


@cache
def font_of(size: int) -> ImageFont.FreeTypeFont:
    """Return the font in this size, in pixels."""
    return ImageFont.truetype(FONT, size)


def keep_drawable(text: str) -> Words:
    """Return a text without the symbols that the font lacks, such as emoji; nothing if it lacks letters."""
    text = unicodedata.normalize('NFC', text[:MOST_CHARACTERS].translate(VARIATIONS))
    lacking = {each for each in set(text) if not each.isspace() and not _has(each)}
    if any(unicodedata.category(each)[0] in 'LN' for each in lacking):
        return Words('')
    text = ' '.join(''.join(each for each in text if each not in lacking).split())
    directions = [unicodedata.bidirectional(each) for each in text]
    if not any(unicodedata.category(each)[0] in 'LN' for each in text):
        return Words('')
    if not features.check('raqm'):  # without it, letters that run from right to left would be in the wrong order
        return Words('' if {'R', 'AL'} & set(directions) else text)
    first = next((each for each in directions if each in ('L', 'R', 'AL')), 'L')
    return Words(text, 'ltr' if first == 'L' else 'rtl')


@cache
def _has(character: str) -> bool:
    """Return whether the font has a glyph of its own for a character."""
    font = font_of(24)
    return bytes(font.getmask(character)) != bytes(font.getmask(LACKING))


def wrap(words: Words, font: ImageFont.FreeTypeFont, most: float) -> list[str]:
    """Return lines of at most this width, in pixels; a word that is wider is broken."""
    lines: list[str] = []
    line = ''
    for word in words.text.split(' '):
        longer = f'{line} {word}' if line else word
        if words.width(font, longer) <= most:
            line = longer
            continue
        lines += [line] if line else []
        while words.width(font, word) > most:
            lines.append(_cut(Words(word, words.direction), font, most))
            word = word[len(lines[-1]):]
        line = word
    return [*lines, line] if line else lines


def has_broken(words: Words, lines: list[str]) -> bool:
    """Return whether a word had to be broken."""
    return ' '.join(lines) != words.text


def balance(words: Words, font: ImageFont.FreeTypeFont, lines: list[str], most: float) -> list[str]:
    """Return as many lines of about the same width, at most this one."""
    low, high = most / 2, most
    while len(lines) > 1 and high - low > 4:
        middle = (low + high) / 2
        tried = wrap(words, font, middle)
        if len(tried) == len(lines) and not has_broken(words, tried):
            high, lines = middle, tried
        else:
            low = middle
    return lines


def shorten(words: Words, font: ImageFont.FreeTypeFont, most: float) -> str:
    """Return the text, or its beginning and an ellipsis where it is wider than this; cut between words where
    possible."""
    if words.width(font, words.text) <= most:
        return words.text
    part = _cut(words, font, most, ELLIPSIS)
    whole = part.rpartition(' ')[0]
    return (whole if len(whole) > len(part) * 0.7 else part).rstrip(' ,;:-–—') + ELLIPSIS


def _cut(words: Words, font: ImageFont.FreeTypeFont, most: float, ending: str = '') -> str:
    """Return the longest beginning that fits with this ending: at least one character, and marks with their letter."""
    text, low, high = words.text, 1, len(words.text)
    while low < high:
        middle = (low + high + 1) // 2
        if words.width(font, text[:middle] + ending) <= most:
            low = middle
        else:
            high = middle - 1
    while 1 < low < len(text) and unicodedata.combining(text[low]):
        low -= 1
    return text[:low]
