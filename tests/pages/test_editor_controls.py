"""The controls around the text in the editor: formatting on phones, the panel, and ways back from a slip."""

import pytest
from conftest import person, write
from rig import chromium
from windows import window

from quickpub.models import Site

BODY = 'textarea[name=body]'
FINGER, POINTER = 44, 24  # pixels of a control: for fingers, and at least


@pytest.fixture
def served(shared_rig):
    """A site that runs, with one author and one post of theirs."""
    with shared_rig.database():
        Site.create(id=1, title='The Village Voice')
        shared_rig.author = person('alice')
        shared_rig.post = write(shared_rig.author, 'On hills', body='They are high.')
    return shared_rig


@pytest.fixture
def page(served):
    with chromium() as browser, window(browser, served) as page:
        yield page


def edit(page, rig):
    page.goto(f'/studio/posts/{rig.post.id}')


def test_all_formatting_is_in_view_and_large_enough(page, served):
    for width, least in ((320, FINGER), (375, FINGER), (1280, POINTER)):
        page.set_viewport_size({'width': width, 'height': 700})
        edit(page, served)
        page.locator('markdown-toolbar').wait_for()
        buttons = page.locator('markdown-toolbar > *').all()
        assert len(buttons) == 11
        for button in buttons:
            box = button.bounding_box()
            assert box['x'] >= 0 and box['x'] + box['width'] <= width, (width, button.inner_text())
            assert box['height'] >= least and box['width'] >= POINTER, (width, button.inner_text(), box)
        toolbar = page.locator('markdown-toolbar')
        assert toolbar.evaluate('bar => bar.scrollWidth <= bar.clientWidth'), width
        assert toolbar.bounding_box()['height'] <= 2.5 * FINGER, width
