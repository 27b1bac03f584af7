"""Lists of posts, with and without covers, in every layout and on every width."""

import pytest
from conftest import BROWSER, person, write
from rig import chromium
from windows import assert_accessible, wait_until

from quickpub import db
from quickpub.media import placing
from quickpub.models import MediaFile, Site, Upload

DIGEST = 'c' * 32


def make_cover(author, post):
    """Give a post an image whose variants are made; the files themselves are missing."""
    MediaFile.get_or_create(digest=DIGEST, defaults={
        'kind': 'image', 'ending': 'jpg', 'state': 'ready', 'made': {
            'width': 1600, 'height': 900, 'colour': '#6b7f4c', 'moving': [],
            'widths': {'avif': [480, 960, 1600], 'jpg': [480, 960, 1600]}}})
    upload, _ = Upload.get_or_create(user=author, file=DIGEST, defaults={'name': 'hills.jpg', 'bytes': 1})
    placing.place('cover', post.id, upload, db.now(), alt='Hills')


@pytest.mark.parametrize('path', ['/', '/t/walks', '/@alice', '/search?q=hills'])
@pytest.mark.parametrize('layout', ['magazine', 'list', 'letters'])
def test_a_cover_is_shown_in_every_list_as_a_second_way_to_the_post(site, alice, browse, connection, path, layout):
    with connection():
        Site.change(layout=layout)
        make_cover(alice, write(alice, 'On hills', tags='Walks'))
        write(alice, 'More hills', tags='Walks')
    covers = browse().get(path).html.select('main a.cover')
    assert [cover['href'] for cover in covers] == ['/p/on-hills']
    assert covers[0]['tabindex'] == '-1' and covers[0]['aria-hidden'] == 'true' and covers[0].img['alt'] == ''


@pytest.mark.parametrize('path', ['/', '/t/walks', '/@alice', '/search?q=hills'])
@pytest.mark.parametrize('layout', ['magazine', 'list', 'letters'])
def test_the_first_cover_of_a_page_does_not_wait_until_it_is_in_view(site, alice, browse, connection, path, layout):
    with connection():
        Site.change(layout=layout)
        for title in ('On hills', 'More hills'):
            make_cover(alice, write(alice, title, tags='Walks'))
    first, second = browse().get(path).html.select('main a.cover img')
    assert first['fetchpriority'] == 'high' and 'loading' not in first.attrs
    assert second['loading'] == 'lazy' and 'fetchpriority' not in second.attrs


def test_every_list_has_a_description_for_search_engines(site, alice, browse, connection):
    with connection():
        Site.change(tagline='')
        write(alice, tags='Walks')
    for path, words in (('/', 'The Village Voice'), ('/t/walks', 'All posts on The Village Voice with the tag Walks.'),
                        ('/@alice', 'All posts by Alice on The Village Voice.'),
                        ('/archive', 'All posts on The Village Voice, by year.')):
        assert [each['content'] for each in browse().get(path).html.select('meta[name=description]')] == [words]


@pytest.fixture
def served(shared_rig):
    """Eight posts: a lead, and seven that leave one alone in its row. Each second one has a cover."""
    with shared_rig.database():
        Site.get_or_create(id=1, defaults={'title': 'The Village Voice'})
        petra = person('petra')
        for number in range(8):
            post = write(petra, '' if number == 3 else f'Hill {number} ' + 'and on ' * 12 * (number == 5),
                         body='Some words. ' * 60)
            if number % 2:
                make_cover(petra, post)
    return shared_rig


def test_every_layout_fits_and_leaves_no_card_alone(served):
    with chromium() as browser:
        page = browser.new_context(base_url=served.url, user_agent=BROWSER).new_page()
        for layout in ('magazine', 'list', 'letters'):
            with served.database():
                Site.change(layout=layout)
            for width in (360, 820, 1440):
                page.set_viewport_size({'width': width, 'height': 900})
                page.goto('/')
                assert page.evaluate('document.documentElement.scrollWidth') == width, (layout, width)
                assert_accessible(page)
                if layout == 'magazine':
                    last, row = (page.locator(each).last.bounding_box() for each in ('.cards > .card', '.cards'))
                    assert abs(last['width'] - row['width']) < 1, width


def test_the_first_post_of_a_list_has_a_wide_cover(served):
    with served.database():
        Site.change(layout='list')
    with chromium() as browser:
        page = browser.new_context(base_url=served.url, user_agent=BROWSER, viewport={'width': 1440, 'height': 900}
                                   ).new_page()
        page.goto('/')
        lead, title = page.locator('.lead .cover').bounding_box(), page.locator('.lead h2').bounding_box()
        assert lead['width'] == title['width'] and lead['y'] + lead['height'] <= title['y']
        assert page.locator('.entry:not(.lead) .cover').first.bounding_box()['width'] < lead['width'] / 2


def test_a_logo_keeps_its_place_until_it_has_arrived(served):
    with served.database():
        placing.place('logo', placing.SITE, Upload.get(), db.now(), alt='')
    with chromium() as browser:
        page = browser.new_context(base_url=served.url, user_agent=BROWSER).new_page()
        page.route('**/media/**', lambda route: None)
        page.goto('/archive', wait_until='domcontentloaded')
        wait_until(page, '[...document.querySelectorAll("link[rel=stylesheet]")].every(link => link.sheet)')
        box = page.locator('.logo img').bounding_box()
        assert box['width'] / box['height'] == pytest.approx(16 / 9, rel=0.01)
        assert box['height'] == pytest.approx(1.9 * page.evaluate(
            'parseFloat(getComputedStyle(document.documentElement).fontSize)'), rel=0.01)
