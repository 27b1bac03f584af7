"""Finding members by handle, and in lists for owners; changing a profile and its handle."""

from collections import Counter
from datetime import datetime
from typing import Any

from peewee import IntegrityError, fn

from .. import permissions
from ..codes import Rejected
from ..db import rows
from ..markup import folding
from ..models import AuthorTotals, CoAuthor, Post, Session, User
from . import hidden_posts, users


def find_author(handle: str, reader: User | None, at: datetime) -> User | None:
    """Return the author whose page readers find under this handle. The owner and the authors themselves find it before
    anything is published."""
    found = Post.public_authors(at).where(User.handle == handle).get_or_none()
    if found is None and reader and (reader.is_owner or reader.handle == handle):
        found = User.get_or_none(User.handle == handle)
    return found


STATES: dict[str, Any] = {  # of a member -> the condition for it; '' is all that have not left
    '': User.deleted_at.is_null(),
    'active': User.active() & User.verified_at.is_null(False),
    'unconfirmed': User.active() & User.verified_at.is_null(),
    'suspended': User.suspended_at.is_null(False) & User.deleted_at.is_null(),
    'left': User.deleted_at.is_null(False),
    'no_mail': User.mail_trouble.is_null(False) & User.deleted_at.is_null()}
ROLES = ('', *permissions.ROLES)


def list_members(typed: str = '', role: str = '', state: str = '') -> Any:
    """Return the query of the accounts that match, the newest first: those with each of these words in their name,
    handle or email address, with this role, in this state (a key of STATES)."""
    query = User.select().where(STATES[state]).order_by(User.id.desc())
    if role:
        query = query.where(User.role == role)
    for word in folding.fold(typed).split():
        query = query.where(User.name_folded.contains(word) | User.handle.contains(word)
                            | fn.FOLD(fn.COALESCE(User.email, '')).contains(word))
    return query


def find_last_seen(members: list[User]) -> dict[int, datetime]:
    """Return when each of these members was last seen, for those that ever were: the last log-in, or the last day on
    which a session was used."""
    query = Session.select(Session.user, fn.MAX(Session.seen_at).coerce(False)).where(
        Session.user.in_([each.id for each in members])).group_by(Session.user)
    seen = {user_id: Session.seen_at.python_value(at) for user_id, at in rows(query)}
    found = {each.id: [at for at in (each.logged_in_at, seen.get(each.id)) if at] for each in members}
    return {user_id: max(times) for user_id, times in found.items() if times}


def count_posts(members: list[User]) -> dict[int, int]:
    """Return how many published and scheduled posts each of these members has, hidden and co-written ones among them.
    """
    found = AuthorTotals.select(AuthorTotals.user, AuthorTotals.posts).where(
        AuthorTotals.user.in_([each.id for each in members]))
    shared = CoAuthor.select(CoAuthor.user, fn.COUNT(CoAuthor.post)).join(Post).where(
        CoAuthor.user.in_([each.id for each in members]), Post.published_at.is_null(False), Post.deleted_at.is_null()
    ).group_by(CoAuthor.user)
    counts = Counter(hidden_posts.count(members))
    for query in (found, shared):
        counts.update(dict(rows(query)))
    return counts


def present_members(but: User | None = None) -> Any:
    """Return the query of all accounts that are not deleted, suspended ones among them, without one."""
    members = User.select().where(User.deleted_at.is_null())
    return members.where(User.id != but.id) if but else members


def active_members(but: User | None = None) -> Any:
    """Return the query of all accounts that can log in, without one."""
    members = User.select().where(User.active())
    return members.where(User.id != but.id) if but else members


def list_heirs(but: User) -> list[User]:
    """Return the members who can be given the posts of this one: all others that can log in and have a confirmed
    address, by name."""
    return list(active_members(but).where(User.verified_at.is_null(False)).order_by(User.name_folded, User.id))


def active_authors() -> Any:
    """Return the query of all accounts that can log in and are no owners."""
    return active_members().where(User.role != permissions.OWNER)


def change_profile(user: User, changes: dict[str, Any], at: datetime) -> None:
    """Change columns of a profile, the handle among them. Raises Rejected if another member has the handle."""
    try:
        users.change_profile(user, changes, at)
    except IntegrityError:
        raise handle_taken(changes['handle']) from None


def handle_taken(handle: str) -> Rejected:
    """Return the error for a handle that cannot be chosen; it suggests another one."""
    return Rejected('handle.taken', handle=users.find_free_handle(handle))
