"""Budgets of emails: what strangers and members can make the site send, and what nobody can take from the members."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import PASSWORD, drain, outbox, person, text_of, write
from sites import browser_of, form_with, long_ago, mails, stored

from quickpub import db, mailboxes, networks, tasks, throttle
from quickpub.accounts import notifications, password_reset, registration
from quickpub.audience import reports
from quickpub.mail import budgets
from quickpub.mail.budgets import Cause
from quickpub.models import Message, Token, User
from quickpub.sqlite import database
from quickpub.throttle import ThrottleRefusal, ThrottleUse

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TEMPLATES = Path(budgets.__file__).parents[1] / 'templates' / 'mail'
HERE = '192.0.2.7'


def sign_up(browser, email, address=HERE):
    return browser.post('/signup', {'name': 'Zoe', 'email': email, 'password': PASSWORD},
                        extra_environ={'REMOTE_ADDR': address})


def forgot(browser, email, address=HERE):
    return browser.post('/forgot', {'email': email}, extra_environ={'REMOTE_ADDR': address})


def confirm_again(browser, email, address=HERE):
    return browser.post('/verify', {'email': email}, extra_environ={'REMOTE_ADDR': address})


def change_address(browser, email, **options):
    return browser.post('/settings', {'action': 'address', 'email': email, 'current': PASSWORD}, **options)


def pass_time(span):
    """Let all that was done so far be of so long ago: nobody has to wait."""
    with db.db.connection_context(), db.db.atomic():
        for table, *names in ((ThrottleUse, 'at'), (ThrottleRefusal, 'since', 'last_at'), (Message, 'created_at'),
                              (Token, 'created_at')):
            for row in table.select():
                for name in names:
                    setattr(row, name, getattr(row, name) - span)
                row.save()


def accounts_made():
    with db.db.connection_context():
        return User.select().count()


def use_up(*uses):
    """Use budgets as often as they can be, and more."""
    with db.db.connection_context():
        ThrottleUse.insert_many([
            {'budget': budget.name, 'key': throttle._hash(budget, key), 'at': db.now()}
            for budget, key in uses for _ in range(budget.limit + 20)]).execute()


def without_the_address(page, email):
    return page.status, page.text.replace(email, ''), sorted(page.headers)


# Sign-up

@pytest.mark.parametrize('address', ['203.0.113.{}', '203.0.113.7', '2001:db8:0:7::{}'], ids=['NAT', 'one', 'IPv6'])
def test_a_class_behind_one_network_signs_up_within_ten_minutes(site, browse, address):
    stranger = browse()
    for number in range(30):
        sign_up(stranger, f'pupil{number}@example.org', address.format(number + 1))
    for number in range(10):  # some of whom ask again
        pupil = f'pupil{number}@example.org'
        with db.db.connection_context():
            Message.update(created_at=db.now() - 11 * MINUTE).where(Message.recipient == pupil).execute()
        confirm_again(stranger, pupil, address.format(number + 1))
    assert accounts_made() == 30 and len(mails('verify')) == 40


@pytest.mark.parametrize('addresses', [
    [HERE], ['192.0.2.1', '192.0.2.77', '192.0.2.254'], [f'2001:db8::{number:x}' for number in range(1, 90)],
    ['::ffff:192.0.2.7', '192.0.2.7', '[::ffff:c000:207]:80'], ['', 'unknown']],
    ids=['one', 'a network', 'IPv6', 'spellings', 'none'])
def test_a_flood_of_sign_ups_makes_a_few_accounts_and_then_nothing(site, browse, addresses):
    stranger = browse()
    pages = [sign_up(stranger, f'victim{number}@example.org', addresses[number % len(addresses)])
             for number in range(60)]
    assert accounts_made() == len(mails()) == 40
    before = stored()
    page = sign_up(stranger, 'victim99@example.org', addresses[0])
    assert stored() == before
    assert without_the_address(page, 'victim99@example.org') == without_the_address(pages[0], 'victim0@example.org')


def test_a_flood_from_many_networks_ends_at_what_the_site_sends_in_a_day(site, browse, olga):
    stranger = browse()
    with db.db.connection_context():
        for _ in range(90):
            throttle.take(db.now(), (throttle.SITE_SIGNUPS, 'site'))
    for number in range(20):
        sign_up(stranger, f'victim{number}@example.org', f'10.0.{number}.1')
    assert len(mails('verify')) == 100 + 1 - 90
    assert forgot(stranger, olga.email) and mails('reset') == [('reset', olga.email)]


def test_the_site_sends_more_the_more_members_it_has(site):
    one, two = Cause('a'), Cause('b')
    site_limit = throttle.SITE_SIGNUPS.limit
    for _ in range(site_limit):
        throttle.take(db.now(), (throttle.SITE_SIGNUPS, 'site'))
    with pytest.raises(throttle.Throttled):
        budgets.take(budgets.SIGN_UP, 'zoe@example.org', one, db.now())
    person('alice')
    person('mallory', verified=False)  # of whom anybody can make many
    budgets.take(budgets.SIGN_UP, 'zoe@example.org', one, db.now())
    with pytest.raises(throttle.Throttled) as refused:
        budgets.take(budgets.SIGN_UP, 'yan@example.org', two, db.now())
    assert refused.value.budget.limit == site_limit + 1


def test_after_its_time_a_budget_is_free_again(site, browse):
    stranger = browse()
    for number in range(45):
        sign_up(stranger, f'one{number}@example.org')
    pass_time(timedelta(hours=1))
    sign_up(stranger, 'two@example.org')
    assert accounts_made() == 41
    pass_time(2 * DAY)
    with db.db.connection_context():
        throttle.clean_up(db.now())
        assert not ThrottleUse.select().exists()


def test_the_invited_are_not_kept_out_by_strangers(site, olga):
    browser = browser_of(site, signup='invite')
    browser.log_in(olga)
    page = browser.post('/admin/invitations', {'action': 'link'}, status=200)
    invitation = page.html.find('pre').text.partition('invite=')[2].strip()
    use_up((throttle.SIGNUPS_HOUR, networks.network(HERE)), (throttle.SITE_SIGNUPS, 'site'))
    stranger = browser_of(site, signup='invite')
    stranger.post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD, 'invite': invitation},
                  extra_environ={'REMOTE_ADDR': HERE})
    assert mails('verify') == [('verify', 'zoe@example.org')]


# One mailbox

ALIASES = [f'victim+{number}@example.org' for number in range(8)] + [
    'VICTIM@example.org', 'Victim@EXAMPLE.org', 'victim@Example.Org']
DOTS = ['v.i.c.t.i.m@gmail.com', 'vic.tim@googlemail.com', 'victim+x@gmail.com', 'VICTIM@gmail.com',
        'vict.im@gmail.com', 'vi.ctim@gmail.com', 'v.ictim+y@googlemail.com', 'victi.m@gmail.com']


@pytest.mark.parametrize('spellings', [ALIASES, DOTS], ids=['tags and case', 'dots'])
@pytest.mark.parametrize('networks', [1, 30], ids=['one network', 'many networks'])
def test_one_mailbox_gets_a_handful_in_a_day_however_it_is_spelled(site, browse, spellings, networks):
    victim, stranger = person('victim', email=spellings[-1]), browse()
    for number in range(3 * len(spellings)):
        address, spelled = f'10.0.{number % networks}.1', spellings[number % len(spellings)]
        sign_up(stranger, spelled, address)
        forgot(stranger, spelled, address)
        forgot(stranger, victim.email, address)
        confirm_again(stranger, spelled, address)
        long_ago(Message, created_at=db.now() - 11 * MINUTE)
    assert len(mails('verify') + mails('exists')) == (3 if networks == 1 else 4)
    assert len(mails('reset')) == (3 if networks == 1 else 4)


def test_members_share_the_budget_of_a_mailbox_with_strangers(site, browse, olga):
    stranger, mallory = browse(), browse(person('mallory', verified=False))
    for number in range(6):
        sign_up(stranger, f'victim+{number}@example.org', f'10.0.{number}.1')
    change_address(mallory, 'victim+a@example.org', status=303)
    page = browse(olga).post('/admin/invitations', {'action': 'invite', 'email': 'victim+b@example.org'}, status=429)
    assert 'several emails to this mailbox today' in page and 'victim+b@example.org' in page
    assert len(mails()) == 4


def test_one_network_cannot_use_up_the_new_passwords_of_a_member(site, browse, alice):
    for _ in range(9):
        forgot(browse(), alice.email, '198.51.100.7')
        long_ago(Message, created_at=db.now() - 11 * MINUTE)
    assert len(mails('reset')) == 3
    forgot(browse(), alice.email)
    assert len(mails('reset')) == 4


@pytest.mark.parametrize('used_up', [
    (throttle.SIGNUPS_HOUR, '192.0.2.0/24'), (throttle.SIGNUPS_DAY, '192.0.2.0/24'),
    (throttle.MAILBOX, 'alice@example.org'), (throttle.MAILBOX_FROM_ONE, 'alice@example.org 192.0.2.0/24'),
    (throttle.SITE_SIGNUPS, 'site'), (throttle.SITE_MEMBERS, 'site')],
    ids=lambda value: value[0].name)
def test_what_strangers_use_up_leaves_members_their_new_password(site, browse, alice, used_up):
    use_up(used_up)
    forgot(browse(), alice.email)
    assert mails() == [('reset', alice.email)]


@pytest.mark.parametrize('ask', [sign_up, forgot, confirm_again])
@pytest.mark.parametrize('who', ['alice', 'mallory', 'nobody'])
def test_pages_say_the_same_once_a_budget_is_used_up(site, browse, alice, ask, who):
    person('mallory', verified=False)
    email = f'{who}@example.org'
    pages = [ask(browse(), email)]
    use_up((throttle.SIGNUPS_DAY, '192.0.2.0/24'), (throttle.RESETS_DAY, '192.0.2.0/24'))
    before = stored()
    pages.append(ask(browse(), email))
    assert without_the_address(pages[0], email) == without_the_address(pages[1], email)
    assert stored() == before


@pytest.mark.parametrize(('ask', 'budget'), [(forgot, throttle.RESETS_HOUR), (confirm_again, throttle.SIGNUPS_HOUR),
                                             (sign_up, throttle.SIGNUPS_HOUR)])
@pytest.mark.parametrize('who', ['alice', 'mallory', 'nobody'])
def test_what_a_network_has_left_tells_nothing_about_accounts(site, browse, alice, ask, budget, who):
    person('mallory', verified=False)
    for _ in range(3):
        ask(browse(), f'{who}@example.org')
    with db.db.connection_context():
        assert throttle.count(db.now(), budget, '192.0.2.0/24') == 3


# What members ask for

def again(browser, path, fields, times):
    return [browser.post(path, fields, status='*') for _ in range(times)]


def test_a_report_by_hand_has_a_small_budget_and_says_when_it_has_room_again(site, alice, browse):
    write(alice)
    studio = browse(alice)
    pages = again(studio, '/studio/report', {}, 30)
    drain()
    assert [page.status_int for page in pages] == 5 * [303] + 25 * [429]
    assert len(mails('report')) == 5
    assert re.search(r'Try again after \d+ \w+ \d{4}, \d\d:\d\d\.', pages[-1].text)
    pass_time(DAY)
    studio.post('/studio/report', status=303)


def test_every_member_has_a_budget_of_their_own(site, alice, bob, browse):
    for user in (alice, bob):
        write(user)
        assert [page.status_int for page in again(browse(user), '/studio/report', {}, 6)] == 5 * [303] + [429]


@pytest.mark.parametrize('is_verified', [True, False])
def test_a_change_of_address_has_a_budget(site, browse, is_verified):
    browser = browse(person('alice', verified=is_verified))
    for number in range(5):
        change_address(browser, f'new{number}@example.org', status=303)
        long_ago(Token, created_at=db.now() - 11 * MINUTE)
    page = change_address(browser, 'new5@example.org', status=429)
    assert 'Try again after' in page and form_with(page, 'email')['email'].value == 'new5@example.org'
    assert len(mails('address')) == 5


@pytest.mark.parametrize('used_up', [throttle.SIGNUPS_HOUR, throttle.SIGNUPS_DAY], ids=lambda budget: budget.name)
def test_unconfirmed_members_who_change_their_address_count_as_strangers(site, browse, bob, used_up):
    use_up((used_up, '127.0.0.0/24'))
    change_address(browse(person('mallory', verified=False)), 'victim@example.org', status=303)
    assert mails('address') == []
    change_address(browse(bob), 'bob@example.net', status=303)
    assert mails('address') == [('address', 'bob@example.net')]


@pytest.mark.parametrize('target', ['victim+2@example.org', 'alice@example.org', 'mallory@example.org'])
def test_settings_look_the_same_where_the_budget_of_others_is_used_up(site, browse, alice, bob, target):
    person('mallory', verified=False)
    use_up((throttle.MAILBOX, mailboxes.find_mailbox(target)))
    browser = browse(bob)
    change_address(browser, target, status=303)
    assert mails() == [] and target in browser.get('/settings')


@pytest.mark.parametrize(('path', 'fields', 'limit'), [
    ('/admin/invitations', {'action': 'invite', 'email': 'friend{}@example.org'}, 60),
    ('/admin/mail/1', {'action': 'send'}, 60), ('/studio/exports', {'kind': 'numbers'}, 10)])
def test_what_owners_ask_for_has_a_budget_too(site, browse, olga, path, fields, limit):
    browser = browse(olga)
    with db.db.connection_context():
        password_reset.request_reset(olga.email, db.now())
    answers = []
    for number in range(limit + 1):
        answers.append(browser.post(path, {name: value.format(number) for name, value in fields.items()}, status='*'))
        drain()
    assert [answer.status_int for answer in answers] == limit * [303] + [429]
    assert 'Try again after' in answers[-1]


def test_links_that_owners_hand_over_have_a_budget(site, browse, olga, alice):
    browser, fields = browse(olga), {'action': 'link', 'person': alice.id, 'current': PASSWORD}
    answers = again(browser, '/admin/members', fields, 21)
    assert [answer.status_int for answer in answers] == 20 * [200] + [429]
    assert 'Try again after' in answers[-1] and len(mails('link_made')) == 20


def test_reports_and_notices_about_security_are_never_held_back(site, olga, alice):
    write(alice)
    at = db.now()
    use_up(*((budget, key) for budget in throttle.BUDGETS
             for key in ('site', mailboxes.find_mailbox(alice.email), str(alice.id), str(olga.id))))
    with db.db.atomic():
        assert reports.close_period(reports.ClosedPeriod(at, [alice.id]), at)
        assert notifications.notify_email_changed(alice, 'old@example.org', at)
        assert password_reset.create_handover_link(alice, olga, at)[1]


def test_the_operator_and_the_site_itself_have_no_budget(site):
    zoe = person('zoe', verified=False)
    for number in range(9):
        assert registration.resend_verification(zoe, db.now() + number * DAY)
        long_ago(Message, created_at=db.now() - DAY)
        db.db.connect(reuse_if_open=True)


@pytest.mark.parametrize(('factor', 'sent'), [(1, 3), (2, 6), (0, 12)])
def test_the_limits_can_be_multiplied_or_switched_off(site, alice, factor, sent):
    stranger = browser_of(site, mail_limits=factor)
    for _ in range(12):
        forgot(stranger, alice.email)
        long_ago(Message, created_at=db.now() - 11 * MINUTE)
    assert len(mails('reset')) == sent


# What the owners see

def test_the_owner_sees_what_was_refused_and_gets_one_email_a_day(site, browse, olga, alice):
    second, stranger = person('otto', role='owner'), browse()
    for number in range(43):
        sign_up(stranger, f'victim{number}@example.org')
    page = browse(olga).get('/admin/mail')
    assert 'Sign-ups from one network in an hour: 3 requests refused since' in page.html.text
    told = [('throttled', olga.email), ('throttled', second.email)]
    for _ in range(3):
        tasks.report_used_up_budgets.call_local()
        assert mails('throttled') == told
    drain()
    assert any('Sign-ups from one network in an hour: 3 requests refused' in text_of(mail).replace('\n', ' ')
               for mail in outbox(site) if mail['To'] == olga.email)
    pass_time(DAY)
    sign_up(stranger, 'one@example.org')
    tasks.report_used_up_budgets.call_local()
    assert mails('throttled') == told, 'nothing was refused in the last day'
    use_up((throttle.SIGNUPS_DAY, '192.0.2.0/24'))
    sign_up(stranger, 'more@example.org')
    tasks.report_used_up_budgets.call_local()
    assert mails('throttled') == told * 2


def test_no_owner_is_told_of_what_members_were_told_themselves(site, browse, olga, alice):
    write(alice)
    again(browse(alice), '/studio/report', {}, 9)
    tasks.report_used_up_budgets.call_local()
    assert mails('throttled') == [] and 'refused' not in browse(olga).get('/admin/mail')


def test_honest_people_are_no_news(site, browse, olga):
    for number in range(10):
        sign_up(browse(), f'pupil{number}@example.org')
        confirm_again(browse(), f'pupil{number}@example.org')
    tasks.report_used_up_budgets.call_local()
    assert mails('throttled') == [] and 'Reached limits' not in browse(olga).get('/admin/mail')


def test_every_kind_of_email_is_on_a_list():
    """A new kind of email: decide whether people can cause it, and which budgets it has."""
    from_people = {'verify', 'exists', 'reset', 'address', 'invite', 'export', 'report', 'test', 'review_asked',
                   'review_answered'}
    from_the_site = {'address_told', 'link_made', 'login_told', 'password_told', 'second_factor', 'throttled'}
    kinds = {path.stem for path in TEMPLATES.glob('*.txt')} - {'_text'}
    assert kinds == from_people | from_the_site


def test_the_documentation_names_the_limits():
    words = ' '.join((Path(__file__).parents[2] / 'docs' / 'operating.md').read_text().split())
    limits = {budget.name: budget.limit for budget in throttle.BUDGETS}
    for sentence in ('{signups-hour} sign-ups an hour and {signups-day} a day from one network',
                     '{resets-hour} and {resets-day} forgotten passwords', '{mailbox} emails a day to one mailbox',
                     '{reset-mailbox} more with a new password', '{site-signups} a day to newcomers',
                     '{reports-now} reports a day by hand, change their address {address-changes} times',
                     '{exports} exports', '{invitations} invitations',
                     'emails about {reviews} posts a day that one member submits'):
        assert re.sub(r'\{([a-z-]+)\}', lambda name: str(limits[name[1]]), sentence) in words


# Nobody learns who has an account

STATES = ['alice', 'mallory', 'nobody', 'ALICE', 'left']


@pytest.fixture
def statements(monkeypatch):
    """What is asked of the database, but for the marks of transactions."""
    asked, execute = [], database.Database.execute_sql

    def execute_sql(self, sql, params=None):
        if not re.match('BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE', sql):
            asked.append(sql)
        return execute(self, sql, params)
    monkeypatch.setattr(database.Database, 'execute_sql', execute_sql)
    return asked


def everybody(site):
    person('alice')
    person('mallory', verified=False)
    person('bob')
    person('left', email=None, deleted_at=db.now())


@pytest.mark.parametrize('ask', [sign_up, forgot, confirm_again])
@pytest.mark.parametrize('times', [1, 2])
def test_the_same_work_is_done_for_every_address(site, browse, statements, ask, times):
    everybody(site)
    done = {}
    for who in STATES:
        for _ in range(times):
            statements.clear()
            ask(browse(), f'{who}@example.org', f'10.{len(done)}.0.1')
        done[who] = sorted(statements)
    assert all(each == done['nobody'] for each in done.values())
    assert sum('INSERT INTO message' in each for each in done['nobody']) == (3 if ask is sign_up else 1)


@pytest.mark.parametrize('times', [1, 2])
def test_the_same_work_is_done_for_every_new_address(site, browse, statements, times):
    everybody(site)
    browser, done = browse(User.get(User.email == 'bob@example.org')), {}
    change_address(browser, 'before@example.org', status=303)  # the password counts for some minutes
    long_ago(Token, created_at=db.now() - 11 * MINUTE)
    for who in STATES:
        for _ in range(times):
            statements.clear()
            change_address(browser, f'{who}@example.org', status=303)
            long_ago(Token, created_at=db.now() - 11 * MINUTE)
        done[who] = sorted(statements)
        with db.db.connection_context():
            ThrottleUse.delete().execute()
    assert all(each == done['nobody'] for each in done.values())


@pytest.mark.parametrize('typed', ['ALICE@example.org', ' alice@EXAMPLE.ORG ', 'Alice@Example.org'])
@pytest.mark.parametrize('ask', [sign_up, forgot, confirm_again])
@pytest.mark.parametrize('is_verified', [True, False])
def test_an_email_goes_to_the_address_as_it_is_stored(site, browse, ask, typed, is_verified):
    person('alice', verified=is_verified)
    ask(browse(), typed)
    assert {recipient for _, recipient in mails()} <= {'alice@example.org'}
    assert mails() or (ask is confirm_again and is_verified)


@pytest.mark.parametrize('ask', [forgot, confirm_again])
def test_nothing_is_left_of_work_that_was_done_for_show(site, browse, ask):
    before = stored()
    ask(browse(), 'nobody@example.org')
    assert stored() == before
    drain()
    assert outbox(site) == []
