"""How much text an account may keep: posts, their older versions, and autosaves.

Triggers keep the sizes (migration 20), so a check reads a few numbers and no text. Call `check` in every transaction
that saves a text.
"""

from dataclasses import dataclass

from peewee import fn

from ..codes import Code, Rejected
from ..db import rows
from ..gates import Newcomer
from ..models import Post, Revision, TextSize, User

MEGABYTE = 1_000_000
PER_ROW = 1000  # bytes that a post or a version costs beside its text, as in migration 20
BATCH = 50  # versions that are looked at to make room


@dataclass(frozen=True)
class Limits:
    """The limits of an account. `size` is in bytes, `autosaved` in characters."""
    size: int
    posts: int
    autosaves: int
    autosaved: int


CONFIRMED = Limits(size=200 * MEGABYTE, posts=100_000, autosaves=100, autosaved=6_000_000)
UNCONFIRMED = Limits(size=2 * MEGABYTE, posts=10, autosaves=10, autosaved=1_000_000)


def of(user: User) -> Limits:
    """Return the limits of this account."""
    return CONFIRMED if user.is_verified else UNCONFIRMED


def waits_as(user: User) -> int | Newcomer:
    """Return the name under which a user waits for work on their texts (gates.Gate.entered)."""
    return user.id if user.is_verified else Newcomer(user.id)


def size_of(*texts: str) -> int:
    """Return how many bytes a post with these texts takes."""
    return PER_ROW + sum(len(each.encode()) for each in texts)


def check(author: User, post: Post | None, size: int) -> None:
    """Make room for a new post of so many bytes, or for this post with its new size, in the transaction that saves it.

    The oldest versions of the account are deleted if that is needed. Raises Rejected if it is not enough; a post that
    gets shorter can always be saved.
    """
    limits = of(author)
    texts, versions, posts = _totals(author)
    before = (TextSize.select(TextSize.text).where(TextSize.post == post).scalar() or 0) if post else 0
    if post is None and posts >= limits.posts:
        raise Rejected('quota.posts', field='title', count=limits.posts, advice=_suggest(author))
    if size > before and texts - before + size > limits.size:
        raise Rejected('quota.size', field='body', megabytes=limits.size // MEGABYTE, advice=_suggest(author))
    if (excess := texts + versions + size - limits.size) > 0:  # what was there becomes an older version
        _forget_versions(author, excess)


def _suggest(author: User) -> Code:
    return Code('quota.delete_posts') if author.is_verified else Code('quota.confirm_email')


def _totals(author: User) -> tuple[int, int, int]:
    """Return the bytes of all posts of an author, of all older versions, and how many posts there are."""
    sums = TextSize.select(fn.SUM(TextSize.text), fn.SUM(TextSize.versions), fn.COUNT(TextSize.post))
    (texts, versions, posts), = rows(sums.where(TextSize.author == author))
    return texts or 0, versions or 0, posts


def _forget_versions(author: User, excess: int) -> None:
    """Delete the oldest versions of this author's posts until so many bytes are free, or none is left."""
    while excess > 0:
        oldest = rows(Revision.select(Revision.post, Revision.version, Revision.body, Revision.summary)
                      .join(TextSize, on=TextSize.post == Revision.post).where(TextSize.author == author)
                      .order_by(Revision.saved_at, Revision.version).limit(BATCH))
        if not oldest:
            return
        for post, version, body, summary in oldest:
            if excess > 0:
                Revision.delete().where(Revision.post == post, Revision.version == version).execute()
                excess -= size_of(body, summary)
