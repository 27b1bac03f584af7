"""Create accounts, find them, change their profiles, and remove those that were never confirmed."""

from datetime import datetime, timedelta
from typing import Any

from peewee import fn

from .. import batches, text
from ..db import among, db, rows
from ..models import CoAuthor, KnownHost, OldHandle, Post, Token, User
from ..settings import current
from . import audit
from .roles import end_setup_links

UNCONFIRMED_LIFETIME, EXPIRED_LINKS_KEPT = timedelta(days=30), timedelta(days=30)
HANDLE_LENGTH = 40
RESERVED_HANDLES = frozenset({'admin', 'owner', 'root', 'support', 'feed', 'settings'})


def create(name: str, email: str | None, password: str | None, at: datetime, role: str = 'author',
           is_verified: bool = False) -> User:
    """Create an account with the site's defaults. `password` is hashed already. Raises IntegrityError if the address
    has an account."""
    if role == 'owner':
        end_setup_links(at)
    return User.create(name=name, handle=find_free_handle(suggest_handle(name)), email=email, password=password,
                       role=role, created_at=at, verified_at=at if is_verified else None, **default_settings(at))


def default_settings(at: datetime) -> dict[str, Any]:
    """Return the settings of a new account."""
    return {'timezone': current().timezone, 'report': current().report, 'report_day': User.report_day.default,
            'report_time': f'{current().report_time:%H:%M}', 'reported_until': at}


def suggest_handle(name: str) -> str:
    """Return the handle for this name, free or not."""
    return text.slug(name, 'author')[:HANDLE_LENGTH]


def handle_stem(handle: str) -> str:
    """Return a handle's beginning that leaves room for a number."""
    return handle[:HANDLE_LENGTH - 4].rstrip('-')


def find_free_handle(wanted: str) -> str:
    """Return this handle, or the next free one with a number."""
    stem = handle_stem(wanted)
    taken, kept = (model.select(model.handle).where((model.handle == wanted) | (model.handle % f'{stem}-[0-9]*'))
                   for model in (User, OldHandle))
    return text.free(wanted, stem, {handle for (handle,) in rows(taken.union_all(kept))} | RESERVED_HANDLES)


def find_by_email(email: str) -> User | None:
    """Return the user with this address, deleted accounts excepted."""
    return User.get_or_none(User.email == email, User.deleted_at.is_null())


def change_profile(user: User, changes: dict[str, Any], at: datetime) -> None:
    """Change name, handle, bio, timezone, report. Raises IntegrityError if the handle is taken.

    A member who turns reports on again gets none about the time without them.
    """
    with db.atomic():
        if user.report == 'never' and changes.get('report', 'never') != 'never':
            changes = changes | {'reported_until': at}
            Post.update(reported_views=Post.views).where(Post.author == user).execute()
            shown = Post.select(Post.views).where(Post.id == CoAuthor.post)
            CoAuthor.update(reported_views=shown).where(CoAuthor.user == user).execute()
            KnownHost.update(is_told=True).where(KnownHost.author == user).execute()
        User.update(**changes).where(User.id == user.id).execute()


def clean_up(at: datetime) -> None:
    """Delete accounts that were never confirmed and wrote nothing, and links that expired long ago."""
    old = User.select(User.id).where(User.verified_at.is_null(), User.created_at <= at - UNCONFIRMED_LIFETIME,
                                     ~fn.EXISTS(Post.select(Post.id).where(Post.author == User.id)))
    batches.handle('removal of account', [user_id for (user_id,) in rows(old)], _delete, at)
    Token.delete().where(Token.expires_at <= at - EXPIRED_LINKS_KEPT).execute()


def _delete(user_ids: list[int]) -> None:
    audit.forget_reasons(user_ids)
    User.delete().where(User.id.in_(among(user_ids))).execute()
