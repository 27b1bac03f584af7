"""Public pages, rendered once and kept in this process's memory until a commit changes what readers see.

For each request, `PRAGMA data_version` (microseconds) says whether anybody has committed anything, and only then one
row says whether readers see a difference. The triggers named content_* in schema.sql count up that row, so a new table
that public pages show needs one. The settings that an owner has changed are read again then. A scheduled post that
comes due ends all pages too, and nothing else does. When the cache is full, the page that was requested longest ago
goes first.
"""

import gzip
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import brotli
from peewee import OperationalError

from .. import site_settings
from ..settings import Settings
from ..watch import CommitWatch

log = logging.getLogger('quickpub.pagecache')

LIMIT = 16 * 1024 * 1024  # bytes of all cached pages, in all their encodings
BESIDES = 10 * 1024  # bytes that a page takes beside its bodies, for the headers
# Pages with another query are never kept.
QUERY = re.compile(r'(before=\d{1,18}|v=[0-9a-f]{12}(-\d{1,3}-[a-z]{1,20})?)?')
WORTH_PACKING = re.compile(r'text/|application/((atom|feed|manifest)\+)?(xml|json)|image/svg')
CONDITIONS = frozenset(('HTTP_IF_NONE_MATCH', 'HTTP_IF_MODIFIED_SINCE'))
SMALL = 300  # bytes, below which packing gains nothing
DUE = 'SELECT min(published_at) FROM post WHERE published_at > ? AND deleted_at IS NULL'
NEWEST = 'SELECT max(published_at) FROM post WHERE published_at <= ? AND deleted_at IS NULL'

Headers = list[tuple[str, str]]


def raw_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI wants them."""
    return [(name.lower().encode('latin-1'), value.encode('latin-1')) for name, value in headers]


class Variant(NamedTuple):
    """A page in one encoding."""
    etag: str
    answer: tuple[str, Headers, bytes]  # status, headers (the last one is Last-Modified) and body, for most requests
    events: tuple[dict[str, Any], dict[str, Any]]  # the same as ASGI wants it


@dataclass(slots=True)
class Page:
    """An answer that is the same for everybody, ready to be sent in each encoding."""
    variants: dict[str, Variant]
    codings: tuple[str, ...]
    unchanged: Headers  # what a 304 says, too (RFC 9110, 15.4.5)
    modified: int  # seconds since 1970
    view_of: int | None  # the post that is read with it

    @classmethod
    def of(cls, body: bytes, headers: Headers, modified: int, view_of: int | None) -> 'Page':
        names = {name.lower(): value for name, value in headers}
        bodies = {'': body}
        if len(body) > SMALL and WORTH_PACKING.match(names.get('content-type', '')):
            bodies['gzip'] = gzip.compress(body, 6, mtime=0)
            bodies['br'] = brotli.compress(body, quality=5)
        digest = sha256(body).hexdigest()[:20]
        common = [*(each for each in headers if each[0].lower() not in ('content-length', 'vary')),
                  ('Vary', 'Accept-Encoding, Cookie')]
        raw_common = raw_headers(common)
        variants = {}
        for coding, packed in bodies.items():
            etag = f'"{digest}-{coding}"' if coding else f'"{digest}"'
            own = [*([('Content-Encoding', coding)] if coding else []), ('ETag', etag),
                   ('Content-Length', str(len(packed))), ('Last-Modified', formatdate(modified, usegmt=True))]
            start = {'type': 'http.response.start', 'status': 200, 'headers': [*raw_common, *raw_headers(own)]}
            variants[coding] = Variant(etag, ('200 OK', [*common, *own], packed),
                                       (start, {'type': 'http.response.body', 'body': packed}))
        unchanged = [each for each in common if each[0].lower() != 'content-type']
        return cls(variants, tuple(variants), unchanged, modified, view_of)

    @property
    def size(self) -> int:
        """Return how many bytes of memory the page takes."""
        return BESIDES + sum(len(variant.answer[2]) for variant in self.variants.values())

    def answer(self, environ: Mapping[str, Any]) -> tuple[str, Headers, bytes]:
        """Status, headers and body for this request (a WSGI environ)."""
        accepted = environ.get('HTTP_ACCEPT_ENCODING')
        variant = self.variants[coding_for(accepted[:200], self.codings) if accepted else '']
        is_past = self.modified <= time.time()  # a date from the future would be invalid (RFC 9110, 8.8.2.1)
        if is_past and environ['REQUEST_METHOD'] == 'GET' and CONDITIONS.isdisjoint(environ):
            return variant.answer
        status, [*headers, date], body = variant.answer
        dated = [date] if is_past else []
        if self._is_known(environ):
            return '304 Not Modified', [*self.unchanged, ('ETag', variant.etag), *dated], b''
        return status, headers + dated, body if environ['REQUEST_METHOD'] != 'HEAD' else b''

    def _is_known(self, environ: Mapping[str, Any]) -> bool:
        """Return whether the client has it already (RFC 9110, 13.1: the date counts only where no ETag is sent)."""
        if (tags := environ.get('HTTP_IF_NONE_MATCH')) is not None:
            known = {tag.strip().removeprefix('W/') for tag in tags.split(',')}
            return '*' in known or any(variant.etag in known for variant in self.variants.values())
        since = environ.get('HTTP_IF_MODIFIED_SINCE')
        return since is not None and self.modified <= _seconds(since[:40])


def _moment(stored: str | None) -> datetime | None:
    """Return a time as it is stored, or None, also for what only a hand can have written into the database."""
    try:
        return datetime.fromisoformat(stored) if stored else None
    except ValueError:
        return None


@lru_cache(256)
def _seconds(date: str) -> float:
    try:
        return parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return 0


@lru_cache(256)
def coding_for(accepted: str, offered: tuple[str, ...]) -> str:
    """Return the best of the offered codings that an Accept-Encoding header accepts (RFC 9110, 12.5.3); '' means
    uncompressed."""
    weights = {}
    for part in accepted.lower().split(','):
        name, _, parameter = part.partition(';')
        try:
            weights[name.strip()] = float(parameter.strip().removeprefix('q=') or 1)
        except ValueError:
            continue
    best = max((coding for coding in ('br', 'gzip') if coding in offered),
               key=lambda coding: weights.get(coding, weights.get('*', 0)), default='')
    return best if best and weights.get(best, weights.get('*', 0)) > 0 else ''


class Generation:
    """The pages of one version of the site. Whoever began to make one when the version was another keeps it there,
    where nobody finds it any more."""

    def __init__(self, modified: int = 0):
        self.modified = modified
        self._pages: OrderedDict[tuple[str, str], Page] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._turns: dict[tuple[str, str], threading.Lock] = {}

    def find(self, key: tuple[str, str]) -> Page | None:
        page = self._pages.get(key)
        if page is not None:
            try:  # noqa: SIM105 - each request comes by here
                self._pages.move_to_end(key)
            except KeyError:  # it has had to go meanwhile
                pass
        return page

    def keep(self, key: tuple[str, str], page: Page) -> None:
        with self._lock:
            if key in self._pages or page.size > LIMIT // 4:
                return
            self._pages[key] = page
            self._size += page.size
            while self._size > LIMIT:
                self._size -= self._pages.popitem(last=False)[1].size

    @contextmanager
    def making(self, key: tuple[str, str]) -> Iterator[None]:
        """One at a time makes this page. Right after a change many ask for it at once: they wait, and find it made."""
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            try:
                yield
            finally:
                with self._lock:
                    self._turns.pop(key, None)


class PageCache:
    def __init__(self, settings: Settings):
        self._watch = CommitWatch.of(settings)
        self._data_version, self._version = (-1, -1), -1
        self._due: datetime | None = None  # when the next scheduled post is public
        self._newest: datetime | None = None  # since when the newest one is: not earlier, where a clock is put back
        self._generation = Generation()
        self._lock = threading.Lock()
        self._is_blind = False

    def generation(self, at: datetime) -> Generation:
        """The pages that are right at this moment; none where the database cannot tell just now."""
        try:
            if self._watch.data_version() != self._data_version or self._is_due(at) or self._is_too_early(at):
                with self._lock:
                    self._refresh(at)
        except OperationalError as error:
            if not self._is_blind:  # not a line for each request
                log.warning('Pages are made anew for each request: %s', error)
            self._is_blind = True
            return Generation(self._generation.modified)
        self._is_blind = False
        return self._generation

    def _is_due(self, at: datetime) -> bool:
        return self._due is not None and at >= self._due

    def _is_too_early(self, at: datetime) -> bool:
        return self._newest is not None and at < self._newest

    def _refresh(self, at: datetime) -> None:
        data_version = self._watch.data_version()  # before what it stands for is read: never the other way round
        version = self._watch.ask('SELECT version FROM content')
        if version != self._version:
            site_settings.refresh(self._watch.ask)
        if version != self._version or self._is_due(at) or self._is_too_early(at):
            came_due = int(self._due.replace(tzinfo=UTC).timestamp()) + 1 if self._due and self._is_due(at) else 0
            self._due, self._newest = (_moment(self._watch.ask(sql, str(at))) for sql in (DUE, NEWEST))
            self._generation = Generation(max(version, came_due, self._generation.modified))
        self._data_version, self._version = data_version, version


def key_of(environ: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the cache key of this request, or None if the answer depends on who asks."""
    query = environ.get('QUERY_STRING', '')
    if environ['REQUEST_METHOD'] not in ('GET', 'HEAD') or query and not QUERY.fullmatch(query):
        return None
    return environ.get('PATH_INFO', ''), query
