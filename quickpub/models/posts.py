"""Posts and pages: their tags, series and versions, and who may see them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from peewee import (
    SQL,
    BooleanField,
    CharField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    TextField,
    fn,
)

from .. import text
from ..db import BaseModel, among, now, rows
from ..jobs.fields import DateTimeField
from ..markup import excerpts, folding
from ..permissions import Permission
from ..signing import number_in, sign, unsign
from .base import JSONText, Searched, new_feed_id
from .members import User

OFFERED = 1000  # tags, the newest


class Series(BaseModel):
    """Posts of one author that belong together, in order."""
    author = ForeignKeyField(User, on_delete='CASCADE')
    name = CharField()

    class Meta:
        indexes = ((('author', 'name'), True),)


class Post(Searched):
    """A post, or a page such as "About". A post is published from a date on; a page while it is in the navigation."""
    author = ForeignKeyField(User, backref='posts')
    author_id: int
    title = CharField()  # as typed, or the first words of the text
    slug = CharField(unique=True)
    summary = TextField(default='')  # as typed
    excerpt = TextField(default='')  # the summary, or the start of the text
    words = IntegerField(default=0)
    created_at = DateTimeField(default=now)
    updated_at = DateTimeField(default=now)
    published_at = DateTimeField(null=True)  # None: a draft; in the future: scheduled
    was_public = BooleanField(default=False)  # ever: then its old slugs redirect
    deleted_at = DateTimeField(null=True)  # in the trash since then
    views = IntegerField(default=0)  # in all
    reported_views = IntegerField(default=0)  # of them, those that closed reports have included
    version = IntegerField(default=1)  # grows with each save, to notice that two people edit the same one
    editor_id = IntegerField(null=True)  # the user who saved this version
    canonical = CharField(default='')  # the URL where it was published first, if not here
    language = CharField(null=True)  # that it is written in; None in drafts: the site's
    series = ForeignKeyField(Series, null=True, on_delete='SET NULL')
    series_id: int | None
    part = IntegerField(null=True)  # its place in the series
    shared_at = DateTimeField(null=True)  # since when a secret link opens the draft; part of its signature
    is_page = BooleanField(default=False)
    place = IntegerField(null=True)  # of a page, in the navigation; None: a draft
    first_tab = CharField(null=True)  # the editor window that created it: saving twice there makes one post
    is_titled = BooleanField(default=True)  # has a typed title
    rendered_by = IntegerField(default=0)  # markdown.VERSION when html, excerpt and words were made
    body = TextField(default='')  # Markdown, as typed
    html = TextField(default='')  # safe HTML, rendered when saved
    feed_id = CharField(unique=True, default=new_feed_id)  # of its entry in feeds; never changes
    title_folded = TextField(default='')
    summary_folded = TextField(default='')
    html_folded = TextField(default='')  # of its text
    co_authors: list[User]  # the authors after the first, in order; see `load_co_authors`

    FOLDED = {'title': folding.index, 'summary': folding.index,
              'html': lambda html: folding.index(excerpts.shown(html))}

    @property
    def path(self) -> str:
        return f'/{self.slug}' if self.is_page else self.path_of(self.slug)

    @staticmethod
    def path_of(slug: str) -> str:
        return f'/p/{slug}'

    @property
    def authors(self) -> list[User]:
        """Return the authors in the order of the by-line. `load_co_authors` must have been called for the post."""
        return [self.author, *self.co_authors]

    def has_author(self, user: User) -> bool:
        """Return whether this user is an author, the first one or a co-author: `is_by` is the same as a condition for
        queries."""
        return self.author_id == user.id or CoAuthor.select(CoAuthor.post).where(
            CoAuthor.post == self.id, CoAuthor.user == user).exists()

    @staticmethod
    def load_co_authors(posts: Iterable['Post | None']) -> None:
        """Read the co-authors of these posts, in one statement for all."""
        found = {post.id: post for post in posts if post}
        for post in found.values():
            post.co_authors = []
        shared = rows(CoAuthor.select(CoAuthor.post, CoAuthor.user).where(CoAuthor.post.in_(among(found))).order_by(
            CoAuthor.post, CoAuthor.position, CoAuthor.user))
        people = {user.id: user for user in User.select().where(User.id.in_(among({user_id for _, user_id in shared})))
                  } if shared else {}
        for post_id, user_id in shared:
            found[post_id].co_authors.append(people[user_id])

    @property
    def has_heading(self) -> bool:
        """Return whether a list shows its title above its excerpt: without a typed title, both are the same words."""
        return self.is_titled or not self.excerpt

    @property
    def draft_token(self) -> str | None:
        """The token in the link that shares the draft; another one each time it is shared, None if it is not."""
        return sign(f'draft {self.shared_at}', self.id) if self.shared_at else None

    def is_public(self, at: datetime) -> bool:
        if self.is_page:
            return self.deleted_at is None and self.place is not None
        return self.deleted_at is None and self.published_at is not None and self.published_at <= at

    def is_seen_by(self, user: User) -> bool:
        """Return whether this user sees it in the studio: `may_see` is the same as a condition for queries."""
        if not user.may(Permission.EDIT_ALL):
            return self.has_author(user)
        return not self.is_page or user.may(Permission.MANAGE_PAGES)

    def is_editable_by(self, user: User) -> bool:
        """Return whether this user may change it: `may_edit` is the same as a condition for queries."""
        if not self.is_seen_by(user) or user.may(Permission.PUBLISH):
            return self.is_seen_by(user)
        return self.published_at is None and self.place is None and not HiddenPost.select().where(
            HiddenPost.post == self.id).exists()

    def is_scheduled(self, at: datetime) -> bool:
        return self.published_at is not None and self.published_at > at

    @classmethod
    def pages(cls):
        """Return the published pages, in the order of the navigation."""
        return cls.select(cls.id, cls.slug, cls.title, cls.is_page).where(
            cls.place.is_null(False), cls.deleted_at.is_null()).order_by(cls.place, cls.id)

    @classmethod
    def shared(cls, token: str) -> 'Post | None':
        """Return the post that a shared link opens. None if the link is wrong or withdrawn, or if its author is
        suspended or has no confirmed email address."""
        found = cls.select(cls, User).join(User).where(
            cls.id == number_in(token), cls.shared_at.is_null(False), User.verified_at.is_null(False),
            User.suspended_at.is_null()).get_or_none()
        return found if found and unsign(f'draft {found.shared_at}', token) else None

    @classmethod
    def public_at(cls, at: datetime):
        """Return the condition that a post is published. It compares dates, so a scheduled post is published on time
        even if nothing runs.

        LIKELY, because nearly every date is past: on the further pages of a list, SQLite then enters the index there,
        not at the newest post.
        """
        return fn.LIKELY(cls.published_at <= at) & cls.deleted_at.is_null()

    @classmethod
    def listed(cls, at: datetime):
        """Return the same as `published`, without the text: for lists."""
        return cls.published(at, cls.id, cls.author, cls.title, cls.is_titled, cls.slug, cls.excerpt, cls.words,
                             cls.language, cls.published_at, cls.updated_at)

    @classmethod
    def published(cls, at: datetime, *columns):
        """Return the posts that everybody may read at this time, newest first, with their authors."""
        return (cls.select(*(columns or [cls]), User).join(User)
                .where(cls.public_at(at))
                .order_by(cls.published_at.desc(), cls.id.desc()))

    @classmethod
    def tagged(cls, tag: 'Tag', at: datetime):
        """Return what is listed under this tag, newest first: in the order of (PostTag.published_at, PostTag.post)."""
        return (cls.listed(at).switch(cls).join(PostTag)
                .where(PostTag.tag == tag, fn.LIKELY(PostTag.published_at <= at))
                .order_by(PostTag.published_at.desc(), PostTag.post.desc()))

    @classmethod
    def seen_by_all(cls, at: datetime) -> Any:
        """Return the condition that readers see a post (by its date) or a page (by its place) at this time."""
        return cls.deleted_at.is_null() & ((cls.published_at <= at) | cls.place.is_null(False))

    @classmethod
    def editable_by(cls, user: User):
        """Return the posts that this user may change, those in the trash included."""
        return cls.select(cls, User).join(User).where(cls.may_edit(user)).order_by(cls.updated_at.desc(), cls.id.desc())

    @classmethod
    def public_authors(cls, at: datetime) -> Any:
        """Return the members who have published something: readers find them under their handle."""
        public = cls.select(cls.id).where(cls.author == User.id, cls.public_at(at))
        shared = cls.select(cls.id).join(CoAuthor).where(CoAuthor.user == User.id, cls.public_at(at))
        return User.select().where(fn.EXISTS(public) | fn.EXISTS(shared))

    @classmethod
    def seen_by(cls, user: User):
        """Return the posts that this user sees in the studio, those in the trash included, as `editable_by` does."""
        return cls.select(cls, User).join(User).where(cls.may_see(user)).order_by(cls.updated_at.desc(), cls.id.desc())

    @classmethod
    def may_edit(cls, user: User) -> Any:
        """Return the condition that this user may change a post: those that they see, but without the permission to
        publish no published, scheduled or hidden ones."""
        if user.may(Permission.PUBLISH):
            return cls.may_see(user)
        hidden = HiddenPost.select(HiddenPost.post).where(HiddenPost.post == cls.id)
        return cls.may_see(user) & cls.published_at.is_null() & cls.place.is_null() & ~fn.EXISTS(hidden)

    @classmethod
    def may_see(cls, user: User) -> Any:
        """Return the condition that this user sees a post in the studio: their own ones, and those of others by
        permission."""
        if not user.may(Permission.EDIT_ALL):
            return cls.is_by(user)
        return SQL('TRUE') if user.may(Permission.MANAGE_PAGES) else ~cls.is_page

    @classmethod
    def is_by(cls, user: User) -> Any:
        """Return the condition that this user is an author of a post, the first one or a co-author. For those who are
        no co-author of anything it is one comparison, which the indexes of lists answer."""
        shared = CoAuthor.select(CoAuthor.post).where(CoAuthor.user == user)
        return (cls.author == user) | cls.id.in_(shared) if shared.exists() else cls.author == user

    @classmethod
    def authors_of(cls, ids: Iterable[int]) -> dict[int, list[int]]:
        """Return the ids of all authors of these posts, the first one first, for those that exist."""
        found = {post_id: [author_id] for post_id, author_id in rows(
            cls.select(cls.id, cls.author).where(cls.id.in_(among(ids))))}
        for post_id, user_id in rows(CoAuthor.select(CoAuthor.post, CoAuthor.user).where(
                CoAuthor.post.in_(among(found))).order_by(CoAuthor.position, CoAuthor.user)):
            found[post_id].append(user_id)
        return found


class CoAuthor(BaseModel):
    """An author of a post after the first one, `Post.author`. Triggers delete the row of a first author."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    post_id: int
    user = ForeignKeyField(User, on_delete='CASCADE')
    user_id: int
    position = IntegerField()  # in the by-line
    reported_views = IntegerField()  # as `Post.reported_views`, for this author
    last_views = IntegerField(null=True)  # as `ReportedViews.views`, for this author

    class Meta:
        primary_key = CompositeKey('post', 'user')


class HiddenPost(BaseModel):
    """A post that is a draft only while its author is suspended, and the date that it gets back then. Triggers delete
    the row of a post that is published or gets another author, or whose author leaves."""
    post = ForeignKeyField(Post, primary_key=True, on_delete='CASCADE')
    published_at = DateTimeField()


class AuthorTotals(BaseModel):
    """The numbers of posts and views of an author. Triggers keep it: counting takes longer the more there is."""
    user = ForeignKeyField(User, primary_key=True, on_delete='CASCADE')
    posts = IntegerField(default=0)  # published or scheduled
    views = IntegerField(default=0)  # of all posts that are not in the trash

    @classmethod
    def of(cls, user: User) -> 'AuthorTotals':
        """Return the row of this author, or one with zeros."""
        return cls.get_or_none(cls.user == user) or cls(user=user)


class TextSize(BaseModel):
    """How many bytes a post and its older versions have, for the limit of their author. Triggers keep it."""
    author = ForeignKeyField(User, on_delete='CASCADE')
    post = ForeignKeyField(Post, on_delete='CASCADE', unique=True)
    text = IntegerField()
    versions = IntegerField()

    class Meta:
        primary_key = CompositeKey('author', 'post')


class Revision(BaseModel):
    """An older version of a post."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    version = IntegerField()
    saved_at = DateTimeField()
    editor = ForeignKeyField(User, null=True, on_delete='SET NULL')
    editor_id: int | None
    title = CharField()
    summary = TextField()
    tags = CharField()
    details = JSONText()  # the other fields of the form, as typed
    body = TextField()

    class Meta:
        primary_key = CompositeKey('post', 'version')


class Autosave(BaseModel):
    """An autosave: the form of an editor window, as typed and not saved."""
    user = ForeignKeyField(User, on_delete='CASCADE')
    tab = CharField()
    post = ForeignKeyField(Post, null=True, on_delete='CASCADE')  # None: a new post
    post_id: int | None
    typed_at = DateTimeField()
    beginning = CharField()  # the first words, for a list
    size = IntegerField()  # in characters, of all fields
    fields = JSONText()

    class Meta:
        primary_key = CompositeKey('user', 'tab')


class OldSlug(BaseModel):
    """A slug that a post once had, kept as a redirect."""
    slug = CharField(primary_key=True)
    post = ForeignKeyField(Post, on_delete='CASCADE')


class Tag(Searched):
    """A tag. Two that differ only in case and spaces are the same one."""
    name = CharField()  # as first typed
    key = CharField(unique=True)  # text.caseless of the name
    slug = CharField(unique=True)
    feed_id = CharField(unique=True, default=new_feed_id)
    name_folded = TextField(default='')

    FOLDED = {'name': folding.index}

    def save(self, *args: Any, **options: Any) -> Any:
        self.key = text.caseless(self.name)
        return super().save(*args, **options)

    @property
    def path(self) -> str:
        return f'/t/{self.slug}'

    @classmethod
    def public(cls, at: datetime) -> Any:
        """Return the tags that everybody may see: those of published posts."""
        dated = PostTag.select(PostTag.post).where(PostTag.tag == cls.id, PostTag.published_at <= at)
        return cls.select().where(fn.EXISTS(dated))

    @classmethod
    def known_to(cls, user: User) -> Any:
        """Return the tags of posts that this user sees in the studio."""
        known = PostTag.select(PostTag.post).join(Post).where(PostTag.tag == cls.id, Post.may_see(user))
        return cls.select().where(fn.EXISTS(known))

    @classmethod
    def offered_to(cls, user: User, at: datetime) -> Any:
        """Return the tags of published posts and of this user's own, newest first, out of the newest OFFERED tags."""
        dated = PostTag.select(PostTag.post).where(PostTag.tag == cls.id, PostTag.published_at <= at)
        own = PostTag.select(PostTag.post).join(Post).where(PostTag.tag == cls.id, Post.author == user)
        newest = cls.select(cls.id).order_by(cls.id.desc()).limit(OFFERED)
        return cls.select().where(cls.id.in_(newest), fn.EXISTS(dated) | fn.EXISTS(own)).order_by(cls.id.desc())


class Review(BaseModel):
    """A post that waits for an editor, or that an editor has sent back or holds. Triggers keep a held post unpublished,
    and delete the row of a published one."""
    post = ForeignKeyField(Post, primary_key=True, on_delete='CASCADE')
    post_id: int
    asked_at = DateTimeField(null=True)  # waits for an editor since then
    is_held = BooleanField(default=False)  # its author can neither publish nor restore it
    editor = ForeignKeyField(User, null=True, on_delete='SET NULL')  # who answered last
    editor_id: int | None
    answered_at = DateTimeField(null=True)
    reason = TextField(default='')


class OldTag(BaseModel):
    """A slug that a tag once had, kept as a redirect."""
    slug = CharField(primary_key=True)
    tag = ForeignKeyField(Tag, on_delete='CASCADE')


class PostTag(BaseModel):
    """A tag of a post, at its place in the list."""
    post = ForeignKeyField(Post, on_delete='CASCADE', backref='post_tags')
    post_id: int
    tag = ForeignKeyField(Tag, on_delete='CASCADE')
    position = IntegerField()
    spelling = CharField(null=True)  # the author's, if not the tag's name
    published_at = DateTimeField(null=True)  # the post's, or None while it is in the trash; triggers keep it

    class Meta:
        primary_key = CompositeKey('post', 'tag')
