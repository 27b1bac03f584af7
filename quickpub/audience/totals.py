"""Totals of the site and of an author. They are kept by triggers, so they are not counted anew."""

from datetime import datetime

from peewee import Select, fn

from ..db import db
from ..models import AuthorTotals, Autosave, CoAuthor, Post, User
from ..permissions import Permission


def count_site(at: datetime) -> dict[str, int]:
    """Return how many authors, published posts and views the site has."""
    posts, views = AuthorTotals.select(fn.TOTAL(AuthorTotals.posts), fn.TOTAL(AuthorTotals.views)).scalar(as_tuple=True)
    scheduled = Post.select().where(Post.published_at > at, Post.deleted_at.is_null()).count()
    return {'authors': User.select().where(User.deleted_at.is_null()).count(), 'posts': int(posts) - scheduled,
            'views': int(views)}


def count_texts_of(user: User, at: datetime) -> dict[str, int]:
    """Return how many posts of each kind a user has: what deleting the account means for them. `shared`: those that
    have co-authors; `co_written`: those of other first authors."""
    posts = Post.select(Post.id).where(Post.author == user)
    pages = posts.where(Post.is_page)
    author = fn.COALESCE(Post.author, 0)  # no index answers it: there are fewer co-authors than posts of one author
    shared = CoAuthor.select(CoAuthor.post).join(Post).where(author == user.id).distinct()
    scheduled = posts.where(Post.published_at > at, Post.deleted_at.is_null()).count()
    if user.may(Permission.MANAGE_PAGES):  # only owners have pages, and the condition makes the queries slower
        posts = posts.where(~Post.is_page)
    return {'published': AuthorTotals.of(user).posts - scheduled, 'scheduled': scheduled,
            'drafts': posts.where(Post.published_at.is_null(), Post.deleted_at.is_null()).count(),
            'trash': posts.where(Post.deleted_at.is_null(False)).count(),
            'shared': shared.count(), 'co_written': CoAuthor.select().where(CoAuthor.user == user).count(),
            'unsaved': Autosave.select().where(Autosave.user == user).count(),
            'pages': pages.count() if user.may(Permission.MANAGE_PAGES) else 0}


def count_views_of(user: User) -> int:
    """Return how often all posts were viewed of which this user is an author, without those in the trash."""
    first = AuthorTotals.select(AuthorTotals.views).where(AuthorTotals.user == user)
    shared = CoAuthor.select(fn.SUM(Post.views)).join(Post).where(CoAuthor.user == user, Post.deleted_at.is_null())
    (views,), = db.execute(Select([], [fn.COALESCE(first, 0) + fn.COALESCE(shared, 0)]).bind(db))
    return int(views)


def has_posts(user: User) -> bool:
    """Return whether a user is the first author of any post outside the trash."""
    return Post.select(Post.id).where(Post.author == user, Post.deleted_at.is_null()).exists()
