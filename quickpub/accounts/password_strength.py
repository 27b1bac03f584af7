"""Passwords that guessers try first: common ones, those about their owner, and keys in a row.

The list is of passwords that were found in leaks, from zxcvbn (MIT, see wordlists/LICENSE). It is read when the first
password is set, and nothing is sent to anybody.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from ..codes import Code

COMMON = Path(__file__).parents[1] / 'wordlists' / 'common_passwords.txt'
SHORTEST = 5  # characters of a common password, once its spaces and signs are left out
SHORTEST_WORD = 3  # letters of a name that counts

# Keys side by side. Letters and digits in their own order are found without a list.
ROWS = ('1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'yxcvbnm', 'azertyuiop', 'qsdfghjklm',
        'qwertyuiopasdfghjklzxcvbnm', 'йцукенгшщзхъ', 'фывапролджэ', 'ячсмитьбю', '1qaz2wsx3edc4rfv5tgb6yhn7ujm')


def find_fault(password: str, words: Iterable[str] = ()) -> Code | None:
    """Return the code of what makes a password easy to guess, or None for a good one. `words` are about its owner and
    the site: names, an email address."""
    whole, bare = fold(password), _bare(password)
    unit = _unit(bare) if bare else _unit(whole)
    if len(unit) == 1 or _is_in_a_row(unit):
        return Code('password.too_regular')
    core = bare.strip('0123456789')
    if not _common().isdisjoint({whole, bare, unit, core}):
        return Code('password.too_common')
    return Code('password.too_personal') if any(_is_made_of(word, bare) for word in _about(words)) else None


def fold(text: str) -> str:
    """Return a text without what guessers ignore: capitals, compatible letters, other scripts' digits."""
    return ''.join(str(unicodedata.decimal(each, each)) for each in unicodedata.normalize('NFKC', text).casefold())


def _bare(text: str) -> str:
    """Return a text folded, without spaces, punctuation and what cannot be seen."""
    return ''.join(each for each in fold(text) if unicodedata.category(each)[0] not in 'ZPC')


def _about(words: Iterable[str]) -> Iterator[str]:
    """Give each of these words as it may stand in a password; of an email address also what is before the @."""
    for word in words:
        for part in {word, word.rpartition('@')[0]}:
            if len(bare := _bare(part)) >= SHORTEST_WORD:
                yield bare


def _is_made_of(word: str, text: str) -> bool:
    """Return whether a text is this word, once or more often, and besides at most digits."""
    rest = text.replace(word, '')
    return rest != text and (not rest or (rest.isdigit() and not word.isdigit()))


def _unit(text: str) -> str:
    """Return what a text repeats from its beginning to its end (the last time perhaps not all of it), or all of it."""
    lengths = range(1, len(text) // 2 + 1)
    return next((text[:length] for length in lengths if text[length:] == text[:-length]), text)


def _is_in_a_row(text: str) -> bool:
    """Return whether each sign follows on the one before: in the alphabet, in counting, or on a keyboard."""
    if len(text) < 3:
        return False
    steps = {(ord(after) - ord(before)) for before, after in zip(text, text[1:], strict=False)}
    if steps in ({1}, {-1}):
        return True
    rows = (row * (len(text) // len(row) + 2) for row in (*ROWS, '0123456789', 'abcdefghijklmnopqrstuvwxyz'))
    return any(text in row or text[::-1] in row for row in rows)


@cache
def _common() -> frozenset[str]:
    """Return the common passwords, folded, as they are and without spaces and punctuation."""
    lines = COMMON.read_text('utf-8').split('\n')
    return frozenset(form for line in lines for form in (fold(line), _bare(line)) if len(form) >= SHORTEST)
