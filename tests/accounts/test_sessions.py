"""Sessions: how long they last, when their cookie gets another value, and what the cookie is called."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from hashlib import sha256

import pytest
from conftest import PASSWORD, Browser, path_in, person
from sites import browser_of, long_ago, make_old_site, newest_mail

from quickpub import db, migrating, opening
from quickpub.accounts import passwords, sessions, signup_claim
from quickpub.models import Session, User
from quickpub.upkeep import corrections
from quickpub.wsgi import notices

NEW = 'a louder horse in the valley'
DAY = timedelta(days=1)
HTTPS = 'https://voice.example'


def is_in(browser):
    return browser.get('/studio', status='*').status_int == 200


def digests():
    with db.db.connection_context():
        return {row.digest for row in Session.select()}


# How long

@pytest.mark.parametrize(('age', 'unused', 'lasts'), [
    (1, 1, 60), (100, 2, 60), (119, 1, 60), (150, 2, 30), (179, 1, 1), (100, 59, 60), (60, 59, 60), (170, 20, 10)])
def test_use_makes_a_session_last_longer_but_not_for_ever(site, alice, age, unused, lasts):
    """In days: since the log-in, since the last use, and left from now on."""
    now = db.now()
    token = sessions.start(alice, '', now - age * DAY)
    Session.update(seen_at=now - unused * DAY, expires_at=now + DAY / 2).execute()
    assert sessions.refresh(sessions.find(token, now), now)
    assert Session.get().expires_at == now + lasts * DAY
    assert sessions.find(token, now + lasts * DAY - timedelta(minutes=1))
    assert not sessions.find(token, now + lasts * DAY)


@pytest.mark.parametrize(('days', 'is_good'), [(0, True), (100, True), (179, True), (181, False), (400, False)])
def test_nobody_is_logged_in_for_more_than_180_days(site, alice, browse, days, is_good):
    browser = browse(alice)
    now = db.now()
    long_ago(Session, created_at=now - days * DAY, seen_at=now, expires_at=now + 60 * DAY)
    assert is_in(browser) == is_good
    with db.db.connection_context():
        sessions.clean_up(now)
        assert Session.select().exists() == is_good


def test_the_cookie_lasts_no_longer_than_the_session(alice, browse):
    browser, now = browse(alice), db.now()
    long_ago(Session, created_at=now - 170 * DAY, seen_at=now - 2 * DAY)
    age = browser.get('/studio').headers['Set-Cookie'].partition('Max-Age=')[2].partition(';')[0]
    assert 10 * 86400 - 60 < int(age) <= 10 * 86400


def test_a_session_of_a_clock_that_was_ahead_is_cut_to_its_life(site, alice):
    now = db.now()
    token = sessions.start(alice, '', now + 3650 * DAY)
    corrections.correct(now)
    assert sessions.find(token, now) and not sessions.find(token, now + 61 * DAY)
    session = Session.get()
    assert session.created_at <= now + timedelta(minutes=1)


# Another value

def values(browser):
    return browser.cookies.get('quickpub')


@pytest.mark.parametrize('way', ['log-in', 'password', 'address', 'confirmed', 'reset', 'owner', 'author again',
                                 'email by hand'])
def test_the_value_changes_with_every_change_of_rights_and_the_old_one_is_dead(site, olga, app, way):
    browser = Browser(app)
    with db.db.connection_context():
        zoe = person('zoe', verified=way != 'confirmed')
    browser.log_in(zoe)
    before, fields = values(browser), {}
    if way == 'log-in':
        browser.post('/login', {'email': zoe.email, 'password': PASSWORD}, status=303)
    elif way == 'password':
        browser.post('/settings', {'action': 'password', 'current': PASSWORD, 'password': NEW}, status=303)
    elif way == 'address':
        browser.post('/settings', {'action': 'address', 'email': 'new@example.org', 'current': PASSWORD}, status=303)
        browser.post(path_in(newest_mail(site), '/verify/'), status=303)
    elif way == 'confirmed':
        browser.post('/verify', {'email': zoe.email})
        browser.post(path_in(newest_mail(site), '/verify/'), status=303)
    elif way == 'reset':
        browser.post('/forgot', {'email': zoe.email})
        browser.post(path_in(newest_mail(site), '/reset/'), {'password': NEW}, status=303)
    elif way == 'owner':
        owner = Browser(app)
        owner.log_in(olga)
        owner.post('/admin/members', {'action': 'make_owner', 'person': str(zoe.id), 'identity_password': PASSWORD},
                   status=303)
    else:
        fields = {'role': 'owner'} if way == 'author again' else {'email': 'by-hand@example.org'}
        with db.db.connection_context():
            User.update(**fields).where(User.id == zoe.id).execute()
            if way == 'author again':
                Session.update(is_stale=False).execute()
                User.update(role='author').where(User.id == zoe.id).execute()
    if way in ('owner', 'author again', 'email by hand'):  # by somebody else: with the next page
        assert values(browser) == before
    assert is_in(browser)
    after = values(browser)
    assert after != before
    thief = Browser(app)
    thief.set_cookie('quickpub', before)
    assert not is_in(thief) and is_in(browser) and values(browser) == after
    with db.db.connection_context():
        assert Session.get(Session.user == zoe).digest == sha256(after.encode()).hexdigest()


@pytest.mark.parametrize('path, status', [
    ('/studio', 200), ('/studio/posts/4711', 404), ('/nothing', 404), ('/', 200), ('/login', 303), ('/feed.xml', 200),
    ('/admin', 404), ('/settings', 200)])
def test_every_kind_of_answer_hands_out_the_new_value(alice, browse, path, status):
    browser = browse(alice)
    before = values(browser)
    long_ago(Session, is_stale=True)
    answer = browser.get(path, status=status)
    assert answer.headers.getall('Set-Cookie') and values(browser) != before and is_in(browser)
    if 'public' in answer.headers.get('Cache-Control', ''):
        pytest.fail('a cache may keep it')


def test_what_changes_no_rights_changes_no_value(alice, bob, browse):
    browser, other = browse(alice), browse(bob)
    before = digests()
    browser.post('/settings', {'action': 'profile', 'name': 'Alice B.', 'handle': 'alice', 'bio': '', 'timezone': 'UTC',
                               'report': 'never'}, status=303)
    browser.post('/settings', {'action': 'password', 'current': 'wrong', 'password': NEW}, status=400)
    browser.post('/studio/posts/new', {'title': 'x', 'body': 'x', 'action': 'save'}, status=303)
    assert is_in(browser) and is_in(other) and digests() == before
    browser.post('/settings', {'action': 'password', 'current': PASSWORD, 'password': NEW}, status=303)
    assert len(digests() & before) == 1 and is_in(other)  # Bob's is as it was


def test_only_one_of_two_at_once_exchanges_the_value(site, alice):
    token = sessions.start(alice, '', db.now())
    first, second = sessions.find(token, db.now()), sessions.find(token, db.now())
    renewed = sessions.rotate(first)
    assert renewed and sessions.rotate(second) is None
    assert sessions.find(renewed, db.now()) == first and not sessions.find(token, db.now())


# Its name

def visit(site, url, cookies, path='/studio'):
    """The answer to one request with these cookies; the browser is on the other side of TLS."""
    app = browser_of(site, url=url).app
    header = '; '.join(f'{name}={value}' for name, value in cookies.items())
    return Browser(app).get(path, headers={'Cookie': header}, status='*')


def given(answer):
    """Name and value of each cookie that an answer sets, but for what it says to the next page."""
    pairs = [each.partition(';')[0].partition('=') for each in answer.headers.getall('Set-Cookie')]
    return {name: value for name, _, value in pairs if not name.startswith(notices.COOKIE)}


def test_a_session_under_the_plain_name_goes_on_under_the_better_one(site, alice, browse):
    token = values(browse(alice))
    answer = visit(site, HTTPS, {'quickpub': token})
    assert answer.status_int == 200
    cookies = given(answer)
    assert cookies['quickpub'] == '' and cookies['__Host-quickpub'] not in ('', token)
    flags = next(each for each in answer.headers.getall('Set-Cookie') if each.startswith('__Host-')).lower()
    assert 'secure' in flags and 'path=/;' in flags and 'domain' not in flags
    assert visit(site, HTTPS, {'quickpub': token}).status_int == 303  # once
    assert visit(site, HTTPS, {'quickpub': cookies['__Host-quickpub']}).status_int == 303
    again = visit(site, HTTPS, {'__Host-quickpub': cookies['__Host-quickpub']})
    assert again.status_int == 200 and given(again) == {}


def test_a_session_of_the_last_version_goes_on(config):
    with make_old_site(config, '0016_throttle'):
        at, secret = db.now(), 'x' * 43
        alice = ('INSERT INTO user (id, name, handle, email, password, role, bio, timezone, report, reported_until, '
                 "created_at, verified_at, feed_id, name_folded) VALUES (1, 'Alice', 'alice', 'alice@example.org', "
                 "'x', 'author', '', 'UTC', 'daily', ?, ?, ?, 'x', 'alice')")
        db.db.execute_sql(alice, (str(at),) * 3)
        db.db.execute_sql('INSERT INTO session VALUES (?, 1, ?, ?, ?, ?)',
                          (sha256(secret.encode()).hexdigest(), 'curl/8', str(at), str(at), str(at + DAY)))
    migrating.migrate(config)
    opening.open_site(config)
    assert visit(config, HTTPS, {'quickpub': secret}).status_int == 200
    with db.db.connection_context():
        assert User.get().logged_in_at == Session.get().created_at
    db.db.close()


def test_a_neighbour_cannot_plant_a_session(site, alice, bob):
    """Another host of the same domain can set a cookie without the prefix, of a session of its own."""
    mallory = browser_of(site, url=HTTPS)
    cookies = given(mallory.post('/login', {'email': bob.email, 'password': PASSWORD}, status=303))
    theirs = cookies['__Host-quickpub']
    assert visit(site, HTTPS, {'quickpub': theirs}).status_int == 303
    with db.db.connection_context():
        ours = sessions.start(alice, '', db.now(), cookie='__Host-quickpub')
    for cookies in ({'quickpub': theirs, '__Host-quickpub': ours}, {'__Host-quickpub': ours, 'quickpub': theirs}):
        assert 'Alice' in visit(site, HTTPS, cookies)


@pytest.mark.parametrize(('url', 'name'), [
    ('http://127.0.0.1:8000', 'quickpub'), (HTTPS, '__Host-quickpub'), (f'{HTTPS}/blog', 'quickpub')])
def test_logging_out_removes_the_cookie(site, alice, url, name):
    with db.db.connection_context():
        token = sessions.start(alice, '', db.now(), cookie=name)
    prefix = url.partition('example')[2]
    browser = browser_of(site, url=url)
    answer = browser.post(f'{prefix}/logout', headers={'Cookie': f'{name}={token}'}, status=303)
    assert given(answer) == {name: ''} and digests() == set()
    assert [each for each in answer.headers.getall('Set-Cookie') if each.startswith(f'{name}=') and 'Max-Age=0' in each]


@pytest.mark.parametrize('cookie', ['quickpub={}', '__Host-quickpub={}', 'a=1; __Host-quickpub={}; quickpub-device=x'])
def test_whoever_is_logged_in_never_gets_a_page_from_the_cache(site, alice, cookie):
    browser = browser_of(site, url=HTTPS)
    assert browser.get('/').headers['Cache-Control'] == 'public, no-cache'
    with db.db.connection_context():
        token = sessions.start(alice, '', db.now())
    page = browser.get('/', headers={'Cookie': cookie.format(token)})
    assert page.headers['Cache-Control'] == 'private, no-store' and 'Studio' in page


@pytest.mark.parametrize('cookie', [
    'quickpub-device=x', '__Host-quickpub-device=x', 'quickpub-claim=x', 'other=quickpub'])
def test_other_cookies_do_not_keep_a_page_from_the_cache(site, alice, cookie):
    browser = browser_of(site, url=HTTPS)
    assert browser.get('/', headers={'Cookie': cookie}).headers['Cache-Control'] == 'public, no-cache'


# The claim

def test_the_browser_never_gets_a_password_not_even_as_a_hash(site, browse):
    browser = browse()
    browser.post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD})
    with db.db.connection_context():
        hashed = User.get().password
    claim = browser.cookies['quickpub-claim']
    inside = b''.join(urlsafe_b64decode(part + '==') for part in claim.split('.'))
    for secret in (hashed, hashed[-20:], 'argon2', PASSWORD, 'zoe@example.org'):
        assert secret.encode() not in inside and secret not in claim
    assert signup_claim.read_claim(claim, 'zoe@example.org', db.now()).password == hashed


def test_two_claims_of_the_same_are_not_alike(site):
    made = {signup_claim.seal_claim('Zoe', 'zoe@example.org', passwords.hash_password(PASSWORD), db.now())
            for _ in range(2)}
    assert len(made) == 2
