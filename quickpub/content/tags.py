"""The tags of a post."""

import re
from collections.abc import Iterable
from datetime import datetime

from peewee import fn

from .. import text
from ..codes import Rejected
from ..db import rows
from ..models import OldTag, Post, PostTag, Tag, User

MAX_TAGS, MAX_TAG = 12, 40  # of a post, characters of one
MAX_OFFERED = 300
HASHTAG = re.compile('^#+(?![\ufe0f\u20e3#]|$)')  # a keycap, and the sign alone, are tags themselves


def split(line: str) -> tuple[str, ...]:
    """Return the tags of a line such as 'Gardening, slow food'."""
    return tuple(line.split(','))


def clean(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return (name, key) of each tag, in the order given; names that differ in case and spaces alone are one tag,
    spelled as the first. Raises Rejected for a name that is too long, and for too many."""
    found: dict[str, str] = {}
    for each in names:
        name = text.whole_line(HASHTAG.sub('', each.strip()), MAX_TAG)
        if name is None:
            raise Rejected('tags.too_long', count=MAX_TAG)
        if name:
            found.setdefault(text.caseless(name), name)
    if len(found) > MAX_TAGS:
        raise Rejected('tags.too_many', count=MAX_TAGS)
    return [(name, key) for key, name in found.items()]


def add(post: Post, line: str) -> None:
    """Add the tags of a line to a post. Raises Rejected if the line has none, or the post would have too many."""
    have, new = clean(split(as_line(post))), clean(split(line))
    if not new:
        raise Rejected('tags.empty')
    wanted = have + [each for each in new if each[1] not in {key for _, key in have}]
    if len(wanted) > MAX_TAGS:
        raise Rejected('tags.too_many_in_list', title=post.title, count=MAX_TAGS)
    replace(post, wanted)


def replace(post: Post, tags: list[tuple[str, str]]) -> None:
    """Give a post these tags, each a (name, key), in place of those it has.

    Only rows that change are written, because each tag that comes or goes has a public post indexed again.
    """
    wanted = [(_find_or_create(name, key), name) for name, key in tags]
    PostTag.delete().where(PostTag.post == post, PostTag.tag.not_in([tag for tag, _ in wanted])).execute()
    for position, (tag, name) in enumerate(wanted):
        place = {'position': position, 'spelling': name if name != tag.name else None}
        PostTag.insert(post=post, tag=tag, **place).on_conflict(
            conflict_target=(PostTag.post, PostTag.tag), update=place).execute()


def _find_or_create(name: str, key: str) -> Tag:
    return Tag.get_or_none(Tag.key == key) or Tag.create(name=name, slug=_free_slug(text.slug(name, 'tag')))


def _free_slug(slug: str) -> str:
    """Return this slug, or one with a number if another tag has it or had it."""
    taken = [model.select(model.slug).where((model.slug == slug) | (model.slug % f'{slug}-[0-9]*'))
             for model in (Tag, OldTag)]
    return text.free(slug, slug, {found for query in taken for (found,) in rows(query)})


def of_post(post: Post) -> list[Tag]:
    """Return the tags of a post in its author's order and spelling."""
    return of_posts([post]).get(post.id, [])


def of_posts(posts: Iterable[Post]) -> dict[int, list[Tag]]:
    """Return the tags of many posts, by the posts' ids."""
    tags: dict[int, list[Tag]] = {}
    query = (PostTag.select(PostTag.post, Tag.id, Tag.slug, fn.COALESCE(PostTag.spelling, Tag.name)).join(Tag)
             .where(PostTag.post.in_([post.id for post in posts])).order_by(PostTag.position))
    for post_id, tag_id, slug, name in rows(query):
        tags.setdefault(post_id, []).append(Tag(id=tag_id, slug=slug, name=name))
    return tags


def as_line(post: Post) -> str:
    """Return the tags of a post as its author would type them."""
    return ', '.join(tag.name for tag in of_post(post))


def find_visible(slug: str, reader: User | None, at: datetime) -> Tag | None:
    """Return the tag with this slug if a public post has it, or a post that the reader may edit: previews link to it.
    """
    found = Tag.public(at).where(Tag.slug == slug).get_or_none()
    if found is None and reader:
        found = Tag.known_to(reader).where(Tag.slug == slug).get_or_none()
    return found


def list_public(at: datetime, limit: int) -> list[Tag]:
    """Return the first `limit` tags by name that a published post has."""
    return list(Tag.public(at).order_by(Tag.key).limit(limit))


def suggest_names(user: User, at: datetime) -> list[str]:
    """Return the names that the editor offers: tags of public posts and of the user's own, the newest first."""
    return [tag.name for tag in Tag.offered_to(user, at).limit(MAX_OFFERED)]


def delete_unused() -> None:
    """Delete the tags that no post has."""
    Tag.delete().where(~fn.EXISTS(PostTag.select(PostTag.tag).where(PostTag.tag == Tag.id))).execute()
