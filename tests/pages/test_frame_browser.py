"""The studio's frame in a real browser: menus by mouse, keyboard and on a phone, with and without scripts; what axe
finds; charts whose bars say their numbers; fields that a phone does not magnify."""

from datetime import timedelta

import pytest
from conftest import person, write
from rig import chromium
from windows import assert_accessible, log_in, reused_window, wait_until, window

from quickpub import db
from quickpub.accounts import sessions
from quickpub.audience import calendar
from quickpub.content import autosave
from quickpub.models import DailyViews, Site, User

DESK, PHONE = {'width': 1280, 'height': 800}, {'width': 375, 'height': 700}
SMALL_FIELDS = """() => [...document.querySelectorAll('input, textarea, select')].filter(each =>
  !['hidden', 'checkbox', 'radio', 'range', 'file'].includes(each.type)
  && parseFloat(getComputedStyle(each).fontSize) < 16).map(each => each.name)"""
STUDIO = ('/studio', '/studio/pages', '/studio/dashboard', '/studio/posts/new', '/studio/media', '/studio/trash',
          '/studio/exports', '/settings', '/settings/security', '/settings/delete', '/admin/settings/general',
          '/admin/settings/look', '/admin/members', '/admin/mail', '/admin/jobs', '/admin/audit')
PUBLIC = ('/login', '/signup', '/forgot', '/verify', '/search')


@pytest.fixture
def served(shared_rig):
    """A site that runs, with an owner, an author, and a post of the owner with views."""
    rig = shared_rig
    with rig.database():
        Site.create(id=1, title='The Village Voice')
        rig.olga = person('olga', role='owner')
        User.update(name='Olga Maria Petersen-Brandt').where(User.id == rig.olga.id).execute()
        rig.post = write(rig.olga, 'Hills')
        person('alice')
        rig.today = calendar.site_day(db.now())
        for age, views in ((0, 5), (2, 7)):
            DailyViews.create(post=rig.post, day=rig.today - timedelta(days=age), views=views)
    return rig


def opened(page):
    return page.locator('details[open] > summary').all_inner_texts()


@pytest.fixture(params=[True, False], ids=['with scripts', 'without scripts'])
def desk(request, served):
    with chromium() as browser, reused_window(browser, served, 'olga@example.org', viewport=DESK,
                                              java_script_enabled=request.param) as page:
        page.has_scripts = request.param
        yield page
        assert page.problems == []


def test_menus_open_by_keyboard_and_one_at_a_time(desk):
    desk.goto('/studio')
    site, own = desk.locator('summary').all()
    site.focus()
    desk.keyboard.press('Enter')
    assert desk.get_by_role('link', name='Audit log').is_visible()
    own.click()
    assert desk.get_by_role('button', name='Log out').is_visible()
    if desk.has_scripts:
        wait_until(desk, "document.querySelectorAll('details[open]').length == 1")
    assert opened(desk) == [own.inner_text()]
    own.click()
    assert not opened(desk)
    site.press('Enter')
    desk.get_by_role('link', name='Members').press('Enter')
    desk.get_by_role('heading', name='Members').wait_for()
    assert desk.get_by_role('link', name='Members', include_hidden=True).get_attribute('aria-current') == 'page'


def test_escape_a_click_elsewhere_and_the_focus_elsewhere_close_a_menu(served):
    with chromium() as browser, reused_window(browser, served, 'olga@example.org', viewport=DESK) as page:
        page.goto('/studio')
        site, own = page.locator('summary').all()
        site.click()
        page.get_by_role('link', name='Look').focus()
        page.keyboard.press('Escape')
        assert not opened(page) and site.evaluate('each => each === document.activeElement')
        site.click()
        page.get_by_role('heading', name='Posts').click()
        assert not opened(page)
        own.click()
        page.get_by_role('link', name='New post').focus()
        assert not opened(page)
        assert page.problems == []


def test_what_is_not_saved_is_discarded_on_the_dashboard(desk, served):
    with served.database():
        carl = person('carl', role='contributor')
        fields = dict.fromkeys(autosave.FIELDS, '') | {'title': 'On wild bees', 'body': 'They live alone.'}
        autosave.keep(carl, 'tab-of-a-window1', write(carl, 'On bees'), fields, db.now())
        token = sessions.start(carl, 'Mozilla', db.now())
    desk.context.add_cookies([{'name': sessions.COOKIE, 'value': token, 'url': served.url}])
    desk.goto('/studio/dashboard')
    if desk.has_scripts:
        desk.get_by_role('button', name='Discard').click()
        desk.get_by_role('button', name='Undo').click()
        assert_accessible(desk)
    desk.get_by_role('link', name='On wild bees').click()
    assert desk.get_by_label('Text').input_value() == 'They live alone.'
    if desk.has_scripts:
        assert_accessible(desk)
    desk.goto('/studio/dashboard')
    if not desk.has_scripts:
        desk.locator('.unsaved summary').click()
    desk.get_by_role('button', name='Discard').click()
    desk.get_by_text('Discarded').wait_for()
    desk.goto('/studio/dashboard')
    assert desk.get_by_role('link', name='On wild bees').count() == 0


@pytest.mark.parametrize('has_scripts', [True, False])
def test_on_a_phone_one_button_opens_all_of_it(served, has_scripts):
    with chromium() as browser, reused_window(browser, served, 'olga@example.org', viewport=PHONE,
                                              java_script_enabled=has_scripts) as page:
        page.goto('/studio/dashboard')
        assert page.get_by_role('link', name='New post').is_visible()
        assert not page.get_by_role('link', name='Media').is_visible()
        page.get_by_role('button', name='Menu', exact=True).press('Enter')
        page.get_by_role('link', name='Media').wait_for()
        page.locator('summary').first.click()
        assert page.get_by_role('link', name='Audit log').is_visible()
        page.locator('summary').last.click()
        page.get_by_role('link', name='Security').wait_for()
        page.get_by_role('button', name='Close menu').click()
        assert not page.get_by_role('link', name='Media').is_visible()
        page.get_by_role('button', name='Menu', exact=True).click()
        page.get_by_role('link', name='Media').click()
        page.get_by_role('heading', name='Media', exact=True).wait_for()


@pytest.mark.parametrize('language', ['en', 'de'])
def test_the_frame_fits_in_one_row(served, language):
    with served.database():
        Site.update(language=language, title='The Village Voice of the Upper Valley').execute()
    with chromium() as browser, reused_window(browser, served, 'olga@example.org') as page:
        for size in (DESK, {'width': 1000, 'height': 700}, {'width': 820, 'height': 700}, PHONE,
                     {'width': 320, 'height': 600}):
            page.set_viewport_size(size)
            for path in ('/studio/dashboard', '/studio', '/studio/pages', '/studio/stats', '/admin/settings/look'):
                page.goto(path)
                assert page.evaluate('document.documentElement.scrollWidth <= innerWidth'), (path, size)
                assert page.locator('.masthead').bounding_box()['height'] < 80, (path, size)
                tops = page.locator('.masthead').evaluate(
                    "head => [...head.querySelectorAll(':scope > p > *, nav > ul > li')]"
                    '.filter(each => each.checkVisibility()).map(each => each.getBoundingClientRect())'
                    '.map(box => Math.abs(box.top + box.height / 2 - head.getBoundingClientRect().height / 2))')
                assert max(tops) < 12, (path, size, tops)


@pytest.mark.parametrize('size', [DESK, PHONE], ids=['desk', 'phone'])
def test_axe_finds_nothing(served, size):
    with chromium() as browser, reused_window(browser, served, 'olga@example.org', viewport=size) as page:
        for path in ('/studio/dashboard', '/studio/stats', '/studio/pages', '/studio/media', '/admin/members',
                     '/admin/audit'):
            page.goto(path)
            if size is PHONE:
                page.get_by_role('button', name='Menu', exact=True).click()
            if size is PHONE or path != '/admin/members':  # there, half of a button is below the open menu
                page.locator('summary').first.click()
            assert_accessible(page)


def test_a_log_in_leads_to_the_dashboard(served):
    with chromium() as browser:
        page = browser.new_context(base_url=served.url).new_page()
        log_in(page, 'olga@example.org')
        page.get_by_role('heading', name='Dashboard').wait_for()
        page.goto('/')
        page.get_by_role('link', name='Studio').click()
        page.wait_for_url('**/studio/dashboard')


def test_a_bar_of_a_chart_says_its_numbers(served):
    day = served.today - timedelta(days=2)
    words = f'{day.day} {day:%B %Y} 7 views 0 visitors'
    with chromium() as browser, window(browser, served, 'olga@example.org', viewport=PHONE, has_touch=True) as page:
        page.goto('/studio/stats?days=7')
        bars = page.locator('.bars li')

        def shown():
            return [' '.join(each.inner_text().split()) for each in page.locator('.value').all() if each.is_visible()]

        assert shown() == []
        bars.nth(4).hover()
        assert shown() == [words]
        page.mouse.move(0, 0)
        bars.nth(4).tap()
        assert shown() == [words]
        page.reload()
        page.get_by_role('link', name='All time').focus()
        page.keyboard.press('Tab')  # the last bar is a stop of the Tab key, and the others are not
        assert shown()[0].endswith('5 views 0 visitors')
        page.keyboard.press('ArrowLeft')
        page.keyboard.press('ArrowLeft')
        assert shown() == [words]
        page.keyboard.press('Home')
        assert bars.first.evaluate('bar => bar === document.activeElement')
        page.keyboard.press('Tab')
        assert page.locator('summary', has_text='Show as a table').evaluate('each => each === document.activeElement')
        assert page.evaluate('document.documentElement.scrollWidth <= innerWidth')
        assert page.problems == []


def test_no_field_is_magnified_by_a_phone(served):
    with chromium() as browser, reused_window(browser, served, 'olga@example.org', viewport=PHONE) as page:
        found = {}
        history, edit = f'/studio/posts/{served.post.id}/history', f'/studio/posts/{served.post.id}'
        for path in (*STUDIO, history, edit):
            page.goto(path)
            found[path] = page.evaluate(SMALL_FIELDS)
        reader = browser.new_context(base_url=served.url, viewport=PHONE).new_page()
        for path in PUBLIC:
            reader.goto(path)
            assert reader.locator('input').count(), path
            found[path] = reader.evaluate(SMALL_FIELDS)
        assert {path: names for path, names in found.items() if names} == {}
