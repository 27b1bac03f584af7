"""Log in with the very form that a logged-out author has sent, so that nothing they wrote is lost."""

from collections.abc import Callable
from typing import Any

from bottle import HTTPError, request, response

from .. import codes
from ..accounts import passkeys, second_factors, sessions
from ..db import now
from ..models import LoginStep, User
from ..sentences import describe
from ..translations.messages import gettext
from . import identity
from .authentication import client_address, device_cookie, log_in
from .forms import Form, sent_fields
from .responses import render
from .urls import DASHBOARD


def log_in_and_retry(page: Callable, parts: dict[str, str]) -> Any:
    """Return the page if this form proves who sent it, or else a log-in form that keeps all other fields."""
    sent = sent_fields()
    form = Form({name: sent.pop(name, '') for name in ('login_email', 'login_password', 'login_code')})
    step = identity.pending_step() if form['login_code'] else None
    if step and step.token_id:  # of a password reset, which has a page of its own
        step = None
    try:
        user, step = _log_in(form, step)
    except codes.Rejected as error:
        form.errors = {'login_code' if step else 'login_password': describe(error)}
    except (sessions.Throttled, identity.StepEnded) as error:
        form.errors, step = {'': describe(error)}, None if isinstance(error, identity.StepEnded) else step
    else:
        found = _call_page(page, user, parts) if user else None
        if user and not (isinstance(found, HTTPError) and found.status_code == 404):
            return found
        if user:
            form.errors = {'': gettext('You are logged in as %(name)s. That account cannot edit this post. Log '
                                       'in with another account.', name=user.name)}
    response.status = 403
    return render('log_in_first.html', form=form, typed=sent, action=request.path, step=step,
                  has_passkey=passkeys.is_possible())


def _log_in(form: Form, step: LoginStep | None) -> tuple[User | None, LoginStep | None]:
    """Return the user who logs in with this form, and the second step that is still to be done."""
    if step:
        return identity.finish_by_code(step, form['login_code']), None
    if form['login_code']:
        raise identity.StepEnded('step.too_late')
    if not (form['login_email'] or form['login_password']):
        return None, None
    user = sessions.log_in(form['login_email'], form['login_password'], client_address(), now(), device_cookie())
    if second_factors.find_factors(user).are_asked:
        return None, identity.begin_step(user, DASHBOARD)
    log_in(user)
    return user, None


def _call_page(page: Callable, user: User, parts: dict[str, str]) -> Any:
    try:
        return page(user, **parts)
    except HTTPError as problem:
        return problem
