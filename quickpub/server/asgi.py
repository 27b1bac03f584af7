"""What our own web server runs: the site as an ASGI application, around the WSGI one.

Pages in memory are sent from the event loop; a thread is needed only for what has to be made. So clients that are slow
to ask, slow to send a form or slow to read hold nobody up: they cost a few kilobytes, no thread. And no thread competes
for Python's lock with the one that answers nearly all readers. Forms may take only some of the threads, and where more
is asked for than can be made, each client gets its turn.
"""

import asyncio
import logging
import sys
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from .. import networks
from ..wsgi.application import Answer, Application
from ..wsgi.authentication import client_address
from ..wsgi.bodies import Incoming
from ..wsgi.forms import FILES_LIMIT, STRANGERS_LIMIT
from ..wsgi.request_body import DRAINED, find_limit, may_be_large, no_room
from .connections import PER_CLIENT

log = logging.getLogger('quickpub.web')

THREADS = 40  # at most so many pages are made at a time
FORMS = 16  # of them at most so many handle forms, which may wait for the write lock of the database, or hash passwords

BODY_WINDOW = 15  # seconds within which ever more of a request's body must arrive
BODY_RATE = 1024  # bytes a second: a slow phone has four times as much
BODIES_PER_CLIENT = 100  # at a time
BYTES_PER_CLIENT = 2 * FILES_LIMIT  # in all bodies of one client that are on their way

BROKEN = ('Your form arrived broken, or only a part of it, and nothing was saved. Please go back and send it again.')
TOO_MUCH = 'Your network is sending too much at once. Please wait a minute, then send it again.'

Headers = list[tuple[bytes, bytes]]


class Refused(Exception):
    """The body is not taken: a status, and a sentence for who sent it."""

    def __init__(self, status: int, sentence: str):
        self.status, self.sentence = status, sentence


class Arriving:
    """The bodies that are on their way, by client: none may hold up the others, neither by number nor by size."""

    def __init__(self) -> None:
        self._bodies: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def begin(self, client: str) -> None:
        if self._bodies[client] >= BODIES_PER_CLIENT:
            raise Refused(429, TOO_MUCH)
        self._bodies[client] += 1

    def add(self, client: str, size: int) -> None:
        self._bytes[client] += size
        if self._bytes[client] > BYTES_PER_CLIENT:
            raise Refused(429, TOO_MUCH)

    def end(self, client: str, size: int) -> None:
        for counter, count in ((self._bodies, 1), (self._bytes, size)):
            counter[client] -= count
            if not counter[client]:
                del counter[client]


class Turns:
    """Who comes next where only a few can be served at a time: one of each client in turn, so that whoever sends many
    requests waits for their own. Waiting costs no thread."""

    def __init__(self, at_once: int):
        self._free = at_once
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # by client; the first client is the next

    @asynccontextmanager
    async def of(self, client: str) -> AsyncIterator[None]:
        """Have a turn. Raises Refused where as many wait for this client as it may have connections."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(client)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, client: str) -> None:
        turns = self._waiting.setdefault(client, deque())
        if len(turns) >= PER_CLIENT:
            raise Refused(429, TOO_MUCH)
        turn = asyncio.get_running_loop().create_future()
        turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given in this very moment
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the next client's first request that still waits."""
        while self._waiting:
            client = next(iter(self._waiting))
            turns = self._waiting.pop(client)
            while turns and turns[0].done():  # given up
                turns.popleft()
            if turns:
                turns.popleft().set_result(None)
                if turns:
                    self._waiting[client] = turns  # behind all other clients
                return
        self._free += 1


class Deadline:
    """When a body must be there. It moves on with what arrives: in each window of time there must be enough.

    `clock` and the times given to `reschedule` are an event loop's, in seconds.
    """

    def __init__(self, reschedule: Callable[[float], None], clock: Callable[[], float]):
        self._reschedule, self._clock = reschedule, clock
        self._missing = BODY_WINDOW * BODY_RATE

    def note(self, size: int) -> None:
        """So many bytes have arrived."""
        self._missing -= size
        if self._missing <= 0:
            self._missing = BODY_WINDOW * BODY_RATE
            self._reschedule(self._clock() + BODY_WINDOW)


class Front:
    def __init__(self, site: Application):
        self._site = site
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix='page')
        self._pages, self._forms = Turns(THREADS), Turns(FORMS)
        self._arriving = Arriving()
        self._asked = self._done = self._done_before = 0  # pieces of work for the threads

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable], send: Callable) -> None:
        environ = environ_of(scope)
        if answer := self._site.from_memory(environ):
            await self._send(answer, _kept(tuple(answer[1])), send, scope)
        else:
            body = environ['quickpub.body'] = self._site.incoming()
            client = networks.client(client_address(environ))
            try:
                if _has_body(environ):
                    await self._take_in_time(body, environ, receive, client)
                answer = await self._answer(environ, client)
            except Refused as refusal:
                return await _refuse(refusal, self._site.security_headers, send)
            finally:
                body.close()
            await self._send(answer, _raw(answer[1]), send, scope, client)

    async def _answer(self, environ: dict[str, Any], client: str) -> Answer:
        is_form = environ['REQUEST_METHOD'] not in ('GET', 'HEAD')
        async with self._forms.of(client) if is_form else nullcontext():
            return await self._in_thread(client, self._site.answer, environ)

    async def _take_in_time(self, body: Incoming, environ: dict[str, Any], receive: Callable[[], Awaitable],
                            client: str) -> None:
        """Take the whole body in, as long as it goes on arriving. Raises Refused."""
        seen = 0
        self._arriving.begin(client)
        try:
            async with asyncio.timeout(BODY_WINDOW) as timeout:
                deadline = Deadline(timeout.reschedule, asyncio.get_running_loop().time)

                def note(size: int) -> None:
                    nonlocal seen
                    seen += size
                    deadline.note(size)
                    self._arriving.add(client, size)

                await self._take(body, environ, receive, note, client)
        except TimeoutError:
            raise Refused(408, 'Your form took too long to arrive, and nothing was saved. Please go back and send it '
                               'again.') from None
        finally:
            self._arriving.end(client, seen)

    async def _in_thread(self, client: str, work: Callable, *args: Any) -> Any:
        async with self._pages.of(client):
            self._asked += 1
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
            finally:
                self._done += 1

    def is_moving(self) -> bool:
        """Whether the threads get anything done, or have nothing to do; since it was last asked."""
        before, self._done_before = self._done_before, self._done
        return self._done != before or self._asked - self._done < THREADS

    async def _take(self, body: Incoming, environ: dict[str, Any], receive: Callable[[], Awaitable],
                    note: Callable[[int], None], client: str) -> None:
        """Take the whole body in; of one that is too long, or has no room, enough to know it by. What follows is let
        pass, within reason, because a browser that is cut off while it sends shows no answer at all. Raises Refused
        where the client went away, or its chunks make no sense: the server does not tell which."""
        limit = STRANGERS_LIMIT
        if may_be_large(environ.get('CONTENT_LENGTH', '')):
            limit = await self._in_thread(client, find_limit, environ)
        seen, is_over = 0, False
        while not is_over:
            event = await receive()
            if event['type'] == 'http.disconnect':
                raise Refused(400, BROKEN)
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

    async def _send(self, answer: Answer, headers: Headers, send: Callable, scope: dict, client: str = '') -> None:
        await send({'type': 'http.response.start', 'status': int(answer[0][:3]), 'headers': headers})
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


async def _refuse(refusal: Refused, security_headers: list[tuple[str, str]], send: Callable) -> None:
    """Answer without a thread, a template or the database: there may be thousands of these at once."""
    page = (f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>{refusal.status}</title><p>{refusal.sentence}</p></html>').encode()
    headers = [*security_headers, ('Content-Type', 'text/html; charset=utf-8'), ('Content-Length', str(len(page))),
               ('Cache-Control', 'no-store'), ('Connection', 'close')]
    await send({'type': 'http.response.start', 'status': refusal.status, 'headers': _raw(headers)})
    await send({'type': 'http.response.body', 'body': page})


def environ_of(scope: dict[str, Any]) -> dict[str, Any]:
    """The WSGI environ (PEP 3333) of an ASGI scope; without the body."""
    path = scope['raw_path']
    environ = {
        'REQUEST_METHOD': scope['method'], 'SCRIPT_NAME': '',
        'PATH_INFO': (unquote_to_bytes(path) if b'%' in path else path).decode('latin-1'),
        'QUERY_STRING': scope['query_string'].decode('latin-1'), 'SERVER_PROTOCOL': f'HTTP/{scope["http_version"]}',
        'SERVER_NAME': scope['server'][0], 'SERVER_PORT': str(scope['server'][1]),
        'REMOTE_ADDR': scope['client'][0] if scope['client'] else '',
        'wsgi.version': (1, 0), 'wsgi.url_scheme': scope['scheme'], 'wsgi.input': BytesIO(), 'wsgi.errors': sys.stderr,
        'wsgi.multithread': True, 'wsgi.multiprocess': True, 'wsgi.run_once': False}
    for raw_name, raw_value in scope['headers']:
        if b'_' in raw_name:  # it would be taken for the one with hyphens, which a proxy may vouch for
            continue
        name, value = VARIABLES.get(raw_name) or _variable(raw_name), raw_value.decode('latin-1')
        if name in environ:  # RFC 9110, 5.2; cookies are joined by RFC 9113, 8.2.3
            value = environ[name] + ('; ' if name == 'HTTP_COOKIE' else ', ') + value
        environ[name] = value
    return environ


def _variable(header: bytes) -> str:
    name = header.decode('latin-1').upper().replace('-', '_')
    return name if name in ('CONTENT_TYPE', 'CONTENT_LENGTH') else f'HTTP_{name}'


VARIABLES = {name: _variable(name) for name in (
    b'host', b'user-agent', b'accept', b'accept-encoding', b'accept-language', b'cookie', b'referer', b'if-none-match',
    b'if-modified-since', b'connection', b'sec-fetch-site', b'sec-fetch-mode', b'sec-fetch-dest', b'content-type',
    b'content-length', b'x-forwarded-for')}


def _raw(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name.lower().encode('latin-1'), value.encode('latin-1')) for name, value in headers]


_kept = lru_cache(1024)(_raw)  # for pages in memory only: what else is sent may hold somebody's cookie
