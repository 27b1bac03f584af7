"""Give the site's pages of one owner to another: only owners have pages."""

from ..db import rows
from ..models import Post, User
from . import handing_over


def hand_over(user: User, heir: User) -> None:
    """Give the site's pages of this user to another owner, in the caller's transaction. The files that they show are
    then in the media of both."""
    pages = [post_id for (post_id,) in rows(Post.select(Post.id).where(Post.author == user, Post.is_page))]
    handing_over.give_posts(pages, heir)
