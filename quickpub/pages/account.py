"""Coming in: set-up, signing up, confirming an address, logging in and out, a forgotten password."""

from bottle import request

from .. import accounts, sessions
from ..db import db, now
from ..forms import Form, typed
from ..models import Site, User
from ..settings import current
from ..shortcuts import redirect, render, render_form, url
from ..signing import unsign
from ..tasks import deliver_soon
from ..text import Rejected
from ..visitor import client_address, current_session, current_user, log_in, log_out

# Setting up

def setup_form(token):
    accounts.token('setup', token, now())
    return render('setup.html', form=Form(), action=url(f'/setup/{token}'))


def setup(token):
    found = accounts.token('setup', token, now())
    form = typed('site_title', 'name', 'email', 'password')
    try:
        title, name, email, password = accounts.all_of(
            (accounts.clean_title, form['site_title'], 'site_title'), (accounts.clean_name, form['name']),
            (accounts.clean_email, form['email']), (accounts.clean_password, form['password']))
    except Rejected as error:
        form.errors = error.errors
        return render_form('setup.html', form, action=url(f'/setup/{token}'))
    hashed = accounts.hash_password(password)
    with db.atomic():
        accounts.use(found, now())
        owner = accounts.by_email(email)
        if owner is None:
            owner = accounts.create(name, email, hashed, now())
        accounts.set_password(owner, hashed)  # whoever signed up with this address before does not become owner by it
        User.update(role='owner', name=name, verified_at=now()).where(User.id == owner.id).execute()
        Site.replace(id=1, title=title, tagline=Site.this().tagline, hue=Site.this().hue).execute()
    log_in(owner)
    return redirect('/studio', 'welcome')


# Signing up

def signup_form():
    if _is_closed(request.query.invite):
        return render('signup.html', form=Form(), invite='', closed=True)
    return render('signup.html', form=Form(), invite=request.query.invite, closed=False)


def _is_closed(invite):
    """Whether nobody may sign up here now. Raises LinkDead for an invitation that does not work."""
    if current().signup == 'open':
        return False
    if current().signup == 'invite' and invite:
        accounts.token('invite', invite, now())
        return False
    return True


def signup():
    form = typed('name', 'email', 'password', 'invite')
    if _is_closed(form['invite']):
        return render_form('signup.html', form, status=403, invite='', closed=True)
    try:
        name, email, password = accounts.all_of(
            (accounts.clean_name, form['name']), (accounts.clean_email, form['email']),
            (accounts.clean_password, form['password']))
    except Rejected as error:
        form.errors = error.errors
        return render_form('signup.html', form, invite=form['invite'], closed=False)
    hashed = accounts.hash_password(password)  # before the transaction, and also for an address that is known
    invited = accounts.token('invite', form['invite'], now()) if form['invite'] and current().signup != 'open' else None
    with db.atomic():
        deliver_soon(accounts.sign_up(name, email, hashed, now(), invited))
    return render('signup_done.html', email=email)


def verify_form(token):
    found = _verify_token(token)
    return render('verify.html', action=url(f'/verify/{token}'), email=found.email,
                  is_new_address=found.purpose == 'address')


def verify(token):
    found = _verify_token(token)
    old = found.user.email
    this = current_session()
    with db.atomic():
        user = accounts.verify(found, now(), keep=this.digest if this else '')
        if found.purpose == 'address' and old:
            deliver_soon(accounts.address_told_mail(user, old, now()))
    is_here = current_user() == user
    notice = 'address' if found.purpose == 'address' else 'verified' if is_here else 'verified-log-in'
    return redirect('/studio' if is_here else '/login', notice)


def _verify_token(token):
    """The row behind a link that confirms an address: a first one, or a new one."""
    return accounts.token('address' if unsign('address', token) else 'verify', token, now())


def verify_again_form():
    user = current_user()
    return render('verify_again.html', form=Form({'email': (user and user.email) or ''}))


def verify_again():
    return _mail_to_typed('verify_again.html', _verification_mail, 'verify_sent.html')


def _verification_mail(email, at):
    user = accounts.by_email(email)
    return accounts.verification_mail(user, at) if user else []


def _mail_to_typed(template, compose, sent):
    """Send what `compose` makes for the address in the form. Whether anybody has it makes no difference that shows."""
    form = typed('email')
    try:
        email = accounts.clean_email(form['email'])
    except Rejected as error:
        form.errors = error.errors
        return render_form(template, form)
    with db.atomic():
        deliver_soon(compose(email, now()))
    return render(sent)


# Logging in and out

def login_form():
    if current_user():
        return redirect('/studio')
    return render('login.html', form=Form(), next=_own_path(request.query.next))


def login():
    form = typed('email', 'password', 'next')
    onward = _own_path(form['next'])
    try:
        user = sessions.log_in(form['email'].strip(), form['password'], client_address(), now())
    except Rejected as error:
        form.errors = error.errors
        return render_form('login.html', form, next=onward)
    except sessions.Throttled as error:
        form.errors = {'password': str(error)}
        return render_form('login.html', form, status=429, next=onward)
    log_in(user)
    return redirect(onward or '/studio')


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
    return _mail_to_typed('forgot.html', accounts.reset_mail, 'forgot_sent.html')


def reset_form(token):
    accounts.token('reset', token, now())
    return render('reset.html', form=Form(), action=url(f'/reset/{token}'))


def reset(token):
    found = accounts.token('reset', token, now())
    form = typed('password')
    try:
        password = accounts.clean_password(form['password'])
    except Rejected as error:
        form.errors = error.errors
        return render_form('reset.html', form, action=url(f'/reset/{token}'))
    hashed, user = accounts.hash_password(password), found.user
    assert user is not None  # such a link is somebody's, and goes with the account
    with db.atomic():
        accounts.use(found, now())
        accounts.set_password(user, hashed)
        if user.email == found.email:  # who can read the mail has shown that the address is theirs
            User.update(verified_at=user.verified_at or now()).where(User.id == user.id).execute()
    log_in(user)
    return redirect('/studio', 'password')
