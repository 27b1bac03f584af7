"""Sign up and confirm again. Strangers cannot tell from any of it whether an account exists."""

from datetime import datetime

from ..mail import budgets
from ..mail.budgets import Cause
from ..models import Token, User
from . import audit
from .emails import compose_account_exists, compose_if, compose_verification, is_recently_mailed
from .links import mark_used
from .roles import role_of_new_members
from .users import create, find_by_email


def sign_up(name: str, email: str, password: str, at: datetime, invited: Token | None = None,
            cause: Cause | None = None) -> list[int]:
    """Create an account, in the caller's transaction. Return the ids of the emails to send.

    `password` is hashed already. A known address makes no visible difference, not even in time: its owner gets an email
    in any case, at most every ten minutes. An unconfirmed account is not changed: verification.py decides whose it is.
    If a budget of emails is used up, nothing is written.
    """
    occasion = budgets.SIGN_UP_INVITED if invited else budgets.SIGN_UP
    if not budgets.admit(occasion, cause, at):
        return []

    def create_account() -> list[int]:
        created = create(name, email if user is None else None, password, at,
                         role=invited and invited.role or role_of_new_members())
        if invited:
            mark_used(invited, at)
            record_joined(created, invited, at)
        return compose_verification(created, email, at)

    user = find_by_email(email)
    recipient = user.email or '' if user else email
    is_unconfirmed = user is not None and user.is_active and not user.is_verified
    needs_link = not is_recently_mailed('verify', user, at) and is_unconfirmed
    needs_hint = not is_recently_mailed('exists', user, at) and user is not None and user.is_verified
    return [*compose_if(user is None, create_account, occasion, email, cause, at),
            *compose_if(needs_link, lambda: compose_verification(user, recipient, at), occasion, recipient, cause, at),
            *compose_if(needs_hint, lambda: compose_account_exists(user, recipient, at), occasion, recipient, cause,
                        at)]


def record_joined(user: User, invited: Token, at: datetime, client: str = '') -> None:
    """Write into the audit log by whose invitation somebody has joined. `client` is as in `audit.record`."""
    audit.record('invitation_accepted' if invited.made_by else 'invitation_used', at, user, invited.made_by, client)


def resend_verification(user: User, at: datetime) -> list[int]:
    """Compose the email that asks to confirm the user's address, in the caller's transaction. Return its id in a list,
    which is empty if the email is not needed or was sent a moment ago."""
    return _resend(user, user.email or '', None, at)


def resend_verification_to(email: str, at: datetime, cause: Cause | None = None) -> list[int]:
    """Do the same for a stranger who types an email address. An address that needs no email takes as much time."""
    if not budgets.admit(budgets.CONFIRM_AGAIN, cause, at):
        return []
    return _resend(find_by_email(email), email, cause, at)


def _resend(user: User | None, email: str, cause: Cause | None, at: datetime) -> list[int]:
    recipient, is_mailed = user.email or '' if user else email, is_recently_mailed('verify', user, at)
    is_wanted = user is not None and user.is_active and not (user.is_verified or is_mailed) and bool(user.email)
    return compose_if(is_wanted, lambda: compose_verification(user, recipient, at), budgets.CONFIRM_AGAIN, recipient,
                      cause, at)
