"""QUICKPUB_MAIL_RATE: a mail server that takes only so many emails in an hour."""

from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import drain, open_site, outbox, person
from sites import browser_of, long_ago
from smtp_rig import free_port

from quickpub import db, settings, tasks, throttle
from quickpub.mail import delivery, ledger
from quickpub.models import Message
from quickpub.throttle import ThrottleUse
from quickpub.upkeep import checks

EXISTS = {'login_url': 'http://127.0.0.1/login', 'forgot_url': 'http://127.0.0.1/forgot'}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def limited(config):
    """Return a function that opens a site with this rate."""
    sites = []

    def open_with(rate, **changes):
        sites.append(open_site(replace(config, mail_rate=rate, **changes)))
        return next(sites[-1])
    yield open_with
    for each in sites:
        next(each, None)


def compose(count, urgent=False):
    return [ledger.compose('exists', f'reader{number}@example.org', key=f'{urgent}:{number}', urgent=urgent,
                         subject='You have an account', payload=EXISTS) for number in range(count)]


def states():
    return [row.state for row in Message.select().order_by(Message.id)]


def pass_time(span):
    for use in ThrottleUse.select():
        ThrottleUse.update(at=use.at - span).where(ThrottleUse.id == use.id).execute()


@pytest.mark.parametrize(('rate', 'urgent', 'sent'), [(10, True, 10), (10, False, 8), (1, True, 1), (1, False, 1),
                                                      (4, False, 4), (5, False, 4), (0, False, 30), (0, True, 30)])
def test_no_more_than_the_rate_go_out_in_an_hour_and_the_others_wait(limited, rate, urgent, sent):
    limited(rate)
    compose(30, urgent)
    for _ in range(3):
        delivery.deliver(urgent)
    assert states() == sent * ['sent'] + (30 - sent) * ['queued']


def test_an_hour_later_the_next_ones_go_out_until_all_are_sent(limited):
    limited(10)
    compose(20)
    for sent in (8, 16, 20):
        delivery.deliver()
        assert states().count('sent') == sent
        pass_time(HOUR)
    assert states().count('sent') == 20


def test_no_hour_has_more_than_the_rate(limited):
    limited(6)
    compose(30)
    times = []
    for _ in range(20):
        before = states().count('sent')
        delivery.deliver()
        times.append(states().count('sent') - before)
        pass_time(20 * MINUTE)
    assert sum(times) == 30
    assert all(sum(times[start:start + 3]) <= 6 for start in range(20))


def test_what_somebody_waits_for_goes_first_and_has_a_share_of_its_own(limited):
    limited(10)
    compose(30)
    delivery.deliver()
    urgent = compose(3, urgent=True)
    delivery.deliver()
    assert {row.state for row in Message.select().where(Message.id.in_(urgent[:2]))} == {'sent'}
    assert Message.get_by_id(urgent[2]).state == 'queued'
    pass_time(HOUR)
    delivery.deliver()
    assert Message.get_by_id(urgent[2]).state == 'sent'


def test_a_job_that_finds_no_room_does_not_come_back_at_once(limited):
    limited(5)
    compose(200)
    tasks.deliver()
    tasks.deliver_urgent()
    assert drain() <= 4
    assert not delivery.has_queued() and not delivery.has_queued(urgent=True)
    tasks.wake_mail.call_local()
    assert drain() == 0
    pass_time(HOUR)
    tasks.wake_mail.call_local()
    assert drain() >= 1 and states().count('sent') == 8


@pytest.mark.parametrize('more_than', [0, 3, 50])
def test_is_queued_counts_what_may_go_out(limited, more_than):
    limited(5)
    compose(200)
    assert delivery.has_queued(more_than=more_than) == (more_than < 4)
    assert not delivery.has_queued(urgent=True, more_than=more_than)


def test_processes_share_the_rate(limited):
    limited(10)
    compose(30)
    with db.db.atomic():  # what another process has sent
        for _ in range(5):
            throttle.take(db.now(), (throttle.MAIL_RATE.with_limit(10), ''))
    delivery.deliver()
    assert states().count('sent') == 3


def test_a_server_that_is_gone_uses_nothing_up(limited):
    limited(10, smtp=f'smtp+plain://127.0.0.1:{free_port()}')
    compose(3)
    delivery.deliver()
    assert states() == 3 * ['deferred'] and throttle.count(db.now(), throttle.MAIL_RATE, '') == 0


def test_mail_that_waits_for_its_turn_is_not_given_up(limited):
    limited(2, smtp=f'smtp+plain://127.0.0.1:{free_port()}')
    compose(5)
    Message.update(created_at=db.now() - timedelta(days=9)).execute()
    delivery.deliver()
    assert set(states()) == {'deferred'}


def test_the_owner_sees_that_mail_waits_and_that_nothing_is_wrong(limited):
    site = limited(10)
    olga = person('olga', role='owner')
    browser = browser_of(site, mail_rate=10)
    browser.log_in(olga)
    assert 'may send at most' not in browser.get('/admin/mail')
    with db.db.connection_context():
        compose(30)
        delivery.deliver()
    long_ago(Message, created_at=db.now() - HOUR)
    page = browser.get('/admin/mail')
    assert '22 emails are waiting, because the site may send at most 10 in an hour' in page.html.text
    with db.db.connection_context():
        assert checks.check_mail(db.now()) is None
        pass_time(2 * HOUR)
        assert '22 emails are waiting' in checks.check_mail(db.now())


def test_without_a_rate_nothing_is_counted(limited):
    site = limited(0)
    compose(3)
    delivery.deliver()
    assert len(outbox(site)) == 3 and not ThrottleUse.select().exists()


@pytest.mark.parametrize('value', ['-1', 'many', '1.5', '9999999999'])
def test_a_rate_that_makes_no_sense_is_refused(value):
    with pytest.raises(settings.SettingsError, match='QUICKPUB_MAIL_RATE'):
        settings.from_env({'QUICKPUB_MAIL_RATE': value})
