"""Cards: which ones are missing, how they get their files, and when these go.

A page with a picture of its own needs no card. Triggers delete the row of a card that would look different (migration
25), and every minute a job asks for those that are missing. Drafts have none: a card is for what readers can see.
"""

import logging
import os
import secrets
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from peewee import Value, fn

from .. import formats, presence, processes, removal
from ..db import db, rows
from ..gates import Busy, TooMuch
from ..jobs import claims
from ..jobs.errors import is_transient
from ..models import Card, MediaFile, PlacedImage, Post, Site, Tag, User
from ..sandbox import pool
from ..settings import current
from ..translations import languages
from .card_text import CardText

log = logging.getLogger('quickpub.cards')

BATCH = 20  # cards that one job draws
AFTER_TROUBLE = timedelta(minutes=1)
STRAY = timedelta(hours=1)  # after which a file that is being written is abandoned
ENDING = '.png'
PICTURES = {'site': 'front', 'author': 'banner', 'post': 'cover'}  # the place of the picture that replaces a card
SITE = 1


def folder() -> Path:
    """Return the folder of the cards' files. All of them can be drawn again."""
    return current().data / 'cards'


def find_file(digest: str) -> Path | None:
    """Return the file of a card that belongs to a page, or None."""
    found = folder() / f'{digest}{ENDING}'
    is_known = digest and Card.select().where(Card.digest == digest).exists()
    return found if is_known and found.is_file() else None


def find_path(kind: str, owner_id: int) -> str | None:
    """Return the path of a card, or None if it is not drawn yet."""
    found = Card.get_or_none(Card.kind == kind, Card.owner_id == owner_id)
    return f'/card/{found.digest}{ENDING}' if found and found.digest else None


def is_any_missing(at: datetime) -> bool:
    """Return whether a page that readers can see needs a card."""
    return next(_find_missing(at), None) is not None


def draw_missing(at: datetime) -> bool:
    """Draw some of the missing cards, and return whether there may be more. Raises NotNow if the machine is busy or
    the disk is full."""
    wanted = list(islice(_find_missing(at), BATCH))
    for kind, owner_id in wanted:
        text = _find_text(kind, owner_id, at)
        if text:
            try:
                _draw(kind, owner_id, text, at)
            except (OSError, Busy) as error:
                if not (isinstance(error, Busy) or is_transient(error) or presence.explains(error)):
                    raise
                raise claims.NotNow(AFTER_TROUBLE, f'Cards wait: {error}') from error
    return len(wanted) == BATCH


def _find_missing(at: datetime) -> Iterator[tuple[str, int]]:
    """Yield what a card is missing for, as (kind, id)."""
    for kind, query, id_column in _seen(at):
        for (owner_id,) in rows(query.select(id_column).where(
                ~fn.EXISTS(_cards(kind, id_column)), ~fn.EXISTS(_pictures(kind, id_column))).limit(BATCH)):
            yield kind, owner_id


def _seen(at: datetime) -> list[tuple[str, Any, Any]]:
    """Return the queries of what readers can see at this time, as (kind, query, id): posts and pages apart, because
    each comes from an index of its own."""
    pages = Post.select().where(Post.place.is_null(False), Post.deleted_at.is_null())
    return [('site', Site.select(), Site.id), ('post', Post.select().where(Post.public_at(at)), Post.id),
            ('post', pages, Post.id), ('author', Post.public_authors(at), User.id), ('tag', Tag.public(at), Tag.id)]


def _cards(kind: str, owner_id: Any) -> Any:
    return Card.select(Value(1)).where(Card.kind == kind, Card.owner_id == owner_id)


def _pictures(kind: str, owner_id: Any) -> Any:
    return PlacedImage.select(Value(1)).join(MediaFile, on=(MediaFile.digest == PlacedImage.digest)).where(
        PlacedImage.place == PICTURES.get(kind, ''), PlacedImage.owner_id == owner_id, MediaFile.state == 'ready')


def _find_text(kind: str, owner_id: int, at: datetime) -> CardText | None:
    """Return what is on a card, or None if readers cannot see its page any more."""
    possible = (query.where(id_column == owner_id).get_or_none()
                for each, query, id_column in _seen(at) if each == kind)
    found, site = next(filter(None, possible), None), Site.this()
    if found is None:
        return None
    if kind == 'site':
        return CardText(site.title, site.tagline, '', site.hue)
    title, byline = found.title if kind == 'post' else found.name, ''
    if kind == 'post' and not found.is_page:
        Post.load_co_authors([found])
        with languages.use(languages.choose(site.language)):
            byline = formats.names(found.authors)
    return CardText(title, byline, site.title, site.hue)


def _draw(kind: str, owner_id: int, text: CardText, at: datetime) -> None:
    """Draw a card, and add its row if it still shows what it should. Raises Busy and OSError."""
    folder().mkdir(mode=0o700, exist_ok=True)
    try:
        drawn, digest = b64decode(pool.call(draw_in_child, *astuple(text))), text.digest
    except TooMuch:
        log.warning('The card of %s %s takes too long to draw', kind, owner_id)
        drawn, digest = b'', ''
    with processes.folder_held(folder(), is_shared=True):  # so that nobody removes the file before its row is there
        if digest:
            _write(folder() / f'{digest}{ENDING}', drawn)
        with db.atomic():
            if _find_text(kind, owner_id, at) == text:
                Card.replace(kind=kind, owner_id=owner_id, digest=digest).execute()


def draw_in_child(title: str, byline: str, site: str, hue: int) -> str:
    """Return a PNG, in base64. Pillow is loaded in the child process only."""
    from . import cards
    return cards.draw(title, byline, site, hue)


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f'.new-{secrets.token_hex(8)}')
    try:
        with open(new, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, path)
    finally:
        new.unlink(missing_ok=True)
    processes.sync_folder(path.parent)


def clean_up(at: datetime) -> None:
    """Delete the cards of pages that have a picture, that readers cannot see any more, or whose file is lost; and
    files that belong to no card."""
    with db.atomic():
        for kind in {kind for kind, _, _ in _seen(at)}:
            unneeded = [Card.owner_id.not_in(query.select(id_column).where(~fn.EXISTS(_pictures(kind, id_column))))
                        for each, query, id_column in _seen(at) if each == kind]
            Card.delete().where(Card.kind == kind, *unneeded).execute()
    there = _list_files()
    lost = {digest for (digest,) in rows(Card.select(Card.digest).where(Card.digest != '').distinct())
            if f'{digest}{ENDING}' not in there}
    for digest in lost:
        Card.delete().where(Card.digest == digest).execute()
    limit = (at - STRAY).replace(tzinfo=UTC).timestamp()
    removal.run_all([
        partial(removal.remove_all, (path for name, path in there.items()
                                     if not name.endswith(ENDING) and removal.is_older(path, limit))), sweep])


def sweep() -> None:
    """Remove every file that belongs to no card. Raises Unfinished at the end if some could not be removed."""
    if not _list_files():
        return
    with processes.folder_held(folder()):
        kept = {f'{digest}{ENDING}' for (digest,) in rows(Card.select(Card.digest))}
        removal.remove_all(path for name, path in _list_files().items() if name.endswith(ENDING) and name not in kept)


def _list_files() -> dict[str, Path]:
    return {path.name: path for path in folder().iterdir()} if folder().is_dir() else {}
