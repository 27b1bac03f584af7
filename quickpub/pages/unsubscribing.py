"""The page behind the unsubscribe link of a report."""

from ..accounts import links, users
from ..db import now
from ..models import User
from ..settings import current
from ..wsgi.actions import Answer
from ..wsgi.forms import typed
from ..wsgi.responses import render
from ..wsgi.urls import url

REPORTS = 'daily', 'weekly', 'monthly'


def show_unsubscribing(token: str) -> Answer:
    """Show how often this author gets reports."""
    user = links.find_unsubscriber(token)
    return _render(token, user, user.report)


def update_subscription(token: str) -> Answer:
    """Stop the reports, which mail programs do without showing the page (RFC 8058), or start them again."""
    user, again = links.find_unsubscriber(token), typed('again')['again']
    report = again if again in REPORTS else 'never'
    users.change_profile(user, {'report': report}, now())
    return _render(token, user, report, before=user.report)


def _render(token: str, user: User, report: str, before: str = 'never') -> Answer:
    usual = next(each for each in (before, current().report, 'daily') if each in REPORTS)
    return render('unsubscribe.html', action=url(f'/unsubscribe/{token}'), email=user.email, report=report,
                  usual=usual, again=REPORTS)
