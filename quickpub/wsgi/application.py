"""The WSGI application around Bottle's: everything that happens before a page's code runs, or instead of it."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple

from peewee import DatabaseError

from .. import presence
from ..audience import recording, views, visitors
from ..codes import Code
from ..db import db, now
from ..jobs.errors import is_out_of_reach
from ..settings import Settings
from ..translations import languages
from ..upkeep import health
from . import notices
from .authentication import SESSION, client_address
from .bodies import Incoming, Outgoing
from .error_pages import bare_page, bare_policy
from .guards import is_our_host, security_headers
from .pagecache import CONDITIONS, Generation, Headers, Page, PageCache, Variant, coding_for, key_of
from .request_body import Problem, take_body

log = logging.getLogger('quickpub.web')

HTML = 'text/html; charset=utf-8'

Answer = tuple[str, Headers, bytes | Outgoing]  # status, headers, the whole body


class Reader(NamedTuple):
    """All that a cached page depends on of a request's headers and address."""
    accepted: str  # codings
    is_counted: bool
    address: str
    agent: str
    referrer: str


class Moment(NamedTuple):
    """The pages that are right at a moment, for all requests that have arrived before it."""
    pages: Generation | None
    reading: recording.Recording
    seconds: float  # since 1970


class Application:
    """Send cached pages from memory. For all other requests, read the whole body, then open a database connection for
    the whole request, including its error page. Add the security headers.

    Views are recorded here, because most of them are of cached pages.
    """

    def __init__(self, app: Callable, settings: Settings):
        self._app = app
        self._settings = settings
        self.security_headers = security_headers(settings)
        self._is_our_host = lru_cache(256)(partial(is_our_host, settings=settings))
        self._prefix = settings.path_prefix
        self._cache = PageCache(settings)
        self._folder = settings.paths.media
        self._is_failing = False
        self.language = languages.find(languages.SOURCE)  # the site's, as far as a page has shown it

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        moment = self.look()
        found = self.from_memory(environ, moment)
        moment.reading.write()
        status, headers, body = found or self.answer(environ)
        start_response(status, list(headers))
        return body.chunks() if isinstance(body, Outgoing) else [body]

    def look(self) -> Moment:
        """Find out which pages are right at this moment. Takes microseconds and never waits."""
        presence.check_if_due()
        at = now()
        pages = self._cache.generation(at) if visitors.is_ready(at) else None
        return Moment(pages, recording.Recording(at), time.time())

    def find_reader(self, environ: dict[str, Any]) -> Reader | None:
        """Return what a cached page needs to know of this request's headers and address, the same for each of their
        client's requests. None if they ask for more than a whole page for anybody."""
        if self._prefix or not CONDITIONS.isdisjoint(environ):
            return None
        if not (self._is_for_this_site(environ | {'PATH_INFO': ''}) and _is_cacheable(environ | {'PATH_INFO': ''})):
            return None
        return Reader(environ.get('HTTP_ACCEPT_ENCODING', '')[:200], views.is_view(environ), client_address(environ),
                      environ.get('HTTP_USER_AGENT', ''), environ.get('HTTP_REFERER', ''))

    def find_page(self, key: tuple[str, str], reader: Reader, moment: Moment) -> Variant | None:
        """Return the cached page for a reader who asks for it by GET, and note the view: `from_memory` in short."""
        page = moment.pages.find(key) if moment.pages else None
        if page is None or page.modified > moment.seconds:
            return None
        if page.view_of and reader.is_counted:
            moment.reading.add(page.view_of, reader.address, reader.agent, reader.referrer)
        return page.variants[coding_for(reader.accepted, page.codings) if reader.accepted else '']

    def from_memory(self, environ: dict[str, Any], moment: Moment) -> Answer | None:
        """Return the cached answer, and note its view, which the caller records. Leave in the environ what `answer`
        needs to know if there is none. Takes microseconds and never waits.

        Of the environ only the method, the path, the query, the client's address and the headers are needed.
        """
        if self._prefix:
            self._enter_prefix(environ)
        if not self._is_for_this_site(environ):
            environ['quickpub.is_misdirected'] = True
            return None
        key = key_of(environ) if _is_cacheable(environ) else None
        page = moment.pages.find(key) if moment.pages and key else None
        if page is None:
            environ['quickpub.key'], environ['quickpub.generation'] = key, moment.pages
            return None
        if page.view_of and views.is_view(environ):
            _note_view(page.view_of, environ, moment.reading)
        return page.answer(environ)

    def answer(self, environ: dict[str, Any]) -> Answer:
        """Return the answer to a request for which `from_memory` had none."""
        with languages.use(self.language):  # for the pages that are made without the database
            if environ.get('quickpub.is_misdirected'):
                return self._bare(environ, 421, bare_page(421, url=self._settings.url))
            try:
                answer = self._answer(environ)
            except Exception as error:
                return self._failed(environ, error)
        self._is_failing = False
        self.language = environ.get('quickpub.site_language', self.language)
        return answer

    def incoming(self) -> Incoming:
        """Return an empty body, stored in the data folder once it is large."""
        return Incoming(self._folder)

    def _enter_prefix(self, environ: dict[str, Any]) -> None:
        """Move the path of the public URL from PATH_INFO to SCRIPT_NAME, unless a proxy has removed it."""
        path = environ.get('PATH_INFO', '')
        if self._prefix and not environ.get('SCRIPT_NAME') and (path + '/').startswith(self._prefix + '/'):
            environ['SCRIPT_NAME'], environ['PATH_INFO'] = self._prefix, path[len(self._prefix):] or '/'

    def _is_for_this_site(self, environ: dict[str, Any]) -> bool:
        """Return whether the request names this site as its host. A trusted proxy may say which host it was asked for;
        health checks may use any."""
        host, forwarded = environ.get('HTTP_HOST'), environ.get('HTTP_X_FORWARDED_HOST')
        if forwarded and self._settings.trusts(environ.get('REMOTE_ADDR', '')):
            host = forwarded.rpartition(',')[2].strip()
        return self._is_our_host(host) or environ.get('PATH_INFO') == '/healthz'

    def _answer(self, environ: dict[str, Any]) -> Answer:
        key = environ['quickpub.key']
        generation = environ.get('quickpub.generation') or self._cache.generation(now())
        if key is None:
            answer = self._ask_bottle(environ)
            if answer[0].startswith('200'):
                _record_view(environ.get('quickpub.view_of'), environ, now())
            return answer
        with generation.making(key):
            made = generation.find(key) or self._make_page(environ, generation, key)
        if not isinstance(made, Page):
            return made
        _record_view(made.view_of, environ, now())
        return made.answer(environ)

    def _make_page(self, environ: dict[str, Any], generation: Generation, key: tuple[str, str]) -> Page | Answer:
        """Return the page, now cached, or an answer for this request alone if it is not public."""
        method, environ['REQUEST_METHOD'] = environ['REQUEST_METHOD'], 'GET'
        try:
            status, headers, body = self._ask_bottle(environ)
        finally:
            environ['REQUEST_METHOD'] = method
        is_public = environ.get('quickpub.public') and not environ.get('quickpub.cookies')
        if not (status.startswith('200') and is_public and isinstance(body, bytes)):
            return status, headers, body if method == 'GET' else b''
        page = Page.of(body, headers, generation.modified, environ.get('quickpub.view_of'))
        generation.keep(key, page)
        return page

    def _ask_bottle(self, environ: dict[str, Any]) -> Answer:
        answer: list[Any] = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> None:
            own = {name for name, _ in headers}  # a page may replace a security header
            cookies = [('Set-Cookie', each) for each in environ.get('quickpub.cookies', {}).values()]
            answer[:] = [status, [*headers, *(each for each in self.security_headers if each[0] not in own), *cookies]]

        _mend_headers(environ)
        body = environ.get('quickpub.body') or self.incoming()
        environ['quickpub.problem'] = take_body(environ, body) or _path_problem(environ)
        try:
            with db.connection_context():
                parts = self._app(environ, start)
                try:
                    page = b''.join(parts)
                finally:
                    if hasattr(parts, 'close'):
                        parts.close()
        finally:
            body.close()
        file = environ.get('quickpub.file') if answer[0][:3] in ('200', '206') else None
        return answer[0], answer[1], file if file and environ['REQUEST_METHOD'] != 'HEAD' else page

    def _failed(self, environ: dict[str, Any], error: Exception) -> Answer:
        """Return the answer if no page can be made, for example without a database."""
        is_missing = is_out_of_reach(error) or presence.explains(error)
        if not is_missing:
            log.error('500 for %s %s', environ['REQUEST_METHOD'], environ.get('PATH_INFO'), exc_info=error)
        elif not self._is_failing:  # one line is enough
            log.error('Pages are answered with 503: %s', error)
            self._is_failing = True
        status, body, content_type = (503 if is_missing else 500), '', HTML
        if environ.get('PATH_INFO') == '/healthz':
            status, body = health.verdict(now())
            content_type = 'application/json'
        return self._bare(environ, status, body or bare_page(status), content_type)

    def _bare(self, environ: dict[str, Any], status: int, body: str, content_type: str = HTML) -> Answer:
        """Return an answer that is made without Bottle."""
        whole = body.encode()
        headers = [('Content-Type', content_type), ('Cache-Control', 'no-store'), ('Content-Length', str(len(whole))),
                   *([('Retry-After', '30')] if status == 503 else []), ('Content-Security-Policy', bare_policy()),
                   *(each for each in self.security_headers if each[0] != 'Content-Security-Policy')]
        return f'{status} {HTTPStatus(status).phrase}', headers, whole if environ['REQUEST_METHOD'] != 'HEAD' else b''


def _is_cacheable(environ: dict[str, Any]) -> bool:
    """Return whether the answer is the same for everyone: the browser has no session and no notice, or it asks for a
    static file."""
    # The session cookie has several names, which all end with SESSION. The cookie of a known device does not matter.
    cookies = environ.get('HTTP_COOKIE', '')
    return (f'{SESSION}=' not in cookies and notices.COOKIE not in cookies
            or environ.get('PATH_INFO', '').startswith('/static/'))


def _record_view(post_id: int | None, environ: dict[str, Any], at: datetime) -> None:
    if post_id and views.is_view(environ):
        try:
            reading = recording.Recording(at)
            _note_view(post_id, environ, reading)
            reading.write()
        except DatabaseError as error:  # the view is lost, but the page is shown
            log.error('A view could not be recorded: %s', error)


def _note_view(post_id: int, environ: dict[str, Any], reading: recording.Recording) -> None:
    reading.add(post_id, client_address(environ), environ.get('HTTP_USER_AGENT', ''), environ.get('HTTP_REFERER', ''))


def _mend_headers(environ: dict[str, Any]) -> None:
    """Replace header values that are not UTF-8, as some user agents are: Bottle raises an error where it reads one."""
    for name, value in environ.items():
        if name.startswith('HTTP_') and not value.isascii():
            environ[name] = value.encode('latin-1').decode('utf-8', 'replace').encode().decode('latin-1')


def _path_problem(environ: dict[str, Any]) -> Problem | None:
    """Return a problem if the path is not UTF-8: Bottle would leave such bytes out and show another page."""
    try:
        environ.get('PATH_INFO', '').encode('latin-1').decode()
    except UnicodeError:
        return 400, Code('request.bad_path')
    return None
