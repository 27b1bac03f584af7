"""The version history of posts: keeping, comparing and merging versions.

The present version is the post itself; a revision is an earlier one.
"""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN

from .. import text
from ..db import db
from ..gates import Busy, TooMuch
from ..models import Post, Revision, User
from ..sandbox import pool
from . import comparison
from .comparison import Difference

TEXTS = ('title', 'summary', 'tags', 'body')  # fields with columns of their own
# Fields of the form.
COMPARED = ('title', 'summary', 'tags', 'slug', 'language', 'canonical', 'series', 'part', 'place', 'body')
SMALL = 10_000  # characters of all texts together that are compared without a child process
MAX_COMPARED = 2_000_000  # characters of all of them; three of the longest posts have less

# From which age on only one version of each hour, day or week is kept.
THINNED = [(timedelta(days=1), '%Y-%m-%d %H'), (timedelta(days=7), '%Y-%m-%d'), (timedelta(days=90), '%Y-%W')]


def keep(post: Post, form: dict[str, str]) -> None:
    """Store the present version, in the caller's transaction, before it is changed. `form` is its form."""
    make_revision(post, form).save(force_insert=True)


def make_revision(post: Post, form: dict[str, str]) -> Revision:
    """Return the present version as a revision, unsaved."""
    details = {name: value for name, value in form.items() if name not in TEXTS}
    return Revision(post=post, version=post.version, saved_at=post.updated_at, editor=post.editor_id, details=details,
                    **{name: form[name] for name in TEXTS})


def form_of(revision: Revision) -> dict[str, str]:
    """Return the form that a version was saved with."""
    return revision.details | {name: getattr(revision, name) for name in TEXTS}


def of(post: Post) -> list[Revision]:
    """Return the earlier versions of a post, the newest first, without their texts."""
    return list(Revision.select(Revision.post, Revision.version, Revision.saved_at, Revision.editor, User)
                .join(User, JOIN.LEFT_OUTER).where(Revision.post == post).order_by(Revision.version.desc()))


def find_editor(post: Post) -> User | None:
    """Return the user who saved the present version, or None if it was the author or is unknown."""
    return User.get_or_none(User.id == post.editor_id) if post.editor_id != post.author_id else None


def find(post: Post, version: int | None, form: dict[str, str]) -> Revision | None:
    """Return the version with this number, or None; `form` is the form of the present one."""
    if version == post.version:
        return make_revision(post, form)
    return Revision.get_or_none(Revision.post == post, Revision.version == version)


def differences(old: str, new: str, who: Hashable = None) -> list[Difference]:
    """Return what was changed, word by word. For `who` see gates.Gate.entered. Raises Busy or TooMuch."""
    return [Difference(*each) for each in _in_time(comparison.differences, [old, new], who)]


def compare_forms(old: dict[str, str], new: dict[str, str], who: Hashable) -> list[tuple[str, list[Difference] | None]]:
    """Return (field, differences) of each field that was changed, the body last; None instead of the differences
    if finding them takes too long. For `who` see gates.Gate.entered."""
    both = [(name, old.get(name, ''), text.body(new.get(name, ''))) for name in COMPARED]
    return [(name, _find_differences(before, after, who)) for name, before, after in both if before != after]


def _find_differences(before: str, after: str, who: Hashable) -> list[Difference] | None:
    try:
        return differences(before, after, who)
    except (Busy, TooMuch):
        return None


def merge_forms(base: dict[str, str], mine: dict[str, str], theirs: dict[str, str], names: tuple[str, str],
                who: Hashable = None) -> tuple[dict[str, str], bool]:
    """Return the merged form, field by field, and whether it has no conflict; for the body and `names` see
    comparison.merge. For `who` see gates.Gate.entered. Raises Busy or TooMuch."""
    merged, is_clean = _in_time(comparison.merge_forms, [base, mine, theirs], who, names)
    return merged, is_clean


def _in_time(compare: Callable[..., Any], texts: list[Any], who: Hashable, *names: Any) -> Any:
    length = sum(len(each) if isinstance(each, str) else sum(map(len, each.values())) for each in texts)
    if length > MAX_COMPARED:
        raise TooMuch('too_much.comparison')
    if length <= SMALL:
        with pool.SMALL.entered(who):
            return compare(*texts, *names)
    return pool.call(compare, *texts, *names, who=who)


def clean_up(at: datetime) -> None:
    """Delete versions as they get older, except the last one of each hour, then day, then week."""
    for (age, of_each), (end, _) in zip(THINNED, [*THINNED[1:], (timedelta(days=100_000), '')], strict=True):
        db.execute_sql(
            'DELETE FROM revision WHERE saved_at <= ? AND saved_at > ? AND EXISTS (SELECT 1 FROM revision AS later '
            'WHERE later.post_id = revision.post_id AND later.version > revision.version AND later.saved_at <= ? '
            'AND strftime(?, later.saved_at) = strftime(?, revision.saved_at))',
            (str(at - age), str(at - end), str(at - age), of_each, of_each))
