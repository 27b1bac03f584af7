"""The owner's pages of members: a list, a page of each, roles, suspending, removing, and help to log in."""

from collections.abc import Callable
from typing import Any

from bottle import request, response

from .. import audit_log, text
from ..accounts import (
    credentials,
    deletion,
    directory,
    hidden_posts,
    password_reset,
    roles,
    scheduled_posts,
    second_factors,
    sessions,
    suspensions,
)
from ..codes import Problem, Rejected
from ..db import db, now
from ..mail import budgets
from ..media import placing
from ..models import User
from ..permissions import AUTHOR, CONTRIBUTOR, EDITOR, OWNER, PERMISSIONS, ROLES, Permission
from ..sentences import describe, make_sentences
from ..settings import current
from ..tasks import deliver_soon
from ..throttle import Throttled
from ..translations.messages import N_, gettext, ngettext
from ..upkeep import erasure
from ..wsgi.actions import Answer, UnknownAction, find_action
from ..wsgi.authentication import cause, client_address, note_action
from ..wsgi.confirmation import confirmation_context, require_confirmation
from ..wsgi.forms import Form, typed
from ..wsgi.identity import confirm_identity
from ..wsgi.pagination import paginate
from ..wsgi.permissions import check_still_owner, owner_required
from ..wsgi.responses import find_or_404, redirect, render, render_form
from ..wsgi.urls import DASHBOARD, with_query

MEMBERS = '/admin/members'
PER_LIST = 50
MAX_QUERY = 100  # characters
RECENT_ENTRIES = 10  # of the audit log, on the page of a member
FIELDS = ('action', 'person', 'current', 'code', 'step', 'reason', 'published', 'posts', 'heir', 'role')
SUSPENSIONS = {  # what happens to the posts of a member who is suspended -> the sentence that asks for confirmation
    'stay': N_('They are logged out everywhere and cannot log in until an owner restores the account. Their published '
               'posts stay online.'),
    'hide': N_('They are logged out everywhere and cannot log in until an owner restores the account. Until then, '
               'nobody can read their posts, and scheduled posts are not published.')}
RESTORATIONS = {  # whether the posts are hidden -> likewise
    False: N_('They can log in again as before.'),
    True: N_('They can log in again as before, and readers see all their posts again.')}
GIVEN = N_('The email address, password and log-ins are deleted immediately. %(heir)s gets all posts, drafts and '
           'files. You cannot undo this.')
CHANGES = {  # role -> the title, the explanation and the button of the page that asks for confirmation, the notice
    OWNER: (N_('Make %(name)s an owner'),
            N_('Owners can change everything on this site: its members, its settings and everyone’s posts.'),
            N_('Make owner'), 'owner-made'),
    EDITOR: (N_('Make %(name)s an editor'),
             N_('Editors can change, publish and unpublish everyone’s posts.'), N_('Make editor'),
             'editor-made'),
    AUTHOR: (N_('Make %(name)s an author'),
             N_('Authors can change only their own posts and settings.'), N_('Make author'),
             'author-made'),
    CONTRIBUTOR: (N_('Make %(name)s a contributor'),
                  N_('Contributors write drafts. An editor publishes them. What they have published stays published, '
                     'and only editors can change it.'), N_('Make contributor'), 'contributor-made')}
REMOVALS = {  # what happens to the posts of a member who is removed -> the sentence that asks for confirmation
    'keep': N_('The email address, password and log-ins are deleted immediately. All posts and drafts stay under the '
               'name of the member, where editors and owners find them. Posts in the trash are deleted. You cannot '
               'undo this.'),
    'published': N_('The email address, password and log-ins are deleted immediately. Published and scheduled posts '
                    'stay under the name of the member, and drafts are deleted. A draft with co-authors goes to the '
                    'next of them instead. You cannot undo this.'),
    'delete': N_('The email address, password and log-ins are deleted immediately, and so are all posts. A post with '
                 'co-authors goes to the next of them instead. You cannot undo this.')}


# The list

@owner_required
def show_members(user: User) -> Answer:
    """Show the members of the site, filtered by the query string."""
    asked = _read_filters()
    query = directory.list_members(asked['q'], asked['role'], asked['state'])
    found, older, _ = paginate(query, with_query(MEMBERS, **asked), PER_LIST, (User.id,), User.select())
    shown = with_query(MEMBERS, **asked, before=request.query.get('before', ''))
    return render('admin_members.html', people=found, older=older, asked=asked, signup=current().signup,
                  here_selected=f'{shown}{"&" if "?" in shown else "?"}selected=all', here_unselected=shown,
                  is_all_selected=request.query.get('selected', '') == 'all',
                  roles=directory.ROLES, states=directory.STATES,
                  seen=directory.find_last_seen(found),
                  posts=directory.count_posts(found), faces=placing.find('avatar', [each.id for each in found]))


@owner_required
def redirect_members(user: User) -> Answer:
    """Redirect from the old address of the list."""
    query = request.query_string
    return redirect(f'{MEMBERS}?{query}' if query else MEMBERS, status=301)


def _read_filters() -> dict[str, str]:
    """Return the filters of the query string; unknown choices count as all."""
    role, state = request.query.get('role', ''), request.query.get('state', '')
    return {'q': text.line(request.query.getunicode('q', ''), MAX_QUERY),
            'role': role if role in directory.ROLES else '', 'state': state if state in directory.STATES else ''}


@owner_required
def update_members(user: User) -> Answer:
    """Do to a member what the button of an older list says."""
    form = typed(*FIELDS)
    return find_action({'': _redirect_invitation, 'invite': _redirect_invitation} | ACTIONS, form['action'])(user, form)


def _redirect_invitation(user: User, form: Form) -> Answer:
    """Let a form of an older page invite where the page of invitations is now."""
    return redirect('/admin/invitations', status=308)


# The page of a member

@owner_required
def show_member(user: User, member_id: str) -> Answer:
    """Show a member, what they did lately, and what an owner can do."""
    return _render_member(find_or_404(User.select(), member_id), Form())


def _render_member(member: User, form: Form, status: int = 200) -> Answer:
    response.status = status
    entries = audit_log.select(member).limit(RECENT_ENTRIES)
    return render('admin_member.html', member=member, form=form, roles=ROLES,
                  posts=directory.count_posts([member])[member.id],
                  seen=directory.find_last_seen([member]).get(member.id),
                  links=password_reset.list_handover_links([member.id])[:1],
                  log_ins=len(sessions.list_sessions(member)),
                  has_factors=bool(second_factors.find_factors(member)), is_sole_owner=roles.is_sole_owner(member),
                  entries=[(entry, audit_log.describe(entry)) for entry in entries], max_reason=suspensions.MAX_REASON,
                  heirs=directory.list_heirs(but=member), hidden=hidden_posts.count([member])[member.id],
                  faces=placing.find('avatar', [member.id]))


@owner_required
def update_member(user: User, member_id: str) -> Answer:
    """Do to a member what the button says."""
    form = typed(*FIELDS)
    form.values['person'] = member_id
    return find_action(ACTIONS, form['action'])(user, form)


def _change_role(user: User, form: Form) -> Answer:
    role = form['role']
    if role not in ROLES:
        raise UnknownAction
    is_rising = role in (OWNER, EDITOR)
    member = find_or_404(directory.active_members() if is_rising else directory.present_members(), form['person'])
    title, more, button, notice = CHANGES[role]
    explanation = str(more)
    if member.is_owner and role != OWNER:
        explanation += ' ' + gettext('The site’s pages of this member will belong to another owner. An owner can make '
                                     'them an owner again.')
    if Permission.PUBLISH not in PERMISSIONS[role] and (count := scheduled_posts.count_scheduled(member, now())):
        explanation += ' ' + ngettext('%(count)s scheduled post becomes a draft and waits for review.',
                                      '%(count)s scheduled posts become drafts and wait for review.', count)
    page = require_confirmation(user, title.fill({'name': member.name}), explanation, str(button),
                                is_always_asked=True)
    if page is not None:
        return page

    def change() -> None:
        if roles.change_role(member, role, now()):
            note_action('role_changed', user, member, role=role)
    problem = _change(user, member, form, change)
    if problem is not None:
        return problem
    if User.get_by_id(member.id).role != role:
        form.errors = {'': describe(Rejected('role.unconfirmed', name=member.name))}
        return _render_member(member, form, 400)
    if member.id == user.id and role != OWNER:
        return redirect(DASHBOARD, 'author-now' if role == AUTHOR else 'role-now')
    return redirect(_path(member), notice)


def _set_role(role: str) -> Callable[[User, Form], Answer]:
    """Return what a button of an older page does, which has the role in its name."""
    def change(user: User, form: Form) -> Answer:
        form.values['role'] = role
        return _change_role(user, form)
    return change


def _suspend(user: User, form: Form) -> Answer:
    member = find_or_404(directory.active_members(but=user), form['person'])
    reason, hides_posts = text.whole_line(form['reason'], suspensions.MAX_REASON), form['published'] == 'hide'
    if reason is None:
        form.errors = make_sentences(Rejected('reason.too_long', limit=suspensions.MAX_REASON).errors)
        return _render_member(member, form, 400)
    page = require_confirmation(
        user, gettext('Suspend %(name)s', name=member.name), str(SUSPENSIONS['hide' if hides_posts else 'stay']),
        gettext('Suspend'), is_always_asked=True)
    if page is not None:
        return page
    problem = _change(user, member, form,
                      lambda: suspensions.suspend(member, now(), user, client_address(), reason, hides_posts))
    return problem or redirect(_path(member), 'suspended')


def _restore(user: User, form: Form) -> Answer:
    member = find_or_404(directory.present_members(but=user), form['person'])
    page = require_confirmation(user, gettext('Restore %(name)s', name=member.name),
                                str(RESTORATIONS[member.hides_posts]), gettext('Restore'), is_always_asked=True)
    if page is not None:
        return page
    problem = _change(user, member, form, lambda: suspensions.restore(member, now(), user, client_address()))
    return problem or redirect(_path(member), 'unsuspended')


def _hide_posts(user: User, form: Form) -> Answer:
    member = find_or_404(directory.present_members(but=user), form['person'])
    page = require_confirmation(
        user, gettext('Hide the posts of %(name)s', name=member.name),
        gettext('Nobody can read their posts until an owner shows them again, and scheduled posts are not published '
                'until then.'),
        gettext('Hide posts'), is_always_asked=True)
    if page is not None:
        return page
    problem = _change(user, member, form, lambda: hidden_posts.hide(member, now(), user, client_address()))
    return problem or redirect(_path(member), 'posts-hidden')


def _show_posts(user: User, form: Form) -> Answer:
    member = find_or_404(directory.present_members(but=user), form['person'])
    page = require_confirmation(
        user, gettext('Show the posts of %(name)s', name=member.name),
        gettext('Readers see all their posts again, as before. The account stays suspended.'),
        gettext('Show posts'), is_always_asked=True)
    if page is not None:
        return page
    problem = _change(user, member, form, lambda: hidden_posts.show(member, now(), user, client_address()))
    return problem or redirect(_path(member), 'posts-shown')


def _remove(user: User, form: Form) -> Answer:
    member = find_or_404(directory.present_members(but=user), form['person'])
    try:
        heir = _find_heir(member, form)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render_member(member, form, 400)
    sentence = GIVEN.fill({'heir': heir.name}) if heir else str(REMOVALS[form['posts']])
    page = require_confirmation(user, gettext('Remove the account of %(name)s', name=member.name), sentence,
                                gettext('Remove account'), is_always_asked=True)
    if page is not None:
        return page
    problem = _change(user, member, form, lambda: deletion.remove_member(
        member, form['posts'] != 'delete', now(), user, client_address(), form['posts'] == 'keep', heir))
    if problem is not None:
        return problem
    erasure.erase_now()
    return redirect(MEMBERS, 'member-removed')


def _find_heir(member: User, form: Form) -> User | None:
    """Return the member who gets the posts of a member who is removed, or None if nobody does. Raises Rejected for a
    form that does not say what should happen to the posts."""
    if form['posts'] == 'give':
        heir = next((each for each in directory.list_heirs(but=member) if str(each.id) == form['heir']), None)
        if heir is None:
            raise Rejected('heir.missing', field='posts')
        return heir
    if form['posts'] not in REMOVALS:
        raise Rejected('removal.missing', field='posts')
    return None


def _change(user: User, member: User, form: Form, change: Callable[[], Any]) -> Answer | None:
    """Change a member in one transaction, in which this user must still be an owner and the account still there. Return
    None, or the page of the member with the reason why nothing was changed."""
    try:
        with db.atomic():
            check_still_owner(user)
            find_or_404(directory.present_members(), str(member.id))
            change()
    except Problem as error:  # the last owner
        form.errors = {'': describe(error)}
    except Rejected as error:  # somebody else was faster
        form.errors = {'': describe(error)}
    else:
        return None
    return _render_member(User.get_by_id(member.id), form, 400)


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
        check_still_owner(user)
        deliver_soon(second_factors.reset_factors(member, now(), user))
        note_action('factors_reset', user, member)
    return redirect(_path(member), 'factors-reset')


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
            check_still_owner(user)
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


def _path(member: User) -> str:
    return f'{MEMBERS}/{member.id}'


ACTIONS = {'role': _change_role, 'make_owner': _set_role(OWNER), 'make_author': _set_role(AUTHOR),
           'suspend': _suspend, 'restore': _restore, 'hide_posts': _hide_posts, 'show_posts': _show_posts,
           'remove': _remove, 'reset_factors': _reset_factors, 'link': _hand_over_link}
