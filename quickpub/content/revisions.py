"""Versions of a post's text: each one kept when the next is saved, compared, and put together where two people wrote.

The version that is valid is the post itself; a revision is what it was before.
"""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN

from ..db import db
from ..gates import TooMuch
from ..models import Post, Revision, User
from ..sandbox import pool
from . import comparison
from .comparison import Difference

TEXTS = ('title', 'summary', 'tags', 'body')  # what a version is compared by
SMALL = 10_000  # characters of all texts together that are compared without a child process
MAX_COMPARED = 2_000_000  # characters of all of them; three of the longest posts have less

# How long each version is kept, and after that one of each hour, day, week.
THINNED = [(timedelta(days=1), '%Y-%m-%d %H'), (timedelta(days=7), '%Y-%m-%d'), (timedelta(days=90), '%Y-%W')]


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


def differences(old: str, new: str, who: Hashable = None) -> list[Difference]:
    """Return what was changed, word by word. `who`: see budget.Gate.entered. Raises Busy or TooMuch."""
    return [Difference(*each) for each in _in_time(comparison.differences, [old, new], who)]


def merge_forms(base: dict[str, str], mine: dict[str, str], theirs: dict[str, str], who: Hashable = None
                ) -> tuple[dict[str, str], bool]:
    """Merge field by field: what only one of two has changed, and the text as `merge` puts it together. `who`: see
    budget.Gate.entered. Raises Busy or TooMuch."""
    merged, is_clean = _in_time(comparison.merge_forms, [base, mine, theirs], who)
    return merged, is_clean


def merge(base: str, mine: str, theirs: str) -> tuple[str, bool]:
    """See comparison.merge. Raises Busy or TooMuch."""
    merged, is_clean = _in_time(comparison.merge, [base, mine, theirs], None)
    return merged, is_clean


def _in_time(compare: Callable[..., Any], texts: list[Any], who: Hashable) -> Any:
    length = sum(len(each) if isinstance(each, str) else sum(map(len, each.values())) for each in texts)
    if length > MAX_COMPARED:
        raise TooMuch('These texts are too long to be compared.')
    if length <= SMALL:
        with pool.SMALL.entered(who):
            return compare(*texts)
    return pool.call(compare, *texts, who=who)


def clean_up(at: datetime) -> None:
    """Let the kept versions become fewer the older they are: of each hour, day, week, the last one stays."""
    for (age, of_each), (end, _) in zip(THINNED, [*THINNED[1:], (timedelta(days=100_000), '')], strict=True):
        db.execute_sql(
            'DELETE FROM revision WHERE saved_at <= ? AND saved_at > ? AND EXISTS (SELECT 1 FROM revision AS later '
            'WHERE later.post_id = revision.post_id AND later.version > revision.version AND later.saved_at <= ? '
            'AND strftime(?, later.saved_at) = strftime(?, revision.saved_at))',
            (str(at - age), str(at - end), str(at - age), of_each, of_each))
