"""The editors' page of posts that wait for review, and the page that puts a post of somebody else on hold."""

from bottle import response

from .. import tasks
from ..codes import Rejected
from ..content import reviews, submissions
from ..db import db, now
from ..models import Post, User
from ..permissions import Permission
from ..sentences import make_sentences
from ..wsgi.actions import Answer, find_action
from ..wsgi.forms import Form, typed
from ..wsgi.permissions import permission_required
from ..wsgi.responses import find_or_404, not_found, redirect, render

REVIEW = '/studio/review'


@permission_required(Permission.EDIT_ALL)
def show_reviews(user: User) -> Answer:
    """Show the posts that wait for review, and those on hold."""
    return _render_reviews(Form())


def _render_reviews(form: Form, status: int = 200) -> Answer:
    response.status, waiting = status, reviews.list_waiting()
    return render('review.html', form=form, waiting=waiting, held=reviews.list_held(), max_reason=reviews.MAX_REASON,
                  seen=submissions.as_seen([review.post for review in waiting]))


@permission_required(Permission.EDIT_ALL)
def answer_review(user: User) -> Answer:
    """Publish a post that waits for review, or send it back."""
    form = typed('action', 'post', 'seen', 'reason')
    act = find_action(REVIEW_ACTIONS, form['action'])
    post = find_or_404(Post.editable_by(user), form['post'])
    try:
        return act(user, post, form)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render_reviews(form, 409 if '' in error.errors else 400)


def _publish(user: User, post: Post, form: Form) -> Answer:
    with db.atomic():
        tasks.deliver_soon(reviews.publish_asked(user, post, form['seen'], now()))
        tasks.draw_cards()
    return redirect(REVIEW, 'published')


def _send_back(user: User, post: Post, form: Form) -> Answer:
    with db.atomic():
        tasks.deliver_soon(reviews.send_back(user, post, form['seen'], form['reason'], now()))
    return redirect(REVIEW, 'sent-back')


REVIEW_ACTIONS = {'publish': _publish, 'send_back': _send_back}


@permission_required(Permission.EDIT_ALL)
def show_hold(user: User, post_id: str) -> Answer:
    """Show the form that puts a post on hold."""
    return _render_hold(_find(user, post_id), Form())


def _find(user: User, post_id: str) -> Post:
    """Return the post if this user may hold it. Raises 404."""
    post: Post = find_or_404(Post.editable_by(user), post_id)
    if not reviews.may_hold(user, post):
        raise not_found()
    return post


def _render_hold(post: Post, form: Form, status: int = 200) -> Answer:
    response.status = status
    return render('hold.html', post=post, form=form, review=reviews.find([post.id]).get(post.id),
                  is_public=post.is_public(now()), max_reason=reviews.MAX_REASON)


@permission_required(Permission.EDIT_ALL)
def update_hold(user: User, post_id: str) -> Answer:
    """Put a post on hold, or end that."""
    form, post = typed('action', 'reason'), _find(user, post_id)
    act = find_action(HOLD_ACTIONS, form['action'])
    try:
        return act(user, post, form)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render_hold(post, form, 400)


def _hold(user: User, post: Post, form: Form) -> Answer:
    reviews.hold(user, post, form['reason'], now(), is_trashed=form['action'] == 'trash')
    return redirect(f'/studio/posts/{post.id}', 'post-held')


def _release(user: User, post: Post, form: Form) -> Answer:
    reviews.release(user, post, now())
    return redirect(f'/studio/posts/{post.id}', 'post-released')


HOLD_ACTIONS = {'unpublish': _hold, 'trash': _hold, 'release': _release}
