"""Log-in and security: passkeys, the authenticator app, recovery codes. All of them besides the password."""

from bottle import request
from markupsafe import Markup

from ..accounts import passkeys, second_factors, totp
from ..db import db, now
from ..tasks import deliver_soon
from ..text import Rejected
from ..wsgi import identity, notices
from ..wsgi.authentication import note_action, rotate
from ..wsgi.confirmation import require_confirmation as confirm_first
from ..wsgi.errors import json_endpoint as for_scripts
from ..wsgi.forms import Form, number, sent_json, typed
from ..wsgi.permissions import login_required as signed_in
from ..wsgi.responses import redirect, render_form
from ..wsgi.urls import url
from ..wsgi.urls import with_query as asking

PAGE = '/settings/security'


@signed_in
def security(user):
    return _page(user, Form({'name': request.query.getunicode('name', '')}), 200)


def _page(user, form, status):
    return render_form('security.html', form, status, passkeys=passkeys.of(user),
                       factors=second_factors.find_factors(user),
                       can_have_passkeys=passkeys.is_possible(), is_verified=user.is_verified,
                       is_confirmed=identity.is_confirmed())


@signed_in
def change_security(user):
    """Do what a button of the page says, once the member has confirmed who they are."""
    form = typed('action', 'passkey', 'name', 'code')
    act = ACTIONS.get(form['action'])
    if act is None:
        return _refuse(user, 'Nothing was changed: please use one of the buttons on this page.', 400)
    if not user.is_verified:
        return _refuse(user, 'To change this, first confirm your email address: the link is in the email that we '
                       'sent you.', 403)
    page = None if act is _rename else confirm_first(
        user, 'Confirm that it’s you', 'You are about to change how you log in.', 'Continue')
    if page is not None:
        return page
    try:
        return act(user, form)
    except Rejected as error:
        return _refuse(user, str(error), 400)


def _refuse(user, sentence, status):
    return _page(user, Form(errors={'': sentence}), status)


def _note(code, user, mails):
    """Send the emails about a change, and write it into the audit log, if anything was changed."""
    if mails:
        note_action(code, user)
        deliver_soon(mails)


# Passkeys

def _add_passkey(user, form):
    """Lead back to the page, whose script makes passkeys: no form can."""
    return redirect(asking(PAGE, name=form['name']), 'confirmed')


def _rename(user, form):
    is_there = passkeys.rename(user, number(form['passkey']) or 0, form['name'])
    return redirect(PAGE, 'passkey-renamed' if is_there else None)


def _remove_passkey(user, form):
    with db.atomic():
        mails = second_factors.remove_passkey(user, number(form['passkey']) or 0, now())
        _note('passkey_removed', user, mails)
    if mails:
        rotate()
    return redirect(PAGE, 'passkey-removed' if mails else None)


def _ask_for_passkey(user, form):
    with db.atomic():
        _note('passkey_asked', user, second_factors.require_passkey(user, True, now()))
        page = _with_first_codes(user, 'Your log-in now asks for a passkey after the password.')
    rotate()
    return page


def _do_not_ask(user, form):
    with db.atomic():
        mails = second_factors.require_passkey(user, False, now())
        _note('passkey_not_asked', user, mails)
    if mails:
        rotate()
    return redirect(PAGE, 'passkey-not-asked')


@signed_in
@for_scripts
def new_passkey_options(user):
    """What a browser needs to make a passkey."""
    return identity.passkey_creation_options(user)


@signed_in
@for_scripts
def new_passkey(user):
    """Add the passkey that a browser has made."""
    sent = sent_json()
    identity.add_passkey(user, sent.get('credential'), str(sent.get('name', '')))
    rotate()
    notices.leave('passkey-added', PAGE, now())
    return {'onward': url(PAGE)}


# The authenticator app

def _start_app(user, form):
    with db.atomic():
        secret = totp.start(user, now())
    return _app_page(user, secret, Form({'code': ''}), 200)


def _app_page(user, secret, form, status):
    uri = totp.provisioning_uri(user, secret)
    qr_code = Markup(totp.qr_code(uri))  # noqa: S704  # drawn by segno
    return render_form('security_app.html', form, status, uri=uri, qr=qr_code,
                       secret=' '.join(secret[start:start + 4] for start in range(0, len(secret), 4)))


def _confirm_app(user, form):
    try:
        with db.atomic():
            _note('totp_added', user, second_factors.confirm_app(user, form['code'], now()))
            page = _with_first_codes(user, 'The authenticator app is set up.')
    except Rejected as error:
        form.errors = error.errors
        with db.atomic():
            secret = totp.start(user, now())
        return _app_page(user, secret, form, 400)
    rotate()
    return page


def _remove_app(user, form):
    with db.atomic():
        mails = second_factors.remove_app(user, now())
        _note('totp_removed', user, mails)
    if mails:
        rotate()
    return redirect(PAGE, 'app-removed' if mails else None)


# Recovery codes

def _renew_codes(user, form):
    with db.atomic():
        codes, mails = second_factors.renew_codes(user, now())
        _note('recovery_codes_made', user, mails)
    return _codes_page('Your old recovery codes no longer work.', codes)


def _with_first_codes(user, done):
    """Say what was done, and show recovery codes where the member has none yet."""
    return _codes_page(done, [] if second_factors.find_factors(user).codes else second_factors.create_first_codes(user))


def _codes_page(done, codes):
    return render_form('security_codes.html', Form(), 200, done=done, codes=codes)


# Confirming with a passkey

@signed_in
@for_scripts
def confirm_options(user):
    """What a browser needs to confirm with a passkey who is there."""
    return identity.passkey_confirmation_options(user)


@signed_in
@for_scripts
def confirm_by_passkey(user):
    """Take a passkey instead of the password where a form asks for it again."""
    identity.confirm_by_passkey(user, sent_json().get('credential'))
    return {}


ACTIONS = {'passkey_add': _add_passkey, 'passkey_rename': _rename, 'passkey_remove': _remove_passkey,
           'passkey_ask': _ask_for_passkey, 'passkey_do_not_ask': _do_not_ask, 'app_start': _start_app,
           'app_confirm': _confirm_app, 'app_remove': _remove_app, 'codes_renew': _renew_codes}
