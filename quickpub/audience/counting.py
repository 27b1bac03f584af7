"""Honest numbers: what is a view, who is a visitor, and counting each recorded view exactly once.

A view is one line in the web process's spool file. `fold` adds the lines to the counts, and moves the file's offset in
the same transaction: whatever is killed when, each line counts once. How people are told apart for a day without
knowing who they are stands in PRIVACY.md.

One network is counted for a post and day up to a cap, so that nobody inflates the numbers with a program. It is applied
when the lines are added: whichever web process recorded them, and whenever they are counted, the sum is the same.
"""

import json
import logging
import re
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from peewee import OperationalError

from .. import dates, networks, removal
from ..db import among, db, now, rows
from ..jobs.errors import is_out_of_reach, is_transient
from ..models import DayKey, Post, RecentDay, RecentViews, SpoolOffset, User
from ..networks import is_loopback
from ..settings import current
from . import spool, user_agents

log = logging.getLogger('quickpub.stats')

# Where browsers say they fetch ahead.
SEC_PURPOSE, PURPOSE, X_PURPOSE, X_MOZ = 'HTTP_SEC_PURPOSE', 'HTTP_PURPOSE', 'HTTP_X_PURPOSE', 'HTTP_X_MOZ'
NOT_READING = ('prefetch', 'prerender', 'preview')
PAGE = re.compile(r'text/(?:html|\*)|application/xhtml|\*/\*', re.IGNORECASE)  # what Accept says where pages are wanted
KEPT = 2048  # verdicts on user agents and referrers; a new one costs up to half a millisecond
LONGEST = 512  # characters of either that are looked at, and kept with the verdict
HOST = re.compile(r'(?=.{1,100}$)[a-z0-9_-]+(\.[a-z0-9_-]+)+')
HOSTS_A_DAY = 50  # of one post; a stranger can claim to come from anywhere, and the others count as one
OTHERS = 'others'
CAP = 300  # views of a post, and visitors, that one network is counted for on a day (PRIVACY.md)
KEY_AGAIN = 5  # seconds until the next try to make a day's key, where the database could not be written
SPANS = (7, 30, 90)  # days of which each post's views are kept summed
SITE = 0  # the scope of the whole site; a post's is its id, an author's is the negative of theirs


# What is a view

def is_reading(environ: Mapping[str, Any]) -> bool:
    """Whether this request (a WSGI environ) is a person reading.

    Not one: anything but GET, programs (agents.py, and what they say of themselves in other headers), what browsers
    fetch ahead, a part of a page (Range), and a page that another one asks for as its picture, in its frame or by a
    script, where the browser says so.
    """
    header = environ.get
    if environ['REQUEST_METHOD'] != 'GET' or not is_person(header('HTTP_USER_AGENT', '')[:LONGEST]):
        return False
    # Newer browsers say by HTTPS what they fetch, and how.
    fetched, how = header('HTTP_SEC_FETCH_DEST', 'document'), header('HTTP_SEC_FETCH_MODE', 'navigate')
    if fetched != 'document' or how != 'navigate':
        return False
    # No browser names somebody to write to, or signs as a program (Web Bot Auth).
    if 'HTTP_RANGE' in environ or 'HTTP_FROM' in environ or 'HTTP_SIGNATURE_AGENT' in environ:
        return False
    if not wants_page(header('HTTP_ACCEPT', '')[:LONGEST]):
        return False
    if header('HTTP_X_REQUESTED_WITH', '').lower() == 'xmlhttprequest':  # Android's browsers name an app there
        return False
    ahead = header(SEC_PURPOSE, '') + header(PURPOSE, '') + header(X_PURPOSE, '') + header(X_MOZ, '')
    return not ahead or not any(sign in ahead.lower() for sign in NOT_READING)


def counts_for(reader: User | None, post: Post) -> bool:
    """Whether this reader's views count: not those of the post's author, nor of the owner."""
    return reader is None or not (reader.is_owner or reader.id == post.author_id)


@lru_cache(KEPT)
def wants_page(accept: str) -> bool:
    """Whether an Accept header takes a page; none takes anything."""
    return not accept or bool(PAGE.search(accept))


@lru_cache(KEPT)
def is_person(agent: str) -> bool:
    """Whether a user agent is a person's browser, as far as its name tells."""
    return user_agents.is_browser(agent)


@lru_cache(KEPT)
def family_of(agent: str) -> str:
    """Return the browser and the system of a user agent, as people are told apart by."""
    return user_agents.family_of(agent)


@lru_cache(KEPT)
def host_of(referrer: str) -> str:
    """The host that a Referer header names, without "www."; '' for none, nonsense, and this site itself."""
    try:
        host = (urlsplit(referrer).hostname or '').removeprefix('www.')
    except ValueError:
        return ''
    is_own = host == (current().url_parts.hostname or '').removeprefix('www.')
    is_own = is_own or current().is_local and is_loopback(host)
    return host if HOST.fullmatch(host) and not is_own else ''


def visitor(address: str, agent: str, day: date) -> str:
    """Return a name for whoever comes from this address with this kind of browser on this day: `network.person`, or
    only `person` where no address is known. It does not tell the address, nor whether it is the same person or network
    as on another day. '' where there is no key for the day, and none can be made."""
    key = _key(day)
    return _visitor(address, agent[:LONGEST], key) if key else ''


@lru_cache(KEPT)  # people read several pages; forgotten with the key
def _visitor(address: str, agent: str, key: bytes) -> str:
    network = networks.network(address)
    person = _hashed(f'{networks.client(address)}\0{family_of(agent)}', key, 8)
    return f'{_hashed(network, key, 6)}.{person}' if network else person


def _hashed(text: str, key: bytes, size: int) -> str:
    return blake2b(text.encode('utf-8', 'replace'), key=key, digest_size=size).hexdigest()


_keys: dict[tuple[str, date], bytes] = {}  # of one site and one day
_try_again = 0.0  # monotonic time before which nobody waits for the database to make one


def _key(day: date) -> bytes | None:
    """The random key of the day, made by whoever needs it first, shared by all processes, deleted after two days."""
    global _keys, _try_again
    found = _keys.get((db.database, day))
    if found or time.monotonic() < _try_again:
        return found
    is_ours = False
    try:
        is_ours = db.connect(reuse_if_open=True)
        DayKey.insert(day=day, key=secrets.token_bytes(32)).on_conflict_ignore().execute()
        found = bytes(DayKey.get_by_id(day).key)
    except OperationalError as error:
        if not is_out_of_reach(error):
            raise
        _try_again = time.monotonic() + KEY_AGAIN
        return None
    finally:
        if is_ours:
            db.close()
    _visitor.cache_clear()
    _keys = {(db.database, day): found}  # a new one: another thread may be looking at the old one
    return found


def is_ready(at: datetime) -> bool:
    """Whether recording a view waits for nothing: the day's key is known, or cannot be had just now."""
    return (db.database, site_day(at)) in _keys or time.monotonic() < _try_again


def site_day(at: datetime) -> date:
    """The day it is at `at` (UTC without a zone) in the site's time zone. Each view asks twice: within a minute the day
    does not change."""
    global _minute
    begins, ends, zone, day = _minute
    if not (begins <= at < ends and zone == current().timezone):
        begins, zone = at.replace(second=0, microsecond=0), current().timezone
        day = dates.at(begins, zone).date()
        _minute = begins, begins + timedelta(minutes=1), zone, day
    return day


_minute = datetime.max, datetime.max, '', date.max  # the last one asked for: from, until, time zone, day


def record(post_id: int, at: datetime, address: str = '', agent: str = '', referrer: str = '') -> None:
    """Record a view of this post. Once it returns, the view survives this process. A full disk costs the view, not
    the page."""
    global _lost
    day = site_day(at)
    line = f'{post_id} {day} {visitor(address, agent, day) or "-"} {host_of(referrer[:LONGEST]) or "-"}\n'
    try:
        spool.mine.append(line.encode())
    except OSError as error:
        _lost += 1
        if _lost == 1:  # not a line for each: the log may be on the same disk
            log.error('Views cannot be recorded: %s', error)
    else:
        if _lost:
            log.error('Views are recorded again; %d were not', _lost)
            _lost = 0


_lost = 0  # views, since recording them has failed


# Counting

class View(NamedTuple):
    post_id: int
    day: str
    visitor: str
    host: str

    @property
    def network(self) -> str:
        """The network that the view came from, under its name of that day; '' where it is not known."""
        network, is_known, _ = self.visitor.partition('.')
        return network if is_known else ''


def fold() -> int:
    """Count what was recorded since the last time, once; how many views that were. Cheap when there are none."""
    _turn_the_day(site_day(now()))
    files, known = spool.files(), _offsets()
    count = 0
    while grown := [path for path, _ in files if spool.size(path) > known.get(path.name, 0)]:
        offsets, views = _count(grown)
        count += views
        if offsets == known:  # half a line: its other half is being written, or never will be
            break
        known = offsets
    complete = [path for path, is_complete in files if is_complete]
    for path in complete:
        _each_for_itself(path.unlink, missing_ok=True)
    _forget_offsets([path.name for path in complete if path.name in known])
    return count


def _turn_the_day(today: date) -> None:
    """Take the days that leave it from each sum of the last days; or make them all anew where the clock was ahead."""
    if RecentDay.get().today == today:
        return
    with db.atomic():
        before = RecentDay.get().today  # another process may have done it
        if before > today:
            _add_up_anew(today)
        for days in SPANS if before < today else ():
            old, new = (day - timedelta(days=days - 1) for day in (before, today))
            db.execute_sql(
                f'UPDATE recent_views SET days_{days} = days_{days} - gone.views FROM (SELECT post_id, sum(views) '
                'AS views FROM daily_views WHERE day >= ? AND day < ? GROUP BY post_id) AS gone '
                'WHERE recent_views.post_id = gone.post_id', (str(old), str(new)))
        RecentViews.delete().where(RecentViews.days_90 == 0).execute()
        RecentDay.update(today=today).execute()


def _add_up_anew(today: date) -> None:
    RecentViews.delete().execute()
    sums = ', '.join(f"sum(iif(day > date(?, '-{days} days'), daily_views.views, 0))" for days in SPANS)
    db.execute_sql(f'INSERT INTO recent_views (author_id, post_id, {", ".join(f"days_{days}" for days in SPANS)}) '
                   f'SELECT author_id, post_id, {sums} FROM daily_views JOIN post ON id = post_id '
                   f"WHERE day > date(?, '-{max(SPANS)} days') GROUP BY 1, 2", (str(today),) * (len(SPANS) + 1))


def fold_if_possible() -> None:
    """The same before numbers are shown: where the database cannot be written just now, they are a little old."""
    try:
        fold()
    except Exception as error:
        if not is_transient(error):
            raise


def _count(paths: list[Path]) -> tuple[dict[str, int], int]:
    """Count a chunk of each file in one transaction: the offsets of all files after it, and how many views it was."""
    with db.atomic():
        offsets = _offsets()
        views: list[View] = []
        for path in paths:
            lines, end = _each_for_itself(spool.lines, path, offsets.get(path.name, 0)) or ([], 0)
            views += _views_in(lines)
            if lines:
                offsets[path.name] = end
                SpoolOffset.replace(file=path.name, bytes=end).execute()
        read = {view.post_id for view in views}
        authors = dict(rows(Post.select(Post.id, Post.author).where(Post.id.in_(among(read)))))
        _add(_within_cap([view for view in views if view.post_id in authors]), authors)
    return offsets, len(views)


def _within_cap(views: list[View]) -> list[View]:
    """Return the views that count: of each network the first CAP of a post and day. How many did is written down, in
    the caller's transaction."""
    wanted = Counter((view.post_id, view.day, view.network) for view in views if view.network)
    counted = {(post_id, day, network): count for post_id, day, network, count in db.execute_sql(
        'SELECT post_id, client_views.day, network, views FROM json_each(?) AS asked CROSS JOIN client_views '
        "ON post_id = json_extract(asked.value, '$[0]') AND client_views.day = json_extract(asked.value, '$[1]') "
        "AND network = json_extract(asked.value, '$[2]')",
        (json.dumps(list(wanted)),))} if wanted else {}
    kept, added = [], Counter[tuple[int, str, str]]()
    for view in views:
        key = view.post_id, view.day, view.network
        if not view.network or counted.get(key, 0) + added[key] < CAP:
            kept.append(view)
            added[key] += bool(view.network)
    _each('INSERT INTO client_views (post_id, day, network, views) VALUES (?, ?, ?, ?) '
          'ON CONFLICT DO UPDATE SET views = views + excluded.views',
          ((*key, count) for key, count in added.items() if count))
    return kept


def _add(views: list[View], authors: dict[int, int]) -> None:
    counted = Counter((view.post_id, view.day) for view in views)
    _each('UPDATE post SET views = views + ? WHERE id = ?', ((count, post) for (post, _), count in counted.items()))
    _each('INSERT INTO daily_views (post_id, day, views) VALUES (?, ?, ?) '
          'ON CONFLICT DO UPDATE SET views = views + excluded.views', ((*key, count) for key, count in counted.items()))
    _add_visitors(views, authors)
    _add_referrers(views)


def _each(sql: str, values: Iterable[tuple]) -> int:
    """One statement with each of these values in turn; how many rows it changed."""
    return db.connection().executemany(sql, values).rowcount


def _add_visitors(views: list[View], authors: dict[int, int]) -> None:
    """Who came for the first time on that day: to the post, to any post of its author, to the site."""
    people = defaultdict(set)
    for view in views:
        if view.visitor:
            for scope in (view.post_id, -authors[view.post_id], SITE):
                people[view.day, scope].add(view.visitor)
    for (day, scope), names in people.items():
        new = _each(SEE, ((day, scope, name, day, scope, *_names_of_network(name), CAP) for name in sorted(names)))
        if new:
            db.execute_sql('INSERT INTO daily_visitors (scope, day, visitors) VALUES (?, ?, ?) ON CONFLICT '
                           'DO UPDATE SET visitors = visitors + excluded.visitors', (scope, day, new))


SEE = ('INSERT OR IGNORE INTO seen (day, scope, visitor) SELECT ?, ?, ? WHERE (SELECT count(*) FROM seen '
       'WHERE day = ? AND scope = ? AND visitor >= ? AND visitor < ?) < ?')


def _names_of_network(visitor: str) -> tuple[str, str]:
    """Return between which two the names of all visitors from the same network lie; none, where it is not known."""
    network, is_known, _ = visitor.partition('.')
    return (f'{network}.', f'{network}/') if is_known else ('', '')


def _add_referrers(views: list[View]) -> None:
    counted = Counter((view.post_id, view.day, view.host) for view in views if view.host)
    for (post_id, day, host), count in counted.items():
        known = {name for (name,) in db.execute_sql('SELECT host FROM daily_referrers WHERE post_id = ? AND day = ?',
                                                    (post_id, day))}
        host = host if host in known or len(known) < HOSTS_A_DAY else OTHERS
        db.execute_sql('INSERT INTO daily_referrers (post_id, day, host, views) VALUES (?, ?, ?, ?) '
                       'ON CONFLICT DO UPDATE SET views = views + excluded.views', (post_id, day, host, count))


def _each_for_itself(act: Callable, *args: Any, **options: Any) -> Any:
    """Do something with one spool file. One that is of no use, such as another user's, does not keep the others: then
    None, and the log says so once."""
    try:
        return act(*args, **options)
    except OSError as error:
        if is_transient(error):
            raise
        if error.filename not in _useless:
            _useless.add(error.filename)
            log.error('A file of recorded views is of no use: %s', error)
    return None


_useless: set[str] = set()  # spool files that the log has named


def _views_in(lines: list[bytes]) -> list[View]:
    """The views that these lines record; the log says what cannot be read, once for all of them."""
    found = [_parse(line) for line in lines]
    if wrong := [line for line, view in zip(lines, found, strict=True) if view is None]:
        log.warning('%d lines of recorded views cannot be read, such as %r', len(wrong), wrong[0][:80])
    return [view for view in found if view]


def _parse(line: bytes) -> View | None:
    try:
        number, day, *rest = line.decode('ascii').split(' ')
        visitor, host = ('' if each == '-' else each for each in (rest or ['-', '-']))
        if not 0 < int(number) < 2**63:
            return None
        return View(int(number), date.fromisoformat(day).isoformat(), visitor, host)
    except ValueError:
        return None


def _offsets() -> dict[str, int]:
    """Name of each spool file -> how many bytes of it are counted."""
    return dict(rows(SpoolOffset.select(SpoolOffset.file, SpoolOffset.bytes)))


def _forget_offsets(gone: list[str]) -> None:
    """Of files that were counted to their end and removed. Of one that has vanished it is kept: its process may still
    have what it held."""
    if gone:
        SpoolOffset.delete().where(SpoolOffset.file.in_(among(gone))).execute()


def clean_up(at: datetime) -> None:
    """Forget who was here before yesterday: the keys, and the names made with them. Only the numbers stay."""
    if spool.folder().is_dir():
        _forget_offsets([name for name in _offsets() if not (spool.folder() / name).exists()])
    today = site_day(at)
    kept = today - timedelta(days=1), today + timedelta(days=1)  # later days are those of a clock that was ahead
    DayKey.delete().where(~DayKey.day.between(*kept)).execute()
    for table in ('seen', 'client_views'):
        db.execute_sql(f'DELETE FROM {table} WHERE day NOT BETWEEN ? AND ?', tuple(map(str, kept)))
    removal.run_all(partial(spool.blank, spool.folder() / name, end) for name, end in _offsets().items())


# Tables of days: what tells the rows of one day apart, and what is counted.
DAILY = {'daily_views': ('post_id', 'views'), 'daily_visitors': ('scope', 'visitors'),
         'daily_referrers': ('post_id, host', 'views')}


def put_right(at: datetime) -> None:
    """Move what was counted on days to come to today: the clock was ahead when it was recorded."""
    today = site_day(at)
    limit = str(today + timedelta(days=1))  # which has begun for somebody else
    if not any(db.execute_sql(f'SELECT 1 FROM {table} WHERE day > ? LIMIT 1', (limit,)).fetchone() for table in DAILY):
        return
    with db.atomic():
        db.execute_sql(  # a trigger is about to count them once more
            'UPDATE known_host SET views = known_host.views - moved.views FROM (SELECT author_id, host, '
            'sum(daily_referrers.views) AS views FROM daily_referrers JOIN post ON post.id = post_id WHERE day > ? '
            'GROUP BY 1, 2) AS moved WHERE (known_host.author_id, known_host.host) = (moved.author_id, moved.host)',
            (limit,))
        for table, (what, count) in DAILY.items():
            moved = db.execute_sql(f'SELECT ?, {what}, sum({count}) FROM {table} WHERE day > ? GROUP BY {what}',
                                   (str(today), limit)).fetchall()
            places = ', '.join('?' * (3 + what.count(',')))
            _each(f'INSERT INTO {table} (day, {what}, {count}) VALUES ({places}) '
                  f'ON CONFLICT DO UPDATE SET {count} = {count} + excluded.{count}', moved)
        for table in (*DAILY, 'daily_totals', 'daily_hosts'):
            db.execute_sql(f'DELETE FROM {table} WHERE day > ?', (limit,))
        _add_up_anew(today)
