"""The owner's page of email domains that nobody can sign up with."""

from operator import itemgetter

from bottle import response

from ..accounts import blocked_domains
from ..codes import Rejected
from ..db import db, now
from ..email_addresses import to_readable_domain
from ..models import User
from ..sentences import make_sentences
from ..translations.messages import gettext
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import client_address
from ..wsgi.confirmation import require_confirmation
from ..wsgi.forms import Form, typed
from ..wsgi.permissions import check_still_owner, owner_required
from ..wsgi.responses import redirect, render

PATH = '/admin/blocked-domains'


@owner_required
def show_blocked_domains(user: User) -> Answer:
    """Show the blocked domains, and the form that blocks more."""
    return _render(Form())


def _render(form: Form, status: int = 200) -> Answer:
    response.status = status
    blocked = [(to_readable_domain(each.domain), each) for each in blocked_domains.list_blocked()]
    return render('admin_blocked_domains.html', form=form, blocked=sorted(blocked, key=itemgetter(0)))


@owner_required
def update_blocked_domains(user: User) -> Answer:
    """Block domains, or unblock the one whose button was pressed."""
    form = typed('action', 'domains', 'domain')
    return find_action({'': _block, 'block': _block, 'unblock': _unblock}, form['action'])(user, form)


def _block(user: User, form: Form) -> Answer:
    try:
        domains = blocked_domains.clean_domains(form['domains'])
        page = _ask_about_providers(user, domains)
        if page is not None:
            return page
        with db.atomic():
            check_still_owner(user)
            new = blocked_domains.block(domains, now(), user, client_address())
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(form, 400)
    return redirect(PATH, 'domains-blocked' if new else 'domains-known')


def _ask_about_providers(user: User, domains: list[str]) -> Answer | None:
    """Return the page that asks for confirmation if large email providers are among these domains."""
    providers = [domain for domain in domains if blocked_domains.is_provider(domain)]
    if not providers:
        return None
    names = ', '.join(providers)
    return require_confirmation(
        user, gettext('Block %(domains)s', domains=names),
        gettext('Many people have their email address at a large provider. After this, nobody with an address of '
                '%(domains)s can sign up.', domains=names),
        gettext('Block'), is_always_asked=True)


def _unblock(user: User, form: Form) -> Answer:
    with db.atomic():
        check_still_owner(user)
        blocked_domains.unblock(form['domain'], now(), user, client_address())
    return redirect(PATH, 'domain-unblocked')
