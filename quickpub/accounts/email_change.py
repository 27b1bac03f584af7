"""Change the email address of an account, proven by a link sent to the new one."""

from datetime import datetime

from peewee import IntegrityError

from .. import clocks
from ..codes import Code, Rejected
from ..db import db
from ..mail import budgets
from ..mail.budgets import Cause
from ..models import Autosave, Post, Token, Upload, User
from . import audit, blocked_domains
from .emails import RESEND_AFTER, compose_account_exists, compose_if, compose_with_link, is_recently_mailed
from .links import UNUSED, VERIFY_LIFETIME, InvalidLink, create_link, end_links, mark_used
from .users import find_by_email
from .verification import delete_texts, end_other_access


def request_change(user: User, email: str, at: datetime, cause: Cause | None = None) -> list[int]:
    """Compose the email to the new address, whose link makes the change. Return its id in a list, which may be empty.

    If the address is taken, or a budget of others is used up, all looks the same to the member: then the email is
    another one, or none, and the link is sent to nobody. Raises Throttled if the member's own budget is used up.
    """
    if Token.select().where(Token.user == user, Token.purpose == 'address',
                            clocks.is_lately(Token.created_at, RESEND_AFTER, at)).exists():
        raise Rejected('email.wait')
    occasion = budgets.CHANGE_ADDRESS if user.is_verified else budgets.CHANGE_UNCONFIRMED_ADDRESS
    is_admitted = budgets.admit(occasion, cause, at)
    end_links(user, at, 'address')
    holder = find_by_email(email)
    if holder and not holder.is_verified:  # nobody has proven yet that it is theirs
        holder = None
    is_mailed = is_recently_mailed('exists', holder, at)
    link = create_link('address', VERIFY_LIFETIME, at, user=user, email=email)
    if not is_admitted:
        return []
    recipient = holder.email or '' if holder else email

    def compose_confirmation() -> list[int]:
        return compose_with_link(link, user, recipient, VERIFY_LIFETIME, subject=Code('subject.address'))

    return [*compose_if(holder is None, compose_confirmation, occasion, recipient, cause, at),
            *compose_if(holder is not None and not is_mailed, lambda: compose_account_exists(holder, recipient, at),
                        occasion, recipient, cause, at)]


def find_pending_email(user: User, at: datetime) -> str | None:
    """Return the address that the user has asked to change to and not confirmed yet, or None."""
    link = Token.get_or_none(Token.user == user, Token.purpose == 'address', *UNUSED, Token.expires_at > at)
    return link.email if link else None


def change_email(link: Token, at: datetime, keep: str, keep_texts: bool) -> tuple[User, str]:
    """Use up an `address` link in a browser that is logged in, whose session has the digest `keep`. Return the user and
    their old address. An unconfirmed account with the new address is deleted; the user gets its texts if `keep_texts`.
    Raises InvalidLink, also if the domain was blocked since the link was sent."""
    with db.atomic():
        check_domain(link)
        mark_used(link, at)
        user = User.get_by_id(link.user_id)
        if holder := find_unconfirmed_holder(link):
            _delete_unconfirmed(holder, user if keep_texts else None)
        try:
            User.update(email=link.email, verified_at=user.verified_at or at, mail_trouble=None).where(
                User.id == user.id).execute()
        except IntegrityError:
            raise InvalidLink('link.email_taken', purpose='address') from None
        end_links(user, at, 'reset', 'verify')  # they were sent to the old mailbox
        if not user.is_verified:
            end_other_access(user, at, keep)
    return User.get_by_id(user.id), user.email or ''


def check_domain(link: Token) -> None:
    """Raise InvalidLink for an `address` link to an address whose domain is blocked by now."""
    email = link.email or ''
    if blocked_domains.find_blocked(email):
        raise InvalidLink(Code('link.domain_blocked', domain=blocked_domains.readable_domain_of(email)),
                          purpose='address')


def find_unconfirmed_holder(link: Token) -> User | None:
    """Return the unconfirmed account that has the address of an `address` link, or None. Raises InvalidLink if a
    confirmed one has it."""
    holder = find_by_email(link.email or '')
    if holder is None or holder.id == link.user_id:
        return None
    if holder.is_verified:
        raise InvalidLink('link.email_taken', purpose='address')
    return holder


def _delete_unconfirmed(user: User, heir: User | None) -> None:
    """Delete an unconfirmed account. Its texts go to the heir, if there is one."""
    if heir:
        Post.update(author=heir, series=None, part=None, first_tab=None, shared_at=None).where(
            Post.author == user).execute()
        Autosave.update(user=heir).where(Autosave.user == user).execute()
        heirs_own = Upload.select(Upload.file).where(Upload.user == heir)
        Upload.update(user=heir).where(Upload.user == user, Upload.file.not_in(heirs_own)).execute()
    delete_texts(user)
    audit.forget_reasons([user.id])
    user.delete_instance()
