"""Pages for readers whose browser uses large type: nothing leaves the screen of a phone."""

import pytest
from conftest import person, write
from rig import chromium
from windows import window

from quickpub.models import Site, User

NARROW = {'width': 375, 'height': 700}
LARGE = 32  # pixels: twice the usual size
STUDIO = ('/studio', '/studio/pages', '/studio/dashboard', '/studio/posts/new', '/studio/media', '/studio/stats',
          '/studio/report', '/studio/trash', '/studio/exports', '/settings', '/settings/security', '/settings/delete',
          '/admin', '/admin/settings/general', '/admin/settings/look', '/admin/members', '/admin/invitations',
          '/admin/blocked-domains',
          '/admin/mail', '/admin/jobs', '/admin/audit')
PUBLIC = ('/', '/archive', '/search?q=hills', '/follow', '/login', '/signup', '/forgot', '/verify', '/@olga',
          '/t/hills', '/no-such-page')
SIDEWAYS = 'document.documentElement.scrollWidth - innerWidth'
# Controls and headings that are shown, and partly outside of the screen. Boxes that scroll or end in “…” are left out.
OUTSIDE = """() => [...document.querySelectorAll(
  'a, button, [role=button], summary, input, select, textarea, h1, h2, label')].filter(each => {
  const { left, right, width, height } = each.getBoundingClientRect()
  return each.checkVisibility() && width > 1 && height > 1 && (left < -1 || right > innerWidth + 1)
    && !each.closest('.prose, .unseen, .trap, .desk .name')
}).map(each => each.outerHTML.slice(0, 90)).slice(0, 3)"""


@pytest.fixture
def served(shared_rig):
    """A site that runs, with an owner who has written a post."""
    rig = shared_rig
    with rig.database():
        Site.create(id=1, title='The Village Voice of the Upper Valley')
        rig.olga = person('olga', role='owner')
        User.update(name='Olga Maria Petersen-Brandt').where(User.id == rig.olga.id).execute()
        rig.post = write(rig.olga, 'Hills above the village', tags='Hills',
                         body='Words about **hills**.\n\n## Height\n\nMore.')
    return rig


def enlarge(page, pixels=LARGE):
    """Set the size that the reader has chosen in the settings of the browser."""
    page.context.new_cdp_session(page).send('Page.setFontSizes', {'fontSizes': {'standard': pixels, 'fixed': pixels}})


def look(page):
    """Return the controls that are not all on the screen, and by how many pixels the page scrolls sideways."""
    return page.evaluate(OUTSIDE), page.evaluate(SIDEWAYS)


@pytest.mark.parametrize('size', [NARROW, {'width': 320, 'height': 600}], ids=['375', '320'])
def test_all_of_each_page_stays_in_view(served, size):
    found = {}
    with chromium() as browser, window(browser, served, 'olga@example.org', viewport=size) as page:
        enlarge(page)
        for path in (*STUDIO, f'/studio/posts/{served.post.id}', f'/studio/posts/{served.post.id}/history',
                     f'/studio/stats/{served.post.id}', served.post.path):
            page.goto(path)
            found[path] = look(page)
        reader = browser.new_context(base_url=served.url, viewport=size).new_page()
        enlarge(reader)
        for path in (*PUBLIC, served.post.path):
            reader.goto(path)
            assert reader.evaluate('parseFloat(getComputedStyle(document.documentElement).fontSize)') > LARGE
            found[path, 'reader'] = look(reader)
    assert {path: each for path, each in found.items() if each[0] or each[1] > 0} == {}
