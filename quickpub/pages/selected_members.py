"""Suspend or remove several members at once: one page asks for confirmation, and names them."""

from collections.abc import Callable
from datetime import datetime

from bottle import response

from ..accounts import blocked_domains, several_members
from ..accounts.several_members import Outcome
from ..codes import Rejected
from ..db import now
from ..email_addresses import to_readable_domain
from ..models import User
from ..sentences import make_sentence, make_sentences
from ..upkeep import erasure
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import client_address
from ..wsgi.confirmation import confirmation_context
from ..wsgi.forms import Form, all_typed, number, typed
from ..wsgi.identity import confirm_identity
from ..wsgi.permissions import owner_required
from ..wsgi.responses import redirect, render
from ..wsgi.urls import with_query

PATH, MEMBERS = '/admin/members/selected', '/admin/members'
FILTERS = ('q', 'role', 'state')  # of the list that they were selected in
ACTIONS: dict[str, tuple[Callable[[list[User], datetime, User, str], Outcome], str]] = {  # what is done, and the notice
    'suspend': (several_members.suspend_each, 'members-suspended'),
    'remove': (several_members.remove_each, 'members-removed')}


@owner_required
def update_selected_members(user: User) -> Answer:
    """Suspend or remove all selected members, after the owner has confirmed it."""
    form = typed('action', 'identity', 'identity_password', 'identity_code', *FILTERS)
    act, notice = find_action(ACTIONS, form['action'])
    back = with_query(MEMBERS, **{name: form[name] for name in FILTERS})
    members = several_members.find_selectable([number(each) or 0 for each in all_typed('member')], user)
    if not members:
        return redirect(back, 'none-selected')
    if len(members) > several_members.MOST:
        return redirect(back, 'too-many-selected')
    domains = several_members.list_domains(members) if form['action'] == 'remove' else []
    blocked = [domain for domain in all_typed('domain') if domain in domains]
    if not form['identity']:
        return _render(user, form, members, domains, blocked)
    try:
        confirm_identity(user, form, 'identity_password', 'identity_code')
        if blocked:
            blocked_domains.block(blocked, now(), user, client_address())
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(user, form, members, domains, blocked, 400)
    outcome = act(members, now(), user, client_address())
    if form['action'] == 'remove':
        erasure.erase_now()
    if outcome.failed:
        return render('admin_members_outcome.html', action=form['action'], done=outcome.done, total=len(members),
                      back=back, failed=[(member, make_sentence(code)) for member, code in outcome.failed])
    return redirect(back, notice)


def _render(user: User, form: Form, members: list[User], domains: list[str], blocked: list[str], status: int = 200
            ) -> Answer:
    """Show whom it is about and what they have, and ask for confirmation."""
    response.status = status
    return render('admin_members_selected.html', form=form, members=members, blocked=blocked,
                  domains=[(domain, to_readable_domain(domain)) for domain in domains],
                  has=several_members.count_belongings(members), filters={name: form[name] for name in FILTERS},
                  identity=confirmation_context(user))
