"""The look of the site: images that belong to the site, to members and to posts; cards; and posts that are featured."""

from peewee import CharField, CompositeKey, ForeignKeyField, IntegerField, TextField

from ..db import BaseModel, now
from ..jobs.fields import DateTimeField
from .media import MediaFile
from .posts import Post


class PlacedImage(BaseModel):
    """An image that has a place outside of a text. It is deleted by triggers with what it belongs to."""
    place = CharField()  # one of media.placing.PLACES, or NEXT and one of them
    owner_id = IntegerField()  # the id of the site, member or post
    digest = CharField()
    file: MediaFile  # joined by queries that need it
    alt = TextField(default='')  # the alternative text
    x = IntegerField(default=50)  # percent: the point that is always in view where the image is cropped
    y = IntegerField(default=50)

    class Meta:
        table_name = 'placed_image'
        primary_key = CompositeKey('place', 'owner_id')


class FeaturedPost(BaseModel):
    """A post that an owner has chosen for the front page."""
    post = ForeignKeyField(Post, primary_key=True, on_delete='CASCADE')
    post_id: int
    featured_at = DateTimeField(default=now)

    class Meta:
        table_name = 'featured_post'


class Card(BaseModel):
    """A drawn image that other sites show beside a link. Triggers delete it when it would look different."""
    kind = CharField()  # site, author, tag or post
    owner_id = IntegerField()
    digest = CharField()  # the name of its file; '' if it cannot be drawn

    class Meta:
        primary_key = CompositeKey('kind', 'owner_id')
