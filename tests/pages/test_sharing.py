"""What other sites and programs learn from a page: JSON-LD, oEmbed, the fediverse, and the images in feeds."""

import json
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from conftest import BROWSER, person, write
from rig import chromium

from quickpub import db
from quickpub.content import publishing
from quickpub.models import Card, MediaFile, OldSlug, PlacedImage, Post, Site, User

ORIGIN = 'http://localhost:8000'
DIGEST = 'a' * 32
TITLES = ['"Quotes" & \'more\' <b>', '</script><script>alert(1)</script>', '<!-- <script> -->', 'مرحبا "بالعالم"',
          '😀 Hills 👩‍👩‍👧', 'Words ' * 50, 'A \u2028 line']


@pytest.fixture
def hills(site, alice):
    Site.change(title='The Village Voice', tagline='News from the hill')
    User.update(bio='Walks.', links='https://example.org/alice\nhttps://example.net/@alice',
                fediverse='@alice@example.social').where(User.id == alice.id).execute()
    return write(User.get_by_id(alice.id), 'On hills', tags='Walks, Hills', summary='A walk.')


def give_cover(post):
    db.db.connect(reuse_if_open=True)
    MediaFile.create(digest=DIGEST, kind='image', ending='jpg', state='ready', made={
        'width': 1600, 'height': 900, 'colour': '#6b7f4c', 'moving': [],
        'widths': {'avif': [480, 960, 1440, 1600], 'jpg': [480, 960, 1440, 1600]}})
    PlacedImage.create(place='cover', owner_id=post.id, digest=DIGEST, alt='A <hill>')


def read(page):
    """The nodes of a page's JSON-LD, by type."""
    found = json.loads(page.html.find('script', type='application/ld+json').string)
    assert found['@context'] == 'https://schema.org'
    return {node['@type']: node for node in found['@graph']}


# JSON-LD

def test_a_post_is_described_with_its_author_and_the_way_to_it(hills, browse):
    give_cover(hills)
    found = read(browse().get('/p/on-hills'))
    post = found['BlogPosting']
    assert (post['headline'], post['description'], post['url']) == ('On hills', 'A walk.', f'{ORIGIN}/p/on-hills')
    assert post['image'] == f'{ORIGIN}/media/{DIGEST}/1440.jpg' and sorted(post['keywords']) == ['Hills', 'Walks']
    assert post['datePublished'].endswith('Z') or '+' in post['datePublished']
    assert (post['author']['@type'], post['author']['name'], post['author']['url']) == (
        'Person', 'Alice', f'{ORIGIN}/@alice')
    assert (post['isPartOf']['@type'], post['isPartOf']['name'], post['inLanguage']) == (
        'WebSite', 'The Village Voice', 'en')
    assert [(step['position'], step['name'], step['item']) for step in found['BreadcrumbList']['itemListElement']] == [
        (1, 'The Village Voice', f'{ORIGIN}/'), (2, 'Alice', f'{ORIGIN}/@alice'),
        (3, 'On hills', f'{ORIGIN}/p/on-hills')]


def test_other_pages_are_described_as_what_they_are(hills, browse, olga):
    about = write(olga, 'About', published=False)
    Post.update(is_page=True, place=1).where(Post.id == about.id).execute()
    db.db.close()
    home = read(browse().get('/'))['WebSite']
    assert (home['name'], home['description']) == ('The Village Voice', 'News from the hill')
    assert home['potentialAction']['target']['urlTemplate'] == f'{ORIGIN}/search?q={{words}}'
    person = read(browse().get('/@alice'))['ProfilePage']['mainEntity']
    assert (person['@type'], person['description']) == ('Person', 'Walks.')
    assert person['sameAs'] == ['https://example.org/alice', 'https://example.net/@alice']
    assert {'CollectionPage', 'BreadcrumbList'} == set(read(browse().get('/t/walks')))
    assert set(read(browse().get('/about'))) == {'WebPage'}


@pytest.mark.parametrize('title', TITLES)
def test_no_title_ends_the_script_or_the_attribute(site, alice, browse, title):
    write(alice, title, slug='a-post')
    db.db.close()
    page = browse().get('/p/a-post')
    shown = ' '.join(title.split())
    assert read(page)['BlogPosting']['headline'] == shown
    assert page.html.find('meta', property='og:title')['content'] == shown
    scripts = page.html.find_all('script')
    assert [script.get('type') for script in scripts] == ['application/ld+json']


def test_drafts_say_nothing(site, alice, browse, studio):
    draft = write(alice, 'On rivers', published=False)
    publishing.share(draft, db.now())
    token = Post.get_by_id(draft.id).draft_token
    db.db.close()
    for page in (browse().get(f'/draft/{token}'), studio.get(f'/studio/posts/{draft.id}/preview')):
        assert 'ld+json' not in page and 'oembed' not in page and 'og:' not in page


def test_a_browser_finds_nothing_to_complain_of(shared_rig):
    with shared_rig.database():
        Site.get_or_create(id=1, defaults={'title': 'The Village Voice'})
        write(person('alice'), TITLES[1], slug='a-post')
    with chromium() as browser:
        page = browser.new_context(base_url=shared_rig.url, user_agent=BROWSER).new_page()
        said = []
        page.on('console', lambda message: said.append(message.text))
        page.on('pageerror', lambda error: said.append(str(error)))
        page.goto('/p/a-post')
        data = page.locator('script[type="application/ld+json"]')
        assert data.evaluate("each => JSON.parse(each.text)['@graph'].length") == 2
        assert said == []


# The fediverse

def test_the_author_is_named_in_the_fediverse(hills, browse):
    for path in ('/p/on-hills', '/@alice'):
        assert browse().get(path).html.find('meta', attrs={'name': 'fediverse:creator'})['content'] == (
            '@alice@example.social')
    with db.db.connection_context():
        User.update(fediverse='').execute()
    assert 'fediverse' not in browse().get('/p/on-hills')


# oEmbed

def embed(browser, url, status=200, **query):
    more = ''.join(f'&{name}={value}' for name, value in query.items())
    return browser.get(f'/oembed?url={quote(url, safe="")}{more}', status=status)


def test_a_post_names_its_oembed_and_that_describes_it(hills, browse):
    give_cover(hills)
    link = browse().get('/p/on-hills').html.find('link', type='application/json+oembed')['href']
    answer = browse().get(link.removeprefix(ORIGIN))
    assert answer.content_type == 'application/json'
    assert answer.json == {
        'version': '1.0', 'type': 'link', 'title': 'On hills', 'author_name': 'Alice', 'author_url': f'{ORIGIN}/@alice',
        'provider_name': 'The Village Voice', 'provider_url': f'{ORIGIN}/', 'cache_age': 3600,
        'thumbnail_url': f'{ORIGIN}/media/{DIGEST}/1440.jpg', 'thumbnail_width': 1440, 'thumbnail_height': 810}
    small = embed(browse(), f'{ORIGIN}/p/on-hills', maxwidth=1000, maxheight=300).json
    assert (small['thumbnail_width'], small['thumbnail_height']) == (480, 270)
    assert 'thumbnail_url' not in embed(browse(), f'{ORIGIN}/p/on-hills', maxwidth=100).json


def test_a_card_is_a_thumbnail_too_and_no_part_of_one(hills, browse):
    with db.db.connection_context():
        Card.create(kind='post', owner_id=hills.id, digest=DIGEST)
    assert embed(browse(), f'{ORIGIN}/p/on-hills').json['thumbnail_url'] == f'{ORIGIN}/card/{DIGEST}.png'
    assert 'thumbnail_url' not in embed(browse(), f'{ORIGIN}/p/on-hills', maxwidth=1199).json


@pytest.mark.parametrize('url', [
    '', 'x', '/p/on-hills', ORIGIN, f'{ORIGIN}/', f'{ORIGIN}/p/', f'{ORIGIN}/p/nothing', f'{ORIGIN}/@alice',
    'http://example.org/p/on-hills', 'http://localhost:8000@example.org/p/on-hills', 'http://[::1/p/on-hills',
    'javascript://localhost:8000/p/on-hills', f'{ORIGIN}/p/on-rivers', f'{ORIGIN}/p/%FF', f'{ORIGIN}/p/\x00'])
def test_only_published_posts_are_embedded(hills, alice, browse, url):
    write(alice, 'On rivers', published=False)
    db.db.close()
    embed(browse(), url, status=404)


def test_the_only_format_is_json(hills, browse):
    assert embed(browse(), f'{ORIGIN}/p/on-hills', format='xml', status=501).content_type == 'application/json'
    assert embed(browse(), f'{ORIGIN}/p/on-hills', format='json').json['type'] == 'link'
    browse().get('/oembed', status=404)


def test_a_post_is_found_by_an_old_name_too(hills, browse):
    with db.db.connection_context():
        Post.update(slug='on-valleys', was_public=True).execute()
        OldSlug.create(slug='on-hills', post=hills)
    assert embed(browse(), f'{ORIGIN}/p/On-Hills').json['title'] == 'On hills'


# Feeds

def test_feeds_have_the_covers(hills, browse):
    give_cover(hills)
    write(hills.author, 'Without')
    db.db.close()
    image = f'{ORIGIN}/media/{DIGEST}/1440.jpg'
    atom = ElementTree.fromstring(browse().get('/feed.xml').body)
    names = {'a': 'http://www.w3.org/2005/Atom', 'media': 'http://search.yahoo.com/mrss/'}
    found = {entry.find('a:title', names).text: entry for entry in atom.findall('a:entry', names)}
    link = found['On hills'].find("a:link[@rel='enclosure']", names)
    assert (link.get('href'), link.get('type')) == (image, 'image/jpeg')
    content = found['On hills'].find('media:content', names)
    assert (content.get('url'), content.get('medium'), content.get('width'), content.get('height')) == (
        image, 'image', '1440', '810')
    assert content.find('media:description', names).text == 'A <hill>'
    assert found['Without'].find('media:content', names) is None
    assert {item['title']: item.get('image') for item in browse().get('/feed.json').json['items']} == {
        'On hills': image, 'Without': None}
