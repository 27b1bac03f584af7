"""Devices: in words, in the settings, and known to an account, so that nobody's guessing keeps its member out."""

import re
from datetime import timedelta

import pytest
from conftest import BROWSER, PASSWORD, Browser, path_in, person, text_of, write
from sites import browser_of, form_with, long_ago, mails, newest_mail, stored
from webtest import AppError

from quickpub import codes, db, throttle
from quickpub.accounts import known_devices, notifications, sessions, users, validation
from quickpub.accounts.devices import describe
from quickpub.mail import delivery, ledger
from quickpub.models import Device, Message, Session, User
from quickpub.sentences import make_sentence

NEW = 'a louder horse in the valley'
DAY = timedelta(days=1)
WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0'
MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0'
IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) '
ANDROID = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) '
FIREFOX = 'Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0'


# In words

@pytest.mark.parametrize(('agent', 'words'), [
    (FIREFOX, 'Firefox on Android'), (WINDOWS, 'Chrome on Windows'), (f'{WINDOWS} Edg/142.0.0.0', 'Edge on Windows'),
    (f'{MAC} Safari/605.1.15', 'Safari on Mac'),
    (f'{IPHONE}Version/26.0 Mobile/15E148 Safari/604.1', 'Safari on iPhone'),
    (f'{IPHONE}CriOS/142.0.0.0 Mobile/15E148 Safari/604.1', 'Chrome on iPhone'),
    (f'{IPHONE}FxiOS/145.0 Mobile/15E148 Safari/605.1.15', 'Firefox on iPhone'),
    (f'{IPHONE}EdgiOS/142.0 Version/18.0 Mobile/15E148 Safari/604.1', 'Edge on iPhone'),
    ('Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Version/12.1.2 Mobile/15E148 Safari/604.1',
     'Safari on iPad'),
    (f'{ANDROID}SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36', 'Samsung Internet on Android'),
    (f'{ANDROID}Chrome/142.0.0.0 Mobile Safari/537.36', 'Chrome on Android'),
    (f'{ANDROID}Chrome/142.0.0.0 Mobile Safari/537.36 EdgA/142.0', 'Edge on Android'),
    ('Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox on Linux'),
    ('Mozilla/5.0 (X11; FreeBSD amd64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox on Linux'),
    ('Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/142.0.0.0', 'Chrome on Chromebook'),
    (BROWSER, 'Chrome on Linux'), (f'{BROWSER} OPR/125.0.0.0', 'Opera on Linux'),
    (f'{BROWSER} Vivaldi/7', 'Vivaldi on Linux'),
    ('Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko', 'Internet Explorer on Windows'),
    ('curl/8.9.1', 'curl'), ('Wget/1.25.0', 'Wget'), ('python-requests/2.32', 'A program written in Python'),
    ('Python-urllib/3.11', 'A program written in Python'), ('Go-http-client/1.1', 'A program written in Go'),
    ('node', 'A program written in JavaScript'),
    ('Lynx/2.9.2', 'Lynx'), ('Mozilla/5.0 (Windows NT 10.0; en-US) WindowsPowerShell/5.1', 'PowerShell'),
    ('Mozilla/5.0 (Linux; Android 14)', 'Unknown browser on Android'), ('Firefox/145.0', 'Firefox'),
    ('', 'Unknown device'), ('x' * 3000, 'Unknown device'), ('<script>alert(1)</script>', 'Unknown device'),
    ('Firefox', 'Unknown device'), ('\0\n', 'Unknown device'), ('日本', 'Unknown device'),
    ('Anna logged in from Windows', 'Unknown browser on Windows')])
def test_a_device_in_words(agent, words):
    assert make_sentence(describe(agent)) == words


# In the settings

def device(app, agent=BROWSER, address='127.0.0.1'):
    browser = Browser(app)
    browser.extra_environ |= {'HTTP_USER_AGENT': agent, 'REMOTE_ADDR': address}
    return browser


def log_in(browser, user, password=PASSWORD, status=303):
    return browser.post('/login', {'email': user.email, 'password': password}, status=status)


def is_in(browser):
    return browser.get('/studio', status='*').status_int == 200


def listed(browser):
    """What the settings say about each device."""
    items = browser.get('/settings').html.select('.sessions li')
    return [' '.join(item.text.split()) for item in items]


def test_devices_are_listed_with_this_one_first(alice, app):
    day = (db.now() - 9 * DAY)
    phone, desk = device(app, FIREFOX), device(app, WINDOWS)
    log_in(phone, alice)
    long_ago(Device, created_at=day)
    long_ago(Session, seen_at=day + DAY)
    log_in(desk, alice)
    first, second = listed(desk)
    assert first.startswith('Chrome on Windows This device First logged in') and 'Log out' not in first
    shown = [f'{(day + timedelta(days=plus)):%-d %B %Y, %H:%M}' for plus in (1, 0)]
    assert second == f'Firefox on Android Last used {shown[0]} First logged in {shown[1]} Log out'
    log_in(desk, alice)
    assert len(listed(desk)) == 2  # a device is listed once, however often it logs in


def test_one_device_is_logged_out_and_forgotten(alice, bob, app):
    phone, desk, other = device(app, FIREFOX), device(app, WINDOWS), device(app)
    for browser, user in ((phone, alice), (desk, alice), (other, bob)):
        log_in(browser, user)
    page = desk.get('/settings')
    form = form_with(page, 'digest')
    done = form.submit('action', status=303).follow()
    assert 'That device is logged out' in done and not is_in(phone) and is_in(desk) and is_in(other)
    assert 'was already logged out' in form.submit('action', status=303).follow()
    for digest in ('', 'x', 'é'):
        done = desk.post('/settings', {'action': 'end_session', 'digest': digest}, status=303)
        assert done.location == '/settings' and 'already logged out' in done.follow()
    with db.db.connection_context():
        assert {row.user_id for row in Device.select()} == {alice.id, bob.id} and Device.select().count() == 2
        theirs = Session.get(Session.user == bob).digest
    desk.post('/settings', {'action': 'end_session', 'digest': theirs}, status=303)
    assert is_in(other)


def test_this_device_may_be_named_too(alice, app):
    desk = device(app)
    log_in(desk, alice)
    with db.db.connection_context():
        digest = Session.get().digest
    done = desk.post('/settings', {'action': 'end_session', 'digest': digest}, status=303)
    assert done.location.startswith('/login') and not is_in(desk)


@pytest.mark.parametrize('way', ['button', 'new password', 'reset', 'new address of an unconfirmed account'])
def test_everywhere_else(site, alice, bob, app, way):
    phone, desk, other = device(app, FIREFOX), device(app, WINDOWS), device(app)
    for browser, user in ((phone, alice), (desk, alice), (other, bob)):
        log_in(browser, user)
    if way == 'button':
        assert 'Log out everywhere else' in desk.get('/settings')
        done = desk.post('/settings', {'action': 'end_others'}, status=303)
        assert 'Logged out everywhere else' in done.follow()
    elif way == 'new password':
        desk.post('/settings', {'action': 'password', 'current': PASSWORD, 'password': NEW}, status=303)
    elif way == 'reset':
        desk.post('/forgot', {'email': alice.email})
        desk.post(path_in(newest_mail(site), '/reset/'), {'password': NEW}, status=303)
    else:
        long_ago(User, verified_at=None)
        desk.post('/settings', {'action': 'address', 'email': 'new@example.org', 'current': PASSWORD}, status=303)
        desk.post(path_in(newest_mail(site), '/verify/'), status=303)
    assert is_in(desk) and not is_in(phone) and is_in(other) and len(listed(desk)) == 1
    with db.db.connection_context():  # the phone is not known any more, the desk is
        assert sorted(row.user_id for row in Device.select()) == [alice.id, bob.id]
        assert known_devices.find(alice, desk.cookies['quickpub-device'], db.now())
        assert not known_devices.find(alice, phone.cookies['quickpub-device'], db.now())


# Known to an account

def guess(app, email, count, address='192.0.2.{}', status=400):
    """Wrong passwords from as many addresses."""
    for number in range(count):
        browser = device(app, address=address.format(number % 250 + 1))
        browser.post('/login', {'email': email, 'password': f'wrong {number}'}, status=status)


def test_nobody_keeps_a_known_device_out(alice, app):
    desk = device(app)
    log_in(desk, alice)
    desk.post('/logout')
    guess(app, alice.email, throttle.LOGIN_ACCOUNT.limit)
    page = log_in(device(app, address='198.51.100.1'), alice, status=429)
    assert 'Wait 15 minutes' in page and page.html.find('a', href='/forgot')
    desk.extra_environ['REMOTE_ADDR'] = '192.0.2.1'  # even from where somebody guesses
    log_in(desk, alice)
    log_in(device(app, address='198.51.100.1'), alice, status=429)  # which is no room for more guesses


def test_nor_whoever_has_a_link_from_the_mailbox(site, alice, app):
    guess(app, alice.email, throttle.LOGIN_ACCOUNT.limit)
    browser = device(app)
    log_in(browser, alice, status=429)
    browser.post('/forgot', {'email': alice.email})
    browser.post(path_in(newest_mail(site), '/reset/'), {'password': NEW}, status=303)
    assert is_in(browser)
    browser.post('/logout')
    log_in(browser, alice, NEW)  # by now it is known


def test_a_known_device_has_a_limit_of_its_own(alice, bob, app):
    desk = device(app)
    log_in(desk, alice)
    desk.post('/logout')
    for _ in range(throttle.LOGIN_DEVICE.limit):
        log_in(desk, alice, 'wrong', status=400)
    log_in(desk, alice, status=429)
    log_in(desk, bob)  # who has never been here: another budget
    log_in(device(app), alice)  # and nobody else is slowed by it
    long_ago(throttle.ThrottleUse, at=db.now() - timedelta(minutes=16))
    log_in(desk, alice)


def test_the_right_password_settles_the_wrong_ones_before_it(alice, app):
    desk = device(app)
    for _ in range(3):
        for _ in range(throttle.LOGIN_PAIR.limit - 1):
            log_in(desk, alice, 'wrong', status=400)
        log_in(desk, alice)


@pytest.mark.parametrize('address', [
    '2001:db8::{:x}', '2001:DB8:0:0::{:x}', '2001:0db8:0000:0000:0000:0000:0000:{:04x}', '[2001:db8::{:x}]',
    '2001:db8::{:x}:{:x}'])
def test_one_network_is_one_client_however_it_is_spelled(alice, app, address):
    for number in range(throttle.LOGIN_PAIR.limit):
        log_in(device(app, address=address.format(number + 1, number)), alice, 'wrong', status=400)
    log_in(device(app, address=address.format(4711, 4711)), alice, status=429)
    log_in(device(app, address='2001:db8:1::1'), alice)


@pytest.mark.parametrize('address', [
    '192.0.2.7', '::ffff:192.0.2.7', '::FFFF:c000:207', '192.0.2.7:4711', '64:ff9b::c000:207'])
def test_so_is_one_address(alice, app, address):
    for _ in range(throttle.LOGIN_PAIR.limit):
        log_in(device(app, address='192.0.2.7'), alice, 'wrong', status=400)
    log_in(device(app, address=address), alice, status=429)
    log_in(device(app, address='192.0.2.8'), alice)


@pytest.mark.parametrize('spelling', [
    'alice@example.org', 'ALICE@EXAMPLE.ORG', ' Alice@example.org ', 'alice@example.org.', 'ａｌｉｃｅ@example.org',
    'alice@EXAMPLE。org'])
def test_one_account_is_one_however_its_address_is_typed(alice, app, spelling):
    """Each spelling either reaches the account, and counts as it, or none at all."""
    guess(app, spelling, throttle.LOGIN_ACCOUNT.limit, address='198.51.100.{}')
    right = device(app).post('/login', {'email': spelling, 'password': PASSWORD}, status='*')
    assert right.status_int == 429
    with db.db.connection_context():
        reaches = users.find_by_email(validation.normalize_email(spelling)) == alice
    log_in(device(app), alice, status=429 if reaches else 303)


def test_a_network_of_many_addresses_is_slowed_over_all_accounts(alice, app):
    for number in range(throttle.LOGIN_CLIENT.limit):
        browser = device(app, address=f'2001:db8::{number:x}')
        browser.post('/login', {'email': f'{number}@example.org', 'password': 'wrong'}, status=400)
    log_in(device(app, address='2001:db8::ffff'), alice, status=429)
    log_in(device(app), alice)


def test_guessing_slowly_is_limited_by_the_day(site, alice):
    start = db.now()
    for number in range(throttle.LOGIN_ACCOUNT_DAY.limit):
        with pytest.raises(codes.Rejected):
            sessions.log_in(alice.email, 'wrong', f'198.51.{number}.1', start + number * timedelta(minutes=5))
    at = start + throttle.LOGIN_ACCOUNT_DAY.limit * timedelta(minutes=5)
    with pytest.raises(sessions.Throttled) as refused:
        sessions.log_in(alice.email, PASSWORD, '203.0.113.1', at)
    assert refused.value.code == codes.Code('login.wait_until_tomorrow')
    assert sessions.log_in(alice.email, PASSWORD, '203.0.113.1', at + DAY) == alice


def test_an_address_without_an_account_is_throttled_alike(alice, app):
    for email in (alice.email, 'nobody@example.org'):
        guess(app, email, throttle.LOGIN_ACCOUNT.limit)
    pages = [device(app).post('/login', {'email': email, 'password': PASSWORD}, status=429).text.replace(email, '')
             for email in (alice.email, 'nobody@example.org')]
    assert pages[0] == pages[1]


@pytest.mark.parametrize('spoil', [
    lambda cookie: cookie[:-1], lambda cookie: 'x' + cookie, lambda cookie: cookie[::-1], lambda cookie: '',
    lambda cookie: '.', lambda cookie: 'x' * 43, lambda cookie: 'é' * 43,
    lambda cookie: '.'.join(['x' * 43] * 8 + [cookie]),
    lambda cookie: cookie.replace(cookie[0], ' ')])
def test_a_device_that_we_do_not_know_is_none(site, alice, spoil):
    _, cookie, is_new = known_devices.remember(alice, '', db.now())
    assert is_new and known_devices.find(alice, cookie, db.now())
    assert known_devices.find(alice, f'{"x" * 43}.{cookie}', db.now())
    assert not known_devices.find(alice, spoil(cookie), db.now())


def test_a_device_is_known_for_a_year_to_those_who_logged_in(site, alice, bob):
    at = db.now()
    first, cookie, _ = known_devices.remember(alice, '', at)
    assert not known_devices.find(bob, cookie, at)
    other, cookie, is_new = known_devices.remember(bob, cookie, at)
    assert is_new and other != first
    assert known_devices.find(alice, cookie, at) == first and known_devices.find(bob, cookie, at) == other
    assert known_devices.find(alice, cookie, at + 364 * DAY) and not known_devices.find(alice, cookie, at + 366 * DAY)
    device, again, is_new = known_devices.remember(alice, cookie, at + 300 * DAY)
    assert device == first and not is_new and set(again.split('.')) == set(cookie.split('.'))
    known_devices.clean_up(at + 400 * DAY)
    assert [row.user for row in Device.select()] == [alice] and known_devices.find(alice, again, at + 400 * DAY)


def test_a_cookie_that_somebody_planted_is_not_made_known(alice, bob, app):
    mallory, victim = device(app), device(app)
    log_in(mallory, bob)
    victim.set_cookie('quickpub-device', mallory.cookies['quickpub-device'])
    log_in(victim, alice)
    with db.db.connection_context():
        assert known_devices.find(alice, victim.cookies['quickpub-device'], db.now())
        assert not known_devices.find(alice, mallory.cookies['quickpub-device'], db.now())


def test_a_device_knows_so_many_accounts_and_forgets_the_first(site, alice):
    cookie, people = '', [person(f'p{number}') for number in range(known_devices.MOST + 1)]
    for each in people:
        _, cookie, _ = known_devices.remember(each, cookie, db.now())
    assert not known_devices.find(people[0], cookie, db.now()) and len(cookie) < 400
    assert all(known_devices.find(each, cookie, db.now()) for each in people[1:])


def test_the_devices_token_is_stored_as_a_hash_only(site, alice, app):
    desk = device(app)
    log_in(desk, alice)
    token = desk.cookies['quickpub-device'].encode()
    assert not any(token in file.read_bytes() for file in site.data.rglob('*') if file.is_file())
    assert BROWSER not in repr(stored()['Device'])


@pytest.mark.parametrize('url, name, path, is_secure', [
    ('http://127.0.0.1:8000', 'quickpub-device', '/', False),
    ('https://voice.example', '__Host-quickpub-device', '/', True),
    ('https://voice.example/blog', 'quickpub-device', '/blog', True)])
def test_the_devices_cookie_lasts_a_year(site, alice, url, name, path, is_secure):
    cookie = log_in(browser_of(site, url=url), alice).headers.getall('Set-Cookie')[1].split('; ')
    assert cookie[0].startswith(f'{name}=')
    flags = {flag.lower() for flag in cookie[1:]}
    assert flags - {'secure'} == {'httponly', 'samesite=lax', f'path={path}', 'max-age=31536000'}
    assert ('secure' in flags) == is_secure


def test_who_is_logged_out_reads_from_the_cache_whatever_device_they_have(alice, app):
    desk = device(app)
    log_in(desk, alice)
    desk.post('/logout').follow()
    assert desk.cookies.keys() == {'quickpub-device'}
    assert desk.get('/').headers['Cache-Control'] == 'public, no-cache'


def test_who_is_logged_in_since_before_devices_were_known_becomes_known(alice, app):
    desk = device(app)
    log_in(desk, alice)
    long_ago(Session, device=None, seen_at=db.now() - 2 * DAY)
    with db.db.connection_context():
        Device.delete().execute()
    del desk.cookies['quickpub-device']
    desk.get('/studio')
    with db.db.connection_context():
        assert known_devices.find(alice, desk.cookies['quickpub-device'], db.now()) == Session.get().device
    desk.post('/logout')
    log_in(desk, alice)
    assert mails() == []


# Emails

def told(site):
    """The last email as its reader has it, without line breaks."""
    found = newest_mail(site)
    return found['Subject'], found['To'], ' '.join(text_of(found).split())


def test_a_log_in_from_a_new_device_is_told_to_the_member(site, alice, app):
    long_ago(User, timezone='Asia/Kathmandu')
    log_in(device(app, WINDOWS), alice)
    assert mails() == []  # the first one is no news
    log_in(device(app, FIREFOX, '203.0.113.77'), alice)
    assert mails() == [('login_told', alice.email)]
    subject, to, words = told(site)
    assert subject == 'A new device logged in to your account - The Village Voice' and to == alice.email
    assert 'Device: Firefox on Android' in words and '(Asia/Kathmandu)' in words
    assert f'{site.url}/forgot' in words and f'{site.url}/settings' in words
    with db.db.connection_context():
        written = Message.get().created_at + timedelta(hours=5, minutes=45)
    assert f'When: {written.day} {written:%B %Y, %H:%M}' in words
    assert '203.0.113' not in newest_mail(site).as_string()


@pytest.mark.parametrize('way', ['the same device', 'logged out before', 'a reset', 'wrong password', 'unconfirmed',
                                 'after a reset, here', 'who lost the session'])
def test_what_is_no_news(site, alice, app, way):
    desk, phone = device(app, WINDOWS), device(app, FIREFOX)
    log_in(desk, alice)
    if way == 'the same device':
        log_in(desk, alice)
    elif way == 'logged out before':
        desk.post('/logout')
        log_in(desk, alice)
    elif way in ('a reset', 'after a reset, here'):
        phone.post('/forgot', {'email': alice.email})
        phone.post(path_in(newest_mail(site), '/reset/'), {'password': NEW}, status=303)
        if way != 'a reset':
            phone.post('/logout')
            log_in(phone, alice, NEW)
    elif way == 'wrong password':
        log_in(phone, alice, 'wrong', status=400)
    elif way == 'unconfirmed':
        long_ago(User, verified_at=None)  # then the mailbox may be anybody's
        log_in(phone, alice)
    else:
        del desk.cookies['quickpub']
        log_in(desk, alice)
        assert len(listed(desk)) == 1
    assert mails('login_told') == []


def test_a_device_that_was_logged_out_by_others_is_news_again(site, alice, app):
    desk, phone = device(app, WINDOWS), device(app, FIREFOX)
    log_in(phone, alice)
    log_in(desk, alice)
    desk.post('/settings', {'action': 'end_others'}, status=303)
    log_in(phone, alice)
    assert mails('login_told') == 2 * [('login_told', alice.email)]


def test_a_log_in_while_writing_is_told_too(site, alice, app):
    log_in(device(app, WINDOWS), alice)
    form = {'title': 'x', 'body': 'x', 'action': 'save', 'login_email': alice.email, 'login_password': PASSWORD}
    device(app, FIREFOX).post('/studio/posts/new', form, status=303)
    assert mails() == [('login_told', alice.email)] and 'Firefox on Android' in told(site)[2]


def test_a_new_password_is_told_to_the_member(site, alice, app):
    desk = device(app, WINDOWS)
    log_in(desk, alice)
    desk.post('/settings', {'action': 'password', 'current': 'wrong', 'password': NEW}, status=400)
    desk.post('/settings', {'action': 'password', 'current': PASSWORD, 'password': 'short'}, status=400)
    assert mails() == []
    desk.post('/settings', {'action': 'password', 'current': PASSWORD, 'password': NEW}, status=303)
    assert mails() == [('password_told', alice.email)]
    subject, to, words = told(site)
    assert subject == 'Your password was changed - The Village Voice' and to == alice.email
    assert 'Device: Chrome on Windows' in words and f'{site.url}/forgot' in words and f'{site.url}/settings' in words
    assert PASSWORD not in words and NEW not in words


def test_so_is_one_by_a_link(site, alice, app):
    phone = device(app, FIREFOX)
    phone.post('/forgot', {'email': alice.email})
    path = path_in(newest_mail(site), '/reset/')
    phone.post(path, {'password': 'short'}, status=400)
    assert mails('password_told') == []
    phone.post(path, {'password': NEW}, status=303)
    assert mails('password_told') == [('password_told', alice.email)] and 'Firefox on Android' in told(site)[2]


def test_the_old_address_is_told_when_and_where(site, alice, app):
    phone = device(app, FIREFOX)
    log_in(phone, alice)
    phone.post('/settings', {'action': 'address', 'email': 'new@example.org', 'current': PASSWORD}, status=303)
    phone.post(path_in(newest_mail(site), '/verify/'), status=303)
    subject, to, words = told(site)
    assert to == 'alice@example.org' and 'Device: Firefox on Android' in words
    assert re.search(r'When: \d+ \w+ \d{4}', words)


def test_emails_that_an_older_version_has_written_are_sent(site, alice, connection):
    with connection():
        ledger.compose('address_told', 'old@example.org', key='x', subject='x', payload={'new_hint': 'n…@example.org'})
        delivery.deliver()
    assert 'When:' not in told(site)[2] and 'n…@example.org' in told(site)[2]


@pytest.mark.parametrize('compose', [notifications.notify_new_device, notifications.notify_password_changed])
def test_at_most_a_few_a_day(site, alice, bob, compose):
    at = db.now()
    for number in range(notifications.NOTIFICATIONS_PER_DAY + 3):
        made = compose(alice, at + timedelta(seconds=number), WINDOWS)
        assert bool(made) == (number < notifications.NOTIFICATIONS_PER_DAY)
    assert compose(bob, at, WINDOWS)
    long_ago(Message, created_at=at - DAY)
    db.db.connect(reuse_if_open=True)
    assert compose(alice, at + timedelta(minutes=1), WINDOWS)


def test_the_email_is_in_the_transaction_of_its_log_in(alice, app, monkeypatch):
    log_in(device(app), alice)
    before = stored()
    monkeypatch.setattr(notifications, 'notify_new_device', lambda *_: 1 / 0)
    with pytest.raises(AppError, match='500'):
        log_in(device(app, FIREFOX), alice)
    assert stored() == before


@pytest.mark.parametrize('posts', ['keep', 'delete'])
def test_nothing_of_a_device_stays_when_its_member_leaves(alice, bob, app, posts):
    with db.db.connection_context():
        write(alice)
    desk, other = device(app), device(app)
    log_in(desk, alice)
    log_in(other, bob)
    desk.post('/settings/delete', {'password': PASSWORD, 'posts': posts}, status=303)
    with db.db.connection_context():
        assert [row.user for row in Device.select()] == [bob] == [row.user for row in Session.select()]
