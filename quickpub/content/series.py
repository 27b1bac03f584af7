"""Series of posts, and the numbers by which an author orders posts and pages."""

from typing import Any

from peewee import fn

from .. import text
from ..codes import Rejected
from ..db import rows
from ..models import Post, Series, User

MAX_SERIES = 100  # characters of the name
MAX_NUMBER = 999


def parse_number(typed: str, field: str) -> int | None:
    """Return the number of a form field, or None if the field is empty. Raises Rejected for anything that is not a
    number from 1 to MAX_NUMBER."""
    typed = typed.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10 and 1 <= int(typed) <= MAX_NUMBER):
        raise Rejected('number.out_of_range', field=field, limit=MAX_NUMBER)
    return int(typed)


def choose_part(post: Post | None, author: User, name: str, part: int | None) -> dict[str, Any]:
    """Return the columns that put a post into the author's series of this name, which is created if needed. Without a
    number, a post keeps its part, and a new one is the last. Raises Rejected for a name that is too long."""
    clean_name = text.whole_line(name, MAX_SERIES)
    if clean_name is None:
        raise Rejected('series.too_long', count=MAX_SERIES)
    if not clean_name:
        return {'series': None, 'part': None}
    series, _ = Series.get_or_create(author=author, name=clean_name)
    if part is not None:
        return {'series': series, 'part': part}
    if post and post.series_id == series.id:
        return {'series': series, 'part': post.part}
    last = Post.select(fn.MAX(Post.part)).where(Post.series == series).scalar()
    return {'series': series, 'part': min((last or 0) + 1, MAX_NUMBER)}


def names_of(author: User) -> list[str]:
    """Return the names of the author's series."""
    return [name for (name,) in rows(Series.select(Series.name).where(Series.author == author))]


def delete_unused() -> None:
    """Delete the series that no post belongs to."""
    Series.delete().where(~fn.EXISTS(Post.select(Post.id).where(Post.series == Series.id))).execute()
