"""JSON Feed 1.1 (jsonfeed.org), and how feeds of both kinds are found. What concerns Atom alone is in test_posts.py."""

import json
import re
from datetime import datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from checks import FEED, URL, assert_is
from conftest import utc, write
from sites import BODY, browser_of

from quickpub import db
from quickpub.markup import markdown
from quickpub.models import Post

PATHS = ['/feed.json', '/@alice/feed.json', '/t/hills/feed.json']


@pytest.mark.parametrize('url', ['http://localhost:8000', 'https://voice.example/blog'])
@pytest.mark.parametrize('path', PATHS)
def test_a_json_feed_is_valid_and_has_everything(site, alice, connection, url, path):
    with connection():
        for number in range(25):
            write(alice, f'<b>Number</b> {number} & “more” 🌻', utc(2026, 1, 1) + timedelta(hours=number),
                  tags='Hills, 日本', body=BODY, summary='"Two" words' if number % 2 else '')
    answer = browser_of(site, url=url).get(path)
    assert answer.content_type == 'application/feed+json'
    feed = json.loads(answer.text)
    assert_is(feed, FEED)
    assert feed['feed_url'] == url + path
    assert feed['home_page_url'] == url + (path.removesuffix('/feed.json') or '/')
    assert [item['title'] for item in feed['items']] == [
        f'<b>Number</b> {number} & “more” 🌻' for number in reversed(range(5, 25))]
    item = feed['items'][1]
    assert item['url'] == f'{url}/p/b-number-b-23-more' and item['tags'] == ['Hills', '日本']
    assert item['authors'] == [{'name': 'Alice', 'url': f'{url}/@alice'}] and item['summary'] == '"Two" words'
    assert datetime.fromisoformat(item['date_modified']) >= datetime.fromisoformat(item['date_published'])
    content = BeautifulSoup(item['content_html'], 'html.parser')
    assert all(re.match(URL, element.get('href') or element['src']) for element in content.select('[href], [src]'))
    assert content.select('.footnote-ref a')[0]['href'] == f'{item["url"]}#fn1'


def test_the_id_is_the_same_in_both_kinds(site, alice, browse, connection):
    with connection():
        write(alice, 'On hills', tags='Hills')
    for path in PATHS:
        (item,) = browse().get(path).json['items']
        assert f'<id>{item["id"]}</id>' in browse().get(path.replace('json', 'xml'))


def test_empty_feeds(site, alice, bob, browse, connection):
    for path in PATHS[:2]:
        feed = browse(alice).get(path).json  # for others, who has published nothing is not there
        assert_is(feed, FEED)
        assert feed['items'] == []
    with connection():
        write(alice, 'A draft', tags='Hills', published=False)
        later = write(alice, 'Later', tags='Hills')
        Post.update(published_at=db.now() + timedelta(days=1)).where(Post.id == later.id).execute()
    for kind in ('xml', 'json'):
        browse().get(f'/t/hills/feed.{kind}', status=404)
        browse().get(f'/t/nothing/feed.{kind}', status=404)
        browse().get(f'/@nobody/feed.{kind}', status=404)
        browse(bob).get(f'/t/hills/feed.{kind}', status=404)
        assert 'draft' not in browse().get(f'/feed.{kind}')


@pytest.mark.parametrize('path', [*PATHS, '/t/hills/feed.xml'])
def test_a_feed_that_has_not_changed_is_not_sent_again(site, alice, browse, connection, path):
    with connection():
        write(alice, 'On hills', tags='Hills')
    tag = browse().get(path).headers['ETag']
    assert browse().get(path, headers={'If-None-Match': tag}, status=304).body == b''
    with connection():
        write(alice, 'On dales', tags='Hills')
    browse().get(path, headers={'If-None-Match': tag}, status=200)


@pytest.mark.parametrize(('page', 'feeds'), [
    ('/', ['/feed']), ('/p/on-hills', ['/feed']), ('/archive', ['/feed']), ('/@alice', ['/feed', '/@alice/feed']),
    ('/t/hills', ['/feed', '/t/hills/feed'])])
def test_pages_tell_where_their_feeds_are(site, alice, browse, connection, page, feeds):
    with connection():
        write(alice, 'On hills', tags='Hills')
    found = [link for link in browse().get(page).html.find_all('link', rel='alternate') if 'oembed' not in link['type']]
    assert [link['href'] for link in found] == [f'{feed}.{kind}' for feed in feeds for kind in ('xml', 'json')]
    for link in found:
        shown = {'application/atom+xml': 'application/xml'}  # browsers show it, and not its source
        assert browse().get(link['href']).content_type == shown.get(link['type'], link['type'])


@pytest.mark.parametrize(('html', 'expected'), [
    ('<a href="/b">a</a>', 'https://x.example/b'),
    ('<a href="b?c=1&amp;d=2">a</a>', 'https://x.example/p/b?c=1&amp;d=2'),
    ('<a href="#fn1">a</a>', 'https://x.example/p/a#fn1'), ('<a href="mailto:a@b.example">a</a>', 'mailto:a@b.example'),
    ('<a href="//c.example/d">a</a>', 'https://c.example/d'),
    ('<a href="https://c.example/">a</a>', 'https://c.example/'),
    ('<img src="/a.jpg" alt="">', 'https://x.example/a.jpg')])
def test_addresses_in_full(html, expected):
    assert f'="{expected}"' in markdown.absolute(html, 'https://x.example', '/p/a')


@pytest.mark.parametrize('html', ['<p>href="/b"</p>', '<p>src=x</p>', '<p title="/a">b</p>'])
def test_what_is_no_address_is_left_alone(html):
    assert markdown.absolute(html, 'https://x.example', '/p/a') == html


def test_an_address_that_is_none_breaks_no_feed():
    html = '<a href="http://[">a</a> <a href="">b</a>'
    assert markdown.absolute(html, 'https://x.example', '/p/a').count('</a>') == 2
