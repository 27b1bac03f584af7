"""Ask members to confirm who they are before important changes."""

from typing import Any

from bottle import request

from .. import codes
from ..accounts import passkeys, second_factors
from ..models import User
from ..sentences import make_sentences
from . import identity
from .forms import Form, sent_fields
from .responses import render_form


def confirmation_context(user: User) -> dict[str, Any]:
    """Return the values for the fields that ask for the password, a code or a passkey (_macros.html)."""
    factors = second_factors.find_factors(user)
    return {'is_confirmed': identity.is_confirmed(), 'asks_code': factors.are_asked, 'has_app': factors.has_app,
            'has_passkey': bool(factors.passkeys) and passkeys.is_possible()}


def require_confirmation(user: User, heading: str, sentence: str, button: str, is_always_asked: bool = False) -> Any:
    """Return None if this member has confirmed who they are, lately or with this very form. Otherwise return a page
    that asks for it and keeps everything that was sent. `is_always_asked`: show the page with its sentence in any case,
    but without a password field if they have confirmed lately."""
    sent = sent_fields()
    form = Form({name: sent.pop(name, '') for name in ('identity_password', 'identity_code')})
    sent.pop('username', '')
    is_first = not (sent.pop('identity', '') or form['identity_password'])
    if not is_first or (identity.is_confirmed() and not is_always_asked):
        try:
            identity.confirm_identity(user, form, 'identity_password', 'identity_code')
            return None
        except codes.Rejected as error:
            form.errors = make_sentences(error.errors)
    return render_form('confirm.html', form, 200 if is_first else 400, typed=sent, action=request.path, heading=heading,
                       sentence=sentence, button=button, identity=confirmation_context(user))
