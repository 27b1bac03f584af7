"""Versions of a post's text: each one kept when the next is saved, compared, and put together where two people wrote.

The version that is valid is the post itself; a revision is what it was before.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from diff_match_patch import diff_match_patch
from merge3 import Merge3
from peewee import JOIN

from .db import db
from .models import Post, Revision, User

PIECE = re.compile(r'\n|[^\S\n]+|\S+ ?')  # of a text: a word with the space behind it, or what stands between words
COMPARE_FOR = 0.5  # seconds of looking for the shortest difference; what is found by then is right, only longer
TEXTS = ('title', 'summary', 'tags', 'body')  # what a version is compared by
MARKS = ('<<<<<<< Yours', '=======', '>>>>>>> Theirs')  # around what two people changed in different ways

# How long each version is kept, and after that one of each hour, day, week.
THINNED = [(timedelta(days=1), '%Y-%m-%d %H'), (timedelta(days=7), '%Y-%m-%d'), (timedelta(days=90), '%Y-%W')]


class Difference(NamedTuple):
    """Some text that is in both versions (''), only in the old one ('del') or only in the new one ('ins')."""
    kind: str
    text: str


def keep(post: Post, form: dict[str, str]) -> None:
    """Keep the post as it is now, in the caller's transaction, before it is changed. `form` is what it was typed as."""
    current_one(post, form).save(force_insert=True)


def current_one(post: Post, form: dict[str, str]) -> Revision:
    """The version that is valid, as it will be kept."""
    details = {name: value for name, value in form.items() if name not in TEXTS}
    return Revision(post=post, version=post.version, saved_at=post.updated_at, editor=post.editor_id, details=details,
                    **{name: form[name] for name in TEXTS})


def form_of(revision: Revision) -> dict[str, str]:
    """The form as it was typed."""
    return revision.details | {name: getattr(revision, name) for name in TEXTS}


def of(post: Post) -> list[Revision]:
    """All that are kept, the newest first, without their texts."""
    return list(Revision.select(Revision.post, Revision.version, Revision.saved_at, Revision.editor, User)
                .join(User, JOIN.LEFT_OUTER).where(Revision.post == post).order_by(Revision.version.desc()))


def find(post: Post, version: int | None, form: dict[str, str]) -> Revision | None:
    """The one with this number; the valid one too, which was typed as `form`."""
    if version == post.version:
        return current_one(post, form)
    return Revision.get_or_none(Revision.post == post, Revision.version == version)


def differences(old: str, new: str) -> list[Difference]:
    """What was changed, word by word."""
    found, known = _differences(PIECE.findall(old), PIECE.findall(new))
    diff_match_patch().diff_cleanupSemantic(found)
    return [Difference({-1: 'del', 0: '', 1: 'ins'}[sign], ''.join(known[ord(each)] for each in text))
            for sign, text in found]


def _differences(old: Sequence[str], new: Sequence[str]) -> tuple[list[tuple[int, str]], list[str]]:
    """(-1, 0 or 1 for gone, kept or come; pieces, a character each), and which piece has which number."""
    numbers: dict[str, str] = {}
    coded = [''.join(numbers.setdefault(piece, chr(len(numbers))) for piece in pieces) for pieces in (old, new)]
    matcher = diff_match_patch()
    matcher.Diff_Timeout = COMPARE_FOR
    return matcher.diff_main(*coded, False), list(numbers)


class Matcher:
    """What Merge3 asks difflib, whose answer would take minutes for texts that have little in common."""

    def __init__(self, isjunk: None, a: Sequence[str], b: Sequence[str]):
        self._a, self._b = a, b

    def get_matching_blocks(self) -> list[tuple[int, int, int]]:
        """(where in a, where in b, how many), and an empty one at the end."""
        blocks, in_a, in_b = [], 0, 0
        for sign, pieces in _differences(self._a, self._b)[0]:
            if sign == 0:
                blocks.append((in_a, in_b, len(pieces)))
            in_a += len(pieces) * (sign <= 0)
            in_b += len(pieces) * (sign >= 0)
        return [*blocks, (len(self._a), len(self._b), 0)]


def merge_forms(base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]) -> tuple[dict[str, str], bool]:
    """Field by field: what only one of two has changed, and the text as `merge` puts it together."""
    merged = {name: theirs[name] if mine.get(name, '') == base.get(name, '') else mine.get(name, '') for name in theirs}
    is_clean = all(mine.get(name, '') in (base.get(name, ''), theirs[name]) or theirs[name] == base.get(name, '')
                   for name in theirs if name != 'body')
    merged['body'], is_body_clean = merge(base.get('body', ''), mine['body'], theirs['body'])
    return merged, is_clean and is_body_clean


def merge(base: str, mine: str, theirs: str) -> tuple[str, bool]:
    """Both changes of the same text in one, and whether they do not touch each other. Where they do, both lines stand
    there, one below the other, between MARKS."""
    by_word = Merge3(PIECE.findall(base), PIECE.findall(mine), PIECE.findall(theirs), sequence_matcher=Matcher)
    if not any(kind == 'conflict' for kind, *_ in by_word.merge_regions()):
        return ''.join(by_word.merge_lines()), True
    by_line = Merge3(_lines(base), _lines(mine), _lines(theirs), sequence_matcher=Matcher)
    yours, between, others = MARKS
    merged = by_line.merge_lines(start_marker=yours, mid_marker=between, end_marker=others)
    return ''.join(merged).removesuffix('\n'), False


def _lines(text: str) -> list[str]:
    return [line + '\n' for line in text.split('\n')]


def clean_up(at: datetime) -> None:
    """Let the kept versions become fewer the older they are: of each hour, day, week, the last one stays."""
    for (age, of_each), (end, _) in zip(THINNED, [*THINNED[1:], (timedelta(days=100_000), '')], strict=True):
        db.execute_sql(
            'DELETE FROM revision WHERE saved_at <= ? AND saved_at > ? AND EXISTS (SELECT 1 FROM revision AS later '
            'WHERE later.post_id = revision.post_id AND later.version > revision.version AND later.saved_at <= ? '
            'AND strftime(?, later.saved_at) = strftime(?, revision.saved_at))',
            (str(at - age), str(at - end), str(at - age), of_each, of_each))
