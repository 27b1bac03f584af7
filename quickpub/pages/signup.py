"""Signing up, with an invitation or without."""

from typing import Any

from bottle import request

from ..accounts import (
    blocked_domains,
    honeypot,
    invitations,
    passwords,
    registration,
    signup_claim,
    validation,
    verification,
)
from ..accounts.invitations import Invitation
from ..codes import Rejected
from ..db import db, now
from ..sentences import make_sentences
from ..settings import current
from ..tasks import deliver_alike
from ..wsgi.actions import Answer
from ..wsgi.authentication import cause, client_address, current_user, give_claim
from ..wsgi.forms import Form, typed
from ..wsgi.link_login import log_in_by_link
from ..wsgi.responses import render, render_form


def show_sign_up() -> Answer:
    """Show the sign-up form, or that sign-up is closed."""
    invitation = _find_invitation(request.query.invite)
    if _is_closed(invitation):
        return render('signup.html', form=Form(), closed=True)
    form = Form({'invite': request.query.invite, 'email': invitation.link.email or '' if invitation else '',
                 honeypot.OPENED: honeypot.stamp(now())})
    return render('signup.html', form=form, **_context(invitation))


def sign_up() -> Answer:
    """Create an account. Email the link that confirms its address, unless the link of an invitation has proven it."""
    form, at = typed('name', 'email', 'password', 'invite', 'texts', honeypot.TRAP, honeypot.OPENED), now()
    invitation = _find_invitation(form['invite'])
    if _is_closed(invitation):
        return render_form('signup.html', form, status=403, closed=True)
    try:
        name, email, password = validation.validate_all(
            (validation.clean_name, form['name']), (_clean_email, form['email'], invitation),
            (validation.clean_password, form['password'], 'password',
             validation.avoided_words(form['name'], form['email'])))
        is_robot = bool(form[honeypot.TRAP])
        if not is_robot and honeypot.is_too_quick(form[honeypot.OPENED], at):
            raise Rejected('form.too_quick', field='')
        hashed = passwords.hash_password(password)  # before the transaction, and also for an address that is known
        if invitation and invitation.is_proof and not is_robot:
            keep_texts = verification.KEEP_TEXTS.get(form['texts'])
            user = invitations.accept(invitation.link, name, hashed, keep_texts, at, client_address())
            return log_in_by_link(user, 'joined')
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        form.values[honeypot.OPENED] = honeypot.stamp_again(form[honeypot.OPENED], at)
        form.values['email'] = (invitation and invitation.link.email) or form['email']
        return render_form('signup.html', form, **_context(invitation))
    if not is_robot:  # a robot gets the same answer
        with db.atomic():
            deliver_alike(registration.sign_up(name, email, hashed, at, invitation and invitation.link, cause()))
    give_claim(signup_claim.seal_claim(name, email, hashed, at))
    return render('signup_done.html', email=email)


def _find_invitation(typed: str) -> Invitation | None:
    """Return the invitation that was sent along, unless sign-up is closed. Raises InvalidLink if it does not work."""
    return invitations.find_invitation(typed, now()) if typed and current().signup != 'closed' else None


def _is_closed(invitation: Invitation | None) -> bool:
    """Return whether sign-up is closed for somebody with this invitation."""
    return current().signup != 'open' and invitation is None


def _clean_email(typed: str, invitation: Invitation | None) -> str:
    email, invited = validation.clean_email(typed), invitation and invitation.link.email
    if invited and email.lower() != invited.lower():
        raise Rejected('email.not_invited', email=invited)
    blocked_domains.check(email)
    return email


def _context(invitation: Invitation | None) -> dict[str, Any]:
    return {'closed': False, 'invitation': invitation, 'others': current_user() if invitation else None,
            'texts': invitations.find_texts(invitation) if invitation else None}
