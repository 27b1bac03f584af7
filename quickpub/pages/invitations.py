"""The owner's page of invitations: inviting by email or by a link, and what is pending."""

from collections.abc import Callable

from bottle import response

from ..accounts import invitations, roles, validation
from ..codes import Rejected
from ..db import db, now
from ..mail import listing
from ..models import Token, User
from ..permissions import INVITABLE
from ..sentences import describe, make_sentences
from ..settings import current
from ..tasks import deliver_soon
from ..throttle import Throttled
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import cause, note_action
from ..wsgi.forms import Form, typed
from ..wsgi.pagination import paginate
from ..wsgi.permissions import owner_required
from ..wsgi.responses import find_or_404, not_found, redirect, render

PATH = '/admin/invitations'
PER_LIST = 50


@owner_required
def show_invitations(user: User) -> Answer:
    """Show the form that invites somebody, and the pending invitations."""
    return _render(Form({'role': roles.role_of_new_members()}))


def _render(form: Form, status: int = 200, link: str = '') -> Answer:
    """Show the page, with an invitation link that is shown only now if there is one."""
    response.status = status
    found, older, _ = paginate(invitations.list_pending(now()), PATH, PER_LIST, (Token.id,),
                               Token.select().where(Token.purpose == 'invite'))
    emails = invitations.find_emails(found)
    return render('admin_invitations.html', form=form, link=link, pending=found, older=older, emails=emails,
                  kept={link_id for link_id, email in emails.items() if listing.is_in_outbox(email)},
                  signup=current().signup, roles=INVITABLE, note_length=invitations.NOTE_LENGTH,
                  days=invitations.INVITE_LIFETIME.days)


@owner_required
def update_invitations(user: User) -> Answer:
    """Invite somebody, or do to a pending invitation what the button says."""
    form = typed('email', 'note', 'role', 'action', 'invitation')
    return find_action(ACTIONS, form['action'])(user, form)


def _answer_errors(action: Callable[[User, Form], Answer]) -> Callable[[User, Form], Answer]:
    """Show the page again with what an action refuses."""
    def wrapped(user: User, form: Form) -> Answer:
        try:
            if current().signup == 'closed':
                raise Rejected('email.signup_closed')
            return action(user, form)
        except Rejected as error:
            form.errors = make_sentences(error.errors)
            return _render(form, 400)
        except Throttled as error:
            form.errors = {'email': describe(error, user.timezone)}
            return _render(form, 429)
    return wrapped


@_answer_errors
def _invite(user: User, form: Form) -> Answer:
    email, note = validation.validate_all(
        (validation.clean_email, form['email']), (invitations.clean_note, form['note']))
    role = invitations.clean_role(form['role'])
    with db.atomic():
        deliver_soon(invitations.invite(email, now(), user, note, cause(), role))
        note_action('invited', user)
    return redirect(PATH, 'invited')


@_answer_errors
def _create_link(user: User, form: Form) -> Answer:
    if form['email'].strip():
        raise Rejected('email.not_for_link')
    note, role = invitations.clean_note(form['note']), invitations.clean_role(form['role'])
    with db.atomic():
        link = invitations.create_invitation_link(now(), user, note, cause(), role)
        note_action('invitation_link_made', user)
    return _render(Form({'role': form['role']}), link=link)


@_answer_errors
def _send_again(user: User, form: Form) -> Answer:
    found = _find_pending(form)
    with db.atomic():
        deliver_soon(invitations.send_again(found, now(), cause()))
        note_action('invitation_sent_again', user)
    return redirect(PATH, 'invited')


@_answer_errors
def _copy_link(user: User, form: Form) -> Answer:
    """Show another link of an invitation that was sent to an email address."""
    found = _find_pending(form)
    with db.atomic():
        note_action('invitation_link_made', user)
    return _render(Form(), link=invitations.copied_url(found))


def _withdraw(user: User, form: Form) -> Answer:
    with db.atomic():
        is_withdrawn = invitations.withdraw(_find(form), now())
        if is_withdrawn:
            note_action('invitation_withdrawn', user)
    return redirect(PATH, 'invitation-withdrawn' if is_withdrawn else 'invitation-gone')


def _find(form: Form) -> Token:
    """Return the invitation of the form. One that has ended meanwhile is found too. Raises 404."""
    found: Token = find_or_404(Token.select().where(Token.purpose == 'invite'), form['invitation'])
    return found


def _find_pending(form: Form) -> Token:
    """Return an invitation to an email address that still works. Raises 404, or Rejected if it has ended."""
    found = _find(form)
    if not found.email:
        raise not_found()
    if not invitations.list_pending(now()).where(Token.id == found.id).exists():
        raise Rejected('email.not_pending', field='')
    return found


ACTIONS = {'': _invite, 'invite': _invite, 'link': _create_link, 'send': _send_again, 'copy': _copy_link,
           'withdraw': _withdraw}
