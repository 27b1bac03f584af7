"""Saving and publishing in the editor, without losing one's place; and the screen around the text."""

import re

import pytest
from conftest import person, write
from images import PDF
from playwright.sync_api import expect
from rig import chromium
from windows import reused_window, wait_until, window

from quickpub.content import posts
from quickpub.content.post_input import PostInput, as_form
from quickpub.markup import excerpts, markdown
from quickpub.models import Autosave, Post, Session, Site

BODY, SAVED = 'textarea[name=body]', '#saved'
IS_SAVED = re.compile(r'^Saved \d\d:\d\d$')
LONG = '\n\n'.join(f'Paragraph {number} of a long text, which goes on for a while.' for number in range(80))
HAS_COME = '() => { const { top, bottom } = document.getElementById("preview").getBoundingClientRect(); ' \
           'return top < 400 && bottom > 400 }'
PLACE = ('''() => { const { selectionStart, selectionEnd } = document.getElementById('body')
         return [selectionStart, selectionEnd, scrollY, document.activeElement.name] }''')


@pytest.fixture
def served(shared_rig):
    """A site that runs, with one author and one long post of theirs."""
    with shared_rig.database():
        Site.create(id=1, title='The Village Voice')
        shared_rig.author = person('alice')
        shared_rig.post = write(shared_rig.author, 'On hills', body=LONG)
    return shared_rig


@pytest.fixture
def page(served):
    with chromium() as browser, reused_window(browser, served) as page:
        yield page


@pytest.fixture
def new_page(served):
    """The same in a window that no other test has used."""
    with chromium() as browser, window(browser, served) as page:
        yield page


def edit(page, rig):
    page.goto(f'/studio/posts/{rig.post.id}')


def click_in_place(page, name):
    """Click as people do: Playwright's own click scrolls the page first."""
    box = page.locator(name).bounding_box()
    page.mouse.click(box['x'] + 5, box['y'] + 5)


def is_saved(page):
    page.locator(SAVED).get_by_text(IS_SAVED).wait_for()


def test_saving_by_key_keeps_the_place(page, served):
    edit(page, served)
    page.locator(BODY).evaluate('field => { field.focus(); field.setSelectionRange(2000, 2010) }')
    page.keyboard.type('here')
    page.locator(BODY).evaluate('field => field.setSelectionRange(1990, 2000)')
    page.evaluate('scrollTo(0, 900)')
    page.locator(SAVED).get_by_text('Unsaved changes').wait_for()
    before = page.evaluate(PLACE)
    page.keyboard.press('Control+S')
    is_saved(page)
    assert page.evaluate(PLACE) == before and before[2:] == [900, 'body']
    page.keyboard.type('again')
    page.keyboard.press('Control+S')
    wait_until(page, 'version => document.querySelector("[name=version]").value == version', arg='3')
    is_saved(page)
    with served.database():
        post = Post.get_by_id(served.post.id)
        assert 'again' in post.body and 'here' in post.body and Autosave.select().count() == 0
    assert page.evaluate('localStorage.length') == 0 and page.problems == []


def test_a_new_text_saved_by_key_is_one_post_with_an_address(page, served):
    page.goto('/studio/posts/new')
    page.fill('[name=title]', 'Tea time')
    for words in ('Some.', 'Some more.'):
        page.fill(BODY, words)
        page.keyboard.press('Control+S')
        page.locator(SAVED).get_by_text(IS_SAVED).wait_for()
    page.get_by_role('button', name='Move to trash').wait_for()
    with served.database():
        post = Post.get(Post.title == 'Tea time')
        assert Post.select().where(Post.title == 'Tea time').count() == 1 and post.body == 'Some more.'
    assert page.url.endswith(f'/studio/posts/{post.id}') and page.locator('[name=slug]').input_value() == 'tea-time'
    page.reload()
    assert page.locator(BODY).input_value() == 'Some more.' and page.locator('#found').is_hidden()


def test_what_is_typed_while_it_is_saved_is_not_called_saved(page, served):
    edit(page, served)

    def answer_late(route):
        found = route.fetch()
        page.locator(BODY).press_sequentially('!')
        route.fulfill(response=found)
    page.route(f'**/studio/posts/{served.post.id}', answer_late, times=1)
    page.fill(BODY, 'Saved words')
    page.keyboard.press('Control+S')
    page.locator(SAVED).get_by_text('Unsaved changes, backed up at').wait_for()
    with served.database():
        assert Autosave.get().fields['body'] == 'Saved words!' and Post.get_by_id(served.post.id).body == 'Saved words'


def test_an_error_is_said_in_place_and_the_text_stays(page, served):
    edit(page, served)
    page.fill(BODY, 'Other words')
    page.get_by_text('Series and original source').click()
    page.fill('[name=canonical]', 'no address')
    page.get_by_text('Series and original source').click()
    page.locator(BODY).focus()
    page.keyboard.press('Control+S')
    page.get_by_role('alert').get_by_role('link').click()
    assert page.evaluate('document.activeElement.name') == 'canonical'
    assert page.locator(BODY).input_value() == 'Other words'
    page.fill('[name=canonical]', '')
    page.keyboard.press('Control+S')
    is_saved(page)
    assert page.locator('#refused').is_hidden() and page.locator('.wrong, [aria-invalid]').count() == 0


def test_a_conflict_is_said_in_place_and_leads_to_both_versions(page, served):
    edit(page, served)
    with served.database():
        posts.save(served.post, served.author, PostInput.from_form(as_form(served.post) | {'body': 'Theirs'}),
                   served.post.updated_at)
    page.fill(BODY, 'Mine')
    page.keyboard.press('Control+S')
    page.get_by_role('alert').get_by_text('Nothing was saved. While you were writing').wait_for()
    assert page.locator(BODY).input_value() == 'Mine'
    page.get_by_role('button', name='Compare the versions').click()
    page.get_by_role('button', name='Keep mine').click()
    page.get_by_text('Saved.', exact=True).wait_for()
    with served.database():
        assert Post.get_by_id(served.post.id).body == 'Mine'


def test_without_a_connection_it_says_so_and_saves_later(page, served):
    edit(page, served)
    page.context.set_offline(True)
    page.fill(BODY, 'In a tunnel')
    page.keyboard.press('Control+S')
    page.locator(SAVED).get_by_text('Not saved: no connection. Backed up in this browser').wait_for()
    assert 'In a tunnel' in page.evaluate('JSON.stringify(localStorage)')
    page.context.set_offline(False)
    page.keyboard.press('Control+S')
    is_saved(page)
    with served.database():
        assert Post.get_by_id(served.post.id).body == 'In a tunnel'


def test_logged_out_it_says_so_and_leads_to_a_form_that_keeps_the_text(page, served):
    edit(page, served)
    with served.database():
        Session.delete().execute()
    page.fill(BODY, 'Written while logged out')
    page.keyboard.press('Control+S')
    page.get_by_role('alert').get_by_role('button', name='Log in').click()
    page.get_by_label('Password').wait_for()
    assert page.locator('[name=body]').input_value() == 'Written while logged out'


def test_nothing_moves_when_the_scripts_of_the_editor_come_late(new_page):
    page = new_page
    page.set_viewport_size({'width': 375, 'height': 800})
    page.add_init_script("""
        window.shifts = []
        new PerformanceObserver(list => shifts.push(...list.getEntries().filter(each => !each.hadRecentInput)))
            .observe({type: 'layout-shift', buffered: true})""")
    late = []
    page.route('**/*.js?*', lambda route: late.append(route))
    page.goto('/studio/posts/new', wait_until='commit')
    page.locator(BODY).wait_for()
    page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
    assert late and page.locator('markdown-toolbar').is_hidden()
    page.unroute('**/*.js?*')  # which lets them through
    page.locator('markdown-toolbar').wait_for()
    page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
    assert page.evaluate('shifts.reduce((sum, each) => sum + each.value, 0)') < 0.01


def test_formatting_stays_in_view_and_empty_texts_have_no_length(page, served):
    edit(page, served)
    page.evaluate('scrollTo(0, 1500)')
    assert 0 <= page.locator('markdown-toolbar').bounding_box()['y'] < 10
    assert page.locator('#counts').inner_text().startswith('Words: 9')
    page.fill(BODY, '')
    page.locator('#counts').wait_for(state='hidden')


@pytest.mark.parametrize('width', [375, 1440])
def test_nothing_moves_when_a_button_that_stays_in_view_gets_the_focus(page, served, width):
    page.set_viewport_size({'width': width, 'height': 700})
    edit(page, served)
    for top, buttons in ((0, '.bar button'), (300, '.bar button'), (300, 'markdown-toolbar > *')):
        page.evaluate('top => scrollTo(0, top)', top)
        for button in page.locator(buttons).all():
            if button.is_visible():
                button.evaluate('each => each.focus()')
                assert page.evaluate('scrollY') == top, (buttons, button.inner_text())
    page.evaluate('scrollTo(0, 0)')
    page.get_by_role('button', name='Preview').click()
    page.locator('#preview .prose').wait_for()
    assert page.evaluate('scrollY') == 0


def test_an_image_is_chosen_from_the_formatting_and_inserted_at_the_caret(page, served):
    page.goto('/studio/posts/new')
    page.fill(BODY, 'Above\n\nBelow')
    page.locator(BODY).evaluate('field => field.setSelectionRange(5, 5)')
    with page.expect_file_chooser() as chosen:
        page.get_by_role('button', name='Image', exact=True).click()
    chosen.value.set_files([{'name': 'note.pdf', 'mimeType': 'application/pdf', 'buffer': PDF}])
    page.get_by_text('note.pdf was inserted').wait_for()
    assert re.fullmatch(r'Above\n\n\[note.pdf.*\]\(/media/.*\)\n\n+Below', page.locator(BODY).input_value())


@pytest.mark.parametrize('width', [375, 820, 821, 1440])
def test_the_preview_is_in_view_on_every_width(served, width):
    with chromium() as browser, window(browser, served, viewport={'width': width, 'height': 800}) as page:
        edit(page, served)
        assert page.evaluate('scrollY') == 0
        page.evaluate('scrollTo(0, 2000)')
        click_in_place(page, '#show-preview')
        preview = page.get_by_role('region', name='Preview')
        preview.get_by_text('Paragraph 0').wait_for()
        wait_until(page, HAS_COME)
        box = preview.bounding_box()
        assert box['y'] < 400 and box['y'] + box['height'] > 400
        assert page.locator(BODY).is_visible() == (width > 831)
        assert page.evaluate('document.documentElement.scrollWidth') == width
        if width < 831:
            before = page.evaluate('scrollY')
            click_in_place(page, '#show-text')
            assert page.locator(BODY).is_visible() and before > 500 and abs(page.evaluate('scrollY') - 2000) < 10


def test_focus_mode_shows_all_of_the_title(page, served):
    edit(page, served)
    page.evaluate('scrollTo(0, 300)')
    page.get_by_role('button', name='Focus mode').click()
    assert page.locator('[name=title]').bounding_box()['y'] >= 0


def test_the_panel_shows_the_post_as_it_is_typed_and_publishes_it(page, served):
    page.goto('/studio/posts/new')
    page.fill('[name=title]', 'Tea time')
    body = 'It is *warm*:\n\n- eggs\n- milk'
    page.fill(BODY, body)
    page.get_by_role('button', name='Publish…').click()
    panel = page.get_by_role('region', name='Publish')
    expect(panel.locator('.card .excerpt')).to_have_text('It is warm: eggs · milk')
    assert excerpts.excerpt(markdown.to_html(body)) == 'It is warm: eggs · milk'
    assert panel.locator('.card-title').inner_text() == 'Tea time'
    page.fill('[name=summary]', 'A summary')
    panel.locator('.card').get_by_text('A summary').wait_for()
    page.fill('[name=publish_at]', '2040-01-01T08:00')
    assert page.locator('#publish').inner_text() == 'Schedule'
    page.fill('[name=publish_at]', '')
    page.keyboard.press('Escape')
    assert panel.is_hidden()
    page.get_by_role('button', name='Publish…').click()
    page.locator('#publish').click()
    page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    page.get_by_role('button', name='Copy link').click()
    page.get_by_text('Link copied.').wait_for()
    assert page.evaluate('navigator.clipboard.readText()') == f'{served.url}/p/tea-time'
    page.get_by_role('link', name='View post').first.click()
    page.get_by_role('heading', name='Tea time').wait_for()
    page.go_back()
    page.reload()
    assert page.get_by_role('region', name='Published').count() == 0 and page.problems == []


def test_the_panel_works_without_scripts(served):
    with chromium() as browser, window(browser, served, java_script_enabled=False) as page:
        page.goto('/studio/posts/new')
        page.fill('[name=title]', 'Tea time')
        page.fill(BODY, 'It is warm.')
        page.get_by_role('button', name='Publish…').click()
        page.fill('[name=tags]', 'Tea')
        page.get_by_role('button', name='Publish now').click()
        section = page.get_by_role('region', name='Published')
        assert section.get_by_label('Link').input_value() == f'{served.url}/p/tea-time'
        assert page.get_by_role('button', name='Copy link').is_hidden()
        section.get_by_role('link', name='Write another').click()
        assert page.locator(BODY).input_value() == ''
        with served.database():
            post = Post.get(Post.title == 'Tea time')
        page.goto(f'/studio/posts/{post.id}')
        page.get_by_role('button', name='Summary and tags').click()
        page.get_by_role('link', name='Add a cover').click()
        assert page.url.endswith(f'/studio/images/cover/{post.id}')
