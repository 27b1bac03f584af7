"""What no browser sends, and what some people try: every answer is a page with a sentence, and nothing is half done."""

import random
import re
from urllib.parse import quote_from_bytes, unquote, urlencode

import pytest
from conftest import PASSWORD, drain, outbox, person, write
from hostile_requests import FIELDS, NASTY, PLACES, POST, ask, assert_sound, encoded, latin
from markupsafe import escape
from sites import form_with, mails, stored

from quickpub import db, models, tasks
from quickpub.accounts import links, sessions
from quickpub.models import Message, Post, User
from quickpub.web import URLS
from quickpub.wsgi.forms import FORM_LIMIT, MAX_FIELDS
from quickpub.wsgi.request_body import DRAINED


@pytest.fixture
def session(alice):
    """The cookie of alice."""
    return sessions.start(alice, '', db.now())


def is_refused(answer, *status):
    """Whether this is a page of ours that says in words what is wrong."""
    return answer.status_int in status and '<h1' in answer.text and 'Traceback' not in answer.text \
        and ('class="standfirst"' in answer.text or 'role="alert"' in answer.text)


# Addresses

STRANGE = [
    '12\n', '12\r', '\n', ' ', '-1', '0', '00', '+1', '1e3', '0x1', '1.0', '9' * 18, '9' * 19, '9' * 400, '٣', '²',
    'x' * 5000, '\0', '1\0', '\udcff', '\ud800', '\udcc3', '\udc80', 'é', '..', '%2e%2e', '\\', "' OR 1=1 --",
    '{{ 7*7 }}', '<b>']


def test_no_address_breaks_anything(app, session):
    before = stored()
    with db.db.connection_context():
        for base in ('/p/', '/@', '/t/', '/static/', '/verify/', '/reset/', '/setup/', '/unsubscribe/',
                     '/studio/posts/', '/admin/mail/'):
            for name in STRANGE:
                path = latin(base + name)
                assert is_refused(ask(app, path, session=session), 400, 404), path
                assert is_refused(ask(app, path, 'POST', session=session), 400, 404, 405), path
                assert is_refused(ask(app, f'{path}/preview', session=session), 400, 404), path
    assert stored() == before


@pytest.mark.parametrize('path', [
    '', '//', '///', '/.', '/..', '/../../etc/passwd', '//evil.example', '//evil.example/', '/\\evil.example/',
    '/nothing/', '/p//x', '/p/', '/\xff/', '/\n/', 'p/x', '*', 'http://evil.example/'], ids=ascii)
def test_what_is_no_page_is_a_404_or_leads_to_one_within_the_site(app, site, path):
    answer = ask(app, path)
    if answer.status_int == 301:
        assert re.fullmatch(r'/([!-.0-~][!-~]*)?', answer.headers['Location'])  # one slash, then none, and nothing raw
        answer = ask(app, answer.headers['Location'])
    assert path in ('', '//', '///') and answer.status_int == 200 or is_refused(answer, 400, 404)


def test_a_slash_too_many_is_forgiven(browse, site):
    moved = browse().get('/archive/?before=&x=%C3%BC', status=301)
    assert moved.headers['Location'] == '/archive?before=&x=%C3%BC'
    browse().head('/login/', status=301)
    assert is_refused(browse().post('/login/', status=404), 404)


def test_a_list_goes_on_only_after_a_row_that_exists(alice, olga, browse):
    stranger, author, owner = browse(), browse(alice), browse(olga)
    for browser, path in ((stranger, '/'), (stranger, '/archive'), (author, '/@alice'), (author, '/studio'),
                          (owner, '/admin/mail')):
        for before in ('1', *STRANGE):
            typed = quote_from_bytes(before.encode('utf-8', 'surrogatepass'))
            assert is_refused(browser.get(f'{path}?before={typed}', status=404), 404), before
        browser.get(f'{path}?before=', status=200)


FILES = ['secret', 'quickpub.db', 'dkim.pem', '.git/config', '.env', 'settings.py', 'etc/passwd', 'outbox/new/',
         'exports/', 'static', 'media/']


@pytest.mark.parametrize('way', ['/', '/static/', '/media/', '/media/{digest}/', '/../', '/static/../', '/static/..%2f',
                                 '/media/{digest}/../../', '/media/{digest}/..%2f..%2f', '/static/....//', '/static//',
                                 '/p/../', '/static/%2e%2e/', '/media/%2e%2e%2f', '/static/..\\', '/media/\x00/'])
def test_no_file_of_the_machine_is_served(app, site, way):
    """Nothing but the static files, and uploads under their digest; no list of them either."""
    for name in FILES:
        path = unquote(way.format(digest='0' * 32) + name)
        answer = ask(app, path)
        if answer.status_int == 301:  # another spelling of a page that there might be
            path = answer.headers['Location']
            assert path.startswith('/') and not path.startswith('//')
            answer = ask(app, path)
        assert is_refused(answer, 404), path
        assert site.secret not in answer.body


def test_a_strange_query_is_no_problem(app, site):
    for query in ('notice=nonsense', 'notice=%00', 'notice', '&&==&', '%', 'a' * 10_000, 'next=%ff',
                  'invite=%ed%a0%80', 'é\xff'):
        for path in ('/', '/login', '/signup'):
            answer = ask(app, path, QUERY_STRING=query)
            assert answer.status_int == 200 or is_refused(answer, 404)


def test_headers_that_others_get_wrong_are_no_problem(app, alice, session):
    """Some browsers name themselves in Latin-1; other applications of the host set cookies with any name."""
    with db.db.connection_context():
        write(alice, 'On hills')
    for value in (b'caf\xe9', b'\xff\xfe', b'\xed\xa0\x80'):
        text = value.decode('latin-1')
        for path, status in (('/p/on-hills', 200), ('/login', 200), ('/nothing', 404)):
            answer = ask(app, path, HTTP_USER_AGENT=text, HTTP_REFERER=text, HTTP_COOKIE=text, HTTP_SEC_PURPOSE=text)
            assert answer.status_int == status, path
        assert ask(app, '/login', 'POST', HTTP_ORIGIN=text).status_int == 403
    for cookies in ('cart[1]=x; quickpub={}', 'a@b=1; quickpub={}', '=; ;; ?x?="1; quickpub={}', 'quickpub={}; a/b="'):
        assert ask(app, '/studio', HTTP_COOKIE=cookies.format(session)).status_int == 200


# Bodies

@pytest.mark.parametrize('length', [
    'abc', '-1', '1e3', '7 ', '٣', '8', '99999', str(10 ** 30), '9' * 5000], ids=lambda value: value[:40])
def test_a_length_that_cannot_be_right_saves_nothing(app, session, length):
    before = stored()
    for path in ('/studio/posts/new', '/login', '/logout', '/settings'):
        answer = ask(app, path, 'POST', b'title=x', session, CONTENT_LENGTH=length)
        assert is_refused(answer, 400) and stored() == before


def test_a_body_without_a_length_is_empty_and_one_in_pieces_is_read_to_its_end(app, session):
    body = urlencode(POST).encode()
    answer = ask(app, '/studio/posts/new', 'POST', body, session, CONTENT_LENGTH='')
    assert is_refused(answer, 400) and stored()['Post'] == []
    answer = ask(app, '/studio/posts/new', 'POST', body, session, CONTENT_LENGTH='', HTTP_TRANSFER_ENCODING='chunked')
    assert answer.status_int == 303 and len(stored()['Post']) == 1


@pytest.mark.parametrize('how', ['urlencoded', 'multipart', 'in pieces'])
def test_ten_megabytes_are_refused_with_a_sentence(app, session, how):
    before, body = stored(), b'body=' + b'x' * 10_000_000
    environ = {}
    if how == 'multipart':
        environ['CONTENT_TYPE'] = 'multipart/form-data; boundary=b'
        body = b'--b\r\nContent-Disposition: form-data; name="body"\r\n\r\n' + body + b'\r\n--b--\r\n'
    if how == 'in pieces':
        environ |= {'CONTENT_LENGTH': '', 'HTTP_TRANSFER_ENCODING': 'chunked'}
    for path in ('/studio/posts/new', '/login', '/signup'):
        answer = ask(app, path, 'POST', body, session, **environ)
        assert is_refused(answer, 413) and 'up to 8 MB at once. Nothing was saved. Go back' in answer.text
    stranger = ask(app, '/login', 'POST', body, **environ)
    assert is_refused(stranger, 413) and 'up to 64 KB. Nothing was saved' in stranger.text
    assert is_refused(ask(app, '/nothing/here', 'POST', body, session, **environ), 404)
    assert stored() == before


class Endless:
    """A client that never stops sending; `asked` is what was read of it at once."""

    def __init__(self):
        self.asked = []

    def read(self, size):
        self.asked.append(size)
        return b'x' * size


def test_what_never_ends_is_not_kept_in_memory_nor_read_for_ever(app, session):
    for environ in ({'CONTENT_LENGTH': str(10 ** 15)}, {'CONTENT_LENGTH': '', 'HTTP_TRANSFER_ENCODING': 'chunked'}):
        client = Endless()
        answer = ask(app, '/studio/posts/new', 'POST', session=session, **environ, **{'wsgi.input': client})
        assert is_refused(answer, 413)
        assert max(client.asked) <= FORM_LIMIT + 1 and sum(client.asked) <= FORM_LIMIT + 1 + DRAINED


def test_what_is_just_within_the_limit_is_read(app, session):
    body = b'body=' + b'x' * (FORM_LIMIT - 5)
    answer = ask(app, '/studio/posts/new', 'POST', body, session)
    assert is_refused(answer, 400) and 'Split it into two posts' in answer.text
    assert is_refused(ask(app, '/studio/posts/new', 'POST', body + b'x', session), 413)


@pytest.mark.parametrize('text', [
    'A line of words, 日本 and “ü”.\n' * 8000, 'x' * 300_000, '\n' * 1000 + '  an end  \n\n', '%41+%2B&amp;=;',
    '<textarea></textarea><!-- & -->', '\tTab \u00a0 \u200b \U0001f33b \u0301'],
    ids=['300 KB', 'one word', 'lines', 'signs', 'tags', 'more'])
def test_a_text_is_kept_exactly(alice, browse, text):
    """Through the form and back: what a browser sends has other line ends, and is shown in a textarea again."""
    browser = browse(alice)
    for files in (None, [('upload', 'x.txt', b'x')]):  # urlencoded, multipart
        typed = POST | {'body': text.replace('\n', '\r\n')}
        page = browser.post('/studio/posts/new', typed, upload_files=files, status=303).follow()
        with db.db.connection_context():
            assert Post.select().order_by(Post.id.desc()).get().body == text
        form = form_with(page, 'body')
        form.submit('action', value='save', status=303)
        with db.db.connection_context():
            assert Post.select().order_by(Post.id.desc()).get().body == text


def part(head, body=b'x'):
    return b'--b\r\n' + head + b'\r\n\r\n' + body + b'\r\n'


NAMED = b'Content-Disposition: form-data; name="title"'


@pytest.mark.parametrize('kind, body', [
    ('multipart/form-data', part(NAMED) + b'--b--\r\n'),
    ('multipart/form-data; boundary=', part(NAMED) + b'--b--\r\n'),
    ('multipart/form-data; boundary=other', part(NAMED) + b'--b--\r\n'),
    ('multipart/form-data; boundary=' + 'b' * 100_000, part(NAMED) + b'--b--\r\n'),
    ('multipart/form-data; boundary=b; charset=nonsense', part(NAMED) + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', b''),
    ('multipart/form-data; boundary=b', b'nonsense'),
    ('multipart/form-data; boundary=b', part(NAMED)),
    ('multipart/form-data; boundary=b', b'--b\r\n' + NAMED),
    ('multipart/form-data; boundary=b', b'--b\r\n' + NAMED + b'\r\n--b--\r\n'),
    ('multipart/form-data; boundary=b', b'--b--\r\nmore'),
    ('multipart/form-data; boundary=b', part(b'Content-Type: text/plain') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(b'nonsense') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(b'\xff\xfe: x\r\n' + NAMED) + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(NAMED, b'\xff\xfe') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(NAMED, b'\xed\xa0\x80') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(NAMED + b'\r\nContent-Type: text/plain; charset=nonsense') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(NAMED + b'\r\nContent-Type: text/plain; charset=zlib') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(NAMED + b'\r\nContent-Type: text/plain; charset="a\0b"') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(NAMED + b'\r\nContent-Length: abc') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(NAMED + b'\r\nContent-Length: 99999999999999999999') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(b'Content-Disposition: form-data') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(b'Content-Disposition: ;;;="') + b'--b--\r\n'),
    ('multipart/form-data; boundary=b', part(NAMED + b'; filename="x"') + b'--b--\r\n'),
    ('application/json', b'{"title": "x"}'), ('text/plain', b'title: x'), ('nonsense', b'\0\xff'), ('', b''),
], ids=lambda value: ascii(value)[-60:])
def test_a_broken_form_saves_nothing(app, session, kind, body):
    before = stored()
    answer = ask(app, '/studio/posts/new', 'POST', body, session, CONTENT_TYPE=kind)
    if answer.status_int == 303:  # it had a title after all
        assert stored()['Post'][0][2] == 'x'
    else:
        assert is_refused(answer, 400) and stored() == before


def test_long_texts_and_many_fields_in_multipart_are_read(app, session):
    body = b''.join(part(b'Content-Disposition: form-data; name="%b"' % name, text) for name, text in (
        [(b'title', b'Long'), (b'body', b'x' * 300_000), (b'other', b'y' * 300_000), (b'title', b'Second')] +
        [(b'n%d' % number, b'') for number in range(500)])) + b'--b--\r\n'
    answer = ask(app, '/studio/posts/new', 'POST', body, session, CONTENT_TYPE='multipart/form-data; boundary=b')
    assert answer.status_int == 303
    with db.db.connection_context():
        assert (Post.get().title, len(Post.get().body)) == ('Long', 300_000)


def test_hundreds_of_fields_are_read_and_thousands_are_not(app, session):
    many = '&'.join(f'n{number}=x' for number in range(MAX_FIELDS - 2))
    assert ask(app, '/studio/posts/new', 'POST', f'{many}&title=Many'.encode(), session).status_int == 303
    before = stored()
    assert is_refused(ask(app, '/studio/posts/new', 'POST', f'title=x&{many}&a=&b=&c='.encode(), session), 400)
    assert stored() == before


def test_of_a_field_sent_twice_the_first_counts(app, session):
    answer = ask(app, '/studio/posts/new', 'POST', b'title=First&title=Second&action=save&action=publish', session)
    assert answer.status_int == 303
    with db.db.connection_context():
        assert (Post.get().title, Post.get().published_at) == ('First', None)


def test_letters_that_were_not_encoded_are_read_all_the_same(app, session):
    assert ask(app, '/studio/posts/new', 'POST', 'title=Über Hügel'.encode(), session).status_int == 303
    with db.db.connection_context():
        assert Post.get().title == 'Über Hügel'


# What is typed


@pytest.fixture
def keeper(alice):
    """The cookie of the owner, and what the paths above stand for."""
    owner = person('olga', role='owner')
    places = {'post': write(alice, 'By alice').id}
    for purpose, user in (('setup', None), ('reset', owner)):
        places[purpose] = links.create_link(purpose, links.VERIFY_LIFETIME, db.now(), user=user).text
    return sessions.start(owner, '', db.now()), places


@pytest.mark.parametrize('path', FIELDS)
def test_no_field_takes_what_would_break_something(app, keeper, path):
    (session, places), before = keeper, stored()
    with db.db.connection_context():
        written = db.db.connection()
        for name, value in ((name, value) for name in FIELDS[path] for value in NASTY):
            if name == 'password' and len(value) > 9:
                continue  # is as good a password as any
            with db.db.atomic() as everything:
                changes = written.total_changes
                answer = ask(app, path.format(**places), 'POST', encoded(FIELDS[path] | {name: value}), session)
                assert answer.status_int in (200, 303) or is_refused(answer, 400, 403, 404), (name, value)
                if written.total_changes != changes:  # to read all rows takes longer than the request
                    assert answer.status_int < 400 or stored() == before, (name, value)
                    assert_sound()
                everything.rollback()  # each value meets the same site


NO_ADDRESSES = [
    'a@b.c, d@e.f', 'a@b.example,d@e.example', 'a@b.example;d@e.example', 'a@b.example d@e.example',
    'a@b.example\r\nBcc: d@e.example', 'a@b.example\nd@e.example', '<a@b.example>', 'A <a@b.example>',
    '"a@b.example, d"@e.example', 'a@b.example, ', ',a@b.example', 'a@b@c.example', 'a@', '@b.example', 'a', '',
    'a b@c.example', 'a@b..example', '.a@b.example', 'a@-b.example', 'a@b.example\0', 'a@[127.0.0.1]',
    'a(comment)@b.example', 'a@' + 'b' * 250 + '.example', 'a@b.example%0aBcc:d@e.example', '\u202ea@b.example',
    'a@b.example\u2028d@e.example', 'mailto:a@b.example', 'a\\@b.example', "a@b.example'--", 'a@b .example',
    '=?utf-8?q?a=40b?= <d@e.example>', 'a:b@c.example', 'group:a@b.example;']


def test_what_is_not_one_address_is_refused_wherever_it_is_typed(app, site, alice):
    with db.db.connection_context():
        owner = sessions.start(person('olga', role='owner'), '', db.now())
        setup = links.create_link('setup', links.SETUP_LIFETIME, db.now()).text
    before = stored()
    places = [('/signup', {'name': 'Zoe', 'password': PASSWORD}), ('/verify', {}), ('/forgot', {}),
              ('/admin/invitations', {}), ('/settings', {'action': 'address', 'current': PASSWORD}),
              (f'/setup/{setup}', {'site_title': 'Mine', 'name': 'Zoe', 'password': PASSWORD})]
    for email in NO_ADDRESSES:
        for path, others in places:
            answer = ask(app, path, 'POST', encoded(others | {'email': email}), owner)
            assert is_refused(answer, 400) and 'Enter an email address' in answer.text, (email, path)
            if email.isprintable() and email.isascii():
                assert f'value="{escape(email)}"' in answer.text  # it comes back as it was typed
    assert stored() == before


@pytest.mark.parametrize('email, stored_as', [
    (' alice@example.org ', 'alice@example.org'), ('Alice.B+tag@EXAMPLE.org', 'Alice.B+tag@example.org'),
    ("o'hara@example.org", "o'hara@example.org"), ('a@müller.example', 'a@xn--mller-kva.example'),
    ('jürgen@example.org', 'jürgen@example.org'), ('club@server.local', 'club@server.local'),
    ('{}@example.org', '{}@example.org'), ('x' * 64 + '@example.org', 'x' * 64 + '@example.org')])
def test_an_unusual_address_gets_its_one_mail(site, browse, connection, email, stored_as):
    browse().post('/signup', {'name': 'Alice', 'email': email, 'password': PASSWORD})
    assert mails() == [('verify', stored_as)]
    drain()
    with connection():
        assert Message.get().state == 'sent', Message.get().answer
    assert [len(mail['To'].addresses) for mail in outbox(site)] == [1]


SPLIT = 'X\r\nBcc: mallory@evil.example\r\nX-Evil: 1\r\n\r\nEvil\n.\nbody'


def test_nothing_that_is_typed_adds_a_header_or_a_recipient(site, olga, alice, browse, connection):
    """Through every field that reaches a mail, into every kind of mail."""
    owner, author = browse(olga), browse(alice)
    owner.post('/admin/site', {'title': SPLIT, 'tagline': SPLIT, 'hue': '1'}, status=303)
    profile = {'action': 'profile', 'handle': 'x', 'bio': SPLIT, 'timezone': 'UTC', 'report': 'daily'}
    author.post('/settings', profile | {'name': SPLIT[:50]}, status=303)
    split = {'title': SPLIT, 'summary': SPLIT, 'tags': SPLIT[:40], 'action': 'publish'}
    author.post('/studio/posts/new', POST | split, status=303)
    browse().post('/signup', {'name': SPLIT[:50], 'email': 'zoe@example.org', 'password': PASSWORD})
    browse().post('/signup', {'name': 'x', 'email': alice.email, 'password': PASSWORD})
    browse().post('/forgot', {'email': alice.email})
    owner.post('/admin/invitations', {'email': 'invited@example.org'})
    author.post('/settings', {'action': 'address', 'email': 'new@example.org', 'current': PASSWORD}, status=303)
    with connection():
        tasks.send_view_count_report(alice.id)
        token = models.Token.get(models.Token.purpose == 'address').text
    drain()  # while their links still work: others are not sent
    author.post(f'/verify/{token}', status=303)
    drain()
    found = outbox(site)
    assert len(found) == len(mails()) >= 7
    known = {'zoe@example.org', alice.email, 'invited@example.org', 'new@example.org'}
    for mail in found:
        assert {address.addr_spec for address in mail['To'].addresses} < known and len(mail['To'].addresses) == 1
        assert not {'Bcc', 'Cc', 'X-Evil', 'Resent-To'} & set(mail.keys())
        assert len(mail.get_all('Subject')) == len(mail.get_all('From')) == 1 and not mail.defects
        assert not mail.get_body(('plain',)).get_content().startswith('Evil')
    assert {mail['To'].addresses[0].addr_spec for mail in found} == known


# Anything at all

CASES = 500
NAMES = sorted({name for fields in FIELDS.values() for name in fields} | {'publish_at', 'x'})
HEADERS = ['HTTP_COOKIE', 'HTTP_HOST', 'HTTP_ORIGIN', 'HTTP_RANGE', 'HTTP_IF_NONE_MATCH', 'HTTP_IF_MODIFIED_SINCE',
           'HTTP_X_FORWARDED_FOR', 'HTTP_USER_AGENT', 'HTTP_ACCEPT_LANGUAGE', 'HTTP_SEC_PURPOSE', 'HTTP_AUTHORIZATION',
           'HTTP_TRANSFER_ENCODING', 'HTTP_CONTENT_ENCODING', 'HTTP_EXPECT', 'HTTP_X_REQUESTED_WITH', 'HTTP_REFERER']


def test_nothing_at_all_breaks_anything(app, keeper, alice):
    """Random requests, always the same ones: each part of them may be right or nasty."""
    dice = random.Random(7)
    owner, places = keeper
    with db.db.connection_context():
        cookies = [owner, sessions.start(alice, '', db.now()), 'nonsense', None]
        typed = [*NASTY, 'zoe@example.org', 'alice@example.org', 'UTC', 'daily', 'profile', 'publish', 'delete', '1']
    for number in range(CASES):
        method, rule, _ = dice.choice(URLS)
        path = rule
        for name, right in PLACES.items():
            path = path.replace(name, latin(str(dice.choice([*right, *places.values(), *right, dice.choice(NASTY)]))))
        method = dice.choice([method, method, method, 'POST', 'GET', 'HEAD', 'PUT'])
        fields = {name: dice.choice(typed) for name in dice.sample(NAMES, dice.randrange(len(NAMES)))}
        body = encoded(fields) if method in ('POST', 'PUT') else b''
        environ = {name: latin(dice.choice(typed)) for name in dice.sample(HEADERS, dice.randrange(4))}
        if dice.random() < .2:
            environ['CONTENT_TYPE'] = dice.choice(['multipart/form-data; boundary=b', 'multipart/', latin('ß\0')])
        if dice.random() < .1:
            environ['CONTENT_LENGTH'] = latin(dice.choice(NASTY))
        environ['QUERY_STRING'] = dice.choice(['', '', 'before=1', 'before=x', 'notice=saved&next=//evil.example'])
        answer = ask(app, path, method, body, dice.choice(cookies), **environ)
        told = (number, method, path, answer.status)
        assert answer.status_int < 500 or (answer.status_int == 503 and path == '/healthz'), told
        if answer.status_int >= 400 and method != 'HEAD' and path != '/healthz':
            sign = 'error' if answer.content_type == 'application/json' else '<h1'  # the first is for scripts of ours
            assert sign in answer.text and 'Traceback' not in answer.text, told
        if 300 <= answer.status_int < 304:
            assert re.match('/(?!/)', answer.headers['Location']), told
        if number % 50 == 49:
            with db.db.connection_context():
                assert_sound()
                assert [user.name for user in User.select() if user.is_owner and user.name != 'Olga'] == []
