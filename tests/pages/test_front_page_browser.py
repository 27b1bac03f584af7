"""The front page of a magazine in a real browser: rows of cards have no holes, whatever number of posts there is."""

import pytest
from conftest import person, write
from rig import chromium

from quickpub import db
from quickpub.content import featured
from quickpub.look import layouts
from quickpub.models import Site

EDGES = '''lists => lists.map(list => {
    const edges = [...list.children].map(each => each.getBoundingClientRect().right)
    return [Math.round(list.getBoundingClientRect().right), Math.round(Math.max(...edges)), Math.round(edges.at(-1))]
})'''


@pytest.mark.parametrize('chosen', [1, 2, 3])
def test_featured_posts_fill_their_row(shared_rig, chosen):
    with shared_rig.database():
        Site.create(id=1, title='The Village Voice', layout='magazine')
        alice = person('alice')
        posts = [write(alice, f'Hill {number}') for number in range(5)]
        for post in posts[:chosen]:
            featured.feature(post, db.now())
    with chromium() as browser:
        for width in (1440, 820, 375):
            page = browser.new_page(viewport={'width': width, 'height': 900})
            page.goto(shared_rig.url)
            whole, widest, last = page.locator('.featured .cards').evaluate_all(EDGES)[0]
            assert whole == widest == last, width
            rules = page.locator('.featured .card').evaluate_all(
                'cards => cards.map(card => getComputedStyle(card).borderTopWidth)')
            assert rules[0] == ('0px' if chosen == 1 or width == 375 else '1px'), 'the label has a rule already'
            page.close()


def test_long_titles_are_smaller_and_stay_within_the_page(shared_rig):
    with shared_rig.database():
        Site.create(id=1, title='The Village Voice')
        alice = person('alice')
    titles = ['Hills', 'Hills and dales, ' * 6, 'Hills and dales, ' * 12, 'Donaudampfschifffahrtsgesellschaft' * 3]
    sizes = {layout: [] for layout in layouts.LAYOUTS}
    with chromium() as browser:
        page = browser.new_page()
        for title in titles:
            with shared_rig.database():
                write(alice, title, body='Some words.')
            for layout, found in sizes.items():
                with shared_rig.database():
                    Site.change(layout=layout)
                for width in (375, 1440):
                    page.set_viewport_size({'width': width, 'height': 900})
                    page.goto(shared_rig.url)
                    assert page.evaluate('document.documentElement.scrollWidth') == width, (layout, title)
                first = page.locator('article h2').first
                found.append(first.evaluate('title => parseFloat(getComputedStyle(title).fontSize)'))
        page.close()
    for found in sizes.values():
        assert found[0] > found[1] > found[2] and found[1] == found[3], sizes
