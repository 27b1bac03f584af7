"""Following the site: a page that explains feeds, and feeds that a browser shows in the site's face."""

import feedparser
import pytest
from conftest import BROWSER, person, write
from rig import chromium

from quickpub.models import Site


@pytest.fixture
def hills(site, alice):
    return write(alice, 'On hills', tags='Walks, Slow food')


def test_the_navigation_leads_to_the_page_and_the_page_to_the_feeds(hills, browse):
    page = browse().get('/').click('Follow')
    assert page.html.find(id='feed')['value'] == 'http://localhost:8000/feed.xml'
    links = [link['href'] for link in page.html.select('.feeds .address')]
    assert links == ['/t/slow-food/feed.xml', '/t/walks/feed.xml']
    for link in links:
        assert [entry.title for entry in feedparser.parse(browse().get(link).body).entries] == ['On hills']


def test_authors_are_listed_once_there_are_several_and_only_those_who_have_published(hills, browse, connection):
    assert not browse().get('/follow').html.find(id='authors')
    with connection():
        write(person('bela'), 'On valleys')
        write(person('carol'), 'Not yet', published=False, tags='Secret')
    page = browse().get('/follow')
    assert [link['href'] for link in page.html.select('.feeds .address')[:2]] == [
        '/@alice/feed.xml', '/@bela/feed.xml']
    assert 'carol' not in page and 'secret' not in page.text.lower()


def test_the_page_is_there_before_the_first_post(site, browse):
    assert not browse().get('/follow').html.select('.feeds')


def test_a_feed_tells_its_readers_in_a_browser_what_it_is(hills, browse):
    found = browse().get('/feed.xml')
    note = found.xml.find('{http://www.w3.org/1999/xhtml}p')
    assert note.text.startswith('This is a feed.') and note[0].get('href') == '/follow'
    parsed = feedparser.parse(found.body)
    assert not parsed.bozo and parsed.feed.title == 'The Village Voice' and 'This is a feed' not in str(parsed.entries)


def test_a_browser_shows_a_feed_in_the_colours_and_fonts_of_the_site(shared_rig):
    rig = shared_rig
    with rig.database():
        Site.get_or_create(id=1, defaults={'title': 'The Village Voice'})
        write(person('dora'), 'On hedgehogs', summary='They sleep under leaves.')
    with chromium() as browser:
        page = browser.new_context(base_url=rig.url, user_agent=BROWSER).new_page()
        page.goto('/')
        paper = page.evaluate('getComputedStyle(document.body).backgroundColor')
        page.goto('/feed.xml')
        seen = page.evaluate('''() => {
          const look = (name) => { const found = getComputedStyle(document.querySelector(name));
                                   return [found.display, found.fontFamily, found.backgroundColor]; };
          return {feed: look('feed'), title: look('entry > title'), content: look('entry > content')}; }''')
        assert seen['feed'][2] == paper and 'Source Serif 4' in seen['title'][1]
        assert seen['content'][0] == 'none'
        page.get_by_text('How to follow this site').click()
        page.wait_for_url('**/follow')
