"""The authors of a post, wherever it is shown: pages, feeds, cards, and what other programs read."""

import json
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from conftest import person, utc, write
from playhouse.test_utils import count_queries

from quickpub import db
from quickpub.accounts import directory
from quickpub.content import authorship
from quickpub.look import sharing
from quickpub.models import Card, CoAuthor, Content, Post, Site, User

NAMES = 'Alice, Ben and Chris'


def share(post, *members):
    for member in members:
        Post.load_co_authors([post])
        authorship.add_co_author(post, member.id, authorship.as_seen(post))


@pytest.fixture
def people(alice):
    return [alice, person('ben'), person('chris')]


@pytest.fixture
def post(people):
    post = write(people[0], 'Hills', at=utc(2026, 1, 2), body='Some hills.', tags='Walks')
    share(post, *people[1:])
    return post


@pytest.mark.parametrize(('path', 'place'), [
    ('/', '.byline'), ('/archive', '.facts bdi'), ('/t/walks', '.entry .by'), ('/search?q=hills', '.by'),
    ('/p/hills', '.byline'), ('/nothing', '.entry .by'), ('/@alice', '.entry .by'), ('/@ben', '.entry .by'),
    ('/@chris', '.entry .by')])
def test_pages_of_readers_name_all_authors(post, browse, path, place):
    page = browse().get(path, status='*')
    assert NAMES in page.html.select_one(place).get_text()


@pytest.mark.parametrize('layout', ['magazine', 'letters'])
def test_each_front_page_names_all_authors(post, browse, layout):
    with db.db.connection_context():
        write(person('zoe'), 'Another')
        Site.change(layout=layout, pinned_id=post.id)
    assert NAMES in browse().get('/').html.get_text()


def test_names_are_joined_as_in_the_language_of_the_site(post, browse):
    with db.db.connection_context():
        Site.change(language='de')
    assert 'Alice, Ben und Chris' in browse().get('/p/hills').html.select_one('.byline').get_text()


def test_the_page_of_a_post_describes_each_author_to_readers_and_programs(post, people, browse):
    with db.db.connection_context():
        write(people[1], 'Rivers')
        User.update(bio='Walks *a lot*.').where(User.id == people[1].id).execute()
    page = browse().get('/p/hills').html
    assert [each['href'] for each in page.select('.byline a[rel=author]')] == ['/@alice', '/@ben', '/@chris']
    assert page.find('meta', {'name': 'author'})['content'] == NAMES
    assert [each['content'][-6:] for each in page.find_all('meta', property='article:author')] == [
        '@alice', '0/@ben', '@chris']
    writers = [' '.join(each.get_text().split()) for each in page.select('.writer')]
    assert writers == ['A Written by Alice.', 'B Written by Ben. Walks a lot. 2 posts by Ben', 'C Written by Chris.']
    graph = json.loads(page.find('script', type='application/ld+json').string)['@graph']
    assert [each['name'] for each in graph[0]['author']] == ['Alice', 'Ben', 'Chris']


@pytest.mark.parametrize('handle', ['', '/@alice', '/@ben', '/t/walks'])
def test_feeds_name_each_author_of_an_entry(post, browse, handle):
    reader = browse()
    atom = '{http://www.w3.org/2005/Atom}'
    entry = ET.fromstring(reader.get(f'{handle}/feed.xml').body).find(f'{atom}entry')  # noqa: S314
    assert [each.findtext(f'{atom}name') for each in entry.findall(f'{atom}author')] == ['Alice', 'Ben', 'Chris']
    item = reader.get(f'{handle}/feed.json').json['items'][0]
    assert [each['name'] for each in item['authors']] == ['Alice', 'Ben', 'Chris']


def test_other_sites_get_all_names(post, browse):
    found = browse().get('/oembed?url=http://localhost:8000/p/hills').json
    assert found['author_name'] == NAMES and found['author_url'].endswith('/@alice')


def test_cards_follow_the_by_line(post, people):
    def is_drawn():
        return Card.select().where(Card.kind == 'post').exists()

    text = sharing._find_text('post', post.id, db.now())
    assert text.byline == NAMES
    for change in (lambda: User.update(name='Benjamin').where(User.id == people[1].id).execute(),
                   lambda: authorship.leave(post, people[1]), lambda: share(post, person('zoe'))):
        Card.replace(kind='post', owner_id=post.id, digest='x').execute()
        change()
        assert not is_drawn()


def test_pages_in_the_cache_end_with_each_change_of_authors(post, people):
    def version():
        return Content.get().version

    for change in (lambda: authorship.leave(post, people[1]), lambda: share(post, people[1])):
        before = version()
        change()
        assert version() > before
    draft = write(people[0], 'Draft', published=False)
    before = version()
    share(draft, people[1])
    assert version() == before


def test_the_studio_names_all_authors(post, people, browse):
    write(people[0], 'Only hers')
    browser = browse(people[1])
    row = browser.get('/studio').html.select_one('tbody th')
    assert row.get_text().split() == ['Hills', 'by', *NAMES.split()]
    assert NAMES in browser.get('/studio/dashboard').html.get_text()
    assert NAMES in browser.get(f'/studio/posts/{post.id}').html.select_one('.as-listed .byline').get_text()
    assert NAMES in browser.get(f'/studio/posts/{post.id}/preview').html.select_one('.byline').get_text()


def test_members_are_listed_with_the_posts_that_they_have_written_together(post, people):
    write(people[1])
    assert directory.count_posts(people) == {people[0].id: 1, people[1].id: 2, people[2].id: 1}


def test_an_author_of_nothing_else_is_found_by_the_post_that_they_have_a_part_in(post, browse):
    reader = browse()
    assert '/@chris' in reader.get('/sitemap-places.xml') and '/@chris' in reader.get('/follow')


def test_lists_ask_once_for_the_authors_of_all_posts(alice, people):
    for number in range(9):
        share(write(alice, f'Post {number}', at=db.now() - timedelta(days=1)), *people[1:])
    posts = list(Post.listed(db.now()))
    with count_queries() as counter:
        Post.load_co_authors(posts)
    assert counter.count == 2 and all(len(post.authors) == 3 for post in posts)
    CoAuthor.delete().execute()
    with count_queries() as counter:
        Post.load_co_authors(posts)
    assert counter.count == 1 and all(post.authors == [alice] for post in posts)
