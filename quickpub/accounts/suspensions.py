"""Suspending a member: from that moment on the account can do nothing. Its published posts stay, or are hidden
(hidden_posts.py).

Whether an account may act is one condition, `User.active()`, which every query asks that lets somebody in, sends a
report or writes a file. What is done here, once, is to end what goes on: sessions, links, exports, emails that wait.
"""

from datetime import datetime

from ..codes import Rejected
from ..db import db
from ..models import Export, LoginStep, Message, Session, Token, User
from . import audit, hidden_posts, links, roles
from .roles import LastOwner
from .validation import SUSPENDED

MAX_REASON = 200  # characters
HELD_KINDS = ('report', 'export')  # emails that a suspended member does not get


def suspend(user: User, at: datetime, actor: User | str, client: str = '', reason: str = '',
            hides_posts: bool = False) -> None:
    """Suspend a member, and hide their posts if `hides_posts`. `actor` and `client` are as in `audit.record`; the audit
    log keeps the `reason`. Raises LastOwner for the last owner who can log in, or Rejected if the account is suspended
    already; then nothing is changed."""
    with db.atomic():
        if roles.is_sole_owner(user):
            raise LastOwner('role.last_owner', name=user.name)
        if not User.update(suspended_at=at).where(User.id == user.id, User.active()).execute():
            raise Rejected('email.already_suspended', name=user.name)
        for table in (Session, LoginStep):
            table.delete().where(table.user == user).execute()
        links.end_links(user, at, 'verify', 'reset', 'address')
        Token.update(ended_at=at).where(Token.made_by == user, *links.UNUSED).execute()  # handed over to others
        why = SUSPENDED.to_json()
        Export.update(state='failed', error=why).where(Export.user == user, Export.state == 'waiting').execute()
        Message.update(state='held', answer=why).where(
            Message.user == user, Message.kind.in_(HELD_KINDS), Message.state.in_(['queued', 'deferred'])).execute()
        audit.record('suspended', at, actor, user, client, **({'reason': reason} if reason else {}))
        if hides_posts:
            hidden_posts.hide(user, at, actor, client)


def restore(user: User, at: datetime, actor: User | str, client: str = '') -> None:
    """Let a member log in again, and show their posts if they are hidden. Sessions, links and exports stay ended.
    Raises Rejected if the account is not suspended."""
    with db.atomic():
        if User.get_by_id(user.id).hides_posts:
            hidden_posts.show(user, at, actor, client)
        if not User.update(suspended_at=None).where(
                User.id == user.id, User.suspended_at.is_null(False), User.deleted_at.is_null()).execute():
            raise Rejected('email.not_suspended', name=user.name)
        audit.record('unsuspended', at, actor, user, client)
