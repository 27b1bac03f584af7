"""Files to take away: made in the background, told by mail when done, kept for a week.

A file grows under another name and gets its own when all of it is on the disk. Whatever is killed when, the row is
ready only where the whole file is there; a job that begins again begins the file again.
"""

import csv
import os
import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from . import jobs, mail, presence
from .db import is_out_of_reach, rows
from .models import DailyReferrers, DailyViews, DailyVisitors, Export, Post, Site, User
from .processes import hand_over, sync_folder
from .settings import current

KEPT = timedelta(days=7)
LOST_AFTER = timedelta(hours=1)
BATCH = 20  # posts at a time: each may have a thousand days
COLUMNS = ('Day', 'Post', 'Address', 'Author', 'Views', 'Visitors', 'Came from')
FORMULA = ('=', '+', '-', '@', '\t', '\r')  # a spreadsheet would execute what begins so


def path_of(export: Export) -> Path:
    return current().data / 'exports' / export.file


def ask(user: User, kind: str, at: datetime) -> int | None:
    """Note that somebody wants such a file, in the caller's transaction: its id, or None where one is being made. What
    has waited for an hour is lost, as where an operator threw its job away."""
    waiting = (Export.user == user) & (Export.kind == kind) & (Export.state == 'waiting')
    if Export.select().where(waiting, Export.created_at > at - LOST_AFTER).exists():
        return None
    Export.update(state='failed', error='It was never finished.').where(waiting).execute()
    return Export.create(user=user, kind=kind, file=f'{secrets.token_hex(16)}.csv', created_at=at).id


def write(export_id: int) -> None:
    """Write the file that this export is to have. Raises what went wrong; its person is told, and may ask again."""
    export = Export.get_or_none(Export.id == export_id, Export.state == 'waiting')
    if export is None:  # it is ready, or its person is gone
        return
    path = path_of(export)
    draft = path.with_name(f'{path.name}.part')
    try:
        with open(draft, 'w', encoding='utf-8-sig', newline='') as file:  # with its mark, or Excel misreads it
            hand_over(file.fileno(), path.parent)
            _numbers(export, file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        sync_folder(path.parent)
    except Exception as error:
        with suppress(OSError):  # such as NotADirectoryError: then there is none
            draft.unlink()
        if not (is_out_of_reach(error) or presence.explains(error)):
            words = 'The disk of this site is full.' if isinstance(error, OSError) else 'Something is wrong here.'
            Export.update(state='failed', error=words).where(Export.id == export.id).execute()
        raise


def finish(export_id: int, at: datetime) -> list[int]:
    """Offer the file that is written, in the caller's transaction: the mail to send."""
    export = Export.get_or_none(Export.id == export_id, Export.state == 'waiting')
    if export is None:
        return []
    Export.update(state='ready', progress=100, created_at=at).where(Export.id == export.id).execute()
    if not export.user.email or export.user.mail_trouble:
        return []
    found = mail.compose('export', export.user.email, key=f'export:{export.id}', user=export.user,
                         subject=f'Your numbers are ready - {Site.this().title}',
                         payload={'exports_url': f'{current().url}/studio/exports', 'days': KEPT.days})
    return [found] if found else []


def _numbers(export: Export, file: TextIO) -> None:
    """Every day of every post, as a table."""
    wanted = Post.select(Post.id).order_by(Post.id)
    ids = [post_id for (post_id,) in rows(
        wanted if export.kind == 'site' else wanted.where(Post.author == export.user_id))]
    table, told = csv.writer(file), 0
    table.writerow(COLUMNS)
    for start in range(0, len(ids), BATCH):
        table.writerows(map(_cell, row) for row in _days(ids[start:start + BATCH]))
        if (percent := 100 * start // len(ids)) > told:
            told = percent
            Export.update(progress=told).where(Export.id == export.id).execute()
            jobs.tell(f'{told} %')


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
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def clean_up(at: datetime) -> None:
    """Delete files that were kept long enough, and what is nobody's any more."""
    Export.delete().where(Export.created_at < at - KEPT).execute()
    kept = {file for (file,) in rows(Export.select(Export.file))}
    for path in (current().data / 'exports').glob('*.csv*'):
        if path.name.removesuffix('.part') not in kept:
            path.unlink(missing_ok=True)
