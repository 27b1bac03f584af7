"""Whole consumers by a clock that the test sets: each author gets each period once, every view is in one report.

The clock is libfaketime's, and only the time of day is its: what a process measures waiting with goes on as it really
does, as on a box whose clock is set while it runs. A consumer looks once a second for what is due by its clock, so a
test goes from one moment to the next without waiting for a minute to pass.
"""

import re
import shutil
import signal
import sys
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import clocks
import pytest
from conftest import person, take_cards_as_drawn, text_of, write
from rig import QUICKPUB, Rig, wait_for

from quickpub import db
from quickpub.audience import counting, recording, spool
from quickpub.jobs import owners, queue
from quickpub.jobs.tables import Job, Tally
from quickpub.models import DailySalt, DailyVisitor, Message, Post, Report, User

pytestmark = pytest.mark.skipif(
    sys.platform != 'linux', reason='needs a Linux with libfaketime, which sets the clock of whole processes: on '
                                    'Debian, sudo apt install libfaketime')

MIDNIGHTS = ['2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24', '2026-11-25']


def at(text):
    return datetime.fromisoformat(text)


class Clock:
    """The time of day, UTC, as the consumers see it; this process's own stays the real one."""

    def __init__(self, folder):
        self._file = folder / 'clock'
        self._library = clocks.library()

    def set(self, moment):
        """It runs on from there."""
        self._write(f'{(moment - db.now()).total_seconds():+.6f}')

    def stand(self, moment):
        """It stands still there, to the last hundredth of this minute."""
        self._write(f'{moment:%Y-%m-%d %H:%M}:59.99')

    def _write(self, line):
        draft = self._file.with_suffix('.new')
        draft.write_text(line + '\n')
        draft.replace(self._file)

    def command(self, *words):
        """A command that goes by this clock."""
        told = {'LD_PRELOAD': self._library, 'FAKETIME_TIMESTAMP_FILE': self._file, 'FAKETIME_NO_CACHE': 1,
                'FAKETIME_DONT_FAKE_MONOTONIC': 1, 'NO_FAKE_STAT': 1, 'TZ': 'UTC'}  # it reads moments in local time
        return [shutil.which('env'), *(f'{name}={value}' for name, value in told.items()), *QUICKPUB, *words]

    def close(self):
        clocks.sweep()


class Site:
    """A site whose consumers go by a clock of the test's, and what must be true of its reports."""

    def __init__(self, folder, mail_server, **told):
        self.mail_server = mail_server
        self.clock = Clock(folder)
        self.rig = Rig(folder, smtp=mail_server.url, **told)
        self.viewed = 0
        self.rig.open()
        spool.mine.close()  # each site has its own

    def close(self):
        self.rig.close()
        self.clock.close()
        spool.mine.close()

    def author(self, name, since, zone='UTC'):
        """One with two public posts, whose last report went up to `since`."""
        user = person(name, timezone=zone, report='daily', reported_until=at(since))
        for title in ('First', 'Second'):
            write(user, f'{title} by {name}', at=at(since))
        take_cards_as_drawn()
        return user

    def authors(self, count, since):
        with db.db.atomic():
            return [self.author(f'author{number}', since) for number in range(count)]

    def view(self):
        """One view of each post. It is counted by the consumer."""
        for post in Post.select():
            recording.record_view(post.id, db.now())
            self.viewed += 1

    # The consumers

    def start(self, kind='thread'):
        consumer = self.rig.start(*self.clock.command('consumer', '-k', kind))
        wait_for(lambda: any(str(consumer.popen.pid) in name for name in owners.living()), 'a consumer')
        return consumer

    def stop(self, consumer, number=signal.SIGTERM):
        """End it and everything below it. A mail server that has a mail in its hands answers then."""
        if number == signal.SIGTERM:
            wait_for(lambda: listens_to(consumer.popen.pid, number), 'the consumer to listen to signals')
        consumer.popen.send_signal(number)
        self.mail_server.may_answer.set()
        assert consumer.ends() == (0 if number == signal.SIGTERM else -number)
        self.rig.wait_until_gone()

    def stand_at(self, text):
        """Let the clock stand at the end of this minute, and wait until it was asked there who has a closed period. No
        consumer may have asked since the clock came to this minute."""
        minute = at(text)
        before = asked(minute)
        self.clock.stand(minute)
        wait_for(lambda: asked(minute) > before, f'the recurring job at {minute}')

    def come_to_rest(self):
        """Wait until nothing is left to do at this moment. Where the clock goes back and forth, one of the jobs deletes
        what was counted ahead of it."""
        wait_for(is_idle, 'all that was due to be done')

    def start_at(self, text, kind='thread'):
        """Start a consumer by a clock that stands at the end of this minute; wait until it has asked the same."""
        minute = at(text)
        before = asked(minute)
        self.clock.stand(minute)
        consumer = self.start(kind)
        wait_for(lambda: asked(minute) > before, f'the recurring job at {minute}')
        return consumer

    def closes(self, text):
        """Wait until all authors have been reported up to this."""
        wait_for(lambda: not User.select().where(User.reported_until < at(text)).exists(), f'the closing at {text}')

    # The books

    def check(self, since, ends, copies=1):
        """Wait until all is done; then each author has exactly these periods, and one mail of each."""
        wait_for(lambda: not Message.select().where(Message.state != 'sent').exists() and is_idle(),
                 'all mail to be sent')
        for user in User.select():
            assert periods(user) == list(pairwise([since, *ends])), user.name
        sent = Counter(mail['Message-ID'] for mail in self.mail_server.mails)
        assert set(sent) == {report.message.message_id for report in Report.select()}
        assert len(sent) == User.select().count() * len(ends) and max(sent.values()) <= copies
        self.check_views()

    def check_views(self):
        """Every view is in exactly one report, or waits for the next one."""
        counting.count_recorded_views()  # as a page does that shows numbers
        posts = list(Post.select())
        assert sum(post.views for post in posts) == self.viewed
        assert sum(report.views for report in Report.select()) + sum(
            post.views - post.reported_views for post in posts) == self.viewed


def listens_to(pid, number):
    """Whether this process has a handler for this signal."""
    caught = re.search(r'^SigCgt:\s*([0-9a-f]+)', Path(f'/proc/{pid}/status').read_text(), re.MULTILINE)[1]
    return int(caught, 16) >> (number - 1) & 1


def asked(minute=None):
    """How often it was asked who has a closed period: in all, or in one minute by the consumers' clock."""
    return sum(tally.done for tally in Tally.select().where(Tally.name == 'quickpub.tasks.close_periods')
               if minute in (None, tally.minute))


def is_idle():
    return not Job.select().exists()


def reports_made(expected):
    """How many reports there are: waits for as many as should be, and counts those that should not."""
    wait_for(lambda: Report.select().count() >= expected, f'{expected} reports')
    return Report.select().count()


def periods(user):
    reports = Report.select().where(Report.user == user).order_by(Report.period_end)
    return [tuple(f'{moment:%Y-%m-%d %H:%M}' for moment in (report.period_start, report.period_end))
            for report in reports]


def midnight(number):
    return f'{MIDNIGHTS[number]} 00:00'


def views_told():
    """The views in each report, oldest first, where there is one author."""
    return [report.views for report in Report.select().order_by(Report.period_end)]


@pytest.fixture
def make_site(tmp_path, mail_server):
    """Make the one site of a test, with settings of its own."""
    made = []

    def make(**told):
        made.append(Site(tmp_path, mail_server, **told))
        db.db.connect()
        return made[0]
    yield make
    for each in made:
        db.db.close()
        each.close()


@pytest.fixture
def site(make_site):
    return make_site()


both_kinds = pytest.mark.parametrize('kind', ['thread', 'process'])


@pytest.mark.parametrize(('back', 'kind'), [(1, 'process'), (3, 'thread')])
def test_off_while_periods_close_it_sends_one_report_for_them_all_when_it_is_back(site, back, kind):
    site.author('alice', midnight(0))
    site.author('bob', midnight(0))
    site.stop(site.start_at(f'{MIDNIGHTS[0]} 22:00', kind))
    assert not Report.select().exists()
    for _ in range(3):
        site.view()
    consumer = site.start_at(f'{MIDNIGHTS[back]} 10:00', kind)
    site.closes(midnight(back))
    site.check(midnight(0), [midnight(back)])
    for mail in site.mail_server.mails:
        assert ('more than one period' in text_of(mail)) == (back > 1)
    site.view()
    site.stand_at(midnight(back + 1))
    site.check(midnight(0), [midnight(back), midnight(back + 1)])
    assert sorted(report.views for report in Report.select()) == [2, 2, 6, 6]  # two posts each
    site.stop(consumer)


@pytest.mark.parametrize(('number', 'kind'), [
    (signal.SIGTERM, 'thread'), (signal.SIGKILL, 'thread'), (signal.SIGKILL, 'process')])
def test_restarted_five_times_within_the_minute_of_the_closing(site, number, kind):
    site.authors(60, midnight(0))  # more than one batch
    site.view()
    site.mail_server.may_answer.clear()
    strikes = {'00': lambda sent_before: site.mail_server.waiting,
               '05': lambda sent_before: True,
               '20': lambda sent_before: sent() > sent_before or not unsent(),
               '40': lambda sent_before: sent(),
               '59': lambda sent_before: not unsent()}
    for second, is_far_enough in strikes.items():
        site.clock.set(at(f'{midnight(1)}:{second}'))
        consumer = site.start(kind)
        wait_for(partial(is_far_enough, sent()), f'what was to come of second {second}')
        site.stop(consumer, number)
    site.view()
    site.clock.stand(at(midnight(1)))
    consumer = site.start(kind)
    site.stand_at(f'{MIDNIGHTS[1]} 00:10')  # the clock has run on a little
    # What was killed after the mail server's yes, before it was written down, is sent once more: by each connection.
    site.check(midnight(0), [midnight(1)], copies=1 if number == signal.SIGTERM else 1 + len(strikes))
    site.stop(consumer)


def sent():
    return Message.select().where(Message.state == 'sent').count()


def unsent():
    return Message.select().where(Message.state != 'sent').count()


def test_two_consumers_at_once_close_each_period_once(site):
    site.authors(60, midnight(0))
    site.view()
    consumers = [site.start_at(f'{MIDNIGHTS[0]} 23:59'), site.start('process')]
    site.clock.stand(at(f'{MIDNIGHTS[0]} 23:59'))
    assert not Report.select().exists()
    site.stand_at(midnight(1))
    site.stand_at(f'{MIDNIGHTS[1]} 00:01')
    site.stand_at(f'{MIDNIGHTS[1]} 00:02')
    site.check(midnight(0), [midnight(1)])
    for minute in ('23:59', '00:00', '00:01'):  # all of them that are over
        assert asked(at(f'{MIDNIGHTS[minute < "12"]} {minute}')) == 1, 'each minute once, though two look'
    assert {report.views for report in Report.select()} == {2}
    for consumer in consumers:
        consumer.popen.send_signal(signal.SIGTERM)
        assert consumer.ends() == 0


@both_kinds
def test_started_a_hundredth_of_a_second_before_the_closing(site, kind):
    """A look every sixty seconds from such a start would miss minutes, see others twice, and be a minute late."""
    site.author('alice', midnight(0))
    site.view()
    consumer = site.start_at(f'{MIDNIGHTS[0]} 23:59', kind)
    assert not Report.select().exists()
    site.clock.set(at(f'{MIDNIGHTS[0]} 23:59:59.99'))
    site.closes(midnight(1))
    site.view()
    site.check(midnight(0), [midnight(1)])
    assert views_told() == [2]
    assert Message.get().created_at < at(midnight(1)) + timedelta(seconds=30)
    site.stop(consumer)


def test_a_clock_that_jumps_an_hour_back_and_a_day_forward_while_it_runs(site):
    site.author('alice', midnight(0))
    consumer = site.start_at(f'{MIDNIGHTS[0]} 23:59')
    steps = [(midnight(1), 1), (f'{MIDNIGHTS[0]} 23:00', 1), (midnight(1), 1),  # an hour back, and midnight once more
             (midnight(2), 2), (midnight(1), 2), (midnight(2), 2)]  # a day forward, put right, and that midnight again
    for moment, reports in steps:
        site.view()
        site.stand_at(moment)
        site.come_to_rest()
        assert reports_made(reports) == reports, moment
    site.clock.set(at(f'{MIDNIGHTS[2]} 23:59:59'))  # and now it runs on
    site.closes(midnight(3))
    site.check(midnight(0), [midnight(1), midnight(2), midnight(3)])
    assert views_told() == [1 * 2, 3 * 2, 2 * 2]  # two posts
    site.stop(consumer)


@pytest.mark.parametrize(('closes', 'since', 'ends'), [
    ('00:00', '2026-03-27 23:00', ['2026-03-28 23:00', '2026-03-29 22:00']),
    ('00:00', '2026-10-23 22:00', ['2026-10-24 22:00', '2026-10-25 23:00']),
    # Half past two is skipped in March, and taken as if it were not; in October it comes twice, and the first counts.
    ('02:30', '2026-03-28 01:30', ['2026-03-29 01:30', '2026-03-30 00:30']),
    ('02:30', '2026-10-24 00:30', ['2026-10-25 00:30', '2026-10-26 01:30'])])
def test_the_nights_when_the_clocks_change_in_berlin(make_site, closes, since, ends):
    site = make_site(report_time=closes)
    site.author('alice', since, 'Europe/Berlin')
    consumer = site.start_at(since)
    for number, end in enumerate(ends):
        site.view()
        site.stand_at(f'{at(end) - timedelta(minutes=1)}')
        assert reports_made(number) == number
        site.stand_at(end)
        assert reports_made(number + 1) == number + 1
    site.check(since, ends)
    assert views_told() == [2] * len(ends)
    site.stop(consumer)


def test_a_schedule_that_waited_when_the_clock_was_put_back_is_asked_at_once(site):
    """The clock was a day ahead for a while, and what it enqueued still waits when it is put right."""
    site.author('alice', midnight(0))
    consumer = site.start_at(f'{MIDNIGHTS[0]} 22:00')
    queue.pause()
    site.clock.stand(at(f'{MIDNIGHTS[1]} 22:00'))
    wait_for(lambda: Job.select().where(Job.run_at >= at(f'{MIDNIGHTS[1]} 22:00'),
                                        Job.name == 'quickpub.tasks.close_periods').exists(), 'a schedule that waits')
    site.clock.stand(at(f'{MIDNIGHTS[0]} 22:01'))
    queue.resume()
    site.view()
    site.stand_at(midnight(1))
    site.check(midnight(0), [midnight(1)])
    site.stop(consumer)


@pytest.mark.parametrize('ahead', [2, 30, 3653])
@both_kinds
def test_a_clock_that_is_days_ahead_for_a_moment_and_is_put_right(site, ahead, kind):
    """All goes on in the next minute, and in the next period; nothing went that is kept for a time."""
    alice = site.author('alice', midnight(0))
    trashed = write(alice, 'Moved to trash', at=at(midnight(0)))
    Post.update(deleted_at=at(midnight(0))).where(Post.id == trashed.id).execute()
    consumer = site.start_at(f'{MIDNIGHTS[0]} 12:00', kind)
    site.come_to_rest()
    site.view()
    site.stand_at(f'{at(MIDNIGHTS[0]) + timedelta(days=ahead, hours=12)}'[:16])
    site.come_to_rest()
    assert reports_made(1) == 1
    site.view()
    site.stand_at(f'{MIDNIGHTS[0]} 12:01')
    assert reports_made(1) == 1
    site.stand_at(midnight(1))
    assert reports_made(2) == 2
    last = Report.select().order_by(Report.id.desc()).get()
    assert (last.period_start, last.period_end) == (at(midnight(0)), at(midnight(1)))
    site.check_views()
    assert Post.select().where(Post.deleted_at.is_null(False)).count() == 1
    assert [(job.name, job.error) for job in Job.select().where(Job.state == 'dead')] == []
    site.stop(consumer)


@pytest.mark.parametrize('hour', ['00', '04', '13', '23'])
def test_a_machine_that_is_on_for_one_hour_a_day_forgets_who_was_here(site, hour):
    """As PRIVACY.md says, whichever hour it is."""
    site.author('alice', midnight(0))
    for number in (0, 1, 2, 3):
        recording.record_view(Post.get().id, at(MIDNIGHTS[number]), '192.0.2.1', 'Firefox')
    days = [at(day).date() for day in MIDNIGHTS]
    for number in (2, 3, 4):
        consumer = site.start_at(f'{MIDNIGHTS[number]} {hour}:05')
        wait_for(lambda number=number: not any(table.select().where(table.day < days[number - 1]).exists()
                                               for table in (DailySalt, DailyVisitor)), 'them to go')
        site.stop(consumer)
