"""Media: uploaded files and the posts that use them."""

import re

from peewee import BooleanField, CharField, CompositeKey, ForeignKeyField, IntegerField, TextField

from ..db import BaseModel, now
from ..jobs.fields import DateTimeField
from .base import JSONText
from .members import User
from .posts import Post

MARKUP = re.compile(r'[\\\[\]`*_$<&]')  # what means something in Markdown


class MediaFile(BaseModel):
    """The content of a file, kept once however often it was uploaded. Its folder is named after its digest."""
    digest = CharField(primary_key=True)
    kind = CharField()  # image, audio, video, document
    ending = CharField()  # of its name: png, pdf
    state = CharField(default='waiting')  # waiting, working, ready, failed; only images have to wait
    progress = IntegerField(default=0)  # percent
    attempts = IntegerField(default=0)  # that were killed
    error = TextField(default='')  # a code as JSON (codes.py)
    is_news = BooleanField(default=False)  # failed, and the posts that show it do not say so yet
    made = JSONText(default=dict)  # the variants of an image, as drawing.py returns them
    created_at = DateTimeField(default=now)


class Upload(BaseModel):
    """A file that a member has uploaded."""
    user = ForeignKeyField(User, backref='uploads', on_delete='CASCADE')
    user_id: int
    file = ForeignKeyField(MediaFile)
    file_id: str
    name = CharField()
    bytes = IntegerField()
    alt = TextField(default='')  # the alternative text of an image
    created_at = DateTimeField(default=now)
    touched_at = DateTimeField(default=now)  # uploaded last, or a post began or ceased to use it

    @property
    def path(self) -> str:
        return f'/media/{self.file_id}/{self.name}'

    @property
    def markdown(self) -> str:
        """The Markdown that shows this file in a post."""
        mark = '' if self.file.kind == 'document' else '!'
        words = self.alt if self.file.kind == 'image' else self.alt or self.name
        escaped = MARKUP.sub(r'\\\g<0>', words)
        return f'{mark}[{escaped}]({self.path})'


class PostFile(BaseModel):
    """A file that a post's text mentions, whether or not it exists."""
    post = ForeignKeyField(Post, on_delete='CASCADE')
    post_id: int
    digest = CharField()

    class Meta:
        primary_key = CompositeKey('post', 'digest')
