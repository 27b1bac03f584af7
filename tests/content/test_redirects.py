"""Every public page has one address: other spellings and former names lead to it."""

from dataclasses import replace
from datetime import datetime

import pytest
from conftest import Browser, person, write
from mounting import STYLES, mounted
from playhouse.migrations import Runner
from sites import browser_of, form_with

from quickpub import data_folder, db, migrating
from quickpub.accounts import deletion, users
from quickpub.content import posts, publishing, tags, trash
from quickpub.content.post_input import PostInput
from quickpub.models import OldHandle, OldTag, Post, Tag, User


@pytest.fixture
def world(olga, alice, connection):
    with connection():
        write(alice, 'Hello world', tags='Slow food, C++')
        about = posts.save(None, olga, PostInput.from_form(ABOUT), db.now(), is_page=True)
        publishing.publish(about, db.now())


ABOUT = {'title': 'About us', 'slug': '', 'body': 'x', 'tags': '', 'summary': ''}
SPELLINGS = [
    ('/p/Hello-World', '/p/hello-world'), ('/P/HELLO-WORLD', '/p/hello-world'),
    ('/p/Hello-World/', '/p/hello-world'), ('/p/hello-world/', '/p/hello-world'),
    ('/p/%48ello-world', '/p/hello-world'), ('//p//hello-world', '/p/hello-world'),
    ('/p/hello-world%20', '/p/hello-world'), ('/p/HELLO-WORLD//', '/p/hello-world'),
    ('/p/hello%2Dworld%20', '/p/hello-world'), ('/@Alice', '/@alice'), ('/@ALICE/', '/@alice'),
    ('/%40Alice', '/@alice'), ('/@Alice/Feed.XML', '/@alice/feed.xml'), ('/@Alice/feed.json', '/@alice/feed.json'),
    ('/@alice/feed.xml/', '/@alice/feed.xml'), ('/t/Slow-Food', '/t/slow-food'), ('/T/slow-food', '/t/slow-food'),
    ('/t/Slow%20food', '/t/slow-food'), ('/t/C%2B%2B', '/t/c'), ('/t/c++/feed.json', '/t/c/feed.json'),
    ('/t/SLOW-FOOD/FEED.XML', '/t/slow-food/feed.xml'), ('/About-Us', '/about-us'), ('/about-us/', '/about-us'),
    ('/ABOUT-US//', '/about-us'), ('/Archive', '/archive'), ('/ARCHIVE/', '/archive'), ('/Feed.xml', '/feed.xml'),
    ('/FEED.JSON', '/feed.json'), ('/Search', '/search'), ('/Sitemap.XML', '/sitemap.xml'),
    ('/Robots.txt', '/robots.txt'), ('/Login', '/login'), ('//archive', '/archive'), ('/archive/', '/archive')]


@pytest.mark.parametrize(('path', 'target'), SPELLINGS)
def test_another_spelling_leads_to_the_page_in_one_step(world, browse, path, target):
    for method in (browse().get, browse().head):
        moved = method(path, status=301)
        assert moved.headers['Location'] == target and moved.headers['Cache-Control'] == 'no-store'
        assert method(f'{path}?before=7&x=%C3%BC', status=301).headers['Location'] == f'{target}?before=7&x=%C3%BC'
    browse().get(target, status=200)
    browse().post(path, status=[404, 405])


@pytest.mark.parametrize(('prefix', 'style'), STYLES)
def test_below_a_path_too(world, site, prefix, style):
    app = mounted(browser_of(site, url=f'http://localhost{prefix}').app, prefix, style)
    for path, target in SPELLINGS:
        moved = Browser(app).get(prefix + path, status=301)
        assert moved.headers['Location'] == prefix + target


@pytest.mark.parametrize('path', [
    '/p/Nothing', '/P/nothing', '/p/Draft', '/p/Later', '/p/Trashed', '/p/About-Us', '/Hello-World', '/@Nobody',
    '/@Victor', '/@', '/t/Secret', '/t/', '/T/nothing', '/@Alice/feed', '/@Alice/feed.xml/x', '/p/Hello-World/x', '/p',
    '/P/', '/Studio/x', '/p/%C4%B0', '/p/%00', '/p/' + 'X' * 5000, '/t/%E2%80%AE',
    '//evil.example/P', '/\\evil.example/P',
    '/p/..%2F..%2Fadmin'])
def test_what_is_not_public_or_does_not_exist_leads_nowhere(world, alice, browse, connection, path):
    with connection():
        person('victor', verified=False)
        write(alice, 'Draft', published=False, tags='Secret')
        trash.move_to_trash(write(alice, 'Trashed'), db.now())
        later = write(alice, 'Later')
        Post.update(published_at=datetime(2100, 1, 1)).where(Post.id == later.id).execute()
    answer = browse().get(path, status='*')
    while answer.status_int == 301:  # only an extra slash at the end is taken away
        location = answer.headers['Location']
        assert location.startswith('/') and not location.startswith('//') and not location.endswith('/')
        answer = browse().get(location, status='*')
    assert answer.status_int == 404


def test_links_with_a_secret_are_left_as_they_are(world, alice, browse, connection):
    with connection():
        draft = write(alice, 'Draft', published=False)
        publishing.share(draft, db.now())
        token = Post.get_by_id(draft.id).draft_token
    browse().get(f'/draft/{token}', status=200)
    for path in (f'/draft/{token.swapcase()}', f'/Draft/{token}', f'/verify/{token}', '/reset/ABC', '/setup/ABC'):
        browse().get(path, status=404)


# Handles

def rename(browser, handle, status=303):
    form = form_with(browser.get('/settings'), 'handle')
    form['handle'] = handle
    return form.submit('action', value='profile', status=status)


def test_a_changed_handle_leads_to_the_author_with_both_feeds(world, alice, browse):
    browser = browse(alice)
    browse().get('/@alice')  # in memory
    for handle in ('berg', 'anna-berg'):
        rename(browser, handle)
    for old in ('alice', 'berg', 'Alice', 'BERG'):
        for end in ('', '/feed.xml', '/feed.json'):
            for method in (browse().get, browse().head):
                moved = method(f'/@{old}{end}?before=1', status=301)
                assert moved.headers['Location'] == f'/@anna-berg{end}?before=1'
    browse().get('/@anna-berg/feed.xml')
    rename(browser, 'alice')  # and back, without a loop
    browse().get('/@alice', status=200)
    for old in ('berg', 'anna-berg'):
        assert browse().get(f'/@{old}', status=301).headers['Location'] == '/@alice'


@pytest.mark.parametrize('typed', ['alice', 'Alice', ' ALICE ', '@alice', 'álice', 'alice-'])
def test_nobody_else_takes_a_handle_that_still_leads_to_its_author(world, alice, bob, browse, connection, typed):
    rename(browse(alice), 'berg')
    page = rename(browse(bob), typed, status=400)
    assert 'This handle is taken. Try alice-2.' in page
    with connection():
        assert users.create('Alice', 'second@example.org', None, db.now()).handle == 'alice-2'
        with pytest.raises(db.peewee.IntegrityError):
            User.update(handle='alice').where(User.id == bob.id).execute()  # whoever does it
        with pytest.raises(db.peewee.IntegrityError):
            User.insert(name='x', handle='alice', timezone='UTC', report='never', reported_until=db.now()).execute()
    assert browse().get('/@alice', status=301).headers['Location'] == '/@berg'


def test_a_member_keeps_no_more_than_ten_former_handles_and_none_from_before_the_address_was_confirmed(site, alice):
    victor = person('victor', verified=False)
    User.update(handle='victor-2').where(User.id == victor.id).execute()
    assert not OldHandle.select().exists()
    for number in range(15):
        User.update(handle=f'alice-{number}').where(User.id == alice.id).execute()
    kept = [old.handle for old in OldHandle.select().order_by(OldHandle.id)]
    assert kept == [f'alice-{number}' for number in range(4, 14)]
    User.update(name='Other', handle='alice-14').where(User.id == alice.id).execute()
    assert OldHandle.select().count() == 10 and users.find_free_handle('alice-3') == 'alice-3'
    deletion.delete_account(User.get_by_id(alice.id), keep_posts=False, at=db.now())
    assert not OldHandle.select().exists() and users.find_free_handle('alice-9') == 'alice-9'


def test_a_former_handle_says_nothing_about_who_has_no_page(alice, browse, connection):
    rename(browse(alice), 'berg')
    with connection():
        User.update(verified_at=None).where(User.id == alice.id).execute()
    browse().get('/@alice', status=404)


# A site from before

def test_an_older_site_keeps_its_addresses_and_what_subscribers_have_seen(config):
    url = 'https://voice.example/blog'
    config = replace(config, url=url)
    data_folder.create(config.paths)
    db.bind(config, 1)
    with db.db.connection_context():
        Runner(db.db, str(migrating.MIGRATIONS)).up('0008_numbers')
        run, day = db.db.execute_sql, '2026-01-01 00:00:00'
        for number, name in ((1, 'alice'), (2, 'bob')):
            run('INSERT INTO user (id, name, handle, role, bio, timezone, report, reported_until, created_at, '
                "verified_at) VALUES (?, ?, ?, 'author', '', 'UTC', 'daily', ?, ?, ?)",
                (number, name.capitalize(), name, day, day, day))
        for number in range(1, 6):
            run('INSERT INTO post (id, author_id, title, slug, html, summary, excerpt, words, created_at, updated_at, '
                "published_at) VALUES (?, ?, ?, ?, '<p>x</p>', '', '', 1, ?, ?, ?)",
                (number, 1 + number % 2, f'Post {number}', f'post-{number}', day, day, f'2026-01-0{number} 00:00:00'))
        for number, name, slug in ((1, 'C', 'c'), (2, 'Єнот', 'enot'), (3, 'єнот', 'ienot'), (4, 'Net', 'net'),
                                   (5, 'c 2', 'c-2')):
            run('INSERT INTO tag VALUES (?, ?, ?)', (number, name, slug))
        for post, tag in ((1, 1), (2, 1), (3, 1), (3, 2), (4, 3), (5, 2), (5, 3), (1, 4), (2, 5)):
            run('INSERT INTO post_tag (post_id, tag_id, position) VALUES (?, ?, ?)', (post, tag, tag))
        for post, version, line in ((2, 1, 'C'), (2, 2, 'C++, other'), (3, 1, 'C#, Єнот'), (3, 2, 'c, x'),
                                    (1, 1, '.NET, C')):
            run("INSERT INTO revision VALUES (?, ?, ?, 1, '', '', ?, '{}', '')", (post, version, day, line))
        run("INSERT INTO old_slug VALUES ('old', 1)")
    migrating.migrate(config)
    browser = browser_of(config)
    ids = [f'{url}/#post-{number}' for number in (5, 4, 3, 2, 1)]
    feed = browser.get('/feed.xml')
    assert [each.text for each in feed.xml.findall('.//{*}id')] == [f'{url}/feed.xml', *ids]
    assert [item['id'] for item in browser.get('/feed.json').json['items']] == ids
    assert browser.get('/@alice/feed.xml').xml.findtext('{*}id') == f'{url}/@alice/feed.xml'
    assert browser.get('/t/c/feed.xml').xml.findtext('{*}id') == f'{url}/t/c/feed.xml'
    moved = browser_of(config, url='http://elsewhere.example')
    assert [item['id'] for item in moved.get('/feed.json').json['items']] == ids
    assert moved.get('/p/old', status=301).headers['Location'] == '/p/post-1'

    def links(number):
        return {link.text: link['href'] for link in moved.get(f'/p/post-{number}').html.select('a[rel=tag]')}
    assert links(1) == {'C': '/t/c', '.NET': '/t/net-2'}
    assert links(2) == {'C++': '/t/c-3', 'c 2': '/t/c-2'}
    assert links(3) == {'c': '/t/c', 'Єнот': '/t/enot'}
    assert links(4) == {'єнот': '/t/enot'} and links(5) == {'єнот': '/t/enot'}
    for old, new in (('ienot', 'enot'), ('net', 'net-2')):
        for end in ('', '/feed.xml'):
            assert moved.get(f'/t/{old}{end}', status=301).headers['Location'] == f'/t/{new}{end}'
    with db.db.connection_context():
        assert {(old.slug, old.tag.name) for old in OldTag.select()} == {('ienot', 'Єнот'), ('net', '.NET')}
        assert len({tag.key for tag in Tag.select()}) == Tag.select().count() == 5
        assert not db.db.execute_sql('PRAGMA foreign_key_check').fetchall()
        new = write(User.get_by_id(1), 'New', tags='c++, net, ЄНОТ')
        assert new.feed_id.startswith('urn:uuid:')
        assert [tag.slug for tag in tags.of_post(new)] == ['c-3', 'net-3', 'enot']
        assert db.db.execute_sql("SELECT count(*) FROM search WHERE search MATCH '\"єнот\"'").fetchone() == (4,)
