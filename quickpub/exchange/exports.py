"""Exports: tables of views that are made in the background, announced by email, and kept for a week.

A file grows under a temporary name and is renamed when it is complete and synced, so a ready row always has a whole
file. The row says how many bytes are synced, and a job that starts again continues there. Triggers carry the end of the
job into the row.
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
from typing import Any, BinaryIO

from .. import presence, removal
from ..codes import Code
from ..db import rows
from ..jobs import claims, queue
from ..jobs.errors import is_out_of_reach
from ..mail import ledger
from ..models import CoAuthor, DailyReferrers, DailyViews, DailyVisitorCount, Export, Post, User
from ..processes import sync_folder
from ..settings import current

KEPT = timedelta(days=7)
BATCH = 20  # posts at a time: each may have a thousand days
WRITTEN_BY_TRIGGERS = {  # of migration 10, into `error`
    'Something went wrong.': Code('export.broken'),
    'It was stopped before it was finished.': Code('export.stopped'),
    'It was never finished.': Code('export.lost')}
COLUMNS = ('Day', 'Post', 'Address', 'Author', 'Views', 'Visitors', 'Came from')
# A spreadsheet would execute what begins so; before it, some leave out spaces, quotation marks and what is invisible.
FORMULA = ('=', '+', '-', '@', '−', '\t', '\r', '\n')
IGNORED = re.compile(r'^(?:[^\S\t\r\n]|["\'`´«»‘-‟‹›\u200b-\u200f\u2060\ufeff\x00-\x08])+')


def list_of(user: User, limit: int) -> list[Export]:
    """Return the newest exports of a user."""
    return list(Export.select().where(Export.user == user).order_by(Export.id.desc()).limit(limit))


def find_problem(export: Export) -> Code | None:
    """Return why an export failed, or why it is tried again, or None."""
    return WRITTEN_BY_TRIGGERS.get(export.error) or Code.from_json(export.error)


def ready_for(user: User) -> Any:
    """Return the query of the exports that this user can download."""
    return Export.select().where(Export.user == user, Export.state == 'ready')


def path_of(export: Export) -> Path:
    """Return where the file of an export is."""
    return current().data / 'exports' / export.file


def request(user: User, kind: str, at: datetime) -> Export | None:
    """Create an export that waits for its job, in the caller's transaction, and return it. Return None if one of this
    kind is being made; its job then runs at once if it waits for another try."""
    fail_lost()
    waiting = Export.get_or_none(Export.user == user, Export.kind == kind, Export.state == 'waiting')
    if waiting:
        queue.run_soon('export', waiting.id)
        return None
    return Export.create(user=user, kind=kind, file=f'{secrets.token_hex(16)}.csv', created_at=at)


def fail_lost() -> None:
    """Mark exports as failed that wait although their job is gone, as in a restored copy of the table."""
    lost = (Export.state == 'waiting') & ~queue.has_job('export', Export.id)
    if Export.select(Export.id).where(lost).exists():
        Export.update(state='failed', error=Code('export.lost').to_json()).where(lost).execute()


def write(export_id: int) -> None:
    """Write the file of an export, or the rest of it. Errors are stored in the row and raised."""
    export = _find_waiting(export_id)
    if export is None:  # it is ready, or its user is gone or suspended
        return
    if export.error:
        Export.update(error='').where(Export.id == export.id).execute()
    path = path_of(export)
    draft = path.with_name(f'{path.name}.part')
    try:
        with _open(draft, export) as file:
            _write_rows(export, file)
        draft.rename(path)
        sync_folder(path.parent)
        if not Export.select().where(Export.id == export.id).exists():  # its user was deleted meanwhile
            path.unlink(missing_ok=True)
    except Exception as error:
        if not (is_out_of_reach(error) or presence.explains(error)):
            problem = Code('export.disk_full') if _is_full(error) else Code('export.broken')
            Export.update(error=problem.to_json()).where(Export.id == export.id).execute()
        raise


def _find_waiting(export_id: int) -> Export | None:
    """Return the export if it is still to be made. That of a suspended user fails."""
    export = Export.get_or_none(Export.id == export_id, Export.state == 'waiting')
    if export is None or export.user.is_active:
        return export
    Export.update(state='failed', error=Code('export.suspended').to_json()).where(Export.id == export.id).execute()
    return None


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _open(draft: Path, export: Export) -> BinaryIO:
    """Open the file behind its last synced byte, or an empty one if it is not there."""
    if not export.bytes or not draft.exists() or draft.stat().st_size < export.bytes:
        export.bytes = export.last_post = 0
        return open(draft, 'wb')
    file = open(draft, 'r+b')  # noqa: SIM115 - the caller closes it
    file.truncate(export.bytes)
    file.seek(export.bytes)
    return file


def finish(export_id: int, at: datetime) -> list[int]:
    """Mark a written export as ready, in the caller's transaction, and return the ids of the emails to send."""
    export = _find_waiting(export_id)
    if export is None:
        return []
    Export.update(state='ready', progress=100, created_at=at).where(Export.id == export.id).execute()
    if not export.user.email or export.user.mail_trouble:
        return []
    found = ledger.compose('export', export.user.email, key=f'export:{export.id}', user=export.user,
                         subject=Code('subject.export'),
                         payload={'exports_url': f'{current().url}/studio/exports', 'days': KEPT.days})
    return [found] if found else []


def _write_rows(export: Export, file: BinaryIO) -> None:
    """Write every day of every post, from the first post that is not written yet."""
    wanted = Post.select(Post.id).order_by(Post.id)
    ids = [post_id for (post_id,) in rows(
        wanted if export.kind == 'site' else wanted.where(Post.is_by(export.user)))]
    left, stored = [post_id for post_id in ids if post_id > export.last_post], export.progress
    if not export.bytes:
        file.write(codecs.BOM_UTF8 + _csv([COLUMNS]))  # Excel needs the byte order mark
    for start in range(0, len(left), BATCH):
        percent = 100 * (len(ids) - len(left) + start) // len(ids)
        if start and percent > stored:
            stored = percent
            _sync(export, file, left[start - 1], percent)
        file.write(_csv(map(_escape_formula, row) for row in _list_days(left[start:start + BATCH])))
    file.flush()
    os.fsync(file.fileno())


def _sync(export: Export, file: BinaryIO, last_post: int, percent: int) -> None:
    """Sync what is written, then store how far it is."""
    file.flush()
    os.fsync(file.fileno())
    Export.update(bytes=file.tell(), last_post=last_post, progress=percent, error='').where(
        Export.id == export.id).execute()
    claims.report_progress(Code('export.progress', percent=percent).to_json())
    claims.clear_strikes()


def _csv(table: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline='')
    csv.writer(text).writerows(table)
    return text.getvalue().encode()


def _list_days(post_ids: list[int]) -> Iterator[tuple]:
    """Yield one row for each day of these posts, the oldest first."""
    visitors = {(post_id, day): count for post_id, day, count in rows(
        DailyVisitorCount.select().where(DailyVisitorCount.scope.in_(post_ids)))}
    hosts, co_authors = defaultdict(list), _find_co_authors(post_ids)
    for post_id, day, host, views in rows(DailyReferrers.select().where(DailyReferrers.post.in_(post_ids)).order_by(
            DailyReferrers.views.desc(), DailyReferrers.host)):
        hosts[post_id, day].append(f'{host} {views}')
    for post_id, day, views, title, slug, name in rows(
            DailyViews.select(DailyViews.post, DailyViews.day, DailyViews.views, Post.title, Post.slug, User.name)
            .join(Post).join(User).where(DailyViews.post.in_(post_ids)).order_by(DailyViews.post, DailyViews.day)):
        names = ', '.join([name, *co_authors[post_id]])
        yield (day, title, current().url + Post.path_of(slug), names, views, visitors.get((post_id, day), 0),
               ', '.join(hosts[post_id, day]))


def _find_co_authors(post_ids: list[int]) -> dict[int, list[str]]:
    """Return the names of the co-authors of these posts, in the order of the by-lines."""
    found = defaultdict(list)
    for post_id, name in rows(CoAuthor.select(CoAuthor.post, User.name).join(User).where(
            CoAuthor.post.in_(post_ids)).order_by(CoAuthor.position, CoAuthor.user)):
        found[post_id].append(name)
    return found


def _escape_formula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _is_formula(value) else value


def _is_formula(cell: str) -> bool:
    """Return whether a spreadsheet could take this text for a formula, also in wide letters (＝)."""
    return unicodedata.normalize('NFKC', IGNORED.sub('', cell)).startswith(FORMULA)


def clean_up(at: datetime) -> None:
    """Delete exports that are older than KEPT, and files without a row."""
    fail_lost()
    Export.delete().where(Export.created_at < at - KEPT, Export.state != 'waiting').execute()
    sweep()


def sweep() -> None:
    """Delete files without a row. Raises Unfinished at the end if some could not be deleted."""
    found, kept = list((current().data / 'exports').glob('*.csv*')), set()  # before the rows: one may come meanwhile
    for file, state in rows(Export.select(Export.file, Export.state)):
        kept |= {file, f'{file}.part'} if state == 'waiting' else {file}
    removal.remove_all(path for path in found if path.name not in kept)
