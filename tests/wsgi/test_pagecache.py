"""Public pages from memory: right at once after any change, the same for everybody, and views counted all the same."""

import gzip
import sqlite3
import threading
import tracemalloc
from datetime import UTC, timedelta
from email.utils import formatdate
from functools import partial
from pathlib import Path

import brotli
import pytest
from bs4 import BeautifulSoup
from conftest import drain, person, write
from playhouse.test_utils import count_queries
from webob import Request

from quickpub import db
from quickpub.accounts import deletion, password_reset, sessions
from quickpub.audience import counting
from quickpub.models import Content, Post, PostTag, Site, Tag, User
from quickpub.wsgi import pagecache
from quickpub.wsgi.pagecache import Generation, Page, coding_for

PUBLIC = ['/', '/p/on-hills', '/@alice', '/t/walks', '/archive', '/follow', '/feed.xml', '/feed.json',
          '/t/walks/feed.xml', '/t/walks/feed.json', '/@alice/feed.xml', '/@alice/feed.json', '/sitemap.xml',
          '/robots.txt', '/site.webmanifest']


@pytest.fixture
def hills(site, alice):
    return write(alice, 'On hills', tags='Walks')


@pytest.fixture
def cache(app):
    return app._cache


@pytest.fixture
def change(app):
    """Do something with the database, between requests (each of which opens and closes its own connection)."""
    def do(function, *args):
        with db.db.connection_context():
            return function(*args)
    return do


@pytest.mark.parametrize('path', PUBLIC)
def test_a_page_is_made_once_and_comes_in_every_encoding(hills, app, browse, path):
    first = browse().get(path)
    assert first.headers['Cache-Control'] == 'public, no-cache' and first.headers['Vary'] == 'Accept-Encoding, Cookie'
    with count_queries() as counter:
        again = browse().get(path)
        packed = {coding: packed_as(coding, app, path) for coding in ('gzip', 'br')}
    assert counter.count == 0 and again.body == first.body
    for coding, unpack in (('gzip', gzip.decompress), ('br', brotli.decompress)):
        answer = packed[coding]
        assert unpack(answer.body) == first.body if answer.headers.get('Content-Encoding') else len(first.body) < 301
        assert answer.headers['Content-Length'] == str(len(answer.body))
    tags = {answer.headers['ETag'] for answer in (first, *packed.values())}
    assert len(tags) == len({answer.body for answer in (first, *packed.values())}), 'a strong tag is of these bytes'
    assert not any(tag.startswith('W/') for tag in tags)
    for tag in tags:
        unchanged = browse().get(path, headers={'If-None-Match': f'"other", W/{tag}'}, status=304)
        assert unchanged.body == b'' and unchanged.headers['ETag'] and unchanged.headers['Cache-Control']
    head = browse().head(path)
    assert head.body == b'' and head.headers['Content-Length'] == first.headers['Content-Length']


def test_the_date_counts_where_no_tag_is_sent(hills, browse, change):
    changed = 1_700_000_000
    change(Content.update(version=changed).execute)
    answer = browse().get('/')
    assert answer.headers['Last-Modified'] == formatdate(changed, usegmt=True)
    browse().get('/', headers={'If-Modified-Since': formatdate(changed, usegmt=True)}, status=304)
    browse().get('/', headers={'If-Modified-Since': formatdate(changed - 1, usegmt=True)}, status=200)
    browse().get('/', headers={'If-Modified-Since': 'yesterday'}, status=200)
    both = {'If-Modified-Since': formatdate(changed, usegmt=True), 'If-None-Match': '"x"'}
    browse().get('/', headers=both, status=200)


def test_changes_within_a_second_have_different_dates_and_none_from_the_future(hills, browse, change):
    before = change(Content.get).version
    for number in range(50):
        change(Site.update(tagline=f'Number {number}').execute)
    assert change(Content.get).version >= before + 50
    assert 'Last-Modified' not in browse().get('/').headers


def packed_as(coding, app, path):
    """The answer as it is sent: webtest would unpack it."""
    return Request.blank(path, headers={'Accept-Encoding': coding}).send(app)


CHANGES = {
    'edited': lambda post: Post.update(title='On dales').execute(),
    'unpublished': lambda post: Post.update(published_at=None).execute(),
    'deleted': lambda post: Post.update(deleted_at=db.now()).execute(),
    'gone': lambda post: post.delete_instance(),
    'renamed': lambda post: User.update(name='Alice the Second').execute(),
    'title': lambda post: Site.update(title='Another Voice').execute(),
    'colour': lambda post: Site.update(hue=5).execute(),
    'tag renamed': lambda post: Tag.update(name='Strolls').execute(),
    'tag taken off': lambda post: PostTag.delete().execute(),
    'author gone': lambda post: deletion.delete_account(User.get_by_id(post.author_id), False, db.now()),
}


@pytest.mark.parametrize('what', CHANGES)
def test_a_change_shows_on_the_very_next_request(hills, browse, change, what):
    before = {path: browse().get(path).body for path in PUBLIC}
    change(CHANGES[what], hills)
    after = {path: browse().get(path, status='*') for path in PUBLIC}
    assert any(after[path].status_int != 200 or after[path].body != before[path] for path in PUBLIC)
    assert [browse().get(path, status='*').body for path in PUBLIC] == [after[path].body for path in PUBLIC]


def test_a_change_by_another_process_shows_too(site, hills, browse):
    assert 'On hills' in browse().get('/')
    other = sqlite3.connect(site.paths.database)
    with other:
        other.execute("UPDATE post SET title = 'On dales'")
    other.close()
    assert 'On dales' in browse().get('/')


def test_nothing_else_empties_it(site, hills, alice, browse, cache, change):
    generation = cache.generation(db.now())
    browse().get(hills.path)
    change(counting.count_recorded_views)
    change(partial(write, alice, 'A draft', tags='Walks, Secrets', published=False))
    change(sessions.start, alice, 'x', db.now())
    change(password_reset.request_reset, alice.email, db.now())
    change(User.update(report='weekly', name='alice').where(User.name == 'alice').execute)
    change(person, 'somebody')
    drain()
    assert cache.generation(db.now()) is generation


def test_a_scheduled_post_is_there_from_its_second_on(hills, alice, cache, change):
    at = db.now()
    later = change(write, alice, 'Tomorrow')
    change(Post.update(published_at=at + timedelta(days=1)).where(Post.id == later.id).execute)
    before = cache.generation(at)
    assert cache.generation(at + timedelta(hours=23, minutes=59)) is before
    after = cache.generation(at + timedelta(days=1))
    assert after is not before and cache.generation(at + timedelta(days=2)) is after
    assert after.modified >= (at + timedelta(days=1)).replace(tzinfo=UTC).timestamp()


def test_what_began_before_a_change_is_never_shown_after_it(hills, browse, cache, change):
    """A page made while somebody publishes: it is kept with the version it was begun with."""
    generation = cache.generation(db.now())
    change(Site.update(title='Another Voice').execute)
    generation.keep(('/', ''), Page.of(b'old', [], 0, None))
    assert 'Another Voice' in browse().get('/')


def test_nothing_personal_is_kept(hills, alice, olga, browse):
    for user in (alice, olga):
        page = browse(user).get('/')
        assert page.headers['Cache-Control'] == 'private, no-store' and 'ETag' not in page.headers
    assert 'Studio' not in browse().get('/') and 'Studio' in browse(alice).get('/')
    assert 'Log in' in browse().get('/')


@pytest.mark.parametrize(('query', 'status'), [
    ('notice=saved', 200), ('x=1', 200), ('before=x', 404), ('before=', 200), ('v=zzz', 200), ('before=99999999', 404)])
def test_addresses_that_anybody_can_invent_are_not_kept(hills, browse, cache, query, status):
    browse().get(f'/?{query}', status=status)
    browse().get(f'/nothing-{query}', status=404)
    assert len(cache.generation(db.now())._pages) == 0


def test_memory_is_bounded_and_what_is_asked_for_least_goes_first(monkeypatch):
    monkeypatch.setattr(pagecache, 'LIMIT', 1000 + 4 * pagecache.BESIDES)
    generation = Generation()
    for name in 'abcd':
        generation.keep((name, ''), Page.of(name.encode() * 240, [], 0, None))
    assert generation.find(('a', ''))
    generation.keep(('e', ''), Page.of(b'e' * 240, [], 0, None))
    assert not generation.find(('b', '')) and all(generation.find((name, '')) for name in 'acde')
    generation.keep(('big', ''), Page.of(b'x' * 299, [], 0, None))
    assert not generation.find(('big', '')) and generation._size <= pagecache.LIMIT


def test_the_docs_say_how_much_memory_pages_take():
    told = (Path(__file__).parents[2] / 'docs' / 'operating.md').read_text()
    assert f'at most {pagecache.LIMIT // 1024 ** 2} MB' in told.replace('\n', ' ')


def test_what_the_cache_takes_for_a_page_is_what_it_counts(hills, browse, cache):
    browse().get(hills.path)
    tracemalloc.start()
    try:
        kept = []
        for number in range(50):
            _, headers, body = cache.generation(db.now()).find((hills.path, '')).variants[''].answer
            kept.append(Page.of(body + b'%d' % number, [(name, value + '') for name, value in headers], 0, 1))
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken < 1.1 * sum(page.size for page in kept)


@pytest.mark.parametrize(('accepted', 'coding'), [
    ('', ''), ('identity', ''), ('gzip', 'gzip'), ('gzip, deflate, br', 'br'), ('br;q=0, gzip', 'gzip'), ('*', 'br'),
    ('gzip;q=1.0, br;q=0.5', 'gzip'), ('gzip;q=0', ''), ('*;q=0', ''), ('br;q=x, GZIP', 'gzip'), (';;,,q', ''),
    ('deflate', '')])
def test_the_best_encoding_that_is_taken(accepted, coding):
    assert coding_for(accepted, ('', 'gzip', 'br')) == coding
    assert coding_for(accepted, ('',)) == ''


def test_an_article_with_all_it_needs_is_small_and_needs_three_requests(site, alice, app):
    post = write(alice, 'On hills', body='A sentence of some length, about hills and dales. ' * 120)
    page = packed_as('gzip', app, post.path)
    html = BeautifulSoup(gzip.decompress(page.body), 'html.parser')
    needed = {link['href'] for link in html.find_all('link') if link['rel'][0] in ('stylesheet', 'icon')}
    answers = [packed_as('gzip', app, path) for path in needed | {each['src'] for each in html.find_all(src=True)}]
    assert len(answers) + 1 <= 3
    assert len(page.body) + sum(len(answer.body) for answer in answers) < 20_000
    assert all('immutable' in answer.headers['Cache-Control'] for answer in answers)


# Views

def views_of(post):
    with db.db.connection_context():
        counting.count_recorded_views()
        return Post.get_by_id(post.id).views


def test_pages_from_memory_count_like_others(hills, alice, olga, bob, browse):
    tag = browse().get(hills.path).headers['ETag']
    browse().get(hills.path)
    browse().get(hills.path, headers={'If-None-Match': tag}, status=304)
    assert views_of(hills) == 3
    browse().head(hills.path)
    browse(alice).get(hills.path)
    browse(olga).get(hills.path)
    browse().get('/')
    assert views_of(hills) == 3
    browse(bob).get(hills.path)
    assert views_of(hills) == 4


@pytest.mark.parametrize('is_kept', [True, False])
def test_who_does_not_count_does_not_count_from_memory_either(hills, browse, is_kept):
    if is_kept:
        browse().get(hills.path)
        assert views_of(hills) == 1
    browser = browse()
    for headers in ({'Sec-Purpose': 'prefetch;prerender'}, {'X-Moz': 'Prefetch'}):
        browser.get(hills.path, headers=headers)
    for agent in ('', 'Feedly/1.0 (+http://www.feedly.com/fetcher.html)', 'curl/8'):
        browser.extra_environ['HTTP_USER_AGENT'] = agent
        browser.get(hills.path)
    assert views_of(hills) == int(is_kept)


def test_those_who_ask_for_a_page_at_once_have_it_made_once(hills, app, browse, change):
    browse().get('/')
    readers = [browse() for _ in range(12)]
    start = threading.Barrier(len(readers))

    def read(browser):
        start.wait()
        browser.get('/')

    for number in range(5):
        change(Site.update(tagline=str(number)).execute)
        threads = [threading.Thread(target=read, args=(browser,)) for browser in readers]
        with count_queries() as counter:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert 0 < counter.count <= 9, 'more than one page has asked the database'


def test_where_the_database_cannot_say_whether_anything_changed_each_page_is_made_anew(hills, app, cache, browse):
    page = browse().get('/')
    cache._watch._connection.set_progress_handler(lambda: 1, 1)  # each of its questions is interrupted
    with count_queries() as counter:
        assert browse().get('/').body == page.body
    assert counter.count
    cache._watch._connection.set_progress_handler(None, 1)
    with count_queries() as counter:
        assert browse().get('/').body == page.body
    assert not counter.count
