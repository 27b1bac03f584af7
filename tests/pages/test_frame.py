"""The studio's frame: one row of links, a menu of the site and one of the member, what waits, and ways back."""

import pytest
from conftest import write
from sites import form_with

from quickpub import db
from quickpub.content import autosave, posts, publishing
from quickpub.content.post_input import PostInput
from quickpub.jobs import queue
from quickpub.jobs.tables import Job
from quickpub.mail import ledger
from quickpub.models import Message, PlacedImage, Post

SITE = ['/admin/settings/look', '/admin/settings/general', '/admin/members', '/admin/mail', '/admin/jobs',
        '/admin/backups', '/admin/audit', '/admin']
OWN = ['/settings', '/settings/security', '/studio/report', '/studio/exports', '/studio/trash']
BACK = {'/admin/settings/look': '/admin', '/admin/settings/general': '/admin', '/admin/members': '/admin',
        '/admin/mail': '/admin', '/admin/jobs': '/admin', '/admin/audit': '/admin', '/settings/security': '/settings',
        '/settings/delete': '/settings', '/studio/report': '/studio/stats', '/studio/exports': '/studio/stats',
        '/studio/trash': '/studio'}


def frame_of(browser, path='/studio'):
    return browser.get(path).html.select_one('.masthead')


def links_in(element):
    return [link['href'] for link in element.select('a')]


def titles(page):
    return [each.get_text() for each in page.html.select('table.posts tbody .title a')]


def make_page(olga, title, published=True):
    page = posts.save(None, olga, PostInput.from_form({'title': title, 'slug': '', 'body': 'x'}), db.now(),
                      is_page=True)
    if published:
        publishing.publish(page, db.now())
    return page


def test_an_owner_has_a_row_of_four_a_menu_of_the_site_and_their_own(olga, browse):
    head = frame_of(browse(olga))
    assert links_in(head.select_one('.name')) == ['/studio/dashboard'] and links_in(head.select_one('.write')) == [
        '/studio/posts/new']
    menus = head.select('details[name=menu]')
    assert [links_in(menu) for menu in menus] == [SITE, [*OWN, olga.path, '/']]
    assert menus[1].select_one('form')['action'] == '/logout'
    for menu in menus:
        menu.decompose()
    assert links_in(head.nav) == ['/studio', '/studio/pages', '/studio/media', '/studio/stats']


def test_an_author_has_no_menu_of_the_site(alice, browse):
    head = frame_of(browse(alice))
    [menu] = head.select('details')
    assert 'Alice' in menu.summary.text and links_in(menu)[:5] == OWN
    assert not {'/studio/pages', *SITE} & set(links_in(head))


@pytest.mark.parametrize('path', ['/studio/dashboard', '/studio', '/studio/pages', '/studio/media', '/studio/stats',
                                  '/studio/posts/new', *SITE, *OWN])
def test_the_page_one_is_on_is_marked_once(olga, browse, path):
    head = frame_of(browse(olga), path)
    assert [link['href'] for link in head.select('[aria-current=page]')] == [path]
    marked = [links_in(menu)[0] for menu in head.select('details.here')]
    assert marked == (['/admin/settings/look'] if path in SITE else ['/settings'] if path in OWN else [])


@pytest.mark.parametrize('path', BACK)
def test_pages_below_another_lead_back_to_it(olga, browse, path):
    assert browse(olga).get(path).html.select_one('.title-page .kicker a')['href'] == BACK[path]


def test_what_failed_is_counted_for_owners_and_what_is_not_saved_for_everybody(olga, alice, browse, connection):
    with connection():
        ledger.compose('exists', alice.email, key='1', subject='One', user=alice, payload={})
        Message.update(state='failed').execute()
        for _ in range(12):
            queue.enqueue('none', b'', run_at=db.now())
        Job.update(state='dead').execute()
        autosave.keep(alice, 'tab-of-a-window1', None, {'title': 'x', 'body': ''}, db.now())
    head = frame_of(browse(olga))
    assert [each.text for each in head.select('.badge')] == ['9+ failed', '1 failed', '9+ failed', '9+ failed']
    assert [' '.join(each.parent.text.split()) for each in head.select('a .badge')] == [
        'Emails 1 failed', 'Jobs 9+ failed']
    assert [each.parent.text for each in frame_of(browse(alice)).select('.badge')] == ['Posts 1 unsaved']


def test_the_menu_shows_the_portrait(alice, browse, connection):
    from quickpub.models import MediaFile
    assert frame_of(browse(alice)).select_one('summary .face.initial').text == 'A'
    with connection():
        MediaFile.insert(digest='a' * 32, kind='image', ending='jpg', state='ready', made={
            'width': 160, 'height': 160, 'widths': {'jpg': [160]}}).execute()
        PlacedImage.create(place='avatar', owner_id=alice.id, digest='a' * 32)
    assert frame_of(browse(alice)).select_one('summary .face img')['alt'] == ''


def test_pages_have_a_list_of_their_own(olga, alice, browse, connection):
    with connection():
        make_page(olga, 'About')
        make_page(olga, 'Contact', published=False)
        write(olga, 'A post')
        write(alice, 'Hers', published=False)
    browser = browse(olga)
    assert titles(browser.get('/studio')) == ['A post'] and titles(browser.get('/studio?state=draft')) == []
    assert 'About' not in titles(browser.get('/studio?whose=all'))
    for asked, found in {'': ['Contact', 'About'], '?state=draft': ['Contact'], '?state=published': ['About'],
                         '?q=abo': ['About'], '?q=hers': []}.items():
        assert titles(browser.get(f'/studio/pages{asked}')) == found, asked
    browse(alice).get('/studio/pages', status=404)


def test_pages_are_trashed_and_restored_in_their_list(olga, browse, connection):
    with connection():
        about = make_page(olga, 'About')
    browser = browse(olga)
    page = browser.post('/studio/pages', {'post': about.id, 'action': 'delete'}).follow()
    assert page.request.path == '/studio/pages' and 'No pages yet' in page
    page = form_with(page, 'action').submit('action').follow()
    assert page.request.path == '/studio/pages' and titles(page) == ['About']
    with connection():
        assert not Post.get().deleted_at


def test_an_owner_without_posts_sees_everybody_s_at_once(olga, alice, browse, connection):
    with connection():
        write(alice, 'Hers')
        make_page(olga, 'About')
    browser = browse(olga)
    page = browser.get('/studio')
    assert titles(page) == ['Hers'] and page.html.select_one('.spans [aria-current]').text == 'Everybody’s (1)'
    page = page.click('Mine')
    assert titles(page) == [] and 'No posts yet' in page
    with connection():
        write(olga, 'Her own')
    page = browser.get('/studio')
    assert titles(page) == ['Her own'] and page.html.select_one('.spans [aria-current]').text == 'Mine (1)'
    assert set(titles(page.click('Everybody’s'))) == {'Her own', 'Hers'}
    assert not browse(alice).get('/studio').html.select('.spans')
