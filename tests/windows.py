"""Browser windows in which somebody has logged in, and what is checked in them."""

from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from conftest import BROWSER, PASSWORD


@contextmanager
def window(browser, rig, address='alice@example.org', **options):
    """A browser window in which this person has logged in."""
    context = browser.new_context(base_url=rig.url, user_agent=BROWSER, **options)
    page = context.new_page()
    page.problems = []
    page.on('console', lambda message: page.problems.append(message.text) if message.type == 'error' else None)
    page.on('pageerror', lambda error: page.problems.append(str(error)))
    log_in(page, address)
    yield page
    context.close()


def log_in(page, address='alice@example.org'):
    page.goto('/login')
    page.fill('[name=email]', address)
    page.fill('[name=password]', PASSWORD)
    page.press('[name=password]', 'Enter')
    page.wait_for_url('**/studio*')


def assert_accessible(page):
    found = Axe().run(page, options={'rules': {'target-size': {'enabled': True}}}).response['violations']
    assert [(each['id'], each['help'], each['nodes'][0]['html']) for each in found] == [], page.url
