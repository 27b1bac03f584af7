"""Browser windows in which somebody has logged in, and what is checked in them."""

import json
import time
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from conftest import BROWSER, PASSWORD
from rig import PATIENCE, idle_pages

from quickpub import db
from quickpub.accounts import sessions
from quickpub.models import User

NORMAL_SIZE = {'width': 1280, 'height': 720}  # as Playwright has it


@contextmanager
def window(browser, rig, address='alice@example.org', **options):
    """A browser window in which this person has logged in, without the pages that this takes: other tests show them."""
    page = _open_page(browser, rig, options)
    _log_in_without_pages(page, rig, address)
    yield page
    page.context.close()


@contextmanager
def reused_window(browser, rig, address='alice@example.org', **options):
    """The same, in the page of an earlier test with these options if there is one: a new one takes the processor a
    second longer.

    A test that changes more of its page than its content, its size, its routes and what it has stored needs `window`.
    """
    idle = idle_pages.setdefault(json.dumps([rig.url, options], sort_keys=True), [])
    page = idle.pop() if idle else _open_page(browser, rig, options)
    _log_in_without_pages(page, rig, address)
    yield page
    if not page.is_closed():  # by the test
        _leave_site(page, options.get('viewport', NORMAL_SIZE))
        idle.append(page)


def _open_page(browser, rig, options):
    page = browser.new_context(base_url=rig.url, user_agent=BROWSER, **options).new_page()
    # A later test that uses this page has a list of its own.
    page.on('console', lambda message: page.problems.append(message.text) if message.type == 'error' else None)
    page.on('pageerror', lambda error: page.problems.append(str(error)))
    return page


def _log_in_without_pages(page, rig, address):
    with rig.database():
        token = sessions.start(User.get(email=address), BROWSER, db.now())
    page.context.add_cookies([{'name': sessions.COOKIE, 'value': token, 'url': rig.url}])
    page.problems = []


def _leave_site(page, size):
    """Make the page as good as new, and delete what the site has stored in it."""
    page.context.clear_cookies()  # at first: what it sends when it is left changes nothing
    for other in page.context.pages:
        if other != page:
            other.close()
    page.unroute_all()
    page.context.set_offline(False)
    page.context.clear_permissions()
    page.set_viewport_size(size)
    page.emulate_media(color_scheme='null', reduced_motion='null')
    page.goto('/robots.txt')
    page.evaluate('() => { localStorage.clear(); sessionStorage.clear() }')


def wait_until(page, expression, arg=None):
    """Wait until this JavaScript is true in the page. Playwright's wait_for_function lets the page evaluate text again,
    which the site's Content-Security-Policy forbids."""
    until = time.monotonic() + PATIENCE
    while not page.evaluate(expression, arg):
        assert time.monotonic() < until, f'Waited {PATIENCE} seconds in vain for {expression}'
        page.wait_for_timeout(20)


def log_in(page, address='alice@example.org'):
    page.goto('/login')
    page.fill('[name=email]', address)
    page.fill('[name=password]', PASSWORD)
    page.press('[name=password]', 'Enter')
    page.wait_for_url('**/studio/dashboard')


def assert_accessible(page):
    """Let axe look at the page in light and in dark mode, between which colours and the weight of words differ."""
    assert_axe_finds_nothing(page, 'dark', runOnly=['color-contrast', 'link-in-text-block', 'target-size'])
    assert_axe_finds_nothing(page, 'light')


def assert_axe_finds_nothing(page, scheme, **options):
    """Let axe look at the page in light or dark mode."""
    page.emulate_media(color_scheme=scheme, reduced_motion='reduce')  # no colour on its way
    if not page.evaluate('typeof axe != "undefined"'):
        page.evaluate(Axe().axe_script)
    if not options:
        options = {'rules': {'target-size': {'enabled': True}}}
    found = page.evaluate('options => axe.run(options)', options | {'resultTypes': ['violations']})
    assert found['passes'], 'axe has looked at nothing'
    violations = [(each['id'], each['help'], each['nodes'][0]['html']) for each in found['violations']]
    assert violations == [], (page.url, scheme)
