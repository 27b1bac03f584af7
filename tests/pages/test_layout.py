"""Nothing on the pages of accounts and owners touches what is below it, or sticks out, on a desk or on a phone."""

import re

import pytest
from conftest import PASSWORD, person, write
from rig import Window, chromium, wait_for

from quickpub import db
from quickpub.content import posts, trash
from quickpub.content.post_input import PostInput, as_form

# Pairs of neighbours in the page that are nearer to each other than a reader can tell apart.
TOUCHING = '''blocks => blocks.flatMap(parent => {
  const shown = [...parent.children].filter(each => each.getClientRects().length)
  return shown.slice(1).map((below, index) => [shown[index], below])
}).filter(([above, below]) => {
  const bottom = above.getBoundingClientRect().bottom - parseFloat(getComputedStyle(above).paddingBottom)
  return !above.matches('h2') && below.getBoundingClientRect().top < bottom + 6
}).map(pair => pair.map(each => each.innerText.slice(0, 40)))'''
OUTSIDE = 'lists => lists.map(list => parseFloat(getComputedStyle(list).paddingInlineStart)).filter(room => room < 24)'
ROWS = 'items => items.map(item => Math.round(item.getBoundingClientRect().bottom))'


@pytest.fixture
def served(founded):
    rig = founded
    with rig.database():
        person('olga', role='owner')
        bob = person('bob')
        rig.post = write(bob, 'On hills', body='They are high.')
        trash.move_to_trash(write(bob, 'Old', body='Thrown away.'), db.now())
        posts.save(rig.post, bob, PostInput.from_form(as_form(rig.post) | {'body': 'They are low.'}), db.now())
    rig.serve()
    return rig


def log_in(window, address):
    window.goto('/login')
    window.fill(email=address, password=PASSWORD)
    window.press('Log in', exact=True)
    window.page.wait_for_url('**/studio/dashboard')


def is_spaced(window):
    for width in (1280, 375):
        window.page.set_viewport_size({'width': width, 'height': 800})
        assert window.page.locator('main, main form.form').evaluate_all(TOUCHING) == []
        assert window.page.locator('main ol').evaluate_all(OUTSIDE) == []
        assert window.page.evaluate('document.documentElement.scrollWidth <= innerWidth')


def test_words_in_a_form_keep_their_distance(served, mail_server):
    with chromium() as browser:
        new = Window(browser, served.url)
        new.goto('/signup')
        new.fill(name='Cy', email='cy@example.org', password=PASSWORD)
        new.press('Sign up')
        mail = mail_server.wait_for('cy@example.org').get_body(('plain',)).get_content()
        link = re.search(r'http\S+/verify/\S+', mail)[0]
        for window in (new, Window(browser, served.url)):
            window.goto(link)
            is_spaced(window)
        bob = Window(browser, served.url)
        log_in(bob, 'bob@example.org')
        for path in ('/settings/delete', f'/studio/posts/{served.post.id}/history'):
            bob.goto(path)
            is_spaced(bob)
        bob.page.set_viewport_size({'width': 1280, 'height': 800})
        for choice in bob.page.locator('.compare p').all():  # no label in one line, and its choice in the next
            assert choice.bounding_box()['height'] < 2 * choice.locator('select').bounding_box()['height']


def test_so_do_those_on_the_owners_pages(served):
    with chromium() as browser:
        olga = Window(browser, served.url)
        log_in(olga, 'olga@example.org')
        for path in ('/settings/delete', '/admin/settings/general'):
            olga.goto(path)
            is_spaced(olga)
        olga.goto('/admin/members')
        is_spaced(olga)
        olga.follow('Bob')
        olga.page.wait_for_url('**/admin/members/*')
        is_spaced(olga)
        olga.press('Create a password link')
        is_spaced(olga)
        olga.page.set_viewport_size({'width': 1280, 'height': 800})
        assert len(set(olga.page.locator('.masthead nav > ul > li').evaluate_all(ROWS))) == 1
        wait_for(lambda: olga.goto('/admin') or olga.page.get_by_text('no damage found').count(), 'a check')
        is_spaced(olga)
