"""Pictures and files: taking an upload in, where it lies, which texts use it, and when it goes.

    media/<digest>/original             a picture as it was sent, served to nobody
    media/<digest>/shown/800.avif, …    what pictures.py made of it
    media/<digest>/shown/file.pdf       any other file, itself
    media/.new-…, .made-…, .gone-…      on the way in or out

A file stays as long as somebody has uploaded it. Its address names its content and can be guessed by nobody who does
not have the same file; whoever was given it sees the file, as with the secret link to a draft.

The rows are the truth. A file is synced and in its place before the transaction of the row that speaks of it begins;
it goes after the last row that does is gone. So whatever dies whenever, there may be a file too many until the night,
never one too few. Who places a file shares the lock on the folder until the row is committed; who removes one holds it
alone.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from peewee import DatabaseError, fn

from .. import formats, processes, removal, text
from ..db import among, db, let_others_write, rows
from ..markup import markdown
from ..models import MediaFile, Post, PostFile, Revision, Unsaved, Upload, User
from ..settings import current
from ..text import Rejected
from .intake import UploadedFile as Draft

MEGABYTE = 1_000_000
FILE_LIMIT = 64 * MEGABYTE
RESERVE = 16 * MEGABYTE  # of the disk, that pictures leave to words
KEPT_UNUSED = timedelta(days=30)
GONE = '.gone-'  # how the name of what is being removed begins
STRAY = timedelta(days=1)  # after which what is on the way in or out has been left there
MAX_ALT = 1000  # characters

TYPES = {'jpg': 'image/jpeg', 'png': 'image/png', 'webp': 'image/webp', 'gif': 'image/gif', 'avif': 'image/avif',
         'mp3': 'audio/mpeg', 'm4a': 'audio/mp4', 'ogg': 'audio/ogg', 'wav': 'audio/wav', 'mp4': 'video/mp4',
         'webm': 'video/webm', 'pdf': 'application/pdf'}
KINDS = {ending: 'document' if ending == 'pdf' else type.partition('/')[0] for ending, type in TYPES.items()}
ACCEPTED = 'Pictures can be JPEG, PNG, WebP, GIF or AVIF; sound MP3, M4A, OGG or WAV; films MP4 or WebM; papers PDF.'

# How each kind of file begins. A name, and what a browser says, prove nothing.
BEGINNINGS = [
    (rb'\xff\xd8\xff', 'jpg'), (rb'\x89PNG\r\n\x1a\n', 'png'), (rb'GIF8[79]a', 'gif'), (rb'RIFF.{4}WEBP', 'webp'),
    (rb'.{4}ftypavi[fs]', 'avif'), (rb'%PDF-', 'pdf'), (rb'ID3|\xff[\xfb\xfa\xf3\xf2]', 'mp3'), (rb'OggS', 'ogg'),
    (rb'RIFF.{4}WAVE', 'wav'), (rb'.{4}ftypM4[AB] ', 'm4a'), (rb'.{4}ftyp(iso[m2-9]|mp4[12]|avc1|M4V |dash)', 'mp4'),
    (rb'\x1a\x45\xdf\xa3.{0,40}webm', 'webm')]
PATH = re.compile(r'/media/([0-9a-f]{32})/')
DIGEST = re.compile('[0-9a-f]{32}')
NAME = re.compile(r'[a-z0-9-]{1,200}\.[a-z0-9]{2,4}')  # as `_name` makes them: what follows goes into a header
SHOWN = re.compile(r'[1-9]\d{0,4}(-moving)?\.(avif|webp|jpg|png)')


def folder() -> Path:
    return current().paths.media


# Taking in

def check_room(user: User, size: int) -> None:
    """Raise Rejected unless this user may send so many bytes now; OSError where the disk has no room for them."""
    if not user.is_verified:
        raise Rejected(file='To upload files, first confirm your address: the link is in the mail we sent you.')
    _check_quota(user, size)
    if shutil.disk_usage(folder()).free - size < RESERVE:
        raise OSError(errno.ENOSPC, 'the disk is nearly full')


def _check_quota(user: User, size: int) -> None:
    left = current().quota * MEGABYTE - used_by(user)
    if size > left:
        raise Rejected(file=f'This would be more than your {formats.number(current().quota)} MB: there is room for '
                            f'{formats.size(max(0, left))} more. Delete what you do not need, then try again.')


def used_by(user: User) -> int:
    """How many bytes of the quota an author has used."""
    return Upload.select(fn.SUM(Upload.bytes)).where(Upload.user == user).scalar() or 0


def open_draft(name: str) -> Draft:
    return Draft(folder(), name, FILE_LIMIT)


def accept(user: User, draft: Draft, at: datetime, follow: Callable[[], None] = lambda: None) -> Upload:
    """Keep a file that has come in, for this user. Who sends the same once more gets what they have. Outside of any
    transaction, for a disk may be slow; `follow` is called in the one that writes the rows, to enqueue what follows.
    Raises Rejected, or OSError where it cannot be stored."""
    ending = _ending(draft.beginning)
    named = text.line(draft.name, 100) or 'this file'
    if draft.size > FILE_LIMIT:
        raise Rejected(file=f'{named}: a file can have {FILE_LIMIT // MEGABYTE} MB. Please make it smaller.')
    if not draft.size:
        raise Rejected(file=f'{named} is empty.')
    if ending is None:
        raise Rejected(file=f'{named}: this is not of a kind that we take. {ACCEPTED}')
    digest = draft.digest[:32]
    if known := Upload.get_or_none(Upload.user == user, Upload.file == digest):
        Upload.update(touched_at=at).where(Upload.id == known.id).execute()
        return known
    check_room(user, draft.size)
    try:
        with processes.folder_held(folder(), is_shared=True):
            _store(draft, digest, KINDS[ending], ending)
            with db.atomic():
                kept = _write_rows(user, draft, digest, ending, at)
                follow()
    except Exception:
        _remove_stray(digest)
        raise
    return kept


def _remove_stray(digest: str) -> None:
    """Remove a file that no row speaks of. What fails here is left to the night."""
    gone = aside()
    with suppress(OSError, DatabaseError), processes.folder_held(folder()):
        if not MediaFile.select().where(MediaFile.digest == digest).exists():
            os.rename(folder() / digest, gone)
            shutil.rmtree(gone)


def _write_rows(user: User, draft: Draft, digest: str, ending: str, at: datetime) -> Upload:
    state = 'waiting' if KINDS[ending] == 'image' else 'ready'
    MediaFile.insert(digest=digest, kind=KINDS[ending], ending=ending, state=state,
                     created_at=at).on_conflict_ignore().execute()
    if known := Upload.get_or_none(Upload.user == user, Upload.file == digest):  # sent twice at the same moment
        return known
    _check_quota(user, draft.size)  # asked again: others of theirs may have come in meanwhile
    return Upload.create(user=user, file=digest, name=_name(draft.name, ending), bytes=draft.size, created_at=at,
                         touched_at=at)


def _ending(beginning: bytes) -> str | None:
    return next((ending for pattern, ending in BEGINNINGS if re.match(pattern, beginning, re.DOTALL)), None)


def _name(name: str, ending: str) -> str:
    """Its name in addresses; never one that a variant may have."""
    stem = text.slug(name.replace('\\', '/').rpartition('/')[2].rpartition('.')[0] or name, 'file')
    return f'{f"file-{stem}" if SHOWN.fullmatch(f"{stem}.jpg") else stem}.{ending}'


def _store(draft: Draft, digest: str, kind: str, ending: str) -> None:
    """Put it into its place, where a power cut does not take it away. (Whatever was there is the same.)"""
    place = folder() / digest
    inner = place if kind == 'image' else place / 'shown'
    for new in (place, inner):
        new.mkdir(mode=0o700, exist_ok=True)
        processes.hand_over(new, folder())
    draft.sync()
    os.rename(draft.path, inner / ('original' if kind == 'image' else f'file.{ending}'))
    for each in {inner, place, folder()}:
        processes.sync_folder(each)


def place_made(digest: str, made_in: Path) -> None:
    """Publish the variants of an image, unless it was deleted meanwhile."""
    place = folder() / digest
    with processes.folder_held(folder(), is_shared=True):
        if place.exists():
            processes.sync_folder(made_in)
            if (place / 'shown').exists():
                os.rename(place / 'shown', aside())
            os.rename(made_in, place / 'shown')
            processes.sync_folder(place)


# Which texts use what

def digests_in(source: str) -> set[str]:
    """Of all files that a text mentions."""
    return set(PATH.findall(source))


def refer(post: Post, body: str, at: datetime) -> None:
    """Note which files a post uses from now on. What it does not use any more, an older version of it does, which is
    looked after each night."""
    new = digests_in(body) - {
        digest for (digest,) in rows(PostFile.select(PostFile.digest).where(PostFile.post == post))}
    for digest in new:
        PostFile.create(post=post, digest=digest)
    Upload.update(touched_at=at).where(Upload.file.in_(among(new)), Upload.user == post.author_id).execute()


def known_in(source: str) -> dict[str, markdown.File]:
    """What `markdown.to_html` has to know of the files that a text mentions: digest -> file."""
    digests = digests_in(source)
    if not digests:
        return {}
    found = MediaFile.select(MediaFile.digest, MediaFile.kind, MediaFile.state, MediaFile.made).where(
        MediaFile.digest.in_(among(digests)))
    return {file.digest: markdown.File(file.kind, is_failed=file.state == 'failed', **file.made) for file in found}


def uses(digests: Iterable[str], user: User, at: datetime) -> dict[str, list[Post]]:
    """Return the posts that use each of these files, as far as it is this user's business: public ones, and those that
    they may edit, the trash included."""
    found: dict[str, list[Post]] = {}
    query = (PostFile.select(PostFile.digest, Post.id, Post.title, Post.author, Post.deleted_at).join(Post)
             .where(PostFile.digest.in_(among(digests)), Post.may_edit(user) | Post.seen_by_all(at))
             .order_by(PostFile.digest, PostFile.post))
    for each in query:
        found.setdefault(each.digest, []).append(each.post)
    return found


# Finding

def find(digest: str, name: str) -> tuple[Path, str] | None:
    """The file behind /media/<digest>/<name>, and its ending. A picture's own name is its largest variant's."""
    if not (DIGEST.fullmatch(digest) and NAME.fullmatch(name)):
        return None
    shown, ending = folder() / digest / 'shown', name.rpartition('.')[2]
    if SHOWN.fullmatch(name):
        found: Path | None = shown / name
    elif KINDS.get(ending) == 'image':
        found = _largest(shown)
    else:
        found = shown / f'file.{ending}'
    return (found, found.suffix[1:]) if found and found.is_file() else None


def _largest(shown: Path) -> Path | None:
    """Of the variants that every browser shows; what moves, where it does. None while there are none."""
    still = [path for path in shown.glob('[1-9]*') if path.suffix in ('.jpg', '.png')]
    moving = list(shown.glob('*-moving.webp'))
    return max(moving or still, key=lambda path: path.stat().st_size, default=None)


# Throwing away

def delete(upload: Upload) -> None:
    """Raises Rejected while a post uses it that its owner may edit. Whoever else mentions it has no say: it is gone
    for them too, unless they have uploaded it themselves."""
    own = PostFile.select().join(Post).where(PostFile.digest == upload.file_id, Post.may_edit(upload.user))
    with db.atomic():
        if own.exists():
            raise Rejected(file=f'{upload.name} is in a post, or in an older version of one.')
        Upload.delete().where(Upload.id == upload.id).execute()
    _sweep(upload.file_id)


def _sweep(digest: str) -> None:
    """Remove a file, unless somebody has it."""
    place, gone = folder() / digest, aside()
    with processes.folder_held(folder()):
        with db.atomic():  # nobody uploads it meanwhile
            if Upload.select().where(Upload.file == digest).exists():
                return
            MediaFile.delete().where(MediaFile.digest == digest).execute()
        if place.exists():
            os.rename(place, gone)
    shutil.rmtree(gone, ignore_errors=True)  # what is left is a stray, and will be named as one
    let_others_write()


def aside() -> Path:
    """Where to move what goes."""
    return folder() / f'{GONE}{secrets.token_hex(8)}'


def clean_up(at: datetime) -> None:
    """Forget uploads that nothing has used for long, and remove files without a row and what was left half done."""
    _forget_references(at)
    is_theirs = (Post.author == Upload.user) | (User.role == 'owner') | Post.seen_by_all(at)
    unused = Upload.select(Upload.id).join(User).where(
        Upload.touched_at < at - KEPT_UNUSED,
        ~fn.EXISTS(PostFile.select(PostFile.post).join(Post).where(PostFile.digest == Upload.file, is_theirs)),
        ~fn.EXISTS(Unsaved.select(Unsaved.tab).where(Unsaved.user == Upload.user,
                                                     fn.INSTR(Unsaved.fields, Upload.file))))
    Upload.delete().where(Upload.id.in_(unused)).execute()
    limit = (at - STRAY).replace(tzinfo=UTC).timestamp()
    removal.run_all([
        partial(removal.remove_all, (path for path in folder().iterdir() if not DIGEST.fullmatch(path.name)
                                     and removal.is_older(path, limit))),
        sweep])


def sweep() -> None:
    """Remove every file that nobody has any more, and what is left of those that were being removed. Raises Unfinished
    at the end, where some could not be removed."""
    held = {digest for (digest,) in rows(Upload.select(Upload.file))}
    known = {digest for (digest,) in rows(MediaFile.select(MediaFile.digest))}
    found = {path.name for path in folder().iterdir()}
    known |= {name for name in found if DIGEST.fullmatch(name)}
    removal.run_all([*(partial(_sweep, digest) for digest in sorted(known - held)),
                     partial(removal.remove_all, (folder() / name for name in found if name.startswith(GONE)))])


def _forget_references(at: datetime) -> None:
    """Those that neither a post's text holds any more nor an older version of it."""
    current_text = Post.select(Post.id).where(Post.id == PostFile.post, fn.INSTR(Post.body, PostFile.digest))
    older = Revision.select(Revision.version).where(Revision.post == PostFile.post,
                                                    fn.INSTR(Revision.body, PostFile.digest))
    gone = list(PostFile.select().where(~fn.EXISTS(current_text), ~fn.EXISTS(older)))
    for each in gone:
        with db.atomic():  # asked again: it may stand in a text since
            if PostFile.delete().where(PostFile.post == each.post_id, PostFile.digest == each.digest,
                                       ~fn.EXISTS(current_text), ~fn.EXISTS(older)).execute():
                Upload.update(touched_at=at).where(Upload.file == each.digest).execute()
