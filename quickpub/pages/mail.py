"""The owner's pages of emails."""

import re
from contextlib import nullcontext
from email import message_from_bytes, policy

from bottle import request, response

from ..content import search
from ..db import db, now
from ..jobs import queue
from ..mail import budgets, ledger, listing, rate
from ..mail import message as rendering
from ..models import Message, User
from ..sentences import describe
from ..settings import current
from ..signing import HIDDEN, redact
from ..tasks import deliver_soon
from ..throttle import Throttled
from ..upkeep import checks
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import cause, note_action
from ..wsgi.forms import Form, typed
from ..wsgi.pagination import paginate
from ..wsgi.permissions import owner_required
from ..wsgi.responses import find_or_404, redirect, render
from ..wsgi.urls import with_query

PER_LIST = 50
STATES = 'queued', 'sending', 'sent', 'deferred', 'failed', 'held'


@owner_required
def show_emails(user: User) -> Answer:
    """Show the emails of the site, filtered by the query string."""
    form = Form({'q': request.query.getunicode('q', ''), 'state': request.query.getunicode('state', '')})
    query = listing.select(form['state'] if form['state'] in STATES else '', form['q'])
    with search.run_in_turn(user.id) if form['q'] else nullcontext():
        found, older, _ = paginate(query, with_query('/admin/mail', **form.values), PER_LIST, (Message.id,),
                                  Message.select())
    return render('admin_mail.html', messages=listing.load(row.id for row in found),
                  older=older, outbox=not current().smtp, form=form, states=STATES,
                  folder=str(current().data / 'outbox'), trouble=checks.check_mail(now(), user.timezone),
                  refusals=budgets.refusals(now()), rate=rate.describe_wait(now(), user.timezone),
                  paused_since=queue.paused_since())


@owner_required
def show_email(user: User, message_id: str) -> Answer:
    """Show an email without the links that only its recipient may have: an owner could log in as anybody with them."""
    return _render(user, find_or_404(Message.select(), message_id), Form())


def _render(user: User, found: Message, form: Form, status: int = 200) -> Answer:
    response.status, headers = status, []
    show = str if found.recipient.lower() == (user.email or '').lower() else redact
    try:
        made = message_from_bytes(rendering.render(found), policy=policy.default)
    except rendering.CannotBeMade as error:
        body = describe(error)
    else:
        part = made.get_body(('plain',))
        assert part is not None  # every email has a text
        body = show(part.get_content())
        headers = [(name, show(str(value))) for name, value in made.items()
                   if not name.startswith(('Content-', 'MIME-'))]
    return render('admin_message.html', message=found, is_in_outbox=listing.is_in_outbox(found), text=body,
                  headers=headers,
                  links=[link for link in re.findall(r'https?://\S+', body) if HIDDEN not in link],
                  is_redacted=HIDDEN in body, form=form)


@owner_required
def update_email(user: User, message_id: str) -> Answer:
    """Send an email again, or hold back one that is not sent yet."""
    found = find_or_404(Message.select(), message_id)
    return find_action(ACTIONS, typed('action')['action'])(user, found)


def _hold(user: User, found: Message) -> Answer:
    with db.atomic():
        is_held = ledger.hold(found)
        if is_held:
            note_action('mail_held', user, found)
    return redirect(f'/admin/mail/{found.id}', 'held' if is_held else 'not-held')


def _send_again(user: User, found: Message) -> Answer:
    try:
        with db.atomic():
            budgets.admit(budgets.SEND_AGAIN, cause(), now())
            if ids := ledger.send_again(found):
                note_action('mail_sent_again', user, found)
            deliver_soon(ids)
    except Throttled as error:
        return _render(user, found, Form(errors={'': describe(error, user.timezone)}), 429)
    return redirect(f'/admin/mail/{found.id}', 'queued')


ACTIONS = {'send': _send_again, 'hold': _hold}
