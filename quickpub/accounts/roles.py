"""Owners: the set-up link of the first one, new ones, and the last one, who must stay."""

from datetime import datetime
from typing import Any

from ..codes import Problem
from ..db import db
from ..models import Export, Token, User
from ..settings import current
from . import site_pages
from .links import SETUP_LIFETIME, UNUSED, create_link


class LastOwner(Problem):
    """Nothing was changed, because the site would have been left without an owner."""


def active_owners() -> Any:
    """Return the query of all owners who can log in."""
    return User.select().where(User.role == 'owner', User.active())


def is_sole_owner(user: User) -> bool:
    """Return whether the site would have no owner without this user."""
    return user.is_owner and not active_owners().where(User.id != user.id).exists()


def make_owner(user: User, at: datetime) -> None:
    """Make a member an owner, if their address is confirmed and their account is active."""
    with db.atomic():
        if User.update(role='owner').where(User.id == user.id, User.verified_at.is_null(False),
                                           User.active()).execute():
            end_setup_links(at)


def make_author(user: User, at: datetime) -> bool:
    """Make an owner an author, and return whether they were an owner. The site's pages go to another owner; links that
    they handed over and exports of the whole site end. Raises LastOwner."""
    with db.atomic():
        user = User.get_by_id(user.id)  # as it is now, inside the transaction
        if is_sole_owner(user):
            raise LastOwner('role.last_owner', name=user.name)
        if not User.update(role='author').where(User.id == user.id, User.role == 'owner',
                                                User.deleted_at.is_null()).execute():
            return False
        site_pages.hand_over(user, active_owners().where(User.id != user.id).get())
        Token.update(ended_at=at).where(Token.made_by == user, *UNUSED).execute()
        Export.delete().where(Export.user == user, Export.kind == 'site').execute()
        return True


def ensure_setup_url(at: datetime) -> str | None:
    """Return the URL of the page that creates the owner's account, the same until it is used. None if the site has an
    owner."""
    with db.atomic():
        if active_owners().exists():
            return None
        link = Token.get_or_none(Token.purpose == 'setup', *UNUSED, Token.expires_at > at)
        link = link or create_link('setup', SETUP_LIFETIME, at)
    return f'{current().url}/setup/{link.text}'


def end_setup_links(at: datetime) -> None:
    """End all set-up links, in the transaction in which somebody becomes an owner."""
    Token.update(ended_at=at).where(Token.purpose == 'setup', *UNUSED).execute()
