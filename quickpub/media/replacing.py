"""Replacing the image in a place: the old one is shown until the new one is ready, and stays if the new one fails."""

from datetime import datetime
from typing import Any

from peewee import JOIN, fn

from ..db import db, rows
from ..models import MediaFile, PlacedImage, Upload
from . import placing

# Where the new image waits, and the place that it waits for.
WAITING = {f'{placing.NEXT}{where}': where for where in placing.PLACES}
Old = PlacedImage.alias()


def put(where: str, owner_id: int, upload: Upload, at: datetime, alt: str = '') -> None:
    """Put an uploaded image into a place, or let it wait for its variants while another image is shown there. Raises
    Rejected for other files and for images that cannot be shown."""
    with db.atomic():
        if upload.file.state != 'ready' and placing.find(where, [owner_id]):
            placing.place(_waiting_for(where), owner_id, upload, at, alt)
        else:
            placing.place(where, owner_id, upload, at, alt)
            placing.remove(_waiting_for(where), owner_id, at)
    settle(at)  # it may have become ready just now


def find_next(where: str, owner_id: int) -> PlacedImage | None:
    """Return the image that is to replace the one in a place, with its file."""
    return PlacedImage.select(PlacedImage, MediaFile).join(
        MediaFile, on=(MediaFile.digest == PlacedImage.digest), attr='file').where(
        PlacedImage.place == _waiting_for(where), PlacedImage.owner_id == owner_id).get_or_none()


def keep_old(where: str, owner_id: int, at: datetime) -> None:
    """Keep the image that is in a place, instead of the new one that waits or has failed."""
    placing.remove(_waiting_for(where), owner_id, at)


def remove(where: str, owner_id: int, at: datetime) -> None:
    """Leave a place empty."""
    with db.atomic():
        placing.remove(where, owner_id, at)
        placing.remove(_waiting_for(where), owner_id, at)


def settle(at: datetime) -> None:
    """Put each image that waits and is ready into its place. One whose place was emptied meanwhile, for example because
    the account was deleted, does not wait any more."""
    for each in list(_due()):
        where = WAITING[each.place]
        with db.atomic():
            placing.remove(each.place, each.owner_id, at)
            if placing.find_row(where, each.owner_id):
                placing.write(where, each.owner_id, each.digest, at, each.alt, each.x, each.y)


def find_failed(where: str, owner_id: int) -> set[str]:
    """Return the digests of the images that were chosen for this place and have failed."""
    query = PlacedImage.select(PlacedImage.digest).join(
        MediaFile, on=(MediaFile.digest == PlacedImage.digest)).where(
        PlacedImage.place.in_([where, _waiting_for(where)]), PlacedImage.owner_id == owner_id,
        MediaFile.state == 'failed')
    return {digest for (digest,) in rows(query)}


def _due() -> Any:
    """Return the query of the images that need not wait any longer."""
    old = Old.select(Old.owner_id).where(Old.place == fn.SUBSTR(PlacedImage.place, len(placing.NEXT) + 1),
                                         Old.owner_id == PlacedImage.owner_id)
    return PlacedImage.select().join(
        MediaFile, JOIN.LEFT_OUTER, on=(MediaFile.digest == PlacedImage.digest)).where(
        PlacedImage.place.in_(list(WAITING)), (MediaFile.state == 'ready') | ~fn.EXISTS(old))


def _waiting_for(where: str) -> str:
    return f'{placing.NEXT}{where}'
