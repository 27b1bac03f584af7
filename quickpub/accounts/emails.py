"""Compose the emails of accounts, in the transaction of their cause. Nothing here sends or enqueues."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from .. import clocks, throttle
from ..codes import Code
from ..db import db
from ..mail import budgets, ledger
from ..mail.budgets import Cause, Occasion
from ..models import Message, Token, User
from ..settings import current
from .links import VERIFY_LIFETIME, create_link

RESEND_AFTER = timedelta(minutes=10)  # nobody's mailbox can be flooded by asking for the same email


def compose_if(is_wanted: bool, write: Callable[[], list[int]], occasion: Occasion, recipient: str,
               cause: Cause | None, at: datetime) -> list[int]:
    """Let `write` compose an email if it is wanted and its budgets have room. Return its ids.

    If it is not wanted, the same work is done and rolled back: otherwise the response time would tell a stranger
    whether an account exists.
    """
    refused = None
    with db.atomic() as attempt:
        try:
            budgets.take(occasion, recipient, cause, at)
            made = write()
        except throttle.Throttled as error:
            refused = error.budget
        if refused or not is_wanted:
            attempt.rollback()
            made = []
    if refused and is_wanted:
        throttle.note_refusal(refused, at)
    return made


def is_recently_mailed(kind: str, user: User | None, at: datetime) -> bool:
    """Return whether an email of this kind was composed for the user within RESEND_AFTER."""
    return Message.select().where(Message.user == (user.id if user else 0), Message.kind == kind,
                                  clocks.is_lately(Message.created_at, RESEND_AFTER, at)).exists()


def compose_verification(user: User | None, recipient: str, at: datetime) -> list[int]:
    """Compose the email that asks to confirm an email address, with a new link. Return its id in a list."""
    return compose_with_new_link('verify', user, recipient, VERIFY_LIFETIME, at, subject=Code('subject.verify'))


def compose_account_exists(user: User | None, recipient: str, at: datetime) -> list[int]:
    """Compose the email for a sign-up with the address of a confirmed account. Return its id in a list."""
    url = current().url
    return compose('exists', recipient, key=f'exists:{user and user.id}:{at}', user=user,
                   subject=Code('subject.exists'),
                   payload={'login_url': f'{url}/login', 'forgot_url': f'{url}/forgot'})


def compose_with_new_link(purpose: str, user: User | None, recipient: str, lifetime: timedelta, at: datetime,
                          subject: Code) -> list[int]:
    """Create a link for this purpose and compose the email that carries it. Return its id in a list."""
    link = create_link(purpose, lifetime, at, user=user, email=recipient)
    return compose_with_link(link, user, recipient, lifetime, subject)


def compose_with_link(link: Token, user: User | None, recipient: str, lifetime: timedelta, subject: Code) -> list[int]:
    """Compose the email that carries this link. Return its id in a list."""
    return compose(link.purpose, recipient, key=f'{link.purpose}:{link.id}', user=user, token=link, subject=subject,
                   payload={'hours': int(lifetime.total_seconds()) // 3600, 'days': lifetime.days})


def compose(kind: str, recipient: str, **fields: Any) -> list[int]:
    """Compose an urgent email. Return its id in a list, which is empty if its key has an email already."""
    message_id = ledger.compose(kind, recipient, urgent=True, **fields)
    return [message_id] if message_id else []
