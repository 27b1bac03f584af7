"""Honest numbers: what is a view, recording it without a database, and counting each recorded one exactly once.

A view is one line appended to the web process's own spool file, which survives the process. `fold` adds the lines
to the counts, and moves the file's offset in the same transaction: whatever is killed when, each line counts once.
"""

import errno
import logging
import os
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from crawlerdetect import CrawlerDetect
from peewee import OperationalError, fn

from . import processes
from .db import db, is_out_of_reach
from .models import Post, SpoolOffset, User
from .settings import current

log = logging.getLogger('quickpub.stats')

NOT_READING = ('prefetch', 'prerender', 'preview')  # what browsers send in Sec-Purpose, Purpose, X-Purpose, X-Moz
AGENTS_KEPT = 2048  # verdicts on user agents; a new one costs up to half a millisecond


def is_view(method: str, headers: Mapping[str, str], post: Post, reader: User | None, at: datetime) -> bool:
    """Whether this request is a person reading this post.

    Not one: anything but GET, what browsers fetch ahead, crawlers and feed readers (a maintained list) and empty
    user agents, posts that are not public, and the post's author and the owner while logged in.
    """
    if method != 'GET' or not post.is_public(at):
        return False
    if reader is not None and (reader.is_owner or reader.id == post.author_id):
        return False
    purpose = ' '.join(headers.get(name, '') for name in ('Sec-Purpose', 'Purpose', 'X-Purpose', 'X-Moz')).lower()
    return not any(sign in purpose for sign in NOT_READING) and is_person(headers.get('User-Agent', ''))


@lru_cache(AGENTS_KEPT)
def is_person(agent: str) -> bool:
    """Whether a user agent is a person's browser, as far as its name tells."""
    return bool(agent.strip()) and not CrawlerDetect().is_crawler(agent[:512])


class Spool:
    """This process's file of recorded views: one line each, `post id, day`."""

    def __init__(self) -> None:
        self._fd = -1
        self._opening = threading.Lock()
        self._is_torn = False

    def append(self, post_id: int, day: date) -> None:
        """Record one view. One write of a whole line to a file opened for appending is never mixed with another's.

        Raises OSError on a full disk; half a line that it left is ended before the next one.
        """
        if self._fd < 0:
            self._open()
        line = f'{post_id} {day.isoformat()}\n'.encode()
        if self._is_torn:
            line = b'\n' + line
        self._is_torn = os.write(self._fd, line) < len(line)
        if self._is_torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _open(self) -> None:
        with self._opening:
            if self._fd < 0:
                self._fd = processes.lock_file(spool_folder() / f'{processes.new_name()}.views')

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


_spool = Spool()


def _after_fork() -> None:
    _spool.close()  # the parent's: its lock must not live on in the child


os.register_at_fork(after_in_child=_after_fork)


def spool_folder() -> Path:
    return current().data / 'spool'


def record(post: Post, at: datetime) -> None:
    """Record a view of this post, for the day it is in the site's time zone. Once it returns, the view survives this
    process; only a power cut may cost the last seconds. A full disk costs the view, not the page."""
    try:
        _spool.append(post.id, site_day(at))
    except OSError as error:
        log.error('A view cannot be recorded: %s', error)


def site_day(at: datetime) -> date:
    return at.replace(tzinfo=ZoneInfo('UTC')).astimezone(ZoneInfo(current().timezone)).date()


def fold() -> int:
    """Count what was recorded since the last time, once; how many views that were. Cheap when there are none."""
    # Whether the writer is dead must be asked before its file is read: nothing is appended after a "yes".
    files = [(path, not processes.is_locked(path)) for path in sorted(spool_folder().glob('*.views'))]
    known = SpoolOffset.known()
    grown = [path for path, _ in files if _size(path) > known.get(path.name, 0)]
    count = _count(grown) if grown else 0
    for path, is_dead in files:
        if is_dead:
            path.unlink(missing_ok=True)
    _forget_offsets({path.name for path, is_dead in files if not is_dead}, known)
    return count


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # counted to its end, and tidied away, by another process just now
        return 0


def fold_if_possible() -> None:
    """The same before numbers are shown: where the database cannot be written just now, they are a little old."""
    try:
        fold()
    except OperationalError as error:
        if not is_out_of_reach(error):
            raise


def _count(paths: list[Path]) -> int:
    with db.atomic():
        offsets = SpoolOffset.known()
        views: Counter[tuple[int, str]] = Counter()
        for path in paths:
            try:
                lines, end = _new_lines(path, offsets.get(path.name, 0))
            except FileNotFoundError:  # tidied away just now, as in _size
                continue
            views.update(filter(None, map(_parse, lines)))
            SpoolOffset.replace(file=path.name, bytes=end).execute()
        for (post_id, day), number in views.items():
            _add(post_id, day, number)
    return sum(views.values())


def _add(post_id: int, day: str, number: int) -> None:
    if db.execute_sql('UPDATE post SET views = views + ? WHERE id = ?', (number, post_id)).rowcount:
        db.execute_sql('INSERT INTO daily_views (post_id, day, views) VALUES (?, ?, ?) '
                       'ON CONFLICT DO UPDATE SET views = views + excluded.views', (post_id, day, number))


def _new_lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    """The whole lines from `offset` on, and where they end. A full disk can leave half a line at the end."""
    with open(path, 'rb') as file:
        file.seek(offset)
        data = file.read()
    whole = data[:data.rfind(b'\n') + 1]
    return whole.splitlines(), offset + len(whole)


def _parse(line: bytes) -> tuple[int, str] | None:
    try:
        number, day = line.decode('ascii').split(' ')
        return int(number), date.fromisoformat(day).isoformat()
    except ValueError:
        log.warning('A line of recorded views cannot be read: %r', line[:80])
        return None


def _forget_offsets(kept: set[str], known: Mapping[str, int]) -> None:
    gone = [name for name in known if name not in kept and not (spool_folder() / name).exists()]
    if gone:
        SpoolOffset.delete().where(SpoolOffset.file.in_(gone)).execute()


def totals(author: User) -> int:
    """All views of an author's posts, those recorded a second ago included."""
    fold_if_possible()
    return Post.select(fn.COALESCE(fn.SUM(Post.views), 0)).where(
        Post.author == author, Post.deleted_at.is_null()).scalar()
