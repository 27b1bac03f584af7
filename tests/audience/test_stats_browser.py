"""What an author knows about their readers, in a real browser, with JavaScript and without: the list of posts, charts,
the file of all numbers, the report and its settings; and the desk's pages under axe, on a phone, in light and dark."""

import csv
from datetime import timedelta

import pytest
from conftest import BROWSER, PASSWORD, link_in, person, write
from images import PDF, picture
from playwright.sync_api import expect
from reporting import without_time
from rig import Visitor, chromium, wait_for
from sites import keep
from windows import assert_axe_finds_nothing, reused_window, window

from quickpub import db
from quickpub.audience import calendar, sums
from quickpub.content import tags
from quickpub.exchange import exports
from quickpub.jobs import queue, tables
from quickpub.mail import ledger
from quickpub.models import DailyReferrers, DailyViews, DailyVisitorCount, Export, MediaFile, Message, Post, Site, User
from quickpub.tasks import prepare_pictures

HILLS = {0: 5, 2: 7, 8: 3, 40: 2}  # days ago -> views


@pytest.fixture
def served(shared_rig):
    """A site that runs, with three people, and views on some days."""
    rig = shared_rig
    with rig.database():
        Site.create(id=1, title='The Village Voice')
        rig.olga, rig.alice, rig.bob = person('olga', role='owner'), person('alice'), person('bob')
        rig.today = calendar.site_day(db.now())
        rig.hills = write(rig.alice, 'Hills', tags='Walks')
        rig.draft = write(rig.alice, 'A draft', published=False)
        read(rig, rig.hills, HILLS, hosts={'news.example': 4, 'forum.example': 1})
        read(rig, write(rig.alice, '=Rivers & more'), {1: 2})
        read(rig, write(rig.bob, 'By Bob'), {0: 100})
    return rig


def read(rig, post, views, hosts=()):
    """So many views so many days ago, each second one by somebody else, as the fold writes them."""
    for age, count in views.items():
        day = rig.today - timedelta(days=age)
        DailyViews.create(post=post, day=day, views=count)
        for scope in (post.id, -post.author_id, sums.SITE):
            DailyVisitorCount.insert(scope=scope, day=day, visitors=count // 2).on_conflict(
                conflict_target=[DailyVisitorCount.scope, DailyVisitorCount.day],
                update={DailyVisitorCount.visitors: DailyVisitorCount.visitors + count // 2}).execute()
    for host, count in dict(hosts).items():
        DailyReferrers.create(post=post, day=rig.today, host=host, views=count)
    Post.update(views=sum(views.values())).where(Post.id == post.id).execute()


@pytest.fixture(params=[True, False], ids=['with scripts', 'without scripts'])
def page(request, served):
    """Alice's window, with JavaScript and without; nothing may go wrong in it."""
    with chromium() as browser, reused_window(browser, served, java_script_enabled=request.param) as page:
        page.has_scripts = request.param
        yield page
    assert page.problems == []


# The list of posts

def titles(page):
    return page.locator('.posts tbody .title a').all_text_contents()


def test_the_list_is_searched_filtered_and_sorted(page, served):
    page.goto('/studio')
    assert page.get_by_role('row', name='Hills').get_by_role('img', name='15 views in 30 days').is_visible()
    assert page.get_by_role('row', name='A draft').get_by_role('img').count() == 0
    page.get_by_label('Title').fill('RIV')
    page.keyboard.press('Enter')
    page.wait_for_url('**q=RIV*')
    assert titles(page) == ['=Rivers & more']
    page.get_by_label('Title').fill('<b>"\'')
    page.get_by_role('button', name='Filter').click()
    page.get_by_text('No matching posts').wait_for()
    page.get_by_role('link', name='Show all your posts').click()
    page.get_by_label('Status').select_option('Drafts')
    page.get_by_role('button', name='Filter').click()
    page.wait_for_url('**state=draft*')
    assert titles(page) == ['A draft']
    page.get_by_label('Status').select_option('All')
    page.get_by_label('Sort').select_option('Most viewed first')
    page.get_by_role('button', name='Filter').click()
    page.wait_for_url('**sort=views*')
    assert titles(page) == ['Hills', '=Rivers & more', 'A draft']
    page.get_by_role('link', name='17 views: stats of Hills').click()
    page.get_by_role('heading', name='Hills').wait_for()


def test_several_posts_are_ticked_with_the_keyboard_and_changed_at_once(page, served):
    page.goto('/studio')
    page.get_by_role('button', name='Unpublish').click()
    page.get_by_text('No posts selected').wait_for()

    def tick():
        for title in ('Hills', '=Rivers & more'):
            page.get_by_label(f'Select: {title}').press('Space')
    tick()
    page.get_by_label('Tag', exact=True).fill('Outside')
    page.get_by_role('button', name='Add tag').press('Enter')
    page.get_by_text('Tag added').wait_for()
    tick()
    page.get_by_role('button', name='Unpublish').press('Enter')
    page.get_by_text('The posts are drafts again').wait_for()
    tick()
    page.get_by_role('button', name='Move to trash').press('Enter')
    page.get_by_text('2 posts were moved to trash').wait_for()
    assert titles(page) == ['A draft']
    page.get_by_role('button', name='Undo').press('Enter')
    page.get_by_text('Restored.').wait_for()
    with served.database():
        assert tags.as_line(served.hills) == 'Walks, Outside'
        assert Post.select().where(Post.author == served.alice, Post.deleted_at.is_null()).count() == 3
        assert not Post.select().where(Post.author == served.alice, Post.published_at.is_null(False)).exists()


# Charts

def days_ago(rig, number):
    day = rig.today - timedelta(days=number)
    return f'{day.day} {day:%B %Y}'


def bars(page):
    """What the chart says of each bar, oldest first, and how high it stands, of the whole height."""
    told = [' '.join(each.split()) for each in page.locator('.chart .value').all_text_contents()]
    whole = page.locator('.chart svg').bounding_box()['height']
    drawn = [each.locator('.views') for each in page.locator('.chart g').all()]
    return told, [each.bounding_box()['height'] / whole if each.count() else 0 for each in drawn]


def rows(page):
    return [row.locator('th, td').all_text_contents() for row in page.locator('.chart tbody tr').all()]


def test_the_chart_has_a_name_and_its_numbers_stand_in_a_table_below(page, served):
    for path, name in (('', 'Views of your posts'), (f'/{served.hills.id}', 'Views of Hills')):
        page.goto(f'/studio/stats{path}?days=7')
        views = {0: 5, 2: 7} if 'Hills' in name else {0: 5, 1: 2, 2: 7}
        chart = page.get_by_role('img', name=f'{name}. {sum(views.values())} views from {days_ago(served, 6)} to '
                                 f'{days_ago(served, 0)}. Most views: 7 ({days_ago(served, 2)}).', exact=True)
        assert chart.is_visible()
        page.get_by_text('Show as a table').press('Enter')
        assert page.get_by_role('table', name=f'{name}, newest first').is_visible()
        expected = [[days_ago(served, age), views.get(age, 0), views.get(age, 0) // 2] for age in range(7)]
        assert rows(page) == [[str(cell) for cell in row] for row in expected]
        told, heights = bars(page)
        assert told == [f'{day} {views} views {visitors} visitor{"s" * (visitors != 1)}'
                        for day, views, visitors in reversed(expected)]
        assert heights == pytest.approx([views / 10 for _, views, _ in reversed(expected)], abs=0.01)


def test_a_finger_across_the_chart_shows_each_bar_and_still_scrolls_the_page(served):
    phone = {'viewport': {'width': 375, 'height': 640}, 'has_touch': True, 'is_mobile': True}
    with chromium() as browser, window(browser, served, **phone) as page:
        page.goto('/studio/stats?days=7')
        found = page.locator('[data-bars] li')
        found.first.scroll_into_view_if_needed()
        boxes = [each.bounding_box() for each in found.all()]
        fingers = page.context.new_cdp_session(page)

        def touch(kind, bar=None, below=20):
            points = [] if bar is None else [{'x': boxes[bar]['x'] + boxes[bar]['width'] / 2,
                                              'y': boxes[bar]['y'] + below}]
            fingers.send('Input.dispatchTouchEvent', {'type': f'touch{kind}', 'touchPoints': points})

        touch('Start', 1)
        for bar in (2, 3, 4, 5):
            touch('Move', bar)
            expect(found.nth(bar)).to_be_focused()
            expect(found.nth(bar).locator('.value')).to_be_visible()
            shown = [each for each in found.all() if each.locator('.value').is_visible()]
            assert len(shown) == 1
        touch('End')
        expect(found.nth(5).locator('.value')).to_be_visible()
        touch('Start', 3, 90)
        for below in range(80, -60, -10):
            touch('Move', 3, below)
        touch('End')
        wait_for(lambda: page.evaluate('scrollY') > 0, 'the page to scroll')
        assert page.problems == []


def test_the_time_is_chosen_with_the_keyboard_and_compared_with_the_time_before(page, served):
    page.goto('/studio')
    page.get_by_role('link', name='Stats', exact=True).press('Enter')
    page.get_by_text('in the 30 days before').first.wait_for()
    for words, count, compared in (('7 days', 14, ', 11 more than in the 7 days before'),
                                   ('90 days', 19, ', none in the 90 days before'), ('All time', 19, ''),
                                   ('30 days', 17, ', 15 more than in the 30 days before')):
        spans = page.get_by_role('navigation', name='Period')
        spans.get_by_role('link', name='7 days').focus()
        for _ in range(['7 days', '30 days', '90 days', 'All time'].index(words)):
            page.keyboard.press('Tab')
        page.keyboard.press('Enter')
        spans.locator('[aria-current]').get_by_text(words).wait_for()
        found = page.locator('.counts div').first
        assert found.locator('dd').inner_text() == str(count)
        assert ' '.join(found.locator('dt').inner_text().split()) == f'Views{compared}'
    ranked = page.get_by_role('table', name='The most viewed posts')
    assert [row.split('\t') for row in ranked.locator('tbody tr').all_inner_texts()] == [
        ['Hills', '15'], ['=Rivers & more', '2']]
    hosts = page.get_by_role('table', name='Sites that most readers came from')
    assert [row.split('\t') for row in hosts.locator('tbody tr').all_inner_texts()] == [
        ['news.example', '4'], ['forum.example', '1']]
    ranked.get_by_role('link', name='Hills').press('Enter')
    page.get_by_role('heading', name='Hills').wait_for()
    assert page.url.endswith(f'/studio/stats/{served.hills.id}?days=30')


def test_the_owner_sees_the_whole_site_or_their_own_and_who_reads_just_now(served):
    with chromium() as browser, reused_window(browser, served, 'olga@example.org') as page:
        page.goto('/studio/stats?days=7')
        assert page.locator('.counts dd').first.inner_text() == '114'
        assert page.get_by_role('link', name='By Bob').is_visible()
        page.get_by_role('link', name='Mine').press('Enter')
        page.get_by_text('No views in this period').wait_for()
        page.get_by_role('link', name='90 days').press('Enter')
        page.get_by_role('link', name='Everybody’s').press('Enter')
        page.get_by_role('link', name='By Bob').wait_for()
        assert page.locator('.spans [aria-current]').all_inner_texts() == ['Everybody’s', '90 days']
        page.goto(f'/studio/stats/{served.hills.id}')
        page.get_by_text('Stats of a post by Alice').wait_for()
        Visitor(served.url).get('/p/hills', Referer='https://www.village.example/news')
        page.get_by_role('link', name='7 days').press('Enter')
        page.wait_for_url('**days=7')
        assert page.locator('.counts dd').all_inner_texts() == ['13', '6', '18']
        assert 'village.example' in page.get_by_role('table', name='Sites that').inner_text()
        assert page.problems == []


def test_a_table_is_one_for_screen_readers_on_a_phone_too(served):
    """Its rows are laid out otherwise there; some browsers once took such tables for plain text."""
    with chromium() as browser, window(browser, served, viewport={'width': 360, 'height': 640}) as page:
        page.goto('/studio')
        tree = page.context.new_cdp_session(page).send('Accessibility.getFullAXTree')['nodes']
        roles = [node['role']['value'] for node in tree if not node['ignored']]
        assert [roles.count(role) for role in ('table', 'columnheader', 'rowheader')] == [1, 7, 4]
        assert roles.count('row') == 5 and roles.count('cell') >= 3 * 5


BEGINS = '''rows => rows.map(row => [...row.querySelectorAll('.state, .number:not(.week)')].map(cell => {
  const range = new Range()
  range.selectNodeContents(cell)
  return Math.round(range.getBoundingClientRect().left)
}))'''


def test_on_a_phone_the_lines_of_a_post_begin_below_each_other(served):
    with chromium() as browser, reused_window(browser, served, viewport={'width': 360, 'height': 640}) as page:
        page.goto('/studio')
        rows = page.locator('.posts tbody tr').evaluate_all(BEGINS)
        assert len(rows) == 3 and sum(state == views for state, views in rows) == 2, rows  # a draft has no views


# The file of all numbers

def test_all_my_numbers_are_prepared_told_by_mail_and_downloaded_by_me_alone(page, served):
    with served.database():
        queue.pause()
    page.goto('/studio/stats')
    page.get_by_role('link', name='Export stats').click()
    page.get_by_role('button', name='Export my stats').click()
    page.get_by_text('We are preparing your export').wait_for()
    assert page.get_by_role('progressbar', name='Progress').get_attribute('value') == '0'
    assert page.get_by_role('link', name='Download').count() == 0
    with served.database():
        queue.resume()
    told = served.mail_server.wait_for('alice@example.org', 'Your stats are ready')
    if not page.has_scripts:  # with them the page comes up to date by itself
        page.reload()
    page.get_by_text('Created').wait_for()
    link = page.get_by_role('link', name='Download')
    with page.expect_download() as found:
        link.press('Enter')
    assert found.value.suggested_filename == f'numbers-{served.today}.csv'
    with open(found.value.path(), encoding='utf-8-sig', newline='') as file:
        table = list(csv.reader(file))
    assert table[0] == list(exports.COLUMNS)
    assert [[row[0], *row[4:]] for row in table if row[1] == 'Hills'] == [
        [str(served.today - timedelta(days=age)), str(views), str(views // 2),
         '' if age else 'news.example 4, forum.example 1'] for age, views in sorted(HILLS.items(), reverse=True)]
    assert {tuple(row[1:4]) for row in table[1:]} == {
        ('Hills', f'{served.url}/p/hills', 'Alice'), ("'=Rivers & more", f'{served.url}/p/rivers-more', 'Alice')}
    place = link.get_attribute('href')
    with window(page.context.browser, served, 'bob@example.org') as his:
        his.goto('/studio/exports')
        his.get_by_text('No exports yet').wait_for()
        assert his.goto(place).status == 404
    stranger = page.context.browser.new_page(user_agent=BROWSER, java_script_enabled=page.has_scripts)
    stranger.goto(link_in(told, '/studio/exports'))
    stranger.get_by_label('Email address').fill('alice@example.org')
    stranger.get_by_label('Password').fill(PASSWORD)
    stranger.get_by_role('button', name='Log in', exact=True).click()
    stranger.get_by_role('link', name='Download').wait_for()


# The report before it comes, when it comes, and how it is stopped

def test_the_report_is_shown_as_it_is_mailed_and_stopped_without_logging_in(page, served):
    page.goto('/studio/report')
    letter = page.frame_locator('iframe[title="The report as most email programs show it"]')
    letter.get_by_text('17 views').first.wait_for()
    assert letter.get_by_role('link', name='=Rivers & more').get_attribute('href') == f'{served.url}/p/rivers-more'
    framed = page.context.request.get('/studio/report/letter').text()
    page.get_by_role('button', name='Email it to me now').click()
    page.get_by_text('We are emailing you the report').wait_for()
    found = served.mail_server.wait_for('alice@example.org', '19 views')
    mailed = found.get_body(('html',)).get_content().replace('\r', '')
    assert without_time(mailed) == without_time(framed)
    assert page.get_by_text(found['Subject'].split(',')[0]).first.is_visible()
    with served.database():
        assert Post.get_by_id(served.hills.id).reported_views == 0, 'the regular report tells it again'
    stranger = page.context.browser.new_page(user_agent=BROWSER, java_script_enabled=page.has_scripts)
    link = link_in(found, '/unsubscribe/')
    assert f'<{link}>' == found['List-Unsubscribe']
    stranger.goto(link)
    assert chosen(served).report == 'daily', 'mail scanners follow links'
    stranger.get_by_role('button', name='Unsubscribe').press('Enter')
    stranger.get_by_role('heading', name='You are unsubscribed').wait_for()
    assert chosen(served).report == 'never'
    stranger.get_by_label('Get reports again').select_option('Every week')
    stranger.get_by_role('button', name='Turn reports on').press('Enter')
    stranger.get_by_role('heading', name='Unsubscribe from reports').wait_for()
    assert chosen(served).report == 'weekly'


def chosen(rig):
    with rig.database():
        return User.get_by_id(rig.alice.id)


def test_when_reports_come_is_chosen_in_the_settings(page, served):
    page.goto('/settings')
    page.get_by_label('Time zone').select_option('Europe/Berlin')
    page.get_by_label('Email me a report').select_option('Every week')
    page.get_by_label('Last day of the week').select_option('Wednesday')
    page.get_by_label('Time of the report').select_option('07:00')
    page.get_by_role('button', name='Save').press('Enter')
    page.get_by_text('Saved.').wait_for()
    assert [page.get_by_label(label).input_value() for label in ('Email me a report', 'Time of the report')] == [
        'weekly', '07:00']
    user = chosen(served)
    assert (user.timezone, user.report, user.report_day, user.report_time) == ('Europe/Berlin', 'weekly', 2, '07:00')
    page.get_by_role('link', name='Preview a report').press('Enter')
    page.frame_locator('iframe').get_by_text('You get this report every week.').wait_for()


# The pages of the desk that no other test shows to a browser

@pytest.fixture
def furnished(served):
    """Paths of the desk, with something of every kind on them, for the owner."""
    with served.database():
        for name, content in (('hill.jpg', picture()), ('paper.pdf', PDF), ('broken.png', b'\x89PNG\r\n\x1a\n')):
            keep(served.olga, name, content)
        prepare_pictures()
        wait_for(lambda: not MediaFile.select().where(MediaFile.state.in_(['waiting', 'working'])).exists(), 'pictures')
        queue.pause()
        for kind, state in (('site', 'failed'), ('numbers', 'waiting'), ('site', 'ready')):
            export = Export.get_by_id(exports.request(served.olga, kind, db.now()).id)
            export.state, export.error = state, 'The disk of this site is full.'
            export.save()
        error = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nValueError: ' + 'no ' * 90
        for state, run_at in (('dead', db.now()), ('ready', db.now()), ('ready', db.now() + timedelta(days=1))):
            tables.Job.create(name='quickpub.tasks.deliver', message=b'', state=state, run_at=run_at, error=error)
        tables.Tally.create(minute=db.now().replace(second=0, microsecond=0), name='x', done=3, failed=1)
        for state in ('sent', 'failed', 'deferred', 'held', 'queued'):
            ledger.compose('export', f'{state}{"@".join(["x" * 50] * 2)}.example', key=state, subject=f'{state} ' * 20,
                         payload={'exports_url': f'{served.url}/{"x" * 99}', 'days': 7})
            last = Message.get(key=state)
            Message.update(state=state, answer='550 <No> such user here', next_try=db.now(),
                           sent_at=db.now() if state == 'sent' else None).where(Message.key == state).execute()
        User.update(mail_trouble='550 <No> such user here').where(User.id == served.bob.id).execute()
    return ['/studio?whose=all', '/studio/stats', '/studio/stats?days=all&whose=mine',
            f'/studio/stats/{served.hills.id}', '/studio/media', '/studio/exports', '/studio/report', '/studio/trash',
            '/settings', '/settings/delete', '/admin', '/admin/jobs', '/admin/mail', f'/admin/mail/{last.id}',
            '/admin/members', '/admin/settings/general', '/admin/audit', '/admin/audit?q=nonsense']


def test_axe_finds_nothing_and_nothing_sticks_out(furnished, served):
    with chromium() as browser, reused_window(browser, served, 'olga@example.org') as page:
        for path in furnished:
            page.goto(path)
            for summary in page.locator('main summary').all():
                summary.click()
            for scheme, width in (('light', 1280), ('dark', 360)):
                page.set_viewport_size({'width': width, 'height': 800})
                assert_axe_finds_nothing(page, scheme)
                assert page.evaluate('document.documentElement.scrollWidth') == width, path
        assert page.problems == []
