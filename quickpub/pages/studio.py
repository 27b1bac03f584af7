"""The author's desk: writing, publishing, the trash."""

from bottle import request, response
from markupsafe import Markup
from peewee import fn

from .. import posts, stats
from ..accounts import Rejected
from ..db import is_out_of_reach, now
from ..models import KEPT_IN_TRASH, Post, User
from ..shortcuts import Form, not_found, redirect, render, signed_in, typed

PER_DESK = 50
BUSY = 'The site cannot save anything at this moment. What you typed is still here: please try again in a minute.'


@signed_in
def desk(user):
    stats.fold()
    before = request.query.get('before', '')
    mine = Post.select(Post.id, Post.author, Post.title, Post.slug, Post.views, Post.published_at, Post.updated_at,
                       User).join(User).where(Post.author == user, Post.deleted_at.is_null())
    query = mine.order_by(Post.updated_at.desc(), Post.id.desc())
    if before.isascii() and before.isdigit() and len(before) < 18:
        last = mine.where(Post.id == int(before)).get_or_none() or _raise_not_found()
        query = query.where((Post.updated_at < last.updated_at) |
                            ((Post.updated_at == last.updated_at) & (Post.id < last.id)))
    found = list(query.limit(PER_DESK + 1))
    older = f'/studio?before={found[PER_DESK - 1].id}' if len(found) > PER_DESK else None
    views = Post.select(fn.COALESCE(fn.SUM(Post.views), 0)).where(Post.author == user, Post.deleted_at.is_null()).scalar()
    return render('studio.html', posts=found[:PER_DESK], now=now(), totals={'views': views}, older=older,
                  is_verified=user.is_verified, trash_count=_trash(user).count())


def _raise_not_found():
    raise not_found()


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
    is_number = post_id.isascii() and post_id.isdigit() and len(post_id) < 18
    found = Post.editable_by(user).where(Post.id == int(post_id)).get_or_none() if is_number else None
    return found or _raise_not_found()


def _act(user, post):
    form = typed('title', 'slug', 'body', 'tags', 'summary', 'action')
    if post and form['action'] == 'restore':
        posts.restore(post)
        return redirect('/studio/trash', 'restored')
    if post and form['action'] == 'delete':
        posts.delete(post, now())
        return redirect('/studio', 'trashed')
    try:
        saved = posts.save(post, user, form.values, now())
    except Rejected as error:
        form.errors = error.errors
        return _editor(user, post, form, 400)
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        form.errors = {'': BUSY}
        return _editor(user, post, form, 503)
    return _after_saving(user, saved, form)


def _after_saving(user, post, form):
    notice = 'saved'
    if form['action'] == 'publish':
        try:
            posts.publish(post, now())
        except Rejected as error:
            form.errors = error.errors
            form.values['slug'] = post.slug
            return _editor(user, post, form, 400)
        notice = 'published'
    elif form['action'] == 'unpublish':
        posts.unpublish(post)
        notice = 'unpublished'
    return redirect(f'/studio/posts/{post.id}', notice)


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
                  draft_note='This is how readers will see it. Nobody else sees this page.')


@signed_in
def trash(user):
    return render('trash.html', posts=list(_trash(user)), kept_days=KEPT_IN_TRASH.days)


def _trash(user):
    return Post.select().where(Post.author == user, Post.deleted_at.is_null(False)).order_by(Post.deleted_at.desc())


