"""Limit the emails that people can cause: from one network, to one mailbox, by one member, and for the site.

A stranger who asks for too many gets the same page as always, and nothing is sent: the owner is told instead. A member
who used up their own budget is told when it has room again. What the site sends by itself, such as reports and notices
about security, has no budget.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .. import clocks, mailboxes, throttle
from ..codes import Code
from ..db import db
from ..models import Message, User
from ..settings import current
from ..throttle import Budget, Throttled, Use
from . import ledger

TOLD_EVERY = timedelta(days=1)


@dataclass(frozen=True)
class Cause:
    """The origin of a request for an email: the client's network, and the id of the logged-in member."""
    network: str
    user_id: int | None = None


@dataclass(frozen=True)
class Occasion:
    """A reason to send an email, and its budgets. `per_member`: what each member adds to the budget of the site."""
    network: tuple[Budget, ...] = ()
    account: tuple[Budget, ...] = ()
    mailbox: Budget | None = None
    mailbox_from_one: Budget | None = None
    site: Budget | None = None
    per_member: int = 0


SIGN_UP = Occasion(network=(throttle.SIGNUPS_HOUR, throttle.SIGNUPS_DAY), mailbox=throttle.MAILBOX,
                   mailbox_from_one=throttle.MAILBOX_FROM_ONE, site=throttle.SITE_SIGNUPS, per_member=1)
SIGN_UP_INVITED = Occasion(mailbox=throttle.MAILBOX, mailbox_from_one=throttle.MAILBOX_FROM_ONE)
CONFIRM_AGAIN = SIGN_UP
FORGOT = Occasion(network=(throttle.RESETS_HOUR, throttle.RESETS_DAY), mailbox=throttle.RESET_MAILBOX,
                  mailbox_from_one=throttle.RESET_MAILBOX_FROM_ONE, site=throttle.SITE_RESETS, per_member=4)
CHANGE_ADDRESS = Occasion(account=(throttle.ADDRESS_CHANGES,), mailbox=throttle.MAILBOX,
                          mailbox_from_one=throttle.MAILBOX_FROM_ONE, site=throttle.SITE_MEMBERS, per_member=5)
# Anybody can have such an account: they count as strangers.
CHANGE_UNCONFIRMED_ADDRESS = Occasion(
    network=SIGN_UP.network, account=CHANGE_ADDRESS.account, mailbox=throttle.MAILBOX,
    mailbox_from_one=throttle.MAILBOX_FROM_ONE, site=throttle.SITE_SIGNUPS, per_member=1)
INVITE = Occasion(account=(throttle.INVITATIONS,), mailbox=throttle.MAILBOX,
                  mailbox_from_one=throttle.MAILBOX_FROM_ONE, site=throttle.SITE_MEMBERS, per_member=5)
REPORT_NOW = Occasion(account=(throttle.REPORTS_NOW,))
EXPORT = Occasion(account=(throttle.EXPORTS,))
SEND_AGAIN = Occasion(account=(throttle.SENT_AGAIN,))
SEND_TEST = Occasion(account=(throttle.TESTS,))
ASK_REVIEW = Occasion(account=(throttle.REVIEWS,))
HAND_OVER_LINK = Occasion(account=(throttle.LINKS_MADE,))  # the member is told by email


# Using them

def admit(occasion: Occasion, cause: Cause | None, at: datetime) -> bool:
    """Count one request, whatever comes of it, in the caller's transaction. Return whether its network may still ask.
    Without a cause, it is the operator or the site itself, who always may. Raises Throttled where the member has used
    up their own budget."""
    if cause is None or not current().mail_limits:
        return True
    throttle.take(at, *((_scaled(budget), str(cause.user_id)) for budget in occasion.account))
    try:
        throttle.take(at, *((_scaled(budget), cause.network) for budget in occasion.network))
    except Throttled as refusal:
        throttle.note_refusal(refusal.budget, at)
        return False
    return True


def take(occasion: Occasion, recipient: str, cause: Cause | None, at: datetime) -> None:
    """Use the budgets of one email's mailbox and of the site, in the caller's transaction. Raises Throttled."""
    if cause is not None and current().mail_limits:
        throttle.take(at, *_uses(occasion, recipient, cause))


def _uses(occasion: Occasion, recipient: str, cause: Cause) -> list[Use]:
    mailbox, who = mailboxes.find_mailbox(recipient), cause.network if cause.user_id is None else str(cause.user_id)
    uses = [(occasion.mailbox, mailbox), (occasion.mailbox_from_one, f'{mailbox} {who}'),
            (_of_site(occasion), 'site')]
    return [(_scaled(budget), key) for budget, key in uses if budget]


def _scaled(budget: Budget) -> Budget:
    return budget.with_limit(budget.limit * current().mail_limits)


def _of_site(occasion: Occasion) -> Budget | None:
    """Return the site's budget, which grows with its confirmed members."""
    if occasion.site is None:
        return None
    members = User.select().where(User.verified_at.is_null(False), User.deleted_at.is_null()).count()
    return occasion.site.with_limit(occasion.site.limit + occasion.per_member * members)


# Alarms for the owners

def refusals(at: datetime) -> list[tuple[Code, throttle.ThrottleRefusal]]:
    """Return the titles of the budgets that were used up in the last week, each with how much was refused since
    when."""
    titles = {budget.name: budget.title for budget in throttle.BUDGETS if budget.title}
    return [(titles[each.budget], each) for each in throttle.refusals(at) if each.budget in titles]


def alarm_mails(at: datetime) -> list[int]:
    """Compose the emails that tell the owners which budgets were used up in the last day, at most one a day for each.
    Return their ids."""
    found = [(title, each) for title, each in refusals(at) if clocks.is_lately(each.last_at, TOLD_EVERY, at)]
    if not found:
        return []
    payload = {'lines': [(title.to_json(), each.count) for title, each in found],
               'mail_url': f'{current().url}/admin/mail'}
    with db.atomic():
        owners = User.select().where(User.role == 'owner', User.verified_at.is_null(False), User.deleted_at.is_null())
        return ledger.compose_many([
            ledger.row('throttled', owner.email or '', key=f'throttled:{owner.id}:{at}', user=owner, payload=payload,
                     subject=Code('subject.throttled'))
            for owner in owners if not _was_told(owner, at)])


def _was_told(owner: User, at: datetime) -> bool:
    return Message.select().where(Message.user == owner, Message.kind == 'throttled',
                                  clocks.is_lately(Message.created_at, TOLD_EVERY, at)).exists()
