"""Give posts to other authors, with the files and the series that they have."""

from typing import Any

from peewee import Value, fn

from ..db import among, rows
from ..models import Autosave, CoAuthor, Erasure, Post, PostFile, RecentViews, Series, Upload, User


def give_all(user: User, heir: User) -> None:
    """Give all posts of a member, drafts, trash and autosaves among them, and all their files to another member, in the
    caller's transaction. A hidden post becomes a draft."""
    heirs_own = Upload.select(Upload.file).where(Upload.user == heir)
    Upload.update(user=heir).where(Upload.user == user, Upload.file.not_in(heirs_own)).execute()
    heirs_tabs = Autosave.select(Autosave.tab).where(Autosave.user == heir)
    Autosave.update(user=heir).where(Autosave.user == user, Autosave.tab.not_in(heirs_tabs)).execute()
    ids = [number for (number,) in rows(Post.select(Post.id).where(Post.author == user))]
    RecentViews.update(author=heir).where(RecentViews.post.in_(among(ids))).execute()
    give_posts(ids, heir)


def give_posts(ids: list[int], heir: User) -> None:
    """Make a member the first author of these posts, in the caller's transaction. A series goes on in the heir's series
    of the same name. Secret links to drafts end. Triggers update what follows from the author: counts, the search
    index, cards and feeds."""
    share_files(ids, heir)
    for number, name in rows(Post.select(Post.id, Series.name).join(Series).where(Post.id.in_(among(ids)))):
        series, _ = Series.get_or_create(author=heir, name=name)
        Post.update(series=series).where(Post.id == number).execute()
    Post.update(author=heir, first_tab=None, shared_at=None).where(Post.id.in_(among(ids))).execute()
    Erasure.update(wanted=Erasure.wanted + 1).where(Erasure.kind == 'words').execute()  # the name, in the search index


def share_files(ids: list[int], member: User) -> None:
    """Add the files of these posts to a member's media: those that an author of one of them has."""
    authors = Post.select(Post.author).where(Post.id.in_(among(ids)))
    co_authors = CoAuthor.select(CoAuthor.user).where(CoAuthor.post.in_(among(ids)))
    columns = (Upload.file, Upload.name, Upload.bytes, Upload.alt, Upload.created_at, Upload.touched_at)
    have = Upload.select(Upload.file).where(Upload.user == member)
    shown = Upload.select(fn.MIN(Upload.id)).where(
        Upload.user.in_(authors) | Upload.user.in_(co_authors), Upload.file.not_in(have),
        Upload.file.in_(files_in(Post.select(Post.id).where(Post.id.in_(among(ids)))))).group_by(Upload.file)
    Upload.insert_from(Upload.select(Value(member.id), *columns).where(Upload.id.in_(shown)),
                       [Upload.user, *columns]).execute()


def files_in(posts: Any) -> Any:
    """Return the query of the digests of all files that these posts mention."""
    return PostFile.select(PostFile.digest).where(PostFile.post.in_(posts))


def pass_on_posts(condition: Any) -> None:
    """Give each co-written post that meets this condition to its next author, in the caller's transaction: to the first
    co-author who can log in, or else to the first one."""
    heirs: dict[int, int] = {}
    for post_id, user_id in rows(_co_authorships().where(condition)):
        heirs.setdefault(post_id, user_id)
    for heir in User.select().where(User.id.in_(among(set(heirs.values())))):
        give_posts([post_id for post_id, user_id in heirs.items() if user_id == heir.id], heir)


def _co_authorships() -> Any:
    """Return the query of (post, co-author), the next author of each post first."""
    return (CoAuthor.select(CoAuthor.post, CoAuthor.user).join(Post).switch(CoAuthor).join(User)
            .order_by(CoAuthor.post, User.suspended_at.is_null(False), CoAuthor.position, CoAuthor.user))


def leave_posts(user: User, ids: list[int] | None = None) -> None:
    """Remove a member from the co-authors of these posts, or of all, in the caller's transaction. The first authors
    keep the files that this member has put into them."""
    theirs = CoAuthor.user == user
    if ids is not None:
        theirs &= CoAuthor.post.in_(among(ids))
    by_author: dict[int, list[int]] = {}
    for post_id, author_id in rows(CoAuthor.select(CoAuthor.post, Post.author).join(Post).where(theirs)):
        by_author.setdefault(author_id, []).append(post_id)
    for author_id, post_ids in by_author.items():
        share_files(post_ids, User.get_by_id(author_id))
    CoAuthor.delete().where(theirs).execute()
