"""Getting an account: set-up, confirming an email address, a new password."""

from collections.abc import Callable

from bottle import request

from ..accounts import (
    email_change,
    links,
    notifications,
    password_reset,
    passwords,
    registration,
    second_factors,
    signup_claim,
    validation,
    verification,
)
from ..codes import Rejected
from ..db import db, now
from ..models import Site, Token, User
from ..sentences import make_sentences
from ..signing import unsign
from ..tasks import deliver_alike, deliver_soon
from ..wsgi import identity
from ..wsgi.actions import Answer
from ..wsgi.authentication import (
    cause,
    claim_cookie,
    current_session,
    current_user,
    forget_claim,
    log_out,
    note_action,
    rotate,
    user_agent,
)
from ..wsgi.forms import Form, sent_fields, typed
from ..wsgi.link_login import log_in_by_link
from ..wsgi.responses import redirect, render, render_form
from ..wsgi.urls import DASHBOARD, url

# Setting up

def show_setup(token: str) -> Answer:
    """Show the form that sets the site up."""
    links.find_link('setup', token, now())
    return render('setup.html', form=Form(), action=url(f'/setup/{token}'))


def set_up_site(token: str) -> Answer:
    """Name the site, and create its owner."""
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
            owner = verification.set_up_owner(found, name, email, hashed, form['password'], now(), _keeps_texts(form))
            Site.change(title=title)
            note_action('site_set_up', owner)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return render_form('setup.html', form, action=url(f'/setup/{token}'))
    return log_in_by_link(owner, 'welcome')


def _keeps_texts(form: Form) -> bool | None:
    """Return whether to keep the texts that the account has already, or None if nothing was chosen."""
    return verification.KEEP_TEXTS.get(form['texts'])


# Confirming an address

def show_verification(token: str) -> Answer:
    """Show the page behind a link that confirms an email address."""
    if unsign('address', token):
        return _render_new_email(token, links.find_link('address', token, now()))
    found = links.find_link('verify', token, now())
    user, claim = verification.find_account(found), signup_claim.read_claim(claim_cookie(), found.email, now())
    return _render_verification(token, user, Form({'name': claim.name if claim else user.name}), claim)


def _render_verification(token: str, user: User, form: Form, claim: signup_claim.SignUpClaim | None,
                         status: int = 200) -> Answer:
    """Show one button in the browser that signed up, and a form for a new password in others."""
    is_same = _is_same_person(user, claim)
    is_known = bool(is_same or claim) and not form.errors and request.query.get('afresh', '') != '1'
    return render_form('verify.html', form, status, action=url(f'/verify/{token}'), email=user.email,
                       is_known=is_known, name=user.name if is_same else form['name'], others=_find_other_member(user),
                       texts=None if is_same and is_known else verification.list_texts(user))


def _is_same_person(user: User, claim: signup_claim.SignUpClaim | None) -> bool:
    """Return whether this browser signed the account up, or is logged in to it."""
    return bool(current_user() == user) or (claim is not None and claim.password == user.password)


def _find_other_member(user: User) -> User | None:
    """Return the member who is logged in here, if it is another one."""
    there = current_user()
    return there if there and there != user else None


def verify_email(token: str) -> Answer:
    """Confirm an email address, with a new password in another browser than the one that signed up."""
    if unsign('address', token):
        return _verify_new_email(token, links.find_link('address', token, now()))
    found = links.find_link('verify', token, now())
    user, claim = verification.find_account(found), signup_claim.read_claim(claim_cookie(), found.email, now())
    form = typed('name', 'password', 'texts', 'afresh')
    is_afresh = bool(form['afresh'] or form['password'])
    if not is_afresh and _is_same_person(user, claim):
        this = current_session()
        keep = this.digest if this and this.user == user else ''
        with db.atomic():
            user = verification.confirm(found, now(), keep)
            note_action('address_confirmed', user)
        if keep:
            forget_claim()
            rotate()
            return redirect(DASHBOARD, 'verified')
    else:
        try:
            name, hashed = (claim.name, claim.password) if claim and not is_afresh else _clean_identity(form, user)
        except Rejected as error:
            form.errors = make_sentences(error.errors)
            return _render_verification(token, user, form, claim, 400)
        user = _claim(found, name, hashed, form)
    forget_claim()
    return log_in_by_link(user, 'verified')


def _claim(found: Token, name: str, hashed: str, form: Form) -> User:
    """Give an unconfirmed account to the person who can read its email."""
    with db.atomic():
        user = verification.claim_account(found, name, hashed, _keeps_texts(form) or False, now())
        note_action('account_claimed', user)
    return user


def _clean_identity(form: Form, user: User) -> tuple[str, str]:
    """Return the name and the hashed password that the form behind a link sets. Raises Rejected."""
    if 'name' not in sent_fields():
        form.values['name'] = user.name
    words = validation.avoided_words(form['name'], user.name, user.email)
    name, password = validation.validate_all(
        (validation.clean_name, form['name']), (validation.clean_password, form['password'], 'password', words))
    return name, passwords.hash_password(password)


def _render_new_email(token: str, found: Token, status: int = 200) -> Answer:
    """Show the page that confirms a new email address, only to its member: a mistyped address must not give the account
    to a stranger."""
    if found.user is None or current_user() != found.user:
        return render_form('verify_log_in.html', Form(), status, email=found.email, others=current_user(),
                           path=f'/verify/{token}')
    email_change.check_domain(found)
    rival = email_change.find_unconfirmed_holder(found)
    return render_form('verify_address.html', Form(), status, action=url(f'/verify/{token}'),
                       email=found.email, old=found.user.email, texts=verification.list_texts(rival) if rival else None)


def _verify_new_email(token: str, found: Token) -> Answer:
    this = current_session()
    if this is None or this.user != found.user:
        return _render_new_email(token, found, status=403)
    with db.atomic():
        user, old = email_change.change_email(found, now(), this.digest, _keeps_texts(typed('texts')) or False)
        if old:
            deliver_soon(notifications.notify_email_changed(user, old, now(), user_agent()))
        note_action('address_changed', user)
    rotate()
    return redirect(DASHBOARD, 'address')


def show_verification_request() -> Answer:
    """Show the form that asks for another confirmation email."""
    user = current_user()
    return render('verify_again.html', form=Form({'email': (user and user.email) or ''}))


def request_verification() -> Answer:
    """Send another confirmation email."""
    return _email_link('verify_again.html', registration.resend_verification_to, 'verify_sent.html')


def _email_link(template: str, compose: Callable[..., list[int]], sent: str) -> Answer:
    """Send what `compose` makes for the address in the form. The answer does not tell whether an account has it."""
    form = typed('email')
    try:
        email = validation.clean_email(form['email'])
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return render_form(template, form)
    with db.atomic():
        deliver_alike(compose(email, now(), cause()))
    return render(sent)


# A new password

def show_reset_request() -> Answer:
    """Show the form that asks for a link to a new password."""
    return render('forgot.html', form=Form())


def request_reset() -> Answer:
    """Email a link to a new password."""
    return _email_link('forgot.html', password_reset.request_reset, 'forgot_sent.html')


def show_reset(token: str) -> Answer:
    """Show the form for a new password behind a link."""
    user = verification.find_account(links.find_link('reset', token, now()))
    return _render_reset(token, user, Form({'name': user.name}))


def _render_reset(token: str, user: User, form: Form, status: int = 200) -> Answer:
    return render_form('reset.html', form, status, action=url(f'/reset/{token}'), email=user.email,
                       is_claim=not user.is_verified, others=_find_other_member(user),
                       texts=None if user.is_verified else verification.list_texts(user))


def reset_password(token: str) -> Answer:
    """Set a new password, and log in."""
    found = links.find_link('reset', token, now())
    user, form = verification.find_account(found), typed('name', 'password', 'texts')
    try:
        name, hashed = _clean_identity(form, user)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render_reset(token, user, form, 400)
    if user.is_verified and second_factors.find_factors(user).are_asked:  # access to the mailbox alone must not suffice
        log_out()
        try:
            identity.begin_step(user, DASHBOARD, found, hashed)
        except Rejected as error:
            form.errors = make_sentences(error.errors)
            return _render_reset(token, user, form, 400)
        return redirect(identity.STEP_PATH)
    if user.is_verified:
        with db.atomic():
            user = password_reset.reset_password(found, hashed, now())
            deliver_soon(notifications.notify_password_changed(user, now(), user_agent()))
            note_action('password_reset', user)
    else:  # reading the email proves the address
        user = _claim(found, name, hashed, form)
    return log_in_by_link(user, 'password')
