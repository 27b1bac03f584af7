"""Versions of a post's text: each one kept when the next is saved, compared, and put together where two people wrote.

The version that is valid is the post itself; a revision is what it was before.
"""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from diff_match_patch import diff_match_patch
from merge3 import Merge3
from peewee import JOIN

from .db import db
from .models import Post, Revision, User

PIECE = re.compile(r'\n|[^\S\n]+|\S+ ?')  # of a text: a word with the space behind it, or what stands between words
COMPARE_FOR = 1.0  # seconds of looking for the shortest difference; what is found by then is right, only longer
MARKS = ('<<<<<<< Yours', '=======', '>>>>>>> Theirs')  # around what two people changed in different ways

# How long each version is kept, and after that one of each hour, day, week.
THINNED = [(timedelta(days=1), '%Y-%m-%d %H'), (timedelta(days=7), '%Y-%m-%d'), (timedelta(days=90), '%Y-%W')]


class Difference(NamedTuple):
    """Some text that is in both versions (''), only in the old one ('del') or only in the new one ('ins')."""
    kind: str
    text: str


def keep(post: Post, tags: str) -> None:
    """Keep the post as it is now, in the caller's transaction, before it is changed."""
    Revision.create(post=post, version=post.version, saved_at=post.updated_at, editor=post.editor_id, title=post.title,
                    summary=post.summary, tags=tags, body=post.body)


def of(post: Post) -> list[Revision]:
    """All that are kept, the newest first, without their texts."""
    return list(Revision.select(Revision.post, Revision.version, Revision.saved_at, Revision.editor, User)
                .join(User, JOIN.LEFT_OUTER).where(Revision.post == post).order_by(Revision.version.desc()))


def find(post: Post, version: int | None, tags: str) -> Revision | None:
    """The one with this number; the valid one too, with these tags, as if it were kept already."""
    if version == post.version:
        return Revision(post=post, version=post.version, saved_at=post.updated_at, editor=post.editor_id,
                        title=post.title, summary=post.summary, tags=tags, body=post.body)
    return Revision.get_or_none(Revision.post == post, Revision.version == version)


def differences(old: str, new: str) -> list[Difference]:
    """What was changed, word by word."""
    numbers: dict[str, str] = {}
    words = [[numbers.setdefault(word, chr(len(numbers))) for word in PIECE.findall(text)] for text in (old, new)]
    matcher = diff_match_patch()
    matcher.Diff_Timeout = COMPARE_FOR
    found = matcher.diff_main(*map(''.join, words), False)
    matcher.diff_cleanupSemantic(found)
    known = list(numbers)
    return [Difference({-1: 'del', 0: '', 1: 'ins'}[sign], ''.join(known[ord(each)] for each in text))
            for sign, text in found]


def merge(base: str, mine: str, theirs: str) -> tuple[str, bool]:
    """Both changes of the same text in one, and whether they do not touch each other. Where they do, both lines stand
    there, one below the other, between MARKS."""
    by_word = Merge3(PIECE.findall(base), PIECE.findall(mine), PIECE.findall(theirs))
    if not any(kind == 'conflict' for kind, *_ in by_word.merge_regions()):
        return ''.join(by_word.merge_lines()), True
    by_line = Merge3(_lines(base), _lines(mine), _lines(theirs))
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
