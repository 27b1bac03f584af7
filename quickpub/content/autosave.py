"""Autosaves: the unsaved text of an editor, kept every few seconds and offered when the editor is opened again."""

import re
import secrets
from datetime import datetime, timedelta

from .. import text
from ..db import among, rows
from ..models import Autosave, Post, User
from . import quota

KEPT = timedelta(days=60)
PER_AUTHOR = quota.CONFIRMED.autosaves  # windows
TAB = re.compile('[A-Za-z0-9_-]{16}')
FIELDS = ('title', 'body', 'summary', 'tags', 'slug', 'language', 'canonical', 'series', 'part', 'place',
          'publish_at', 'version', 'kind')  # of the editor's form


def new_tab() -> str:
    """Return a name for a window of the editor: the texts of two windows are kept apart, even of the same post."""
    return secrets.token_urlsafe(12)


def is_tab(name: str) -> bool:
    """Return whether `new_tab` could have made this name."""
    return bool(TAB.fullmatch(name))


def keep(user: User, tab: str, post: Post | None, fields: dict[str, str], at: datetime) -> None:
    """Keep the form of a window, in place of what was kept of it before. If an author has too many autosaves, the
    oldest are deleted. Raises ValueError for a name that is not a window's, or more text than can be kept."""
    size, limits = sum(map(len, fields.values())), quota.of(user)
    if not is_tab(tab) or size > limits.autosaved:
        raise ValueError('no such window, or too much in it')
    if post is None and not any(value for name, value in fields.items() if name != 'kind'):
        return forget(user, tab)  # everything was deleted again
    beginning = text.line(fields['title'] or fields['body'][:1000], 60)
    Autosave.replace(user=user, tab=tab, post=post, typed_at=at, beginning=beginning, size=size,
                     fields=fields).execute()
    room, gone = limits.autosaved, []
    for number, (other, its_size) in enumerate(rows(Autosave.select(Autosave.tab, Autosave.size).where(
            Autosave.user == user).order_by(Autosave.typed_at.desc(), Autosave.tab))):
        room -= its_size
        if number >= limits.autosaves or room < 0:
            gone.append(other)
    if gone:
        Autosave.delete().where(Autosave.user == user, Autosave.tab.in_(among(gone))).execute()


def of(user: User, post: Post | None) -> list[Autosave]:
    """Return a user's autosaves of this post, or of new posts if it is None; the newest first, without the texts."""
    is_of_post = Autosave.post.is_null() if post is None else Autosave.post == post
    return list(Autosave.select(Autosave.user, Autosave.tab, Autosave.post, Autosave.typed_at, Autosave.beginning)
                .where(Autosave.user == user, is_of_post).order_by(Autosave.typed_at.desc()))


def latest(user: User, limit: int) -> list[Autosave]:
    """Return a user's newest autosaves of any post, without the texts."""
    return list(Autosave.select(Autosave.user, Autosave.tab, Autosave.post, Autosave.typed_at, Autosave.beginning)
                .where(Autosave.user == user).order_by(Autosave.typed_at.desc()).limit(limit))


def find(user: User, tab: str) -> Autosave | None:
    """Return the autosave of this window."""
    return Autosave.get_or_none(Autosave.user == user, Autosave.tab == tab)


def forget(user: User, tab: str) -> None:
    """Delete the autosave of a window: its text is saved, or discarded."""
    Autosave.delete().where(Autosave.user == user, Autosave.tab == tab).execute()


def clean_up(at: datetime) -> None:
    """Delete autosaves that are older than KEPT."""
    Autosave.delete().where(Autosave.typed_at <= at - KEPT).execute()
