"""The throttle: budgets, keys, clocks that jump."""

import threading
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from conftest import utc

from quickpub import db, mailboxes, throttle
from quickpub.throttle import Budget, Throttled, ThrottleRefusal, ThrottleUse

AT = utc(2026, 3, 28, 12)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
THREE = Budget('three', 3, timedelta(hours=1))
ONE = Budget('one', 1, DAY)


def test_a_budget_allows_its_limit_in_any_window_and_no_more(site):
    for minute in (0, 10, 20):
        throttle.take(AT + minute * MINUTE, (THREE, 'a'))
    with pytest.raises(Throttled) as refused:
        throttle.take(AT + 30 * MINUTE, (THREE, 'a'))
    assert (refused.value.budget, refused.value.free_at) == (THREE, AT + 60 * MINUTE)
    assert throttle.is_used_up(AT + 59 * MINUTE, (THREE, 'a'))
    throttle.take(AT + 60 * MINUTE, (THREE, 'a'))
    assert throttle.free_at(AT + 60 * MINUTE, THREE, 'a') == AT + 70 * MINUTE


def test_keys_and_budgets_are_counted_apart(site):
    throttle.take(AT, (ONE, 'a'))
    assert throttle.is_used_up(AT, (ONE, 'a'))
    assert not throttle.is_used_up(AT, (ONE, 'b'), (THREE, 'a'))


def test_all_budgets_are_taken_or_none(site):
    throttle.take(AT, (ONE, 'a'))
    with pytest.raises(Throttled):
        throttle.take(AT, (THREE, 'a'), (ONE, 'a'))
    assert throttle.count(AT, THREE, 'a') == 0


def test_the_budget_that_is_used_up_longest_is_named(site):
    throttle.take(AT, (ONE, 'a'), (THREE.with_limit(1), 'a'))
    with pytest.raises(Throttled) as refused:
        throttle.check(AT, (THREE.with_limit(1), 'a'), (ONE, 'a'))
    assert (refused.value.budget, refused.value.free_at) == (ONE, AT + DAY)


def test_a_use_is_undone_with_the_transaction_around_it(site):
    with db.db.atomic() as transaction:
        throttle.take(AT, (ONE, 'a'))
        transaction.rollback()
    assert not throttle.is_used_up(AT, (ONE, 'a'))


def test_uses_are_given_back_and_forgotten(site):
    taken = throttle.take(AT, (THREE, 'a'), (ONE, 'a'))
    throttle.take(AT, (THREE, 'a'), (THREE, 'b'))
    throttle.give_back(taken)
    assert (throttle.count(AT, THREE, 'a'), throttle.count(AT, ONE, 'a')) == (1, 0)
    throttle.forget((THREE, 'a'))
    assert (throttle.count(AT, THREE, 'a'), throttle.count(AT, THREE, 'b')) == (0, 1)


@pytest.mark.parametrize(('limit', 'before'), [(0, 0), (-1, 0), (2, 2), (1, 2)])
def test_a_limit_may_depend_on_the_site(site, limit, before):
    for _ in range(before):
        throttle.take(AT, (THREE, 'a'))
    assert throttle.is_used_up(AT, (THREE.with_limit(limit), 'a'))
    assert not throttle.is_used_up(AT, (THREE.with_limit(before + 1), 'a'))


@pytest.mark.parametrize('wrong_by', [timedelta(hours=2), 365 * DAY, -365 * DAY, -timedelta(hours=2)], ids=str)
def test_a_clock_that_was_wrong_blocks_nobody_once_it_is_put_right(site, wrong_by):
    throttle.take(AT + wrong_by, (Budget('short', 1, timedelta(hours=1)), 'a'))
    assert not throttle.is_used_up(AT, (Budget('short', 1, timedelta(hours=1)), 'a'))


def test_many_at_once_do_not_outrun_a_limit(site):
    taken, start = [], threading.Barrier(8)

    def take():
        with db.db.connection_context():
            start.wait()
            with suppress(Throttled):
                taken.extend(throttle.take(AT, (THREE, 'a')))
    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 3


def test_a_window_never_has_more_than_its_limit(site):
    chance, times = Random(5), []
    at = AT
    for _ in range(120):
        at += timedelta(minutes=chance.randrange(30))
        if not throttle.is_used_up(at, (THREE, 'a')):
            throttle.take(at, (THREE, 'a'))
            times.append(at)
        else:
            assert len([each for each in times if each > at - THREE.window]) == 3
    assert all(len([each for each in times if end - THREE.window < each <= end]) <= 3 for end in times)


def test_nothing_is_kept_in_the_clear(site):
    throttle.take(AT, (ONE, 'alice@example.org'), (THREE, '192.0.2.0/24'))
    rows = str(list(ThrottleUse.select().tuples()))
    assert 'alice' not in rows and '192.0' not in rows


def test_cleaning_up_forgets_what_counts_no_more(site):
    for at in (AT - 30 * DAY, AT - MINUTE, AT + DAY):
        throttle.take(at, (throttle.LOGIN_PAIR, 'a'))
    throttle.note_refusal(ONE, AT - 30 * DAY)
    throttle.note_refusal(THREE, AT - MINUTE)
    throttle.clean_up(AT)
    assert [use.at for use in ThrottleUse.select()] == [AT - MINUTE]
    assert [each.budget for each in ThrottleRefusal.select()] == ['three']


def test_refusals_are_counted_until_there_is_a_day_without(site):
    for hours in (0, 1, 20):
        throttle.note_refusal(ONE, AT + timedelta(hours=hours))
    one, = throttle.refusals(AT + DAY)
    assert (one.budget, one.count, one.since) == ('one', 3, AT)
    throttle.note_refusal(ONE, AT + 3 * DAY)
    one, = throttle.refusals(AT + 3 * DAY)
    assert (one.count, one.since) == (1, AT + 3 * DAY)
    assert throttle.refusals(AT + 20 * DAY) == []


def test_budgets_are_declared_once():
    names = [budget.name for budget in throttle.BUDGETS]
    assert len(names) == len(set(names))
    assert all(budget.limit > 0 and budget.window > timedelta(0) for budget in throttle.BUDGETS)
    assert {id(value) for value in vars(throttle).values() if isinstance(value, Budget)} == set(
        map(id, throttle.BUDGETS))


# Keys

SAME_MAILBOX = [
    ('alice@example.org', 'Alice@Example.ORG', 'alice+news@example.org', 'ALICE+a+b@example.org', ' alice@example.org ',
     'alice@example.org.', 'ａｌｉｃｅ@example.org'),
    ('a.li.ce@gmail.com', 'alice@gmail.com', 'alice@googlemail.com', 'A.L.I.C.E+x@GoogleMail.com'),
    ('alice@yahoo.com', 'alice-shop@yahoo.com', 'Alice-a-b@yahoo.com'),
    ('alice@yahoo.co.uk', 'alice-shop@yahoo.co.uk'),
    ('alice@fastmail.com', 'shop@alice.fastmail.com', 'alice+x@fastmail.com'),
    ('alice@icloud.com', 'alice@me.com', 'alice+x@mac.com'),
    ('al.ice@proton.me', 'alice@protonmail.com', 'al-ice@pm.me', 'al_ice+x@protonmail.ch'),
    ('al.ice@yandex.ru', 'al-ice@ya.ru', 'al.ice+x@yandex.com'),
    ('jürgen@example.org', 'ju\u0308rgen@example.org', 'JÜRGEN+x@example.org'),
    ('alice@bücher.example', 'alice@xn--bcher-kva.example', 'alice@BÜCHER.example'),
]


@pytest.mark.parametrize('spellings', SAME_MAILBOX, ids=lambda spellings: spellings[0])
def test_every_spelling_of_a_mailbox_is_the_same(spellings):
    assert len({mailboxes.find_mailbox(each) for each in spellings}) == 1


def test_other_mailboxes_are_told_apart():
    others = [spellings[0] for spellings in SAME_MAILBOX] + [
        'a.lice@example.org', 'al-ice@example.org', 'alice-shop@example.org', 'bob@example.org', 'alice@example.net',
        'alice@mail.example.org', 'bob@gmail.com', 'alice@yahoo.de', '+a@example.org', '+b@example.org',
        'shop@alice.example.org']
    assert len({mailboxes.find_mailbox(each) for each in others}) == len(others)


@pytest.mark.parametrize('typed', ['', '@', 'alice', '@example.org', 'alice@', '\ud800@x', 'é' * 9999,
                                   'a@' + 'b' * 999])
def test_what_is_no_email_address_has_a_key_too(site, typed):
    throttle.take(AT, (ONE, mailboxes.find_mailbox(typed)))
    assert throttle.is_used_up(AT, (ONE, mailboxes.find_mailbox(typed)))
