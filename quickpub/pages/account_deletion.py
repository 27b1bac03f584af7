"""Deleting one's account."""

from bottle import response

from ..accounts import credentials, deletion, roles
from ..audience import totals
from ..codes import Rejected
from ..db import db, now
from ..models import User
from ..sentences import make_sentences
from ..upkeep import erasure
from ..wsgi.actions import Answer
from ..wsgi.authentication import log_out, note_action
from ..wsgi.confirmation import confirmation_context
from ..wsgi.forms import Form, typed
from ..wsgi.identity import confirm_identity
from ..wsgi.permissions import login_required
from ..wsgi.responses import redirect, render


@login_required
def show_account_deletion(user: User) -> Answer:
    """Show the form that deletes the account."""
    return _render(user, Form({'password': '', 'posts': 'keep'}))


def _render(user: User, form: Form, status: int = 200) -> Answer:
    response.status = status
    return render('delete_account.html', form=form, identity=confirmation_context(user),
                  sole_owner=roles.is_sole_owner(user), kinds=totals.count_texts_of(user, now()))


@login_required
def delete_account(user: User) -> Answer:
    """Delete the account, and keep or delete its posts."""
    form = typed('password', 'code', 'posts')
    try:
        if form['posts'] not in ('keep', 'published', 'delete') and totals.has_posts(user):
            raise Rejected('posts.missing')
        confirmed = confirm_identity(user, form, 'password')
        with db.atomic():
            credentials.check_password_unchanged(confirmed)
            note_action('member_left', user)
            deletion.delete_account(confirmed, form['posts'] != 'delete', now(),
                                    keep_drafts=form['posts'] != 'published')
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(user, form, status=400)
    except roles.LastOwner:
        return _render(user, form, status=400)
    erasure.erase_now()
    log_out()
    return redirect('/', 'deleted')
