"""No page is broken by words that are a third longer, as German and Finnish are: on a phone, nothing sticks out."""

from contextlib import contextmanager
from dataclasses import replace
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pseudo
from conftest import BROWSER, PASSWORD, write
from rig import chromium

from quickpub import db
from quickpub.models import Site
from quickpub.web import create_app

PATHS = ('/', '/archive', '/login', '/studio/dashboard', '/studio', '/studio/pages', '/studio/trash', '/studio/stats',
         '/studio/report', '/studio/exports', '/studio/media', '/studio/posts/new', '/settings', '/settings/security',
         '/settings/delete', '/admin',
         '/admin/jobs', '/admin/mail', '/admin/members', '/admin/audit', '/admin/settings/general')
# The elements that stick out of the page, or have words wider than itself without a way to scroll to them.
BROKEN = """() => [...document.querySelectorAll('body *')].filter(each => {
  for (let outer = each; outer; outer = outer.parentElement) {
    if (['auto', 'scroll'].includes(getComputedStyle(outer).overflowX)) return false
  }
  const box = each.getBoundingClientRect(), style = getComputedStyle(each)
  return box.width > 1 && each.tagName !== 'OPTION' && !each.closest('svg, .unseen, .skip, [hidden]') && (
    box.right > innerWidth + 1 || (['BUTTON', 'LABEL', 'TH', 'H1', 'H2'].includes(each.tagName)
      && style.display !== 'inline' && each.scrollWidth > each.clientWidth + 1))
}).map(each => each.tagName + ' ' + each.textContent.trim().slice(0, 60))"""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def served(site):
    """The application in a thread of this process, which knows the language of the tests; its address."""
    server = make_server('127.0.0.1', 0, None, Server, Silent)
    url = f'http://localhost:{server.server_port}'
    server.set_app(create_app(replace(site, port=server.server_port, url=url)))
    db.db.close()
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_no_page_is_broken_by_longer_words(site, monkeypatch, olga):
    Site.change(language=pseudo.add_to(monkeypatch))
    path = write(olga, 'On hills', tags='Hills').path
    with served(site) as url, chromium() as browser:
        page = browser.new_context(base_url=url, user_agent=BROWSER).new_page()
        page.goto('/login')
        page.fill('[name=email]', olga.email)
        page.fill('[name=password]', PASSWORD)
        page.press('[name=password]', 'Enter')
        page.wait_for_url('**/studio/dashboard')
        found = {}
        for each in (path, *PATHS):
            page.goto(each)
            assert page.locator('html').get_attribute('lang') == pseudo.CODE, each
            for width in (320, 1200):
                page.set_viewport_size({'width': width, 'height': 640})
                if page.evaluate('document.documentElement.scrollWidth > innerWidth') or page.evaluate(BROKEN):
                    found[each, width] = page.evaluate(BROKEN)
        assert found == {}
