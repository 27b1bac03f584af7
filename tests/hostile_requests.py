"""Hostile requests and forms that no browser would send, and the check that they left nothing bad behind."""

import re
from io import BytesIO
from urllib.parse import quote_from_bytes

from conftest import PASSWORD
from webob import Request

from quickpub import db, models
from quickpub.accounts import validation
from quickpub.models import Message, Post, Session, Site, User

POST = {'title': 'On hills', 'slug': '', 'body': 'High.', 'tags': '', 'summary': '', 'action': 'save'}


def ask(app, path, method='GET', body=b'', session=None, **environ):
    """Send exactly this to the application, past all that a client library would put right."""
    request = Request.blank('/', environ={
        'REQUEST_METHOD': method, 'PATH_INFO': path, 'REMOTE_ADDR': '127.0.0.1', 'CONTENT_LENGTH': str(len(body)),
        'HTTP_HOST': 'localhost:8000', 'HTTP_ORIGIN': 'http://localhost:8000',
        'CONTENT_TYPE': 'application/x-www-form-urlencoded', 'wsgi.input': BytesIO(body)} | environ)
    if session:
        request.environ['HTTP_COOKIE'] = f'quickpub={session}'
    answer = request.get_response(app)
    assert answer.body is not None  # read to its end, so that a file behind it is closed
    return answer


def latin(text):
    """As a server hands over what came in: bytes, each as a character. \\udcff stands for the byte ff alone."""
    try:
        return text.encode('utf-8', 'surrogateescape').decode('latin-1')
    except UnicodeEncodeError:
        return text.encode('utf-8', 'surrogatepass').decode('latin-1')

NASTY = ['\0', 'a\0b', '\ud800', 'a\udfffb', '\r\nBcc: mallory@evil.example\r\n\r\nx', '\x1b[31m', '\u202e', '\ufffe',
         '\x7f', 'x' * 50_000, '-1', '9' * 30, '', ' ', '<script>alert(1)</script>', '"\'>', '{{ 7 * 7 }}', '{% x %}',
         '%s%n', '../..', "'; DROP TABLE post; --", '\U0001f469\u200d\U0001f33e', '𝕳', 'ﷺ' * 50, 'e' + '\u0301' * 500,
         '日本', '=?utf-8?q?x?=', 'a[1]=b; c']

FIELDS = {
    '/signup': {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD, 'invite': ''},
    '/setup/{setup}': {'site_title': 'Mine', 'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD},
    '/verify': {'email': 'zoe@example.org'}, '/forgot': {'email': 'zoe@example.org'},
    '/login': {'email': 'alice@example.org', 'password': 'wrong', 'next': ''},
    '/reset/{reset}': {'password': 'another password'},
    '/settings': {'action': 'profile', 'name': 'Alice', 'handle': 'alice', 'bio': '', 'timezone': 'UTC',
                  'report': 'weekly', 'report_day': '6', 'report_time': '00:00', 'email': '', 'current': '',
                  'password': '', 'digest': ''},
    '/studio': {'post': '1', 'action': 'tag', 'tag': 'x', 'state': '', 'sort': '', 'whose': '', 'q': ''},
    '/studio/exports': {'kind': 'numbers'},
    '/settings/delete': {'password': 'wrong', 'posts': 'keep'}, '/login/confirm': {'code': '123456'},
    '/settings/security': {'action': 'passkey_rename', 'passkey': '1', 'name': 'x', 'code': '', 'identity_password': '',
                           'identity_code': '', 'identity': ''},
    '/studio/posts/new': POST, '/studio/posts/{post}': POST,
    '/admin/blocked-domains': {'action': 'block', 'domains': 'spam.example', 'domain': ''},
    '/admin/members/selected': {'action': 'remove', 'member': '2', 'domain': 'spam.example', 'q': '', 'identity': '',
                                'identity_password': '', 'identity_code': ''},
    '/admin/invitations': {'email': 'zoe@example.org'}, '/admin/site': {'title': 'Voice', 'tagline': '', 'hue': '215'},
    '/admin/settings/reports': {'report': 'daily', 'shown_report': 'daily', 'report_time': '00:00'},
}


def encoded(fields):
    """A form as a browser sends it, with half characters as the three bytes that some programs make of them."""
    return '&'.join(f'{name}={quote_from_bytes(value.encode("utf-8", "surrogatepass"))}'
                    for name, value in fields.items()).encode()

PLACES = {'<slug>': ['by-alice', 'hills'], '<handle>': ['alice'], '<name>': ['style.css'], '<post_id>': ['1'],
          '<message_id>': ['1'], '<token>': ['1.x'], '<export_id>': ['1']}


def assert_sound():
    """Nothing is stored that could not be shown, mailed or fed; nobody is owner who was not."""
    for table in (User, Post, Site, Message, models.Tag, Session):
        for row in table.select().tuples():
            for value in row:
                if isinstance(value, str):
                    value.encode()  # no half characters
                    assert not re.search('[\0-\x08\x0b-\x1f\x7f\ufffe]', value), (table, value)
    for user in User.select():
        assert user.name.strip() and '\n' not in user.name + user.fediverse and len(user.name) <= validation.NAME_LENGTH
        assert re.fullmatch('[a-z0-9-]+', user.handle)
    for post in Post.select():
        assert post.title.strip() and '\n' not in post.title and re.fullmatch('[a-z0-9-]+', post.slug)
    for message in Message.select():
        assert re.fullmatch(r'[^\s,;<>@]+@[^\s,;<>@]+', message.recipient) and '\n' not in message.subject
    assert not list(db.db.execute_sql('PRAGMA foreign_key_check'))
