"""The tags of a post."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

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


def add(post: Post, line: str, at: datetime) -> None:
    """Add the tags of a line to a post. Raises Rejected if the line has none, or the post would have too many."""
    have, new = clean(split(as_line(post))), clean(split(line))
    if not new:
        raise Rejected('tags.empty')
    wanted = have + [each for each in new if each[1] not in {key for _, key in have}]
    if len(wanted) > MAX_TAGS:
        raise Rejected('tags.too_many_in_list', title=post.title, count=MAX_TAGS)
    replace(post, wanted, at)


def replace(post: Post, tags: list[tuple[str, str]], at: datetime) -> None:
    """Give a post these tags, each a (name, key), in place of those it has.

    Only rows that change are written, because each tag that comes or goes has a public post indexed again.
    """
    wanted = []
    for position, (name, key) in enumerate(tags):
        tag = _find_or_create(name, key, post.author_id, at)
        place = {'position': position, 'spelling': name if name != tag.name else None}
        PostTag.insert(post=post, tag=tag, **place).on_conflict(
            conflict_target=(PostTag.post, PostTag.tag), update=place).execute()
        wanted.append(tag)
    PostTag.delete().where(PostTag.post == post, PostTag.tag.not_in(wanted)).execute()


def _find_or_create(name: str, key: str, author_id: int, at: datetime) -> Tag:
    """Return the tag with this key. One that this author cannot know of becomes as if they were the first to type it,
    because its spelling or its number would tell that somebody has it in a draft."""
    found = Tag.get_or_none(Tag.key == key)
    if found is None:
        return Tag.create(name=name, slug=_take_slug(name, author_id, at))
    if not Tag.select().where(Tag.id == found.id, _is_known(author_id, at)).exists():
        PostTag.update(spelling=found.name).where(PostTag.tag == found, PostTag.spelling.is_null()).execute()
        PostTag.update(spelling=None).where(PostTag.tag == found, PostTag.spelling == name).execute()
        Tag.update(slug=f'~{found.id}').where(Tag.id == found.id).execute()  # no slug that is made of a name has this
        found.name, found.slug = name, _take_slug(name, author_id, at)
        found.save()
    return found


def _is_known(author_id: int, at: datetime) -> Any:
    """Return the condition for tags of posts that are public or were, and of this author's own."""
    is_seen = (PostTag.published_at <= at) | Post.was_public | (Post.author == author_id)
    return fn.EXISTS(PostTag.select(PostTag.post).join(Post).where(PostTag.tag == Tag.id, is_seen))


def _take_slug(name: str, author_id: int, at: datetime) -> str:
    """Return the slug of this name, or one with a number if a tag that the author may know of has it or had it.

    A tag that is in drafts of others only gives way and gets another slug, as such a post does (see slugs.choose).
    """
    stem = text.slug(name, 'tag')
    old = {found for (found,) in rows(_same_or_numbered(OldTag, stem))}
    known = {found for (found,) in rows(_same_or_numbered(Tag, stem).where(_is_known(author_id, at)))}
    slug = text.free(stem, stem, known | old)
    if hidden := Tag.get_or_none(Tag.slug == slug):
        taken = {found for (found,) in rows(_same_or_numbered(Tag, stem))}
        Tag.update(slug=text.free(stem, stem, taken | old)).where(Tag.id == hidden.id).execute()
    return slug


def _same_or_numbered(model: Any, slug: str) -> Any:
    return model.select(model.slug).where((model.slug == slug) | (model.slug % f'{slug}-[0-9]*'))


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
