"""Numbers to look at: sums by day, week and month, the most viewed, and the page that shows them."""

from datetime import date, timedelta

import pytest
from conftest import write

from quickpub import dates, db
from quickpub.audience import calendar, recent_window, recording, stats, sums
from quickpub.content import trash
from quickpub.models import DailyReferrers, DailyTotals, DailyViews, DailyVisitorCount, Post, RecentDay, RecentViews

TODAY = date(2026, 11, 22)


def count(post, ages, today=TODAY):
    """So many views so many days ago, as the fold writes them: what comes later that day is added."""
    for age, views in ages.items():
        DailyViews.insert(post=post, day=today - timedelta(days=age), views=views).on_conflict(
            conflict_target=[DailyViews.post, DailyViews.day],
            update={DailyViews.views: DailyViews.views + views}).execute()


@pytest.fixture
def hills(alice):
    recent_window.roll_recent_window(TODAY)
    return write(alice, 'Hills')


def test_days_of_a_post_an_author_and_the_site_with_the_time_before(alice, bob, hills):
    rivers, other = write(alice, 'Rivers'), write(bob, 'Other')
    count(hills, {0: 1, 6: 2, 7: 4, 13: 8, 14: 100})
    count(hills, {0: 5})
    count(rivers, {1: 16, 8: 32})
    count(other, {0: 64})
    DailyVisitorCount.create(scope=-alice.id, day=TODAY, visitors=3)
    of_post, of_author, of_site = (stats.collect(scope, 7, TODAY) for scope in (hills.id, -alice.id, sums.SITE))
    assert (of_post.views, of_post.before) == (8, (12, 0)) and of_post.best.first == TODAY
    assert (of_author.views, of_author.visitors, of_author.before) == (24, 3, (44, 0))
    assert (of_site.views, of_site.before) == (88, (44, 0)) and stats.collect(sums.SITE, None, TODAY).views == 232
    assert len(of_post.bars) == 7 and of_post.unit == 'day' and of_post.bars[0] == (date(2026, 11, 16), 2, 0)


@pytest.mark.parametrize(('days', 'unit', 'bars', 'first'), [
    (91, 'day', 92, date(2026, 8, 23)), (92, 'week', 14, date(2026, 8, 17)), (399, 'week', 58, date(2025, 10, 13)),
    (400, 'month', 14, date(2025, 10, 1)), (1095, 'month', 37, date(2023, 11, 1))])
def test_all_time_is_shown_in_days_weeks_or_months_so_that_it_stays_readable(alice, hills, days, unit, bars, first):
    count(hills, {days: 3, 0: 1})
    found = stats.collect(-alice.id, None, TODAY)
    assert (found.unit, len(found.bars), found.bars[0].first) == (unit, bars, first)
    assert found.views == sum(bar.views for bar in found.bars) == 4 and found.before is None


def test_nothing_at_all(alice):
    found = stats.collect(-alice.id, None, TODAY)
    assert (found.views, len(found.bars)) == (0, 1)
    assert stats.most_viewed(-alice.id, None) == stats.top_hosts(-alice.id, found) == []


def by_hand(days, today):
    """The same as `RecentViews`, from the days themselves."""
    sums = {}
    for row in DailyViews.select().where(DailyViews.day > today - timedelta(days=days)):
        sums[row.post_id] = sums.get(row.post_id, 0) + row.views
    return sums


def test_sums_of_the_last_days_are_right_whatever_the_day_does(alice, bob):
    """It passes, is missed, jumps far ahead and back again, while views come."""
    written = [write(author, f'Post {number}') for number, author in enumerate((alice, alice, bob))]
    today = TODAY
    for step in (0, 1, 1, 5, 30, -30, 1, 0, 90, 400, -370, 2):
        today += timedelta(days=step)
        recent_window.roll_recent_window(today)
        for number, post in enumerate(written):
            count(post, {0: 1 + number, 3: 2, 29: number, 88 + number: 5}, today)
        assert RecentDay.get().today == today
        for days in recent_window.SPANS:
            views = getattr(RecentViews, f'days_{days}')
            found = {row.post_id: getattr(row, views.name) for row in RecentViews.select().where(views > 0)}
            assert found == {post: total for post, total in by_hand(days, today).items() if total}, (today, days)


def test_the_most_viewed_without_what_is_in_the_trash(alice, bob, hills):
    written = [hills, *(write(author, title) for author, title in ((alice, 'Rivers'), (alice, 'Gone'), (bob, 'Other')))]
    for number, post in enumerate(written):
        count(post, {0: 1 + number, 20: 10 * (3 - number)})
        Post.update(views=10 + number).where(Post.id == post.id).execute()
    trash.move_to_trash(written[2], db.now())
    assert [title for _, title, _ in stats.most_viewed(-alice.id, 7)] == ['Rivers', 'Hills']
    assert [(title, views) for _, title, views in stats.most_viewed(sums.SITE, 30)] == [
        ('Hills', 31), ('Rivers', 22), ('Other', 4)]
    assert [title for _, title, _ in stats.most_viewed(sums.SITE, None)] == ['Other', 'Rivers', 'Hills']


def test_where_readers_came_from(alice, bob, hills):
    other = write(bob, 'Other')
    for post, host, views in ((hills, 'a.example', 1), (hills, 'b.example', 3), (other, 'a.example', 9)):
        DailyReferrers.create(post=post, day=TODAY, host=host, views=views)
    DailyReferrers.update(views=DailyReferrers.views + 1).where(DailyReferrers.host == 'b.example').execute()
    month = stats.collect(sums.SITE, 30, TODAY)
    assert stats.top_hosts(sums.SITE, month) == [('a.example', 10), ('b.example', 4)]
    assert stats.top_hosts(-alice.id, month) == stats.top_hosts(hills.id, month) == [('b.example', 4), ('a.example', 1)]


def test_what_is_deleted_for_good_was_read_all_the_same(alice, hills):
    count(hills, {0: 3})
    Post.delete().execute()
    assert DailyTotals.get(DailyTotals.scope == -alice.id).views == 3 and not RecentViews.select().exists()
    assert stats.collect(-alice.id, 7, TODAY).views == 3 and stats.most_viewed(-alice.id, 7) == []


# The pages

@pytest.mark.within_a_minute  # the page and the test are of the same day
def test_the_page_has_the_chart_as_a_picture_and_as_a_table(alice, browse, connection):
    with connection():
        hills = write(alice, 'Hills')
        count(hills, {0: 5, 2: 7, 8: 3, 40: 2}, calendar.site_day(db.now()))
        Post.update(views=14).execute()
    browser = browse(alice)
    for path in ('/studio/stats', f'/studio/stats/{hills.id}'):
        page = browser.get(f'{path}?days=7').html
        assert page.select_one('.chart svg')['aria-label'].endswith(
            f'. 12 views from {days_ago(6)} to {days_ago(0)}. Most views: 7 ({days_ago(2)}).')
        assert len(page.select('.chart g')) == len(page.select('.chart tbody tr')) == 7
        row = page.select('.chart tbody tr')[2]
        assert [cell.get_text() for cell in row.select('th, td')] == [days_ago(2), '7', '0']
        assert 'Views, 9 more than in the 7 days before' in ' '.join(page.get_text().split())
        assert not page.find_all(style=True)
    assert len(browser.get('/studio/stats?days=all').html.select('.chart g')) == 41
    assert len(browser.get('/studio/stats?days=nonsense').html.select('.chart g')) == 30


def days_ago(number):
    day = calendar.site_day(db.now()) - timedelta(days=number)
    return f'{day.day} {day:%B %Y}'


def test_a_view_that_was_not_counted_yet_is_in_all_numbers_of_the_page(alice, browse, connection):
    with connection():
        hills = write(alice, 'Hills')
        recording.record_view(hills.id, db.now())
    page = browse(alice).get(f'/studio/stats/{hills.id}').html
    assert [each.get_text() for each in page.select('.counts dd')] == ['1', '1', '1']


def test_an_author_sees_their_own_and_the_owner_the_whole_site(olga, alice, bob, browse, connection):
    with connection():
        for number, author in enumerate((olga, alice, bob)):
            count(write(author, f'By {author.name}'), {0: 10 ** number}, calendar.site_day(db.now()))

    def views(user, path='/studio/stats'):
        return browse(user).get(path).html.select_one('.counts dd').get_text()
    assert [views(alice), views(alice, '/studio/stats?whose=all'), views(bob)] == ['10', '10', '100']
    assert [views(olga), views(olga, '/studio/stats?whose=mine')] == ['111', '1']
    assert 'By Bob' in browse(olga).get('/studio/stats')
    assert 'By Bob' not in browse(alice).get('/studio/stats?whose=all')


def test_the_numbers_of_a_post_are_its_author_s_and_the_owner_s(olga, alice, bob, browse, connection):
    with connection():
        draft = write(alice, 'A draft', published=False)
    path = f'/studio/stats/{draft.id}'
    assert 'A draft' in browse(alice).get(path) and 'A draft' in browse(olga).get(path)
    browse(bob).get(path, status=404)
    assert browse().get(path, status=303).location.endswith(f'/login?next={path}')


def test_sums_of_the_last_days_are_right_again_after_the_clock_was_ahead(hills):
    count(hills, {0: 1, 10: 2, 50: 4, 89: 8, 90: 16})
    before = RecentViews.get()
    recent_window.roll_recent_window(TODAY + timedelta(days=120))
    assert not RecentViews.select().exists()
    recent_window.roll_recent_window(TODAY)
    after = RecentViews.get()
    assert (after.days_7, after.days_30, after.days_90) == (1, 3, 15) == (
        before.days_7, before.days_30, before.days_90)


@pytest.mark.parametrize(('count', 'marked'), [
    (1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (7, [0, 2, 3, 4, 6]), (30, [0, 7, 14, 22, 29])])
def test_the_axis_has_a_few_dates_from_the_first_to_the_last(count, marked):
    bars = [stats.Bar(TODAY + timedelta(days=number)) for number in range(count)]
    found = stats.Stats(bars[0].first, bars[-1].first, bars, 'day', 0, 0, None).marked
    assert [bars.index(bar) for bar in found] == marked


@pytest.mark.within_a_minute  # the page and the test are of the same day
def test_dates_on_the_axis_are_as_exact_as_the_bars(alice, browse, connection):
    with connection():
        hills = write(alice, 'Hills')
        today = calendar.site_day(db.now())
        count(hills, {0: 1}, today)
    page = browse(alice).get('/studio/stats?days=7').html
    assert page.select('.bars .mark')[0].text == dates.short_date(today - timedelta(days=6))
    for age, write_date in ((200, dates.medium_date), (900, dates.short_month)):
        with connection():
            count(hills, {age: 1}, today)
        page = browse(alice).get('/studio/stats?days=all').html
        last = page.select('.bars .mark')[-1]
        assert last.text == write_date(date.fromisoformat(last['datetime']))
        assert 'between' in page.select('.bars .mark')[1]['class'] and 'between' not in last['class']
