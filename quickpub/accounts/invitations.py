"""Invite people by email or by a link to copy, list what is pending, and let the invited sign up.

An invitation to an email address has two links. The one in the email proves the address; the one that an owner copies
and passes on does not, and has another signature. Either uses up the invitation.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from peewee import JOIN

from .. import clocks, text
from ..codes import Code, Rejected
from ..db import db
from ..email_addresses import to_readable_domain
from ..mail import budgets, ledger
from ..mail.budgets import Cause
from ..models import Message, Token, User
from ..permissions import INVITABLE
from ..settings import current
from ..signing import sign, unsign
from . import blocked_domains, users, verification
from .emails import RESEND_AFTER, compose
from .links import INVITE_LIFETIME, UNUSED, create_link, find_link, mark_used
from .registration import record_joined
from .roles import role_of_new_members

NOTE_LENGTH = 300  # characters
COPIED = 'invite-copied'  # what the signature of a copied link is for
LINKABLE = re.compile(r'(?<=\S)(?=[.@:]\S)')  # where email programs see a web address or an email address
WORD_JOINER = '\u2060'


class Invitation(NamedTuple):
    """An invitation whose link works. `is_proof`: the link was in an email to the invited address."""
    link: Token
    is_proof: bool

    @property
    def inviter(self) -> User | None:
        """Return the owner who invited, unless it was the command line or they have left."""
        owner = self.link.made_by
        return owner if owner and owner.is_active else None


# Inviting

def clean_note(typed: str) -> str:
    """Return the personal line of an invitation, cleaned. Raises Rejected."""
    note = text.whole_line(typed, NOTE_LENGTH)
    if note is None:
        raise Rejected('note.too_long', limit=NOTE_LENGTH)
    return note


def clean_role(typed: str) -> str | None:
    """Return the role that an invitation gives, None for that of new members. Raises Rejected."""
    if typed and typed not in INVITABLE:
        raise Rejected('role.not_invitable')
    return typed or None


def invite(email: str, at: datetime, owner: User | None = None, note: str = '', cause: Cause | None = None,
           role: str | None = None) -> list[int]:
    """Compose an invitation by this owner, or by the command line for None, to be a member with this role, or with that
    of new members. Return the email's id in a list. Raises Rejected if nobody can be invited there, or Throttled if a
    budget is used up: owners may know."""
    with db.atomic():
        _check_invitable(email, at)
        _use_budgets(email, cause, at)
        link = create_link('invite', INVITE_LIFETIME, at, email=email, made_by=owner, note=note, role=role)
        return _compose(link, at)


def create_invitation_link(at: datetime, owner: User | None = None, note: str = '', cause: Cause | None = None,
                           role: str | None = None) -> str:
    """Create an invitation for whoever gets the link, and return its URL. `role` is as in `invite`. Raises Throttled.
    """
    with db.atomic():
        budgets.admit(budgets.INVITE, cause, at)
        return copied_url(create_link('invite', INVITE_LIFETIME, at, made_by=owner, note=note, role=role))


def copied_url(link: Token) -> str:
    """Return the URL to copy and pass on, which proves no email address."""
    return f'{current().url}/signup?invite={sign(COPIED, link.id, link.nonce)}'


def _check_invitable(email: str, at: datetime) -> None:
    _check_not_blocked(email)
    user = users.find_by_email(email)
    if user and not user.is_active:
        raise Rejected('email.suspended', email=email)
    if user and user.is_verified:
        raise Rejected('email.has_account', email=email)
    if list_pending(at).where(Token.email.collate('NOCASE') == email).exists():
        raise Rejected('email.invited', email=email)


def _check_not_blocked(email: str) -> None:
    if domain := blocked_domains.find_blocked(email):
        raise Rejected('email.domain_blocked', domain=to_readable_domain(domain))


def _use_budgets(email: str, cause: Cause | None, at: datetime) -> None:
    budgets.admit(budgets.INVITE, cause, at)
    budgets.take(budgets.INVITE, email, cause, at)


def _compose(link: Token, at: datetime) -> list[int]:
    payload = {'days': INVITE_LIFETIME.days, 'owner': link.made_by.name if link.made_by else '',
               'note': LINKABLE.sub(WORD_JOINER, link.note)}
    return compose('invite', link.email or '', key=f'invite:{link.id}:{at}', token=link,
                   subject=Code('subject.invite'), payload=payload)


# Pending invitations

def list_pending(at: datetime) -> Any:
    """Return the query of the invitations that still work, each with the owner who made it, the newest first."""
    return Token.select(Token, User).join(User, JOIN.LEFT_OUTER, on=Token.made_by).where(
        Token.purpose == 'invite', *UNUSED, Token.expires_at > at).order_by(Token.id.desc())


def find_emails(invitations: Iterable[Token]) -> dict[int, Message]:
    """Return the newest email of each of these invitations that has one, by the invitation's id."""
    found = Message.select().where(Message.token.in_([link.id for link in invitations])).order_by(Message.id)
    return {message.token_id: message for message in found if message.token_id}


def send_again(link: Token, at: datetime, cause: Cause | None = None) -> list[int]:
    """Send a pending invitation again, which then lasts as long as a new one. Return the email's id in a list, which is
    empty if it is being sent. Raises Rejected if it was sent a moment ago or its domain is blocked, or Throttled."""
    with db.atomic():
        _check_not_blocked(link.email or '')
        last = find_emails([link]).get(link.id)
        if last and clocks.is_lately(last.created_at, RESEND_AFTER, at):
            raise Rejected('email.invited_lately', field='', email=link.email or '')
        _use_budgets(link.email or '', cause, at)
        if not Token.update(expires_at=at + INVITE_LIFETIME).where(Token.id == link.id, *UNUSED).execute():
            raise Rejected('email.not_pending', field='')
        is_unsent = last and last.state in ('queued', 'sending', 'deferred', 'held')
        return ledger.send_again(last) if last and is_unsent else _compose(link, at)


def withdraw(link: Token, at: datetime) -> bool:
    """End an invitation. Return False if it was used or withdrawn before. An email that waits is not sent."""
    return bool(Token.update(ended_at=at).where(Token.id == link.id, *UNUSED).execute())


# Accepting one

def find_invitation(typed: str, at: datetime) -> Invitation:
    """Return the invitation of a link, from an email or copied. Raises InvalidLink."""
    is_proof = unsign(COPIED, typed) is None
    return Invitation(find_link('invite', typed, at, signed_for='' if is_proof else COPIED), is_proof)


def find_texts(invitation: Invitation) -> verification.AccountTexts | None:
    """Return what was written in an unconfirmed account with the address that this invitation proves, or None."""
    user = users.find_by_email(invitation.link.email or '') if invitation.is_proof else None
    return verification.list_texts(user) if user and not user.is_verified else None


def accept(link: Token, name: str, password: str, keep_texts: bool | None, at: datetime, client: str = '') -> User:
    """Use up an invitation whose address is proven. Return the new member, whose address is confirmed. `password` is
    hashed already, `client` as in `audit.record`. Raises InvalidLink, or Rejected if `keep_texts` has to be chosen."""
    with db.atomic():
        mark_used(link, at)
        user = verification.add_confirmed(name, link.email or '', password,
                                          link.role or role_of_new_members(), at, keep_texts)
        record_joined(user, link, at, client)
    return user
