"""Suspend or remove several members at once, such as the accounts of a spammer.

Each member is a transaction of their own: what cannot be done to one is told, and done to the others all the same.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from peewee import DatabaseError, fn

from ..codes import Code, Problem, Rejected
from ..db import among, db, rows
from ..models import Post, Upload, User
from . import blocked_domains, deletion, directory, hidden_posts, roles, suspensions

MOST = 50

log = logging.getLogger('quickpub.accounts')


class Belongings(NamedTuple):
    """The belongings of a member: all posts, drafts and the trash among them, uploaded files, and views."""
    posts: int
    files: int
    views: int


class Outcome(NamedTuple):
    """How many members it was done to, and the others with the reason why not."""
    done: int
    failed: list[tuple[User, Code]]


def find_selectable(ids: list[int], owner: User) -> list[User]:
    """Return those of these members that this owner can suspend or remove together with others: no owners."""
    return list(_selectable(owner).where(User.id.in_(among(ids))).order_by(User.id.desc()))


def _selectable(owner: User) -> Any:
    return directory.present_members(but=owner).where(User.role != 'owner')


def count_belongings(members: list[User]) -> dict[int, Belongings]:
    """Return what each of these members has."""
    ids = [each.id for each in members]
    posts = {user_id: (count, views) for user_id, count, views in rows(
        Post.select(Post.author, fn.COUNT(Post.id), fn.SUM(Post.views)).where(Post.author.in_(ids))
        .group_by(Post.author))}
    files = dict(rows(Upload.select(Upload.user, fn.COUNT(Upload.id)).where(Upload.user.in_(ids))
                      .group_by(Upload.user)))
    return {user_id: Belongings(posts.get(user_id, (0, 0))[0], files.get(user_id, 0), posts.get(user_id, (0, 0))[1])
            for user_id in ids}


def list_domains(members: list[User]) -> list[str]:
    """Return the domains of these members' addresses that can be blocked with them: those of no mailbox provider and no
    owner that are not blocked yet."""
    owners = {blocked_domains.domain_of(each.email) for each in roles.active_owners()}
    found = {blocked_domains.domain_of(each.email) for each in members if each.email}
    return sorted(domain for domain in found - owners if not blocked_domains.is_provider(domain)
                  and not blocked_domains.find_blocked(f'x@{domain}'))


def suspend_each(members: list[User], at: datetime, owner: User, client: str = '') -> Outcome:
    """Suspend these members and hide their posts. `client` is as in `audit.record`."""
    def suspend(member: User) -> None:
        if member.suspended_at is None:
            suspensions.suspend(member, at, owner, client, hides_posts=True)
        elif not member.hides_posts:
            hidden_posts.hide(member, at, owner, client)
    return _do_to_each(members, owner, suspend)


def remove_each(members: list[User], at: datetime, owner: User, client: str = '') -> Outcome:
    """Delete the accounts of these members with everything that they wrote. `client` is as in `audit.record`."""
    return _do_to_each(members, owner, lambda member: deletion.remove_member(member, False, at, owner, client))


def _do_to_each(members: list[User], owner: User, act: Callable[[User], None]) -> Outcome:
    failed: list[tuple[User, Code]] = []
    for number, member in enumerate(members):
        try:
            with db.atomic():
                if not roles.active_owners().where(User.id == owner.id).exists():
                    raise Problem('members.not_allowed')
                found = _selectable(owner).where(User.id == member.id).get_or_none()
                if found is None:
                    raise Problem('members.changed')
                act(found)
        except Problem as error:
            failed.append((member, error.code))
        except Rejected as error:
            failed.append((member, next(iter(error.errors.values()))))
        except DatabaseError as error:
            log.error('Of %s members, %s were left as they are: %s', len(members), len(members) - number, error)
            failed += [(each, Code('members.not_saved')) for each in members[number:]]
            break
    return Outcome(len(members) - len(failed), failed)
