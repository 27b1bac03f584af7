"""The author's desk: writing, publishing, the trash."""

from contextlib import suppress

from bottle import response
from markupsafe import Markup

from .. import posts, stats
from ..accounts import Rejected
from ..db import is_out_of_reach, now
from ..models import KEPT_IN_TRASH, Post, Shelf, User
from ..shortcuts import Form, find, page_of, redirect, render, signed_in, typed

PER_DESK = 50
ACTIONS = ('', 'save', 'publish')  # of a new post; no button is a saving one too
LATER_ACTIONS = (*ACTIONS, 'unpublish', 'delete', 'restore')
NOTICES = {'publish': 'published', 'unpublish': 'unpublished', 'restore': 'restored'}
BUSY = 'The site cannot save anything at this moment. What you typed is still here: please try again in a minute.'


@signed_in
def desk(user):
    stats.fold_if_possible()
    mine = Post.select(Post.id, Post.author, Post.title, Post.slug, Post.views, Post.published_at, Post.updated_at,
                       User).join(User).where(Post.author == user, Post.deleted_at.is_null())
    newest_first = mine.order_by(Post.updated_at.desc(), Post.id.desc())
    found, older, _ = page_of(newest_first, '/studio', PER_DESK, by=(Post.updated_at, Post.id))
    return render('studio.html', posts=found, now=now(), totals=Shelf.of(user), older=older,
                  is_verified=user.is_verified, trash_count=_trash(user).count())


@signed_in
def new_form(user):
    return _editor(user, None, Form())


@signed_in
def new(user):
    return _act(user, None)


@signed_in
def edit_form(user, post_id):
    post = _find(user, post_id)
    tags = ', '.join(tag.name for tag in posts.tags_of(post))
    return _editor(user, post, Form({'title': post.title, 'slug': post.slug, 'body': post.body, 'tags': tags,
                                     'summary': post.summary}))


@signed_in
def edit(user, post_id):
    return _act(user, _find(user, post_id))


def _find(user, post_id):
    """The post, if this user may edit it; for everybody else it does not exist."""
    return find(Post.editable_by(user), post_id)


def _act(user, post):
    """What a button does. Whatever goes wrong in the editor, its form comes back as it was typed."""
    form = typed('title', 'slug', 'body', 'tags', 'summary', 'action')
    action = form['action']
    if action not in (LATER_ACTIONS if post else ACTIONS):
        form.errors = {'': 'Nothing was saved yet: please use one of the buttons below.'}
        return _editor(user, post, form, 400)
    is_editor = bool(form['title'] or form['body'])  # or the list of the trash, which has nothing to keep
    if action == 'restore' and not is_editor:
        posts.restore(post)
        return redirect('/studio/trash', 'restored')
    try:
        if action == 'delete':
            with suppress(Rejected):  # the trash takes it as it was before, where it cannot be saved like this
                if is_editor:
                    posts.save(post, user, form.values, now())
            posts.delete(post, now())
            return redirect('/studio', 'trashed')
        if action == 'restore':
            posts.restore(post)
        post = posts.save(post, user, form.values, now())
        form.values['slug'] = post.slug
        if action == 'publish':
            posts.publish(post, now())
        elif action == 'unpublish':
            posts.unpublish(post)
    except Rejected as error:
        form.errors = error.errors
        return _editor(user, post, form, 400)
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        form.errors = {'': BUSY}
        return _editor(user, post, form, 503)
    return redirect(f'/studio/posts/{post.id}', NOTICES.get(action, 'saved'))


def _editor(user, post, form, status=200):
    response.status = status
    is_public = post is not None and post.is_public(now())
    return render('editor.html', post=post, form=form, is_public=is_public, saved_at=post.updated_at if post else None,
                  is_verified=(post.author if post else user).is_verified, address=post.path if post else None)


@signed_in
def preview(user, post_id):
    post = _find(user, post_id)
    return render('post.html', post=post, author=post.author, content=Markup(post.html), tags=posts.tags_of(post),
                  newer=None, older=None, canonical=post.path,
                  draft_note='This is how readers will see what you saved last.')


@signed_in
def trash(user):
    thrown_away = _trash(user).select(Post.id, Post.author, Post.title, Post.deleted_at, User).join(User)
    found, older, _ = page_of(thrown_away.order_by(Post.deleted_at.desc(), Post.id.desc()), '/studio/trash', PER_DESK,
                              by=(Post.deleted_at, Post.id))
    return render('trash.html', posts=found, older=older, kept_days=KEPT_IN_TRASH.days)


def _trash(user):
    """What this user may put back: an author their own posts, the owner everybody's."""
    everything = Post.select(Post.id).where(Post.deleted_at.is_null(False))
    return everything if user.is_owner else everything.where(Post.author == user)


