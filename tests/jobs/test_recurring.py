"""Recurring jobs are due since, never at: whoever looks, whenever, enqueues what was missed, once."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from conftest import drain
from huey import crontab
from playhouse.migrations import Runner

from quickpub import data_folder, dates, db, migrating, opening, settings, tasks
from quickpub.jobs import queue, recurring
from quickpub.jobs.clock import Steadiness
from quickpub.jobs.recurring import DAY, WEEK, Recurrence
from quickpub.jobs.tables import Job, RecurringJob, Tally
from quickpub.models import Card, User

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = datetime(2026, 11, 25, 12)


def at(text):
    return datetime.fromisoformat(text)


def names():
    return [job.name.rpartition('.')[2] for job in Job.select()]


@pytest.fixture
def only(site, request):
    """only(**options): a recurring job called `chore`, and no other is looked at."""
    made = []

    def make(**options):
        made.append(tasks.huey.recurring(**options)(chore))
        RecurringJob.insert_many([{'name': name, 'enqueued_at': datetime(2020, 1, 1)} for name in set(
            tasks.huey.recurrences()) - {name_of(made[0])}]).execute()
        RecurringJob.update(enqueued_at=NEVER_DUE).execute()
        return made[0]

    def chore():
        """Do nothing."""
    yield make
    for each in made:
        each.unregister()


NEVER_DUE = datetime(2026, 11, 25)


def name_of(task):
    return tasks.huey.registry.task_to_string(task.task_class)


def look(task, *moments, steady=True):
    """How many jobs are enqueued when a consumer looks at each of these moments."""
    counts, known = [], {name_of(task): task.task_class.recurrence}
    for moment in moments:
        counts.append(0)
        for name in recurring.due(known, moment, steady):
            with db.db.atomic():
                counts[-1] += recurring.claim(name, known[name], moment)
    return counts


@pytest.mark.parametrize(('recurrence', 'now', 'latest', 'following'), [
    (Recurrence(MINUTE), '2026-11-25 12:00:59.99', '2026-11-25 12:00:00', '2026-11-25 12:01:00'),
    (Recurrence(MINUTE), '2026-11-25 12:00:00', '2026-11-25 12:00:00', '2026-11-25 12:01:00'),
    (Recurrence(HOUR), '2026-11-25 12:34:56', '2026-11-25 12:00:00', '2026-11-25 13:00:00'),
    (Recurrence(DAY), '2026-11-25 00:00:00', '2026-11-25 00:00:00', '2026-11-26 00:00:00'),
    (Recurrence(WEEK), '2026-11-25 12:00:00', '2026-11-23 00:00:00', '2026-11-30 00:00:00'),
    (Recurrence(DAY, hour=3), '2026-11-25 01:59:59', '2026-11-24 02:00:00', '2026-11-25 02:00:00'),
    (Recurrence(DAY, hour=3), '2026-11-25 02:00:00', '2026-11-25 02:00:00', '2026-11-26 02:00:00'),
    (Recurrence(DAY, hour=0), '2026-11-25 23:30:00', '2026-11-25 23:00:00', '2026-11-26 23:00:00'),
    (Recurrence(WEEK, hour=3), '2026-11-25 12:00:00', '2026-11-23 02:00:00', '2026-11-30 02:00:00'),
    # The nights when the clocks change in Berlin: one day of 23 hours, one of 25, and an hour that does not exist.
    (Recurrence(DAY, hour=3), '2026-03-29 12:00:00', '2026-03-29 01:00:00', '2026-03-30 01:00:00'),
    (Recurrence(DAY, hour=2), '2026-03-29 00:59:59', '2026-03-28 01:00:00', '2026-03-29 01:00:00'),
    (Recurrence(DAY, hour=3), '2026-10-24 12:00:00', '2026-10-24 01:00:00', '2026-10-25 02:00:00'),
    (Recurrence(DAY, hour=3), '2024-02-29 12:00:00', '2024-02-29 02:00:00', '2024-03-01 02:00:00'),
])
def test_the_moments_of_a_recurring_job(recurrence, now, latest, following):
    settings.use(settings.from_env({'QUICKPUB_TIMEZONE': 'Europe/Berlin'}))
    recurrence = replace(recurrence, find_zone=dates.find_zone)
    assert recurrence.latest(at(now)) == at(latest) and recurrence.following(at(now)) == at(following)


@pytest.mark.parametrize('wrong', [
    {'every': timedelta(0)}, {'every': -DAY}, {'every': HOUR, 'hour': 3}, {'every': DAY, 'hour': 24},
    {'every': DAY, 'hour': -1}, {'every': DAY * 1.5, 'hour': 1}])
def test_what_makes_no_sense_is_refused_at_once(wrong):
    with pytest.raises(ValueError):
        Recurrence(**wrong)


@pytest.mark.parametrize('hour_on', [0, 2, 3, 4, 12, 23])
@pytest.mark.parametrize('recurrence', [
    Recurrence(DAY, hour=3), Recurrence(DAY, hour=3, max_leap=WEEK), Recurrence(DAY), Recurrence(WEEK, hour=20)])
def test_a_machine_that_is_on_for_one_hour_a_day_does_everything(only, hour_on, recurrence):
    task = only(every=recurrence.every, hour=recurrence.hour, max_leap=recurrence.max_leap)
    first = at('2026-12-01 00:00') + hour_on * HOUR
    counts = [sum(look(task, *(first + number * DAY + minute * MINUTE for minute in range(0, 60, 7)), steady=False))
              for number in range(15)]
    assert set(counts[1:]) <= {0, 1}
    assert sum(counts[1:]) == 14 if recurrence.every == DAY else sum(counts[1:]) == 2


@pytest.mark.parametrize(('enqueued_at', 'now', 'count'), [
    ('2026-11-25 12:00:30', '2026-11-25 12:00:59', 0),  # a restart within the minute
    ('2026-11-25 12:00:59', '2026-11-25 12:01:00', 1),
    ('2026-11-25 12:00:30', '2026-11-25 11:59:59', 0),  # put back a little: less than a minute is no error
    ('2026-11-25 12:00:30', '2026-11-25 11:00:00', 1),  # put back by an hour
    ('2026-12-25 12:00:30', '2026-11-25 12:00:35', 1),  # it was a month ahead
    ('2036-11-25 12:00:30', '2026-11-25 12:00:35', 1),  # ten years
    ('9999-12-31 23:59:59', '2026-11-25 12:00:35', 1),
    ('2026-02-01 00:00:00', '2026-11-25 12:00:35', 1),  # it was off for months: once
])
def test_what_is_noted_blocks_nothing(only, enqueued_at, now, count):
    task = only(every=MINUTE)
    RecurringJob.insert(name=name_of(task), enqueued_at=at(enqueued_at)).execute()
    assert look(task, at(now), at(now)) == [count, 0]


def test_a_consumer_that_starts_looks_at_once_and_each_is_enqueued_once(site):
    tasks.huey.enqueue_recurring(NOON)
    assert sorted(names()) == sorted(name.rpartition('.')[2] for name in tasks.huey.recurrences())
    drain()
    for later in (timedelta(seconds=1), timedelta(seconds=59.9)):
        tasks.huey.enqueue_recurring(NOON + later)
    assert names() == []
    tasks.huey.enqueue_recurring(NOON + MINUTE)
    assert sorted(names()) == [
        'close_periods', 'erase_deleted', 'wake_cards', 'wake_mail', 'wake_pictures', 'wake_rendering']


def test_many_consumers_that_look_at_the_same_moment_enqueue_each_once(site):
    found = threading.Barrier(5)
    before = Tally.select().count()

    def consume():
        with db.db.connection_context():
            found.wait()
            tasks.huey.enqueue_recurring(NOON)
    others = [threading.Thread(target=consume) for _ in range(5)]
    for each in others:
        each.start()
    for each in others:
        each.join()
    assert len(names()) == len(set(names())) == len(tasks.huey.recurrences()) and Tally.select().count() == before


def test_where_it_cannot_be_enqueued_it_stays_due(only, monkeypatch):
    only(every=MINUTE)

    def fail(*args, **options):
        raise RuntimeError('the queue cannot be written')
    with monkeypatch.context() as broken:
        broken.setattr(queue, 'enqueue', fail)
        with pytest.raises(RuntimeError):
            tasks.huey.enqueue_recurring(NEVER_DUE + timedelta(seconds=1))
    tasks.huey.enqueue_recurring(NEVER_DUE + timedelta(seconds=2))
    assert names() == ['chore']


def test_a_schedule_made_by_hueys_own_decorator_goes_on_working(site):
    @tasks.huey.periodic_task(crontab(minute='30'))
    def stock():
        """Do nothing."""
    try:
        due = tasks.huey.read_periodic(NOON.replace(minute=30))
        assert [task.name for task in due] == ['stock'] and tasks.huey.read_periodic(NOON) == []
        assert (name_of(stock), None, NOON.replace(minute=30)) in tasks.huey.recurring_jobs(NOON)
    finally:
        stock.unregister()


# After a leap of the clock

@pytest.mark.parametrize(('leap', 'is_steady', 'count'), [
    (timedelta(days=1), False, 1), (timedelta(days=6, hours=23), False, 1),
    (timedelta(days=8), False, 0), (timedelta(days=30), False, 0), (timedelta(days=3653), False, 0),
    (timedelta(days=-8), False, 0), (timedelta(days=-3653), False, 0),
    (timedelta(days=30), True, 1), (timedelta(days=3653), True, 1), (timedelta(days=-30), True, 1)])
def test_what_cannot_be_undone_waits_until_the_clock_is_steady(only, leap, is_steady, count):
    task = only(every=DAY, max_leap=WEEK)
    RecurringJob.insert(name=name_of(task), enqueued_at=NOON).execute()
    assert look(task, NOON + leap, steady=is_steady) == [count]
    RecurringJob.update(enqueued_at=NOON).execute()
    assert look(task, NOON + DAY, steady=False) == [1], 'and it goes on when the clock is put right'


@pytest.mark.parametrize('leap', [timedelta(minutes=2), timedelta(days=30), timedelta(days=-1), timedelta(days=3653)])
def test_how_long_the_clock_has_gone_evenly(leap):
    steadiness = Steadiness()
    assert not steadiness.observe(NOON, 1000.0)
    assert not steadiness.observe(NOON + 5 * MINUTE, 1300.0)
    assert steadiness.observe(NOON + 10 * MINUTE, 1600.0)
    assert not steadiness.observe(NOON + leap + 11 * MINUTE, 1660.0), 'it leapt'
    assert not steadiness.observe(NOON + 11 * MINUTE + timedelta(seconds=5), 1665.0), 'and was put right'
    assert steadiness.observe(NOON + 22 * MINUTE, 2320.0)


def test_a_clock_that_goes_too_fast_is_steady_all_the_same():
    steadiness = Steadiness()
    looks = [steadiness.observe(NOON + timedelta(seconds=second * 1.01), float(second)) for second in range(0, 7200, 5)]
    assert looks[-1] and looks.count(True) == len([second for second in range(0, 7200, 5) if second >= 600])


# What the owner sees

def test_the_page_of_schedules_tells_the_true_last_and_next_time(site):
    when = at('2026-11-25 12:00:20')
    known = {name: rest for name, *rest in tasks.huey.recurring_jobs(when)}
    assert known['quickpub.tasks.clean_up_mail'] == [None, when], 'due now'
    RecurringJob.insert_many([{'name': name, 'enqueued_at': when} for name in known]).execute()
    Tally.create(minute=at('2026-11-25 04:17'), name='quickpub.tasks.clean_up_mail', done=1, failed=0)
    Tally.create(minute=at('2036-11-25 04:17'), name='quickpub.tasks.clean_up_mail', done=1, failed=0)  # a wrong clock
    Tally.create(minute=at('2026-11-25 11:00'), name='quickpub.tasks.clean_up_mail', done=0, failed=1)
    known = {name: rest for name, *rest in tasks.huey.recurring_jobs(when)}
    assert known['quickpub.tasks.clean_up_mail'] == [at('2026-11-25 04:17'), at('2026-11-26 03:00')]
    assert known['quickpub.tasks.wake_mail'] == [None, at('2026-11-25 12:01')]


# Chores

MODULE_OF = {
    'clean_up_jobs': 'jobs.tally', 'clean_up_set_aside': 'batches', 'clean_up_accounts': 'accounts.users',
    'clean_up_sessions': 'accounts.sessions', 'clean_up_throttle': 'throttle', 'clean_up_posts': 'content.trash',
    'clean_up_revisions': 'content.revisions', 'clean_up_unsaved': 'content.autosave',
    'clean_up_media': 'media.cleaning', 'clean_up_cards': 'look.sharing',
    'clean_up_mail': 'mail.ledger', 'clean_up_exports': 'exchange.exports', 'clean_up_audit': 'accounts.audit'}


@pytest.mark.parametrize('name', [name for name in tasks.huey.recurrences() if 'clean_up' in name])
def test_a_chore_that_fails_is_seen_and_the_others_run(site, monkeypatch, name):
    def fail(*args):
        raise ValueError('a row that nobody expected')
    task = tasks.huey.registry.string_to_task(name)
    monkeypatch.setattr(f'quickpub.{MODULE_OF[task.__name__]}.clean_up', fail)
    Card.create(kind='site', owner_id=1, digest='')  # or a job would draw it
    tasks.huey.enqueue_recurring(NOON)
    count = Job.select().count()
    assert drain() == count
    failed = Job.get()
    assert (failed.name, failed.state) == (name, 'dead') and failed.reason == 'ValueError: a row that nobody expected'
    monkeypatch.undo()
    tasks.huey.enqueue_recurring(NOON + DAY)
    assert Job.select().where(Job.name == name, Job.state == 'ready').count() == 1, 'it is due again the next time'


def test_a_chore_of_each_second_that_fails_keeps_no_other_and_says_so_once(site, monkeypatch, caplog):
    def fail():
        raise ValueError('no view is like that')
    monkeypatch.setattr(tasks.huey.chores, 'all', [fail])
    for _ in range(3):
        tasks.huey.read_schedule()
    assert len(names()) == len(tasks.huey.recurrences())
    assert [record.exc_info[1].args for record in caplog.records] == [('no view is like that',)]


# From an older site

def test_an_older_site_is_brought_up_to_date_and_nothing_waits_for_what_is_gone(config):
    data_folder.create(config.paths)
    db.bind(config, 1)
    with db.db.connection_context():
        Runner(db.db, str(migrating.MIGRATIONS)).up('0008_numbers')
        for name in ('clean_up', 'wake_mail'):
            db.db.execute_sql("INSERT INTO job (name, message, run_at, created_at, is_single) VALUES (?, x'7b7d', ?, ?,"
                              ' 1)', (f'quickpub.tasks.{name}', str(NOON), str(NOON)))
        db.db.execute_sql(
            'INSERT INTO user (name, handle, email, role, timezone, report, reported_until, created_at, bio) VALUES '
            "('Alice', 'alice', 'a@example.org', 'author', 'UTC', 'daily', ?, ?, '')", (str(NOON),) * 2)
    migrating.migrate(config)
    opening.open_site(config)
    with db.db.connection_context():
        assert names() == ['wake_mail'] and User.get().name == 'Alice'
        tasks.huey.enqueue_recurring(NOON)
        assert len(names()) == len(set(names())) == len(tasks.huey.recurrences())
        assert dates.is_zone(User.get().timezone)


@pytest.mark.parametrize(('options', 'count'), [({}, len(tasks.huey.recurrences())), ({'periodic': True}, len(
    tasks.huey.recurrences())), ({'periodic': False}, 0)])
def test_a_consumer_that_is_told_not_to_enqueues_none(site, options, count):
    tasks.huey.create_consumer(workers=2, **options)
    try:
        tasks.huey.read_schedule()
        assert len(names()) == count
    finally:
        tasks.huey.create_consumer(workers=2)
        tasks.huey.limits.bulk = None
