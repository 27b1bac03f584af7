"""Views and visitors: totals for charts, and what counting each view once needs."""

from peewee import BlobField, BooleanField, CharField, CompositeKey, ForeignKeyField, IntegerField

from ..db import BaseModel
from ..jobs.fields import DateField
from .members import User
from .posts import Post


class DailyViews(BaseModel):
    """Views of a post by day, for charts; its total is `Post.views`."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    day = DateField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('post', 'day')


class DailyVisitorCount(BaseModel):
    """Different visitors by day of a post (`scope`: its id), of an author (their id times -1) or of the site (0)."""
    scope = IntegerField()
    day = DateField()
    visitors = IntegerField()

    class Meta:
        primary_key = CompositeKey('scope', 'day')


class DailyReferrers(BaseModel):
    """Views of a post by day and the host that its readers came from."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    day = DateField()
    host = CharField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('post', 'day', 'host')


class DailyTotals(BaseModel):
    """Views by day of an author or the site (`scope` as in DailyVisitors), deleted posts included. Triggers add."""
    scope = IntegerField()
    day = DateField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('scope', 'day')


class DailyHosts(BaseModel):
    """Views of a day by referring host."""
    scope = IntegerField()
    day = DateField()
    host = CharField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('scope', 'day', 'host')


class RecentViews(BaseModel):
    """Views of a post in the last 7, 30 and 90 days up to `RecentDay.today`."""
    author = ForeignKeyField(User, on_delete='CASCADE')
    post = ForeignKeyField(Post, on_delete='CASCADE')
    days_7 = IntegerField()
    days_30 = IntegerField()
    days_90 = IntegerField()

    class Meta:
        primary_key = CompositeKey('author', 'post')


class RecentDay(BaseModel):
    """The one row with the day up to which RecentViews counts."""
    today = DateField()


class KnownHost(BaseModel):
    """A host that an author's readers ever came from, and how often. Triggers keep it."""
    author = ForeignKeyField(User, on_delete='CASCADE')
    host = CharField()
    views = IntegerField()
    is_told = BooleanField()  # a report has mentioned it

    class Meta:
        primary_key = CompositeKey('author', 'host')


class DailyVisitor(BaseModel):
    """A visitor of a day, under a name made with the day's key. Forgotten after two days, like the key."""
    day = DateField()
    scope = IntegerField()  # as in DailyVisitors
    visitor = CharField()

    class Meta:
        primary_key = CompositeKey('day', 'scope', 'visitor')


class ClientViews(BaseModel):
    """Views of a post counted for one network on a day, under its name of that day. Forgotten like the key."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    day = DateField()
    network = CharField()
    views = IntegerField()

    class Meta:
        primary_key = CompositeKey('post', 'day', 'network')


class DailySalt(BaseModel):
    """The random key of a day, from which visitors get their names."""
    day = DateField(primary_key=True)
    key = BlobField()


class SpoolOffset(BaseModel):
    """How far a spool file of recorded views has been counted, in bytes."""
    file = CharField(primary_key=True)
    bytes = IntegerField()
