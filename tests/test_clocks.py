"""A clock that is ahead for a moment, and is put right: nothing waits for it, lives for ever, or is lost."""

from datetime import datetime, timedelta

import pytest
from conftest import PASSWORD, drain, person, write

from quickpub import clocks, db, tasks, throttle
from quickpub.accounts import email_change, links, password_reset, registration, sessions
from quickpub.audience import counting, future_days, periods, recent_window, recording, reports
from quickpub.jobs import queue, rescue, tally
from quickpub.jobs.tables import Job, Tally
from quickpub.mail import delivery, ledger
from quickpub.models import (
    Autosave,
    DailyHosts,
    DailyReferrers,
    DailySalt,
    DailyTotals,
    DailyViews,
    DailyVisitor,
    DailyVisitorCount,
    Export,
    KnownHost,
    Message,
    Post,
    RecentDay,
    RecentViews,
    Report,
    Session,
    Token,
    User,
)
from quickpub.throttle import ThrottleUse
from quickpub.upkeep import checks, corrections, health
from quickpub.wsgi.pagecache import PageCache

NOON = datetime(2026, 11, 25, 12)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LEAPS = [2 * MINUTE, timedelta(hours=2), DAY, 8 * DAY, 30 * DAY, 200 * DAY, 3653 * DAY]
each_leap = pytest.mark.parametrize('leap', LEAPS, ids=str)


@pytest.mark.parametrize(('offset', 'is_ahead'), [
    (timedelta(0), False), (timedelta(seconds=59), False), (MINUTE, False), (timedelta(seconds=60.1), True),
    (30 * DAY, True), (-30 * DAY, False), (3653 * DAY, True)])
def test_what_is_ahead_for_a_moment_and_for_a_query(site, offset, is_ahead):
    ThrottleUse.create(budget='x', key='x', at=NOON + offset)
    assert clocks.is_ahead(NOON + offset, NOON) == is_ahead
    assert ThrottleUse.select().where(clocks.is_ahead(ThrottleUse.at, NOON)).exists() == is_ahead
    is_lately = offset > -DAY and not is_ahead
    assert clocks.is_lately(NOON + offset, DAY, NOON) == is_lately
    assert ThrottleUse.select().where(clocks.is_lately(ThrottleUse.at, DAY, NOON)).exists() == is_lately


# Reports

def author(name='alice', **fields):
    user = person(name, **{'reported_until': NOON - DAY / 2, 'timezone': 'UTC', 'report': 'daily'} | fields)
    return user, write(user, f'By {name}', at=NOON - 9 * DAY)


def close_all(when):
    count = 0
    for closed in reports.due(when):
        with db.db.atomic():
            count += len(reports.close_period(closed, when))
    return count


def view(post, count=1):
    for _ in range(count):
        recording.record_view(post.id, NOON)
    counting.count_recorded_views()


@pytest.mark.parametrize(('frequency', 'later'), [('daily', DAY), ('weekly', 7 * DAY), ('monthly', 31 * DAY)])
@pytest.mark.parametrize(('leap', 'is_corrected'), [
    (DAY, True), (8 * DAY, True), (30 * DAY, True), (40 * DAY, True), (400 * DAY, True), (400 * DAY, False),
    (3653 * DAY, True), (3653 * DAY, False)], ids=str)
def test_reports_come_again_in_the_next_period(site, leap, frequency, later, is_corrected):
    alice, post = author(report=frequency)
    User.update(reported_until=periods.last_closing_for(alice, NOON)).execute()
    view(post, 3)
    early = close_all(NOON + leap)
    assert early == (periods.last_closing_for(alice, NOON + leap) > periods.last_closing_for(alice, NOON))
    view(post, 2)
    for minute in range(3):
        assert close_all(NOON + minute * MINUTE) == 0
    if is_corrected:
        reports.move_future_reports(NOON + 11 * MINUTE)
        assert not Report.select().where(Report.period_end > NOON + 12 * MINUTE).exists()
    assert close_all(NOON + later) == 1
    assert close_all(NOON + later) == 0
    assert sum(report.views for report in Report.select()) == 5
    last = Report.select().order_by(Report.id.desc()).get()
    assert last.period_start < last.period_end == periods.last_closing_for(alice, NOON + later)


@pytest.mark.parametrize('leap', [8 * DAY, 30 * DAY, 300 * DAY], ids=str)
def test_a_report_of_the_true_day_comes_although_a_wrong_clock_had_made_it(site, leap):
    alice, post = author()
    close_all(NOON + leap)
    close_all(NOON)
    reports.move_future_reports(NOON + 11 * MINUTE)
    view(post, 4)
    assert close_all(NOON + leap) == 1 and Message.select().count() == 2
    assert [report.views for report in Report.select().order_by(Report.id)] == [0, 4]


@pytest.mark.parametrize('leap', [MINUTE, timedelta(hours=1), timedelta(hours=2)], ids=str)
def test_a_report_that_a_fast_clock_has_sent_a_little_early_does_not_come_again_on_time(site, leap):
    alice, post = author(reported_until=datetime(2026, 11, 24))
    midnight = datetime(2026, 11, 26)
    assert close_all(midnight) == 1
    view(post, 2)
    reports.move_future_reports(midnight - leap)
    assert close_all(midnight - leap) == close_all(midnight) == 0
    assert close_all(midnight + DAY) == 1
    assert [report.views for report in Report.select().order_by(Report.id)] == [0, 2]


@pytest.mark.parametrize('behind', [timedelta(hours=1), DAY, 30 * DAY, 3653 * DAY], ids=str)
def test_a_clock_that_is_behind_makes_no_report_twice_and_none_of_years(site, behind):
    alice, post = author()
    assert close_all(NOON + DAY) == 1
    for minute in range(3):
        close_all(NOON + DAY - behind + minute * MINUTE)
    count = Message.select().count()
    view(post, 2)
    assert close_all(NOON + DAY) == 0 and Message.select().count() == count
    assert close_all(NOON + 2 * DAY) == 1
    last = Report.select().order_by(Report.id.desc()).get()
    assert last.period_end - last.period_start == DAY and sum(report.views for report in Report.select()) == 2


def test_several_reports_of_one_author_that_a_wrong_clock_has_made_are_all_put_right(site):
    author()
    for days in range(30, 35):
        close_all(NOON + days * DAY)
    reports.move_future_reports(NOON)
    ends = [report.period_end for report in Report.select()]
    assert len(set(ends)) == 5 and max(ends) < NOON + MINUTE
    assert all(report.period_start <= report.period_end for report in Report.select())


# Health

DATED = {
    'reports': lambda when, user, post: Report.create(
        user=user, period_start=NOON, period_end=when + clocks.EARLY, views=0),
    'emails': lambda when, user, post: mail_at(when),
    'posts': lambda when, user, post: Post.update(updated_at=when).execute(),
    'links': lambda when, user, post: Token.create(purpose='reset', user=user, created_at=when, expires_at=when),
    'accounts': lambda when, user, post: User.update(created_at=when).execute(),
    'recurring jobs': lambda when, user, post: tasks.huey.enqueue_recurring(when),
}


def mail_at(when):
    ledger.compose('exists', 'alice@example.org', key='x', subject='x')
    Message.update(created_at=when).execute()


@pytest.mark.parametrize('what', DATED)
@each_leap
def test_health_says_that_something_is_dated_in_the_future(site, leap, what):
    user, post = author(created_at=NOON - DAY)
    assert health.problems(NOON)['clock'] is None
    DATED[what](NOON + leap, user, post)
    assert what in health.problems(NOON)['clock'] and health.problems(NOON + leap)['clock'] is None
    tasks.huey.enqueue_recurring(NOON)
    corrections.correct(NOON)
    reports.move_future_reports(NOON)
    assert health.problems(NOON)['clock'] is None


# Mails, log-ins, links, sessions

@each_leap
def test_mails_that_somebody_waits_for_are_not_held_back(site, alice, leap):
    bob = person('bob', verified=False)
    written = 0
    with db.db.atomic():
        for when in (NOON + leap, NOON):
            assert password_reset.request_reset(alice.email, when) and registration.resend_verification(bob, when)
            assert email_change.request_change(alice, f'{when:%Y%m%d%H%M}@example.org', when)
            assert registration.sign_up('Alice', alice.email, 'x', when)
            Message.update(created_at=when).where(Message.id > written).execute()  # the ledger goes by its own clock
            written = Message.select().count()
        assert not password_reset.request_reset(alice.email, NOON + MINUTE), 'within ten minutes one is enough'


@each_leap
def test_failed_log_ins_of_a_wrong_clock_do_not_count(site, alice, leap):
    for _ in range(sessions.TRIES_PER_PAIR):
        with pytest.raises(sessions.Rejected):
            sessions.log_in(alice.email, 'wrong', '10.0.0.1', NOON + leap)
    with pytest.raises(sessions.Throttled):
        sessions.log_in(alice.email, PASSWORD, '10.0.0.1', NOON + leap)
    assert sessions.log_in(alice.email, PASSWORD, '10.0.0.1', NOON) == alice
    throttle.clean_up(NOON)
    assert not ThrottleUse.select().where(ThrottleUse.at > NOON + MINUTE).exists()


@each_leap
def test_a_session_that_a_wrong_clock_began_lasts_as_long_as_any(site, alice, leap):
    secret = sessions.start(alice, 'x', NOON + leap)
    assert sessions.find(secret, NOON)
    corrections.correct(NOON)
    assert sessions.find(secret, NOON) and Session.get().expires_at <= NOON + sessions.SESSION_LASTS + MINUTE
    other = sessions.start(alice, 'x', NOON + leap)
    assert sessions.refresh(sessions.find(other, NOON), NOON) == (leap > MINUTE)
    assert max(session.expires_at for session in Session.select()) <= NOON + sessions.SESSION_LASTS + MINUTE


@each_leap
def test_sessions_and_links_survive_a_moment_in_the_future(site, alice, leap):
    secret = sessions.start(alice, 'x', NOON)
    link = links.create_link('reset', links.RESET_LIFETIME, NOON, user=alice)
    for when in (NOON + leap, NOON):
        tasks.huey.enqueue_recurring(when)
        assert when == NOON or leap < 7 * DAY or not careful_jobs()
        Job.delete().execute()
    assert sessions.find(secret, NOON) and links.find_link('reset', link.text, NOON)


@pytest.fixture(autouse=True)
def has_run(request):
    """All chores ran an hour ago."""
    if 'site' in request.fixturenames:
        request.getfixturevalue('site')
        tasks.huey.enqueue_recurring(NOON - timedelta(hours=1))
        Job.delete().execute()


def careful_jobs():
    return {job.name.rpartition('.')[2] for job in Job.select()} & {
        name.rpartition('.')[2] for name, each in tasks.huey.recurrences().items() if each.max_leap}


@each_leap
def test_nothing_that_is_kept_for_a_time_goes_because_of_a_moment_in_the_future(site, alice, monkeypatch, leap):
    """The trash, unsaved texts, unused files, mails: all chores run in those five seconds that may."""
    post = write(alice, at=NOON - 100 * DAY)
    Post.update(deleted_at=NOON).execute()
    Autosave.create(user=alice, tab='a' * 16, post=post, typed_at=NOON, beginning='x', size=1, fields={'title': 'x'})
    with db.db.atomic():
        export = Export.create(user=alice, kind='numbers', file='x.csv', created_at=NOON, state='ready')
    monkeypatch.setattr(tasks, 'now', lambda: NOON + leap)
    tasks.huey.enqueue_recurring(NOON + leap)
    if leap > 7 * DAY:
        assert careful_jobs() == set()
    for name in careful_jobs():
        if name.startswith('clean_up'):
            getattr(tasks, name).call_local()
    assert Post.select().exists() and Autosave.select().exists() and Export.get_or_none(Export.id == export)


@each_leap
def test_a_link_that_a_wrong_clock_made_is_good_as_long_as_it_says(site, alice, leap):
    link = links.create_link('reset', links.RESET_LIFETIME, NOON + leap, user=alice)
    assert links.find_link('reset', link.text, NOON)
    corrections.correct(NOON)
    assert links.find_link('reset', link.text, NOON + timedelta(hours=1))
    with pytest.raises(links.InvalidLink):
        links.find_link('reset', link.text, NOON + timedelta(hours=3))


@each_leap
def test_a_mail_that_a_wrong_clock_wrote_or_put_off_is_seen_and_sent(site, leap):
    mail_at(NOON + leap)
    assert '1 email is waiting' in checks.check_mail(NOON)
    Message.update(state='deferred', next_try=NOON + leap).execute()
    delivery.wake(NOON)
    assert leap <= 2 * delivery.BACK_OFF[-1] or Message.get().state == 'queued'


@each_leap
def test_a_mail_that_fails_while_the_clock_is_ahead_is_not_given_up(site, monkeypatch, leap):
    ledger.compose('exists', 'alice@example.org', key='x', subject='x')
    message = Message.get()
    message.attempts = 1
    monkeypatch.setattr(delivery, 'now', lambda: message.created_at + leap)
    assert delivery._retry_later(message, '451 later').state == 'deferred'
    message.attempts = 9
    assert delivery._retry_later(message, '451 later').state == ('failed' if leap > 2 * DAY else 'deferred')


# Jobs

@each_leap
def test_a_job_put_off_by_a_wrong_clock_is_due(site, leap):
    queue.enqueue('quickpub.tasks.deliver', b'{}')
    Job.update(created_at=NOON, run_at=NOON + leap, attempts=1).execute()
    rescue.make_due(NOON)
    assert Job.get().run_at == (NOON if leap > DAY else NOON + leap)
    Job.update(run_at=NOON + leap, attempts=0).execute()
    rescue.make_due(NOON)
    assert Job.get().run_at == NOON + leap, 'what was meant to be later stays later'


@each_leap
def test_what_is_told_of_the_last_run_is_in_the_past(site, leap):
    for when in (NOON - MINUTE, NOON + leap):
        Tally.create(minute=when, name='quickpub.tasks.deliver', done=1, failed=0)
    assert tally.last_runs(['quickpub.tasks.deliver', 'x'], NOON) == {'quickpub.tasks.deliver': NOON - MINUTE}
    tally.clean_up(NOON)
    assert [each.minute for each in Tally.select()] == [NOON - MINUTE]


# Pages

@each_leap
def test_a_scheduled_post_that_went_live_for_a_moment_is_not_served_afterwards(site, alice, leap):
    write(alice, 'Long ago', at=NOON - DAY)
    write(alice, 'Scheduled', at=NOON + leap - timedelta(seconds=1))
    cache = PageCache(site)
    before = cache.generation(NOON)
    assert cache.generation(NOON + timedelta(seconds=1)) is before
    future = cache.generation(NOON + leap)
    assert future is not before and cache.generation(NOON + leap + timedelta(seconds=4)) is future
    after = cache.generation(NOON + timedelta(seconds=5))
    assert after is not future and after.find(('/', '')) is None
    assert cache.generation(NOON + timedelta(seconds=6)) is after
    assert cache.generation(NOON + leap) is not after, 'and when its time has come it is there'


def test_a_page_stays_in_memory_while_the_clock_is_put_back_by_little(site, alice):
    write(alice, at=NOON - DAY)
    cache = PageCache(site)
    generation = cache.generation(NOON)
    for back in (timedelta(seconds=1), MINUTE, timedelta(hours=3)):
        assert cache.generation(NOON - back) is generation


# Counting

@pytest.mark.parametrize('days', [2, 8, 31, 100, 3653])
def test_views_that_were_counted_on_days_to_come_are_of_today(site, alice, days):
    post, other = write(alice, at=NOON - DAY), write(alice, at=NOON - DAY)
    for when in (NOON, NOON + days * DAY, NOON + days * DAY):
        recording.record_view(post.id, when, '192.0.2.1', 'Firefox', 'https://news.example/')
    recording.record_view(other.id, NOON + days * DAY, '192.0.2.2', 'Firefox', 'https://else.example/')
    counting.count_recorded_views()
    future_days.move_to_today(NOON)
    today = NOON.date()
    assert {(row.post_id, row.day, row.views) for row in DailyViews.select()} == {
        (post.id, today, 3), (other.id, today, 1)}
    assert {(row.scope, row.day, row.views) for row in DailyTotals.select()} == {
        (0, today, 4), (-alice.id, today, 4)}
    assert {(row.host, row.views) for row in KnownHost.select()} == {('news.example', 3), ('else.example', 1)}
    assert {(row.scope, row.host, row.views) for row in DailyHosts.select()} == {
        (scope, host, views) for scope in (0, -alice.id) for host, views in (('news.example', 3), ('else.example', 1))}
    assert {row.day for table in (DailyVisitorCount, DailyReferrers) for row in table.select()} == {today}
    assert {(row.post_id, row.days_7, row.days_30, row.days_90) for row in RecentViews.select()} == {
        (post.id, 3, 3, 3), (other.id, 1, 1, 1)}
    assert sum(post.views for post in Post.select()) == 4


@pytest.mark.parametrize('days', [2, 31, 3653])
def test_the_sums_of_the_last_days_are_right_again(site, alice, days):
    post = write(alice, at=NOON - DAY)
    recent_window.roll_recent_window(NOON.date())
    DailyViews.create(post=post, day=NOON.date() - 3 * DAY, views=5)
    recent_window.roll_recent_window(NOON.date() + days * DAY)
    recent_window.roll_recent_window(NOON.date())
    assert RecentDay.get().today == NOON.date() and RecentViews.get().days_7 == 5


@pytest.mark.parametrize('days', [2, 31, 3653])
def test_the_key_of_a_day_to_come_is_forgotten_too(site, alice, days):
    post = write(alice, at=NOON - DAY)
    for when in (NOON, NOON + days * DAY):
        recording.record_view(post.id, when, '192.0.2.1', 'Firefox')
    counting.count_recorded_views()
    counting.clean_up(NOON)
    assert [row.day for row in DailySalt.select()] == [NOON.date()]
    assert {row.day for row in DailyVisitor.select()} == {NOON.date()} and drain() == 0


@pytest.mark.parametrize('days', [2, 31, 3653])
@pytest.mark.parametrize('span', ['7', '90', 'all'])
def test_the_page_of_numbers_stands_views_that_are_all_of_days_to_come(site, alice, studio, connection, days, span):
    with connection():
        post = write(alice)
        DailyViews.create(post=post, day=db.now().date() + days * DAY, views=5)
    for path in ('/studio/stats', f'/studio/stats/{post.id}'):
        assert studio.get(f'{path}?days={span}').status_int == 200
