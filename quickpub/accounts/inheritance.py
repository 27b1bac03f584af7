"""Give everything that a member wrote and uploaded to another member."""

from ..db import rows
from ..models import Autosave, Erasure, Post, RecentViews, Series, Upload, User


def give_all(user: User, heir: User) -> None:
    """Give all posts of a member, drafts, trash and autosaves among them, and their files to another member, in the
    caller's transaction. A series goes on in the heir's series of the same name. Secret links to drafts end. Triggers
    update what follows from the author; a hidden post becomes a draft."""
    for old_id, name in rows(Series.select(Series.id, Series.name).where(Series.author == user)):
        series, _ = Series.get_or_create(author=heir, name=name)
        Post.update(series=series).where(Post.series == old_id).execute()
    posts = Post.select(Post.id).where(Post.author == user)
    RecentViews.update(author=heir).where(RecentViews.post.in_(posts)).execute()
    Post.update(author=heir, first_tab=None, shared_at=None).where(Post.author == user).execute()
    Erasure.update(wanted=Erasure.wanted + 1).where(Erasure.kind == 'words').execute()  # the name, in the search index
    heirs_tabs = Autosave.select(Autosave.tab).where(Autosave.user == heir)
    Autosave.update(user=heir).where(Autosave.user == user, Autosave.tab.not_in(heirs_tabs)).execute()
    heirs_own = Upload.select(Upload.file).where(Upload.user == heir)
    Upload.update(user=heir).where(Upload.user == user, Upload.file.not_in(heirs_own)).execute()
