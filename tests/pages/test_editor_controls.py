"""The controls around the text in the editor: formatting on phones, the panel, and ways back from a slip."""

import re

import pytest
from conftest import person, write
from rig import chromium, wait_for
from windows import window

from quickpub import db
from quickpub.content import autosave, posts, tags
from quickpub.content.post_input import PostInput, as_form
from quickpub.models import Autosave, Post, Site

BODY = 'textarea[name=body]'
IS_SAVED = re.compile(r'^Saved \d\d:\d\d$')
TAB = 'tab-of-a-window1'
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


@pytest.mark.parametrize('is_scripted', [True, False], ids=['with scripts', 'without scripts'])
def test_a_cover_is_added_before_the_first_save_and_the_text_is_a_draft(served, is_scripted):
    with chromium() as browser, window(browser, served, java_script_enabled=is_scripted) as page:
        page.goto('/studio/posts/new')
        page.fill('[name=title]', 'Tea')
        page.fill(BODY, 'It is warm.')
        page.get_by_role('button', name='Publish…').click()
        page.get_by_role('button', name='Add a cover').click()
        page.get_by_role('heading', name='Cover').wait_for()
        with served.database():
            post = Post.get(Post.title == 'Tea')
            assert post.body == 'It is warm.' and post.published_at is None
        page.get_by_role('link', name='Tea').click()
        page.fill(BODY, 'It is warm, and sweet.')
        page.get_by_role('button', name='Publish…').click()
        page.get_by_role('button', name='Add a cover').click()
        page.get_by_role('link', name='Tea').click()
        assert page.locator(BODY).input_value() == 'It is warm, and sweet.'
        assert page.locator('#found').is_hidden() and page.locator('.unsaved li').count() == 0


def keep(rig, post):
    with rig.database():
        fields = dict.fromkeys(autosave.FIELDS, '') | {'title': 'Tea', 'body': 'It is warm.'}
        autosave.keep(rig.author, TAB, post, fields, db.now())


def kept(rig):
    with rig.database():
        return [(each.tab, each.post_id, each.fields['body']) for each in Autosave.select()]


def test_discarded_changes_come_back_for_as_long_as_the_page_is_open(page, served):
    for path, post in (('/studio', None), (f'/studio/posts/{served.post.id}', served.post)):
        keep(served, post)
        before = kept(served)
        page.goto(path)
        page.get_by_role('button', name='Discard: backed up').press('Enter')
        page.get_by_text('Discarded.').wait_for()
        assert kept(served) == [] and page.url.endswith(path)
        page.keyboard.press('Enter')  # on "Undo"
        page.get_by_role('link', name='Tea').wait_for()
        assert kept(served) == before
        page.get_by_role('button', name='Discard: backed up').click()
        page.get_by_text('Discarded.').wait_for()
        assert kept(served) == []
    assert page.problems == []


def test_changes_that_only_this_browser_has_come_back(page, served):
    edit(page, served)
    page.context.set_offline(True)
    page.fill(BODY, 'Typed in a tunnel')
    page.locator('#saved').get_by_text('Backed up in this browser').wait_for()
    wait_for(lambda: page.evaluate('localStorage.length'), 'the backup')
    page.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    edit(again, served)
    found = again.locator('#found')
    found.get_by_role('button', name='Discard').click()
    found.get_by_text('Discarded.').wait_for()
    assert again.evaluate('localStorage.length') == 0
    found.get_by_role('button', name='Undo').click()
    found.get_by_role('button', name='Continue with them').click()
    assert again.locator(BODY).input_value() == 'Typed in a tunnel'


def test_without_scripts_discarding_takes_a_second_press(served):
    keep(served, None)
    with chromium() as browser, window(browser, served, java_script_enabled=False) as page:
        page.goto('/studio')
        button = page.get_by_role('button', name='Discard: backed up')
        assert button.is_hidden()
        page.get_by_text('Discard…').click()
        button.click()
        page.get_by_text('Discarded.').wait_for()
    assert kept(served) == []
