"""Accounts: logging in and out, sessions, throttling, passwords and addresses changed, leaving, unsubscribing."""

import re
from datetime import timedelta
from hashlib import sha256

import pytest
from conftest import BROWSER, PASSWORD, Browser, clean_up, path_in, person, text_of, write
from sites import browser_of, form_with, long_ago, mails, newest_mail, stored
from webtest import TestApp

from quickpub import codes, db, throttle
from quickpub.accounts import deletion, links, sessions, users
from quickpub.jobs import tables
from quickpub.mail import ledger
from quickpub.models import Message, Post, Session, Token, User

HOME = '/studio/dashboard'

NEW = 'a louder horse in the valley'
YESTERDAY = timedelta(days=1)
SETTINGS = {'action': 'profile', 'name': 'Alice', 'handle': 'alice', 'bio': '', 'timezone': 'UTC', 'report': 'daily'}


def log_in(browser, email='alice@example.org', password=PASSWORD, status=None, **extra):
    return browser.post('/login', {'email': email, 'password': password} | extra, status=status)


def is_logged_in(browser):
    return browser.get('/studio', status='*').status_int == 200


def reload(user):
    with db.db.connection_context():
        return User.get_by_id(user.id)


# Logging in and out

def test_log_in_and_out(alice, browse):
    browser = browse()
    done = log_in(browser, ' Alice@Example.ORG ', status=303)
    assert done.location == HOME
    assert 'Write your first post' in done.follow()
    assert browser.get('/login', status=303).location == HOME

    done = form_with(browser.get('/studio'), None).submit(status=303)
    assert done.location == '/login'
    assert 'You are logged out' in done.follow() and not is_logged_in(browser)
    assert stored()['Session'] == []
    browser.post('/logout', status=303)  # once more does no harm


@pytest.mark.parametrize('email, password', [
    ('alice@example.org', 'wrong'), ('alice@example.org', ''), ('alice@example.org', PASSWORD.upper()),
    ('alice@example.org', PASSWORD + ' '), ('nobody@example.org', PASSWORD), ('', ''), ('alice', PASSWORD),
    ("alice@example.org' OR 1=1 --", PASSWORD), ('%', PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(alice, browse, email, password):
    browser = browse()
    page = log_in(browser, email, password, status=400)
    assert 'Wrong email or password' in page
    assert page.forms[0]['email'].value == email and page.forms[0]['password'].value == ''
    assert 'Set-Cookie' not in page.headers and not is_logged_in(browser)


def test_who_has_no_password_cannot_log_in(site, browse, connection):
    with connection():
        users.create('Zoe', 'zoe@example.org', None, db.now())
    log_in(browse(), 'zoe@example.org', '', status=400)
    log_in(browse(), 'zoe@example.org', 'None', status=400)


@pytest.mark.parametrize('url, name, path, is_secure', [
    ('http://localhost:8000', 'quickpub', '/', False), ('https://voice.example', '__Host-quickpub', '/', True),
    ('https://voice.example/blog', 'quickpub', '/blog', True)])
def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(site, alice, url, name, path, is_secure):
    flags = log_in(browser_of(site, url=url), status=303).headers.getall('Set-Cookie')[0].split('; ')
    assert flags[0].startswith(f'{name}=') and len(flags[0]) > 40
    flags = {flag.lower() for flag in flags[1:]}  # RFC 6265, 5.2: in capitals or not
    assert flags - {'secure'} == {'httponly', 'samesite=lax', f'path={path}', 'max-age=5184000'}
    assert ('secure' in flags) == is_secure


def test_a_session_is_stored_as_a_hash_only_and_starts_anew_with_each_log_in(site, alice, browse):
    browser = browse(alice)
    secret = browser.cookies['quickpub']
    with db.db.connection_context():
        assert Session.get().digest == sha256(secret.encode()).hexdigest()
        assert Session.get().agent == BROWSER
    assert not any(secret.encode() in file.read_bytes() for file in site.data.rglob('*') if file.is_file())
    log_in(browser, status=303)
    assert browser.cookies['quickpub'] != secret

    for forged in (Session.digest, secret[:-1], secret + 'A', '', '"'):
        stranger = browse()
        stranger.set_cookie('quickpub', str(forged))
        assert not is_logged_in(stranger)


def test_a_session_ends_60_days_after_the_last_visit(alice, browse, connection):
    browser, soon = browse(alice), db.now() + timedelta(days=3)
    long_ago(Session, seen_at=db.now() - timedelta(hours=23), expires_at=soon)
    page = browser.get('/')
    with connection():
        assert Session.get().expires_at == soon and 'Set-Cookie' not in page.headers  # not at each visit
    long_ago(Session, seen_at=db.now() - timedelta(hours=25))
    secret, page = browser.cookies['quickpub'], browser.get('/')
    with connection():
        assert Session.get().expires_at > db.now() + timedelta(days=59)
    assert f'quickpub={secret}; HttpOnly; Max-Age=5184000;' in page.headers['Set-Cookie']
    long_ago(Session, expires_at=db.now())
    assert not is_logged_in(browser)


# After logging in

@pytest.mark.parametrize('path, location', [
    ('/settings', '/settings'), ('/studio?before=7', '/studio?before=7'), ('', HOME),
    ('//evil.example', HOME), ('///evil.example', HOME), ('https://evil.example/', HOME),
    ('evil.example', HOME), ('/\\evil.example', HOME), ('\\\\evil.example', HOME),
    ('/\t/evil.example', HOME), ('/\n/evil.example', HOME), ('javascript:alert(1)', HOME),
    (' //evil.example', HOME), ('/a\r\nSet-Cookie: x=1', HOME), ('/%0d%0aX: 1', '/%0d%0aX:%201'),
    ('/t/日本', '/t/%E6%97%A5%E6%9C%AC')])
def test_log_in_leads_on_only_within_the_site(alice, browse, path, location):
    done = log_in(browse(), next=path, status=303)
    assert done.headers['Location'] == location
    page = browse().get('/login', {'next': path})
    assert ('next' in page.forms[0].fields) == (location != HOME)


def test_a_stranger_is_sent_to_log_in_and_back(alice, browse):
    browser = browse()
    page = browser.get('/settings/delete?x=1&y=%C3%BC', status=303).follow()
    page.forms[0]['email'], page.forms[0]['password'] = alice.email, 'wrong'
    page = page.forms[0].submit(status=400)
    page.forms[0]['password'] = PASSWORD
    assert page.forms[0].submit(status=303).headers['Location'] == '/settings/delete?x=1&y=%C3%BC'
    assert browse().post('/settings', status=303).headers['Location'] == '/login?next=/studio'


# Too many tries

def tries(count, email, client):
    """That many failed log-ins just now."""
    with db.db.connection_context():
        for _ in range(count):
            with pytest.raises(codes.Rejected):
                sessions.log_in(email, 'wrong', client, db.now())


def test_after_ten_wrong_passwords_the_right_one_has_to_wait(alice, browse):
    browser = browse()
    for _ in range(sessions.TRIES_PER_PAIR):
        log_in(browser, password='wrong', status=400)
    page = log_in(browser, status=429)
    assert 'Wait 15 minutes' in page and page.forms[0]['email'].value == alice.email
    elsewhere = Browser(browser.app, address='192.0.2.7')
    log_in(elsewhere, status=303)  # nobody can lock somebody else out so easily


def test_tries_are_forgotten_after_a_quarter_of_an_hour(alice, browse):
    tries(sessions.TRIES_PER_PAIR, alice.email, '127.0.0.1')
    log_in(browse(), status=429)
    long_ago(throttle.ThrottleUse, at=db.now() - timedelta(minutes=15, seconds=1))
    log_in(browse(), status=303)


def test_many_clients_cannot_try_one_account_for_ever(alice, bob, browse):
    for number in range(sessions.TRIES_PER_ACCOUNT // 5):
        tries(5, alice.email, f'192.0.2.{number}')
    log_in(browse(), status=429)
    log_in(browse(), bob.email, status=303)


def test_one_client_cannot_try_many_accounts_for_ever(alice, browse):
    for number in range(sessions.TRIES_PER_CLIENT):
        tries(1, f'{number}@example.org', '127.0.0.1')
    log_in(browse(), status=429)
    log_in(Browser(browse().app, address='192.0.2.7'), status=303)


def test_tries_name_nobody_in_the_clear(alice, browse):
    log_in(browse(), password='wrong', status=400)
    with db.db.connection_context():
        rows = list(throttle.ThrottleUse.select().tuples())
    assert len(rows) == 4 and not re.search(r'alice|127\.0', repr(rows))


def test_the_password_in_the_settings_cannot_be_tried_for_ever_either(alice, browse):
    browser = browse(alice)
    for _ in range(throttle.LOGIN_DEVICE.limit):
        browser.post('/settings', {'action': 'password', 'current': 'wrong', 'password': NEW}, status=400)
    page = browser.post('/settings', {'action': 'password', 'current': PASSWORD, 'password': NEW}, status=400)
    assert 'Wait 15 minutes' in page


# A forgotten password

def forget(browser, email='alice@example.org'):
    form = browser.get('/forgot').forms[0]
    form['email'] = email
    return form.submit()


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(site, alice, browse):
    elsewhere, browser = browse(alice), browse()
    forget(browser)
    ledger = newest_mail(site)
    assert ledger['To'] == alice.email and 'Alice' not in ledger.as_string()
    path = path_in(ledger, '/reset/')
    assert browser.get(path).forms[0].action == path
    assert is_logged_in(elsewhere)  # looking at the page changes nothing

    page = browser.post(path, {'password': 'short'}, status=400)
    assert 'Choose a password of 10 to 200 characters' in page
    page.forms[0]['password'] = NEW
    done = page.forms[0].submit(status=303)
    assert 'Password changed' in done.follow() and is_logged_in(browser)
    assert not is_logged_in(elsewhere)
    log_in(browse(), status=400)
    log_in(browse(), password=NEW, status=303)

    for answer in (browse().get(path, status=404), browse().post(path, {'password': PASSWORD}, status=404)):
        assert 'already used' in answer and answer.html.find('a', href='/forgot')
    log_in(browse(), password=NEW, status=303)


def test_a_reset_link_may_be_used_where_one_is_logged_in(site, alice, browse):
    browser, elsewhere = browse(alice), browse(alice)
    forget(browse())
    browser.post(path_in(newest_mail(site), '/reset/'), {'password': NEW}, status=303)
    assert is_logged_in(browser) and not is_logged_in(elsewhere)


def test_a_reset_link_expires_after_two_hours(site, alice, browse):
    forget(browse())
    path = path_in(newest_mail(site), '/reset/')
    with db.db.connection_context():
        assert Token.get().expires_at - Token.get().created_at == timedelta(hours=2)
    long_ago(Token, expires_at=db.now())
    before = stored()
    for answer in (browse().get(path, status=404), browse().post(path, {'password': NEW}, status=404)):
        assert 'This link has expired' in answer and answer.html.find('a', href='/forgot')
    assert stored() == before


def test_a_new_password_ends_all_other_links_to_choose_one(site, alice, browse):
    forget(browse())
    first = path_in(newest_mail(site), '/reset/')
    long_ago(Message, created_at=db.now() - YESTERDAY)
    forget(browse())
    second = path_in(newest_mail(site), '/reset/')
    assert first != second
    browse().post(second, {'password': NEW}, status=303)
    browse().post(first, {'password': PASSWORD}, status=404)
    log_in(browse(), password=NEW, status=303)


def test_nobodys_mailbox_can_be_flooded(alice, browse):
    for _ in range(3):
        forget(browse())
        forget(browse(), 'nobody@example.org')
    assert mails() == [('reset', alice.email)]
    long_ago(Message, created_at=db.now() - timedelta(minutes=11))
    forget(browse())
    assert mails() == 2 * [('reset', alice.email)]


def test_who_follows_a_reset_link_has_confirmed_the_address(site, browse, connection):
    with connection():
        zoe = person('zoe', verified=False)
    forget(browse(), zoe.email)
    browse().post(path_in(newest_mail(site), '/reset/'), {'password': NEW}, status=303)
    assert reload(zoe).is_verified


def test_no_link_works_as_one_for_something_else(site, alice, browse):
    forget(browse())
    token = path_in(newest_mail(site), '/reset/').rpartition('/')[2]
    for path in ('/verify/', '/setup/', '/unsubscribe/'):
        browse().get(path + token, status=404)
        browse().post(path + token, status=404)
    token = links.unsubscribe_url(alice.id).rpartition('/')[2]
    browse().post('/reset/' + token, {'password': NEW}, status=404)
    log_in(browse(), status=303)


# Another address

def change_address(browser, email='new@example.org', current=PASSWORD, status=303):
    form = form_with(browser.get('/settings'), 'email')
    form['email'], form['current'] = email, current
    return form.submit('action', status=status)


def test_a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(site, alice, browse):
    browser = browse(alice)
    page = change_address(browser).follow()
    assert 'confirm the new email address is not sent' in page and 'new@example.org' in page
    assert mails() == [('address', 'new@example.org')] and reload(alice).email == alice.email
    path = path_in(newest_mail(site), '/verify/')
    browse().get(path)
    assert reload(alice).email == alice.email

    form_with(browser.get(path), None).submit(status=303)
    assert reload(alice).email == 'new@example.org'
    assert mails() == [('address', 'new@example.org'), ('address_told', alice.email)]
    ledger, told = newest_mail(site), text_of(newest_mail(site))
    assert ledger['Subject'] == 'Your email address was changed - The Village Voice'
    assert 'was changed' in told and 'n…@example.org' in told and 'new@example.org' not in told
    assert is_logged_in(browser)
    log_in(browse(), status=400)
    log_in(browse(), 'new@example.org', status=303)

    page = browse().get(path, status=404)
    assert 'already used' in page and page.html.find('a', href='/settings')


def test_a_change_of_address_needs_the_password_and_a_real_address(alice, browse):
    browser = browse(alice)
    page = change_address(browser, current='wrong', status=400)
    assert 'Wrong password' in page and form_with(page, 'email')['email'].value == 'new@example.org'
    assert 'Enter an email address' in change_address(browser, email='new@', status=400)
    assert 'already your email address' in change_address(browser, email='ALICE@example.org', status=400)
    assert mails() == [] and stored()['Token'] == []


def test_only_the_newest_link_to_a_new_address_works(site, alice, browse):
    browser = browse(alice)
    change_address(browser, 'mistyped@example.org')
    first = path_in(newest_mail(site), '/verify/')
    assert 'Wait ten minutes' in change_address(browser, status=400)
    long_ago(Token, created_at=db.now() - timedelta(minutes=11))
    change_address(browser)
    assert 'We sent a newer one' in browser.post(first, status=404)
    browser.post(path_in(newest_mail(site), '/verify/'), status=303)
    assert reload(alice).email == 'new@example.org'


def test_a_taken_address_gets_a_mail_of_another_kind(site, alice, bob, browse):
    """And the page does not tell: or anybody with an account could ask who else has one."""
    browser = browse(alice)
    taken = change_address(browser, 'bob@example.org').follow()
    assert mails() == [('exists', bob.email)] and reload(alice).email == alice.email
    assert 'Wait ten minutes' in change_address(browser, 'bob@example.org', status=400)
    long_ago(Token, created_at=db.now() - timedelta(minutes=11))
    free = change_address(browser, 'rob@example.org').follow()
    assert mails()[1:] == [('address', 'rob@example.org')]
    assert taken.text.replace('bob@', 'rob@') == free.text and 'The link that confirms' in taken


def test_a_link_for_a_new_password_dies_with_the_old_address(site, alice, browse):
    forget(browse())
    path = path_in(newest_mail(site), '/reset/')
    browser = browse(alice)
    change_address(browser)
    browser.post(path_in(newest_mail(site), '/verify/'), status=303)
    browse().post(path, {'password': NEW}, status=404)
    log_in(browse(), 'new@example.org', status=303)


def test_a_link_for_a_new_address_dies_with_the_old_password(site, alice, browse):
    change_address(browse(alice))  # by somebody who knows the password, and is not Alice
    path = path_in(newest_mail(site), '/verify/')
    long_ago(Message, created_at=db.now() - YESTERDAY)
    forget(browse())
    browse().post(path_in(newest_mail(site), '/reset/'), {'password': NEW}, status=303)
    browse().post(path, status=404)
    assert reload(alice).email == alice.email


def test_an_address_that_was_taken_meanwhile_stays_with_its_owner(site, alice, browse, connection):
    browser = browse(alice)
    change_address(browser)
    path = path_in(newest_mail(site), '/verify/')
    with connection():
        users.create('Newman', 'new@example.org', None, db.now(), is_verified=True)
    before = stored()
    assert 'belongs to another account' in browser.post(path, status=404)
    assert stored() == before


# Another password, other sessions

def test_a_new_password_ends_other_sessions_and_keeps_this_one(alice, browse):
    browser, elsewhere = browse(alice), browse(alice)
    form = form_with(browser.get('/settings'), 'password')
    form['current'], form['password'] = 'wrong', NEW
    page = form.submit('action', status=400)
    assert 'Wrong password' in page and is_logged_in(elsewhere)
    form['current'], form['password'] = PASSWORD, 'short'
    assert 'Choose a password' in form.submit('action', status=400)
    form['password'] = NEW
    assert 'You are logged out everywhere else' in form.submit('action', status=303).follow()
    assert is_logged_in(browser) and not is_logged_in(elsewhere)
    log_in(browse(), status=400)
    log_in(browse(), password=NEW, status=303)


def test_sessions_are_listed_and_ended(alice, bob, browse):
    browser, phone, desk = browse(alice), browse(alice), browse(alice)
    other = browse(bob)
    page = browser.get('/settings')
    assert len(page.html.select('.sessions li')) == 3 and len(page.html.select('.sessions button')) == 2
    with db.db.connection_context():
        digest = sha256(phone.cookies['quickpub'].encode()).hexdigest()
    form_of_phone = next(form for form in page.forms.values()
                         if 'digest' in form.fields and form['digest'].value == digest)
    assert 'That device is logged out' in form_of_phone.submit('action', status=303).follow()
    assert not is_logged_in(phone) and is_logged_in(desk) and is_logged_in(browser)
    browser.post('/settings', {'action': 'end_others'}, status=303)
    assert not is_logged_in(desk) and is_logged_in(browser) and is_logged_in(other)

    digest = sha256(other.cookies['quickpub'].encode()).hexdigest()
    browser.post('/settings', {'action': 'end_session', 'digest': digest}, status=303)
    assert is_logged_in(other)  # nobody ends the sessions of others


# Name, handle, zone, reports

def test_the_profile_is_saved_and_shown(alice, browse, connection):
    browser = browse(alice)
    with connection():
        write(alice)  # whoever has published nothing has no page
    form = form_with(browser.get('/settings'), 'handle')
    assert form['timezone'].value == 'UTC' and form['report'].value == 'daily'
    form['name'], form['handle'], form['bio'] = '  Alice\u202e  Berg ', 'Alice Berg', 'Hills, mostly.'
    form['timezone'], form['report'] = 'Pacific/Auckland', 'weekly'
    assert 'Saved.' in form.submit('action', status=303).follow()
    found = reload(alice)
    assert (found.name, found.handle, found.bio) == ('Alice Berg', 'alice-berg', 'Hills, mostly.')
    assert (found.timezone, found.report) == ('Pacific/Auckland', 'weekly')
    page = browse().get('/@alice-berg')
    assert 'Alice Berg' in page and 'Hills, mostly.' in page
    assert browse().get('/@alice', status=301).headers['Location'] == '/@alice-berg'


def test_a_taken_handle_is_refused_with_a_suggestion_and_the_form_kept(alice, bob, browse):
    page = browse(alice).post('/settings', SETTINGS | {'handle': 'Bob', 'bio': 'New words.'}, status=400)
    assert 'This handle is taken. Try bob-2.' in page
    assert form_with(page, 'handle')['bio'].value == 'New words.' and reload(alice).bio == ''
    page = browse(alice).post('/settings', SETTINGS | {'handle': 'admin'}, status=400)
    assert 'This handle is taken. Try admin-2.' in page


def test_a_suggested_handle_can_be_used_however_long_the_taken_one_is(alice, bob, browse):
    browser, long = browse(alice), 'anna-' * 12
    browse(bob).post('/settings', SETTINGS | {'handle': long}, status=303)
    assert reload(bob).handle == ('anna-' * 8).strip('-')
    page = browser.post('/settings', SETTINGS | {'handle': long}, status=400)
    suggested = re.search('Try (.*?)[.]<', page.text).group(1)
    browser.post('/settings', SETTINGS | {'handle': suggested}, status=303)
    assert reload(alice).handle == suggested


@pytest.mark.parametrize('field, typed, sentence', [
    ('name', '\u200b ', 'Enter the name that readers will see'),
    ('name', 'x' * 61, 'within 60 characters'), ('name', 'x' * 60 + ' y', 'within 60 characters'),
    ('handle', '!?', 'Use letters or digits'),
    ('bio', 'x' * 501, 'within 500 characters'), ('timezone', 'Mars/Crater', 'Choose a time zone'),
    ('timezone', '../../etc/passwd', 'Choose a time zone'), ('report', 'hourly', 'Choose how often'),
    ('report', 'minute', 'Choose how often'), ('action', 'nonsense', 'use one of the buttons'),
    ('action', '', 'use one of the buttons')])
def test_what_cannot_be_in_a_profile_is_refused_with_a_sentence(alice, browse, field, typed, sentence):
    browser, before = browse(alice), stored(Session)
    page = browser.post('/settings', SETTINGS | {field: typed}, status=400)
    assert sentence in page and stored(Session) == before


def test_reports_every_minute_are_offered_only_where_the_site_is_for_trying_out(site, alice):
    browser = browser_of(site, report='minute')
    browser.log_in(alice)
    form = form_with(browser.get('/settings'), 'report')
    form['report'] = 'minute'
    form.submit('action', status=303)
    assert reload(alice).report == 'minute'


def test_who_takes_reports_again_starts_fresh(alice, browse, connection):
    past = db.now() - timedelta(days=100)
    with connection():
        User.update(report='never', reported_until=past).execute()
        post = write(alice)
        Post.update(views=7, reported_views=2).execute()
    browser = browse(alice)
    browser.post('/settings', SETTINGS | {'report': 'never'}, status=303)
    assert reload(alice).reported_until == past
    browser.post('/settings', SETTINGS | {'report': 'daily'}, status=303)
    with connection():
        assert db.now() - reload(alice).reported_until < timedelta(minutes=5)
        assert Post.get_by_id(post.id).reported_views == 7
        User.update(reported_until=past).execute()
        Post.update(reported_views=3).execute()
    browser.post('/settings', SETTINGS | {'report': 'weekly'}, status=303)  # from daily: nothing is left out
    with connection():
        assert reload(alice).reported_until == past and Post.get_by_id(post.id).reported_views == 3


# Leaving

@pytest.fixture
def leaving(olga, alice, bob):
    """Posts of every kind by alice."""
    write(alice, 'Public')
    write(alice, 'Draft', published=False)
    trashed = write(alice, 'Trashed')
    Post.update(deleted_at=db.now()).where(Post.id == trashed.id).execute()
    write(bob, 'By bob')
    return alice


def leave(browser, posts, password=PASSWORD, status=303):
    form = form_with(browser.get('/settings/delete'), 'password')
    form['posts'], form['password'] = posts, password
    return form.submit(status=status)


def titles():
    return sorted(row[2] for row in stored()['Post'])


def test_leaving_without_the_posts_takes_everything(leaving, browse):
    browser = browse(leaving)
    done = leave(browser, 'delete')
    assert 'Your account is deleted' in done.follow() and not is_logged_in(browser)
    assert titles() == ['By bob'] and len(stored()['User']) == 2
    for path in ('/p/public', '/@alice'):
        browse().get(path, status=404)
    log_in(browse(), status=400)


def test_leaving_may_keep_what_is_public_under_the_name(leaving, browse):
    browser, elsewhere = browse(leaving), browse(leaving)
    leave(browser, 'keep')
    assert titles() == ['By bob', 'Draft', 'Public']
    assert not is_logged_in(browser) and not is_logged_in(elsewhere)
    assert 'Alice' in browse().get('/p/public') and 'Public' in browse().get('/@alice')
    assert 'Alice' in browse().get('/@alice/feed.xml')
    found = reload(leaving)
    assert (found.name, found.email, found.password, found.report) == ('Alice', None, None, 'never')
    log_in(browse(), status=400)
    log_in(browse(), '', '', status=400)
    forget(browse())
    assert mails() == []


def test_after_leaving_the_address_is_free_and_the_name_is_not(leaving, browse):
    leave(browse(leaving), 'keep')
    browse().post('/signup', {'name': 'Alice', 'email': 'alice@example.org', 'password': NEW})
    with db.db.connection_context():
        assert User.get(User.email == 'alice@example.org').handle == 'alice-2'


def test_a_name_without_any_post_is_gone_with_its_account(alice, bob, browse):
    leave(browse(alice), 'keep')
    browse().get('/@alice', status=404)
    browse().get('/@alice/feed.xml', status=404)


def test_leaving_needs_the_password_and_a_choice(leaving, browse):
    browser, before = browse(leaving), stored(Session)
    page = leave(browser, 'delete', 'wrong', status=400)
    assert 'Wrong password' in page and form_with(page, 'posts')['posts'].value == 'delete'
    page = browser.post('/settings/delete', {'password': PASSWORD, 'posts': 'perhaps'}, status=400)
    assert 'Choose what should happen to your posts' in page
    browser.post('/settings/delete', {'posts': 'delete'}, status=400)
    assert stored(Session) == before


def test_the_only_owner_cannot_leave(olga, alice, browse):
    browser, before = browse(olga), stored(Session)
    page = browser.get('/settings/delete')
    assert 'the only owner' in page and 'password' not in page.text.split('<form', 1)[1].split('<main')[0]
    page = browser.post('/settings/delete', {'password': PASSWORD, 'posts': 'keep'}, status=400)
    assert 'the only owner' in page and stored(Session) == before
    with db.db.connection_context():
        User.update(role='owner').where(User.id == alice.id).execute()
    leave(browser, 'keep')
    assert reload(alice).is_owner


def test_links_of_somebody_who_left_are_dead(site, leaving, browse):
    forget(browse())
    path = path_in(newest_mail(site), '/reset/')
    unsubscribe = links.unsubscribe_url(leaving.id).removeprefix(site.url)
    leave(browse(leaving), 'keep')
    browse().post(path, {'password': NEW}, status=404)
    browse().get(unsubscribe, status=404)
    browse().post(unsubscribe, status=404)


# Unsubscribing

def test_one_click_unsubscribes_without_cookie_or_origin(site, alice, app):
    path = links.unsubscribe_url(alice.id).removeprefix(site.url)
    program = TestApp(app, extra_environ={'REMOTE_ADDR': '192.0.2.7', 'HTTP_HOST': 'localhost:8000'})
    for _ in range(2):  # the link stays valid
        page = program.post(path, {'List-Unsubscribe': 'One-Click'})
        assert 'You are unsubscribed' in page and reload(alice).report == 'never'
    answer = program.post(path, upload_files=[('List-Unsubscribe', 'x', b'One-Click')])
    assert answer.status_int == 200


def test_the_page_behind_an_unsubscribe_link_changes_nothing_by_itself(site, alice, browse):
    path = links.unsubscribe_url(alice.id).removeprefix(site.url)
    page = browse().get(path)
    assert 'Unsubscribe from reports' in page and reload(alice).report == 'daily'
    assert 'You are unsubscribed' in page.forms[0].submit() and reload(alice).report == 'never'
    assert 'You are unsubscribed' in browse().get(path)


def test_an_altered_unsubscribe_link_changes_nothing(site, alice, bob, browse):
    path = links.unsubscribe_url(alice.id).removeprefix(site.url)
    for spoilt in (path[:-1], path.replace(f'/{alice.id}.', f'/{bob.id}.'), '/unsubscribe/1', '/unsubscribe/x.y'):
        assert 'This link is incomplete' in browse().post(spoilt, status=404)
        browse().get(spoilt, status=404)
    assert (reload(alice).report, reload(bob).report) == ('daily', 'daily')


def test_a_mail_is_accepted_together_with_its_job(alice, browse, connection):
    forget(browse())
    with connection():
        assert tables.Job.select().count() == 1 and Message.get().state == 'queued'


def test_nothing_of_a_deleted_account_stays_but_its_posts_and_its_name(site, alice, bob):
    for user in (alice, bob):
        ledger.compose('reset', user.email, key=f'x:{user.id}', user=user, subject='x')
        write(user, f'By {user.name}')
        write(user, 'A draft', published=False)
    Post.delete().where(Post.author == bob, Post.title == 'By Bob').execute()
    for user in (alice, bob):
        deletion.delete_account(user, keep_posts=True, at=db.now(), keep_drafts=False)
    assert [(user.name, user.email) for user in User.select()] == [('Alice', None)]
    assert [post.title for post in Post.select()] == ['By Alice'] and not Message.select().exists()


def test_accounts_that_nobody_confirmed_are_forgotten_after_a_month_unless_they_wrote(site):
    for name in ('idle', 'fresh', 'writer', 'confirmed'):
        person(name, verified=name == 'confirmed', created_at=db.now() - timedelta(days=1 if name == 'fresh' else 31))
    write(User.get(User.name == 'Writer'), published=False)
    clean_up()
    assert sorted(user.name for user in User.select()) == ['Confirmed', 'Fresh', 'Writer']


def test_an_owner_makes_another_one(olga, alice, browse):
    browser = browse(olga)
    with db.db.connection_context():
        carol = person('carol', verified=False)
    for user in (alice, carol):
        asked = browser.post('/admin/members', {'action': 'make_owner', 'person': str(user.id)}, status=200)
        form = form_with(asked, 'identity')
        if 'identity_password' in form.fields:  # asked for once in ten minutes
            form['identity_password'] = PASSWORD
        answer = form.submit(status=303 if user == alice else 400)
    assert 'Carol has no confirmed email address' in answer
    browser.post('/admin/members', {'action': 'make_owner', 'person': '4711'}, status=404)
    with db.db.connection_context():
        assert {user.name for user in User.select().where(User.role == 'owner')} == {'Olga', 'Alice'}


def test_guesses_at_the_same_time_do_not_outrun_the_limit(site, alice):
    """Counted before the password is looked at: of many at once no more are tried than of one after the other."""
    from concurrent.futures import ThreadPoolExecutor

    def guess(number):
        with db.db.connection_context():
            try:
                sessions.log_in('alice@example.org', f'wrong {number}', '192.0.2.1', db.now())
            except codes.Rejected:
                return 'tried'
            except sessions.Throttled:
                return 'throttled'

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(guess, range(40)))
    assert answers.count('tried') == sessions.TRIES_PER_PAIR


def test_who_was_logged_out_meanwhile_is_told_that_nothing_was_changed(alice, browse):
    answer = browse().post('/settings', {'name': 'x'}, status=303)
    assert 'nothing was changed' in answer.follow() and answer.headers['Location'].startswith('/login?next=/studio')
