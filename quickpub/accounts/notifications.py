"""Tell members about changes to how their account can be entered, as soon as they are made."""

from datetime import datetime, timedelta
from typing import Any

from .. import clocks, dates
from ..codes import Code
from ..models import Message, User
from ..settings import current
from . import devices
from .emails import compose

NOTIFICATIONS_PER_DAY = 3  # of one kind; more would say nothing new


def notify_password_changed(user: User, at: datetime, agent: str = '') -> list[int]:
    """Compose the email about a new password. `agent` is the User-Agent of the browser in which it was set. Return the
    email's id in a list, which may be empty."""
    return _notify('password_told', user, at, agent, Code('subject.password_told'))


def notify_new_device(user: User, at: datetime, agent: str = '') -> list[int]:
    """Compose the email about a log-in from a new device. Return its id in a list, which may be empty."""
    return _notify('login_told', user, at, agent, Code('subject.login_told'))


def notify_email_changed(user: User, old: str, at: datetime, agent: str = '') -> list[int]:
    """Compose the email that tells the old address about the new one. Return its id in a list."""
    local, _, domain = (user.email or '').partition('@')
    return compose('address_told', old, key=f'address_told:{user.id}:{at}', user=user,
                   subject=Code('subject.address_told'),
                   payload={'new_hint': f'{local[:1]}…@{domain}', **_describe_event(user, at, agent)})


def compose_test_email(user: User, at: datetime) -> list[int]:
    """Compose an email that shows whether emails arrive. Return its id in a list."""
    return compose('test', user.email or '', key=f'test:{user.id}:{at}', user=user, subject=Code('subject.test'),
                   payload={})


def _notify(kind: str, user: User, at: datetime, agent: str, subject: Code) -> list[int]:
    recent = Message.select().where(Message.user == user, Message.kind == kind,
                                    clocks.is_lately(Message.created_at, timedelta(days=1), at))
    # An unconfirmed address may be somebody else's.
    if not user.is_verified or not user.email or recent.count() >= NOTIFICATIONS_PER_DAY:
        return []
    url = current().url
    return compose(kind, user.email, key=f'{kind}:{user.id}:{at}', user=user, subject=subject,
                   payload={**_describe_event(user, at, agent), 'forgot_url': f'{url}/forgot',
                            'settings_url': f'{url}/settings'})


def _describe_event(user: User, at: datetime, agent: str) -> dict[str, Any]:
    zone = dates.zone_name(user.timezone)
    return {'when': Code('mail.moment', at=at, zone=zone), 'zone': zone, 'device': devices.describe(agent)}
