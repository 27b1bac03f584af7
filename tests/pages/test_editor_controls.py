"""The controls around the text in the editor: formatting on phones, the panel, and ways back from a slip."""

import re

import pytest
from conftest import person, write
from rig import chromium
from windows import window

from quickpub.content import posts, tags
from quickpub.content.post_input import PostInput, as_form
from quickpub.models import Post, Site

BODY = 'textarea[name=body]'
IS_SAVED = re.compile(r'^Saved \d\d:\d\d$')
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


def test_the_panel_of_a_published_post_saves_by_keyboard(page, served):
    page.set_viewport_size({'width': 375, 'height': 700})
    edit(page, served)
    page.get_by_role('button', name='Summary and tags').press('Enter')
    panel = page.get_by_role('region', name='Summary and tags')
    panel.get_by_label('Tags').fill('Walks')
    panel.get_by_role('button', name='Update post').press('Enter')
    panel.get_by_text(IS_SAVED).wait_for()
    with served.database():
        post = Post.get_by_id(served.post.id)
        assert tags.as_line(post) == 'Walks' and post.published_at == served.post.published_at
    page.reload()
    assert page.locator('#found').is_hidden() and page.locator('[name=tags]').input_value() == 'Walks'
    assert page.problems == []


def test_the_reason_why_the_panel_cannot_save_is_in_view(page, served):
    page.set_viewport_size({'width': 375, 'height': 700})
    edit(page, served)
    with served.database():
        posts.save(served.post, served.author, PostInput.from_form(as_form(served.post) | {'body': 'Theirs'}),
                   served.post.updated_at)
    page.get_by_role('button', name='Summary and tags').click()
    page.fill('[name=tags]', 'Walks')
    page.get_by_role('region', name='Summary and tags').get_by_role('button', name='Update post').click()
    page.get_by_role('button', name='Compare the versions').click(trial=True)
