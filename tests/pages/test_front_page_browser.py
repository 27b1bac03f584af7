"""The front page of a magazine in a real browser: rows of cards have no holes, whatever number of posts there is."""

import pytest
from conftest import person, write
from rig import chromium

from quickpub import db
from quickpub.content import featured
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
            page.close()
