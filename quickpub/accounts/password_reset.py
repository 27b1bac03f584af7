"""Choose a new password: by a link in an email, or by one that an owner hands over."""

from datetime import datetime

from ..codes import Code
from ..db import db
from ..mail import budgets
from ..mail.budgets import Cause
from ..models import Token, User
from ..settings import current
from .credentials import set_password
from .emails import compose, compose_if, compose_with_new_link, is_recently_mailed
from .links import RESET_LIFETIME, create_link, mark_used
from .users import find_by_email


def request_reset(email: str, at: datetime, cause: Cause | None = None) -> list[int]:
    """Compose the email with a reset link, to the address as it is stored. Return its id in a list, which is empty if
    nobody has the address or an email was sent a moment ago. Takes as long in either case."""
    if not budgets.admit(budgets.FORGOT, cause, at):
        return []
    user = find_by_email(email)
    recipient, is_mailed = user.email or '' if user else email, is_recently_mailed('reset', user, at)
    return compose_if(
        user is not None and user.is_active and not is_mailed,
        lambda: compose_with_new_link('reset', user, recipient, RESET_LIFETIME, at, subject=Code('subject.reset')),
        budgets.FORGOT, recipient, cause, at)


def reset_password(link: Token, password: str, at: datetime) -> User:
    """Use up the `reset` link of a confirmed account and set this (hashed) password. Raises InvalidLink."""
    with db.atomic():
        mark_used(link, at)
        user = User.get_by_id(link.user_id)
        set_password(user, password)
    return User.get_by_id(user.id)


def create_handover_link(user: User, owner: User | None, at: datetime) -> tuple[str, list[int]]:
    """Create a reset link that this owner, or None for the command line, hands over to a member whose email does not
    arrive, in the caller's transaction. Return its URL and the ids of the emails that tell the member."""
    link = create_link('reset', RESET_LIFETIME, at, user=user, email=user.email, made_by=owner)
    message_ids = compose('link_made', user.email or '', key=f'link_made:{link.id}', user=user,
                          subject=Code('subject.link_made'), payload={'owner': owner.name if owner else ''})
    return f'{current().url}/reset/{link.text}', message_ids


def list_handover_links(user_ids: list[int]) -> list[Token]:
    """Return the links that owners have made for these members, the newest first, each with its owner."""
    return list(Token.select(Token, User).join(User, on=Token.made_by).where(
        Token.user.in_(user_ids)).order_by(Token.id.desc()))
