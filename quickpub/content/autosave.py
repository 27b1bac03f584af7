"""What stands in an editor and is not saved yet: kept every few seconds, offered when the editor is opened again."""

import re
import secrets
from datetime import datetime, timedelta

from .. import text
from ..db import among, rows
from ..models import Post, Unsaved, User
from . import quota

KEPT = timedelta(days=60)
PER_AUTHOR = quota.CONFIRMED.autosaves  # windows; somebody with so many has forgotten the oldest
TAB = re.compile('[A-Za-z0-9_-]{16}')


def new_tab() -> str:
    """The name of a window: what stands in two of them is kept apart, even of the same post and person."""
    return secrets.token_urlsafe(12)


def keep(user: User, tab: str, post: Post | None, fields: dict[str, str], at: datetime) -> None:
    """Keep what stands in this window's form, in place of what stood there before. Where it gets too much, the oldest
    go. Raises ValueError for a window whose name is none of ours, or more text than can be kept."""
    size, limits = sum(map(len, fields.values())), quota.of(user)
    if not TAB.fullmatch(tab) or size > limits.autosaved:
        raise ValueError('no such window, or too much in it')
    if post is None and not any(value for name, value in fields.items() if name != 'kind'):
        return forget(user, tab)  # all of it was taken out again: there is nothing to go on with
    beginning = text.line(fields['title'] or fields['body'][:1000], 60)
    Unsaved.replace(user=user, tab=tab, post=post, typed_at=at, beginning=beginning, size=size, fields=fields).execute()
    room, gone = limits.autosaved, []
    for number, (other, its_size) in enumerate(rows(Unsaved.select(Unsaved.tab, Unsaved.size).where(
            Unsaved.user == user).order_by(Unsaved.typed_at.desc(), Unsaved.tab))):
        room -= its_size
        if number >= limits.autosaves or room < 0:
            gone.append(other)
    if gone:
        Unsaved.delete().where(Unsaved.user == user, Unsaved.tab.in_(among(gone))).execute()


def of(user: User, post: Post | None) -> list[Unsaved]:
    """What this person has not saved of this post, or of new ones; the newest first, without the texts."""
    is_of_post = Unsaved.post.is_null() if post is None else Unsaved.post == post
    return list(Unsaved.select(Unsaved.user, Unsaved.tab, Unsaved.typed_at, Unsaved.beginning)
                .where(Unsaved.user == user, is_of_post).order_by(Unsaved.typed_at.desc()))


def find(user: User, tab: str) -> Unsaved | None:
    return Unsaved.get_or_none(Unsaved.user == user, Unsaved.tab == tab)


def forget(user: User, tab: str) -> None:
    """It is saved now, or not wanted any more."""
    Unsaved.delete().where(Unsaved.user == user, Unsaved.tab == tab).execute()


def clean_up(at: datetime) -> None:
    """Forget what nobody has gone on with for long."""
    Unsaved.delete().where(Unsaved.typed_at <= at - KEPT).execute()
