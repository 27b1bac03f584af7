"""Coming in: set-up, signing up, confirming an address, logging in and out, a forgotten password."""

from bottle import request

from ..accounts import (
    email_change,
    honeypot,
    links,
    notifications,
    passkeys,
    password_reset,
    passwords,
    registration,
    second_factors,
    sessions,
    signup_claim,
    validation,
    verification,
)
from ..db import db, now
from ..models import Site
from ..settings import current
from ..signing import unsign
from ..tasks import deliver_alike, deliver_soon
from ..text import Rejected
from ..wsgi import identity
from ..wsgi.authentication import (
    cause,
    claim_cookie,
    client_address,
    current_session,
    current_user,
    device_cookie,
    forget_claim,
    give_claim,
    log_out,
    note_action,
    rotate,
    user_agent,
)
from ..wsgi.errors import json_endpoint as for_scripts
from ..wsgi.forms import Form, sent_fields, sent_json, typed
from ..wsgi.responses import redirect, render, render_form
from ..wsgi.urls import url

# Setting up

def setup_form(token):
    links.find_link('setup', token, now())
    return render('setup.html', form=Form(), action=url(f'/setup/{token}'))


def setup(token):
    found = links.find_link('setup', token, now())
    form = typed('site_title', 'name', 'email', 'password', 'texts')
    try:
        title, name, email, password = validation.validate_all(
            (validation.clean_title, form['site_title'], 'site_title'), (validation.clean_name, form['name']),
            (validation.clean_email, form['email']),
            (validation.clean_password, form['password'], 'password',
             [form['name'], form['email'], form['site_title']]))
        hashed = passwords.hash_password(password)
        with db.atomic():
            owner = verification.set_up_owner(found, name, email, hashed, form['password'], now(), _choice(form))
            Site.change(title=title)
            note_action('site_set_up', owner)
    except Rejected as error:
        form.errors = error.errors
        return render_form('setup.html', form, action=url(f'/setup/{token}'))
    return _welcome(owner, 'welcome')


def _choice(form):
    """Return whether to keep the texts that are there already, or None if nothing was chosen."""
    return verification.KEEP_TEXTS.get(form['texts'])


# Signing up

def signup_form():
    if _is_closed(request.query.invite):
        return render('signup.html', form=Form(), closed=True)
    return render('signup.html', form=Form({'invite': request.query.invite, honeypot.OPENED: honeypot.stamp(now())}),
                  closed=False)


def _is_closed(invite):
    """Whether nobody may sign up here now. Raises InvalidLink for an invitation that does not work."""
    if current().signup == 'open':
        return False
    if current().signup == 'invite' and invite:
        links.find_link('invite', invite, now())
        return False
    return True


def signup():
    form, at = typed('name', 'email', 'password', 'invite', honeypot.TRAP, honeypot.OPENED), now()
    if _is_closed(form['invite']):
        return render_form('signup.html', form, status=403, closed=True)
    try:
        name, email, password = validation.validate_all(
            (validation.clean_name, form['name']), (validation.clean_email, form['email']),
            (validation.clean_password, form['password'], 'password',
             validation.avoided_words(form['name'], form['email'])))
        is_robot = bool(form[honeypot.TRAP])
        if not is_robot and honeypot.is_too_quick(form[honeypot.OPENED], at):
            raise Rejected(**{'': honeypot.TOO_QUICK})
    except Rejected as error:
        form.errors = error.errors
        form.values[honeypot.OPENED] = honeypot.stamp_again(form[honeypot.OPENED], at)
        return render_form('signup.html', form, closed=False)
    hashed = passwords.hash_password(password)  # before the transaction, and also for an address that is known
    invited = links.find_link('invite', form['invite'], at) if form['invite'] and current().signup != 'open' else None
    if not is_robot:  # and one must not notice
        with db.atomic():
            deliver_alike(registration.sign_up(name, email, hashed, at, invited, cause()))
    give_claim(signup_claim.seal_claim(name, email, hashed, at))
    return render('signup_done.html', email=email)


# Confirming an address

def verify_form(token):
    if unsign('address', token):
        return _new_address_page(token, links.find_link('address', token, now()))
    found = links.find_link('verify', token, now())
    user, claim = verification.find_account(found), signup_claim.read_claim(claim_cookie(), found.email, now())
    return _verify_page(token, user, Form({'name': claim.name if claim else user.name}), claim)


def _verify_page(token, user, form, claim, status=200):
    """The page behind a link that confirms: for the browser that signed up one button, for others a new password."""
    is_ours = _is_ours(user, claim)
    is_known = bool(is_ours or claim) and not form.errors and request.query.get('afresh', '') != '1'
    return render_form('verify.html', form, status, action=url(f'/verify/{token}'), email=user.email,
                       is_known=is_known, name=user.name if is_ours else form['name'], others=_others(user),
                       texts=None if is_ours and is_known else verification.list_texts(user))


def _is_ours(user, claim):
    """Whether this browser set the account up, or is logged in to it: whatever is in it is of the same person."""
    return current_user() == user or (claim is not None and claim.password == user.password)


def _others(user):
    """Return another member who is logged in here, or None."""
    there = current_user()
    return there if there and there != user else None


def verify(token):
    if unsign('address', token):
        return _confirm_new_address(token, links.find_link('address', token, now()))
    found = links.find_link('verify', token, now())
    user, claim = verification.find_account(found), signup_claim.read_claim(claim_cookie(), found.email, now())
    form = typed('name', 'password', 'texts', 'afresh')
    is_afresh = bool(form['afresh'] or form['password'])
    if not is_afresh and _is_ours(user, claim):
        this = current_session()
        keep = this.digest if this and this.user == user else ''
        with db.atomic():
            user = verification.confirm(found, now(), keep)
            note_action('address_confirmed', user)
        if keep:
            forget_claim()
            rotate()
            return redirect('/studio', 'verified')
    else:
        try:
            name, hashed = (claim.name, claim.password) if claim and not is_afresh else _chosen(form, user)
        except Rejected as error:
            form.errors = error.errors
            return _verify_page(token, user, form, claim, 400)
        user = _claim(found, name, hashed, form)
    forget_claim()
    return _welcome(user, 'verified')


def _claim(found, name, hashed, form):
    """Give an unconfirmed account to whoever can read its email."""
    with db.atomic():
        user = verification.claim_account(found, name, hashed, _choice(form) or False, now())
        note_action('account_claimed', user)
    return user


def _chosen(form, user):
    """The name and the password (hashed) that were chosen on the page behind a link. Raises Rejected."""
    if 'name' not in sent_fields():
        form.values['name'] = user.name
    words = validation.avoided_words(form['name'], user.name, user.email)
    name, password = validation.validate_all(
        (validation.clean_name, form['name']), (validation.clean_password, form['password'], 'password', words))
    return name, passwords.hash_password(password)


def _welcome(user, notice):
    """Let somebody in who has proven who they are, in place of whoever was logged in here; after the second step where
    there is one."""
    log_out()
    try:
        onward = identity.log_in_or_begin_step(user, '/studio', by_link=True)
    except Rejected:  # the password was changed once more, in this very moment
        return redirect('/login')
    return redirect(onward, notice if onward == '/studio' else None)


def _new_address_page(token, found, form=None, status=200):
    """Show the page that confirms a change of address to the member who is logged in: a mistyped address must not give
    a stranger the account."""
    if current_user() != found.user:
        return render_form('verify_log_in.html', Form(), status, email=found.email, others=current_user(),
                           path=f'/verify/{token}')
    rival = email_change.find_unconfirmed_holder(found)
    return render_form('verify_address.html', form or Form(), status, action=url(f'/verify/{token}'),
                       email=found.email, old=found.user.email, texts=verification.list_texts(rival) if rival else None)


def _confirm_new_address(token, found):
    this = current_session()
    if this is None or this.user != found.user:
        return _new_address_page(token, found, status=403)
    with db.atomic():
        user, old = email_change.change_email(found, now(), this.digest, _choice(typed('texts')) or False)
        if old:
            deliver_soon(notifications.notify_email_changed(user, old, now(), user_agent()))
        note_action('address_changed', user)
    rotate()
    return redirect('/studio', 'address')


def verify_again_form():
    user = current_user()
    return render('verify_again.html', form=Form({'email': (user and user.email) or ''}))


def verify_again():
    return _mail_to_typed('verify_again.html', registration.resend_verification_to, 'verify_sent.html')


def _mail_to_typed(template, compose, sent):
    """Send what `compose` makes for the address in the form. Whether anybody has it makes no difference that shows."""
    form = typed('email')
    try:
        email = validation.clean_email(form['email'])
    except Rejected as error:
        form.errors = error.errors
        return render_form(template, form)
    with db.atomic():
        deliver_alike(compose(email, now(), cause()))
    return render(sent)


# Logging in and out

def login_form():
    if current_user():
        return redirect('/studio')
    return render('login.html', form=Form(), next=_own_path(request.query.next), has_passkey=passkeys.is_possible())


def login():
    form = typed('email', 'password', 'next')
    onward = _own_path(form['next'])
    try:
        user = sessions.log_in(form['email'], form['password'], client_address(), now(), device_cookie())
        return redirect(identity.log_in_or_begin_step(user, onward or '/studio'))
    except Rejected as error:
        return _login_page(form, error.errors, 400)
    except sessions.Throttled as error:
        return _login_page(form, {'password': str(error)}, 429)


def _login_page(form, errors, status):
    form.errors = errors
    return render_form('login.html', form, status, next=_own_path(form['next']), has_passkey=passkeys.is_possible())


def confirm_login_form():
    step = identity.pending_step()
    return _step_page(step, Form({'code': ''}), 200) if step else redirect('/login')


def confirm_login():
    """Take the code that follows the password."""
    step, form = identity.pending_step(), typed('code')
    try:
        if step is None:
            raise identity.StepEnded('That took too long. Please log in again.')
        identity.finish_by_code(step, form['code'])
    except identity.StepEnded as error:
        return _login_page(Form({'email': (step.user.email or '') if step else ''}), {'': str(error)}, 403)
    except Rejected as error:
        form.errors = error.errors
        return _step_page(step, form, 400)
    except sessions.Throttled as error:
        form.errors = {'code': str(error)}
        return _step_page(step, form, 429)
    return redirect(*_onward(step))


def _onward(step):
    """Return where to go on after the second step, and the notice there."""
    return (step.onward, 'password') if step.token_id else (step.onward,)


def _step_page(step, form, status):
    factors = second_factors.find_factors(step.user)
    return render_form('login_confirm.html', form, status, has_app=factors.has_app,
                       has_passkey=bool(factors.passkeys) and passkeys.is_possible(), is_reset=bool(step.token_id))


@for_scripts
def passkey_login_options():
    """What a browser needs to log in with a passkey, as the only step or the second one."""
    return identity.passkey_login_options(_step_of(sent_json()))


@for_scripts
def passkey_login():
    """Log in whoever has answered with a passkey."""
    sent = sent_json()
    step = _step_of(sent)
    identity.finish_by_passkey(step, sent.get('credential'))
    return {'onward': url(step.onward if step else _own_path(str(sent.get('next', ''))) or '/studio')}


def _step_of(sent):
    """Return the log-in whose second step this is to be, or None for a log-in by passkey alone."""
    if not sent.get('step'):
        return None
    step = identity.pending_step()
    if step is None:
        raise identity.StepEnded('That took too long. Please log in again.')
    return step


def _own_path(path):
    """A path to go on to after logging in, if it is one of this site; else ''."""
    is_own = path.startswith('/') and not path.startswith('//') and '\\' not in path and path.isprintable()
    return path if is_own else ''


def logout():
    log_out()
    return redirect('/login', 'logged-out')


def forgot_form():
    return render('forgot.html', form=Form())


def forgot():
    return _mail_to_typed('forgot.html', password_reset.request_reset, 'forgot_sent.html')


def reset_form(token):
    user = verification.find_account(links.find_link('reset', token, now()))
    return _reset_page(token, user, Form({'name': user.name}))


def _reset_page(token, user, form, status=200):
    return render_form('reset.html', form, status, action=url(f'/reset/{token}'), email=user.email,
                       is_claim=not user.is_verified, others=_others(user),
                       texts=None if user.is_verified else verification.list_texts(user))


def reset(token):
    found = links.find_link('reset', token, now())
    user, form = verification.find_account(found), typed('name', 'password', 'texts')
    try:
        name, hashed = _chosen(form, user)
    except Rejected as error:
        form.errors = error.errors
        return _reset_page(token, user, form, 400)
    # A stolen mailbox alone must not be enough to log in.
    if user.is_verified and second_factors.find_factors(user).are_asked:
        log_out()
        try:
            identity.begin_step(user, '/studio', found, hashed)
        except Rejected as error:
            form.errors = error.errors
            return _reset_page(token, user, form, 400)
        return redirect(identity.STEP_PATH)
    if user.is_verified:
        with db.atomic():
            user = password_reset.reset_password(found, hashed, now())
            deliver_soon(notifications.notify_password_changed(user, now(), user_agent()))
            note_action('password_reset', user)
    else:  # who can read the email has shown that the address is theirs
        user = _claim(found, name, hashed, form)
    return _welcome(user, 'password')
