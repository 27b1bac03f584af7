"""Images that have a place outside of texts: the logo of the site, the portrait of a member, the cover of a post."""

import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import Any

from peewee import fn

from ..codes import Rejected
from ..db import among, rows
from ..models import MediaFile, PlacedImage, Post, Upload, User
from ..permissions import Permission

# What the place belongs to.
PLACES = {'logo': 'site', 'logo_dark': 'site', 'front': 'site', 'avatar': 'member', 'banner': 'member', 'cover': 'post'}
SITE = 1  # the id of the site
SITE_PLACES = {where: [SITE] for where, kind in PLACES.items() if kind == 'site'}
NEXT = 'next_'  # before the name of a place: where the image waits that is to replace the one there (replacing.py)
CENTRE = 50  # percent


@dataclass(frozen=True)
class Picture:
    """An image as templates show it. `x` and `y` are the point, in percent, that stays in view where it is cropped."""
    digest: str
    alt: str
    x: int
    y: int
    width: int
    height: int
    colour: str = ''
    is_dark: bool = False  # and has transparent parts, so that it needs a light ground on dark pages
    moving: Sequence[int] = ()
    widths: Mapping[str, Sequence[int]] = field(default_factory=dict)  # by ending; the last ending is for everybody

    @property
    def endings(self) -> tuple[str, ...]:
        """The formats, the smallest files first."""
        return tuple(self.widths)

    @property
    def is_transparent(self) -> bool:
        return not self.colour

    def srcset(self, ending: str, prefix: str = '') -> str:
        """Return the value of srcset for this format."""
        return ', '.join(f'{prefix}/media/{self.digest}/{width}.{ending} {width}w' for width in self.widths[ending])

    def path(self, wanted_width: int, ending: str = '') -> str:
        """Return the path of the smallest variant that is at least so wide, or of the widest one, in this format or in
        the one that every program can show."""
        return f'/media/{self.digest}/{self.nearest(wanted_width)}.{ending or self.endings[-1]}'

    def nearest(self, wanted_width: int) -> int:
        """Return the width of that variant."""
        widths = self.widths[self.endings[-1]]
        return next((width for width in widths if width >= wanted_width), widths[-1])


def place(where: str, owner_id: int, upload: Upload, at: datetime, alt: str = '', x: int = CENTRE,
          y: int = CENTRE) -> None:
    """Put an uploaded image into a place. The one that is there stays among its owner's media. Raises Rejected for
    other files and for images that cannot be shown."""
    if upload.file.kind != 'image' or upload.file.state == 'failed':
        raise Rejected('image.not_an_image', field=where)
    write(where, owner_id, upload.file_id, at, alt, x, y)


def write(where: str, owner_id: int, digest: str, at: datetime, alt: str, x: int, y: int) -> None:
    """Put a file that is known to be an image into a place."""
    _touch(where, owner_id, at)
    PlacedImage.replace(place=where, owner_id=owner_id, digest=digest, alt=alt, x=x, y=y).execute()
    _touch(where, owner_id, at)


def move(where: str, owner_id: int, x: int, y: int, alt: str) -> None:
    """Change the point that stays in view, and the alternative text."""
    PlacedImage.update(x=x, y=y, alt=alt).where(_is_at(where, owner_id)).execute()


def remove(where: str, owner_id: int, at: datetime) -> None:
    """Leave a place empty. The file stays among its owner's media."""
    _touch(where, owner_id, at)
    PlacedImage.delete().where(_is_at(where, owner_id)).execute()


def find(where: str, owner_ids: Collection[int]) -> dict[int, Picture]:
    """Return the images in this place that can be shown, by what they belong to."""
    return find_each({where: owner_ids})[where]


def find_each(wanted: Mapping[str, Collection[int]]) -> dict[str, dict[int, Picture]]:
    """Return the same for several places at once."""
    found: dict[str, dict[int, Picture]] = {where: {} for where in wanted}
    at_one = [(PlacedImage.place == where) & PlacedImage.owner_id.in_(among(ids)) for where, ids in wanted.items()]
    for each in _ready().where(reduce(operator.or_, at_one)):
        found[each.place][each.owner_id] = _picture(each)
    return found


def find_of_site() -> dict[str, Picture]:
    """Return the images of the site that can be shown, by their place."""
    return of_site(find_each(SITE_PLACES))


def of_site(found: Mapping[str, Mapping[int, Picture]]) -> dict[str, Picture]:
    """Return those of the found images that belong to the site, by their place."""
    return {where: found[where][SITE] for where in SITE_PLACES if SITE in found[where]}


def find_row(where: str, owner_id: int) -> PlacedImage | None:
    """Return what is in a place, whether or not it can be shown yet."""
    return PlacedImage.get_or_none(_is_at(where, owner_id))


def describe(where: str, owner_ids: Collection[int]) -> dict[int, list[Any]]:
    """Return what is in a place, or waits for it, by what it belongs to: for comparing it with what it was before."""
    columns = (PlacedImage.place, PlacedImage.digest, PlacedImage.alt, PlacedImage.x, PlacedImage.y)
    query = PlacedImage.select(PlacedImage.owner_id, *columns).where(
        PlacedImage.place.in_([where, f'{NEXT}{where}']), PlacedImage.owner_id.in_(among(owner_ids)))
    found: dict[int, list[Any]] = {}
    for owner_id, *described in rows(query.order_by(PlacedImage.owner_id, PlacedImage.place)):
        found.setdefault(owner_id, []).append(described)
    return found


def is_placed(digest: Any) -> Any:
    """Return the query of the places that a file (a digest, or a column of one) is in. An image that has failed is
    shown nowhere, so it is in none."""
    return PlacedImage.select(PlacedImage.place).where(PlacedImage.digest == digest, _is_usable())


def is_placed_by(user: User, digest: str) -> bool:
    """Return whether a file is in a place that this member can change."""
    theirs = (PlacedImage.place.in_(_places_of('member')) & (PlacedImage.owner_id == user.id)
              | PlacedImage.place.in_(_places_of('post'))
              & PlacedImage.owner_id.in_(Post.select(Post.id).where(Post.may_see(user))))
    if user.may(Permission.MANAGE_SITE):
        theirs |= PlacedImage.place.in_(_places_of('site'))
    return PlacedImage.select().where(PlacedImage.digest == digest, _is_usable(), theirs).exists()


def find_places(digests: Collection[str], user: User) -> dict[str, list[tuple[str, Post | None]]]:
    """Return the places of each of these files that this member can change, with the post if it is the cover of one."""
    placed = PlacedImage.select(PlacedImage.digest, PlacedImage.place, PlacedImage.owner_id).where(
        PlacedImage.digest.in_(among(digests)), _is_usable()).order_by(PlacedImage.place, PlacedImage.owner_id)
    found = [(digest, place.removeprefix(NEXT), owner_id) for digest, place, owner_id in rows(placed)]
    ids = [owner_id for _, place, owner_id in found if PLACES[place] == 'post']
    is_seen = Post.may_see(user).alias('is_seen')  # a condition on the author would lead to all their posts
    covered: Any = Post.select(Post.id, Post.title, Post.deleted_at, is_seen).where(Post.id.in_(among(ids)))
    posts = {post.id: post for post in covered if post.is_seen}
    owners = {'post': posts.keys(), 'member': {user.id}, 'site': {SITE} if user.may(Permission.MANAGE_SITE) else set()}
    places: dict[str, list[tuple[str, Post | None]]] = {}
    for digest, place, owner_id in found:
        if owner_id in owners[PLACES[place]]:
            places.setdefault(digest, []).append((place, posts[owner_id] if PLACES[place] == 'post' else None))
    return places


def _touch(where: str, owner_id: int, at: datetime) -> None:
    """Record that the file in a place begins or ceases to be used: the clean-up keeps it for a while from then on."""
    placed = PlacedImage.select(PlacedImage.digest).where(_is_at(where, owner_id))
    Upload.update(touched_at=at).where(Upload.file.in_(placed)).execute()


def _ready() -> Any:
    return (PlacedImage.select(PlacedImage, MediaFile)
            .join(MediaFile, on=(MediaFile.digest == PlacedImage.digest), attr='file')
            .where(MediaFile.state == 'ready'))


def _is_usable() -> Any:
    return fn.EXISTS(MediaFile.select(MediaFile.digest).where(
        MediaFile.digest == PlacedImage.digest, MediaFile.state != 'failed'))


def _picture(row: PlacedImage) -> Picture:
    return Picture(row.digest, row.alt, row.x, row.y, **row.file.made)


def _places_of(kind: str) -> list[str]:
    names = [name for name, each in PLACES.items() if each == kind]
    return names + [f'{NEXT}{name}' for name in names]


def _is_at(where: str, owner_id: int) -> Any:
    return (PlacedImage.place == where) & (PlacedImage.owner_id == owner_id)
