"""Finding members by handle, and in lists for owners; changing a profile and its handle."""

from datetime import datetime
from typing import Any

from peewee import IntegrityError

from ..codes import Rejected
from ..models import Post, User
from . import users


def find_author(handle: str, reader: User | None, at: datetime) -> User | None:
    """Return the author whose page readers find under this handle. The owner and the authors themselves find it before
    anything is published."""
    found = Post.public_authors(at).where(User.handle == handle).get_or_none()
    if found is None and reader and (reader.is_owner or reader.handle == handle):
        found = User.get_or_none(User.handle == handle)
    return found


def list_members() -> Any:
    """Return the query of all accounts that are not deleted, the newest first."""
    return User.select().where(User.deleted_at.is_null()).order_by(User.id.desc())


def active_members(but: User | None = None) -> Any:
    """Return the query of all accounts that can log in, without one."""
    members = User.select().where(User.active())
    return members.where(User.id != but.id) if but else members


def active_authors() -> Any:
    """Return the query of all accounts that can log in and are no owners."""
    return active_members().where(User.role == 'author')


def change_profile(user: User, changes: dict[str, Any], at: datetime) -> None:
    """Change columns of a profile, the handle among them. Raises Rejected if another member has the handle."""
    try:
        users.change_profile(user, changes, at)
    except IntegrityError:
        raise handle_taken(changes['handle']) from None


def handle_taken(handle: str) -> Rejected:
    """Return the error for a handle that cannot be chosen; it suggests another one."""
    return Rejected('handle.taken', handle=users.find_free_handle(handle))
