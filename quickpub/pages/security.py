"""How a member logs in besides the password: passkeys, the authenticator app, recovery codes."""

from typing import Any

from bottle import request
from markupsafe import Markup

from ..accounts import passkeys, second_factors, totp
from ..codes import Rejected
from ..db import db, now
from ..models import User
from ..sentences import describe, make_sentences
from ..tasks import deliver_soon
from ..translations.messages import gettext
from ..wsgi import identity, notices
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import note_action, rotate
from ..wsgi.confirmation import require_confirmation
from ..wsgi.errors import json_endpoint
from ..wsgi.forms import Form, number, sent_json, typed
from ..wsgi.permissions import login_required
from ..wsgi.responses import redirect, render_form
from ..wsgi.urls import url, with_query

PAGE = '/settings/security'


@login_required
def show_security(user: User) -> Answer:
    """Show the user's passkeys, app and recovery codes."""
    return _render(user, Form({'name': request.query.getunicode('name', '')}), 200)


def _render(user: User, form: Form, status: int) -> Answer:
    factors = second_factors.find_factors(user)
    return render_form('security.html', form, status, passkeys=passkeys.of(user), factors=factors,
                       can_have_passkeys=passkeys.is_possible(), is_verified=user.is_verified,
                       is_confirmed=identity.is_confirmed())


@login_required
def update_security(user: User) -> Answer:
    """Do what the button says, once the user has confirmed who they are."""
    form = typed('action', 'passkey', 'name', 'code')
    act = find_action(ACTIONS, form['action'])
    if not user.is_verified:
        return _refuse(user, gettext('To change this, first confirm your email address.'), 403)
    page = None if act is _rename else require_confirmation(
        user, gettext('Confirm that it’s you'), gettext('You are about to change how you log in.'), gettext('Continue'))
    if page is not None:
        return page
    try:
        return act(user, form)
    except Rejected as error:
        return _refuse(user, describe(error), 400)


def _refuse(user: User, sentence: str, status: int) -> Answer:
    return _render(user, Form(errors={'': sentence}), status)


def _announce(code: str, user: User, mails: list[int]) -> None:
    """Send the emails about a change, and write it into the audit log, if anything was changed."""
    if mails:
        note_action(code, user)
        deliver_soon(mails)


# Passkeys

def _add_passkey(user: User, form: Form) -> Answer:
    """Redirect to the page, whose script creates the passkey: no form can."""
    return redirect(with_query(PAGE, name=form['name']), 'confirmed')


def _rename(user: User, form: Form) -> Answer:
    is_there = passkeys.rename(user, number(form['passkey']) or 0, form['name'])
    return redirect(PAGE, 'passkey-renamed' if is_there else None)


def _remove_passkey(user: User, form: Form) -> Answer:
    with db.atomic():
        mails = second_factors.remove_passkey(user, number(form['passkey']) or 0, now())
        _announce('passkey_removed', user, mails)
    if mails:
        rotate()
    return redirect(PAGE, 'passkey-removed' if mails else None)


def _require_passkey(user: User, form: Form) -> Answer:
    with db.atomic():
        _announce('passkey_asked', user, second_factors.require_passkey(user, True, now()))
        page = _render_first_codes(user, gettext('From now on, you log in with your password and a passkey.'))
    rotate()
    return page


def _stop_requiring_passkey(user: User, form: Form) -> Answer:
    with db.atomic():
        mails = second_factors.require_passkey(user, False, now())
        _announce('passkey_not_asked', user, mails)
    if mails:
        rotate()
    return redirect(PAGE, 'passkey-not-asked')


@login_required
@json_endpoint
def start_passkey(user: User) -> Any:
    """Return what a browser needs to create a passkey."""
    return identity.passkey_creation_options(user)


@login_required
@json_endpoint
def create_passkey(user: User) -> Any:
    """Add the passkey that a browser has created."""
    sent = sent_json()
    identity.add_passkey(user, sent.get('credential'), str(sent.get('name', '')))
    rotate()
    notices.leave('passkey-added', PAGE, now())
    return {'onward': url(PAGE)}


# The authenticator app

def _start_app(user: User, form: Form) -> Answer:
    with db.atomic():
        secret = totp.start(user, now())
    return _render_app(user, secret, Form({'code': ''}), 200)


def _render_app(user: User, secret: str, form: Form, status: int) -> Answer:
    uri = totp.provisioning_uri(user, secret)
    qr_code = Markup(totp.qr_code(uri, gettext('QR code for the authenticator app')))  # noqa: S704  # drawn by segno
    return render_form('security_app.html', form, status, uri=uri, qr=qr_code,
                       secret=' '.join(secret[start:start + 4] for start in range(0, len(secret), 4)))


def _confirm_app(user: User, form: Form) -> Answer:
    try:
        with db.atomic():
            _announce('totp_added', user, second_factors.confirm_app(user, form['code'], now()))
            page = _render_first_codes(user, gettext('Your authenticator app is set up.'))
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        with db.atomic():
            secret = totp.start(user, now())
        return _render_app(user, secret, form, 400)
    rotate()
    return page


def _remove_app(user: User, form: Form) -> Answer:
    with db.atomic():
        mails = second_factors.remove_app(user, now())
        _announce('totp_removed', user, mails)
    if mails:
        rotate()
    return redirect(PAGE, 'app-removed' if mails else None)


# Recovery codes

def _renew_codes(user: User, form: Form) -> Answer:
    with db.atomic():
        codes, mails = second_factors.renew_codes(user, now())
        _announce('recovery_codes_made', user, mails)
    return _render_codes(gettext('Your old recovery codes no longer work.'), codes)


def _render_first_codes(user: User, done: str) -> Answer:
    """Say what was done, and show recovery codes if the user has none yet."""
    has_codes = second_factors.find_factors(user).codes
    return _render_codes(done, [] if has_codes else second_factors.create_first_codes(user))


def _render_codes(done: str, codes: list[str]) -> Answer:
    return render_form('security_codes.html', Form(), 200, done=done, codes=codes)


# Confirming with a passkey

@login_required
@json_endpoint
def start_confirmation(user: User) -> Any:
    """Return what a browser needs to confirm with a passkey that the user is there."""
    return identity.passkey_confirmation_options(user)


@login_required
@json_endpoint
def confirm_by_passkey(user: User) -> Any:
    """Accept a passkey in place of the password where a form asks for it again."""
    identity.confirm_by_passkey(user, sent_json().get('credential'))
    return {}


ACTIONS = {'passkey_add': _add_passkey, 'passkey_rename': _rename, 'passkey_remove': _remove_passkey,
           'passkey_ask': _require_passkey, 'passkey_do_not_ask': _stop_requiring_passkey,
           'app_start': _start_app, 'app_confirm': _confirm_app, 'app_remove': _remove_app, 'codes_renew': _renew_codes}
