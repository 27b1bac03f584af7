"""The mail page of the settings, for owners: the mail server, a test email, and the DNS records of the domain."""

from typing import Any
from urllib.parse import urlsplit

from bottle import response

from ..accounts import notifications
from ..db import db, now
from ..mail import budgets, dkim, domain_records, listing
from ..models import User
from ..sentences import describe
from ..settings import SMTP_SCHEMES, current, smtp_login
from ..tasks import deliver_soon, look_up_mail_domain
from ..throttle import Throttled
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import cause, note_action
from ..wsgi.forms import Form, typed
from ..wsgi.permissions import owner_required
from ..wsgi.responses import redirect, render

PAGE = '/admin/settings/mail'


@owner_required
def show_mail_settings(user: User) -> Answer:
    """Show how the site sends emails, and the outcome of the last test email."""
    return _render(user)


def _render(user: User, form: Form | None = None, status: int = 200) -> Answer:
    response.status = status
    return render('admin_mail_settings.html', form=form or Form(), server=_describe_server(),
                  sender=current().mail_from, domain=dkim.domain(current()), test=listing.find_last_test(user),
                  email=user.email, records=domain_records.latest())


def _describe_server() -> dict[str, Any] | None:
    """Return the mail server without its password; None if there is only the outbox."""
    if not current().smtp:
        return None
    parts, login = urlsplit(current().smtp), smtp_login(current().smtp)
    return {'scheme': parts.scheme, 'host': parts.hostname, 'port': parts.port or SMTP_SCHEMES[parts.scheme],
            'user': login and login[0]}


@owner_required
def update_mail_settings(user: User) -> Answer:
    """Send a test email, or look up the DNS records."""
    return find_action(ACTIONS, typed('action')['action'])(user)


def _send_test(user: User) -> Answer:
    try:
        with db.atomic():
            budgets.admit(budgets.SEND_TEST, cause(), now())
            deliver_soon(notifications.compose_test_email(user, now()))
            note_action('test_mail_sent', user)
    except Throttled as error:
        return _render(user, Form(errors={'': describe(error, user.timezone)}), 429)
    return redirect(PAGE, 'test-mail')


def _look_up_records(user: User) -> Answer:
    with db.atomic():
        domain_records.note_looking(now())
        look_up_mail_domain()
    return redirect(PAGE)


ACTIONS = {'test': _send_test, 'look_up': _look_up_records}
