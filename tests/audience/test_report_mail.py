"""The report as a mail: what it says beside its numbers, when it comes as its author chose, and how it is stopped."""

import re
from datetime import time, timedelta
from html import unescape

import pytest
from conftest import drain, outbox, path_in, person, text_of, write
from reporting import NOON, at, author, close_all, view, without_time
from sites import browser_of, form_with, newest_mail, stored

from quickpub import db
from quickpub.accounts import users as accounts
from quickpub.audience import counting, periods, recording, report_email, running_reports
from quickpub.mail import delivery, message
from quickpub.models import KnownHost, Message, Post, Report, ReportedViews, Site, User

DAY = timedelta(days=1)


def payload_of(ids):
    (number,) = ids
    return Message.get_by_id(number).payload


def changes(payload):
    return {title: (views, change) for title, _, _, views, _, _, change in payload['lines']}


# Against the period before

def test_each_post_and_the_total_are_compared_with_the_report_before(site):
    alice, hills = author('alice', since=at('2026-11-21 00:00'))
    rivers = write(alice, 'Rivers')
    Post.update(published_at=NOON - 9 * DAY).execute()
    view(hills, 5)
    first = payload_of(close_all(NOON))
    assert first['change'] is None and changes(first) == {'By alice': (5, None), 'Rivers': (0, None)}
    view(hills, 2)
    view(rivers, 9)
    write(alice, 'Fresh')
    Post.update(published_at=NOON - 9 * DAY).execute()
    second = payload_of(close_all(NOON + DAY))
    assert second['change'] == 6
    assert changes(second) == {'Rivers': (9, 9), 'By alice': (2, -3), 'Fresh': (0, 'new')}
    third = payload_of(close_all(NOON + 2 * DAY))
    assert third['change'] == -11 and changes(third)['Rivers'] == (0, -9)
    reported = {each.post_id: each.views for each in ReportedViews.select()}
    assert reported == dict.fromkeys((post.id for post in Post.select()), 0)


@pytest.mark.parametrize(('frequency', 'since', 'ends', 'is_compared'), [
    ('daily', '2026-11-20 00:00', ['2026-11-21', '2026-11-24'], False),  # three days in one
    ('daily', '2026-11-20 12:00', ['2026-11-21', '2026-11-22'], False),  # half a day before
    ('daily', '2026-11-20 00:00', ['2026-11-21', '2026-11-22'], True),
    ('weekly', '2026-11-09 00:00', ['2026-11-16', '2026-11-23'], True),
    ('monthly', '2026-02-01 00:00', ['2026-03-01', '2026-04-01'], True)])
def test_only_periods_of_about_the_same_length_are_compared(site, frequency, since, ends, is_compared):
    author('alice', frequency=frequency, since=at(since))
    for end in ends:
        payload = payload_of(close_all(at(end)))
    assert (payload['change'] is not None) == is_compared


def test_the_day_when_the_clock_changes_is_compared_with_the_day_before(site):
    author('alice', 'Europe/Berlin', since=at('2026-03-27 23:00'))
    close_all(at('2026-03-28 23:00'))
    assert payload_of(close_all(at('2026-03-29 22:00')))['change'] == 0  # of 23 hours


@pytest.mark.parametrize(('views', 'subject'), [
    ((0, 0), 'No views, 22 November 2026'), ((3, 0), 'No views, '), ((0, 1), '1 view, 1 more than before, '),
    ((1200, 100), '100 views, 1 100 fewer than before, 22'), ((2, 2), '2 views, 22 November 2026 - The Village Voice')])
def test_the_subject_begins_with_the_number_that_matters(site, views, subject):
    _, post = author('alice', since=at('2026-11-21 00:00'))
    for number, count in enumerate(views):
        Post.update(views=Post.views + count).execute()
        (found,) = close_all(NOON + number * DAY)
    assert message.make_subject(Message.get_by_id(found), Site.this()).startswith(subject)


# What else it says

def test_both_parts_say_the_same(site):
    alice, hills = author('alice', since=at('2026-11-21 00:00'))
    rivers = write(alice, 'Rivers & more')
    Post.update(published_at=NOON - 9 * DAY).execute()
    for post, count in ((hills, 3), (rivers, 1200)):
        view(post, 0)
        Post.update(views=count).where(Post.id == post.id).execute()
    close_all(NOON)
    Post.update(views=Post.views + 4).where(Post.id == hills.id).execute()
    KnownHost.create(author=alice, host='news.example', views=3, is_told=False)
    (number,) = close_all(NOON + DAY)
    plain, html = map(unescape, message.bodies(Message.get_by_id(number), Site.this()))
    for words in ('4 views', 'Most viewed: ', 'By alice', 'All posts', 'news.example (3 views)',
                  f'{site.url}/studio/stats', f'{site.url}/settings', 'unsubscribe', f'{site.url}{hills.path}'):
        assert words in ' '.join(plain.split()) and words in re.sub('</?bdi>', '', html), words
    assert '1 199 fewer' in ' '.join(plain.split()) and '1\u202f199 fewer' in html
    assert '-1 200' in plain and '−1\u202f200' in html and '+1' in plain and '+1' in html
    assert '=' * 36 in plain and 'width="100%"' in html
    assert '<img' not in html and '<svg' not in html and max(map(len, plain.splitlines())) <= 80


def test_of_many_posts_the_most_viewed_are_listed_and_the_others_summed(site):
    alice, _ = author('alice')
    Post.insert_many([{'author': alice, 'title': f'Post {number}', 'slug': f'p{number}', 'views': number,
                       'published_at': NOON - 9 * DAY} for number in range(1, 100)]).execute()
    (number,) = close_all(NOON)
    payload = Message.get_by_id(number).payload
    assert len(payload['lines']) == report_email.POSTS_LISTED and payload['lines'][0][0] == 'Post 99'
    assert payload['others'] == {'count': 50, 'views': 1225, 'total': 1225} and payload['views'] == 4950
    for part in message.bodies(Message.get_by_id(number), Site.this()):
        assert '50 other posts' in part and 'Post 50' in part and 'Post 49' not in part and len(part) < 100_000
    assert Post.select().where(Post.views != Post.reported_views).count() == 0


def test_nothing_viewed_is_said_kindly(site):
    author('alice')
    (number,) = close_all(NOON)
    plain, html = message.bodies(Message.get_by_id(number), Site.this())
    assert plain.startswith('Hello Alice,')
    for part in (plain, html):
        assert 'None of your posts was viewed this time' in part and 'no views' in part and 'Most viewed' not in part


def test_each_new_referrer_is_named_in_one_report(site):
    alice, post = author('alice')

    def come_from(*hosts):
        for host in hosts:
            recording.record_view(post.id, db.now(), referrer=f'https://www.{host}/path')
        counting.count_recorded_views()
        return close_all
    come_from('a.example', 'b.example', 'b.example')
    assert running_reports.preview(alice, db.now()).payload['hosts'] == [['b.example', 2], ['a.example', 1]]
    first = payload_of(close_all(NOON))
    assert first['hosts'] == [['b.example', 2], ['a.example', 1]] and first['more_hosts'] == 0
    come_from('a.example', *(f'{message}.example' for message in 'cdefghi'))
    second = payload_of(close_all(NOON + DAY))
    assert len(second['hosts']) == 5 and second['more_hosts'] == 2
    assert 'a.example' not in dict(second['hosts'])
    assert payload_of(close_all(NOON + 2 * DAY))['hosts'] == []


# When it comes

@pytest.mark.parametrize(('now', 'weekday', 'end'), [
    ('2026-11-22 12:00', 6, '2026-11-16'), ('2026-11-23 00:00', 6, '2026-11-23'),
    ('2026-11-22 12:00', 5, '2026-11-22'), ('2026-11-22 12:00', 4, '2026-11-21'),
    ('2026-11-22 12:00', 0, '2026-11-17'), ('2026-11-24 00:00', 0, '2026-11-24')])
def test_a_week_closes_with_the_day_that_was_chosen(now, weekday, end):
    assert periods.last_closing(at(now), 'weekly', 'UTC', at(now).min.time(), weekday) == at(end)


def test_everybody_is_due_at_their_own_day_and_hour(site):
    ways = [('daily', 6, '18:00'), ('daily', 6, '06:00'), ('weekly', 2, '18:00'), ('weekly', 6, '18:00'),
            ('monthly', 6, '07:00')]
    since = at('2026-11-01 07:00')
    users = [author(f'writer{number}', frequency=way[0], since=since)[0] for number, way in enumerate(ways)]
    for user, (_, day, closes) in zip(users, ways, strict=True):
        User.update(report_day=day, report_time=closes).where(User.id == user.id).execute()
    for hour in range(24 * 31):
        close_all(since + timedelta(hours=hour))
    ends = [[report.period_end for report in Report.select().where(Report.user == user).order_by(Report.period_end)]
            for user in users]
    assert [len(each) for each in ends] == [31, 31, 4, 5, 1]
    assert {end.hour for end in ends[0]} == {18} and {end.hour for end in ends[1]} == {6}
    assert {(end.weekday(), end.hour) for end in ends[2]} == {(3, 18)}  # when Wednesday's evening is over
    assert {(end.weekday(), end.hour) for end in ends[3]} == {(0, 18)} and ends[4] == [at('2026-12-01 07:00')]


def test_whatever_is_changed_whenever_no_period_is_lost_or_doubled(site):
    """Asked each half hour for two months, while the author changes their mind all the time."""
    alice, post = author('alice', 'Europe/Berlin', since=at('2026-03-01 00:00'))
    choices = [('daily', 6, '00:00', 'Europe/Berlin'), ('daily', 6, '18:00', 'Europe/Berlin'),
               ('weekly', 3, '02:00', 'Europe/Berlin'), ('daily', 6, '02:00', 'Pacific/Auckland'),
               ('weekly', 0, '23:00', 'America/New_York'), ('daily', 6, '02:00', 'Europe/Berlin')]
    for half_hour in range(2 * 24 * 60):
        now = at('2026-03-01 00:00') + timedelta(minutes=30 * half_hour)
        if half_hour % 131 == 0:
            changes = dict(zip(('report', 'report_day', 'report_time', 'timezone'),
                               choices[half_hour // 131 % len(choices)], strict=True))
            accounts.change_profile(User.get_by_id(alice.id), changes, now)
        if half_hour % 7 == 0:
            Post.update(views=Post.views + 1).execute()
        close_all(now)
    found = list(Report.select().order_by(Report.period_end))
    assert all(later.period_start == earlier.period_end for earlier, later in zip(found, found[1:], strict=False))
    assert found[0].period_start == at('2026-03-01 00:00') and len(found) > 25
    post = Post.get()
    assert sum(report.views for report in found) == post.reported_views and post.views - post.reported_views < 20
    assert now - found[-1].period_end < timedelta(days=8)


def test_the_settings_take_day_and_hour_and_nothing_else(alice, browse, connection):
    browser = browse(alice)
    form = form_with(browser.get('/settings'), 'report_time')
    assert (form['report_day'].value, form['report_time'].value) == ('6', '00:00')
    form['report'], form['report_day'], form['report_time'] = 'weekly', '4', '17:00'
    form.submit('action', status=303)
    with connection():
        user = User.get_by_id(alice.id)
    assert (user.report, user.report_day, user.report_time) == ('weekly', 4, '17:00')
    before = stored()
    fields = {name: form[name].value for name in ('name', 'handle', 'bio', 'timezone', 'report')}
    for bad in ({'report_day': '7'}, {'report_day': '-1'}, {'report_day': 'x'}, {'report_time': '25:00'},
                {'report_time': '12:34'}):
        assert 'aria-invalid' in browser.post('/settings', fields | bad | {'action': 'profile'}, status=400)
    assert stored() == before
    browser.post('/settings', fields | {'action': 'profile'}, status=303)  # an older form: as it was
    assert stored() == before


def test_new_authors_have_the_time_that_the_site_has(site):
    browser_of(site, report_time=time(18, 30))
    db.db.connect(reuse_if_open=True)
    alice = person('alice')
    assert alice.report_time == '18:30'
    assert periods.last_closing_for(alice, at('2026-11-22 12:00')) == at('2026-11-21 18:30')


# To look at first

def test_what_is_shown_is_what_is_mailed(site, alice, browse, connection):
    with connection():
        view(write(alice, 'Hills'), 3)
    browser = browse(alice)
    page, framed = browser.get('/studio/report'), browser.get('/studio/report/letter')
    before = stored()
    page.forms[1].submit(status=303)
    found = newest_mail(site)
    assert page.html.select_one('.preview dd').get_text() == found['To'] == alice.email
    plain, html = (found.get_body((kind,)).get_content().replace('\r', '') for kind in ('plain', 'html'))
    assert without_time(framed.text) == without_time(html)
    assert without_time(page.html.select_one('pre.letter').get_text().strip()) == without_time(plain.strip())
    assert stored()['Report'] == before['Report'] == [] and stored()['Post'] == before['Post']


def test_without_a_post_or_a_confirmed_address_there_is_nothing_to_send(site, alice, browse, connection):
    with connection():
        victor = person('victor', verified=False)
    for user, words in ((alice, 'you have no published posts'), (victor, 'Confirm your email address to get reports')):
        browser = browse(user)
        page = browser.get('/studio/report')
        assert words in page and not page.html.find('iframe')
        browser.get('/studio/report/letter', status=404)
        browser.post('/studio/report', status=303)
    drain()
    with connection():
        assert not Message.select().exists()


def test_nobody_sees_or_sends_the_report_of_somebody_else(olga, alice, browse, connection):
    with connection():
        write(alice, 'Hills')
    browse(olga).get('/studio/report/letter', status=404)
    for path in ('/studio/report', '/studio/report/letter'):
        assert browse().get(path, status=303).location.endswith(f'/login?next={path}')
    assert browse().post('/studio/report', status=303).location.endswith('/login?next=/studio')


# To stop it

def test_a_mail_program_stops_it_by_the_header_alone_and_the_page_undoes_it(site, connection):
    browser = browser_of(site, url='https://blog.example.org')
    with connection():
        _, post = author('alice', frequency='weekly')
        view(post)
        close_all(NOON + DAY)
        delivery.deliver()
    (found,) = outbox(site)
    assert found['List-Unsubscribe-Post'] == 'List-Unsubscribe=One-Click'
    link = found['List-Unsubscribe'].strip('<>')
    assert link.startswith('https://blog.example.org/unsubscribe/') and link in text_of(found)
    path = path_in(found, '/unsubscribe/')

    def chosen():
        with connection():
            return User.get().report
    page = browser.post(path, {'List-Unsubscribe': 'One-Click'}, headers={'User-Agent': ''})  # no cookie, no Origin
    assert chosen() == 'never' and not browser.cookies and 'You are unsubscribed' in page
    form = page.forms[0]
    assert form['again'].value == 'weekly'  # as it was
    assert 'Unsubscribe from reports' in form.submit()
    assert chosen() == 'weekly'
    browser.get(path).forms[0].submit()
    assert chosen() == 'never' and browser.get(path).forms[0]['again'].value == 'daily'  # what the site has
    for nonsense in ('minute', 'never', '"<'):
        browser.post(path, {'again': nonsense})
        assert chosen() == 'never'
    browser.post(path[:-1] + ('A' if path[-1] != 'A' else 'B'), {'again': 'daily'}, status=404)
    assert chosen() == 'never'
