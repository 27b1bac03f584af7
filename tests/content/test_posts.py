"""Posts: writing, publishing, addresses, tags, the trash; and who sees what of them where."""

from datetime import timedelta
from xml.etree import ElementTree

import feedparser
import pytest
from conftest import utc, write
from sites import browser_of, form_with, keep, long_ago, stored

from quickpub import db
from quickpub.accounts import users
from quickpub.content import published, publishing, tags, trash
from quickpub.mail import ledger
from quickpub.models import OldSlug, Post, Tag, User

TYPED = {'title': 'On hills', 'slug': '', 'body': 'They are *high*.', 'tags': '', 'summary': ''}
HOUR = timedelta(hours=1)


def send(browser, path='/studio/posts/new', action='save', status=303, **fields):
    return browser.post(path, TYPED | fields | {'action': action}, status=status)


def only_post():
    with db.db.connection_context():
        return Post.get()


def change(post, **fields):
    with db.db.connection_context():
        assert Post.update(**fields).where(Post.id == post.id).execute() == 1


# Writing and publishing

def test_from_the_first_word_to_the_public_page_and_back(studio, browse):
    form = form_with(studio.get('/studio/posts/new'), 'body')
    form['title'], form['body'] = 'On hills', 'They are *high*.'
    page = form.submit('action', value='save', status=303).follow()
    assert 'Saved.' in page and form_with(page, 'body')['body'].value == 'They are *high*.'
    assert 'Draft' in studio.get('/studio') and browse().get('/p/on-hills', status=404)

    page = form_with(page, 'body').submit('action', value='publish', status=303).follow()
    assert 'Published. Readers can see it now.' in page
    assert '<em>high</em>' in browse().get('/p/on-hills')
    page = form_with(page, 'body').submit('action', value='unpublish', status=303).follow()
    assert 'It is a draft again' in page and browse().get('/p/on-hills', status=404)
    assert only_post().was_public


def test_no_button_at_all_saves(studio):
    studio.post('/studio/posts/new', {'title': 'From a script', 'body': 'x'}, status=303)
    assert (only_post().title, only_post().published_at) == ('From a script', None)


def test_a_post_keeps_its_date_when_it_is_changed(studio):
    send(studio, action='publish')
    post, day = only_post(), utc(2020, 2, 29, 12)
    change(post, published_at=day, updated_at=day)
    send(studio, f'/studio/posts/{post.id}', 'publish', title='On higher hills')
    assert only_post().published_at == day and only_post().updated_at > day
    send(studio, f'/studio/posts/{post.id}', 'unpublish')
    send(studio, f'/studio/posts/{post.id}', 'publish')
    assert only_post().published_at > day


@pytest.mark.parametrize('fields, sentence', [
    (dict(title=' \u200b', body=' \n'), 'There is nothing to save yet'),
    (dict(title='x' * 301), 'within 300 characters'), (dict(summary='x' * 501), 'within 500 characters'),
    (dict(title='x' * 300 + ' y'), 'within 300 characters'), (dict(tags='x' * 40 + ' y'), 'within 40 characters'),
    (dict(tags=','.join(f'tag {number}' for number in range(13))), 'A post can have 12 tags'),
    (dict(slug='!?'), 'Use at least one letter or digit'),
    (dict(body='x' * 1_000_001), 'Split it into two posts')])
def test_what_cannot_be_saved_comes_back_as_typed_with_a_sentence(studio, fields, sentence):
    page = send(studio, status=400, **fields)
    assert sentence in page and stored()['Post'] == []
    form = form_with(page, 'body')
    for name, value in (TYPED | fields).items():
        assert form[name].value == value
    send(studio)
    before = stored()
    page = send(studio, f'/studio/posts/{only_post().id}', 'publish', status=400, **fields)
    assert sentence in page and stored() == before


def test_nothing_to_read_is_not_published_but_saved(studio):
    page = send(studio, action='publish', body=' ', status=400)
    assert 'There is nothing to publish yet' in page and only_post().published_at is None


def test_a_post_without_a_title_is_called_by_how_it_begins(studio):
    send(studio, title='', body='## Once\n\nupon a *time*')
    assert (only_post().title, only_post().slug) == ('Once · upon a time', 'once-upon-a-time')


def test_an_unknown_button_saves_nothing_and_keeps_the_form(studio):
    for action in ('nonsense', 'delete', 'restore', 'unpublish'):  # the last three have nothing to act on yet
        page = send(studio, action=action, status=400)
        assert 'use one of the buttons' in page and form_with(page, 'body')['body'].value == TYPED['body']
    assert stored()['Post'] == []


def test_a_draft_is_previewed_by_its_author_alone(studio, bob, browse):
    send(studio)
    path = f'/studio/posts/{only_post().id}/preview'
    page = studio.get(path)
    assert '<em>high</em>' in page and 'how readers will see the saved text' in page
    assert page.html.find('meta', {'name': 'robots', 'content': 'noindex'})
    browse().get(path, status=303)
    browse(bob).get(path, status=404)


# Addresses

@pytest.mark.parametrize('title, slug', [
    ('On hills & dales', 'on-hills-dales'), ("It's über", 'its-uber'), ('日本の丘', 'ri-ben-noqiu'), ('???', 'post'),
    ('a' * 200, 'a' * 80), ('../../etc', 'etc'), ('new', 'new')])
def test_the_address_is_made_from_the_title(studio, browse, title, slug):
    send(studio, title=title, action='publish')
    assert only_post().slug == slug
    browse().get(f'/p/{slug}')


def test_the_address_follows_the_title_until_the_post_is_public_and_then_stays(studio):
    send(studio, title='First thougths')
    post = only_post()
    send(studio, f'/studio/posts/{post.id}', title='First thoughts', slug=post.slug)
    assert only_post().slug == 'first-thoughts'
    send(studio, f'/studio/posts/{post.id}', 'publish', title='First thoughts', slug='first-thoughts')
    send(studio, f'/studio/posts/{post.id}', title='Second thoughts', slug='first-thoughts')
    assert (only_post().title, only_post().slug) == ('Second thoughts', 'first-thoughts')


def test_addresses_are_unique(alice, bob, browse, connection):
    browser = browse(bob)
    send(browse(alice))
    send(browser)
    assert sorted(row[3] for row in stored()['Post']) == ['on-hills', 'on-hills-2']
    page = send(browser, title='Other hills', slug='on-hills', status=400)
    assert 'This web address is already in use. Try on-hills-2.' in page and len(stored()['Post']) == 2
    send(browser, title='Other hills', slug='On  Hills 2')
    with connection():
        assert {(post.author.name, post.slug) for post in Post.select()} == {
            ('Bob', 'on-hills'), ('Bob', 'on-hills-2'), ('Alice', 'on-hills-2-2')}


def test_a_changed_address_redirects_for_ever_and_is_not_given_away(alice, bob, browse, connection):
    with connection():
        post = write(alice, 'On hills')
    browser, path = browse(alice), f'/studio/posts/{post.id}'
    send(browser, path, slug='on-dales')
    send(browser, path, slug='on-rivers')
    for old in ('/p/on-hills', '/p/on-dales'):
        moved = browse().get(old, status=301)
        assert moved.headers['Location'] == '/p/on-rivers'
        assert '<em>high</em>' in moved.follow()

    send(browse(bob), action='publish')
    assert '<em>high</em>' in browse().get('/p/on-hills-2')
    assert 'already in use' in send(browse(bob), slug='on-dales', status=400)
    browse().get('/p/on-hills', status=301)

    send(browser, path, slug='on-hills')  # its own old one it may have again
    browse().get('/p/on-hills', status=200)
    assert browse().get('/p/on-rivers', status=301).headers['Location'] == '/p/on-hills'
    with connection():
        assert {old.slug for old in OldSlug.select()} == {'on-dales', 'on-rivers'}


def test_an_old_address_says_nothing_about_a_post_that_is_not_public(alice, browse, connection):
    with connection():
        post = write(alice, 'On hills')
    send(browse(alice), f'/studio/posts/{post.id}', slug='on-dales')
    for fields in (dict(published_at=None), dict(published_at=db.now() + HOUR)):
        change(post, **fields)
        browse().get('/p/on-hills', status=404)
    change(post, published_at=db.now(), deleted_at=db.now())
    browse().get('/p/on-hills', status=404)


def test_a_draft_leaves_no_address_behind(studio, bob, browse):
    send(studio)
    send(studio, f'/studio/posts/{only_post().id}', slug='on-dales')
    assert stored()['OldSlug'] == []
    send(browse(bob), slug='on-hills')


# Tags, summaries

@pytest.mark.parametrize('typed, expected', [
    ('Gardening, slow food,  gardening', [('Gardening', 'gardening'), ('slow food', 'slow-food')]),
    ('', []), (' , ,, 🎉', [('🎉', 'tag')]),
    ('#Spring, Müsli, musli', [('Spring', 'spring'), ('Müsli', 'musli'), ('musli', 'musli-2')]),
    ('a\u202e\x00b\nc', [('ab c', 'ab-c')]), ('x' * 40, [('x' * 40, 'x' * 40)]),
])
def test_tags_as_they_are_typed(site, alice, typed, expected):
    assert [(tag.name, tag.slug) for tag in tags.of_post(write(alice, tags=typed))] == expected


def test_tags_are_shared_ordered_and_each_once(alice, bob, browse, connection):
    send(browse(alice), action='publish',
         tags='Slow food, #Hills, slow  FOOD, , ' + ', '.join(f't{n}' for n in range(10)))
    send(browse(bob), action='publish', title='More', tags='hills')
    page = browse().get('/p/on-hills')
    names = [link.text for link in page.html.select('a[rel=tag]')]
    assert names[:3] == ['Slow food', 'Hills', 't0'] and len(names) == 12
    page = browse().get('/t/hills')
    assert page.html.h1.text == 'Hills' and 'On hills' in page and 'More' in page
    assert 'More' not in browse().get('/t/slow-food')


def test_changed_tags_are_changed_everywhere_and_a_word_that_nobody_uses_goes(studio, browse, connection):
    send(studio, action='publish', tags='Hills, Dales')
    page = studio.get(f'/studio/posts/{only_post().id}')
    assert form_with(page, 'tags')['tags'].value == 'Hills, Dales'
    send(studio, f'/studio/posts/{only_post().id}', tags='Dales')
    browse().get('/t/dales')
    browse().get('/t/hills', status=404)
    studio.get('/t/hills', status=404)
    with connection():
        trash.clean_up(db.now())
        assert [tag.slug for tag in Tag.select()] == ['dales']


def test_the_summary_stands_in_lists_or_else_how_the_post_begins(studio, browse):
    send(studio, action='publish', body='## Heading\n\nIt begins *here*. And goes on.')
    assert browse().get('/').html.select_one('.excerpt').text == 'It begins here. And goes on.'
    send(studio, f'/studio/posts/{only_post().id}', summary='What it <is> about')
    assert browse().get('/').html.select_one('.excerpt').text == 'What it <is> about'
    assert browse().get('/p/on-hills').html.find('meta', {'name': 'description'})['content'] == 'What it <is> about'


# The trash

def test_a_post_in_the_trash_is_nowhere_and_comes_back_as_it_was(studio, bob, browse):
    send(studio, action='publish', tags='Hills')
    post = only_post()
    path = f'/studio/posts/{post.id}'
    assert 'Moved to trash' in send(studio, path, 'delete', title='', body='').follow()
    assert 'On hills' not in studio.get('/studio').html.main.text
    for each in ('/p/on-hills', '/t/hills'):
        browse().get(each, status=404)
    assert 'On hills' in studio.get('/studio/trash') and 'On hills' not in browse(bob).get('/studio/trash')

    page = form_with(studio.get('/studio/trash'), 'action').submit('action', status=303).follow()
    assert 'Restored.' in page and 'The trash is empty' in page
    browse().get('/p/on-hills')
    assert (only_post().published_at, only_post().body) == (post.published_at, post.body)


def test_a_second_delete_does_not_make_the_wait_longer(studio):
    send(studio)
    path, before = f'/studio/posts/{only_post().id}', db.now() - timedelta(days=20)
    send(studio, path, 'delete')
    long_ago(Post, deleted_at=before)
    send(studio, path, 'delete')
    assert only_post().deleted_at == before


def test_what_is_typed_into_a_post_in_the_trash_is_saved_but_not_published(studio, browse):
    send(studio)
    path = f'/studio/posts/{only_post().id}'
    send(studio, path, 'delete')
    page = send(studio, path, 'publish', body='More of it.', status=400)
    assert 'Your text is saved, but this post is in the trash' in page and only_post().body == 'More of it.'
    send(studio, path, 'restore')
    assert only_post().published_at is None
    browse().get('/p/on-hills', status=404)


def test_the_trash_is_emptied_after_30_days(alice, connection):
    with connection():
        old, young = write(alice, 'Old'), write(alice, 'Young')
        at = db.now()
        Post.update(deleted_at=at - trash.KEPT_IN_TRASH).where(Post.id == old.id).execute()
        Post.update(deleted_at=at - trash.KEPT_IN_TRASH + HOUR).where(Post.id == young.id).execute()
        trash.clean_up(at)
        assert [post.title for post in Post.select()] == ['Young']


# Who sees what

LISTS = ['/', '/@alice', '/t/hills', '/archive', '/feed.xml', '/@alice/feed.xml', '/t/hills/feed.xml', '/feed.json',
         '/@alice/feed.json', '/t/hills/feed.json', '/search?q=hills', '/sitemap.xml']


@pytest.mark.parametrize('fields, is_public', [
    (dict(published_at=utc(2026, 1, 1)), True),
    (dict(published_at=None), False),
    (dict(deleted_at=utc(2020, 1, 1)), False),
    (dict(published_at=utc(2999, 1, 1)), False),
    (dict(published_at=utc(2999, 1, 1), deleted_at=utc(2020, 1, 1)), False),
], ids=['public', 'draft', 'trash', 'scheduled', 'scheduled in the trash'])
def test_a_post_is_everywhere_or_nowhere(alice, bob, browse, connection, fields, is_public):
    with connection():
        write(alice, 'Always there', tags='Hills')
        post = write(alice, 'The one in question', tags='Hills')
    change(post, **fields)
    for who in (None, bob, alice):
        browser = browse(who)
        for path in LISTS:
            assert ('the-one-in-question' in browser.get(path)) == is_public, path
        browser.get('/p/the-one-in-question', status=200 if is_public else 404)
        assert ('The one in question' in browser.get('/p/always-there')) == is_public  # as its neighbour


def test_a_scheduled_post_is_public_as_soon_as_its_time_has_come(alice, browse, connection):
    with connection():
        post = write(alice, 'Later')
    change(post, published_at=db.now() + HOUR)
    assert 'Scheduled' in browse(alice).get('/studio')
    browse().get('/p/later', status=404)
    change(post, published_at=db.now() - timedelta(microseconds=1))
    browse().get('/p/later')
    assert 'Later' in browse().get('/')


def test_publish_now_means_now_also_for_a_scheduled_post(alice, browse, connection):
    with connection():
        post = write(alice, 'Later')
    change(post, published_at=db.now() + HOUR)
    send(browse(alice), f'/studio/posts/{post.id}', 'publish', title='Later')
    browse().get('/p/later')


def test_a_list_cannot_be_made_to_go_on_after_what_is_not_public(alice, browse, connection):
    """Else it would tell that there is such a post, and between which others it stands."""
    with connection():
        shown = write(alice, 'Always there', tags='Hills')
        draft = write(alice, 'Draft', published=False, tags='Hills')
        scheduled, trashed = write(alice, 'Later', tags='Hills'), write(alice, 'Gone', tags='Hills')
    change(scheduled, published_at=db.now() + HOUR)
    change(trashed, deleted_at=db.now())
    for path in ('/', '/@alice', '/t/hills', '/archive'):
        for hidden in (draft, scheduled, trashed):
            browse().get(f'{path}?before={hidden.id}', status=404)
        browse().get(f'{path}?before={shown.id}', status=200)


@pytest.mark.parametrize('path', ['/studio', '/studio?sort=views', '/studio?state=draft', '/studio?whose=all',
                                  '/studio/trash', '/studio/media'])
def test_a_list_of_one_s_own_cannot_be_made_to_tell_of_others(alice, bob, browse, connection, path):
    with connection():
        write(bob, 'His')
        hers = [write(alice, 'Draft', published=False), write(alice, 'Public'), write(alice, 'Gone')]
        upload = keep(alice)
    change(hers[-1], deleted_at=db.now())
    for row in [upload] if path == '/studio/media' else hers:
        browse(bob).get(f'{path}{"&" if "?" in path else "?"}before={row.id}', status=404)


def test_a_list_goes_on_although_its_last_row_has_left_it(alice, browse, connection):
    with connection():
        old, new = (write(alice, title, published=False) for title in ('Old', 'New'))
    change(new, published_at=db.now())
    assert 'Old' in browse(alice).get(f'/studio?state=draft&before={new.id}')
    assert old.id != new.id


@pytest.mark.parametrize('path, size', [('/', 20), ('/@alice', 20), ('/t/hills', 20), ('/archive', 200)])
def test_paging_gives_every_post_once_and_in_order(alice, browse, connection, path, size):
    count, start = 2 * size + 3, utc(2026, 1, 1)
    with connection(), db.db.atomic():
        first = write(alice, 'Number 0', tags='Hills', at=start)
        rows = [{'author': alice, 'title': f'Number {n}', 'slug': f'number-{n}', 'words': 1, 'was_public': True,
                 'published_at': start + timedelta(minutes=n // 7), 'body': 'x'} for n in range(1, count)]
        Post.insert_many(rows).execute()  # seven at a time: what is published together is told apart by the id
        db.db.execute_sql('INSERT INTO post_tag (post_id, tag_id, position) SELECT id, 1, 0 FROM post WHERE id != ?',
                          (first.id,))
    browser, found = browse(), []
    page = browser.get(path)
    while True:
        found += [link.text for link in page.html.select('main h2 a, main a.title')]
        older = page.html.select_one('a.older')
        if not older:
            break
        assert len(found) % size == 0
        with connection():  # meanwhile somebody publishes: nothing moves
            write(alice, 'Meanwhile', tags='Hills')
        page = browser.get(older['href'])
    assert found == [f'Number {n}' for n in reversed(range(count))]


def test_the_desk_and_the_mail_page_show_every_row_once(olga, browse, connection):
    with connection(), db.db.atomic():
        for n in range(103):
            write(olga, f'Number {n}', published=False, at=utc(2026, 1, 1) + n // 7 * HOUR)
            ledger.compose('exists', f'n{n}@example.org', key=str(n), subject=f'Number {n}')
    browser = browse(olga)
    for path in ('/studio', '/admin/mail'):
        found, page = [], browser.get(path)
        while True:
            found += [link.text for link in page.html.select('th.title a')]
            if not (older := page.html.select_one('a.older')):
                break
            page = browser.get(older['href'])
        assert found == [f'Number {n}' for n in reversed(range(103))], path


def test_empty_pages_say_what_will_stand_there(alice, browse):
    for path, words in {'/': 'No posts yet', '/archive': 'No posts yet'}.items():
        assert words in browse().get(path)
    for path, words in {'/@alice': 'has not published any posts yet', '/studio': 'Write your first post',
                        '/studio/trash': 'The trash is empty'}.items():
        assert words in browse(alice).get(path)


def test_the_empty_first_page_asks_nobody_to_log_in_who_has(alice, browse):
    assert 'to write the first one' in browse().get('/')
    page = browse(alice).get('/')
    assert 'to write the first one' not in page
    assert page.click('Write the first post').request.path == '/studio/posts/new'


# For programs

@pytest.mark.parametrize('url', ['http://localhost:8000', 'https://voice.example/blog'])
def test_the_feeds_are_valid_and_all_their_links_absolute(site, alice, browse, connection, url):
    with connection():
        body = 'A [link](/archive), a [neighbour](other), <i>HTML</i> ]]> and ![a hill](/hill.jpg).[^1]\n\n[^1]: Note.'
        for n in range(25):
            write(alice, f'<b>Number</b> {n} & “more” \U0001f33b', at=utc(2026, 1, 1) + n * HOUR, tags='Hills, 日本',
                  body=body)
    browser = browser_of(site, url=url)
    for path in ('/feed.xml', '/@alice/feed.xml', '/t/hills/feed.xml'):
        answer = browser.get(path)
        assert answer.content_type == 'application/xml'
        feed = feedparser.parse(answer.body, response_headers={'content-type': answer.headers['Content-Type']})
        assert not feed.bozo and feed.version == 'atom10'
        assert feed.feed.id.startswith('urn:uuid:')
        assert feed.feed.title.startswith(('The Village Voice', 'Alice', 'Hills'))
        links = {link.rel: link.href for link in feed.feed.links}
        assert links == {'self': f'{url}{path}', 'alternate': url + path.removesuffix('feed.xml').rstrip('/') + (
            '/' if path == '/feed.xml' else '')}
        assert [entry.title_detail.value for entry in feed.entries] == [
            f'<b>Number</b> {n} & “more” \U0001f33b' for n in reversed(range(5, 25))]
        assert len({entry.id for entry in feed.entries}) == 20
        newest = feed.entries[0]
        assert newest.link == f'{url}/p/b-number-b-24-more' and newest.author_detail.href == f'{url}/@alice'
        assert newest.published == '2026-01-02T00:00:00Z' and newest.updated >= newest.published
        assert feed.feed.updated == max(entry.updated for entry in feed.entries)
        assert [(tag.term, tag.label) for tag in newest.tags] == [('hills', 'Hills'), ('ri-ben', '日本')]
        content = newest.content[0]
        for link in (f'href="{url}/archive"', f'href="{url}/p/other"', f'src="{url}/hill.jpg"', '<i>HTML</i> ]]&gt;'):
            assert link in content.value


def test_the_id_of_an_entry_stays_when_its_address_changes(alice, browse, connection):
    with connection():
        post = write(alice, 'On hills')
    before = feedparser.parse(browse().get('/feed.xml').body).entries[0]
    send(browse(alice), f'/studio/posts/{post.id}', slug='on-dales')
    after = feedparser.parse(browse().get('/feed.xml').body).entries[0]
    assert after.id == before.id and after.link != before.link and after.published == before.published


def test_an_empty_feed_is_valid_too(alice, browse):
    for path in ('/feed.xml', '/@alice/feed.xml'):
        feed = feedparser.parse(browse(alice).get(path).body)
        assert not feed.bozo and feed.entries == []


def test_the_sitemap_lists_what_is_public(olga, alice, bob, browse, connection):
    with connection():
        write(alice, 'Draft', published=False)
        write(bob, 'Public', at=utc(2026, 1, 1))
    answer = browse().get('/sitemap.xml')
    tree, space = ElementTree.fromstring(answer.body), '{http://www.sitemaps.org/schemas/sitemap/0.9}'
    found = {each.findtext(f'{space}loc'): each.findtext(f'{space}lastmod') for each in tree}
    url = 'http://localhost:8000'
    assert found == {f'{url}/': None, f'{url}/archive': None, f'{url}/p/public': '2026-01-01T00:00:00Z',
                     f'{url}/@bob': None}


def test_a_long_sitemap_has_parts_in_which_each_post_stays(alice, bob, browse, connection, monkeypatch):
    monkeypatch.setattr(published, 'PER_SITEMAP', 4)
    with connection():
        for number in range(1, 12):  # 11 posts: three parts, of the ids to 3, to 7 and to 11
            write(alice, f'Post {number}')
        hidden = write(bob, 'A draft', published=False)
        Post.delete().where(Post.slug == 'post-5').execute()
    browser = browse()

    def listed(path):
        tree = ElementTree.fromstring(browser.get(path).body)
        return tree.tag.partition('}')[2], [each.text.partition(':8000')[2] for each in tree.iterfind('.//{*}loc')]
    kind, parts = listed('/sitemap.xml')
    assert kind == 'sitemapindex' and parts == [f'/sitemap-{part}.xml' for part in ('places', 0, 1, 2)]
    assert [listed(part) for part in parts] == [
        ('urlset', ['/', '/archive', '/@alice']), ('urlset', ['/p/post-3', '/p/post-2', '/p/post-1']),
        ('urlset', ['/p/post-7', '/p/post-6', '/p/post-4']),
        ('urlset', ['/p/post-11', '/p/post-10', '/p/post-9', '/p/post-8'])]
    browser.get('/sitemap-3.xml', status=404)
    with connection():
        publishing.publish(hidden, db.now())
    assert listed('/sitemap-3.xml')[1] == ['/p/a-draft']
    assert listed('/sitemap-places.xml')[1][2:] == ['/@alice', '/@bob']
    for wrong in ('4', '-1', 'x', '', '1' * 30):
        browser.get(f'/sitemap-{wrong}.xml', status=404)


def test_robots_are_told_where_the_sitemap_is_and_what_is_none_of_their_business(site):
    answer = browser_of(site, url='https://voice.example/blog').get('/robots.txt')
    assert answer.content_type == 'text/plain'
    assert 'Disallow: /blog/studio\n' in answer and 'Sitemap: https://voice.example/blog/sitemap.xml\n' in answer


def test_a_static_file_is_kept_for_ever_under_the_address_that_pages_use(site, browse):
    page = browse().get('/')
    for link in page.html.find_all('link', rel='stylesheet'):
        answer = browse().get(link['href'])
        assert answer.content_type == 'text/css' and 'immutable' in answer.headers['Cache-Control']
        assert 'immutable' not in browse().get(link['href'].partition('?')[0]).headers.get('Cache-Control', '')
    answer = browse().get('/static/style.css')
    browse().get('/static/style.css', headers={'If-None-Match': answer.headers['ETag']}, status=304)
    for name in ('..', '.', 'nothing.css', 'style.css%00', '..%5cweb.py', '%2e%2e'):
        browse().get(f'/static/{name}', status=404)


def test_the_owner_may_mend_the_posts_of_others_and_they_stay_theirs(olga, alice, browse, connection):
    with connection():
        post = write(alice, 'On hils')
    send(browse(olga), f'/studio/posts/{post.id}', title='On hills', slug='on-hils')
    with connection():
        found = Post.get()
        assert found.title == 'On hills' and found.author == alice
    send(browse(olga), f'/studio/posts/{post.id}', 'delete')
    assert 'On hills' in browse(alice).get('/studio/trash')


def test_a_name_may_repeat_and_a_handle_does_not(alice, browse, connection):
    with connection():
        write(alice, 'By the first')
        second = users.create('Alice', 'second@example.org', None, db.now(), is_verified=True)
        write(second, 'By the second')
        assert {user.handle for user in User.select()} == {'alice', 'alice-2'}
    assert 'By the second' not in browse().get('/@alice') and 'By the second' in browse().get('/@alice-2')


def test_what_is_typed_in_the_editor_is_kept_when_a_post_goes_to_the_trash_and_comes_back(alice, browse):
    post = write(alice)
    browser = browse(alice)
    for action in ('delete', 'restore'):
        browser.post(f'/studio/posts/{post.id}', {'title': f'Typed before {action}', 'body': 'x', 'action': action},
                     status=303)
        with db.db.connection_context():
            found = Post.get_by_id(post.id)
            assert found.title == f'Typed before {action}' and (found.deleted_at is None) == (action == 'restore')


def test_the_owner_finds_everybodys_posts_in_the_trash(olga, alice, bob, browse):
    post = write(alice, 'By alice')
    browse(olga).post(f'/studio/posts/{post.id}', {'action': 'delete'}, status=303)
    assert 'By alice' in browse(olga).get('/studio/trash') and 'By alice' in browse(alice).get('/studio/trash')
    assert 'By alice' not in browse(bob).get('/studio/trash')
