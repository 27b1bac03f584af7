"""Whose period has closed, and what the report then says. The clock is passed in, never waited for."""

from datetime import time, timedelta

import pytest
from conftest import BROWSER, drain, ledger, outbox, person, text_of, write
from reporting import NOON, at, author, close_all, view

from quickpub import dates, db, tasks
from quickpub.accounts import deletion
from quickpub.accounts import users as accounts
from quickpub.audience import periods, reports, running_reports, views
from quickpub.codes import Code, Period, from_plain
from quickpub.content import publishing
from quickpub.mail import delivery, message
from quickpub.models import Message, Post, Report, SetAside, Site, User

MIDNIGHT = time(0)
def lines_of(number):
    return [(title, views, total) for title, _, _, views, total, *_ in Message.get_by_id(number).payload['lines']]


# When periods close

@pytest.mark.parametrize(('now', 'frequency', 'zone', 'closes', 'end'), [
    ('2026-11-22 12:00:00', 'daily', 'UTC', MIDNIGHT, '2026-11-22 00:00:00'),
    ('2026-11-22 00:00:00', 'daily', 'UTC', MIDNIGHT, '2026-11-22 00:00:00'),
    ('2026-11-21 23:59:59.99', 'daily', 'UTC', MIDNIGHT, '2026-11-21 00:00:00'),
    ('2026-11-22 12:00:00', 'daily', 'UTC', time(18, 30), '2026-11-21 18:30:00'),
    ('2026-11-22 12:00:00', 'daily', 'Pacific/Auckland', MIDNIGHT, '2026-11-22 11:00:00'),
    ('2026-11-22 10:59:59', 'daily', 'Pacific/Auckland', MIDNIGHT, '2026-11-21 11:00:00'),
    ('2026-11-22 12:00:00', 'daily', 'America/New_York', MIDNIGHT, '2026-11-22 05:00:00'),
    ('2026-11-22 12:00:00', 'weekly', 'UTC', MIDNIGHT, '2026-11-16 00:00:00'),  # a Sunday: its week is not over
    ('2026-11-23 00:00:00', 'weekly', 'UTC', MIDNIGHT, '2026-11-23 00:00:00'),
    ('2026-11-22 12:00:00', 'monthly', 'UTC', MIDNIGHT, '2026-11-01 00:00:00'),
    ('2026-12-01 04:59:59', 'monthly', 'America/New_York', MIDNIGHT, '2026-11-01 04:00:00'),
    ('2026-12-01 05:00:00', 'monthly', 'America/New_York', MIDNIGHT, '2026-12-01 05:00:00'),
    ('2026-01-01 00:00:00', 'monthly', 'UTC', MIDNIGHT, '2026-01-01 00:00:00'),
    ('2026-11-22 12:00:59.9', 'minute', 'UTC', MIDNIGHT, '2026-11-22 12:00:00'),
    # A clock that skips midnight itself (Santiago, 6 September 2026): the period still closes, once.
    ('2026-09-06 12:00:00', 'daily', 'America/Santiago', MIDNIGHT, '2026-09-06 04:00:00'),
])
def test_closing(now, frequency, zone, closes, end):
    assert periods.last_closing(at(now), frequency, zone, closes) == at(end)


@pytest.mark.parametrize(('zone', 'first', 'hours'), [
    # Both nights when the clocks change, and a day on either side: how long each day is.
    ('America/New_York', '2026-03-07 17:00', [24, 23, 24]),
    ('America/New_York', '2026-10-31 16:00', [24, 25, 24]),
    ('Pacific/Auckland', '2026-04-04 02:00', [24, 25, 24]),
    ('Pacific/Auckland', '2026-09-26 02:00', [24, 23, 24]),
    ('UTC', '2026-03-28 12:00', [24, 24, 24]),
])
def test_days_around_the_clock_changes_follow_each_other_without_gap_or_overlap(zone, first, hours):
    ends, now = [], at(first)
    while len(ends) < 4:
        end = periods.last_closing(now, 'daily', zone, MIDNIGHT)
        if not ends or end != ends[-1]:
            ends.append(end)
        now += timedelta(minutes=10)
    assert [(later - earlier) / timedelta(hours=1) for earlier, later in zip(ends, ends[1:], strict=False)] == hours


@pytest.mark.parametrize(('start', 'days', 'odd_days'), [
    # Auckland leaves summer time on 5 April and New York enters it on 8 March; in autumn it is the other way round.
    ('2026-03-01 00:00', 45, {'Pacific/Auckland': 25, 'America/New_York': 23, 'UTC': 24}),
    ('2026-09-20 00:00', 49, {'Pacific/Auckland': 23, 'America/New_York': 25, 'UTC': 24}),
])
def test_every_author_gets_each_day_of_their_own_zone_once_across_the_clock_changes(site, start, days, odd_days):
    """Asked every hour for weeks: each local day is closed once, one after the other, the odd one included."""
    users = {author(f'author{number}', zone, since=at(start))[0].id: zone for number, zone in enumerate(odd_days)}
    for hour in range(days * 24):
        close_all(at(start) + timedelta(hours=hour))
    for user_id, zone in users.items():
        found = list(Report.select().where(Report.user == user_id).order_by(Report.period_end))
        assert days - 1 <= len(found) <= days
        assert all(later.period_start == earlier.period_end
                   for earlier, later in zip(found, found[1:], strict=False))
        lengths = {(report.period_end - report.period_start) / timedelta(hours=1) for report in found[1:]}
        assert lengths == {24, odd_days[zone]}


# What a report says

def test_the_table_lists_every_published_post_with_its_views_in_the_period_and_its_total(site):
    alice, first = author('alice')
    second = write(alice, 'Another')
    Post.update(published_at=NOON - timedelta(days=3)).execute()
    write(alice, 'A draft', published=False)
    view(first, 3)
    view(second, 5)
    (number,) = close_all(NOON)
    assert lines_of(number) == [('Another', 5, 5), ('By alice', 3, 3)]
    payload = Message.get_by_id(number).payload
    assert (payload['views'], payload['total']) == (8, 8)
    assert Report.get().views == 8
    view(first, 2)
    (number,) = close_all(NOON + timedelta(days=1))
    assert lines_of(number) == [('By alice', 2, 5), ('Another', 0, 5)]


def test_the_mail_has_the_same_table_in_text_and_html(site):
    alice, post = author('alice')
    view(post, 7)
    close_all(NOON)
    delivery.deliver()
    (found,) = outbox(site)
    html = found.get_body(('html',)).get_content()
    for body in (text_of(found), html):
        assert 'By alice' in body and '7' in body and post.path in body and 'All posts' in body
    assert '<table' in html and found['Subject'].startswith('7 views, 19 – 21 Nov 2026')


def test_authors_without_a_published_post_get_none_and_no_backlog_later(site):
    alice = person('alice', reported_until=NOON - timedelta(days=30))
    assert close_all(NOON) == [] and Report.select().count() == 0
    post = write(alice, at=NOON)
    view(post, 2, NOON)
    (number,) = close_all(NOON + timedelta(days=1))
    assert Report.get().period_start == at('2026-11-22 00:00') and lines_of(number) == [('A post', 2, 2)]


def test_reports_come_again_after_the_clock_was_years_ahead(site):
    alice, post = author('alice')
    close_all(NOON.replace(year=2036))
    view(post, 3)
    assert close_all(NOON) == []
    reports.move_future_reports(NOON)
    assert len(close_all(NOON + timedelta(days=1))) == 1
    assert User.get_by_id(alice.id).reported_until <= NOON + timedelta(days=1)
    reports.move_future_reports(NOON + timedelta(days=1))
    assert close_all(NOON + timedelta(days=1)) == []


def test_who_leaves_or_unsubscribes_while_reports_are_made_gets_none_and_keeps_none_from_others(site):
    alice, bob, carol = (author(name)[0] for name in ('alice', 'bob', 'carol'))
    (closed,) = reports.due(NOON)
    deletion.delete_account(alice, True, NOON)
    accounts.change_profile(bob, {'report': 'never'}, NOON)
    assert [Message.get_by_id(number).recipient for number in reports.close_period(closed, NOON)] == [carol.email]
    assert not SetAside.select().exists(), 'an owner would be told of a failure'


def test_never_means_never_and_starts_afresh(site):
    from quickpub.accounts import users as accounts
    alice, post = author('alice', frequency='never')
    view(post, 9)
    assert close_all(NOON) == []
    accounts.change_profile(alice, {'report': 'daily'}, NOON)
    view(post, 1)
    (number,) = close_all(NOON + timedelta(days=1))
    assert lines_of(number) == [('By alice', 1, 10)]


# Once, and all of it

def test_one_report_per_period_however_often_it_is_asked(site):
    author('alice')
    assert len(close_all(NOON)) == 1
    assert [close_all(NOON + timedelta(hours=hour)) for hour in range(11)] == [[]] * 11
    assert Report.select().count() == 1


def test_two_consumers_that_found_the_same_authors_due_make_one_report(site):
    author('alice')
    first, second = list(reports.due(NOON)), list(reports.due(NOON))
    assert len(reports.close_period(first[0], NOON)) == 1
    assert reports.close_period(second[0], NOON) == []


def test_restarts_within_the_closing_minute_make_one_report(site):
    """At every start the schedules are asked at once, whatever second it is."""
    author('alice', since=at('2026-11-21 00:00'))
    moments = ['2026-11-21 23:59:59.99', '2026-11-22 00:00:00', '2026-11-22 00:00:00.01', '2026-11-22 00:00:30',
               '2026-11-22 00:00:59.99', '2026-11-22 00:01:00']
    assert [len(close_all(at(moment))) for moment in moments] == [0, 1, 0, 0, 0, 0]


def test_missed_periods_become_one_report_that_says_so(site):
    _, post = author('alice', since=at('2026-11-18 00:00'))
    view(post, 4)
    (number,) = close_all(NOON)
    payload = Message.get_by_id(number).payload
    assert from_plain(payload['period']) == Period(at('2026-11-18 00:00'), at('2026-11-22 00:00'), 'UTC')
    assert from_plain(payload['missed']) == Code('mail.missed_periods')
    assert 'more than one period' in message.bodies(Message.get_by_id(number), Site.this())[0]
    assert lines_of(number) == [('By alice', 4, 4)]


def test_a_clock_that_jumps_closes_no_period_twice_and_loses_no_view(site):
    _, post = author('alice', since=at('2026-11-21 00:00'))
    told = []
    for when in (NOON, NOON - timedelta(hours=1), NOON + timedelta(days=1), NOON, NOON + timedelta(days=1, hours=1),
                 NOON + timedelta(days=2)):
        view(post)
        told += [lines_of(number)[0][1] for number in close_all(when)]
    assert len(told) == 3 and sum(told) == Post.get().views == Post.get().reported_views == 6


def test_views_of_a_post_taken_offline_are_told_when_it_is_back(site):
    alice, post = author('alice')
    other = write(alice, 'Stays')
    Post.update(published_at=NOON - timedelta(days=3)).execute()
    view(post, 3)
    publishing.unpublish(post, db.now())
    (number,) = close_all(NOON)
    assert lines_of(number) == [('Stays', 0, 0)]
    Post.update(published_at=NOON - timedelta(days=3)).where(Post.id == post.id).execute()
    (number,) = close_all(NOON + timedelta(days=1))
    assert ('By alice', 3, 3) in lines_of(number) and other.views == 0


def test_a_report_asked_for_shows_the_period_so_far_and_closes_nothing(site):
    alice, post = author('alice')
    view(post, 3)
    for _ in range(2):
        (number,) = running_reports.compose_running([alice.id], db.now())
        assert lines_of(number) == [('By alice', 3, 3)] and Message.get_by_id(number).payload['is_running']
    assert Report.select().count() == 0
    (number,) = close_all(NOON)
    assert lines_of(number) == [('By alice', 3, 3)]


def test_the_tasks_send_to_one_or_to_all_and_the_schedule_closes(site):
    alice, post = author('alice')
    author('bob')
    person('carol')
    view(post)
    tasks.send_view_count_report(alice.id)
    drain()
    assert ledger() == [('report', 'alice@example.org', 'sent')]
    tasks.send_view_count_report()
    drain()
    assert [recipient for _, recipient, _ in ledger()[1:]] == ['alice@example.org', 'bob@example.org']
    tasks.close_periods.call_local()
    drain()
    assert len(ledger()) == 5 and all(state == 'sent' for *_, state in ledger())
    assert Report.select().count() == 2


def test_the_number_of_statements_grows_with_batches_not_with_authors(site):
    def statements(count, start):
        for number in range(count):
            author(f'writer{start + number}')
        asked = []
        execute = db.db.execute_sql
        db.db.execute_sql = lambda sql, *args, **options: asked.append(sql) or execute(sql, *args, **options)
        try:
            assert len(close_all(NOON)) == count
        finally:
            del db.db.execute_sql
        return len(asked)
    assert statements(5, 0) == statements(reports.BATCH, 5)


@pytest.mark.parametrize(('start', 'end', 'zone', 'words'), [
    ('2026-11-21 00:00', '2026-11-22 00:00', 'UTC', '21 November 2026'),
    ('2026-11-21 15:30', '2026-11-22 00:00', 'UTC', '21 November 2026'),
    ('2026-11-16 00:00', '2026-11-23 00:00', 'UTC', '16 – 22 Nov 2026'),
    ('2026-10-26 00:00', '2026-11-02 00:00', 'UTC', '26 Oct – 1 Nov 2026'),
    ('2025-12-29 00:00', '2026-01-05 00:00', 'UTC', '29 Dec 2025 – 4 Jan 2026'),
    ('2026-11-21 11:00', '2026-11-22 11:00', 'Pacific/Auckland', '22 November 2026'),
    ('2026-11-22 12:00', '2026-11-22 12:01', 'UTC', '22 November 2026, 12:00–12:01'),
    ('2026-11-21 18:00', '2026-11-22 18:00', 'UTC', '21 November 2026, 18:00 – 22 November 2026, 18:00'),
])
def test_a_period_in_words(start, end, zone, words):
    assert dates.period(at(start), at(end), zone) == words


def test_the_agent_of_the_tests_is_a_person():
    assert views.is_browser(BROWSER) and User is not None
