"""Which requests the site answers, which forms it takes, what it says once, and what it forbids the browser."""

import socket
from dataclasses import replace

import pytest
from conftest import BROWSER, PASSWORD, Browser, write
from rig import Visitor
from sites import browser_of, stored

from quickpub import db, settings, signing
from quickpub.mail import message
from quickpub.models import Site
from quickpub.web import create_app
from quickpub.wsgi import guards, notices

POST = {'title': 'On hills', 'slug': '', 'body': 'High.', 'tags': '', 'summary': '', 'action': 'save'}


# The address of a site for which none is configured

@pytest.mark.parametrize(('host', 'url'), [
    ('', 'http://localhost:8000'), ('127.0.0.1', 'http://localhost:8000'), ('::1', 'http://localhost:8000'),
    ('127.0.0.5', 'http://localhost:8000'), ('0.0.0.0', 'http://localhost:8000'), ('::', 'http://localhost:8000'),
    ('localhost', 'http://localhost:8000'), ('192.0.2.5', 'http://192.0.2.5:8000'),
    ('2001:db8::5', 'http://[2001:db8::5]:8000')])
def test_the_address_has_a_name_where_the_site_listens_on_this_machine(tmp_path, host, url):
    found = settings.from_env({'QUICKPUB_DATA': str(tmp_path), 'QUICKPUB_HOST': host})
    assert found.url == url and found.is_local == ('localhost' in url)
    assert settings.from_env(found.environ()) == found


@pytest.mark.parametrize('url', ['http://localhost', 'https://localhost:8000', 'http://localhost:8000/blog',
                                 'http://127.0.0.1:8000', 'https://voice.example'])
def test_a_configured_address_is_the_only_one(site, url):
    there = replace(site, url=url)
    assert not there.is_local
    others = {'http://localhost:8000', 'http://127.0.0.1:8000', 'http://[::1]:8000', 'https://voice.example'}
    for other in others - {there.origin}:
        assert not guards.is_our_origin(other, there)
    assert guards.is_our_origin(there.origin, there)


@pytest.mark.parametrize('url', ['https://anna:secret@voice.example', 'https://voice.example:', 'https://voice.example:0',
                                 'https://voice.example:99999'])
def test_an_address_that_no_browser_would_send_is_refused(tmp_path, url):
    with pytest.raises(settings.SettingsError, match='QUICKPUB_URL'):
        settings.from_env({'QUICKPUB_DATA': str(tmp_path), 'QUICKPUB_URL': url})


# Host

LOCAL = [
    'localhost:8000', 'localhost', 'LocalHost:8000', '127.0.0.1:8000', '127.0.0.2', '[::1]:8000', 'a.localhost:8000',
    'my.site.localhost', 'localhost:80']
FOREIGN = [
    'evil.example', 'evil.example:8000', 'localhost.evil.example', '192.0.2.5:8000', '[2001:db8::1]', 'localhost.',
    'notlocalhost', 'localhost:x', 'localhost:', '', ' ', 'a@localhost', 'localhost/x', 'localhost, evil.example',
    'localhost\\evil.example', '[::1', '::1', 'localhost:8000:8000', 'x' * 1000, '%6cocalhost', 'localhost#']


@pytest.mark.parametrize('host', LOCAL)
def test_each_name_of_this_machine_works_where_no_address_is_configured(browse, host):
    assert browse().get('/login', headers={'Host': host}, status=200)


@pytest.mark.parametrize('host', FOREIGN)
def test_a_host_that_is_not_ours_gets_a_sentence(alice, browse, connection, host):
    with connection():
        write(alice, 'Hills')
    stranger = browse()
    stranger.get('/')  # it is in memory
    before = stored()
    for path in ('/', '/p/hills', '/login', '/nothing', '/static/style.css', '/feed.xml'):
        answer = stranger.get(path, headers={'Host': host}, status=421)
        assert 'http://localhost:8000' in answer and 'Hills' not in answer
        assert answer.headers['Cache-Control'] == 'no-store' and answer.headers['X-Content-Type-Options'] == 'nosniff'
    assert stranger.head('/', headers={'Host': host}, status=421).body == b''
    stranger.post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD},
                  headers={'Host': host, 'Origin': f'http://{host.strip() or "x"}'}, status=421)
    assert stored() == before
    assert stranger.get('/healthz', headers={'Host': host}, status=503).content_type == 'application/json'
    assert 'Hills' in stranger.get('/')


@pytest.mark.parametrize(('url', 'right', 'wrong'), [
    ('https://voice.example', ['voice.example', 'VOICE.example:443', 'voice.example:8000'],
     ['localhost', '127.0.0.1', 'www.voice.example', 'voice.example.evil.example', 'voice.examples']),
    ('https://voice.example:8443/blog', ['voice.example:8443', 'voice.example'], ['localhost:8443', 'example']),
    ('https://bücher.example', ['xn--bcher-kva.example'], ['bucher.example', 'xn--bcher-kva.evil.example']),
    ('http://[2001:db8::1]:8000', ['[2001:db8::1]:8000', '[2001:DB8::1]'], ['[2001:db8::2]:8000', '2001'])])
def test_the_configured_host_alone_is_answered(site, url, right, wrong):
    there = replace(site, url=url)
    browser = browser_of(site, url=url)
    for host in right:
        browser.get('/login', headers={'Host': host}, status=200)
    for host in wrong:
        browser.get('/login', headers={'Host': host}, status=421)
    assert guards.is_our_host(None, there)


@pytest.mark.parametrize(('proxy', 'forwarded', 'status'), [
    ('192.0.2.1', 'voice.example', 200), ('192.0.2.1', 'evil.example, voice.example', 200),
    ('192.0.2.1', 'voice.example, evil.example', 421), ('192.0.2.1', 'evil.example', 421), ('192.0.2.1', None, 421),
    ('192.0.2.1', '', 421), ('192.0.2.2', 'voice.example', 421)])
def test_a_trusted_proxy_says_for_which_host_it_was_asked(site, proxy, forwarded, status):
    app = create_app(replace(site, url='https://voice.example', trusted_proxy=frozenset({'192.0.2.1'})))
    headers = {'Host': 'backend:8000'} | ({} if forwarded is None else {'X-Forwarded-Host': forwarded})
    Browser(app, address=proxy).get('/login', headers=headers, status=status)


# Origin: test_permissions.py sends every form from other sites; here is what is one and what is not.

@pytest.mark.parametrize('headers', [
    {'Origin': 'http://localhost:8000'}, {'Origin': 'http://127.0.0.1:8000'}, {'Origin': 'http://[::1]:8000'},
    {'Origin': 'http://a.localhost:8000'}, {'Origin': 'HTTP://LOCALHOST:8000'}, {'Referer': 'http://localhost:8000'},
    {'Referer': 'http://127.0.0.1:8000/studio?x=1#y'}, {'Sec-Fetch-Site': 'same-origin'}, {'Sec-Fetch-Site': 'none'},
    {'Sec-Fetch-Site': 'same-origin', 'Origin': 'null'},
    {'Sec-Fetch-Site': 'same-origin', 'Referer': 'https://evil.example/'}])
def test_forms_of_our_pages_are_taken(alice, browse, headers):
    browse(alice).post('/studio/posts/new', POST, headers=headers, status=303)


NOT_OURS = [
    {'Origin': 'https://localhost:8000'}, {'Origin': 'http://localhost'}, {'Origin': 'http://localhost:80'},
    {'Origin': 'http://localhost:8001'}, {'Origin': 'http://localhost:8000/'}, {'Origin': 'http://localhost:8000/x'},
    {'Origin': 'http://x@localhost:8000'}, {'Origin': 'http://localhost:8000.evil.example'},
    {'Origin': 'localhost:8000'}, {'Origin': 'http://evillocalhost:8000'}, {'Origin': 'null'},
    {'Origin': 'http://localhost:8000 http://evil.example'},
    {'Origin': 'http://evil.example', 'Host': 'localhost:8000', 'X-Forwarded-Host': 'evil.example'},
    {'Origin': 'http://localhost.:8000'}, {'Origin': 'file://'}, {'Origin': 'http://128.0.0.1:8000'},
    {'Referer': 'http://evil.example/http://localhost:8000/'}, {'Referer': 'http://localhost:8000.evil.example/'},
    {'Referer': 'http://localhost:8000@evil.example/'}, {'Referer': 'about:blank'}, {'Referer': '/studio'},
    {'Sec-Fetch-Site': 'same-origin', 'Origin': 'http://evil.example'},
    {'Sec-Fetch-Site': 'none', 'Origin': 'http://evil.example'}, {'Sec-Fetch-Site': 'same-site'},
    {'Sec-Fetch-Site': 'cross-site', 'Origin': 'http://localhost:8000'}, {'Sec-Fetch-Site': 'Same-Origin'}]


def test_forms_of_no_page_of_ours_are_refused_in_a_sentence(alice, browse):
    browser = browse(alice)
    before = stored()
    for headers in NOT_OURS:
        page = browser.post('/studio/posts/new', POST, headers=headers, status=403)
        assert 'was not sent from a page of this site' in page and 'Origin: http://localhost:8000' in page, headers
    browser.do_request = lambda req, *args, **options: super(Browser, browser).do_request(req, *args, **options)
    page = browser.post('/studio/posts/new', POST, status=403)  # says nothing of where it comes from
    assert 'was not sent from a page of this site' in page
    assert stored() == before


def test_a_forged_host_does_not_make_an_origin_ours(alice, browse):
    browse(alice).post('/studio/posts/new', POST, headers={'Origin': 'http://evil.example', 'Host': 'evil.example'},
                       status=421)


@pytest.mark.parametrize(('url', 'right', 'wrong'), [
    ('https://voice.example/blog', ['https://voice.example', 'https://voice.example:443'],
     ['http://voice.example', 'https://voice.example:8000', 'http://localhost:8000', 'https://www.voice.example']),
    ('http://voice.example', ['http://voice.example', 'http://voice.example:80'], ['https://voice.example']),
    ('https://bücher.example', ['https://xn--bcher-kva.example', 'https://bücher.example'], ['https://bucher.example'])])
def test_an_origin_has_the_scheme_the_host_and_the_port_of_the_address(site, url, right, wrong):
    there = replace(site, url=url)
    assert all(guards.is_our_origin(each, there) for each in right)
    assert not any(guards.is_our_origin(each, there) for each in wrong)


# Notices

def test_a_notice_is_shown_once_on_the_page_after_its_cause(alice, browse):
    browser = browse(alice)
    done = browser.post('/settings', {'action': 'end_others'}, status=303)
    assert done.location == '/settings' and 'Logged out everywhere else.' in done.follow()
    assert 'Logged out everywhere else.' not in browser.get('/settings')


def test_two_windows_each_have_their_notice(alice, browse):
    browser = browse(alice)
    first = browser.post('/settings', {'action': 'end_others'}, status=303)
    second = browser.post('/studio/posts/new', POST, status=303)
    assert 'Saved.' in second.follow() and 'Logged out everywhere else.' in first.follow()


def test_the_notice_of_a_page_for_everybody_is_for_nobody_else(alice, browse, connection):
    with connection():
        write(alice, 'Hills')
    browser, other = browse(alice), browse()
    assert other.get('/').headers['Cache-Control'] == 'public, no-cache'
    gone = browser.post('/settings/delete', {'password': PASSWORD, 'posts': 'keep'}, status=303)
    assert gone.location == '/'
    page = gone.follow()
    assert 'Your account is deleted.' in page and page.headers['Cache-Control'] == 'private, no-store'
    for each in (other, browser, browse()):
        page = each.get('/')
        assert 'Your account is deleted.' not in page and page.headers['Cache-Control'] == 'public, no-cache'


@pytest.mark.parametrize('make', [
    lambda at: 'nonsense', lambda at: f'{at + notices.LASTS}|/login|logged-out',
    lambda at: signing.seal('notice', f'{at}|/login|logged-out'),
    lambda at: signing.seal('notice', f'{at + 3 * notices.LASTS}|/login|logged-out'),
    lambda at: signing.seal('notice', f'{at + notices.LASTS}|/signup|logged-out'),
    lambda at: signing.seal('claim', f'{at + notices.LASTS}|/login|logged-out'),
    lambda at: signing.seal('notice', f'{at + notices.LASTS}|/login|nonsense'),
    lambda at: signing.seal('notice', ''), lambda at: signing.seal('notice', '||')])
def test_a_notice_that_was_not_left_for_this_page_now_is_not_shown(browse, make):
    browser = browse()
    browser.set_cookie(notices._cookie('/login'), make(db.now()))
    assert 'data-notice' not in browser.get('/login')
    assert notices.COOKIE not in str(browser.cookies)  # it is taken away all the same
    left = signing.seal('notice', f'{db.now() + notices.LASTS}|/login|logged-out')
    browser.set_cookie(notices._cookie('/login'), left)
    assert 'You are logged out.' in browser.get('/login')


# Headers

ALWAYS = {'X-Content-Type-Options': ['nosniff'], 'Referrer-Policy': ['same-origin'],
          'Cross-Origin-Opener-Policy': ['same-origin']}


def answers_of(browser, other):
    yield browser.get('/', status=200)  # made for this request
    yield browser.get('/', status=200)  # from memory
    yield browser.get('/', status=304, headers={'If-None-Match': browser.get('/').headers['ETag']})
    yield browser.head('/')
    yield browser.get('/login', status=200)
    yield browser.get('/settings', status=303)
    yield browser.get('/nothing', status=404)
    yield browser.get('/static/style.css', status=200)
    yield browser.get('/feed.json', status=200)
    yield browser.get('/healthz', status=503)
    yield browser.get('/', headers={'Host': 'evil.example'}, status=421)
    yield browser.post('/login', {}, headers={'Origin': 'null'}, status=403)
    yield browser.post('/login', 'x' * 70_000, status=413)
    yield browser.request('/', method='PUT', headers={'Origin': other, 'Host': browser.extra_environ['HTTP_HOST']},
                          status=405)


@pytest.mark.parametrize('url', ['http://localhost:8000', 'https://voice.example'])
def test_every_answer_has_the_security_headers_once(site, url):
    browser = browser_of(site, url=url)
    for answer in answers_of(browser, url):
        for name, values in ALWAYS.items():
            assert answer.headers.getall(name) == values, answer.request.path
        assert answer.headers.getall('Cross-Origin-Resource-Policy') == ['same-origin']
        (policy,) = answer.headers.getall('Content-Security-Policy')
        assert 'unsafe' not in policy
        (features,) = answer.headers.getall('Permissions-Policy')
        assert 'camera=()' in features and 'publickey' not in features
        strict = answer.headers.getall('Strict-Transport-Security')
        assert strict == (['max-age=31536000'] if url.startswith('https') else [])


def test_an_email_is_shown_as_it_is_sent_and_nothing_else_may_have_a_style(alice, browse, connection):
    with connection():
        write(alice, '<p style="color:red">“x” style="color:red"')
    answer = browse(alice).get('/studio/report/letter')
    policy = dict(rule.strip().partition(' ')[::2] for rule in answer.headers['Content-Security-Policy'].split(';'))
    allowed = policy['style-src'].split()
    assert "'unsafe-inline'" not in allowed and policy['default-src'] == "'none'"
    elements = [each['style'] for each in answer.html.find_all(style=True)]
    sheets = [each.string for each in answer.html.find_all('style')]
    assert elements and sheets and "color:red" not in elements
    wanted = message.style_sources(''.join(
        [*(f'<style>{each}</style>' for each in sheets),
         *('<p style="{}">'.format(each.replace('&', '&amp;').replace('"', '&quot;')) for each in elements)]))
    assert set(allowed) == set(wanted)


def test_the_server_speaks_http_1_alone_and_takes_forms_of_its_own_pages(rig):
    rig.open()
    with rig.database():
        Site.create(id=1, title='The Village Voice')
    rig.serve()
    stranger = Visitor(rig.url)
    assert stranger.post('/forgot', email='zoe@example.org').status == 200
    assert stranger.get('/login', Host='evil.example').status == 421
    assert stranger.get('/healthz', Host='evil.example').status == 200
    assert Visitor(rig.url.replace('localhost', '127.0.0.1'), BROWSER).get('/login').status == 200
    with socket.create_connection(('127.0.0.1', rig.port), timeout=20) as connection:
        connection.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0')
        said = b''.join(iter(lambda: connection.recv(1000), b''))
    assert said[:5] in (b'', b'HTTP/')  # no frame of HTTP/2
