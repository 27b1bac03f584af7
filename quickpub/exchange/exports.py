"""Files to take away: made in the background, told by mail when done, kept for a week.

A file grows under another name and gets its own when all of it is on the disk. Whatever is killed when, the row is
ready only where the whole file is there. The row says how much of it is on the disk for good; a job that begins again
goes on from there. How its job ends is carried into the row by triggers.
"""

import codecs
import csv
import errno
import io
import os
import re
import secrets
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from .. import presence, removal
from ..accounts.validation import SUSPENDED
from ..db import rows
from ..jobs import claims, queue
from ..jobs.errors import is_out_of_reach
from ..mail import ledger
from ..models import DailyReferrers, DailyViews, DailyVisitors, Export, Post, Site, User
from ..processes import sync_folder
from ..settings import current

KEPT = timedelta(days=7)
BATCH = 20  # posts at a time: each may have a thousand days
COLUMNS = ('Day', 'Post', 'Address', 'Author', 'Views', 'Visitors', 'Came from')
# A spreadsheet would execute what begins so; before it, some leave out spaces, quotation marks and what is invisible.
FORMULA = ('=', '+', '-', '@', '−', '\t', '\r', '\n')
IGNORED = re.compile(r'^(?:[^\S\t\r\n]|["\'`´«»‘-‟‹›\u200b-\u200f\u2060\ufeff\x00-\x08])+')


def path_of(export: Export) -> Path:
    return current().paths.exports / export.file


def ask(user: User, kind: str, at: datetime) -> int | None:
    """Note that somebody wants such a file, in the caller's transaction: its id, or None where one is being made. Then
    it is tried again at once, if it failed before."""
    fail_lost()
    waiting = Export.get_or_none(Export.user == user, Export.kind == kind, Export.state == 'waiting')
    if waiting:
        queue.run_soon('export', waiting.id)
        return None
    return Export.create(user=user, kind=kind, file=f'{secrets.token_hex(16)}.csv', created_at=at).id


def fail_lost() -> None:
    """Give up what waits although its job is gone: jobs are not in a copy of these rows alone, say."""
    lost = (Export.state == 'waiting') & ~queue.has_job('export', Export.id)
    if Export.select(Export.id).where(lost).exists():
        Export.update(state='failed', error='It was never finished.').where(lost).execute()


def write(export_id: int) -> None:
    """Write the file that this export is to have, or the rest of it. Raises what went wrong, noted in the row."""
    export = _find_waiting(export_id)
    if export is None:  # it is ready, or its person is gone or suspended
        return
    if export.error:  # of the last try
        Export.update(error='').where(Export.id == export.id).execute()
    path = path_of(export)
    draft = path.with_name(f'{path.name}.part')
    try:
        with _open(draft, export) as file:
            _numbers(export, file)
        draft.rename(path)
        sync_folder(path.parent)
        if not Export.select().where(Export.id == export.id).exists():  # its person has left meanwhile
            path.unlink(missing_ok=True)
    except Exception as error:
        if not (is_out_of_reach(error) or presence.explains(error)):
            words = 'The disk of this site is full.' if _is_full(error) else 'Something is wrong here.'
            Export.update(error=words).where(Export.id == export.id).execute()
        raise


def _find_waiting(export_id: int) -> Export | None:
    """The export, if it is still to be made. One whose person was suspended is given up."""
    export = Export.get_or_none(Export.id == export_id, Export.state == 'waiting')
    if export is None or export.user.is_active:
        return export
    Export.update(state='failed', error=SUSPENDED).where(Export.id == export.id).execute()
    return None


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _open(draft: Path, export: Export) -> BinaryIO:
    """The file as far as its row says that it is on the disk, to be written on; from its beginning where it is not."""
    if not export.bytes or not draft.exists() or draft.stat().st_size < export.bytes:
        export.bytes = export.last_post = 0
        return open(draft, 'wb')
    file = open(draft, 'r+b')  # noqa: SIM115 - the caller closes it
    file.truncate(export.bytes)
    file.seek(export.bytes)
    return file


def finish(export_id: int, at: datetime) -> list[int]:
    """Offer the file that is written, in the caller's transaction: the mail to send."""
    export = _find_waiting(export_id)
    if export is None:
        return []
    Export.update(state='ready', progress=100, created_at=at).where(Export.id == export.id).execute()
    if not export.user.email or export.user.mail_trouble:
        return []
    found = ledger.compose('export', export.user.email, key=f'export:{export.id}', user=export.user,
                         subject=f'Your numbers are ready - {Site.this().title}',
                         payload={'exports_url': f'{current().url}/studio/exports', 'days': KEPT.days})
    return [found] if found else []


def _numbers(export: Export, file: BinaryIO) -> None:
    """Write every day of every post, as a table, from the post on that comes next."""
    wanted = Post.select(Post.id).order_by(Post.id)
    ids = [post_id for (post_id,) in rows(
        wanted if export.kind == 'site' else wanted.where(Post.author == export.user_id))]
    left, told = [post_id for post_id in ids if post_id > export.last_post], export.progress
    if not export.bytes:
        file.write(codecs.BOM_UTF8 + _csv([COLUMNS]))  # with its mark, or Excel misreads it
    for start in range(0, len(left), BATCH):
        percent = 100 * (len(ids) - len(left) + start) // len(ids)
        if start and percent > told:
            told = percent
            _keep(export, file, left[start - 1], percent)
        file.write(_csv(map(_cell, row) for row in _days(left[start:start + BATCH])))
    file.flush()
    os.fsync(file.fileno())


def _keep(export: Export, file: BinaryIO, last_post: int, percent: int) -> None:
    """Put what is written on the disk for good, then say so."""
    file.flush()
    os.fsync(file.fileno())
    Export.update(bytes=file.tell(), last_post=last_post, progress=percent, error='').where(
        Export.id == export.id).execute()
    claims.report_progress(f'{percent} %')
    claims.clear_strikes()


def _csv(table: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline='')
    csv.writer(text).writerows(table)
    return text.getvalue().encode()


def _days(post_ids: list[int]) -> Iterator[tuple]:
    """One row for each day of these posts, oldest first."""
    visitors = {(post_id, day): count for post_id, day, count in rows(
        DailyVisitors.select().where(DailyVisitors.scope.in_(post_ids)))}
    hosts = defaultdict(list)
    for post_id, day, host, views in rows(DailyReferrers.select().where(DailyReferrers.post.in_(post_ids)).order_by(
            DailyReferrers.views.desc(), DailyReferrers.host)):
        hosts[post_id, day].append(f'{host} {views}')
    for post_id, day, views, title, slug, name in rows(
            DailyViews.select(DailyViews.post, DailyViews.day, DailyViews.views, Post.title, Post.slug, User.name)
            .join(Post).join(User).where(DailyViews.post.in_(post_ids)).order_by(DailyViews.post, DailyViews.day)):
        yield (day, title, current().url + Post.path_of(slug), name, views, visitors.get((post_id, day), 0),
               ', '.join(hosts[post_id, day]))


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _is_formula(value) else value


def _is_formula(cell: str) -> bool:
    """Whether a spreadsheet may take this text for a formula, wide letters (＝) for plain ones included."""
    return unicodedata.normalize('NFKC', IGNORED.sub('', cell)).startswith(FORMULA)


def clean_up(at: datetime) -> None:
    """Delete files that were kept long enough, and what is nobody's any more."""
    fail_lost()
    Export.delete().where(Export.created_at < at - KEPT, Export.state != 'waiting').execute()
    sweep()


def sweep() -> None:
    """Delete files that no row speaks of any more. Raises Unfinished at the end, where some could not be deleted."""
    found, kept = list((current().paths.exports).glob('*.csv*')), set()  # before the rows: one may come meanwhile
    for file, state in rows(Export.select(Export.file, Export.state)):
        kept |= {file, f'{file}.part'} if state == 'waiting' else {file}
    removal.remove_all(path for path in found if path.name not in kept)
