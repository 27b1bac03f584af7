"""Submitted posts: recognizing a change between the moment that an editor read one and the moment that they answer."""

from collections.abc import Collection
from hashlib import sha256

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


def _digest(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()
