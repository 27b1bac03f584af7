"""Every page there is: sound HTML that anybody can use, and headers that keep it safe."""

import json
import re
from collections import Counter

import pytest
from checks import assert_safe, assert_sound
from conftest import person, utc, write
from permissions import LOG_IN, MAY, TABLE, furnish
from sites import browser_of, fill, form_with

from quickpub import db, models
from quickpub.mail import ledger
from quickpub.models import Post

# Pages that are no rule of the URL table: other states of the same templates.
ODD = ['/nothing', '/studio/posts/987654321', '/verify/nonsense', '/reset/nonsense', '/setup/nonsense',
       '/signup?invite=nonsense', '/unsubscribe/nonsense', '/?notice=saved', '/login?next=/settings', '/@bob',
       '/@nobody', '/?before={oldest}', '/@alice?before={oldest}', '/t/secret-plans']
# Forms with something wrong in every field.
WRONG = {
    '/signup': {'name': '', 'email': '"<', 'password': ''}, '/verify': {'email': '"<'}, '/forgot': {'email': '"<'},
    '/login': {'email': '"<', 'password': 'x', 'next': '/settings'}, '/reset/{reset}': {'password': ''},
    '/setup/{setup}': {'site_title': '', 'name': '', 'email': '"<', 'password': ''},
    '/settings': {'action': 'profile', 'name': '', 'handle': '"<', 'bio': 'x' * 501, 'timezone': '"<', 'report': '"<'},
    '/settings/delete': {'password': '"<', 'posts': 'x'}, '/admin/invitations': {'email': '"<'},
    '/admin/site': {'title': '', 'tagline': 'x' * 201, 'hue': '"<'},
    '/admin/settings/membership': {'signup': '"<', 'quota': '"<', 'shown_quota': '"<'},
    '/studio/posts/new': {'title': '<' * 301, 'body': '</textarea>', 'summary': 'x' * 501, 'slug': '"<', 'tags': '"<',
                          'action': 'save'},
    '/studio/posts/{draft}': {'title': '', 'body': '', 'action': 'publish'},
    '/studio/posts/{draft}?': {'title': '<', 'body': '</textarea>', 'action': 'save', 'version': '1', 'tab': '"<'},
    '/studio/posts/{draft}??': {'title': '<', 'body': '</textarea>', 'action': 'merge', 'version': '1'},
}


@pytest.fixture(params=['empty', 'filled'])
def shown(request, site):
    """How full the site is, its paths, and its people: a stranger, an author, the owner."""
    if request.param == 'filled':
        people = fill(23)
    else:
        people = person('olga', role='owner'), person('alice'), person('bob', verified=False)
    olga, alice, bob = people
    return request.param, furnish(olga, alice, bob), {'stranger': None, 'author': alice, 'owner': olga}


def pages(browse, shown, who):
    """(path, answer) of every page that this person can see, forms with mistakes in them included."""
    _, places, people = shown
    browser = browse(people[who])
    column = {'stranger': 0, 'author': 2, 'owner': 3}[who]
    paths = [row[1] for rule, row in TABLE.items() if rule.startswith('GET') and row[0][column] == MAY]
    for path in [*paths, *ODD]:
        yield path, browser.get(path.format(**places), status='*')
    for path, form in WRONG.items():
        if TABLE.get(f'POST {path}', TABLE.get('POST /login'))[0][column] != LOG_IN:
            yield f'POST {path}', browser.post(path.format(**places), form, status='*')


@pytest.mark.parametrize('who', ['stranger', 'author', 'owner'])
def test_every_page_is_sound(browse, shown, who):
    seen = Counter()
    for path, answer in pages(browse, shown, who):
        assert_kept(answer, path, who)
        assert answer.status_int < 500 or path == '/healthz', path
        if path == '/studio/report/letter' and answer.status_int == 200:  # a mail, with styles on its elements
            assert_framed(answer)
            continue
        if path.startswith('/admin/look/preview') and answer.status_int == 200:
            assert_previewed(answer)
        else:
            assert_safe(answer, path)
        if answer.content_type == 'text/html' and answer.status_int not in (301, 303):
            assert_sound(answer, path)
            seen[answer.status_int] += 1
    assert seen.total() >= 30 and min(seen[200] / 3, seen[400], seen[404]) >= 4, seen


def assert_framed(answer):
    """What is shown in a frame of ours can do nothing, and be in no frame of others."""
    rules = dict(rule.strip().partition(' ')[::2] for rule in answer.headers['Content-Security-Policy'].split(';'))
    assert rules == {'default-src': "'none'", 'style-src': rules['style-src'], 'frame-ancestors': "'self'",
                     'sandbox': ''}
    assert re.fullmatch("'unsafe-hashes'( 'sha256-[^' ]+')+", rules['style-src'])
    assert answer.headers.getall('X-Frame-Options') == ['SAMEORIGIN']
    assert len(answer.headers.getall('Content-Security-Policy')) == 1
    assert answer.headers['X-Content-Type-Options'] == 'nosniff'


def assert_previewed(answer):
    """The preview of the front page is a page like any other, but for a frame of ours."""
    assert answer.headers.getall('Content-Security-Policy') == [
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"]
    assert answer.headers.getall('X-Frame-Options') == ['SAMEORIGIN']
    assert answer.headers['X-Content-Type-Options'] == 'nosniff' and 'no-store' in answer.headers['Cache-Control']


def test_answers_that_are_no_pages_have_the_same_headers(site, alice, browse, app):
    browser = browse(alice)
    answers = {
        'redirect': browser.get('/login', status=303), 'moved': browser.get('/archive/', status=301),
        'forbidden': browser.post('/logout', headers={'Sec-Fetch-Site': 'cross-site'}, status=403),
        'missing': browser.get('/nothing', status=404), 'method': browser.put('/', status=405),
        'too much': browser.post('/login', 'x' * 9_000_000, status=413), 'head': browser.head('/'),
        'not modified': browser.get('/static/style.css', status=304, headers={
            'If-None-Match': browser.get('/static/style.css').headers['ETag']})}
    for name, answer in answers.items():
        assert_safe(answer, name)


def test_what_breaks_is_a_page_too_and_tells_nothing(site, browse, connection, capsys):
    """The only way to break it from outside that is known: a post that the search for its tags cannot read."""
    browser = browse()
    with connection():
        write(person('alice'), 'On hills')
        db.db.execute_sql('ALTER TABLE tag RENAME TO gone')
    answer = browser.get('/p/on-hills', status=500, expect_errors=True)
    assert_safe(answer, '500')
    assert_sound(answer, '500')
    assert 'Something went wrong' in answer and 'gone' not in answer and 'Traceback' not in answer
    assert answer.headers['Cache-Control'] == 'private, no-store'
    assert 'no such table' in answer.errors  # but it is written down
    browser.get('/', status=200)


def assert_kept(answer, path, who):
    """Pages for one person are kept by no cache."""
    kept = answer.headers.get('Cache-Control', '')
    if not path.startswith(('/static/', '/robots.txt', '/favicon.ico', '/apple-touch-icon.png', '{media}', '{card}')):
        is_public = who == 'stranger' and answer.status_int == 200 and path.split('?')[0] in PUBLIC
        assert kept == ('public, no-cache' if is_public else 'no-store' if answer.status_int in (301, 303) or
                        path == '/healthz' else 'private, no-store'), (who, path)


PUBLIC = ['/', '/p/public', '/@alice', '/@bob', '/t/hills', '/archive', '/feed.xml', '/feed.json', '/@alice/feed.xml',
          '/@alice/feed.json', '/t/hills/feed.xml', '/t/hills/feed.json', '/sitemap.xml',
          '/sitemap-places.xml', '/about', '/site.webmanifest', '/follow', '/oembed']


def test_a_field_takes_as_much_as_it_says(olga, browse):
    browser, taken = browse(olga), []
    for path, first, letter in (('/signup', 'name', 'a'), ('/settings', 'name', 'b'),
                                ('/admin/settings/general', 'title', 'c'), ('/studio/posts/new', 'title', 'd')):
        form = form_with(browser.get(path), first)
        for name, (field, *_) in form.fields.items():
            if name and (limit := field.attrs.get('maxlength')):
                form[name] = letter * int(limit)
                taken.append(name)
        if path == '/signup':
            form['email'], form['password'] = 'zoe@example.org', 'xy' * 100
        form.submit('action', status=(200, 303))
    assert sorted(taken) == ['bio', 'handle', 'name', 'name', 'summary', 'tagline', 'title', 'title']


def test_head_is_get_without_a_body(alice, browse, connection):
    with connection():
        write(alice, 'On hills')
        # Several changes within a second put the version ahead of the clock, and no date is sent until it is past.
        db.db.execute_sql('UPDATE content SET version = 1700000000')
    browser = browse(alice)
    for path in ('/', '/p/on-hills', '/feed.xml', '/login', '/studio', '/static/style.css', '/static/site.css', '/no'):
        get, head = browser.get(path, status='*'), browser.head(path, status='*')
        assert head.status == get.status and head.body == b''
        assert {name: value for name, value in head.headerlist if name != 'Date'} == \
            {name: value for name, value in get.headerlist if name != 'Date'}, path
    browser.head('/studio/unsaved', status=405)


def test_the_health_page_is_for_machines(site, browse):
    answer = browse().get('/healthz', status=503)  # nothing does the background work of this site
    assert answer.content_type == 'application/json'
    found = json.loads(answer.text)
    assert found['ok'] is False and found['checks']['database'] is True and found['checks']['consumer'] is not True


def test_the_health_page_names_nobody(site, browse, connection):
    """Mail servers repeat the address in their answers."""
    with connection():
        ledger.compose('exists', 'zoe@example.org', key='x', subject='x')
        models.Message.update(state='deferred', answer='450 <zoe@example.org>', created_at=utc(2026, 1, 1)).execute()
    answer = browse().get('/healthz', status=503)
    assert '1 email is waiting' in answer.json['checks']['mail']
    assert 'zoe' not in answer and str(site.data) not in answer


def test_links_in_pages_do_not_depend_on_how_the_site_was_reached(site, alice, connection):
    with connection():
        write(alice, 'On hills')
    browser = browser_of(site, url='https://voice.example')
    page = browser.get('/p/on-hills', headers={'Host': 'VOICE.example:443', 'X-Forwarded-Host': '192.0.2.1:8000'})
    assert page.html.find('link', rel='canonical')['href'] == 'https://voice.example/p/on-hills'
    assert '192.0.2.1' not in page


def test_no_link_makes_a_page_say_something(browse, site):
    for notice in ('saved', 'deleted', '<script>alert(1)</script>', 'nonsense', '', '__class__'):
        page = browse().get('/', {'notice': notice})
        assert not page.html.find(class_='notice') and 'alert(1)' not in page


def test_what_authors_type_is_shown_as_text(alice, browse, connection):
    evil = '"><script>alert(1)</script>\'<img src=/x alt=x onerror=alert(2)>{{ 7 * 7 }}'
    with connection():
        models.User.update(name=evil[:60], bio=evil).execute()
        models.Site.update(title=evil, tagline=evil).execute()
        write(alice, evil, tags=evil[:40], summary=evil,
              body=evil + '\n\n[x](javascript:alert(3)) <svg onload=alert(4)>')
        post = Post.get()
    stranger, author, editor = browse(), browse(alice), f'/studio/posts/{post.id}'
    for browser, paths in ((stranger, ['/', post.path, '/@alice', '/archive', '/login', '/feed.xml']),
                           (author, ['/studio', editor, f'{editor}/preview', '/settings'])):
        for path in paths:
            page = browser.get(path)
            assert '<script>alert' not in page.text and '&gt;49' not in page.text
            if path != '/feed.xml':
                assert_sound(page, path)
                assert not page.html.select('script:not([src], [type="application/ld+json"]), svg[onload]')
                assert all(json.loads(data.string) for data in page.html.select('script:not([src])'))
    assert form_with(author.get(f'/studio/posts/{post.id}'), 'title')['title'].value == evil


def test_two_people_see_their_own_pages(alice, bob, browse):
    one, two = browse(alice), browse(bob)
    for browser, name, other in ((one, 'Alice', 'Bob'), (two, 'Bob', 'Alice'), (one, 'Alice', 'Bob')):
        page = browser.get('/studio')
        assert name in page and other not in page
    assert 'Alice' not in browse().get('/') and 'Bob' not in browse().get('/')
