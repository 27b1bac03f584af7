"""Browser windows in which somebody has logged in, and what is checked in them."""

import time
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from conftest import BROWSER, PASSWORD
from rig import PATIENCE

from quickpub import db
from quickpub.accounts import sessions
from quickpub.models import User


@contextmanager
def window(browser, rig, address='alice@example.org', **options):
    """A browser window in which this person has logged in, without the pages that this takes: other tests show them."""
    context = browser.new_context(base_url=rig.url, user_agent=BROWSER, **options)
    with rig.database():
        token = sessions.start(User.get(email=address), BROWSER, db.now())
    context.add_cookies([{'name': sessions.COOKIE, 'value': token, 'url': rig.url}])
    page = context.new_page()
    page.problems = []
    page.on('console', lambda message: page.problems.append(message.text) if message.type == 'error' else None)
    page.on('pageerror', lambda error: page.problems.append(str(error)))
    yield page
    context.close()


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
