"""Compare two texts word by word, and merge two changes of one text.

The functions are pure; revisions.py calls them within limits of time.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from diff_match_patch import diff_match_patch
from merge3 import Merge3

PIECE = re.compile(r'\n|[^\S\n]+|\S+ ?')  # of a text: a word with the space behind it, or what stands between words
COMPARE_FOR = 0.5  # seconds of looking for the shortest difference; what is found by then is right, only longer
MAX_PLACES = 20  # of a common part in a text, each of which the library compares to its ends
MARKERS = ('<<<<<<<', '=======', '>>>>>>>')  # around what two people changed in different ways


class Difference(NamedTuple):
    """Some text that is in both versions (''), only in the old one ('del') or only in the new one ('ins')."""
    kind: str
    text: str


class _Comparer(diff_match_patch):
    """The library, without the one step that its time limit does not stop."""

    def diff_halfMatch(self, text1: str, text2: str) -> Any:
        """Look for a long common part in the middle, unless it repeats itself: each place would be compared."""
        longer, shorter = (text1, text2) if len(text1) > len(text2) else (text2, text1)
        quarter = len(longer) // 4
        for start in ((len(longer) + 3) // 4, (len(longer) + 1) // 2):
            if quarter and _is_often_in(shorter, longer[start:start + quarter]):
                return None
        return super().diff_halfMatch(text1, text2)


def _is_often_in(text: str, part: str) -> bool:
    place = -1
    for _ in range(MAX_PLACES):
        place = text.find(part, place + 1)
        if place < 0:
            return False
    return True


def differences(old: str, new: str) -> list[Difference]:
    """Return the differences, word by word."""
    found, known = _differences(PIECE.findall(old), PIECE.findall(new))
    _Comparer().diff_cleanupSemantic(found)
    return [Difference({-1: 'del', 0: '', 1: 'ins'}[sign], ''.join(known[ord(each)] for each in text))
            for sign, text in found]


def _differences(old: Sequence[str], new: Sequence[str]) -> tuple[list[tuple[int, str]], list[str]]:
    """Return the differences as (-1, 0 or 1 for deleted, kept or inserted; pieces, coded as one character each), and
    the piece of each code."""
    numbers: dict[str, str] = {}
    coded = [''.join(numbers.setdefault(piece, chr(len(numbers))) for piece in pieces) for pieces in (old, new)]
    matcher = _Comparer()
    matcher.Diff_Timeout = COMPARE_FOR
    return matcher.diff_main(*coded, False), list(numbers)


class Matcher:
    """A matcher for Merge3 in place of difflib's, which takes minutes for texts that have little in common."""

    def __init__(self, isjunk: None, a: Sequence[str], b: Sequence[str]):
        self._a, self._b = a, b

    def get_matching_blocks(self) -> list[tuple[int, int, int]]:
        """Return the common blocks as (start in a, start in b, length), with an empty one at the end."""
        blocks, in_a, in_b = [], 0, 0
        for sign, pieces in _differences(self._a, self._b)[0]:
            if sign == 0:
                blocks.append((in_a, in_b, len(pieces)))
            in_a += len(pieces) * (sign <= 0)
            in_b += len(pieces) * (sign >= 0)
        return [*blocks, (len(self._a), len(self._b), 0)]


def merge_forms(base: dict[str, str], mine: dict[str, str], theirs: dict[str, str], names: Sequence[str] = ('', '')
                ) -> tuple[dict[str, str], bool]:
    """Return the merged form, field by field, with the body as `merge` returns it, and whether it has no conflict."""
    merged = {name: theirs[name] if mine.get(name, '') == base.get(name, '') else mine.get(name, '') for name in theirs}
    is_clean = all(mine.get(name, '') in (base.get(name, ''), theirs[name]) or theirs[name] == base.get(name, '')
                   for name in theirs if name != 'body')
    merged['body'], is_body_clean = merge(base.get('body', ''), mine['body'], theirs['body'], names)
    return merged, is_clean and is_body_clean


def merge(base: str, mine: str, theirs: str, names: Sequence[str] = ('', '')) -> tuple[str, bool]:
    """Return the text with both changes, and whether it has no conflict. Lines that both have changed are kept twice,
    mine first, between MARKERS; `names` are the words behind the first and the last marker."""
    by_word = Merge3(PIECE.findall(base), PIECE.findall(mine), PIECE.findall(theirs), sequence_matcher=Matcher)
    if not _has_conflict(by_word):
        return ''.join(by_word.merge_lines()), True
    by_line = Merge3(_lines(base), _lines(mine), _lines(theirs), sequence_matcher=Matcher)
    first, middle, last = MARKERS
    merged = by_line.merge_lines(start_marker=f'{first} {names[0]}'.rstrip(), mid_marker=middle,
                                 end_marker=f'{last} {names[1]}'.rstrip())
    return ''.join(merged).removesuffix('\n'), not _has_conflict(by_line)


def _has_conflict(merge: Merge3) -> bool:
    return any(kind == 'conflict' for kind, *_ in merge.merge_regions())


def _lines(text: str) -> list[str]:
    return [line + '\n' for line in text.split('\n')]
