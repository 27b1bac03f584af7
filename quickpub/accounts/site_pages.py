"""Give the site's pages of one owner to another: only owners have pages."""

from typing import Any

from peewee import Value

from ..models import Post, PostFile, Upload, User


def hand_over(user: User, heir: User) -> None:
    """Give the site's pages of this user to another owner, in the caller's transaction. The files that they show are
    then in the media of both."""
    pages = Post.select(Post.id).where(Post.author == user, Post.is_page)
    columns = (Upload.file, Upload.name, Upload.bytes, Upload.alt, Upload.created_at, Upload.touched_at)
    heirs_own = Upload.select(Upload.file).where(Upload.user == heir)
    shown = Upload.select(Value(heir.id), *columns).where(
        Upload.user == user, Upload.file.in_(files_in(pages)), Upload.file.not_in(heirs_own))
    Upload.insert_from(shown, [Upload.user, *columns]).execute()
    Post.update(author=heir).where(Post.author == user, Post.is_page).execute()


def files_in(posts: Any) -> Any:
    """Return the query of the digests of all files that these posts mention."""
    return PostFile.select(PostFile.digest).where(PostFile.post.in_(posts))
