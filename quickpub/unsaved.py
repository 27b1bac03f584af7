"""What stands in an editor and is not saved yet: kept every few seconds, offered when the editor is opened again."""

import re
import secrets
from datetime import datetime, timedelta

from .models import Post, Unsaved, User

KEPT = timedelta(days=60)
PER_AUTHOR = 100  # the oldest go first; somebody with so many windows has forgotten them
TAB = re.compile('[A-Za-z0-9_-]{16}')


def new_tab() -> str:
    """The name of a window: what stands in two of them is kept apart, even of the same post and person."""
    return secrets.token_urlsafe(12)


def keep(user: User, tab: str, post: Post | None, fields: dict[str, str], at: datetime) -> None:
    """Keep what stands in this window's form, in place of what stood there before. Raises ValueError for a window
    whose name is none of ours."""
    if not TAB.fullmatch(tab):
        raise ValueError('no such window')
    Unsaved.replace(user=user, tab=tab, post=post, typed_at=at, fields=fields).execute()
    newest = Unsaved.select(Unsaved.tab).where(Unsaved.user == user).order_by(Unsaved.typed_at.desc()).limit(PER_AUTHOR)
    Unsaved.delete().where(Unsaved.user == user, Unsaved.tab.not_in(newest)).execute()


def of(user: User, post: Post | None) -> list[Unsaved]:
    """What this person has not saved of this post, or of new ones; the newest first."""
    is_of_post = Unsaved.post.is_null() if post is None else Unsaved.post == post
    return list(Unsaved.select().where(Unsaved.user == user, is_of_post).order_by(Unsaved.typed_at.desc()))


def find(user: User, tab: str) -> Unsaved | None:
    return Unsaved.get_or_none(Unsaved.user == user, Unsaved.tab == tab)


def forget(user: User, tab: str) -> None:
    """It is saved now, or not wanted any more."""
    Unsaved.delete().where(Unsaved.user == user, Unsaved.tab == tab).execute()


def clean_up(at: datetime) -> None:
    Unsaved.delete().where(Unsaved.typed_at <= at - KEPT).execute()
