"""The ASGI application that our own web server runs, around the WSGI one.

Cached pages are sent from the event loop; all other answers are made in a thread. A client that is slow to send its
request, to send a form or to read the answer costs a few kilobytes and delays nobody, and no thread competes for
Python's lock with the one that serves nearly all readers. Forms may use only some of the threads, and under load the
clients take turns.

Granian's own interface, RSGI, would be cheaper still, but it leaves out headers that are not ASCII, such as some user
agents and cookies, and does not say whether a body has arrived whole.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from io import BytesIO
from types import coroutine
from typing import Any
from urllib.parse import unquote_to_bytes

from .. import networks
from ..translations import languages
from ..translations.languages import Language
from ..wsgi.application import Answer, Application, Moment, Reader
from ..wsgi.authentication import client_address
from ..wsgi.bodies import Incoming
from ..wsgi.error_pages import tiny_page
from ..wsgi.forms import STRANGERS_LIMIT
from ..wsgi.pagecache import Variant, raw_headers
from ..wsgi.request_body import DRAINED, find_limit, may_be_large, no_room
from . import limits
from .known_readers import KnownReaders, are_short
from .limits import RefusedRequest

log = logging.getLogger('quickpub.web')

THREADS = 40  # pages that are made at the same time
# Seconds that a thread keeps Python's lock while others wait: little while pages are made, so that cached ones stay
# quick; otherwise Python's default, because each change of threads costs time.
SWITCH_BUSY, SWITCH_IDLE = 0.001, 0.005
FORMS = 16  # threads for forms, which may wait for the database's write lock or hash passwords


class Together:
    """Requests that have arrived in the same turn of the event loop. They share the costs of a look at the database
    and of recording their views."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.answers: list[Variant | Answer | dict[str, Any]] = []  # empty until they are known: see Front._find_all


@coroutine
def _next_turn() -> Generator[None, None, None]:
    """Go on in the next turn of the event loop."""
    yield


class Front:
    """The site as an ASGI application."""

    def __init__(self, site: Application):
        self._site = site
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix='page')
        self._pages, self._forms = limits.Turns(THREADS), limits.Turns(FORMS)
        self._arriving = limits.ArrivingBodies()
        self._together = Together()
        self._readers = KnownReaders()
        self._asked = self._done = self._done_before = 0  # answers by the threads

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable], send: Callable) -> None:
        together = self._together
        together.scopes.append(scope)
        index = len(together.scopes) - 1
        await _next_turn()
        if together is self._together:  # this is the first of them
            self._together = Together()
            together.answers = self._find_all(together.scopes)
        answer = together.answers[index] if together.answers else None  # none if the first has failed
        if isinstance(answer, Variant):
            start, body = answer.events
            await send(start)
            return await send(body)
        if answer is None:
            return await self._make_answer(environ_of(scope, request_of(scope)), scope, receive, send)
        if isinstance(answer, dict):
            return await self._make_answer(environ_of(scope, answer), scope, receive, send)
        await send({'type': 'http.response.start', 'status': int(answer[0][:3]), 'headers': raw_headers(answer[1])})
        await send({'type': 'http.response.body', 'body': answer[2]})

    def _find_all(self, scopes: list[dict[str, Any]]) -> list[Variant | Answer | dict[str, Any]]:
        """Return what is found in memory for each request, or its environ, and record all views in one write."""
        moment = self._site.look()
        found = [self._find_page(scope, moment) or self._find_answer(scope, moment) for scope in scopes]
        moment.reading.write()
        return found

    def _find_answer(self, scope: dict[str, Any], moment: Moment) -> Answer | dict[str, Any]:
        environ = request_of(scope)
        return self._site.from_memory(environ, moment) or environ

    def _find_page(self, scope: dict[str, Any], moment: Moment) -> Variant | None:
        """Return the cached page without making an environ, if this client has sent the same headers before."""
        path, client, headers = scope['raw_path'], scope['client'], scope['headers']
        if b'%' in path or not client or scope['method'] != 'GET':
            return None
        sender = client[0], *headers
        reader = self._readers.find(sender) or self._note_reader(sender, scope)
        return reader and self._site.find_page((path.decode('latin-1'), scope['query_string'].decode('latin-1')),
                                               reader, moment)

    def _note_reader(self, sender: tuple, scope: dict[str, Any]) -> Reader | None:
        reader = self._site.find_reader(request_of(scope)) if are_short(scope['headers']) else None
        if reader:
            self._readers.note(sender, reader)
        return reader

    async def _make_answer(self, environ: dict[str, Any], scope: dict[str, Any], receive: Callable[[], Awaitable],
                           send: Callable) -> None:
        body = environ['quickpub.body'] = self._site.incoming()
        client = networks.client(client_address(environ))
        try:
            if _has_body(environ):
                await self._take_in_time(body, environ, receive, client)
            answer = await self._answer(environ, client)
        except RefusedRequest as refusal:
            return await _refuse(refusal, self._site.language, self._site.security_headers, send)
        finally:
            body.close()
        await self._send(answer, send, scope, client)

    async def _answer(self, environ: dict[str, Any], client: str) -> Answer:
        is_form = environ['REQUEST_METHOD'] not in ('GET', 'HEAD')
        async with self._forms.of(client) if is_form else nullcontext():
            return await self._in_thread(client, self._site.answer, environ)

    async def _take_in_time(self, body: Incoming, environ: dict[str, Any], receive: Callable[[], Awaitable],
                            client: str) -> None:
        """Read the whole body as long as it arrives fast enough. Raises RefusedRequest."""
        seen = 0
        self._arriving.begin(client)
        try:
            async with asyncio.timeout(limits.BODY_WINDOW) as timeout:
                deadline = limits.Deadline(timeout.reschedule, asyncio.get_running_loop().time)

                def note(size: int) -> None:
                    nonlocal seen
                    seen += size
                    deadline.note(size)
                    self._arriving.add(client, size)

                await self._take(body, environ, receive, note, client)
        except TimeoutError:
            raise RefusedRequest('request.too_slow', status=408) from None
        finally:
            self._arriving.end(client, seen)

    async def _in_thread(self, client: str, work: Callable, *args: Any) -> Any:
        async with self._pages.of(client):
            self._asked += 1
            sys.setswitchinterval(SWITCH_BUSY)
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
            finally:
                self._done += 1
                if self._done == self._asked:
                    sys.setswitchinterval(SWITCH_IDLE)

    def is_moving(self) -> bool:
        """Return whether a thread is free, or has finished an answer since the last call."""
        before, self._done_before = self._done_before, self._done
        return self._done != before or self._asked - self._done < THREADS

    async def _take(self, body: Incoming, environ: dict[str, Any], receive: Callable[[], Awaitable],
                    note: Callable[[int], None], client: str) -> None:
        """Read the whole body, and keep only the start of one that is too long or does not fit on the disk.

        The rest is still read, within limits, because a browser that is cut off while it sends shows no answer. Raises
        RefusedRequest if the client is gone or its chunks are invalid: the server does not say which.
        """
        limit = STRANGERS_LIMIT
        if may_be_large(environ.get('CONTENT_LENGTH', '')):
            limit = await self._in_thread(client, find_limit, environ)
        seen, is_over = 0, False
        while not is_over:
            event = await receive()
            if event['type'] == 'http.disconnect':
                raise RefusedRequest('request.broken', status=400)
            part = event.get('body', b'')
            note(len(part))
            if body.size <= limit and 'quickpub.problem' not in environ:
                try:
                    if body.takes(part):
                        body.add(part)
                    else:
                        await asyncio.to_thread(body.add, part)
                except OSError as error:
                    log.warning('A form cannot be taken in: %s', error)
                    environ['quickpub.problem'] = no_room(error)
            seen += len(part)
            is_over = not event.get('more_body') or seen > limit + DRAINED
        if seen or 'CONTENT_LENGTH' in environ:
            environ['CONTENT_LENGTH'] = str(seen)
        environ['quickpub.limit'] = limit

    async def _send(self, answer: Answer, send: Callable, scope: dict, client: str) -> None:
        await send({'type': 'http.response.start', 'status': int(answer[0][:3]), 'headers': raw_headers(answer[1])})
        body = answer[2]
        if isinstance(body, bytes):
            await send({'type': 'http.response.body', 'body': body})
        elif body.is_whole and 'http.response.pathsend' in scope.get('extensions', {}):
            await send({'type': 'http.response.pathsend', 'path': str(body.path)})
        else:
            chunks = body.chunks()
            while chunk := await self._in_thread(client, next, chunks, b''):
                await send({'type': 'http.response.body', 'body': chunk, 'more_body': True})
            await send({'type': 'http.response.body', 'body': b''})


def _has_body(environ: dict[str, Any]) -> bool:
    return 'CONTENT_LENGTH' in environ or 'HTTP_TRANSFER_ENCODING' in environ


async def _refuse(refusal: RefusedRequest, language: Language, security_headers: list[tuple[str, str]],
                  send: Callable) -> None:
    """Send the answer without a thread, a template or the database, because there may be thousands at once."""
    with languages.use(language):
        page = tiny_page(refusal.status, refusal.code).encode()
    headers = [*security_headers, ('Content-Type', 'text/html; charset=utf-8'), ('Content-Length', str(len(page))),
               ('Cache-Control', 'no-store'), ('Connection', 'close')]
    await send({'type': 'http.response.start', 'status': refusal.status, 'headers': raw_headers(headers)})
    await send({'type': 'http.response.body', 'body': page})


def request_of(scope: dict[str, Any]) -> dict[str, Any]:
    """Return what of a request's WSGI environ (PEP 3333) decides whether a cached page answers it."""
    path, client = scope['raw_path'], scope['client']
    environ = {
        'REQUEST_METHOD': scope['method'],
        'PATH_INFO': (unquote_to_bytes(path) if b'%' in path else path).decode('latin-1'),
        'QUERY_STRING': scope['query_string'].decode('latin-1'),
        'REMOTE_ADDR': client[0] if client else ''}
    for raw_name, raw_value in scope['headers']:
        name = VARIABLES.get(raw_name) or _variable(raw_name)
        if name in environ:  # RFC 9110, 5.2; cookies are joined by RFC 9113, 8.2.3
            environ[name] += ('; ' if name == 'HTTP_COOKIE' else ', ') + raw_value.decode('latin-1')
        elif name:
            environ[name] = raw_value.decode('latin-1')
    return environ


def environ_of(scope: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Return the whole WSGI environ of a request, without the body."""
    return {
        'SCRIPT_NAME': '', 'SERVER_PROTOCOL': f'HTTP/{scope["http_version"]}',
        'SERVER_NAME': scope['server'][0], 'SERVER_PORT': str(scope['server'][1]),
        'wsgi.version': (1, 0), 'wsgi.url_scheme': scope['scheme'], 'wsgi.input': BytesIO(), 'wsgi.errors': sys.stderr,
        'wsgi.multithread': True, 'wsgi.multiprocess': True, 'wsgi.run_once': False} | request


def _variable(header: bytes) -> str:
    if b'_' in header:  # WSGI could not tell it from the header with hyphens, which a trusted proxy sets
        return ''
    name = header.decode('latin-1').upper().replace('-', '_')
    return name if name in ('CONTENT_TYPE', 'CONTENT_LENGTH') else f'HTTP_{name}'


VARIABLES = {name.encode(): _variable(name.encode()) for name in (
    'host user-agent accept accept-encoding accept-language cookie referer if-none-match if-modified-since connection '
    'cache-control content-type content-length origin dnt priority upgrade-insecure-requests sec-gpc sec-fetch-site '
    'sec-fetch-mode sec-fetch-dest sec-fetch-user sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform x-forwarded-for '
    'x-forwarded-host x-forwarded-proto').split()}
