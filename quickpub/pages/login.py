"""Logging in and out."""

from typing import Any

from bottle import request

from ..accounts import passkeys, second_factors, sessions
from ..codes import Code, Rejected
from ..db import now
from ..models import LoginStep
from ..sentences import describe, make_sentence, make_sentences
from ..wsgi import authentication, identity
from ..wsgi.actions import Answer
from ..wsgi.authentication import client_address, current_user, device_cookie
from ..wsgi.errors import json_endpoint
from ..wsgi.forms import Form, sent_json, typed
from ..wsgi.responses import redirect, render, render_form
from ..wsgi.urls import DASHBOARD, url


def show_login() -> Answer:
    """Show the log-in form."""
    if current_user():
        return redirect(DASHBOARD)
    return render('login.html', form=Form(), next=_clean_path(request.query.next), has_passkey=passkeys.is_possible())


def log_in() -> Answer:
    """Check the email address and the password, and go on to the second step if there is one."""
    form = typed('email', 'password', 'next')
    onward = _clean_path(form['next'])
    try:
        user = sessions.log_in(form['email'], form['password'], client_address(), now(), device_cookie())
        return redirect(identity.log_in_or_begin_step(user, onward or DASHBOARD))
    except Rejected as error:
        return _render_login(form, make_sentences(error.errors), 400)
    except sessions.Throttled as error:
        return _render_login(form, {'password': describe(error)}, 429)


def _render_login(form: Form, errors: dict[str, str], status: int) -> Answer:
    form.errors = errors
    return render_form('login.html', form, status, next=_clean_path(form['next']), has_passkey=passkeys.is_possible())


def show_login_confirmation() -> Answer:
    """Show the second step of a log-in."""
    step = identity.pending_step()
    return _render_step(step, Form({'code': ''}), 200) if step else redirect('/login')


def confirm_login() -> Answer:
    """Check the code of the second step."""
    step, form = identity.pending_step(), typed('code')
    if step is None:
        return _render_login(Form({'email': ''}), {'': make_sentence(Code('step.too_late'))}, 403)
    try:
        identity.finish_by_code(step, form['code'])
    except identity.StepEnded as error:
        return _render_login(Form({'email': step.user.email or ''}), {'': describe(error)}, 403)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render_step(step, form, 400)
    except sessions.Throttled as error:
        form.errors = {'code': describe(error)}
        return _render_step(step, form, 429)
    return redirect(step.onward, 'password' if step.token_id else None)


def _render_step(step: LoginStep, form: Form, status: int) -> Answer:
    factors = second_factors.find_factors(step.user)
    return render_form('login_confirm.html', form, status, has_app=factors.has_app,
                       has_passkey=bool(factors.passkeys) and passkeys.is_possible(), is_reset=bool(step.token_id))


@json_endpoint
def start_passkey_login() -> Any:
    """Return what a browser needs to log in with a passkey, as the only step or the second one."""
    return identity.passkey_login_options(_step_of(sent_json()))


@json_endpoint
def log_in_by_passkey() -> Any:
    """Log in the user of a passkey."""
    sent = sent_json()
    step = _step_of(sent)
    identity.finish_by_passkey(step, sent.get('credential'))
    return {'onward': url(step.onward if step else _clean_path(str(sent.get('next', ''))) or DASHBOARD)}


def _step_of(sent: dict[str, Any]) -> LoginStep | None:
    """Return the log-in whose second step this is to be, or None for a log-in by passkey alone."""
    if not sent.get('step'):
        return None
    step = identity.pending_step()
    if step is None:
        raise identity.StepEnded('step.too_late')
    return step


def _clean_path(path: str) -> str:
    """Return the path to go on to after the log-in if it is one of this site, else ''."""
    is_own = path.startswith('/') and not path.startswith('//') and '\\' not in path and path.isprintable()
    return path if is_own else ''


def log_out() -> Answer:
    """End the session of this browser."""
    authentication.log_out()
    return redirect('/login', 'logged-out')
