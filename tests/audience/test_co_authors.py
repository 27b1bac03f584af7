"""Views of a post with several authors: they count for each of them, and once for the site."""

from collections import Counter
from datetime import timedelta

import pytest
from conftest import person, write
from reporting import NOON, author, close_all, view

from quickpub import dates, db
from quickpub.accounts import users
from quickpub.audience import counting, recording, report_contents, running_reports, stats, sums, totals, views
from quickpub.content import authorship
from quickpub.exchange import exports
from quickpub.models import CoAuthor, DailyViews, DailyVisitorCount, KnownHost, Message, Post, Report, User

DAY, MIDNIGHT = timedelta(days=1), NOON - timedelta(hours=12)


def share(post, *members):
    for member in members:
        Post.load_co_authors([post])
        authorship.add_co_author(post, member.id, authorship.as_seen(post))


@pytest.fixture
def pair(site):
    """Two authors whose reports are due, and the post that they share: (alice, bob, post)."""
    alice, post = author('alice', since=MIDNIGHT - DAY)
    bob = person('bob', report='daily', reported_until=MIDNIGHT - DAY)
    Post.update(published_at=NOON - 9 * DAY).execute()
    share(post, bob)
    return alice, bob, post


def lines(user):
    """What the last report of a user tells: (title, views, total, change) of each post."""
    message = Message.select().where(Message.user == user, Message.kind == 'report').order_by(Message.id.desc()).first()
    return message and [(title, number, total, change) for title, _, _, number, total, _, change in
                        message.payload['lines']]


# Stats

def test_each_author_has_the_views_and_visitors_and_the_site_has_them_once(pair):
    alice, bob, post = pair
    write(bob, 'Another')
    at = db.now()
    for address in ('203.0.113.1', '203.0.113.2'):
        recording.record_view(post.id, at, address, 'Firefox', 'https://news.example/')
    counting.count_recorded_views()
    today = dates.at(at).date()
    for scope in (-alice.id, -bob.id, sums.SITE, post.id):
        found = stats.collect(scope, 7, today)
        assert (found.views, found.visitors) == (2, 2), scope
        assert stats.top_hosts(scope, found) == [('news.example', 2)]
        if scope <= 0:
            assert [(views, id) for id, _, views in stats.most_viewed(scope, 7)] == [(2, post.id)]
            assert [(views, id) for id, _, views in stats.most_viewed(scope, None)] == [(2, post.id)]
    assert totals.count_site(db.now())['views'] == 2
    assert totals.count_views_of(alice) == totals.count_views_of(bob) == 2
    assert totals.count_views_of(person('zoe')) == 0
    assert {(row.author_id, row.views) for row in KnownHost.select()} == {(alice.id, 2), (bob.id, 2)}


def test_views_after_a_co_author_has_left_are_not_theirs(pair):
    alice, bob, post = pair
    at = db.now()
    for _ in range(2):
        recording.record_view(post.id, at, '203.0.113.1', 'Firefox')
        counting.count_recorded_views()
        authorship.leave(post, bob)
    today = dates.at(at).date()
    assert [stats.collect(-user.id, 7, today).views for user in (alice, bob)] == [2, 1]
    assert stats.most_viewed(-bob.id, 7) == stats.most_viewed(-bob.id, None) == []
    assert DailyViews.get().views == 2 and DailyVisitorCount.get(DailyVisitorCount.scope == -bob.id).visitors == 1


def test_no_author_of_a_post_is_a_reader_of_it(pair):
    alice, bob, post = pair
    assert [views.is_counted_for(reader, post) for reader in (None, alice, bob, person('zoe'))] == [
        True, False, False, True]


# Reports

def test_the_reports_of_each_author_tell_all_views_once(pair):
    alice, bob, post = pair
    User.update(report='weekly', reported_until=MIDNIGHT - 7 * DAY).where(User.id == bob.id).execute()
    told = Counter()
    for number in range(15):
        view(post, number + 1)
        close_all(NOON + number * DAY)
    for report in Report.select():
        told[report.user_id] += report.views
    assert told[alice.id] == sum(range(1, 16)) == Post.get_by_id(post.id).reported_views
    row = CoAuthor.get()
    assert told[bob.id] == row.reported_views == sum(range(1, 10)), 'two weeks'
    assert Report.select().where(Report.user == alice).count() == 15
    assert Report.select().where(Report.user == bob).count() in (2, 3)


def test_a_co_author_sees_the_change_against_their_own_report_before(pair):
    alice, bob, post = pair
    view(post, 5)
    close_all(NOON)
    assert lines(bob) == [('By alice', 5, 5, None)]
    view(post, 2)
    close_all(NOON + DAY)
    assert lines(alice) == lines(bob) == [('By alice', 2, 7, -3)]


def test_posts_are_listed_by_views_whoever_is_their_first_author(pair):
    alice, bob, post = pair
    for title, number in (('Few', 1), ('Many', 9)):
        view(write(bob, title, at=NOON - 9 * DAY), number)
    view(post, 5)
    contents = report_contents.ReportContents.gather([alice, bob], NOON)
    assert [line.title for line in contents.lines[bob.id]] == ['Many', 'By alice', 'Few']
    assert [line.title for line in contents.lines[alice.id]] == ['By alice']


def test_a_new_co_author_is_told_of_the_views_since_then(pair):
    _, _, post = pair
    view(post, 5)
    zoe = person('zoe', report='daily', reported_until=MIDNIGHT - DAY)
    share(Post.get_by_id(post.id), zoe)
    view(post, 2)
    close_all(NOON)
    assert lines(zoe) == [('By alice', 2, 7, None)]


def test_who_turns_reports_on_again_is_not_told_of_the_time_without(pair):
    _, bob, post = pair
    users.change_profile(bob, {'report': 'never'}, NOON)
    view(post, 5)
    users.change_profile(User.get_by_id(bob.id), {'report': 'daily'}, NOON)
    assert CoAuthor.get().reported_views == 5


def test_reports_so_far_go_to_co_authors_too(pair):
    alice, bob, post = pair
    assert set(running_reports.authors_with_posts(NOON)) == {alice.id, bob.id}
    view(post, 3)
    running_reports.compose_running(None, NOON)
    assert lines(bob) == lines(alice) == [('By alice', 3, 3, None)]


# Exports

def test_exports_have_the_posts_of_each_author_with_all_names(pair):
    alice, bob, post = pair
    share(Post.get_by_id(post.id), zoe := person('zoe'))
    DailyViews.create(post=post, day=NOON.date(), views=3)
    for user in (alice, bob, zoe):
        export = exports.request(user, 'numbers', NOON)
        exports.write(export.id)
        exports.finish(export.id, NOON)
        assert '"Alice, Bob, Zoe",3' in exports.path_of(export).read_text('utf-8-sig')
