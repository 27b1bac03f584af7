"""The authors of a post: giving it to another first author, adding and removing co-authors, leaving it."""

from collections.abc import Callable

from ..codes import Problem, Rejected
from ..content import authorship, reviews
from ..db import db
from ..models import Post, User
from ..sentences import describe, make_sentences
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import note_action
from ..wsgi.forms import Form, number, typed
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, not_found, redirect, render_form


@login_required
def show_authors(user: User, post_id: str) -> Answer:
    """Show the authors of a post, and how to change them."""
    return _render(user, _find_post(user, post_id), Form({'keep': 'on'}), 200)


@login_required
def update_authors(user: User, post_id: str) -> Answer:
    """Do what a button says to the authors of a post."""
    post, form = _find_post(user, post_id), typed('action', 'member', 'keep', 'seen')
    act = find_action(ACTIONS, form['action'])
    try:
        with db.atomic():
            if not reviews.may_reassign(user, post):
                raise Rejected('authors.held', field='')
            return act(user, post, form)
    except Rejected as error:
        form.errors, status = make_sentences(error.errors), 400
    except Problem as problem:
        form.errors, status = {'': describe(problem)}, 409
    return _render(user, _find_post(user, post_id), form, status)


def _find_post(user: User, post_id: str) -> Post:
    """Return the post if this user sees it in the studio. Raises 404, for pages of the site too."""
    post: Post = find_or_404(Post.seen_by(user).where(~Post.is_page, Post.deleted_at.is_null()), post_id)
    Post.load_co_authors([post])
    return post


def _render(user: User, post: Post, form: Form, status: int) -> Answer:
    is_fixed = not reviews.may_reassign(user, post)
    may_change, may_give = authorship.may_change_authors(user, post), authorship.may_give(user)
    others = authorship.find_candidates([post.author]) if may_change or may_give else []
    return render_form('authors.html', form, status, post=post, seen=authorship.as_seen(post), is_fixed=is_fixed,
                       may_change=may_change, may_give=may_give, others=others,
                       max_co_authors=authorship.MAX_CO_AUTHORS,
                       addable=[each for each in others if each not in post.co_authors])


def _path(post: Post) -> str:
    return f'/studio/posts/{post.id}/authors'


def _give(user: User, post: Post, form: Form) -> Answer:
    if not authorship.may_give(user):
        return not_found()
    member = authorship.give(post, number(form['member']), bool(form['keep']), form['seen'])
    note_action('post_given', user, member, post=post.id)
    return redirect(_path(post), 'post-given')


def _add(user: User, post: Post, form: Form) -> Answer:
    if not authorship.may_change_authors(user, post):
        return not_found()
    member = authorship.add_co_author(post, number(form['member']), form['seen'])
    note_action('co_author_added', user, member, post=post.id)
    return redirect(_path(post), 'co-author-added')


def _remove(user: User, post: Post, form: Form) -> Answer:
    if not authorship.may_change_authors(user, post):
        return not_found()
    member = authorship.remove_co_author(post, number(form['member']), form['seen'])
    note_action('co_author_removed', user, member, post=post.id)
    return redirect(_path(post), 'co-author-removed')


def _leave(user: User, post: Post, form: Form) -> Answer:
    if not authorship.leave(post, user):
        return not_found()
    note_action('co_author_left', user, user, post=post.id)
    return redirect('/studio', 'co-author-left')


ACTIONS: dict[str, Callable[[User, Post, Form], Answer]] = {
    'give': _give, 'add': _add, 'remove': _remove, 'leave': _leave}
