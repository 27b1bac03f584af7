"""Anything at all, made up by Hypothesis: parsers keep their promises, and no request breaks a page.

The examples are the same each time (derandomize), so that a failure can be repeated.
"""

import functools
import json
import re
import unicodedata
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from zoneinfo import available_timezones

import html5lib
import peewee
import pytest
from conftest import person, write
from hostile_markdown import HOSTILE, SHAPES, assert_safe, assert_safe_on_page
from hostile_requests import FIELDS, NASTY, PLACES, ask, assert_sound, encoded, latin
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sites import ended_if_it_hangs

from quickpub import dates, db, formats, signing, text
from quickpub import settings as settings_module
from quickpub.accounts import links, sessions
from quickpub.audience import user_agents
from quickpub.content import comparison, redirects, search
from quickpub.markup import cleaner, excerpts, folding, markdown
from quickpub.media import intake
from quickpub.models import Post, User
from quickpub.web import URLS
from quickpub.wsgi import authentication, bodies, forms


def fuzz(examples):
    """So many examples, always the same ones, however slow the machine is."""
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None, print_blob=False,
                    suppress_health_check=list(HealthCheck))


HALF_TOO = st.characters(exclude_categories=())  # half characters too
STRANGE = st.sampled_from([each for each in NASTY if len(each) < 100])
ANYTHING = st.lists(st.one_of(STRANGE, st.text(HALF_TOO, max_size=12)), max_size=5).map(''.join)
WORDS = st.text(st.one_of(st.sampled_from('abzé ßŁıİσς-_\'"@.,ёйїא٣一が한ัा\u0301\u0345\u200d\xad'), st.characters()),
                max_size=30)
PIECES = st.sampled_from([*HOSTILE, *SHAPES, '\n', '\n\n', '    ', '\t', '](/a)', '[a]: /b "c"\n', '```\n', '---\n',
                          '\n\n[^1]: b', '</', '/>', '<!--', '-->', ' ', 'word', 'שלום', '漢字', '&lt;', '&#x3c;', '"'])
SOURCES = st.lists(st.one_of(PIECES, PIECES, ANYTHING), max_size=14).map(''.join)


# Markdown

@fuzz(250)
@given(SOURCES)
def test_no_markdown_becomes_anything_dangerous(source):
    with ended_if_it_hangs():
        html = markdown.to_html(source)
        assert_safe(html)
        assert_safe_on_page(html)
    assert not text.NOT_IN_TEXT.search(html) and '<script' not in html.lower()
    assert cleaner.CLEANER.clean(html).strip() == html
    assert excerpts.count_words(html) >= 0
    assert len(excerpts.excerpt(html)) <= 221 and len(excerpts.beginning(html, 80)) <= 81
    assert '\n' not in excerpts.excerpt(html) + excerpts.beginning(html, 80)
    assert excerpts.outlined(html).html.count('class="anchor"') >= len(excerpts.outlined(html).parts)
    elsewhere = markdown.absolute(html, 'https://example.org/blog', '/p/a')
    assert_safe(elsewhere)
    assert not [each for each in html5lib.parseFragment(elsewhere).iter() if each.get('id')]


@fuzz(100)
@given(SOURCES, st.sampled_from(['', '/blog', '/p', 'https://example.org', 'https://example.org/p']))
def test_paths_are_put_below_a_prefix_once(source, base):
    html = markdown.to_html(source)
    below = markdown.links.below(html, base)
    assert below.count('<') == html.count('<') and len(below) >= len(html)
    if not base:
        assert below == html


# Words

@fuzz(300)
@given(ANYTHING | WORDS, st.integers(1, 60))
@example('a\u0301' * 40, 20)
@example('\u0344' * 10, 9)
def test_a_line_is_one_clean_line(typed, limit):
    line = text.line(typed, limit)
    assert text.line(line, limit) == line and len(line) <= limit
    assert len(line.splitlines()) <= 1 and line == line.strip() and not text.NOT_IN_LINE.search(line)
    line.encode()
    assert text.whole_line(typed, limit) in (None, line)


@fuzz(300)
@given(ANYTHING | WORDS)
def test_what_is_made_clean_stays_as_it_is(typed):
    body = text.body(typed)
    assert text.body(body) == body and '\r' not in body
    body.encode()
    slug = text.slug(typed, 'post')
    assert re.fullmatch('[a-z0-9]+(-[a-z0-9]+)*', slug) and len(slug) <= 80 and text.slug(slug, 'post') == slug
    caseless = text.caseless(typed)
    assert text.caseless(caseless) == caseless == text.caseless(unicodedata.normalize('NFD', typed))


@fuzz(200)
@given(WORDS, st.integers(4, 40))
def test_what_is_cut_fits(words, limit):
    words = text.line(words, 100)
    assert len(text.shorten(words, limit)) <= limit
    assert len(text.middle(words * 20, limit)) <= 3 * limit + 5
    assert '\n' not in formats.column(words, limit)


@fuzz(300)
@given(ANYTHING)
def test_a_number_is_read_as_sqlite_can_hold_it(typed):
    number = forms.number(typed)
    assert number is None or (0 <= number < 2 ** 63 and typed.isascii() and int(typed) == number)


# Search

@functools.cache
def index():
    """A full-text index like the site's."""
    connection = peewee.sqlite3.connect(':memory:')
    connection.execute("CREATE VIRTUAL TABLE search USING fts5 (text, content='', tokenize='ascii')")
    return connection


def finds(query, indexed):
    connection = index()
    connection.execute('INSERT INTO search (rowid, text) VALUES (1, ?)', (indexed,))
    try:
        return bool(connection.execute('SELECT 1 FROM search WHERE search MATCH ?', (query,)).fetchall())
    finally:
        connection.rollback()


@fuzz(250)
@given(WORDS | ANYTHING)
@example('İıſßŒ')
@example('\u0345\u0301')
def test_every_word_of_a_text_finds_it(words):
    words = text.HALF_CHARACTER.sub('', words)
    folded, indexed = folding.fold(words), folding.index(words)
    assert folding.fold(folded) == folded and folding.index(folded) == indexed
    for word in folding.words(words):
        for is_open in (False, True):
            query = folding.query(word, is_open)
            assert query and finds(query, indexed), (word, query)
            assert re.search(folding.pattern(word, is_open), folded), (word, folded)


@fuzz(300)
@given(WORDS, WORDS)
def test_what_is_marked_lies_in_the_text(typed, words):
    query = search.Query.of(typed)
    assert search.Query.of(query.typed).phrases == query.phrases
    last = 0
    for start, end in folding.spans(words, query.pattern()):
        assert last <= start < end <= len(words)
        last = end
    shown = str(search.mark_matches(words, query.pattern()))
    assert re.sub('</?mark>', '', shown) == str(search.escape(words))


@fuzz(60)
@given(ANYTHING | WORDS)
def test_no_question_breaks_the_search(index_of_hills, typed):
    at, query = db.now(), search.Query.of(typed)
    ids = search.find_posts(query, at)
    assert len(search.load_results(query, ids, at)) == len(ids)
    search.suggest_query(query, at)


@pytest.fixture
def index_of_hills(site, alice):
    return [write(alice, title, body=body) for title, body in (
        ('Über Hügel', '漢字 and *hills*'), ('ёлка', 'שלום "quoted" words'), ('a_b', 'C++ & <b>more</b>'))]


# Days, times, zones

ZONES = sorted(available_timezones())


@fuzz(300)
@given(ANYTHING)
def test_a_zone_is_known_or_not(site, name):
    known = dates.is_zone(name)
    assert dates.zone_name(name) == (name if known else 'UTC')


@fuzz(300)
@given(st.datetimes(), st.sampled_from(ZONES))
@example(datetime.min, 'Asia/Tokyo')
@example(datetime.max, 'America/New_York')
def test_every_moment_has_its_words_in_every_zone(site, when, zone):
    iso = dates.iso(when, zone)
    assert datetime.fromisoformat(iso).astimezone(UTC).replace(tzinfo=None) == when.replace(microsecond=0) \
        if datetime(2, 1, 1) < when < datetime(9999, 1, 1) else iso
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d', dates.local(when, zone))
    assert dates.clock(when, zone).endswith(f'{dates.at(when, zone):%H:%M}') and dates.day(when, zone)


@fuzz(300)
@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), st.sampled_from(ZONES))
def test_a_time_of_day_comes_back(site, when, zone):
    shown = when.time().replace(second=0, microsecond=0)
    moment = dates.to_utc(when.date(), shown, zone)
    back = dates.at(moment, zone).replace(tzinfo=None)
    assert abs(back - datetime.combine(when.date(), shown)) <= timedelta(hours=24)  # Samoa has left out a day
    assert dates.to_utc(back.date(), back.time(), zone) in (moment, moment - timedelta(hours=1),
                                                            moment - timedelta(minutes=30))


# Signatures

@fuzz(200)
@given(st.integers(0, 10 ** 17 - 1), ANYTHING)
def test_a_token_is_ours_or_nothing(site, number, other):
    token = signing.sign('reset', number)
    assert signing.unsign('reset', token) == signing.number_in(token) == number
    assert signing.unsign('verify', token) is None and signing.redact(f'/reset/{token}?') == f'/reset/{signing.HIDDEN}?'
    assert signing.unsign('reset', other) is None
    assert signing.unsign('reset', token + other) == (None if other else number)
    for place in {0, len(token) // 2, len(token) - 1}:
        assert signing.unsign('reset', token[:place] + other[:1] + token[place + 1:]) in (
            None, number if other[:1] == token[place] else None)


@fuzz(200)
@given(st.text(max_size=40), ANYTHING)
def test_a_sealed_text_is_ours_or_nothing(site, words, other):
    sealed = signing.seal('claim', words)
    assert signing.unseal('claim', sealed) == words and signing.unseal('other', sealed) is None
    assert signing.unseal('claim', other) is None
    assert signing.unseal('claim', f'{other}.{sealed.partition(".")[2]}') in (None, words)
    assert signing.unseal('claim', f'{sealed.partition(".")[0]}.{other}') is None


# Settings

NAMES = ['URL', 'SMTP', 'MAIL_FROM', 'HOST', 'PORT', 'TIMEZONE', 'REPORT', 'REPORT_TIME', 'QUOTA', 'TRUSTED_PROXY',
         'WORKERS', 'CONSUMER_WORKERS', 'SIGNUP', 'NONSENSE']
GIVEN = st.one_of(ANYTHING, st.lists(st.sampled_from(
    ['http://', 'https://', 'smtp://', 'smtps://', 'smtp+plain://', 'example.org', 'a:pa55@', 'a:pa55/#?@', '[::1]',
     '[', ']', ':', '/', '%zz', '%40', '127.0.0.1', '/8', ',', '12:30', '25:00', 'daily', 'Europe/Berlin', '9' * 5, '@',
     '٣', '#', '?']),
    max_size=5).map(''.join))


@fuzz(400)
@given(st.dictionaries(st.sampled_from(NAMES), GIVEN, max_size=4))
@example({'URL': 'http://[::1'})
@example({'SMTP': 'smtp://a:pa55@[::1'})
@example({'SMTP': 'smtp://a:pa55@host:99999'})
@example({'SMTP': 'smtp://a:pa55/w@host'})
@example({'SMTP': 'smtp:/a:pa55#@host:25'})
@example({'MAIL_FROM': '@'})
@example({'HOST': '\0'})
@example({'URL': 'http://a\nb'})
@example({'URL': 'http://a:x'})
@example({'URL': 'http://a_b.example'})
@example({'URL': 'http://box'})
@example({'URL': 'http://b\xfccher.example'})
def test_settings_are_right_or_refused_with_a_sentence(given_):
    environ = {f'QUICKPUB_{name}': value for name, value in given_.items()}
    try:
        found = settings_module.from_env(environ)
    except settings_module.SettingsError as error:
        assert str(error).startswith('QUICKPUB_')
        is_shown = any('pa55' in value for name, value in given_.items() if name != 'SMTP')
        assert is_shown or 'pa55' not in str(error)
        return
    assert settings_module.from_env(found.environ()) == found
    assert 'pa55' not in found.masked()['QUICKPUB_SMTP']
    assert found.trusts('127.0.0.1') in (True, False) and found.origin.startswith('http')
    login = settings_module.smtp_login(found.smtp) if found.smtp else None
    assert not (login and login[1]) or '***' in found.masked()['QUICKPUB_SMTP']


@fuzz(150)
@given(st.one_of(st.binary(max_size=60), GIVEN.map(lambda value: f'QUICKPUB_QUOTA={value}'.encode(errors='replace')),
                 GIVEN.map(lambda value: f'QUICKPUB_URL="{value}\nX=${{A}}'.encode(errors='replace'))))
def test_a_file_of_settings_is_right_or_refused_with_a_sentence(tmp_path, content):
    (tmp_path / 'conf').write_bytes(content)
    try:
        found = settings_module.from_env({'QUICKPUB_CONFIG': str(tmp_path / 'conf')})
    except settings_module.SettingsError as error:
        assert str(error).startswith('QUICKPUB_')
    else:
        assert found.quota >= 0


# Forms and headers

PARTS = st.sampled_from([
    b'--b\r\n', b'--b--\r\n', b'--b', b'\r\n', b'\r\n\r\n', b'\n', b'Content-Disposition: form-data; name="files"',
    b'; filename="a.png"', b"; filename*=utf-8''%ff", b'; filename="', b'Content-Type: image/png', b'Content-Type: ',
    b'Content-Transfer-Encoding: base64', b'\x89PNG\r\n\x1a\n', b'a', b':', b'"', b'\x00', b'\xff'])
MULTIPART = st.lists(st.one_of(PARTS, PARTS, st.binary(max_size=6)), max_size=25).map(b''.join)
KINDS = st.one_of(st.sampled_from(['multipart/form-data; boundary=b', 'multipart/form-data; boundary="b"',
                                   'multipart/form-data', 'multipart/mixed; boundary=b',
                                   'multipart/form-data; boundary=' + 'b' * 300]), ANYTHING)


@fuzz(400)
@given(KINDS, MULTIPART)
def test_a_form_with_files_is_read_or_refused(tmp_path, kind, body):
    try:
        found = bodies.files(kind, BytesIO(body), lambda name: intake.UploadedFile(tmp_path, name, 99))
        sizes = [draft.size for draft in found]
    except (ValueError, bodies.TooMany):
        sizes = []
    assert sum(sizes) <= len(body) and list(tmp_path.iterdir()) == []


@fuzz(300)
@given(st.lists(st.one_of(ANYTHING, st.just('quickpub=x'), st.just('; ')), max_size=5).map(''.join))
def test_a_cookie_is_found_or_not(header):
    value = authentication.cookie_in(header)
    assert value in header and ';' not in value
    assert authentication.cookie_in(f'cart[1]=2; quickpub=abc; {header}') == 'abc'


@fuzz(300)
@given(st.lists(st.one_of(ANYTHING, st.sampled_from([',', '10.0.0.1', '203.0.113.7', '::1', '[::1]:80'])), max_size=6))
def test_nobody_but_a_proxy_says_where_a_request_comes_from(config, parts):
    settings_module.use(config)
    environ = {'HTTP_X_FORWARDED_FOR': ''.join(parts), 'REMOTE_ADDR': '203.0.113.9'}
    assert authentication.client_address(environ) == '203.0.113.9'


@fuzz(300)
@given(ANYTHING)
def test_a_user_agent_is_a_browser_or_not(agent):
    with ended_if_it_hangs():
        assert user_agents.is_browser(agent) in (True, False)


# Versions

VERSIONS = st.lists(st.sampled_from(['a', 'b', 'c d', '\n', '\n\n', ' ', 'ä', '=======', '\u2028']), max_size=12).map(
    ' '.join)


@fuzz(250)
@example('\n', 'a \n', '')
@given(VERSIONS | WORDS, VERSIONS | WORDS, VERSIONS)
def test_differences_hold_both_texts_and_a_merge_loses_nothing(old, new, base):
    found = comparison.differences(old, new)
    assert ''.join(part for kind, part in found if kind != 'ins') == old
    assert ''.join(part for kind, part in found if kind != 'del') == new
    assert comparison.merge(old, new, old) == comparison.merge(old, old, new) == (new, True)
    merged, is_clean = comparison.merge(base, old, new)
    if not is_clean:
        assert all(mark in merged for mark in comparison.MARKERS)
    for word in {*new.split()} & {*old.split()} - {*base.split()}:
        assert word in merged


# Requests

@pytest.fixture
def people(site, alice):
    """The cookies of a stranger, an author and the owner, and what the paths of forms stand for."""
    owner = person('olga', role='owner')
    post = write(alice, 'By alice', tags='Hills')
    write(alice, 'A draft', published=False)
    places = {'post': post.id}
    for purpose, user in (('setup', None), ('reset', owner), ('verify', alice)):
        places[purpose] = links.create_link(purpose, links.VERIFY_LIFETIME, db.now(), user=user).text
    cookies = {'stranger': None, 'author': sessions.start(alice, '', db.now()),
               'owner': sessions.start(owner, '', db.now())}
    db.db.close()
    return cookies, places


ROLES = st.sampled_from(['stranger', 'author', 'owner'])
TYPED = st.one_of(ANYTHING, st.sampled_from(
    [*NASTY, 'zoe@example.org', 'alice@example.org', 'UTC', 'daily', 'profile', 'password', 'publish', 'save', 'delete',
     'schedule', 'merge', 'overwrite', 'share', 'pin-home', 'duplicate', 'preview', 'retry', 'pause', 'take', 'numbers',
     '1', '2', '2027-03-28T02:30', '0001-01-01T00:00', '9999-12-31T23:59+14:00', 'A' * 16, '[a](/b)', 'x,' * 20]))
QUERIES = st.dictionaries(
    st.sampled_from(['before', 'q', 'page', 'notice', 'next', 'undo', 'state', 'sort', 'whose', 'from', 'to', 'unsaved',
                     'kind', 'v', 'days', 'email', 'invite']), TYPED, max_size=4)
HEADERS = st.dictionaries(
    st.sampled_from(['HTTP_HOST', 'HTTP_RANGE', 'HTTP_IF_RANGE', 'HTTP_IF_NONE_MATCH', 'HTTP_IF_MODIFIED_SINCE',
                     'HTTP_X_FORWARDED_FOR', 'HTTP_X_FORWARDED_PROTO', 'HTTP_USER_AGENT', 'HTTP_ORIGIN',
                     'HTTP_SEC_FETCH_SITE', 'HTTP_ACCEPT_ENCODING', 'HTTP_REFERER', 'HTTP_CONTENT_TYPE']),
    st.one_of(ANYTHING, st.sampled_from(['bytes=0-', 'bytes=-1', 'bytes=5-2', 'bytes=0-1,3-4', '"', 'W/"x", *', '*',
                                         'same-origin', 'none', 'null', 'https://localhost', 'localhost:8000', 'gzip',
                                         'br;q=0', 'Thu, 01 Jan 1970 00:00:00 GMT', '127.0.0.1'])), max_size=4)


def assert_answered(answer, told):
    """A page of ours, or a way to one, whatever was sent."""
    assert answer.status_int < 500 or (answer.status_int == 503 and told[1] == '/healthz'), told
    if answer.status_int >= 400 and answer.content_type == 'text/html' and told[0] != 'HEAD':
        assert '<h1' in answer.text and 'Traceback' not in answer.text, told
    if 300 <= answer.status_int < 304:
        assert re.match(r'/(?![/\\])[ -~]*$', answer.headers['Location']), told
    for name, value in answer.headers.items():
        assert not re.search(r'[\r\n\0]', name + value), told
    if answer.content_type.endswith('json') and answer.body:
        json.loads(answer.body)


def filled(draw, rule, places):
    """A path of this rule, its parts right or strange."""
    def choose(match):
        right = [*PLACES.get(match[0], []), *map(str, places.values())]
        return latin(draw(st.one_of(st.sampled_from(right), STRANGE | ANYTHING)))
    return re.sub('<[a-z_]+>', choose, rule)


GETS, POSTS = ([rule for method, rule, _ in URLS if method == wanted] for wanted in ('GET', 'POST'))


@fuzz(300)
@given(st.data())
def test_no_address_and_no_header_breaks_a_page(app, people, data):
    (cookies, places), draw = people, data.draw
    path = filled(draw, draw(st.sampled_from(GETS)), places)
    query = encoded(draw(QUERIES)).decode()
    headers = {name: latin(value) for name, value in draw(HEADERS).items()}
    method = draw(st.sampled_from(['GET', 'GET', 'GET', 'HEAD']))
    with ended_if_it_hangs():
        answer = ask(app, path, method, b'', cookies[draw(ROLES)], QUERY_STRING=query, **headers)
    assert_answered(answer, (method, path, query, headers, answer.status))


FORMS = {re.sub('<[a-z_]+>', '', rule): rule for rule in POSTS}
FIELD_NAMES = {
    rule: sorted({*next((fields for path, fields in FIELDS.items() if re.sub('{[a-z]+}', '', path) == bare), {}),
                  'action', 'version', 'tab', 'publish_at', 'series', 'part', 'place', 'canonical', 'post', 'kind',
                  'tag', 'person', 'current', 'posts', 'texts', 'afresh', 'again', 'alt', 'digest', 'job',
                  'login_email', 'login_password', 'next'})
    for bare, rule in FORMS.items()}


@fuzz(300)
@given(st.data())
def test_no_form_breaks_a_page_or_leaves_anything_unsound(app, people, data):
    (cookies, places), draw = people, data.draw
    rule, role = draw(st.sampled_from(POSTS)), draw(ROLES)
    path = filled(draw, rule, places)
    right = next((fields for name, fields in FIELDS.items() if name.startswith(rule.partition('<')[0])), {})
    fields = right | draw(st.dictionaries(st.sampled_from(FIELD_NAMES[rule]), TYPED, max_size=6))
    with db.db.connection_context(), db.db.atomic() as everything, ended_if_it_hangs():
        answer = ask(app, path, 'POST', encoded(fields), cookies[role])
        assert_answered(answer, ('POST', path, fields, answer.status))
        assert_sound()
        assert {user.name for user in User.select() if user.is_owner} <= {'Olga', 'Alice', fields.get('name')}
        if role == 'stranger' and not rule.startswith(('/setup', '/reset', '/verify', '/unsubscribe', '/login')):
            assert Post.select().count() == 2
        everything.rollback()


@fuzz(150)
@given(st.data())
def test_no_body_of_any_kind_breaks_a_form(app, people, data):
    (cookies, places), draw = people, data.draw
    path = filled(draw, draw(st.sampled_from(POSTS)), places)
    kind, body = latin(draw(KINDS)), draw(MULTIPART)
    with db.db.connection_context(), db.db.atomic() as everything, ended_if_it_hangs():
        answer = ask(app, path, 'POST', body, cookies[draw(ROLES)], CONTENT_TYPE=kind)
        assert_answered(answer, ('POST', path, kind, body, answer.status))
        assert_sound()
        everything.rollback()


@fuzz(200)
@given(st.lists(st.one_of(ANYTHING, st.sampled_from(['/', '//', 'p', '@alice', 't', 'hills', 'feed', '.xml'])),
                max_size=6).map('/'.join))
def test_what_was_meant_by_a_path_lies_within_the_site(site, alice, path):
    found = redirects.find_target('/' + path.strip('/'), db.now())
    assert found is None or re.match(r'/(?![/\\])', found)


@fuzz(100)
@given(st.times(), st.sampled_from(ZONES))
def test_a_time_to_report_is_a_setting_and_comes_back(moment, zone):
    shown = time(moment.hour, moment.minute)
    found = settings_module.from_env({'QUICKPUB_REPORT_TIME': f'{shown:%H:%M}', 'QUICKPUB_TIMEZONE': zone})
    assert (found.report_time, found.timezone) == (shown, zone)
