"""Create, find, use up and end the links that emails carry."""

from datetime import datetime, timedelta

from ..codes import Code, Problem
from ..models import Token, User
from ..settings import current
from ..signing import nonce_in, sign, unsign
from .validation import SUSPENDED

VERIFY_LIFETIME, RESET_LIFETIME, INVITE_LIFETIME = timedelta(hours=48), timedelta(hours=2), timedelta(days=7)
SETUP_LIFETIME = timedelta(days=365)

END_REASONS = {  # by purpose, for a link that was ended before it was used
    'verify': Code('link.ended_verify'), 'reset': Code('link.ended_reset'), 'address': Code('link.ended_address'),
    'setup': Code('link.ended_setup'), 'invite': Code('link.ended_invite')}
UNUSED = (Token.used_at.is_null(), Token.ended_at.is_null())  # conditions of a query


class InvalidLink(Problem):
    """The link does not work, or no longer. The code says why; `purpose` is what the link was for."""

    def __init__(self, code: Code | str, /, *, purpose: str):
        super().__init__(code)
        self.purpose = purpose


def create_link(purpose: str, lifetime: timedelta, at: datetime, user: User | None = None, email: str | None = None,
                made_by: User | None = None, note: str = '', role: str | None = None) -> Token:
    """Store a link that works once, until `lifetime` has passed. `made_by`: the owner who hands it over, or invites.
    `note`: what that owner writes to the invited person. `role`: that they get; None: that of new members."""
    return Token.create(purpose=purpose, user=user, email=email, created_at=at, expires_at=at + lifetime,
                        made_by=made_by, note=note, role=role)


def find_link(purpose: str, typed: str, at: datetime, signed_for: str = '') -> Token:
    """Return the row of a link that works. `signed_for`: what its signature is for, unless it is the purpose. Raises
    InvalidLink."""
    number = unsign(signed_for or purpose, typed)
    if number is None:
        raise InvalidLink('link.incomplete', purpose=purpose)
    link = Token.get_or_none(Token.id == number, Token.purpose == purpose, Token.nonce == nonce_in(typed))
    if link is None:
        raise InvalidLink('link.unknown', purpose=purpose)
    if link.used_at:
        raise InvalidLink('link.used', purpose=purpose)
    if link.user is not None and not link.user.is_active:
        raise InvalidLink(SUSPENDED, purpose=purpose)
    if link.ended_at:
        raise InvalidLink(END_REASONS.get(purpose, Code('link.ended')), purpose=purpose)
    if link.expires_at <= at:
        raise InvalidLink('link.expired', purpose=purpose)
    return link


def mark_used(link: Token, at: datetime) -> None:
    """Use a link up, in the caller's transaction. Raises InvalidLink if another request was faster."""
    if not Token.update(used_at=at).where(Token.id == link.id, *UNUSED).execute():
        raise InvalidLink('link.used', purpose=link.purpose)


def end_links(user: User, at: datetime, *purposes: str) -> None:
    """End the user's links for these purposes. Emails that carry one are not sent (mail/delivery.py)."""
    Token.update(ended_at=at).where(Token.user == user, Token.purpose.in_(purposes), *UNUSED).execute()


def unsubscribe_url(user_id: int) -> str:
    """Return the URL by which a member unsubscribes from reports. It never expires."""
    return f'{current().url}/unsubscribe/{sign("unsubscribe", user_id)}'


def find_unsubscriber(typed: str) -> User:
    """Return the user of an unsubscribe link. Raises InvalidLink."""
    number = unsign('unsubscribe', typed)
    user = User.get_or_none(User.id == number, User.deleted_at.is_null()) if number else None
    if user is None:
        raise InvalidLink('link.incomplete', purpose='unsubscribe')
    return user
