"""Files to take away: what is in them, whole or not at all, and for nobody else."""

import csv
import io
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from conftest import clean_up, drain, link_in, outbox, write

from quickpub import db, tasks
from quickpub.audience import recording
from quickpub.codes import Code
from quickpub.exchange import exports
from quickpub.jobs import claims
from quickpub.models import DailyReferrers, DailyViews, DailyVisitorCount, Export, Message, Post, User


def count(post, views, day='2026-11-22', visitors=0, **hosts):
    DailyViews.create(post=post, day=day, views=views)
    DailyVisitorCount.create(scope=post.id, day=day, visitors=visitors)
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
        list(exports.COLUMNS),
        ['2026-11-22', 'Hills, äöü', 'http://localhost:8000/p/hills-aou', 'Alice', '5', '4',
         'forum.example 3, news.example 2'],
        ['2026-11-01', 'Rivers', 'http://localhost:8000/p/rivers', 'Alice', '1', '0', '']]
    assert answer.headers['Content-Disposition'].startswith('attachment; filename="numbers-')
    assert answer.headers['Cache-Control'] == 'private, no-store'
    (mail,) = outbox(site)
    assert link_in(mail, '/studio/exports').endswith('/studio/exports') and mail['To'] == alice.email
    assert files(site) == ['csv']


def test_views_that_wait_to_be_counted_are_in_it(alice, browse, connection):
    with connection():
        recording.record_view(write(alice).id, db.now())
    browser = browse(alice)
    page = browser.post('/studio/exports', {'kind': 'numbers'}).follow()
    drain()
    assert [row[4] for row in table(browser.get('/studio/exports').click('Download'))] == ['Views', '1']
    assert 'In progress' in page


@pytest.mark.parametrize('sign', [*'=+-@＝＋－＠﹦﹢﹣﹫−\t\r\n'])
def test_whatever_a_spreadsheet_may_take_for_a_formula_is_text(sign):
    for start in ('', ' ', '   ', '"', "'", ' " ', '\u201c', '\u00ab', '\u3000', '\xa0', '\u200b', '\ufeff', '\0'):
        assert exports._escape_formula(f'{start}{sign}SUM(A1)') == f"'{start}{sign}SUM(A1)"


@pytest.mark.parametrize('cell', ['', 'Hills', ' "Hills"', 'a=b', '1-2', 'x@example.org', '2026-11-28', '#1', '–',
                                  '日本', 5, -5])
def test_other_cells_stay_as_they_are(cell):
    assert exports._escape_formula(cell) == cell


@pytest.mark.parametrize('title', ['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', '＝1', '"=1"'])
def test_no_cell_is_a_formula(alice, browse, connection, title):
    with connection():
        count(write(alice, title), 1)
        export = exports.request(alice, 'numbers', db.now()).id
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
        export = exports.request(alice, 'numbers', db.now()).id
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
        export = exports.request(alice, 'numbers', db.now()).id
        path = exports.path_of(Export.get_by_id(export))
        for half in (path.with_name(path.name + '.part'), path):
            half.write_text('Day,Post\n2026')
    browser = browse(alice)
    browser.get(f'/studio/exports/{export}', status=404)
    with connection():
        tasks.make_export.call_local(export)
    assert len(table(browser.get(f'/studio/exports/{export}'))) == 2 and files(site) == ['csv']


def test_while_it_cannot_be_made_it_waits_and_can_be_asked_for_again(site, alice, browse):
    (site.data / 'exports').rmdir()
    (site.data / 'exports').write_text('a file in its place')
    browser = browse(alice)
    browser.post('/studio/exports', {'kind': 'numbers'})
    drain()
    assert browser.get('/studio/exports').html.find('progress')
    (site.data / 'exports').unlink()
    (site.data / 'exports').mkdir()
    browser.post('/studio/exports', {'kind': 'numbers'})
    drain()
    assert browser.get('/studio/exports').html.find('a', string='Download')


def test_after_a_week_it_is_gone_with_what_is_nobody_s(site, alice, bob):
    old, new = exports.request(alice, 'numbers', db.now()).id, exports.request(bob, 'numbers', db.now()).id
    for export in (old, new):
        exports.write(export)
        exports.finish(export, db.now())
    Export.update(created_at=db.now() - timedelta(days=8)).where(Export.id == old).execute()
    (site.data / 'exports' / 'nobodys.csv.part').touch()
    clean_up()
    assert [export.id for export in Export.select()] == [new] and files(site) == ['csv']
    User.delete().where(User.id == bob.id).execute()
    exports.clean_up(db.now())
    assert files(site) == []


def test_a_file_of_somebody_who_left_meanwhile_is_not_made(site, alice):
    export = exports.request(alice, 'numbers', db.now()).id
    alice.delete_instance()
    tasks.make_export.call_local(export)
    assert files(site) == [] and not Message.select().exists()


def test_the_progress_is_written_down_while_it_goes_on(alice, monkeypatch):
    for number in range(3 * exports.BATCH):
        Post.create(author=alice, title='x', slug=f'x{number}')
    seen = []
    monkeypatch.setattr(claims, 'report_progress', lambda progress: seen.append((progress, Export.get().progress)))
    exports.write(exports.request(alice, 'numbers', db.now()).id)
    assert [(Code.from_json(progress), percent) for progress, percent in seen] == [
        (Code('export.progress', percent=33), 33), (Code('export.progress', percent=66), 66)]


@pytest.mark.parametrize('kind', ['numbers', 'site'])
def test_killed_again_and_again_it_goes_on_where_it_was(site, olga, kind, monkeypatch):
    """Each process writes one more part and begins another, which a power cut would tear, before it is killed."""
    for number in range(12 * exports.BATCH):
        post = Post.create(author=olga, title=f'Post {number}, äöü', slug=f'x{number}')
        count(post, 1, news=1)
    other = 'site' if kind == 'numbers' else 'numbers'
    whole, torn = (Export.get_by_id(exports.request(olga, each, db.now()).id) for each in (other, kind))
    Export.update(state='waiting').execute()  # although they have no jobs
    exports.write(whole.id)
    done = subprocess.run([sys.executable, '-c', KILLED, str(torn.id)], env=os.environ | site.environ() | {
        'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}, check=True, capture_output=True, text=True)
    torn = Export.get_by_id(torn.id)
    begun = [int(each) for each in done.stdout.split()]
    assert begun == sorted(set(begun)) and len(begun) == 11 and torn.progress == 91
    seen, days = [], exports._list_days
    monkeypatch.setattr(exports, '_list_days', lambda ids: seen.append(ids) or days(ids))
    exports.write(torn.id)
    assert sum(map(len, seen)) == exports.BATCH, 'only what was missing'
    assert exports.path_of(torn).read_bytes() == exports.path_of(whole).read_bytes()


KILLED = '''
import os, signal, sqlite3, sys
from quickpub import db, opening, settings
from quickpub.exchange import exports
site, export = settings.from_env(), int(sys.argv[1])
keep = exports._sync
def kept(export, file, *further):
    keep(export, file, *further)
    file.write(b'torn')
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
exports._sync = kept
for _ in range(11):
    if os.fork() == 0:
        opening.open_site(site)
        db.db.connect()
        exports.write(export)
        os._exit(0)
    assert os.wait()[1] == signal.SIGKILL
    database = sqlite3.connect(site.paths.database)
    print(*database.execute('SELECT last_post FROM export WHERE id = ?', [export]).fetchone())
    database.close()
'''


@pytest.mark.parametrize('content', [None, b'', b'short'], ids=['gone', 'empty', 'shorter than the row says'])
def test_where_what_was_written_is_lost_it_begins_anew(site, alice, content):
    for number in range(3 * exports.BATCH):
        count(Post.create(author=alice, title=f'Post {number}', slug=f'x{number}'), 1)
    export = Export.get_by_id(exports.request(alice, 'numbers', db.now()).id)
    Export.update(bytes=999, last_post=30, progress=33).where(Export.id == export.id).execute()
    draft = exports.path_of(export).with_name(f'{export.file}.part')
    if content is not None:
        draft.write_bytes(content)
    exports.write(export.id)
    assert len(exports.path_of(export).read_text('utf-8-sig').splitlines()) == 1 + 3 * exports.BATCH


def test_a_file_whose_job_is_gone_keeps_nobody_from_asking_again(alice, connection):
    with connection():
        first, second = exports.request(alice, 'numbers', db.now()), exports.request(alice, 'numbers', db.now())
        tasks.make_export(second.id)
        assert second.id != first.id and exports.request(alice, 'numbers', db.now()) is None
        assert Export.get_by_id(first.id).state == 'failed'
