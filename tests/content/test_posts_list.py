"""The list of one's posts: what is listed, in which order, and what is done to several of them at once."""

from urllib.parse import quote

import pytest
from conftest import person, utc, write
from sites import form_with, stored

from quickpub import db
from quickpub.audience import calendar
from quickpub.content import tags, trash
from quickpub.models import DailyViews, Post

LATER = utc(2100, 1, 1)
EVERYTHING = ['Rivers 100%', 'Hills', 'Scheduled', 'A draft']


@pytest.fixture
def shelf(alice):
    """Posts of alice's by name: a draft, a scheduled one, two public ones, one in the trash."""
    names = {name: write(alice, name, published=name != 'A draft') for name in (
        'A draft', 'Scheduled', 'Hills', 'Rivers 100%', 'Thrown away')}
    Post.update(published_at=LATER).where(Post.id == names['Scheduled'].id).execute()
    Post.update(views=7).where(Post.id == names['Hills'].id).execute()
    trash.move_to_trash(names['Thrown away'], db.now())
    return names


def titles(page):
    return [each.get_text() for each in page.html.select('table.posts tbody .title a')]


@pytest.mark.parametrize(('asked', 'found'), [
    ('', EVERYTHING), ('?state=nonsense', EVERYTHING),
    ('?state=draft', ['A draft']), ('?state=scheduled', ['Scheduled']), ('?state=published', ['Rivers 100%', 'Hills']),
    ('?sort=views', ['Hills', 'Rivers 100%', 'Scheduled', 'A draft']), ('?q=hill', ['Hills']),
    ('?q=100%25', ['Rivers 100%']), ('?q=_', []), ('?state=draft&q=hill', []), ('?q=%ff%00', EVERYTHING)])
def test_posts_are_listed_by_state_and_title_in_the_order_asked_for(alice, shelf, browse, asked, found):
    assert titles(browse(alice).get(f'/studio{asked}')) == found


@pytest.mark.parametrize('asked', ['', 'sort=views', 'state=published', 'state=published&sort=views', 'q=Post'])
def test_a_filter_keeps_from_page_to_page_and_no_post_comes_twice(alice, browse, connection, asked):
    with connection():
        for number in range(120):
            write(alice, f'Post {number}')
        Post.update(views=Post.id % 7).execute()
    browser, found, path = browse(alice), [], f'/studio?{asked}'
    while path:
        page = browser.get(path)
        found += titles(page)
        older = page.html.select_one('.pager .older')
        path = older and older['href']
    assert sorted(found) == sorted(f'Post {number}' for number in range(120)) and len(set(found)) == 120


@pytest.mark.parametrize('typed', [
    'Über', 'über', 'uber', 'ÜBER', 'привет', 'ПРИВЕТ', 'elka lodz', 'Ełka', 'strasse', 'ё', '京'])
def test_titles_are_found_in_large_and_small_letters_of_any_script(alice, shelf, browse, connection, typed):
    with connection():
        write(alice, 'Über Привет Ełka Łódź Straße ел 東京')
    assert titles(browse(alice).get(f'/studio?q={quote(typed)}')) == ['Über Привет Ełka Łódź Straße ел 東京']


def test_each_post_shows_its_views_of_seven_days_and_how_they_went(alice, shelf, browse, connection):
    with connection():
        today = calendar.site_day(db.now())
        for age, views in ((0, 3), (6, 4), (7, 5), (29, 6), (30, 7)):
            DailyViews.create(post=shelf['Hills'], day=str(today.fromordinal(today.toordinal() - age)), views=views)
    row = next(row for row in browse(alice).get('/studio').html.select('tbody tr') if 'Hills' in row.get_text())
    assert row.select_one('.week .bare').get_text() == '7'
    assert row.select_one('svg')['aria-label'] == '18 views in 30 days'


def test_only_the_owner_sees_the_posts_of_everybody(olga, alice, shelf, browse, connection):
    with connection():
        write(olga, 'By the owner')
    bob = person('bob')
    everything = {'By the owner', 'Rivers 100%', 'Hills', 'Scheduled', 'A draft'}
    assert set(titles(browse(olga).get('/studio?whose=all'))) == everything
    assert set(titles(browse(olga).get('/studio'))) == {'By the owner'}
    for path in ('/studio?whose=all', '/studio'):
        assert not titles(browse(bob).get(path))
    assert 'whose' not in form_with(browse(alice).get('/studio'), 'q').fields


def ticked(*chosen, **fields):
    return [('post', str(post.id)) for post in chosen] + list(fields.items())


def test_editors_find_the_posts_of_one_author(olga, alice, shelf, browse, connection):
    with connection():
        eve = person('eve', role='editor')
        theirs = write(olga, 'By the owner')
        write(eve, 'Of her own')
        about = write(olga, 'About', published=False)
        Post.update(is_page=True, place=1).where(Post.id == about.id).execute()
    browser = browse(eve)
    page = browser.get('/studio')
    assert titles(page) == ['Of her own']
    links = [link.get_text() for link in page.html.select('.desk-title .spans a')]
    assert links == ['Mine (1)', f'Everybody’s ({len(shelf) + 1})']  # one is in the trash
    form = form_with(page.click('Everybody’s'), 'q')
    assert {value for value, *_ in form['author'].options} == {'', 'alice', 'eve', 'olga'}
    form['author'] = 'olga'
    found = form.submit()
    assert titles(found) == ['By the owner'] and 'author=olga' in found.request.url
    back = browser.post('/studio', ticked(theirs, action='unpublish', author='olga'), status=303)
    assert back.location.endswith('/studio?author=olga')
    assert titles(browse(alice).get('/studio?author=olga')) == titles(browse(alice).get('/studio'))


def test_a_contributor_selects_no_published_post(site, browse, connection):
    with connection():
        carl = person('carl', role='contributor')
        write(carl, 'Draft', published=False)
        write(carl, 'Published')
    page = browse(carl).get('/studio')
    assert set(titles(page)) == {'Draft', 'Published'} and len(page.html.select('input[name="post"]')) == 1


def test_what_is_ticked_is_taken_offline_tagged_or_trashed_and_the_trash_is_undone(alice, shelf, browse, connection):
    browser, (draft, _, hills, rivers, _) = browse(alice), shelf.values()
    tagging = ticked(hills, rivers, action='tag', tag='Slow food, walks', state='published')
    page = browser.post('/studio', tagging).follow()
    assert 'Tag added' in page and page.request.url.endswith('?state=published')
    with connection():
        assert [tag.name for tag in tags.of_post(hills)] == ['Slow food', 'walks']
    browser.post('/studio', ticked(hills, action='unpublish'), status=303)
    page = browser.post('/studio', ticked(draft, rivers, action='delete')).follow()
    assert set(titles(page)) == {'Hills', 'Scheduled'}
    with connection():
        assert not Post.get_by_id(hills.id).published_at and Post.get_by_id(rivers.id).deleted_at
    page = form_with(page, 'action').submit('action').follow()
    assert set(titles(page)) == {'Hills', 'Scheduled', 'A draft', 'Rivers 100%'}
    with connection():
        assert Post.get_by_id(rivers.id).published_at and len(tags.of_post(rivers)) == 2


UNKNOWN = 'Please use one of the buttons on this page'


@pytest.mark.parametrize(('fields', 'words'), [
    ({'action': 'nonsense'}, UNKNOWN), ({}, UNKNOWN), ({'action': 'publish'}, UNKNOWN),
    ({'action': 'tag', 'tag': ' ,'}, 'role="alert"'), ({'action': 'tag', 'tag': 'x' * 41}, 'role="alert"')])
def test_invalid_actions_are_rejected_with_a_sentence(alice, shelf, browse, fields, words):
    browser, before = browse(alice), stored()
    assert words in browser.post('/studio', ticked(shelf['Hills'], **fields), status=400)
    for nothing in ({'action': 'delete'}, {'action': 'delete', 'post': 'x'}, {'action': 'delete', 'post': '9' * 30}):
        browser.post('/studio', nothing, status=(303, 404))
    assert stored() == before


def test_a_tag_too_many_changes_none_of_them(alice, shelf, browse, connection):
    with connection():
        tags.add(shelf['Rivers 100%'], ', '.join(f'tag {number}' for number in range(12)), db.now())
    tagging = ticked(shelf['Hills'], shelf['Rivers 100%'], action='tag', tag='one more')
    answer = browse(alice).post('/studio', tagging, status=400)
    assert 'more than 12 tags' in answer and form_with(answer, 'tag')['tag'].value == 'one more'
    assert len(stored()['PostTag']) == 12


@pytest.mark.parametrize('action', ['unpublish', 'delete', 'restore', 'tag'])
def test_nothing_is_done_to_posts_of_others_nor_to_one_s_own_beside(alice, bob, shelf, browse, connection, action):
    with connection():
        own = write(bob, 'His own', tags='his')
    browser, before = browse(bob), stored()
    for post in shelf.values():
        browser.post('/studio', ticked(own, post, action=action, tag='changed'), status=404)
        browse().post('/studio', ticked(post, action=action, tag='changed'), status=303)
    assert stored() == before


def test_the_owner_may_do_it_to_posts_of_everybody(olga, alice, shelf, browse, connection):
    page = browse(olga).post('/studio', ticked(shelf['Hills'], action='delete', whose='all')).follow()
    assert 'Hills' not in titles(page) and 'Rivers 100%' in titles(page)
