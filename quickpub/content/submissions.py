"""Recognize a change of a post that came after an editor had read it and before the editor publishes it."""

from collections.abc import Collection
from hashlib import sha256
from typing import Any

from ..media import placing
from ..models import Post
from . import tags


def as_seen(posts: Collection[Post]) -> dict[int, str]:
    """Return, by the ids of these posts, what a form sends back to tell which state of the post was read. It changes
    with all that readers would see: each save, and the authors, tags and cover, which change without one."""
    ids = [post.id for post in posts]
    authors, tags_of, covers = Post.authors_of(ids), tags.of_posts(posts), placing.describe('cover', ids)
    return {post.id: _digest(post.version, authors.get(post.id), [tag.name for tag in tags_of.get(post.id, [])],
                             covers.get(post.id)) for post in posts}


def as_seen_beside_form(post: Post, cover: list[Any]) -> str:
    """Return the same for the editor, whose form has the rest: of the authors, which are loaded, and of the cover, as
    `placing.describe` returns it."""
    return _digest([author.id for author in post.authors], cover)


def _digest(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()
