"""A site that has grown: what triggers keep, what each night takes away, lists that have many pages."""

from datetime import timedelta
from random import Random

import pytest
from conftest import clean_up, outbox, utc, write
from peewee import fn
from playhouse.migrations import Runner
from playhouse.test_utils import count_queries

from quickpub import data_folder, db, migrating, tasks, watch
from quickpub.accounts import deletion, users
from quickpub.audience import reports
from quickpub.content import posts, publishing, trash
from quickpub.content.post_input import PostInput
from quickpub.mail import delivery, ledger
from quickpub.models import AuthorTotals, DailyViews, Message, OldSlug, Post, PostTag, Report, Tag, User

NOW = utc(2026, 11, 22, 12)


# What triggers keep

def counted():
    """What the triggers keep, counted anew: (author, posts, views) of all, (post, tag, date) of all."""
    there = Post.select(Post.author, fn.COUNT(Post.published_at), fn.SUM(Post.views)).where(Post.deleted_at.is_null())
    tags = PostTag.select(PostTag, Post).join(Post)
    return ({row for row in there.group_by(Post.author).tuples()},
            {(each.post_id, each.tag_id, None if each.post.deleted_at else each.post.published_at) for each in tags})


def kept():
    shelves = AuthorTotals.select().where((AuthorTotals.posts > 0) | (AuthorTotals.views > 0) | AuthorTotals.user.in_(
        Post.select(Post.author).where(Post.deleted_at.is_null())))
    return {(row.user_id, row.posts, row.views) for row in shelves}, {
        (row.post_id, row.tag_id, row.published_at) for row in PostTag.select()}


def typed(title, **fields):
    return {'title': title, 'slug': '', 'body': 'x', 'summary': '', 'tags': ''} | fields


@pytest.mark.parametrize('seed', range(3))
def test_what_is_kept_counted_is_what_counting_finds_whatever_happens(site, alice, bob, seed):
    chance, at = Random(seed), NOW
    for _ in range(120):
        at += timedelta(hours=1)
        post = chance.choice(list(Post.select()) or [None])
        act = chance.choice(['write', 'write', 'publish', 'unpublish', 'delete', 'restore', 'view', 'view', 'schedule',
                             'retag', 'give', 'empty', 'tidy'])
        if act == 'write' or post is None:
            tags = ', '.join(chance.sample(['Hills', 'Bread', 'Rivers', 'Lamps'], chance.randint(0, 3)))
            write(chance.choice([alice, bob]), f'Post {chance.random()}', at, chance.random() < 0.5, tags=tags)
        elif act == 'publish' and not post.deleted_at:
            publishing.publish(post, at)
        elif act == 'unpublish':
            publishing.unpublish(post, at)
        elif act == 'delete':
            trash.move_to_trash(post, at)
        elif act == 'restore':
            trash.restore(post)
        elif act == 'view':
            Post.update(views=Post.views + chance.randint(1, 5)).where(Post.id == post.id).execute()
        elif act == 'schedule':
            Post.update(published_at=at + timedelta(days=9)).where(Post.id == post.id).execute()
        elif act == 'retag':
            posts.save(post, post.author, PostInput.from_form(typed(post.title, slug=post.slug, tags='Tea')), at)
        elif act == 'give':
            Post.update(author=bob).where(Post.id == post.id).execute()
        elif act == 'empty':
            Post.delete().where(Post.id == post.id).execute()
        else:
            trash.clean_up(at)
        assert kept() == counted(), act
    deletion.delete_account(bob, keep_posts=False, at=at)
    assert kept() == counted() and not AuthorTotals.select().where(AuthorTotals.user == bob.id).exists()


def test_numbers_on_the_owners_page_are_those_of_the_posts(olga, alice, browse, connection):
    with connection():
        for number in range(3):
            post = write(alice, f'Post {number}')
            Post.update(views=10 + number).where(Post.id == post.id).execute()
        write(olga, 'A draft', published=False)
        later = write(olga, 'Later')
        Post.update(published_at=db.now() + timedelta(days=1), views=5).where(Post.id == later.id).execute()
        gone = write(olga, 'Gone')
        Post.update(views=500).where(Post.id == gone.id).execute()
        trash.move_to_trash(gone, db.now())
    counts = [each.text.strip() for each in browse(olga).get('/admin').html.select('.counts dd')]
    assert counts[:3] == ['2', '3', '38']
    assert '33 views' in browse(alice).get('/studio').html.find('tfoot').text


def test_an_older_site_is_counted_when_it_is_brought_up_to_date(config):
    """With posts, tags and mails from before, and somebody else's triggers, which stay."""
    data_folder.create(config.paths)
    db.bind(config, 1)
    with db.db.connection_context():
        Runner(db.db, str(migrating.MIGRATIONS)).up('0002_queued_mail')
        db.db.execute_sql('INSERT INTO user (id, name, handle, role, bio, timezone, report, reported_until, '
                          "created_at) VALUES (1, 'Alice', 'alice', 'author', '', 'UTC', 'daily', '2026', '2026')")
        for number, date, deleted in ((1, '2026-01-01', None), (2, None, None), (3, '2026-01-02', '2026-01-03')):
            db.db.execute_sql(
                'INSERT INTO post (id, author_id, title, slug, body, html, summary, excerpt, words, created_at, '
                "updated_at, published_at, deleted_at, views) VALUES (?, 1, '', ?, ?, ?, '', '', 1, '2026', '2026', "
                '?, ?, ?)', (number, number, f'body {number}', f'<p>{number}</p>', date, deleted, 100 ** number))
        db.db.execute_sql("INSERT INTO tag VALUES (1, 'Hills', 'hills')")
        db.db.execute_sql('INSERT INTO post_tag (post_id, tag_id, position) SELECT id, 1, 0 FROM post')
        db.db.execute_sql('CREATE TABLE spied (body TEXT)')
        db.db.execute_sql('CREATE TRIGGER spy AFTER UPDATE OF html ON post BEGIN '
                          'INSERT INTO spied VALUES (NEW.body); END')
    migrating.migrate(config)
    with db.db.connection_context():
        rows = db.db.execute_sql('SELECT id, body, html FROM post ORDER BY id').fetchall()
        assert rows == [(number, f'body {number}', f'<p>{number}</p>') for number in (1, 2, 3)]
        assert db.db.execute_sql('SELECT * FROM author_totals').fetchall() == [(1, 1, 100 + 100 ** 2)]
        assert db.db.execute_sql('SELECT published_at FROM post_tag ORDER BY post_id').fetchall() == [
            ('2026-01-01',), (None,), (None,)]
        assert not db.db.execute_sql('SELECT * FROM spied').fetchall()
        db.db.execute_sql("UPDATE post SET html = 'x' WHERE id = 2")
        assert db.db.execute_sql('SELECT * FROM spied').fetchall() == [('body 2',)]
        assert not db.db.execute_sql('PRAGMA foreign_key_check').fetchall()
        assert db.db.execute_sql('PRAGMA integrity_check').fetchall() == [('ok',)]


# Each night

def compose(key, state, age, **fields):
    [number] = ledger.compose_many([ledger.row('report', 'a@example.org', key=key, subject='x')])
    date = NOW - timedelta(days=age)
    fields = {'state': state, 'created_at': date, 'sent_at': date if state == 'sent' else None} | fields
    Message.update(**fields).where(Message.id == number).execute()
    return number


def test_mail_of_long_ago_is_forgotten_but_not_what_waits(site, alice):
    for age in (0, 89, 91, 400):
        for state in ('sent', 'failed', 'held', 'queued', 'deferred'):
            number = compose(f'{state} {age}', state, age)
            Report.create(user=alice, period_start=NOW, period_end=NOW + timedelta(minutes=number), views=number,
                          message=number)
    compose('sent again 91', 'sent', 91, sent_at=NOW - timedelta(days=1))
    before = {message.key for message in Message.select()}
    ledger.clean_up(NOW)
    gone = before - {message.key for message in Message.select()}
    assert gone == {'sent 91', 'sent 400', 'failed 91', 'failed 400'}
    assert Report.select().count() == 20 and Report.select().where(Report.message.is_null()).count() == 4


def test_much_old_mail_goes_in_many_short_steps(site, monkeypatch):
    monkeypatch.setattr(ledger, 'DELETE_BATCH', 10)
    for number in range(35):
        compose(str(number), 'sent', 100)
    compose('new', 'sent', 1)
    with count_queries() as counter:
        ledger.clean_up(NOW)
    assert [message.key for message in Message.select()] == ['new'] and counter.count == 5


def test_a_mail_that_is_forgotten_is_not_written_again(site, alice):
    """The report's own row stays, and that is what makes it happen once."""
    write(alice)
    at = db.now() + timedelta(days=2)
    for closed in reports.due(at):
        tasks.deliver_soon(reports.close_period(closed, at))
    delivery.deliver()
    ledger.clean_up(at + timedelta(days=100))
    assert not Message.select().exists() and Report.select().count() == 1 and len(outbox(site)) == 0
    assert list(reports.due(at)) == []


def test_the_trash_is_emptied_a_few_posts_at_a_time_with_all_that_hangs_on_them(site, alice):
    for number in range(2 * trash.BATCH + 3):
        post = write(alice, f'Post {number}', tags=f'Tag {number % 7}', at=NOW)
        DailyViews.create(post=post, day=NOW.date(), views=1)
        OldSlug.create(post=post, slug=f'old-{number}')
        trash.move_to_trash(post, NOW - timedelta(days=29 if number == 5 else 31))
    with count_queries() as counter:
        trash.clean_up(NOW)
    assert [post.title for post in Post.select()] == ['Post 5'] and [tag.name for tag in Tag.select()] == ['Tag 5']
    assert DailyViews.select().count() == OldSlug.select().count() == 1 and counter.count <= 5 * 4


def test_the_nightly_task_does_all_of_it(site, alice):
    compose('old', 'sent', 9999)
    post = write(alice)
    trash.move_to_trash(post, NOW - timedelta(days=9999))
    clean_up()
    assert not Message.select().exists() and not Post.select().exists()


def test_a_write_ahead_log_that_was_large_is_small_again(site):
    watch.CommitWatch(site)  # as in a web process, the file stays open
    wal = site.data / 'quickpub.db-wal'
    with db.db.atomic():
        db.db.execute_sql('CREATE TABLE much (value BLOB)')
        for _ in range(30):
            db.db.execute_sql('INSERT INTO much VALUES (zeroblob(1000000))')
    assert wal.stat().st_size > 30_000_000
    for _ in range(3):
        db.db.execute_sql("UPDATE site SET tagline = tagline || '.'")
    assert wal.stat().st_size <= db.WAL_LIMIT


# Many of the same name, and long lists

def add(name, handles):
    User.insert_many([{'name': name, 'handle': handle, 'timezone': 'UTC', 'report': 'daily', 'reported_until': NOW}
                      for handle in handles]).execute()


def test_one_more_anna_costs_one_question(site):
    add('Anna', ['anna', *(f'anna-{number}' for number in range(2, 2001) if number != 777), 'anna-maria'])
    with count_queries() as counter:
        assert users.find_free_handle('anna') == 'anna-777'
    assert counter.count == 1
    add('Anna', ['anna-777'])
    assert users.find_free_handle('anna') == 'anna-2001'
    assert users.find_free_handle('ann') == 'ann' and users.find_free_handle('anna-2') == 'anna-2-2'
    assert users.find_free_handle('admin') == 'admin-2'
    assert len(users.find_free_handle('x' * 40)) == 40
    add('X', ['x' * 40])
    assert users.find_free_handle('x' * 40) == 'x' * 36 + '-2'


def test_one_more_post_called_news_costs_as_much_as_the_first(site, alice):
    costs = []
    for number in range(1, 12):
        with count_queries() as counter:
            post = write(alice, 'News')
        costs.append(counter.count)
        assert post.slug == ('news' if number == 1 else f'news-{number}')
    assert set(costs) == {costs[0]}
    first = Post.get(Post.slug == 'news')
    Post.update(was_public=True).execute()
    posts.save(first, alice, PostInput.from_form(typed('Other', slug='other')), NOW)
    assert write(alice, 'News').slug == 'news-12'  # the first one's old address still leads to it


def every_page(browser, path):
    """What stands in the first column of a list, page by page."""
    pages = []
    while path:
        page = browser.get(path).html
        pages.append([each.get_text(' ', strip=True) for each in page.select('th.title a, ul.sessions p[dir]')])
        older = page.select_one('nav.pager a.older')
        path = older and older['href']
    return pages


def test_people_are_listed_page_by_page_who_came_last_first(olga, browse, connection):
    with connection():
        add('Somebody', [f'writer-{number}' for number in range(120)])
        for user in User.select().where(User.name == 'Somebody'):
            User.update(name=user.handle).where(User.id == user.id).execute()
        User.update(deleted_at=NOW).where(User.name == 'writer-60').execute()
    pages = every_page(browse(olga), '/admin/members')
    assert [len(page) for page in pages] == [50, 50, 20]
    assert sum(pages, []) == [f'writer-{number}' for number in range(119, -1, -1) if number != 60] + ['Olga']


def test_the_trash_is_listed_page_by_page(olga, alice, browse, connection):
    with connection():
        for number in range(60):
            post = write([alice, olga][number % 2], f'Post {number}')
            trash.move_to_trash(post, NOW + timedelta(minutes=number // 4))  # several at the same moment
        draft = write(olga, 'A draft', published=False)
    for who, count in ((alice, 30), (olga, 60)):
        pages = every_page(browse(who), '/studio/trash')
        assert [len(page) for page in pages] == ([30] if count == 30 else [50, 10])
        assert len(set(sum(pages, []))) == count
    browse(olga).get(f'/studio/trash?before={draft.id}', status=404)


def test_a_long_ledger_is_listed_page_by_page_with_what_was_searched_for(olga, browse, connection):
    with connection():
        for number in range(120):
            compose(f'm{number}', 'failed' if number % 2 else 'sent', 1, subject=f'Mail {number}',
                    recipient=f'{"anna" if number % 3 else "bob"}@example.org')
    browser = browse(olga)
    assert [len(page) for page in every_page(browser, '/admin/mail')] == [50, 50, 20]
    assert [len(page) for page in every_page(browser, '/admin/mail?state=failed')] == [50, 10]
    assert [len(page) for page in every_page(browser, '/admin/mail?q=anna')] == [50, 30]
    assert [len(page) for page in every_page(browser, '/admin/mail?q=anna&state=failed')] == [40]


def test_pages_of_a_tag_give_every_post_once_however_dates_lie(site, alice, bob, browse, connection):
    with connection():
        for number in range(45):
            write(alice if number % 2 else bob, f'Post {number}', NOW + timedelta(minutes=number // 10), tags='Hills')
        hidden = [write(alice, 'Hidden', NOW, tags='Hills') for _ in range(4)]
        publishing.unpublish(hidden[0], NOW)
        trash.move_to_trash(hidden[1], NOW)
        Post.update(published_at=db.now() + timedelta(days=1)).where(Post.id == hidden[2].id).execute()
        Post.update(deleted_at=NOW, published_at=None).where(Post.id == hidden[3].id).execute()
    found, path = [], '/t/hills'
    while path:
        page = browse().get(path).html
        found.append([each.text.strip() for each in page.select('article h2')])
        older = page.select_one('nav.pager a.older')
        path = older and older['href']
    assert [len(page) for page in found] == [20, 20, 5]
    assert sum(found, []) == [f'Post {number}' for number in range(44, -1, -1)]
