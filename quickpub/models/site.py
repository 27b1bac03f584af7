"""The site itself: what an owner sets in the browser, and the version of what readers see."""

from typing import Any

from peewee import CharField, IntegerField, TextField

from ..db import BaseModel
from ..settings import current
from ..translations import languages


class Site(BaseModel):
    """The one row of things an owner sets in the browser."""
    title = CharField(default='Quickpub')
    tagline = CharField(default='')
    hue = IntegerField(default=215)  # degrees on the colour wheel: the site's one accent
    fonts = CharField(default='book')  # the name of a pair in look/fonts.py
    layout = CharField(default='magazine')  # of the front page: one of look.layouts.LAYOUTS
    footer = TextField(default='')  # Markdown, on every page
    css = TextField(default='')  # the owner's own, after ours
    pinned_id = IntegerField(null=True)  # the post that is first on the home page
    language = CharField(default=lambda: current().language)  # BCP 47, such as 'de'
    new_role = CharField(default='author')  # of new members: one of permissions.FOR_NEW_MEMBERS

    @classmethod
    def this(cls) -> 'Site':
        return cls.get_or_none() or cls()

    @property
    def written(self) -> str | None:
        """The language of the site, if a text can be written in it."""
        return self.language if self.language in languages.WRITTEN else None

    @classmethod
    def change(cls, **fields: Any) -> None:
        """Set these columns of the one row, which may not be there yet."""
        cls.insert(id=1, **fields).on_conflict(conflict_target=[cls.id], update=fields).execute()


class SiteSetting(BaseModel):
    """A setting that an owner has changed in the browser. `site_settings` reads and writes these rows."""
    name = CharField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = 'site_setting'


class Content(BaseModel):
    """The one row whose version grows, through triggers, with every change of what readers see."""
    version = IntegerField()
    feed_id = CharField()  # of the feed of all posts; here, because this row is always there
