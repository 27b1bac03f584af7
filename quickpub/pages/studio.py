"""The author's desk: their posts, what is not saved yet, the trash."""

from bottle import request

from .. import stats, unsaved
from ..db import now
from ..models import KEPT_IN_TRASH, Post, Shelf, User
from ..shortcuts import number, page_of, render, signed_in

PER_DESK = 50


@signed_in
def desk(user):
    stats.fold_if_possible()
    mine = Post.select(Post.id, Post.author, Post.title, Post.slug, Post.views, Post.published_at, Post.updated_at,
                       Post.is_page, Post.place, User).join(User).where(Post.author == user, Post.deleted_at.is_null())
    newest_first = mine.order_by(Post.updated_at.desc(), Post.id.desc())
    found, older, _ = page_of(newest_first, '/studio', PER_DESK, by=(Post.updated_at, Post.id))
    return render('studio.html', posts=found, now=now(), totals=Shelf.of(user), older=older,
                  is_verified=user.is_verified, trash_count=_trash(user).count(), unsaved=unsaved.of(user, None),
                  undo=_trash(user).select(Post.id, Post.title).where(
                      Post.id == number(request.query.get('undo', ''))).first())


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


