"""The WSGI application around Bottle's: what happens before a page's code runs, and instead of it."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache, partial
from http import HTTPStatus
from io import BytesIO
from typing import Any

from peewee import DatabaseError

from .. import presence
from ..audience import recording, views, visitors
from ..db import db, is_out_of_reach, now
from ..settings import Settings
from ..upkeep import health
from . import notices
from .authentication import SESSION, client_address, find_session
from .bodies import CHUNK, Incoming, Outgoing
from .forms import FILES_LIMIT, FORM_LIMIT, STRANGERS_LIMIT, STUDIO, UPLOADS, number
from .guards import is_our_host, security_headers
from .pagecache import Generation, Headers, Page, PageCache, key_of
from .responses import bare_page

log = logging.getLogger('quickpub.web')

HTML = 'text/html; charset=utf-8'
DRAINED = 64 * 1024 * 1024  # bytes of a request that is too large

Answer = tuple[str, Headers, bytes | Outgoing]  # status, headers, the whole body
Problem = tuple[int, str]  # status, a sentence
FULL: Problem = (507, 'The disk of this site is full. Nothing was saved. Please tell who keeps the site.')
LOST: Problem = (503, 'This site cannot store files just now. Nothing was saved. Please try again in a few minutes.')


def no_room(error: OSError) -> Problem:
    """Return what to say where a form cannot be stored: the disk is full, or the folder for it is missing."""
    return LOST if presence.explains(error) else FULL


class Site:
    """Answers from memory what is the same for everybody; takes the body in before a connection is opened for
    anything else; keeps that connection for the whole request, error pages included; adds the security headers.

    A view counts here, because most are of pages that are in memory already.
    """

    def __init__(self, app: Callable, settings: Settings):
        self._app = app
        self._settings = settings
        self.security_headers = security_headers(settings)
        self._is_our_host = lru_cache(256)(partial(is_our_host, settings=settings))
        self._prefix = settings.path_prefix
        self._cache = PageCache(settings)
        self._folder = settings.data / 'media'
        self._is_failing = False

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        status, headers, body = self.from_memory(environ) or self.answer(environ)
        start_response(status, headers)
        return body.chunks() if isinstance(body, Outgoing) else [body]

    def from_memory(self, environ: dict[str, Any]) -> Answer | None:
        """The answer to this request, if it is there already; it takes microseconds, and waits for nothing."""
        presence.look_now_and_then()
        self._enter_prefix(environ)
        if not self._is_for_us(environ):
            environ['quickpub.is_misdirected'] = True
            return None
        key = environ['quickpub.key'] = key_of(environ) if _is_anybodys(environ) else None
        at = now()
        if key is None or not visitors.is_ready(at):
            return None
        generation = environ['quickpub.generation'] = self._cache.generation(at)
        page = generation.find(key)
        return self._from(page, environ, at) if page else None

    def answer(self, environ: dict[str, Any]) -> Answer:
        """The answer that `from_memory` did not have."""
        if environ.get('quickpub.is_misdirected'):
            return self._bare(environ, 421, bare_page(421, url=self._settings.url))
        try:
            answer = self._answer(environ)
        except Exception as error:
            return self._failed(environ, error)
        self._is_failing = False
        return answer

    def _failed(self, environ: dict[str, Any], error: Exception) -> Answer:
        """The answer where no page can be made at all, because the database is gone, say."""
        is_missing = is_out_of_reach(error) or presence.explains(error)
        if not is_missing:
            log.error('500 for %s %s', environ['REQUEST_METHOD'], environ.get('PATH_INFO'), exc_info=error)
        elif not self._is_failing:  # not a line for each request
            log.error('Pages are answered with 503: %s', error)
            self._is_failing = True
        status, body, kind = (503 if is_missing else 500), '', HTML
        if environ.get('PATH_INFO') == '/healthz':
            status, body = health.verdict(now())
            kind = 'application/json'
        return self._bare(environ, status, body or bare_page(status), kind)

    def _bare(self, environ: dict[str, Any], status: int, body: str, kind: str = HTML) -> Answer:
        """An answer that Bottle has no part in."""
        whole = body.encode()
        headers = [('Content-Type', kind), ('Cache-Control', 'no-store'), ('Content-Length', str(len(whole))),
                   *([('Retry-After', '30')] if status == 503 else []), *self.security_headers]
        return f'{status} {HTTPStatus(status).phrase}', headers, whole if environ['REQUEST_METHOD'] != 'HEAD' else b''

    def _is_for_us(self, environ: dict[str, Any]) -> bool:
        """Whether the request names this site as its host. A proxy that is trusted may say which one it was asked for;
        who looks whether the site is well may ask under any name."""
        host, asked = environ.get('HTTP_HOST'), environ.get('HTTP_X_FORWARDED_HOST')
        if asked and self._settings.trusts(environ.get('REMOTE_ADDR', '')):
            host = asked.rpartition(',')[2].strip()
        return self._is_our_host(host) or environ.get('PATH_INFO') == '/healthz'

    def _answer(self, environ: dict[str, Any]) -> Answer:
        key = environ['quickpub.key']
        if key is None:
            answer = self._ask(environ)
            if answer[0].startswith('200'):
                _count(environ.get('quickpub.view_of'), environ, now())
            return answer
        generation = environ.get('quickpub.generation') or self._cache.generation(now())
        with generation.making(key):
            made = generation.find(key) or self._make(environ, generation, key)
        return self._from(made, environ, now()) if isinstance(made, Page) else made

    @staticmethod
    def may_be_large(declared: str) -> bool:
        """Whether a body of this declared length ('' where none is) may be larger than a stranger's may: then `limit`
        tells how much of it to take."""
        length = number(declared)
        return length is None or length > STRANGERS_LIMIT

    def limit(self, environ: dict[str, Any]) -> int:
        """How many bytes of this form are taken: few from a stranger, a text's worth from an author, and from whoever
        is logged out while writing, for then the answer keeps the text; files from a confirmed author alone."""
        path = environ.get('PATH_INFO', '')
        try:
            with db.connection_context():
                session, _ = find_session(environ.get('HTTP_COOKIE', ''), now())
        except DatabaseError:  # the answer will say so
            session = None
        if path == UPLOADS and environ['REQUEST_METHOD'] == 'POST' and session and session.user.is_verified:
            return FILES_LIMIT
        return FORM_LIMIT if session or path.startswith(STUDIO) else STRANGERS_LIMIT

    def incoming(self) -> Incoming:
        return Incoming(self._folder)

    def _from(self, page: Page, environ: dict[str, Any], at: datetime) -> Answer:
        _count(page.view_of, environ, at)
        return page.answer(environ)

    def _make(self, environ: dict[str, Any], generation: Generation, key: tuple[str, str]) -> Page | Answer:
        """The page, kept for those who come next; or an answer for this one request."""
        method, environ['REQUEST_METHOD'] = environ['REQUEST_METHOD'], 'GET'
        try:
            status, headers, body = self._ask(environ)
        finally:
            environ['REQUEST_METHOD'] = method
        is_public = environ.get('quickpub.public') and not environ.get('quickpub.cookies')
        if not (status.startswith('200') and is_public and isinstance(body, bytes)):
            return status, headers, body if method == 'GET' else b''
        page = Page.of(body, headers, generation.modified, environ.get('quickpub.view_of'))
        generation.keep(key, page)
        return page

    def _ask(self, environ: dict[str, Any]) -> Answer:
        """Bottle's answer: status, headers, the whole body."""
        answer: list[Any] = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> None:
            own = {name for name, _ in headers}  # a page may be stricter, or be meant for a frame of ours
            cookies = [('Set-Cookie', each) for each in environ.get('quickpub.cookies', {}).values()]
            answer[:] = [status, [*headers, *(each for each in self.security_headers if each[0] not in own), *cookies]]

        _mend_headers(environ)
        body = environ.get('quickpub.body') or self.incoming()
        environ['quickpub.problem'] = self._take_body(environ, body) or _path_problem(environ)
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

    def _enter_prefix(self, environ: dict[str, Any]) -> None:
        """A proxy may pass the public address's path on, or take it away; both are right."""
        path = environ.get('PATH_INFO', '')
        if self._prefix and not environ.get('SCRIPT_NAME') and (path + '/').startswith(self._prefix + '/'):
            environ['SCRIPT_NAME'], environ['PATH_INFO'] = self._prefix, path[len(self._prefix):] or '/'

    def _take_body(self, environ: dict[str, Any], body: Incoming) -> Problem | None:
        """Read the whole body, within the limit; the status and the sentence for one that cannot be taken."""
        if environ.get('quickpub.problem'):
            return environ['quickpub.problem']
        source, length = environ['wsgi.input'], environ.get('CONTENT_LENGTH') or ''
        is_chunked = environ.pop('HTTP_TRANSFER_ENCODING', None)  # what the server has put together already
        environ['wsgi.input'], environ['CONTENT_LENGTH'] = BytesIO(), '0'
        if not length and not is_chunked:
            return None
        limit = environ.get('quickpub.limit') or (self.limit(environ) if self.may_be_large(length) else STRANGERS_LIMIT)
        wanted = number(length) if length else limit + 1
        if wanted is None:
            return 400, 'Your browser sent a request that makes no sense to us. Please try again.'
        try:
            enough = min(wanted, limit + 1)
            while body.size < enough and (part := source.read(min(CHUNK, enough - body.size))):
                body.add(part)
            whole = body.rewind()
        except OSError as error:
            log.warning('A form cannot be taken in: %s', error)
            return no_room(error)
        if body.size > limit:
            _drain(source)
            return _too_large(limit)
        if length and body.size < wanted:
            return 400, 'The connection ended before all of it had arrived. Nothing was saved. Please send it again.'
        environ['wsgi.input'], environ['CONTENT_LENGTH'] = whole, str(body.size)
        return None


def _too_large(limit: int) -> Problem:
    if limit == STRANGERS_LIMIT:
        return 413, (f'This is more than a form can carry: the limit is {limit // 1024} KB for those who are not '
                     'logged in. Nothing was saved. Please log in first, or make it shorter.')
    advice = 'send fewer files at a time' if limit == FILES_LIMIT else 'go back and make it shorter'
    return 413, (f'This is more than a form can carry: the limit is {limit // 1024 ** 2} MB. Nothing was saved. '
                 f'Please {advice}.')


def _count(post_id: int | None, environ: dict[str, Any], at: datetime) -> None:
    if post_id and views.is_view(environ):
        try:
            recording.record_view(post_id, at, client_address(environ), environ.get('HTTP_USER_AGENT', ''),
                         environ.get('HTTP_REFERER', ''))
        except DatabaseError as error:  # it costs the view, not the page
            log.error('A view cannot be recorded: %s', error)


def _is_anybodys(environ: dict[str, Any]) -> bool:
    """Whether it makes no difference who asks: nobody who is logged in or is to be told something, or for nothing that
    is theirs."""
    # That of all names the session's cookie may have; the cookie of a known device is no matter.
    cookies = environ.get('HTTP_COOKIE', '')
    return (f'{SESSION}=' not in cookies and notices.COOKIE not in cookies
            or environ.get('PATH_INFO', '').startswith('/static/'))


def _mend_headers(environ: dict[str, Any]) -> None:
    """Bottle raises an error where it reads a header that is no UTF-8; such user agents are about."""
    for name, value in environ.items():
        if name.startswith('HTTP_') and not value.isascii():
            environ[name] = value.encode('latin-1').decode('utf-8', 'replace').encode().decode('latin-1')


def _path_problem(environ: dict[str, Any]) -> Problem | None:
    """Bottle leaves out what is no UTF-8, and would show another page than the one that was asked for."""
    try:
        environ.get('PATH_INFO', '').encode('latin-1').decode()
    except UnicodeError:
        return 400, 'This address is broken. If you followed a link, tell whoever put it there.'
    return None


def _drain(source: Any) -> None:
    """Let the browser finish sending what is refused anyway, within reason: otherwise it shows no answer at all."""
    for _ in range(DRAINED // CHUNK):
        if not source.read(CHUNK):
            return
