"""Removing media files that nobody needs any more."""

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from peewee import fn

from .. import processes, removal
from ..codes import Rejected
from ..db import among, db, rows
from ..db import let_others_write as give_way
from ..models import Autosave, CoAuthor, MediaFile, PlacedImage, Post, PostFile, Revision, Site, Upload, User
from ..permissions import Permission, roles_with
from . import placing
from .files import DIGEST, GONE, aside, folder

KEPT_UNUSED = timedelta(days=30)
Writer = User.alias()
STRAY = timedelta(days=1)  # after which an unfinished upload or removal is abandoned


def delete(upload: Upload) -> None:
    """Delete an upload. Raises Rejected while a post that its user sees in the studio uses it. Posts of others do not
    count; they keep the file only if their authors have uploaded it too."""
    own = PostFile.select().join(Post).where(PostFile.digest == upload.file_id, Post.may_see(upload.user))
    with db.atomic():
        if own.exists():
            raise Rejected('file.in_use', name=upload.name)
        if placing.is_placed_by(upload.user, upload.file_id):
            raise Rejected('file.is_placed', name=upload.name)
        Upload.delete().where(Upload.id == upload.id).execute()
    _remove_unless_uploaded(upload.file_id)


def delete_failed(user: User, digests: Collection[str]) -> None:
    """Delete this user's uploads of images that have failed and that nothing needs any more."""
    for upload in Upload.select().join(MediaFile).where(
            Upload.user == user, Upload.file.in_(among(digests)), MediaFile.state == 'failed'):
        with suppress(Rejected):  # a text mentions it, and says there why it is not shown
            delete(upload)


def _remove_unless_uploaded(digest: str) -> None:
    """Remove a file that no user has uploaded."""
    place, gone = folder() / digest, aside()
    with processes.folder_held(folder()):
        with db.atomic():  # so that nobody uploads it meanwhile
            if Upload.select().where(Upload.file == digest).exists() or placing.is_placed(digest).exists():
                return
            PlacedImage.delete().where(PlacedImage.digest == digest).execute()  # where it has failed
            MediaFile.delete().where(MediaFile.digest == digest).execute()
        if place.exists():
            os.rename(place, gone)
    shutil.rmtree(gone, ignore_errors=True)  # the nightly clean-up removes the rest
    give_way()


def clean_up(at: datetime) -> None:
    """Delete uploads that nothing has used for KEPT_UNUSED, and remove files without a row or half done."""
    _delete_old_references(at)
    is_co_author = fn.EXISTS(CoAuthor.select(CoAuthor.post).where(
        CoAuthor.post == Post.id, CoAuthor.user == Upload.user))
    is_editors = User.role.in_(roles_with(Permission.EDIT_ALL))
    is_theirs = (Post.author == Upload.user) | is_co_author | is_editors | Post.seen_by_all(at)
    unused = Upload.select(Upload.id).join(User).where(
        Upload.touched_at < at - KEPT_UNUSED,
        ~fn.EXISTS(PostFile.select(PostFile.post).join(Post).where(PostFile.digest == Upload.file, is_theirs)),
        ~fn.EXISTS(placing.is_placed(Upload.file)),
        ~fn.EXISTS(Site.select(Site.id).where(fn.INSTR(Site.footer, Upload.file) | fn.INSTR(Site.css, Upload.file))),
        ~fn.EXISTS(Writer.select(Writer.id).where(fn.INSTR(Writer.bio, Upload.file))),
        ~fn.EXISTS(Autosave.select(Autosave.tab).where(Autosave.user == Upload.user,
                                                     fn.INSTR(Autosave.fields, Upload.file))))
    Upload.delete().where(Upload.id.in_(unused)).execute()
    limit = (at - STRAY).replace(tzinfo=UTC).timestamp()
    removal.run_all([
        partial(removal.remove_all, (path for path in folder().iterdir() if not DIGEST.fullmatch(path.name)
                                     and removal.is_older(path, limit))),
        sweep])


def sweep() -> None:
    """Remove every file that no user has uploaded, and what is left of files that were being removed. Raises Unfinished
    at the end if some could not be removed."""
    held = {digest for (digest,) in rows(Upload.select(Upload.file))}
    known = {digest for (digest,) in rows(MediaFile.select(MediaFile.digest))}
    found = {path.name for path in folder().iterdir()}
    known |= {name for name in found if DIGEST.fullmatch(name)}
    removal.run_all([*(partial(_remove_unless_uploaded, digest) for digest in sorted(known - held)),
                     partial(removal.remove_all, (folder() / name for name in found if name.startswith(GONE)))])


def _delete_old_references(at: datetime) -> None:
    """Delete references to files that neither a post's text nor an older version mentions."""
    current_text = Post.select(Post.id).where(Post.id == PostFile.post, fn.INSTR(Post.body, PostFile.digest))
    older = Revision.select(Revision.version).where(Revision.post == PostFile.post,
                                                    fn.INSTR(Revision.body, PostFile.digest))
    gone = list(PostFile.select().where(~fn.EXISTS(current_text), ~fn.EXISTS(older)))
    for each in gone:
        with db.atomic():  # again: a text may mention it since
            if PostFile.delete().where(PostFile.post == each.post_id, PostFile.digest == each.digest,
                                       ~fn.EXISTS(current_text), ~fn.EXISTS(older)).execute():
                Upload.update(touched_at=at).where(Upload.file == each.digest).execute()
