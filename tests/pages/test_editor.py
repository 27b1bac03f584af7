"""The editor in a real browser: nothing typed is lost, whatever dies; keys, preview, quiet, phones, no scripts."""

import os
import re
import signal

import psutil
import pytest
from conftest import BROWSER, person, write
from playwright.sync_api import sync_playwright
from rig import browser_options, chromium, wait_for
from windows import assert_accessible, log_in, reused_window, window

from quickpub import dates, db
from quickpub.content import autosave, publishing
from quickpub.models import Autosave, Post, Site, User

BODY, SAVE, SAVED = 'textarea[name=body]', '.bar button[value=save]', '#saved'
IS_SAVED = re.compile(r'^Saved \d\d:\d\d$')


@pytest.fixture
def served(shared_rig):
    """A site that runs, with one author and one post of theirs."""
    with shared_rig.database():
        Site.create(id=1, title='The Village Voice')
    fill(shared_rig)
    return shared_rig


def fill(rig):
    with rig.database():
        rig.author = person('alice')
        rig.post = write(rig.author, 'On hills', body='They are high.', tags='Walks')
        write(rig.author, 'Tea', tags='Tea, Slow food')


@pytest.fixture
def page(served):
    """A browser's page in which the author has logged in."""
    with chromium() as browser, reused_window(browser, served) as page:
        yield page


def edit(page, rig):
    page.goto(f'/studio/posts/{rig.post.id}')


def write_new(page, title, body):
    page.goto('/studio/posts/new')
    page.fill('[name=title]', title)
    page.fill(BODY, body)


def says(page, words):
    page.locator(SAVED).get_by_text(words).wait_for()


def assert_saved(page):
    page.locator(SAVED).get_by_text(IS_SAVED).wait_for()


def open_panel(page, button='Publish…'):
    page.get_by_role('button', name=button).click()
    page.get_by_role('region', name=button.rstrip('…')).wait_for()


def publish(page):
    open_panel(page)
    page.get_by_role('button', name='Publish now').click()
    page.get_by_text('Published. Readers can see it now.').wait_for()


def minute_in(words):
    hours, minutes = re.search(r'\b(\d\d):(\d\d)\b', words).groups()
    return 60 * int(hours) + int(minutes)


def test_all_clocks_of_the_editor_are_the_authors_whatever_the_browsers_is(served):
    with chromium() as browser:
        for zone, elsewhere in (('Asia/Kathmandu', 'America/Los_Angeles'), ('Pacific/Kiritimati', 'Pacific/Honolulu'),
                                ('UTC', 'Asia/Tokyo'), ('Mars/Olympus', 'Asia/Tokyo')):
            with served.database():
                User.update(timezone=zone).execute()
                Autosave.delete().execute()
            with window(browser, served, timezone_id=elsewhere, locale='en-US') as page:
                write_new(page, 'One clock', 'Words.')
                says(page, 'Unsaved changes, backed up at')
                said = minute_in(page.locator(SAVED).inner_text())
                page.goto('/studio/posts/new')
                typed = minute_in(page.locator('.unsaved li time').inner_text())
                now = minute_in(dates.clock(db.now(), zone if zone != 'Mars/Olympus' else 'UTC'))
                assert (typed - said + 1) % 1440 <= 4 and (now - typed) % 1440 <= 3 and not page.problems


def kept(rig):
    with rig.database():
        return [each.fields['body'] for each in Autosave.select().order_by(Autosave.typed_at.desc())]


def body_of(rig):
    with rig.database():
        return Post.get_by_id(rig.post.id).body


def test_what_is_typed_is_kept_on_the_server_and_offered_in_another_window(page, served):
    page.goto('/studio/posts/new')
    page.locator(BODY).press_sequentially('The first words')
    says(page, 'Unsaved changes, backed up at')
    assert kept(served) == ['The first words']
    page.goto('/studio')
    page.locator('.unsaved a').click()
    assert page.locator(BODY).input_value() == 'The first words'
    page.click(SAVE)
    assert_saved(page)
    assert kept(served) == [] and page.evaluate('localStorage.length') == 0
    assert page.locator('#found').is_hidden() and page.problems == []


def test_a_text_that_was_saved_but_not_published_is_not_offered_again(page, served):
    write_new(page, 'Too late', 'Words.')
    open_panel(page)
    page.locator('[name=publish_at]').evaluate('field => { field.min = ""; field.value = "2020-01-01T00:00"; '
                                               'field.dispatchEvent(new Event("input", { bubbles: true })) }')
    page.get_by_role('button', name='Schedule').first.click()
    page.get_by_text('Your text is saved, but this time has passed.').first.wait_for()
    assert kept(served) == [] and page.evaluate('localStorage.length') == 0
    page.goto('/studio/posts/new')
    assert page.locator('#found').is_hidden() and page.locator('.unsaved li').count() == 0


def test_what_is_typed_while_the_server_is_gone_is_kept_in_the_browser_and_sent_when_it_is_back(founded):
    fill(founded)
    served = founded.serve()
    with chromium() as browser, window(browser, founded) as page:
        edit(page, founded)
        web = served.web()
        os.kill(served.popen.pid, signal.SIGSTOP)  # or it would start another one
        web.kill()
        page.fill(BODY, 'Typed without anybody there')
        says(page, 'No connection. Backed up in this browser')
        os.kill(served.popen.pid, signal.SIGCONT)
        founded.wait_until_well()
        says(page, 'Unsaved changes, backed up at')
    assert kept(founded) == ['Typed without anybody there']


def test_what_the_network_kept_back_is_offered_by_the_browser_after_the_window_was_closed(page, served):
    edit(page, served)
    page.context.set_offline(True)
    page.fill(BODY, 'Typed in a tunnel')
    says(page, 'No connection. Backed up in this browser')
    page.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    edit(again, served)
    assert kept(served) == []
    assert 'This browser has unsaved changes' in again.locator('#found').inner_text()
    again.get_by_role('button', name='Continue with them').click()
    assert again.locator(BODY).input_value() == 'Typed in a tunnel'
    again.click(SAVE)
    assert_saved(again)
    assert body_of(served) == 'Typed in a tunnel'
    edit(again, served)
    assert again.locator('#found').is_hidden()


def test_a_browser_that_is_killed_loses_nothing(served, tmp_path):
    def open_browser(playwright):
        return playwright.chromium.launch_persistent_context(
            tmp_path / 'profile', base_url=served.url, user_agent=BROWSER, **browser_options())
    with sync_playwright() as playwright:
        context = open_browser(playwright)
        page = context.pages[0]
        log_in(page)
        edit(page, served)
        page.fill(BODY, 'Typed before the crash')
        wait_for(lambda: kept(served) == ['Typed before the crash'], 'the server to have it')
        for process in psutil.process_iter(['cmdline']):
            if f'--user-data-dir={tmp_path}' in ' '.join(process.info['cmdline'] or []):
                process.kill()
        context = open_browser(playwright)
        page = context.pages[0]
        page.goto('/studio')
        if '/login' in page.url:  # where the browser had not written its cookies yet
            log_in(page)
        edit(page, served)
        page.locator('.unsaved li a').first.click()
        assert page.locator(BODY).input_value() == 'Typed before the crash'
        context.close()


def test_the_second_of_two_windows_sees_both_texts(page, served):
    edit(page, served)
    other = page.context.new_page()
    edit(other, served)
    page.fill(BODY, 'They are very high.')
    page.click(SAVE)
    assert_saved(page)
    other.fill(BODY, 'They are high.\n\nAnd green.')
    other.click(SAVE)
    other.get_by_text('Nothing was saved. While you were writing').first.wait_for()
    assert other.locator(BODY).input_value() == 'They are high.\n\nAnd green.'
    other.get_by_role('button', name='Compare the versions').click()
    other.get_by_role('button', name='Merge').click()
    other.get_by_text('Both changes were merged').wait_for()
    assert other.locator(BODY).input_value() == 'They are very high.\n\nAnd green.'
    other.click(SAVE)
    assert_saved(other)
    assert body_of(served) == 'They are very high.\n\nAnd green.'


def test_the_keys_format_and_the_preview_keeps_up(page, served):
    edit(page, served)
    page.get_by_role('button', name='Preview').click()
    preview = page.get_by_role('region', name='Preview')
    preview.get_by_text('They are high.').wait_for()
    page.locator(BODY).focus()
    page.keyboard.press('Control+A')
    page.keyboard.press('Control+B')
    assert page.locator(BODY).input_value() == '**They are high.**'
    preview.locator('strong').get_by_text('They are high.').wait_for()
    page.keyboard.press('Control+Z')
    preview.locator('strong').wait_for(state='detached')
    page.get_by_role('button', name='Quote').click()
    preview.locator('blockquote').wait_for()
    assert 'Words: 3' in page.locator('#counts').inner_text()
    page.keyboard.press('Control+S')
    assert_saved(page)
    assert body_of(served).startswith('> ') and page.problems == []


def test_tags_are_offered_for_the_last_word_of_the_list(page, served):
    edit(page, served)
    open_panel(page, 'Summary and tags')
    page.fill('[name=tags]', 'Walks, ')
    offered = page.locator('#tag-names option').evaluate_all('all => all.map(each => each.value)')
    assert set(offered) == {'Walks, Tea', 'Walks, Slow food'}


def test_a_quiet_page_shows_the_text_alone_and_escape_leaves_it(page, served):
    edit(page, served)
    page.get_by_role('button', name='Focus mode').press('Enter')
    assert page.locator('.masthead').is_hidden() and page.locator(BODY).is_visible()
    assert page.evaluate('document.activeElement.name') == 'body'
    page.keyboard.press('Escape')
    page.locator('.masthead').wait_for()


def test_enter_in_a_field_saves_and_does_nothing_else(page, served):
    page.goto('/studio/posts/new')
    page.fill(BODY, 'Not for readers yet.')
    page.locator('[name=slug]').press('Enter')
    assert_saved(page)
    with served.database():
        assert Post.select().order_by(Post.id.desc()).get().published_at is None


def test_the_keyboard_alone_writes_and_publishes(page, served):
    page.goto('/studio/posts/new')
    page.locator('[name=title]').focus()
    page.keyboard.type('By keys alone')
    tab_to(page, "document.activeElement.name == 'body'")
    page.keyboard.type('Some text.')
    tab_to(page, "document.activeElement.textContent == 'Publish…'")
    page.keyboard.press('Enter')
    tab_to(page, "document.activeElement.value == 'publish'")
    page.keyboard.press('Enter')
    page.get_by_text('Published. Readers can see it now.').wait_for()


def tab_to(page, place, limit=40):
    for _ in range(limit):
        page.keyboard.press('Tab')
        if page.evaluate(place):
            return
    raise AssertionError(f'no way by keys to {place}')


def test_nothing_sticks_out_on_a_small_phone(served):
    with chromium() as browser, window(browser, served, viewport={'width': 360, 'height': 640}) as page:
        for path in ('/studio/posts/new', f'/studio/posts/{served.post.id}', '/studio',
                     f'/studio/posts/{served.post.id}/history'):
            page.goto(path)
            for scheme in ('light', 'dark'):
                page.emulate_media(color_scheme=scheme)
                assert page.evaluate('document.documentElement.scrollWidth') == 360, path
        edit(page, served)
        for scheme in ('light', 'dark'):
            page.emulate_media(color_scheme=scheme)
            page.get_by_role('button', name='Preview').click()
            page.get_by_role('region', name='Preview').get_by_text('They are high.').wait_for()
            page.get_by_role('button', name='Preview').click()


def test_axe_finds_nothing_in_the_editor_and_around_it(served):
    with served.database():
        draft = write(served.author, 'A draft', published=False, series='Walks')
        publishing.share(draft, db.now())
        autosave.keep(served.author, 'tab-of-a-window1', served.post, {'title': '', 'body': 'Other', 'summary': ''},
                     db.now())
    with chromium() as browser, window(browser, served) as page:
        other = page.context.new_page()
        edit(other, served)
        for path in (f'/studio/posts/{served.post.id}', f'/studio/posts/{draft.id}', '/studio/posts/new', '/studio',
                     f'/studio/posts/{served.post.id}/history'):
            page.goto(path)
            if '/posts/' in path and 'history' not in path:
                page.fill(BODY, f'Written on {path}')
                page.get_by_role('button', name='Preview').click()
                page.get_by_role('region', name='Preview').get_by_text('Written on').wait_for()
                assert_accessible(page)
                page.keyboard.press('Control+S')
                assert_saved(page)
            assert_accessible(page)
        other.fill(BODY, 'Typed before that.')
        other.click(SAVE)
        other.get_by_text('Nothing was saved. While you were writing').first.wait_for()
        assert_accessible(other)
        other.get_by_role('button', name='Compare the versions').click()
        other.get_by_role('button', name='Merge').wait_for()
        assert_accessible(other)
        page.goto(f'/studio/posts/{draft.id}')
        open_panel(page)
        assert_accessible(page)
        page.get_by_role('button', name='Publish now').click()
        page.get_by_role('region', name='Published').wait_for()
        assert_accessible(page)


def test_without_scripts_everything_but_the_quiet_works(served):
    with chromium() as browser, window(browser, served, java_script_enabled=False) as page:
        edit(page, served)
        for name in ('#quiet', '#show-text', 'markdown-toolbar'):
            assert page.locator(name).is_hidden()
        page.fill(BODY, 'Typed *without* scripts.')
        page.get_by_role('button', name='Preview').click()
        assert page.get_by_role('region', name='Preview').locator('em').inner_text() == 'without'
        page.click(SAVE)
        assert page.get_by_text('Saved.', exact=True).is_visible()
        page.get_by_text('More actions').click()
        page.get_by_role('link', name='Version history').click()
        assert page.locator('.diff ins').first.is_visible()
        page.get_by_role('button', name='Restore version 1').click()
        assert page.locator(BODY).input_value() == 'They are high.'


def test_a_long_text_is_previewed_and_saved(page, served):
    edit(page, served)
    text = 'A paragraph with **some** words in it.\n\n' * 2500
    page.locator(BODY).evaluate('(field, text) => { field.value = text }', text)  # typing it would take minutes
    page.get_by_role('button', name='Preview').click()
    page.get_by_role('region', name='Preview').locator('p').last.wait_for()
    assert page.get_by_role('region', name='Preview').locator('.prose p').count() == 2500
    page.click(SAVE)
    assert_saved(page)
    assert body_of(served) == text


@pytest.fixture(params=[True, False], ids=['with scripts', 'without scripts'])
def any_page(request, served):
    """The same, with JavaScript and without."""
    with chromium() as browser, window(browser, served, java_script_enabled=request.param) as page:
        yield page


def test_a_post_is_scheduled_moved_and_called_off(any_page, served):
    page = any_page
    write_new(page, 'Later', 'Not yet.')
    open_panel(page)
    page.fill('[name=publish_at]', '2040-07-01T08:30')
    page.get_by_role('button', name='Schedule').last.click()
    page.get_by_text('It will be published at the time you chose').wait_for()
    open_panel(page)
    page.fill('[name=publish_at]', '2040-07-02T08:30')
    page.get_by_role('button', name='Reschedule').click()
    page.get_by_text('2 July 2040, 08:30').first.wait_for()
    open_panel(page)
    page.get_by_role('button', name='Unschedule').click()
    page.get_by_text('It is a draft again').wait_for()
    with served.database():
        assert Post.get(Post.title == 'Later').published_at is None


def test_a_series_a_copy_a_pin_and_the_way_from_the_trash(any_page, served):
    page = any_page
    for title in ('Part one', 'Part two'):
        write_new(page, title, 'Words.')
        page.get_by_text('Series and original source').click()
        page.fill('[name=series]', 'Walks')
        publish(page)
    page.get_by_text('More actions').click()
    page.get_by_role('button', name='Pin to your page').click()
    page.get_by_text('Pinned.').wait_for()
    page.goto('/p/part-two')
    page.get_by_text('Part 2 of 2').wait_for()
    page.get_by_role('link', name='Part one').last.click()
    page.get_by_role('link', name='Edit').click()
    page.get_by_text('More actions').click()
    page.get_by_role('button', name='Save and duplicate').click()
    page.get_by_text('This is the copy').wait_for()
    page.get_by_role('button', name='Move to trash').click()
    page.get_by_role('button', name='Undo').click()
    page.get_by_text('Restored.').wait_for()
    with served.database():
        assert Post.get(Post.title == 'Part one (copy)').deleted_at is None


def test_a_draft_is_shared_and_the_link_taken_back(any_page, served):
    page = any_page
    write_new(page, 'For your eyes', 'Read this before others do.')
    page.click(SAVE)
    page.get_by_text('More actions').click()
    page.get_by_role('button', name='Create a secret link').click()
    link = page.get_by_label('Link to this draft').input_value()
    stranger = page.context.browser.new_page(user_agent=BROWSER)
    stranger.goto(link)
    stranger.get_by_text('Read this before others do.').wait_for()
    page.get_by_role('button', name='Remove link').click()
    page.get_by_text('Link removed.').wait_for()
    assert stranger.goto(link).status == 404


def test_an_owner_writes_a_page_for_the_navigation(any_page, served):
    with served.database():
        User.update(role='owner').execute()
    page = any_page
    page.goto('/studio/pages')
    page.get_by_role('link', name='New page').click()
    page.fill('[name=title]', 'Imprint')
    page.fill(BODY, 'Who we are.')
    publish(page)
    page.goto('/')
    page.get_by_role('navigation', name='Site').get_by_role('link', name='Imprint').click()
    page.get_by_text('Who we are.').wait_for()
    assert page.url.endswith('/imprint')
