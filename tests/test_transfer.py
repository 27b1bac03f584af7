"""Files to take away: what is in them, whole or not at all, and for nobody else."""

import csv
import io
from datetime import timedelta

import pytest
from conftest import clean_up, drain, link_in, outbox, write

from quickpub import db, jobs, stats, tasks, transfer
from quickpub.models import DailyReferrers, DailyViews, DailyVisitors, Export, Message, Post, User


def count(post, views, day='2026-11-22', visitors=0, **hosts):
    DailyViews.create(post=post, day=day, views=views)
    DailyVisitors.create(scope=post.id, day=day, visitors=visitors)
    for host, number in hosts.items():
        DailyReferrers.create(post=post, day=day, host=f'{host}.example', views=number)


def table(answer):
    assert answer.body.startswith(b'\xef\xbb\xbf')  # Excel takes it for what it is
    return list(csv.reader(io.StringIO(answer.body.decode('utf-8-sig'))))


def files(site):
    return sorted(path.name.partition('.')[2] for path in (site.data / 'exports').iterdir())


def test_all_my_numbers_come_as_a_file_and_a_mail_says_when(site, alice, bob, browse, connection):
    with connection():
        count(write(alice, 'Hills, äöü'), 5, visitors=4, news=2, forum=3)
        count(write(alice, 'Rivers'), 1, day='2026-11-01')
        count(write(bob, 'By Bob'), 9)
    browser = browse(alice)
    page = browser.post('/studio/exports', {'kind': 'numbers'}).follow()
    assert page.html.find('progress')['value'] == '0' and not page.html.find('a', string='Download')
    browser.post('/studio/exports', {'kind': 'numbers'})  # once more: it is being made already
    drain()
    page = browser.get('/studio/exports')
    assert len(page.html.select('.exports li')) == 1 and not page.html.find('progress')
    answer = page.click('Download')
    assert table(answer) == [
        list(transfer.COLUMNS),
        ['2026-11-22', 'Hills, äöü', 'http://127.0.0.1:8000/p/hills-aou', 'Alice', '5', '4',
         'forum.example 3, news.example 2'],
        ['2026-11-01', 'Rivers', 'http://127.0.0.1:8000/p/rivers', 'Alice', '1', '0', '']]
    assert answer.headers['Content-Disposition'].startswith('attachment; filename="numbers-')
    assert answer.headers['Cache-Control'] == 'private, no-store'
    (mail,) = outbox(site)
    assert link_in(mail, '/studio/exports').endswith('/studio/exports') and mail['To'] == alice.email
    assert files(site) == ['csv']


def test_views_that_wait_to_be_counted_are_in_it(alice, browse, connection):
    with connection():
        stats.record(write(alice).id, db.now())
    browser = browse(alice)
    page = browser.post('/studio/exports', {'kind': 'numbers'}).follow()
    drain()
    assert [row[4] for row in table(browser.get('/studio/exports').click('Download'))] == ['Views', '1']
    assert 'We are preparing it' in page


@pytest.mark.parametrize('title', ['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)'])
def test_no_cell_is_a_formula(alice, browse, connection, title):
    with connection():
        count(write(alice, title), 1)
        export = transfer.ask(alice, 'numbers', db.now())
        tasks.make_export.call_local(export)
    assert table(browse(alice).get(f'/studio/exports/{export}'))[1][1] == f"'{title}"


def test_the_file_of_the_whole_site_is_the_owner_s(site, olga, alice, browse, connection):
    with connection():
        count(write(alice, 'By Alice'), 3)
    browse(alice).post('/studio/exports', {'kind': 'site'}, status=404)
    browse(alice).post('/studio/exports', {'kind': 'nonsense'}, status=404)
    browser = browse(olga)
    browser.post('/studio/exports', {'kind': 'site'})
    drain()
    assert [row[3] for row in table(browser.get('/studio/exports').click('Download'))] == ['Author', 'Alice']


def test_a_file_is_nobody_else_s_not_even_the_owner_s(olga, alice, bob, browse, connection):
    with connection():
        export = transfer.ask(alice, 'numbers', db.now())
        tasks.make_export.call_local(export)
    path = f'/studio/exports/{export}'
    browse(alice).get(path, status=200)
    for user in (bob, olga):
        browser = browse(user)
        assert browser.get(path, status=404).body == browser.get('/studio/exports/987', status=404).body
        assert not browser.get('/studio/exports').html.select('.exports li')
    assert browse().get(path, status=303).location.endswith(f'/login?next={path}')


def test_half_a_file_is_never_offered_and_a_second_try_makes_it_whole(site, alice, browse, connection):
    """Where the first try was killed, its half is written over, even when it had got its name."""
    with connection():
        count(write(alice), 1)
        export = transfer.ask(alice, 'numbers', db.now())
        path = transfer.path_of(Export.get_by_id(export))
        for half in (path.with_name(path.name + '.part'), path):
            half.write_text('Day,Post\n2026')
    browser = browse(alice)
    browser.get(f'/studio/exports/{export}', status=404)
    with connection():
        tasks.make_export.call_local(export)
    assert len(table(browser.get(f'/studio/exports/{export}'))) == 2 and files(site) == ['csv']


def test_where_it_cannot_be_made_its_person_is_told_and_can_ask_again(site, alice, browse):
    (site.data / 'exports').rmdir()
    (site.data / 'exports').write_text('a file in its place')
    browser = browse(alice)
    browser.post('/studio/exports', {'kind': 'numbers'})
    drain()
    assert 'It could not be made' in browser.get('/studio/exports')
    (site.data / 'exports').unlink()
    (site.data / 'exports').mkdir()
    browser.post('/studio/exports', {'kind': 'numbers'})
    drain()
    assert browser.get('/studio/exports').html.find('a', string='Download')


def test_after_a_week_it_is_gone_with_what_is_nobody_s(site, alice, bob):
    old, new = transfer.ask(alice, 'numbers', db.now()), transfer.ask(bob, 'numbers', db.now())
    for export in (old, new):
        transfer.write(export)
        transfer.finish(export, db.now())
    Export.update(created_at=db.now() - timedelta(days=8)).where(Export.id == old).execute()
    (site.data / 'exports' / 'nobodys.csv.part').touch()
    clean_up()
    assert [export.id for export in Export.select()] == [new] and files(site) == ['csv']
    User.delete().where(User.id == bob.id).execute()
    transfer.clean_up(db.now())
    assert files(site) == []


def test_a_file_of_somebody_who_left_meanwhile_is_not_made(site, alice):
    export = transfer.ask(alice, 'numbers', db.now())
    alice.delete_instance()
    tasks.make_export.call_local(export)
    assert files(site) == [] and not Message.select().exists()


def test_the_progress_is_written_down_while_it_goes_on(alice, monkeypatch):
    for number in range(3 * transfer.BATCH):
        Post.create(author=alice, title='x', slug=f'x{number}')
    seen = []
    monkeypatch.setattr(jobs, 'tell', lambda words: seen.append((words, Export.get().progress)))
    transfer.write(transfer.ask(alice, 'numbers', db.now()))
    assert seen == [('33 %', 33), ('66 %', 66)]


def test_a_file_that_was_never_finished_keeps_nobody_from_asking_again(alice, connection):
    with connection():
        first = transfer.ask(alice, 'numbers', db.now() - transfer.LOST_AFTER - timedelta(minutes=1))
        second = transfer.ask(alice, 'numbers', db.now())
        assert second and second != first and transfer.ask(alice, 'numbers', db.now()) is None
        assert Export.get_by_id(first).state == 'failed'
