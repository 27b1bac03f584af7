"""Roles: changing them, that of new members, the set-up link of the first owner, and the last one, who must stay."""

from datetime import datetime
from typing import Any

from ..codes import Problem
from ..db import db
from ..models import Export, Post, Site, Token, User
from ..permissions import AUTHOR, EDITOR, OWNER, PERMISSIONS, Permission
from ..settings import current
from . import scheduled_posts, site_pages
from .links import SETUP_LIFETIME, UNUSED, create_link


class LastOwner(Problem):
    """Nothing was changed, because the site would have been left without an owner."""


def active_owners() -> Any:
    """Return the query of all owners who can log in."""
    return User.select().where(User.role == 'owner', User.active())


def is_sole_owner(user: User) -> bool:
    """Return whether the site would have no owner without this user."""
    return user.is_owner and not active_owners().where(User.id != user.id).exists()


def change_role(user: User, role: str, at: datetime) -> bool:
    """Give a member another role, one of permissions.ROLES. Return whether that changed anything: an account that is
    suspended or has no confirmed address becomes neither owner nor editor. Raises LastOwner.

    With an owner's role go the site's pages, to another owner, the links that they handed over and exports of the whole
    site; with the permission to publish, secret links to drafts and the dates of scheduled posts, which then wait for
    review.
    """
    with db.atomic():
        user = User.get_by_id(user.id)  # as it is now, inside the transaction
        if user.role != role and is_sole_owner(user):
            raise LastOwner('role.last_owner', name=user.name)
        is_rising = role in (OWNER, EDITOR)
        if user.deleted_at or user.role == role or is_rising and not (user.is_active and user.is_verified):
            return False
        User.update(role=role).where(User.id == user.id).execute()
        if role == OWNER:
            end_setup_links(at)
        elif user.is_owner:
            site_pages.hand_over(user, active_owners().where(User.id != user.id).get())
            Token.update(ended_at=at).where(Token.made_by == user, *UNUSED).execute()
            Export.delete().where(Export.user == user, Export.kind == 'site').execute()
        if Permission.PUBLISH not in PERMISSIONS[role]:
            Post.update(shared_at=None).where(Post.author == user, Post.shared_at.is_null(False)).execute()
            scheduled_posts.submit_scheduled(user, at)
        return True


def make_owner(user: User, at: datetime) -> None:
    """Make a member an owner, if their address is confirmed and their account is active."""
    change_role(user, OWNER, at)


def make_author(user: User, at: datetime) -> bool:
    """Make a member an author. Return whether they were something else. Raises LastOwner."""
    return change_role(user, AUTHOR, at)


def role_of_new_members() -> str:
    """Return the role of those who sign up without an invitation that says another one."""
    return Site.this().new_role


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
