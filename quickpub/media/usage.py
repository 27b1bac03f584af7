"""Which posts use which media files."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from peewee import Case

from ..db import among, rows
from ..markup import images
from ..models import MediaFile, Post, PostFile, Upload, User
from .files import PATH


def digests_in(source: str) -> set[str]:
    """Return the digests of all files that a text mentions."""
    return set(PATH.findall(source))


def refer(post: Post, body: str, at: datetime) -> None:
    """Record the files that a post uses. A file that it no longer uses is still in an older version of it; the nightly
    clean-up looks after those."""
    new = digests_in(body) - {
        digest for (digest,) in rows(PostFile.select(PostFile.digest).where(PostFile.post == post))}
    for digest in new:
        PostFile.create(post=post, digest=digest)
    Upload.update(touched_at=at).where(Upload.file.in_(among(new)), Upload.user == post.author_id).execute()


def known_in(source: str) -> dict[str, images.File]:
    """Return what `markdown.to_html` needs to know of the files that a text mentions, by their digests."""
    digests = digests_in(source)
    if not digests:
        return {}
    found = MediaFile.select(MediaFile.digest, MediaFile.kind, MediaFile.state, MediaFile.made).where(
        MediaFile.digest.in_(among(digests)))
    return {file.digest: images.File(file.kind, is_failed=file.state == 'failed', **file.made) for file in found}


def find_posts_with(digests: Iterable[str], user: User, at: datetime) -> dict[str, list[tuple[Post, bool]]]:
    """Return the posts that use each of these files, by digest, each as (post, whether this user sees it in the
    studio): public posts, and those that they see, the trash included."""
    found: dict[str, list[tuple[Post, bool]]] = {}
    is_seen = Case(None, [(Post.may_see(user), True)], False).alias('is_seen')
    query: Any = (PostFile.select(PostFile.digest, Post.id, Post.title, Post.deleted_at, is_seen).join(Post)
                  .where(PostFile.digest.in_(among(digests)), Post.may_see(user) | Post.seen_by_all(at))
                  .order_by(PostFile.digest, PostFile.post))
    for each in query:
        found.setdefault(each.digest, []).append((each.post, bool(each.is_seen)))
    return found
