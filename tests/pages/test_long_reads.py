"""Long reads in a real browser: notes beside the text on wide screens and in a list elsewhere, lists on paper."""

import pytest
from conftest import BROWSER, person, write
from rig import chromium
from windows import assert_accessible

from quickpub.models import Site

BODY = ('Words with a note[^1].\n\n- One\n- Two\n\n| A | B |\n|---|---|\n| ' + 'wide ' * 20 + '| ' + 'wide ' * 20
        + '|\n\nMore[^2].\n\n[^1]: The first note.\n[^2]: The second one.')


@pytest.fixture
def served(shared_rig):
    with shared_rig.database():
        Site.get_or_create(id=1, defaults={'title': 'The Village Voice'})
        write(person('nora'), 'With notes', body=BODY)
    return shared_rig


def test_notes_are_in_the_margin_or_in_the_list_and_never_twice(served):
    with chromium() as browser:
        page = browser.new_context(base_url=served.url, user_agent=BROWSER).new_page()
        for width, is_beside in ((1440, True), (1220, True), (820, False), (375, False)):
            page.set_viewport_size({'width': width, 'height': 900})
            page.goto('/p/with-notes')
            assert page.get_by_text('The first note.').locator('visible=true').count() == 1
            assert page.locator('.sidenote').first.is_visible() == is_beside
            assert page.locator('.footnotes').is_visible() == (not is_beside)
            assert page.evaluate('document.documentElement.scrollWidth') == width
            assert_accessible(page)
        page.set_viewport_size({'width': 1440, 'height': 900})
        page.goto('/p/with-notes')
        word, note = page.locator('#fnref2').bounding_box(), page.locator('.sidenote').nth(1).bounding_box()
        assert note['x'] > word['x'] and abs(note['y'] - word['y']) < 20
        page.locator('#fnref2').press('Enter')
        assert page.locator('#fn2').is_visible() and not page.locator('#fn1').is_visible()
        page.emulate_media(media='print')
        assert page.locator('.footnotes').is_visible() and not page.locator('.sidenote').first.is_visible()
        assert page.locator('.prose > ul').evaluate('list => parseFloat(getComputedStyle(list).paddingLeft)') > 10


def test_a_wide_table_uses_the_margin_of_the_page(served):
    with chromium() as browser:
        page = browser.new_context(base_url=served.url, user_agent=BROWSER, viewport={'width': 1440, 'height': 900}
                                   ).new_page()
        page.goto('/p/with-notes')
        table, text = page.locator('.table').bounding_box(), page.locator('.prose > p').first.bounding_box()
        assert table['x'] == text['x'] and table['width'] > text['width'] + 100
