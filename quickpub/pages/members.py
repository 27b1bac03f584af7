"""The owner's page of members: inviting, making owners, helping those who cannot log in."""

from bottle import response

from ..accounts import credentials, directory, password_reset, registration, roles, second_factors, validation
from ..codes import Rejected
from ..db import db, now
from ..mail import budgets
from ..media import placing
from ..models import User
from ..sentences import describe, make_sentences
from ..settings import current
from ..tasks import deliver_soon
from ..throttle import Throttled
from ..translations.messages import gettext
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import cause, note_action
from ..wsgi.confirmation import confirmation_context, require_confirmation
from ..wsgi.forms import Form, typed
from ..wsgi.identity import confirm_identity
from ..wsgi.pagination import paginate
from ..wsgi.permissions import owner_required
from ..wsgi.responses import find_or_404, redirect, render, render_form

PER_LIST = 50


@owner_required
def show_members(user: User) -> Answer:
    """Show the members of the site."""
    return _render(Form())


def _render(form: Form, status: int = 200) -> Answer:
    response.status = status
    found, older, _ = paginate(directory.list_members(), '/admin/people', PER_LIST, (User.id,), User.select())
    links = {link.user_id: link for link in reversed(password_reset.list_handover_links([each.id for each in found]))}
    with_factors = second_factors.members_with_factors([each.id for each in found])
    return render('admin_people.html', people=found, older=older, form=form, links=links, signup=current().signup,
                  with_factors=with_factors, faces=placing.find('avatar', [each.id for each in found]))


@owner_required
def update_members(user: User) -> Answer:
    """Invite somebody, or do to a member what the button says."""
    form = typed('email', 'action', 'person', 'current', 'code', 'step')
    return find_action(ACTIONS, form['action'])(user, form)


def _make_owner(user: User, form: Form) -> Answer:
    member = find_or_404(directory.active_members(), form['person'])
    page = require_confirmation(
        user, gettext('Make %(name)s an owner', name=member.name),
        gettext('Owners can change everything on this site: its members, its settings and everyone’s posts. You cannot '
                'undo this here.'),
        gettext('Make owner'), is_always_asked=True)
    if page is not None:
        return page
    with db.atomic():
        roles.make_owner(member, now())
        if not member.is_owner and User.get_by_id(member.id).is_owner:
            note_action('role_changed', user, member, role='owner')
    return redirect('/admin/people', 'owner-made')


def _reset_factors(user: User, form: Form) -> Answer:
    """Let a member who has lost their phone or key log in with the password alone."""
    member = find_or_404(directory.active_members(but=user), form['person'])
    page = require_confirmation(
        user, gettext('Remove the passkeys and authenticator app of %(name)s', name=member.name),
        gettext('Do this only if they have lost their phone or key, and make sure that you are talking to the right '
                'person. This removes their passkeys, authenticator app and recovery codes and logs them out '
                'everywhere. We email them about it. They can then log in with their password only.'),
        gettext('Remove'), is_always_asked=True)
    if page is not None:
        return page
    with db.atomic():
        deliver_soon(second_factors.reset_factors(member, now(), user))
        note_action('factors_reset', user, member)
    return redirect('/admin/people', 'factors-reset')


def _hand_over_link(user: User, form: Form) -> Answer:
    """Show a link with which a member chooses a new password, once the owner has confirmed who they are."""
    member = find_or_404(directory.active_authors(), form['person'])
    context = {'member': member, 'link': None, 'identity': confirmation_context(user)}
    if not (form['current'] or form['step']):
        return render('admin_link.html', form=Form({'current': '', 'code': ''}), **context)
    try:
        confirmed = confirm_identity(user, form)
        with db.atomic():
            credentials.check_password_unchanged(confirmed, 'current')
            budgets.admit(budgets.HAND_OVER_LINK, cause(), now())
            link, mails = password_reset.create_handover_link(member, confirmed, now())
            deliver_soon(mails)
            note_action('link_handed_over', user, member)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return render_form('admin_link.html', form, **context)
    except Throttled as error:
        form.errors = {'': describe(error, user.timezone)}
        return render_form('admin_link.html', form, 429, **context)
    return render('admin_link.html', form=form, **(context | {'link': link}))


def _invite(user: User, form: Form) -> Answer:
    try:
        if current().signup == 'closed':
            raise Rejected('email.signup_closed')
        email = validation.clean_email(form['email'])
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(form, 400)
    try:
        with db.atomic():
            deliver_soon(registration.invite(email, now(), cause()))
            note_action('invited', user)
    except Throttled as error:
        form.errors = {'email': describe(error, user.timezone)}
        return _render(form, 429)
    return redirect('/admin/people', 'invited')


ACTIONS = {'': _invite, 'invite': _invite, 'make_owner': _make_owner, 'reset_factors': _reset_factors,
           'link': _hand_over_link}
