"""What is stored: the tables, what they guarantee, and who may see what. (The queue's own table is in jobs.py.)

Times are UTC without a zone. The tables themselves are made in migrations/, never from these classes.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from secrets import token_urlsafe
from typing import Any, ClassVar
from uuid import uuid4

from peewee import (
    SQL,
    BlobField,
    BooleanField,
    CharField,
    CompositeKey,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    TextField,
    fn,
)

from . import text
from .db import BaseModel, db, now
from .markup import excerpts, folding
from .settings import current
from .signing import number_in, sign, unsign

log = logging.getLogger('quickpub.models')

LOOKED_AT = 1000  # tags, the newest, that are offered as far as somebody may know them
MARKUP = re.compile(r'[\\\[\]`*_$<&]')  # what would mean something in Markdown


@db.func('fold', 1, deterministic=True)
def _fold(text: str) -> str:
    return folding.fold(text)


def new_feed_id() -> str:
    """Return an id for a feed or an entry that stays whatever its web address becomes (RFC 4287, 4.2.6)."""
    return f'urn:uuid:{uuid4()}'


class JSONText(TextField):
    def db_value(self, value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False, separators=(',', ':'))

    def python_value(self, value: Any) -> Any:
        """Return the object that was stored; an empty one where it cannot be read, so that one row does not stop a
        batch."""
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        log.error('What is stored as JSON cannot be read: %.80r', value)
        return {}


class Searched(BaseModel):
    """Rows that search finds. Each column that it looks in has a folded copy, which is saved together with it. Triggers
    index the copies (migration 9)."""
    FOLDED: ClassVar[dict[str, Callable[[str], str]]] = {}  # column -> what makes `<column>_folded` of it

    @classmethod
    def insert(cls, __data: Any = None, **fields: Any) -> Any:
        return super().insert(cls._with_folded(__data, fields))

    @classmethod
    def insert_many(cls, rows: Iterable[dict[Any, Any]], fields: None = None) -> Any:
        return super().insert_many([cls._with_folded(each) for each in rows], fields)

    @classmethod
    def update(cls, __data: Any = None, **fields: Any) -> Any:
        return super().update(cls._with_folded(__data, fields))

    @classmethod
    def _with_folded(cls, data: Any, fields: dict[str, Any] | None = None) -> dict[Any, Any]:
        values = {key if isinstance(key, str) else key.name: value for key, value in (data or {}).items()}
        values |= fields or {}
        if any(not isinstance(values.get(name, ''), str) for name in cls.FOLDED):
            raise TypeError(f'Save {" and ".join(cls.FOLDED)} as text: only text can be folded for search.')
        return values | {f'{name}_folded': fold(values[name]) for name, fold in cls.FOLDED.items() if name in values}


class Site(BaseModel):
    """The one row of things an owner sets in the browser."""
    title = CharField(default='Quickpub')
    tagline = CharField(default='')
    hue = IntegerField(default=215)  # degrees on the colour wheel: the site's one accent
    pinned_id = IntegerField(null=True)  # the post that stands first on the home page
    language = CharField(default=lambda: current().language)  # BCP 47, such as 'de'

    @classmethod
    def this(cls) -> 'Site':
        return cls.get_or_none() or cls()

    @classmethod
    def change(cls, **fields: Any) -> None:
        """Set these columns of the one row, which may not be there yet."""
        cls.insert(id=1, **fields).on_conflict(conflict_target=[cls.id], update=fields).execute()


class User(Searched):
    name = CharField()  # what readers see; may repeat
    handle = CharField(unique=True)  # in /@handle
    email = CharField(unique=True, null=True, collation='NOCASE')  # None once the account is deleted
    password = CharField(null=True)  # argon2; None: cannot log in
    role = CharField(default='author')  # author or owner
    bio = TextField(default='')
    timezone = CharField()
    report = CharField()  # one of settings.FREQUENCIES
    report_day = IntegerField(default=6)  # the weekday that a week closes with, Monday is 0
    report_time = CharField(default='00:00')  # when a period closes, by the clock in their time zone
    reported_until = DateTimeField()  # the end of the last period that was closed for this author
    created_at = DateTimeField(default=now)
    verified_at = DateTimeField(null=True)
    deleted_at = DateTimeField(null=True)
    suspended_at = DateTimeField(null=True)  # since when they cannot log in; what they published stays
    mail_trouble = TextField(null=True)  # the mail server's own words when it refused this address for good
    pinned_id = IntegerField(null=True)  # the post that stands first on the author's page
    feed_id = CharField(unique=True, default=new_feed_id)  # of the feed of their posts
    asks_passkey = BooleanField(default=False)  # after the password, for a passkey too
    name_folded = TextField(default='')
    logged_in_at = DateTimeField(null=True)  # the last time; None: never
    language = CharField(null=True)  # of the studio and of emails to them; None: the site's

    FOLDED = {'name': folding.index}

    @property
    def is_owner(self) -> bool:
        return self.role == 'owner'

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def is_active(self) -> bool:
        """Whether this account may do anything. `active` is the same as a condition for queries."""
        return self.deleted_at is None and self.suspended_at is None

    @classmethod
    def active(cls) -> Any:
        """Return the condition that an account may do anything: it is neither deleted nor suspended."""
        return cls.deleted_at.is_null() & cls.suspended_at.is_null()

    @property
    def path(self) -> str:
        return f'/@{self.handle}'

    @classmethod
    def with_public_page(cls, at: datetime) -> Any:
        """Return everybody whom readers find under their handle: who has published something that is still there. The
        name of a member who has not is nobody else's business."""
        public = Post.select(Post.id).where(Post.author == cls.id, Post.public_at(at))
        return cls.select().where(fn.EXISTS(public))


class Device(BaseModel):
    """A browser that has logged in to this account before (known_devices.py)."""
    digest = CharField(primary_key=True)  # sha256 of the random token that only the browser has
    user = ForeignKeyField(User, on_delete='CASCADE')
    created_at = DateTimeField(default=now)
    used_at = DateTimeField(default=now)  # the last log-in


class Session(BaseModel):
    digest = CharField(primary_key=True)  # sha256 of the random token that only the browser has
    user = ForeignKeyField(User, backref='sessions', on_delete='CASCADE')
    agent = CharField(default='')  # the browser's own words about itself
    created_at = DateTimeField(default=now)  # the log-in; it lasts no longer than sessions.LONGEST from then on
    seen_at = DateTimeField(default=now)
    expires_at = DateTimeField()
    device = ForeignKeyField(Device, null=True, on_delete='SET NULL')
    device_id: str | None
    cookie = CharField(default='quickpub')  # the name of the cookie that holds the token
    is_stale = BooleanField(default=False)  # a trigger sets it: the token is exchanged with the next request
    confirmed_at = DateTimeField(null=True)  # when its member last proved again who they are


class Token(BaseModel):
    """Permission to do one thing once: the row behind a link in an email. Its text is the id and the nonce,
    signed: no later link is equal, even where ids begin again because an older copy of the database was put back."""
    purpose = CharField()  # setup, invite, verify, reset, address
    nonce = CharField(default=partial(token_urlsafe, 12))  # '' in links of 0.1.0 and before
    user = ForeignKeyField(User, null=True, backref='tokens', on_delete='CASCADE')
    user_id: int | None
    email = CharField(null=True)  # the address it was sent to, or is about
    created_at = DateTimeField(default=now)
    expires_at = DateTimeField()
    used_at = DateTimeField(null=True)
    ended_at = DateTimeField(null=True)  # dead since then though nobody used it: replaced, or not needed any more
    made_by = ForeignKeyField(User, null=True, on_delete='SET NULL')  # the owner who handed it over, if not by email
    made_by_id: int | None

    @property
    def text(self) -> str:
        return sign(self.purpose, self.id, self.nonce)


class Passkey(BaseModel):
    """A key pair of which a member's device has the private half."""
    user = ForeignKeyField(User, on_delete='CASCADE')
    user_id: int
    credential_id = BlobField(unique=True)
    credential = BlobField()  # with the public key, as the browser sent it
    counter = IntegerField(default=0)  # of signatures; stays 0 for passkeys that are on several devices
    name = CharField()
    created_at = DateTimeField(default=now)
    used_at = DateTimeField(null=True)


class Authenticator(BaseModel):
    """The app that shows a member a new code every 30 seconds."""
    user = ForeignKeyField(User, primary_key=True, on_delete='CASCADE')
    secret = TextField()  # encrypted
    last_step = IntegerField(default=0)  # of 30 seconds: the one whose code was used last
    created_at = DateTimeField(default=now)
    confirmed_at = DateTimeField(null=True)  # None: does not count yet


class RecoveryCode(BaseModel):
    """A code that replaces the app or the passkey once. A used one is deleted."""
    digest = CharField(primary_key=True)
    user = ForeignKeyField(User, on_delete='CASCADE')


class UsedChallenge(BaseModel):
    """A challenge that a passkey has answered: nobody can answer it again."""
    digest = CharField(primary_key=True)
    expires_at = DateTimeField()


class LoginStep(BaseModel):
    """A log-in whose password was right and whose second factor is still to be shown. It is no session."""
    digest = CharField(primary_key=True)  # sha256 of the random token that only the browser has
    user = ForeignKeyField(User, on_delete='CASCADE')
    onward = CharField()  # the path to go on to
    failures = IntegerField(default=0)
    token = ForeignKeyField(Token, null=True, on_delete='CASCADE')  # the link to a new password that waits with it
    token_id: int | None
    password = CharField(null=True)  # that new password, hashed
    created_at = DateTimeField(default=now)


class Series(BaseModel):
    """Posts of one author that belong together, in order."""
    author = ForeignKeyField(User, on_delete='CASCADE')
    name = CharField()

    class Meta:
        indexes = ((('author', 'name'), True),)


class Post(Searched):
    """A post, or a page such as "About". A post is public from a date on; a page as long as it has a place in the
    navigation, and so it is in no list that goes by dates."""
    author = ForeignKeyField(User, backref='posts')
    author_id: int
    title = CharField()  # as typed, or what the post is called where it has none: its first words
    slug = CharField(unique=True)
    summary = TextField(default='')  # as typed
    excerpt = TextField(default='')  # the summary, or the beginning of the text
    words = IntegerField(default=0)
    created_at = DateTimeField(default=now)
    updated_at = DateTimeField(default=now)
    published_at = DateTimeField(null=True)  # None: a draft; in the future: scheduled
    was_public = BooleanField(default=False)  # at any time: then its old addresses are kept alive
    deleted_at = DateTimeField(null=True)  # in the trash since
    views = IntegerField(default=0)  # all that were ever counted
    reported_views = IntegerField(default=0)  # the part of them that a periodic report has told its author
    version = IntegerField(default=1)  # grows with each save; who began to write with an older one would overwrite
    editor_id = IntegerField(null=True)  # the user who saved this version
    canonical = CharField(default='')  # where it was published first, if not here
    series = ForeignKeyField(Series, null=True, on_delete='SET NULL')
    series_id: int | None
    part = IntegerField(null=True)  # its place in the series
    shared_at = DateTimeField(null=True)  # since when there is a secret link to the draft, which this time signs
    is_page = BooleanField(default=False)
    place = IntegerField(null=True)  # of a page, in the navigation; None: a draft
    first_tab = CharField(null=True)  # the editor's window in which it was made: saved twice there, it is still one
    is_titled = BooleanField(default=True)  # the title was typed
    rendered_by = IntegerField(default=0)  # markdown.VERSION when html, excerpt and words were made
    body = TextField(default='')  # Markdown, as typed
    html = TextField(default='')  # safe HTML, rendered when saved
    feed_id = CharField(unique=True, default=new_feed_id)  # of its entry in feeds; never changes
    title_folded = TextField(default='')
    language = CharField(null=True)  # that it is written in; None: the site's
    summary_folded = TextField(default='')
    html_folded = TextField(default='')  # of its text

    FOLDED = {'title': folding.index, 'summary': folding.index,
              'html': lambda html: folding.index(excerpts.shown(html))}

    @property
    def path(self) -> str:
        return f'/{self.slug}' if self.is_page else self.path_of(self.slug)

    @staticmethod
    def path_of(slug: str) -> str:
        return f'/p/{slug}'

    @property
    def has_heading(self) -> bool:
        """Whether a list shows its title above its excerpt; without a title of its own, the excerpt says the same."""
        return self.is_titled or not self.excerpt

    @property
    def draft_token(self) -> str | None:
        """What opens the draft to whoever has the link; another one each time it is shared."""
        return sign(f'draft {self.shared_at}', self.id) if self.shared_at else None

    def is_public(self, at: datetime) -> bool:
        if self.is_page:
            return self.deleted_at is None and self.place is not None
        return self.deleted_at is None and self.published_at is not None and self.published_at <= at

    def is_scheduled(self, at: datetime) -> bool:
        return self.published_at is not None and self.published_at > at

    @classmethod
    def pages(cls):
        """The public pages, in the order of the navigation."""
        return cls.select(cls.id, cls.slug, cls.title, cls.is_page).where(
            cls.place.is_null(False), cls.deleted_at.is_null()).order_by(cls.place, cls.id)

    @classmethod
    def shared(cls, token: str) -> 'Post | None':
        """The post that a secret link opens; None for a link that is wrong, was taken back, or is of an author who is
        suspended or has no confirmed address."""
        found = cls.select(cls, User).join(User).where(
            cls.id == number_in(token), cls.shared_at.is_null(False), User.verified_at.is_null(False),
            User.suspended_at.is_null()).get_or_none()
        return found if found and unsign(f'draft {found.shared_at}', token) else None

    @classmethod
    def public_at(cls, at: datetime):
        """What makes a post public: a condition, so that a scheduled one goes live whether or not anything runs.

        LIKELY, because nearly every date lies in the past: where a list goes on after a post (`page_of`), SQLite
        then enters the index there, and not at the newest post.
        """
        return fn.LIKELY(cls.published_at <= at) & cls.deleted_at.is_null()

    @classmethod
    def listed(cls, at: datetime):
        """The same as `published`, without the text: for lists."""
        return cls.published(at, cls.id, cls.author, cls.title, cls.is_titled, cls.slug, cls.excerpt, cls.words,
                             cls.language, cls.published_at, cls.updated_at)

    @classmethod
    def published(cls, at: datetime, *columns):
        """Everybody's view: public at this moment, newest first, with the author."""
        return (cls.select(*(columns or [cls]), User).join(User)
                .where(cls.public_at(at))
                .order_by(cls.published_at.desc(), cls.id.desc()))

    @classmethod
    def tagged(cls, tag: 'Tag', at: datetime):
        """What is listed under this tag, newest first: in the order of (PostTag.published_at, PostTag.post)."""
        return (cls.listed(at).switch(cls).join(PostTag)
                .where(PostTag.tag == tag, fn.LIKELY(PostTag.published_at <= at))
                .order_by(PostTag.published_at.desc(), PostTag.post.desc()))

    @classmethod
    def seen_by_all(cls, at: datetime) -> Any:
        """Return the condition that readers see it at this moment: a post by its date, a page by its place."""
        return cls.deleted_at.is_null() & ((cls.published_at <= at) | cls.place.is_null(False))

    @classmethod
    def editable_by(cls, user: User):
        """What this user may change, the trash included: an author their own posts, the owner every post."""
        return cls.select(cls, User).join(User).where(cls.may_edit(user)).order_by(cls.updated_at.desc(), cls.id.desc())

    @classmethod
    def may_edit(cls, user: User) -> Any:
        """Return the condition that this user may change it."""
        return SQL('TRUE') if user.is_owner else cls.author == user


class Shelf(BaseModel):
    """How much an author has. Triggers keep it (migration 4), for counting takes longer the more there is to count."""
    user = ForeignKeyField(User, primary_key=True, on_delete='CASCADE')
    posts = IntegerField(default=0)  # with a date and not in the trash: public now or later
    views = IntegerField(default=0)  # of all that are not in the trash

    @classmethod
    def of(cls, user: User) -> 'Shelf':
        return cls.get_or_none(cls.user == user) or cls(user=user)


class Revision(BaseModel):
    """What a post was before it was saved once more."""
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


class Unsaved(BaseModel):
    """What stands in an editor and is not saved: the window it stands in, and its form as typed."""
    user = ForeignKeyField(User, on_delete='CASCADE')
    tab = CharField()
    post = ForeignKeyField(Post, null=True, on_delete='CASCADE')  # None: a new one
    post_id: int | None
    typed_at = DateTimeField()
    beginning = CharField()  # to know it by in a list
    size = IntegerField()  # characters of all fields
    fields = JSONText()

    class Meta:
        primary_key = CompositeKey('user', 'tab')


class OldSlug(BaseModel):
    """An address that a post once had, kept alive as a redirect."""
    slug = CharField(primary_key=True)
    post = ForeignKeyField(Post, on_delete='CASCADE')


class OldHandle(BaseModel):
    """A handle that an author once had, kept as a redirect and for nobody else. Triggers keep the last ten of each
    (migration 12)."""
    handle = CharField(unique=True)
    user = ForeignKeyField(User, on_delete='CASCADE')


class Tag(Searched):
    """Tags are one when they differ in case and spaces alone."""
    name = CharField()  # as it was typed first
    key = CharField(unique=True)  # the name, as `text.caseless` makes it
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
        """Return all tags of public posts. What only a draft, a scheduled post or one in the trash is filed under is
        nobody else's business."""
        dated = PostTag.select(PostTag.post).where(PostTag.tag == cls.id, PostTag.published_at <= at)
        return cls.select().where(fn.EXISTS(dated))

    @classmethod
    def known_to(cls, user: User) -> Any:
        """Return the tags of posts that this user may change, whoever else may see those."""
        known = PostTag.select(PostTag.post).join(Post).where(PostTag.tag == cls.id, Post.may_edit(user))
        return cls.select().where(fn.EXISTS(known))

    @classmethod
    def offered_to(cls, user: User, at: datetime) -> Any:
        """Return the tags of public posts and of this user's own, the newest first."""
        dated = PostTag.select(PostTag.post).where(PostTag.tag == cls.id, PostTag.published_at <= at)
        own = PostTag.select(PostTag.post).join(Post).where(PostTag.tag == cls.id, Post.author == user)
        newest = cls.select(cls.id).order_by(cls.id.desc()).limit(LOOKED_AT)
        return cls.select().where(cls.id.in_(newest), fn.EXISTS(dated) | fn.EXISTS(own)).order_by(cls.id.desc())


class OldTag(BaseModel):
    """A slug that a tag once had, kept as a redirect."""
    slug = CharField(primary_key=True)
    tag = ForeignKeyField(Tag, on_delete='CASCADE')


class PostTag(BaseModel):
    post = ForeignKeyField(Post, on_delete='CASCADE', backref='post_tags')
    post_id: int
    tag = ForeignKeyField(Tag, on_delete='CASCADE')
    position = IntegerField()
    spelling = CharField(null=True)  # as the post's author typed it; None where that is the tag's name
    published_at = DateTimeField(null=True)  # the post's; None while it is in the trash. Triggers keep it (migration 4)

    class Meta:
        primary_key = CompositeKey('post', 'tag')


class MediaFile(BaseModel):
    """The same bytes, kept once. Its files are in the folder of its digest (media.py)."""
    digest = CharField(primary_key=True)
    kind = CharField()  # image, audio, video, document
    ending = CharField()  # of its name, by what it is
    state = CharField(default='waiting')  # waiting, working, ready, failed: for pictures; other files are ready
    progress = IntegerField(default=0)  # percent
    attempts = IntegerField(default=0)  # that were ended from outside
    error = TextField(default='')  # a sentence
    is_news = BooleanField(default=False)  # the posts that have it do not say yet that it failed
    made = JSONText(default=dict)  # of a picture: what there is of it, as imaging.py says; empty before
    created_at = DateTimeField(default=now)


class Upload(BaseModel):
    """A file in an author's hands."""
    user = ForeignKeyField(User, backref='uploads', on_delete='CASCADE')
    user_id: int
    file = ForeignKeyField(MediaFile)
    file_id: str
    name = CharField()
    bytes = IntegerField()
    alt = TextField(default='')  # what is in the picture, for those who do not see it
    created_at = DateTimeField(default=now)
    touched_at = DateTimeField(default=now)  # when it was sent last, or a post began or ceased to use it

    @property
    def path(self) -> str:
        return f'/media/{self.file_id}/{self.name}'

    @property
    def markdown(self) -> str:
        """What to write in a post to have it there."""
        mark = '' if self.file.kind == 'document' else '!'
        words = self.alt if self.file.kind == 'image' else self.alt or self.name
        escaped = MARKUP.sub(r'\\\g<0>', words)
        return f'{mark}[{escaped}]({self.path})'


class PostFile(BaseModel):
    """A file that a post's text mentions, whether or not there is one."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    post_id: int
    digest = CharField()

    class Meta:
        primary_key = CompositeKey('post', 'digest')


class DailyViews(BaseModel):
    """For charts; the truth about how often a post was read is `Post.views`."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    day = DateField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('post', 'day')


class DailyVisitors(BaseModel):
    """How many different people came on a day: to a post (`scope`: its id), to any post of an author (the author's id
    times -1), to the site (0)."""
    scope = IntegerField()
    day = DateField()
    visitors = IntegerField()

    class Meta:
        primary_key = CompositeKey('scope', 'day')


class DailyReferrers(BaseModel):
    """From which hosts readers of a post came."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    day = DateField()
    host = CharField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('post', 'day', 'host')


class DailyTotals(BaseModel):
    """The views of all posts of an author (`scope`: their id times -1), and of the site (0). Triggers add what comes
    to DailyViews (migration 8); a post that is deleted was read all the same."""
    scope = IntegerField()
    day = DateField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('scope', 'day')


class DailyHosts(BaseModel):
    """The same for DailyReferrers."""
    scope = IntegerField()
    day = DateField()
    host = CharField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('scope', 'day', 'host')


class RecentViews(BaseModel):
    """The sums of the last days of DailyViews up to `RecentDay.today`, for each post that was viewed in them."""
    author = ForeignKeyField(User, on_delete='CASCADE')
    post = ForeignKeyField(Post, on_delete='CASCADE')
    days_7 = IntegerField()
    days_30 = IntegerField()
    days_90 = IntegerField()

    class Meta:
        primary_key = CompositeKey('author', 'post')


class RecentDay(BaseModel):
    today = DateField()


class KnownHost(BaseModel):
    """Where readers of an author ever came from, and how often. Triggers keep it, too."""
    author = ForeignKeyField(User, on_delete='CASCADE')
    host = CharField()
    views = IntegerField()
    is_told = BooleanField()  # a report has named it

    class Meta:
        primary_key = CompositeKey('author', 'host')


class Seen(BaseModel):
    """Who was there on a day, under a name that the day's key makes. Forgotten after two days, like the key."""
    day = DateField()
    scope = IntegerField()  # as in DailyVisitors
    visitor = CharField()

    class Meta:
        primary_key = CompositeKey('day', 'scope', 'visitor')


class ClientViews(BaseModel):
    """How many views of a post were counted for one network on a day, under the network's name of that day. Forgotten
    after two days, like the key."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    day = DateField()
    network = CharField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('post', 'day', 'network')


class DayKey(BaseModel):
    day = DateField(primary_key=True)
    key = BlobField()


class Content(BaseModel):
    """The version of all that readers see: its one row grows with every change (triggers), about in seconds of time."""
    version = IntegerField()
    feed_id = CharField()  # of the feed of all posts; here, because this row is always there


class SpoolOffset(BaseModel):
    """How far a spool file of recorded views has been counted, in bytes."""
    file = CharField(primary_key=True)
    bytes = IntegerField()


class Message(BaseModel):
    """The mail ledger: one row per mail and recipient, written together with what caused it."""
    kind = CharField()  # verify, reset, report, ...: the name of its templates
    key = CharField(unique=True)  # the same cause never makes a second mail
    user = ForeignKeyField(User, null=True, on_delete='SET NULL')
    user_id: int | None
    token = ForeignKeyField(Token, null=True, on_delete='SET NULL')
    token_id: int | None
    recipient = CharField()
    subject = CharField()
    language = CharField(null=True)  # that it is written in; None: the site's
    payload = JSONText()  # all that the templates need besides the link
    message_id = CharField(unique=True)  # the Message-ID header: a copy is recognisable as one
    urgent = BooleanField(default=False)
    state = CharField(default='queued')  # queued, sending, sent, deferred, failed, held
    sender = CharField(null=True)  # who is sending it: process#number
    attempts = IntegerField(default=0)
    next_try = DateTimeField(default=now)
    answer = TextField(default='')  # the mail server's last words, or where the outbox keeps it
    created_at = DateTimeField(default=now)
    sent_at = DateTimeField(null=True)


class OutboxLeftover(BaseModel):
    """The Message-ID of an email whose row is deleted, as long as the outbox may still have it."""
    message_id = CharField(primary_key=True)


class Erasure(BaseModel):
    """How many deletions have to be erased from the disk (erasure.py), and how many of them are. Triggers count."""
    kind = CharField(primary_key=True)  # words: posts and their versions, which search finds; rows: all else
    wanted = IntegerField()
    done = IntegerField()


class TextSize(BaseModel):
    """How many bytes a post and its older versions have, for the limit of their author. Triggers keep it."""
    author = ForeignKeyField(User, on_delete='CASCADE')
    post = ForeignKeyField(Post, on_delete='CASCADE', unique=True)
    text = IntegerField()
    versions = IntegerField()

    class Meta:
        primary_key = CompositeKey('author', 'post')


class Report(BaseModel):
    """A closed period of one author. The unique index is what makes a report happen once."""
    user = ForeignKeyField(User, on_delete='CASCADE')
    period_start = DateTimeField()
    period_end = DateTimeField()
    views = IntegerField()
    message = ForeignKeyField(Message, null=True, on_delete='SET NULL')
    message_id: int | None

    class Meta:
        indexes = ((('user', 'period_end'), True),)


class Told(BaseModel):
    """What the last report of its author told about a post: its views in that period. The next one compares."""
    post = ForeignKeyField(Post, primary_key=True, on_delete='CASCADE')
    views = IntegerField()


class Export(BaseModel):
    """A file that is made in the background for one person, and kept for a week."""
    user = ForeignKeyField(User, on_delete='CASCADE')
    user_id: int
    kind = CharField()  # numbers: of their own posts; site: of everybody's
    state = CharField(default='waiting')  # waiting (or being made), ready, failed
    progress = IntegerField(default=0)  # percent
    file = CharField()  # its name in the folder exports/: nobody can guess it
    error = TextField(default='')
    bytes = IntegerField(default=0)  # of the file, that are on the disk for good
    last_post = IntegerField(default=0)  # up to which post they go
    created_at = DateTimeField(default=now)


class SetAside(BaseModel):
    """One item that a batch could not handle (aside.py)."""
    kind = CharField()
    key = CharField()
    reason = TextField()
    at = DateTimeField()  # when it was tried last

    class Meta:
        primary_key = CompositeKey('kind', 'key')


class Finding(BaseModel):
    """The problem that the last look at one thing has found; '' where all was well."""
    name = CharField(primary_key=True)
    problem = TextField()
    at = DateTimeField()


class AuditEntry(BaseModel):
    """What somebody did that matters for the site's security (audit.py)."""
    at = DateTimeField()
    until = DateTimeField()  # when it happened last, where one entry stands for several
    times = IntegerField(default=1)
    code = CharField()  # one of audit.KINDS
    actor_kind = CharField()  # member, command, or '' where nobody was logged in
    actor = ForeignKeyField(User, null=True, on_delete='SET NULL')
    actor_id: int | None
    actor_name = CharField(default='')  # as it was then; '' once the member has left
    subject_kind = CharField(default='')  # member, post, mail, export
    subject_id = IntegerField(null=True)
    subject_label = CharField(default='')
    network = CharField(default='')  # that the request came from
    details = JSONText(default=dict)


TABLES = [Site, User, Device, Session, Token, Passkey, Authenticator, RecoveryCode, UsedChallenge, LoginStep,
          Series, Post, Shelf, Revision, Unsaved, OldSlug, OldHandle, Tag, OldTag, PostTag, MediaFile, Upload, PostFile,
          DailyViews, DailyVisitors, DailyReferrers, DailyTotals, DailyHosts, RecentViews, RecentDay, KnownHost, Seen,
          ClientViews, DayKey, Content, SpoolOffset, Message, Report, Told, Export, SetAside, Finding, AuditEntry,
          OutboxLeftover, Erasure, TextSize]
