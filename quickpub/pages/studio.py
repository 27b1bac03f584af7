"""The author's desk: their posts and how they are read, what is done to several at once, what is not saved yet, the
trash."""

from contextlib import nullcontext

from bottle import request, response

from ..audience import counting
from ..audience import stats as figures
from ..content import autosave, posts, search
from ..db import among, db, now
from ..models import Post, Shelf, User
from ..text import Rejected
from ..wsgi.forms import all_typed, number, typed
from ..wsgi.responses import asking, not_found, page_of, redirect, render, signed_in

PER_DESK = 50
FILTERS = {  # field -> its choices; the first one goes without saying
    'state': ('', 'draft', 'scheduled', 'published'),
    'sort': ('', 'views'),
    'whose': ('', 'all')}  # for the owner
ACTIONS = {  # what a button does to each post that is ticked, and what the next page says
    'unpublish': (lambda post, form: posts.unpublish(post, now()), 'some-offline'),
    'delete': (lambda post, form: posts.delete(post, now()), 'some-trashed'),
    'restore': (lambda post, form: posts.restore(post), 'some-restored'),
    'tag': (lambda post, form: posts.add_tags(post, form['tag']), 'some-tagged')}


@signed_in
def desk(user):
    return _desk(user, _asked(lambda name: request.query.getunicode(name, '')))


def _asked(said):
    """What is asked for of the list, by a function that tells what was typed; unknown words are as good as none."""
    asked = {name: said(name) if said(name) in choices else '' for name, choices in FILTERS.items()}
    return asked | {'q': said('q')[:100].strip()}


def _desk(user, asked, tag='', problem=None):
    counting.fold_if_possible()
    if problem:
        response.status = 400
    at = now()
    wanted, by = _list(user, asked, at)
    with search.in_turn(user.id) if asked['q'] else nullcontext():
        found, older, _ = page_of(wanted, asking('/studio', **asked), PER_DESK, by, Post.editable_by(user))
    listed = {post.id: post for post in Post.select(
        Post.id, Post.author, Post.title, Post.slug, Post.views, Post.published_at, Post.updated_at,
        Post.is_page, Post.place, User).join(User)
        .where(Post.id.in_([post.id for post in found]))}
    filters = {name: choices for name, choices in FILTERS.items() if name != 'whose' or user.is_owner}
    return render('studio.html', posts=[listed[post.id] for post in found], older=older, now=at, totals=Shelf.of(user),
                  recent=figures.recent(listed, counting.site_day(at)), trash_count=_trash(user).count(), asked=asked,
                  is_filtered=any(asked.values()), filters=filters, tag=tag, problem=problem, undo=_undo(user),
                  is_verified=user.is_verified, unsaved=autosave.of(user, None))


def _list(user, asked, at):
    """The ids of what is asked for, read from an index alone where it can be, and in which order."""
    query = Post.select(Post.id).where(Post.deleted_at.is_null())
    if not (user.is_owner and asked['whose']):
        query = query.where(Post.author == user)
    if asked['state']:
        query = query.where({
            'draft': Post.published_at.is_null() & Post.place.is_null(), 'scheduled': Post.published_at > at,
            'published': Post.published_at <= at}[asked['state']])
    if asked['q']:
        query = query.where(search.has(Post.title, asked['q']))
    first = Post.views if asked['sort'] else \
        Post.published_at if asked['state'] in ('scheduled', 'published') else Post.updated_at
    return query.order_by(first.desc(), Post.id.desc()), (first, Post.id)


def _undo(user):
    """The posts that were just moved to the trash, by the ids in the page's address."""
    ids = [number(each) for each in request.query.getunicode('undo', '').split('.')[:PER_DESK]]
    return list(_trash(user).select(Post.id, Post.title).where(Post.id.in_(ids)))


@signed_in
def change(user):
    """Do one thing to all posts that are ticked, or to none of them."""
    form = typed(*FILTERS, 'q', 'tag', 'action')
    asked, action = _asked(form.__getitem__), form['action']
    if action not in ACTIONS:
        return _desk(user, asked, problem='Nothing was changed: please use one of the buttons on this page.')
    ticked = {number(each) or 0 for each in all_typed('post')}
    if not ticked:
        return redirect(asking('/studio', **asked), 'none-ticked')
    found = list(Post.editable_by(user).where(Post.id.in_(among(ticked))).limit(PER_DESK))
    if len(found) < len(ticked):
        raise not_found()
    do, notice = ACTIONS[action]
    try:
        with db.atomic():
            for post in found:
                do(post, form)
    except Rejected as error:
        return _desk(user, asked, form['tag'], str(error))
    undo = '.'.join(str(post.id) for post in found) if action == 'delete' else ''
    return redirect(asking('/studio', **asked, undo=undo), notice)


@signed_in
def trash(user):
    thrown_away = _trash(user).select(Post.id, Post.author, Post.title, Post.deleted_at, User).join(User)
    found, older, _ = page_of(thrown_away.order_by(Post.deleted_at.desc(), Post.id.desc()), '/studio/trash', PER_DESK,
                              (Post.deleted_at, Post.id), Post.editable_by(user))
    return render('trash.html', posts=found, older=older, kept_days=posts.KEPT_IN_TRASH.days)


def _trash(user):
    """What this user may put back: an author their own posts, the owner everybody's."""
    everything = Post.select(Post.id).where(Post.deleted_at.is_null(False))
    return everything if user.is_owner else everything.where(Post.author == user)
