"""The site as our own web server runs it: requests translated, and slow clients that hold nobody up."""

import asyncio
import socket
import sys
import threading
import urllib.parse

import pseudo
import pytest
from conftest import BROWSER, write
from rig import Rig, Visitor
from webob import Request

from quickpub import db
from quickpub.accounts import sessions
from quickpub.audience import counting, spool
from quickpub.models import Content, Post, Site, Upload
from quickpub.server import asgi, known_readers, limits
from quickpub.server.asgi import Front, environ_of, request_of
from quickpub.server.limits import (
    BODIES_PER_CLIENT,
    BODY_WINDOW,
    BYTES_PER_CLIENT,
    ArrivingBodies,
    Deadline,
    RefusedRequest,
    Turns,
)
from quickpub.wsgi import bodies
from quickpub.wsgi.bodies import PIECE, Incoming
from quickpub.wsgi.forms import FORM_LIMIT
from quickpub.wsgi.pagecache import Generation

SCOPE = {'type': 'http', 'method': 'GET', 'raw_path': b'/p/on%20hills%FF', 'query_string': b'before=1',
         'scheme': 'http', 'http_version': '1.1', 'headers': [],
         'server': ('127.0.0.1', 8000), 'client': ('192.0.2.1', 4000)}
MEGABYTE = 1024 * 1024
SLOW = 300  # more than there are threads


def ask(app, *events, **scope):
    """Status, headers and body that the front gives one request, whose body comes in these events."""
    sent, waiting = [], list(events)
    if events:
        scope['headers'] = [*scope.get('headers', []), (b'transfer-encoding', b'chunked'),
                            (b'origin', b'http://localhost:8000')]

    async def receive():
        if not waiting:
            await asyncio.Event().wait()  # nothing more comes
        return waiting.pop(0)

    async def send(event):
        sent.append(event)

    asyncio.run(Front(app)(SCOPE | scope, receive, send))
    return (sent[0]['status'], dict(sent[0]['headers']), sent[1].get('body', b'')) if sent else None


def whole_environ(scope):
    return environ_of(scope, request_of(scope))


def part(body, more=True):
    return {'type': 'http.request', 'body': body, 'more_body': more}


def test_a_request_is_translated_as_wsgi_wants_it():
    environ = whole_environ(SCOPE | {'headers': [
        (b'host', b'example.org'), (b'cookie', b'a=1'), (b'cookie', b'b=2'), (b'x-thing', b'1'), (b'x-thing', b'2'),
        (b'content-type', b'text/plain'), (b'content-length', b'3'), (b'user-agent', b'\xc3\xbcn\xff')]})
    assert environ['PATH_INFO'] == '/p/on hills\xff' and environ['QUERY_STRING'] == 'before=1'
    assert environ['HTTP_COOKIE'] == 'a=1; b=2' and environ['HTTP_X_THING'] == '1, 2'
    assert environ['CONTENT_TYPE'] == 'text/plain' and environ['CONTENT_LENGTH'] == '3'
    assert environ['HTTP_USER_AGENT'] == 'Ã¼nÿ' and environ['REMOTE_ADDR'] == '192.0.2.1'
    assert environ['HTTP_HOST'] == 'example.org' and 'HTTP_CONTENT_LENGTH' not in environ


def test_a_form_in_pieces_arrives_whole(app, alice):
    body = urllib.parse.urlencode({'email': alice.email, 'password': 'wrong'}).encode()
    status, headers, page = ask(app, part(body[:5]), part(body[5:], more=False), method='POST', raw_path=b'/login',
                                headers=[(b'content-type', b'application/x-www-form-urlencoded')])
    assert status == 400 and b'Wrong email or password' in page and alice.email.encode() in page
    assert headers[b'cache-control'] == b'private, no-store'


def test_what_is_too_long_is_refused_when_it_is_over_and_not_kept(app):
    megabyte = b'x' * 1024 * 1024
    pieces = [part(megabyte) for _ in range(FORM_LIMIT // len(megabyte) + 20)]
    status, _, page = ask(app, *pieces, part(b'', more=False), method='POST', raw_path=b'/login')
    assert status == 413 and b'64 KB' in page


def upload(app, content, cookie=b''):
    """Send a file of that content to the studio, in pieces of a megabyte."""
    head = b'--B\r\nContent-Disposition: form-data; name="files"; filename="talk.mp3"\r\n\r\nID3'
    whole = head + content + b'\r\n--B--\r\n'
    pieces = [part(whole[at:at + MEGABYTE]) for at in range(0, len(whole), MEGABYTE)]
    return ask(app, *pieces, part(b'', more=False), method='POST', raw_path=b'/studio/media', headers=[
        (b'content-type', b'multipart/form-data; boundary=B'), (b'cookie', cookie)])


def test_an_author_may_send_more_than_a_form_can_carry_and_nobody_else(app, alice):
    with db.db.connection_context():
        cookie = f'quickpub={sessions.start(alice, "", db.now())}'.encode()
    content = bytes(range(256)) * 40_000
    assert upload(app, content)[0] == 413 and upload(app, content, b'quickpub=guessed')[0] == 413
    assert upload(app, content, cookie)[0] == 303
    with db.db.connection_context():
        path = Upload.get().path
    status, headers, body = ask(app, raw_path=path.encode())
    assert status == 200 and headers[b'content-length'] == str(len(content) + 3).encode()
    assert body == (b'ID3' + content)[:PIECE], 'the first piece of many'
    sent = ask(app, raw_path=path.encode(), extensions={'http.response.pathsend': {}})
    assert sent[2] == b'', 'the server sends it by itself'
    assert Incoming._held == 0


def test_bodies_beyond_the_memory_for_all_of_them_wait_on_the_disk(site, monkeypatch):
    monkeypatch.setattr(bodies, 'MEMORY', 3 * MEGABYTE)
    waiting = [Incoming(site.data / 'media') for _ in range(5)]
    for number, body in enumerate(waiting):
        for _ in range(3):
            body.add(bytes([number]) * (MEGABYTE // 2))
    assert Incoming._held <= bodies.MEMORY
    for number, body in enumerate(waiting):
        assert body.rewind().read() == bytes([number]) * (3 * MEGABYTE // 2)
        body.close()
    assert Incoming._held == 0 and list((site.data / 'media').iterdir()) == []


def test_a_form_that_ends_in_the_middle_is_refused_and_changes_nothing(app, alice):
    status, _, page = ask(app, part(b'name=Zoe&'), {'type': 'http.disconnect'}, method='POST', raw_path=b'/signup')
    assert status == 400 and b'nothing was saved' in page


def test_the_same_page_comes_from_memory(app, alice):
    write(alice, 'On hills')
    first = ask(app, raw_path=b'/p/on-hills')
    assert first[0] == 200 and ask(app, raw_path=b'/p/on-hills') == first
    assert ask(app, raw_path=b'/p/on-hills', headers=[(b'if-none-match', first[1][b'etag'])])[0] == 304
    assert ask(app, raw_path=b'/p/on-hills', method='HEAD')[2] == b''


# Requests that arrive together

PERSON = [(b'user-agent', BROWSER.encode()), (b'accept', b'text/html')]


class Readers:
    """Requests for the same page, which arrive together, and what the site does for them."""

    def __init__(self, app, monkeypatch):
        self.front, self.steps = Front(app), []
        self.spy(monkeypatch, spool.mine, 'append')
        self.spy(monkeypatch, app._cache._watch, 'data_version')

    def spy(self, monkeypatch, owner, name):
        call = getattr(owner, name)

        def note(*args):
            self.steps.append(name)
            return call(*args)
        monkeypatch.setattr(owner, name, note)

    async def read(self, path=b'/p/on-hills', headers=PERSON):
        async def send(event):
            self.steps.extend([event['status']] if 'status' in event else [])
            self.body = event.get('body', b'')
        await self.front(SCOPE | {'raw_path': path, 'headers': headers}, None, send)

    async def read_together(self, *requests):
        await asyncio.gather(*(self.read(**request) for request in requests))


def test_requests_that_arrive_together_share_a_look_at_the_database_and_a_write(app, alice, monkeypatch):
    post = write(alice, 'On hills')
    readers = Readers(app, monkeypatch)
    for _ in range(2):
        asyncio.run(readers.read())  # the first makes the page and the salt of the day
    readers.steps.clear()
    asyncio.run(readers.read_together({}, {}, {'headers': [(b'user-agent', b'curl/8')]}, {}))
    assert readers.steps == ['data_version', 'append', 200, 200, 200, 200], 'and no page goes before its view is kept'
    asyncio.run(readers.read_together({}))
    assert readers.steps[6:] == ['data_version', 'append', 200]
    with db.db.connection_context():
        assert counting.count_recorded_views() == 6 and Post.get_by_id(post.id).views == 6


def test_a_change_shows_to_a_request_that_has_just_arrived(app, alice, monkeypatch, connection):
    write(alice, 'On hills')
    ask(app, raw_path=b'/p/on-hills')
    readers = Readers(app, monkeypatch)

    async def run():
        first = asyncio.create_task(readers.read())
        await asyncio.sleep(0)
        with connection():
            Post.update(title='On dales').execute()
        await first
    asyncio.run(run())
    assert b'On dales' in readers.body


def test_where_the_first_fails_the_others_are_answered(app, alice, monkeypatch):
    write(alice, 'On hills')
    readers, look = Readers(app, monkeypatch), app.look

    def fail():
        monkeypatch.setattr(app, 'look', look)
        raise RuntimeError('broken')
    monkeypatch.setattr(app, 'look', fail)

    async def run():
        return await asyncio.gather(readers.read(), readers.read(), return_exceptions=True)
    first, second = asyncio.run(run())
    assert isinstance(first, RuntimeError) and second is None
    assert [step for step in readers.steps if step != 'data_version'] == [500]


def test_known_headers_are_not_looked_at_again_and_others_are(app, alice, connection, monkeypatch):
    with connection():
        write(alice, 'On hills')
        Content.update(version=1_700_000_000).execute()
    readers, seen = Readers(app, monkeypatch), []
    monkeypatch.setattr(asgi, 'request_of', lambda scope: seen.append(scope['headers']) or request_of(scope))
    monkeypatch.setattr(known_readers, 'MOST', 2)
    others = [[*PERSON, (b'x-number', b'%d' % number)] for number in range(3)]
    for _ in range(2):
        asyncio.run(readers.read())  # the first makes the page and the salt of the day
    seen.clear()
    for headers in (PERSON, *others, others[2]):
        asyncio.run(readers.read(headers=headers))
    assert seen == others


def test_addresses_and_headers_of_readers_are_forgotten(app, alice, connection, monkeypatch):
    with connection():
        write(alice, 'On hills')
        Content.update(version=1_700_000_000).execute()
    readers, seen = Readers(app, monkeypatch), []
    monkeypatch.setattr(asgi, 'request_of', lambda scope: seen.append(scope['headers']) or request_of(scope))
    monkeypatch.setattr(known_readers, 'FORGET_AFTER', 0)

    async def read_twice():
        for _ in range(2):
            await readers.read()
            await asyncio.sleep(0.01)
    asyncio.run(read_twice())
    seen.clear()
    asyncio.run(read_twice())
    assert len(seen) == 2


def test_threads_take_shorter_turns_while_pages_are_made(app, alice, monkeypatch):
    seen, answer = [], app.answer

    def note(environ):
        seen.append(sys.getswitchinterval())
        return answer(environ)
    monkeypatch.setattr(app, 'answer', note)
    for _ in range(2):
        ask(app, raw_path=b'/login')
        seen.append(sys.getswitchinterval())
    assert seen == pytest.approx([asgi.SWITCH_BUSY, asgi.SWITCH_IDLE] * 2)


SHAPES = {
    'plain': {}, 'head': {'method': 'HEAD'}, 'gzip': {'headers': [(b'accept-encoding', b'gzip')]},
    'brotli': {'headers': [(b'accept-encoding', b'gzip, br')]}, 'twice': {'headers': [
        (b'accept-encoding', b'gzip;q=0'), (b'accept-encoding', b'br')]},
    'known': {'headers': [(b'if-none-match', b'*')]}, 'known head': {
        'method': 'HEAD', 'headers': [(b'if-none-match', b'*')]},
    'other tag': {'headers': [(b'if-none-match', b'"x"')]},
    'since': {'headers': [(b'if-modified-since', b'Sun, 06 Nov 2044 08:49:37 GMT')]},
    'range': {'headers': [(b'range', b'bytes=0-9')]}, 'cookie': {'headers': [(b'cookie', b'a=1'), (b'cookie', b'b=2')]},
    'foreign cookie': {'headers': [(b'cookie', 'name=J\xfcrg'.encode())]},
    'invalid session': {'headers': [(b'cookie', b'quickpub=guessed')]},
    'agent': {'headers': [(b'user-agent', 'M\xfcller'.encode()), (b'user-agent', b'\xff')]},
    'underscore': {'headers': [(b'accept_encoding', b'gzip'), (b'if_none_match', b'*')]},
    'forwarded': {'headers': [(b'x-forwarded-for', b'198.51.100.7'), (b'x-forwarded-host', b'evil.example')]},
    'prefetch': {'headers': [(b'sec-purpose', b'prefetch')]}, 'frame': {'headers': [(b'sec-fetch-dest', b'iframe')]},
    'other host': {'headers': [(b'host', b'evil.example')]}, 'no host': {'headers': []},
    'encoded': {'raw_path': b'/p/%6Fn-hills'}, 'not utf-8': {'raw_path': b'/p/on-hills%FF'},
    'slash': {'raw_path': b'/p/on-hills/'}, 'nothing': {'raw_path': b'/p/nothing'},
    'query': {'query_string': b'x=1'}, 'front': {'raw_path': b'/'},
    'older': {'raw_path': b'/', 'query_string': b'before=99'},
    'feed': {'raw_path': b'/feed.xml'}, 'tag': {'raw_path': b'/t/walks'}, 'trace': {'method': 'TRACE'},
    'unknown method': {'method': 'BREW'}, 'static': {'raw_path': b'/static/site.css'},
}


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('client', ['person', 'program'])
def test_a_page_from_memory_is_the_same_to_the_byte(app, alice, connection, shape, client):
    with connection():
        post = write(alice, 'On hills', tags='Walks', body='A sentence about hills and dales. ' * 30)
        Content.update(version=1_700_000_000).execute()
    request = {'raw_path': b'/p/on-hills', 'query_string': b''} | SHAPES[shape]
    if 'host' not in shape:
        request['headers'] = [(b'host', b'localhost:8000'), *request.get('headers', [])]
    if client == 'person':
        request['headers'] = [*request['headers'], *PERSON]

    def read():
        with connection():
            before = Post.get_by_id(post.id).views
        answer = ask(app, **request)
        with connection():
            counting.count_recorded_views()
            return answer, Post.get_by_id(post.id).views - before
    made, kept = read(), read()
    app._cache._generation = Generation(app._cache._generation.modified)
    assert made == kept == read()
    environ = environ_of(SCOPE | request, request_of(SCOPE | request))
    status, headers, body = Request(environ).call_application(app)
    assert made[0] == (int(status[:3]), {name.lower().encode(): value.encode() for name, value in headers},
                       b''.join(body)), 'as with any other WSGI server'


@pytest.fixture
def served(tmp_path):
    rig = Rig(tmp_path)
    rig.open()
    with rig.database():
        Site.create(id=1, title='The Village Voice')
    rig.serve()
    yield rig
    rig.close()


@pytest.mark.parametrize('request_so_far', [
    b'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', b'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nemail='],
    ids=['headers', 'bodies'])
def test_hundreds_of_slow_clients_hold_nobody_up(served, request_so_far):
    clients = []
    try:
        for _ in range(SLOW):
            client = socket.create_connection(('127.0.0.1', served.port))
            client.sendall(request_so_far)
            clients.append(client)
        assert Visitor(served.url).get('/').status == 200, 'from memory'
        assert Visitor(served.url).get('/login').status == 200, 'made for this request'
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize('chunks', [
    b'0x0\r\n\r\n', b'-1\r\n\r\n', b'0_0\r\n\r\n', b'\r\n', b'0;a=b\nX\r\n\r\n', b'3\r\nabcXX0\r\n\r\n',
    b'5\r\nemail0\r\n\r\n', b'fffffffffffffffff\r\n'])
def test_chunks_that_make_no_sense_are_the_clients_fault(shared_rig, chunks):
    with socket.create_connection(('127.0.0.1', shared_rig.port), timeout=20) as client:
        client.sendall(b'POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n' + chunks
                       + b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
        answer = b''.join(iter(lambda: client.recv(65536), b''))
    assert answer.startswith(b'HTTP/1.1 400 ') and answer.count(b'HTTP/1.1 ') == 1, 'and nothing after them is heard'


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_hyphen():
    environ = whole_environ({
        'raw_path': b'/', 'method': 'GET', 'query_string': b'', 'http_version': '1.1', 'scheme': 'http',
        'server': ('h', 80), 'client': ('192.0.2.1', 1),
        'headers': [(b'x-forwarded-for', b'198.51.100.7'), (b'x_forwarded_for', b'203.0.113.9')]})
    assert environ['HTTP_X_FORWARDED_FOR'] == '198.51.100.7'


@pytest.mark.parametrize(('pieces', 'arrives'), [
    # (seconds since the last piece, its bytes), and whether all of it is taken
    ([(1, 4096)] * 300, True), ([(1, 1100)] * 300, True), ([(14, 16_000)] * 50, True),
    ([(0, 8_000_000), (14, 1)], True), ([(3, 1)] * 6, False),
    ([(0, 7_900_000), (16, 1)], False), ([(1, 500)] * 300, False), ([(16, 100_000)], False),
    ([(10, 20_000), (10, 100), (10, 100)], False)])
def test_a_body_is_taken_as_long_as_it_goes_on_arriving(pieces, arrives):
    time, deadline = 0, BODY_WINDOW

    def move(when):
        nonlocal deadline
        deadline = when
    progress = Deadline(move, lambda: time)
    for seconds, size in pieces:
        time += seconds
        if time > deadline:
            break
        progress.note(size)
    assert (time <= deadline) == arrives


def test_one_client_has_a_share_of_the_bodies_and_gets_it_back():
    arriving = ArrivingBodies()
    for _ in range(BODIES_PER_CLIENT):
        arriving.begin('192.0.2.1')
    with pytest.raises(RefusedRequest):
        arriving.begin('192.0.2.1')
    arriving.begin('192.0.2.2')
    arriving.add('192.0.2.2', BYTES_PER_CLIENT)
    with pytest.raises(RefusedRequest):
        arriving.add('192.0.2.2', 1)
    arriving.end('192.0.2.2', BYTES_PER_CLIENT + 1)
    arriving.end('192.0.2.1', 0)
    for client in ('192.0.2.1', '192.0.2.2'):
        arriving.begin(client)
        arriving.add(client, 1)


def test_a_form_that_stops_arriving_is_answered_in_words(app, monkeypatch):
    monkeypatch.setattr(limits, 'BODY_WINDOW', 0.05)
    status, headers, page = ask(app, part(b'email='), method='POST', raw_path=b'/login')
    assert status == 408 and b'nothing was saved' in page and headers[b'connection'] == b'close'
    assert headers[b'x-content-type-options'] == b'nosniff' and b'lang="en"' in page


def test_a_form_is_refused_in_the_language_that_the_site_spoke_last(app, alice, connection, monkeypatch):
    with connection():
        Site.change(language=pseudo.add_to(monkeypatch))
    ask(app, raw_path=b'/archive', query_string=b'')
    _, _, page = ask(app, part(b'email='), {'type': 'http.disconnect'}, method='POST', raw_path=b'/login')
    assert b'lang="en-XA"' in page and pseudo.untranslated(page.decode()) == []


# Turns: more is asked for than can be made

async def play(at_once, requests, given_up=()):
    """Return the names of requests (client, number) in the order in which they have their turns; some wait no more."""
    turns, order, tasks, all_there = Turns(at_once), [], [], asyncio.Event()

    async def ask_for(client, number):
        async with turns.of(client):
            order.append(f'{client}{number}')
            await all_there.wait()
    for client, number in requests:
        tasks.append(asyncio.create_task(ask_for(client, number)))
        await asyncio.sleep(0)
    for index in given_up:
        tasks[index].cancel()
    all_there.set()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
    async with turns.of('last'):  # none was lost on the way
        return ' '.join(order)


@pytest.mark.parametrize(('at_once', 'requests', 'given_up', 'order'), [
    (1, 'a1 a2 a3 a4 b1', (), 'a1 a2 b1 a3 a4'), (1, 'a1 a2 a3 b1 b2 c1', (), 'a1 a2 b1 c1 a3 b2'),
    (2, 'a1 a2 a3 a4 b1', (), 'a1 a2 a3 b1 a4'), (9, 'a1 a2 b1', (), 'a1 a2 b1'),
    (1, 'a1 a2 a3 b1', (1,), 'a1 a3 b1'), (1, 'a1 a2 b1 b2', (1, 2), 'a1 b2'), (1, 'a1 a2 b1', (1, 2), 'a1')])
def test_each_client_has_its_turn(at_once, requests, given_up, order):
    asked = [(name[0], name[1]) for name in requests.split()]
    assert asyncio.run(play(at_once, asked, given_up)) == order


def test_a_turn_that_is_given_up_in_the_moment_it_is_given_goes_to_the_next():
    async def run():
        turns, order = Turns(1), []

        async def ask_for(name):
            async with turns.of(name):
                order.append(name)
        async with turns.of('first'):
            tasks = [asyncio.create_task(ask_for(name)) for name in 'ab']
            await asyncio.sleep(0)
        tasks[0].cancel()  # it has its turn, and has not run yet
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        return order
    assert asyncio.run(run()) == ['b']


def test_no_client_has_more_waiting_than_it_may_have_connections(monkeypatch):
    monkeypatch.setattr(limits, 'PER_CLIENT', 3)

    async def run():
        turns, refused = Turns(1), []

        async def ask_for(client):
            try:
                async with turns.of(client):
                    pass
            except RefusedRequest as error:
                refused.append((client, error.status))
        async with turns.of('a'):
            tasks = [asyncio.create_task(ask_for(client)) for client in 'aaaaab']
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return refused
    assert asyncio.run(run()) == [('a', 429), ('a', 429)]


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE'])
def test_forms_that_wait_leave_threads_to_pages(app, monkeypatch, method):
    """For the write lock of the database, say, or to hash a password."""
    held, answer = threading.Event(), app.answer

    def wait(environ):
        if environ['REQUEST_METHOD'] == method:
            held.wait(60)
        return answer(environ)
    monkeypatch.setattr(app, 'answer', wait)

    async def receive():
        return part(b'', more=False)

    async def run():
        one, done = Front(app), []

        async def visit(number, **scope):
            async def send(event):
                done.extend([event['status']] if 'status' in event else [])
            await one(SCOPE | scope | {'client': (f'192.0.2.{number}', 1)}, receive, send)
        forms = [asyncio.create_task(visit(number, method=method, raw_path=b'/login'))
                 for number in range(2 * asgi.THREADS)]
        await asyncio.sleep(0)
        try:
            for number in range(3):
                await asyncio.wait_for(visit(number, raw_path=b'/login'), 60)
            assert done == [200, 200, 200]
        finally:
            held.set()
        await asyncio.gather(*forms)
        return len(done)
    assert asyncio.run(run()) == 3 + 2 * asgi.THREADS
