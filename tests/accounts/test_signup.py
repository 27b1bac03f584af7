"""From signing up to a confirmed address, and all the ways in which that goes wrong."""

import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

import pytest
from conftest import PASSWORD, drain, ledger, link_in, outbox, path_in, text_of
from sites import browser_of, form_with, long_ago, mails, newest_mail, stored
from webtest import AppError

from quickpub import db
from quickpub.accounts import invitations, links, roles, sessions, users
from quickpub.jobs.tables import Job
from quickpub.models import Message, Post, Session, Site, Token, User

YESTERDAY = timedelta(days=1)
ANOTHER = 'another quiet horse'


def sign_up(browser, name='Alice', email='alice@example.org', password=PASSWORD, path='/signup'):
    form = browser.get(path).forms[0]
    form['name'], form['email'], form['password'] = name, email, password
    return form.submit(status='*')


def ask_again(browser, email='alice@example.org'):
    form = browser.get('/verify').forms[0]
    form['email'] = email
    return form.submit()


def newest_link(site, path='/verify/'):
    """The path of the link in the newest mail."""
    return path_in(newest_mail(site), path)


def confirm(browser, path, password=PASSWORD):
    """Confirm the address in a browser other than the one that signed up."""
    form = browser.get(path).forms[0]
    form['password'] = password
    return form.submit(status=303)


def user():
    with db.db.connection_context():
        return User.get()


def test_sign_up_writes_the_account_its_mail_and_its_job_and_answers_at_once(site, browse, connection):
    page = sign_up(browse())
    assert 'No email was sent' in page
    with connection():
        assert User.get().verified_at is None
        assert ledger() == [('verify', 'alice@example.org', 'queued')]
    assert outbox(site) == []


def test_the_link_in_the_mail_confirms_only_by_its_button(site, browse):
    browser = browse()
    sign_up(browser)
    path = newest_link(site)
    page = browser.get(path)
    assert not user().is_verified
    page.forms[0].submit(status=303)
    assert user().is_verified
    assert 'already used' in browse().get(path, status=404)


def test_nothing_that_was_typed_stands_in_the_mail(site, browse):
    sign_up(browse(), name='Buy pills at evil.example')
    drain()
    mail = outbox(site)[0]
    assert 'pills' not in mail.as_string() and 'pills' not in text_of(mail)
    assert link_in(mail, '/verify/').startswith(site.url)


def test_the_form_comes_back_as_typed_with_a_sentence_for_each_field_but_without_the_password(site, browse):
    page = sign_up(browse(), name='  ', email='alice@', password='a' * 9)
    assert page.status_int == 400
    assert page.forms[0]['email'].value == 'alice@' and page.forms[0]['password'].value == ''
    for sentence in ('Enter the name', 'Enter an email address', 'Choose a password of 10'):
        assert sentence in page
    assert stored()['User'] == [] and mails() == []


# Links that do not work

def foreign(path):
    """The same link, signed with another site's secret."""
    number = path.removeprefix('/verify/').partition('.')[0]
    digest = hmac.new(b'another secret', f'verify:{number}'.encode(), sha256).digest()
    return f'/verify/{number}.{urlsafe_b64encode(digest[:18]).decode()}'


def altered(path):
    return path[:-1] + ('A' if path[-1] != 'A' else 'B')


@pytest.mark.parametrize('spoil, sentence', [
    (lambda path: path, 'This link has expired.'),
    (altered, 'This link is incomplete.'),
    (foreign, 'This link is incomplete.'),
    (lambda path: path[:-5], 'This link is incomplete.'),
    (lambda path: path.replace('/verify/', '/verify/1'), 'This link is incomplete.'),
    (lambda path: '/verify/nonsense', 'This link is incomplete.'),
], ids=['expired', 'altered', 'foreign', 'cut', 'of another number', 'nonsense'])
def test_a_link_that_does_not_work_says_why_changes_nothing_and_offers_a_fresh_one(site, browse, spoil, sentence):
    sign_up(browse())
    path = spoil(newest_link(site))
    long_ago(Token, expires_at=db.now() - YESTERDAY)
    long_ago(Message, created_at=db.now() - YESTERDAY)
    before, browser = stored(), browse()
    assert sentence in browser.post(path, status=404)
    page = browser.get(path, status=404)
    assert sentence in page and stored() == before

    page.forms[0]['email'] = 'alice@example.org'
    assert 'No email was sent' in page.forms[0].submit()
    confirm(browser, newest_link(site))
    assert user().is_verified


def test_a_link_works_once_also_for_two_who_have_its_page_open(site, browse):
    first, second = browse(), browse()
    sign_up(first)
    path = newest_link(site)
    first, second = first.get(path), second.get(path)
    second.forms[0]['password'] = PASSWORD
    first.forms[0].submit(status=303)
    page = second.forms[0].submit(status=404)
    assert 'It works only once' in page and page.html.find('a', string='Log in', href='/login')
    assert page.forms[0].action == '/verify'


def test_a_link_for_an_address_that_was_changed_since_confirms_nothing(site, browse):
    sign_up(browse())
    path = newest_link(site)
    long_ago(User, email='new@example.org')
    assert 'no longer use' in browse().post(path, status=404)
    assert not user().is_verified


@pytest.mark.parametrize('is_elsewhere', [False, True])
def test_confirming_leads_on_to_the_studio(site, browse, is_elsewhere):
    browser = browse()
    sign_up(browser)
    if is_elsewhere:
        browser = browse()
        done = confirm(browser, newest_link(site))
    else:
        done = browser.get(newest_link(site)).forms[0].submit(status=303)
    assert done.location == '/studio/dashboard' and 'Your email address is confirmed' in done.follow()


# A fresh mail

def test_a_fresh_mail_comes_at_most_every_ten_minutes(site, browse):
    browser = browse()
    sign_up(browser)
    for _ in range(3):
        ask_again(browser)
    assert mails() == [('verify', 'alice@example.org')]
    long_ago(Message, created_at=db.now() - timedelta(minutes=9))
    ask_again(browser)
    assert len(mails()) == 1
    long_ago(Message, created_at=db.now() - timedelta(minutes=10, seconds=1))
    ask_again(browser)
    assert mails() == 2 * [('verify', 'alice@example.org')]


def test_nobody_but_who_waits_for_it_gets_a_fresh_mail(alice, browse):
    ask_again(browse(), 'alice@example.org')
    ask_again(browse(), 'nobody@example.org')
    assert mails() == []
    assert browse().get('/login').html.find('a', href='/verify')  # where the mail says that a fresh one is asked for


def test_the_page_for_a_fresh_mail_knows_who_is_logged_in_and_wants_an_address(site, browse):
    browser = browse()
    sign_up(browser)
    browser.log_in(user())
    form = browser.get('/verify').forms[0]
    assert form['email'].value == 'alice@example.org'
    form['email'] = 'alice'
    page = form.submit(status=400)
    assert 'Enter an email address' in page and page.forms[0]['email'].value == 'alice'


# Before the address is confirmed

def test_who_is_not_confirmed_may_log_in_and_write_but_not_publish(site, browse, connection):
    browser = browse()
    sign_up(browser)
    browser.log_in(user())
    assert 'not confirmed yet' in browser.get('/studio')
    page = browser.get('/studio/posts/new')
    assert 'not confirmed yet' in page and not page.html.find('button', value='publish')
    typed = {'title': 'On hills', 'body': 'They are *high*.', 'tags': 'Hills', 'summary': '', 'slug': ''}
    page = browser.post('/studio/posts/new', typed | {'action': 'publish'}, status=400)
    assert 'Your draft is saved. To publish it, first confirm your email address' in page
    assert form_with(page, 'body')['body'].value == typed['body']
    with connection():
        post = Post.get()
        assert (post.title, post.body, post.published_at) == ('On hills', 'They are *high*.', None)
    browser.get('/p/on-hills', status=404)

    form_with(page, 'body').submit('action', value='save', status=303)  # over the same draft, not a second one
    browser.get(newest_link(site)).forms[0].submit(status=303)
    browser.post(f'/studio/posts/{post.id}', typed | {'action': 'publish'}, status=303)
    assert 'They are' in browse().get('/p/on-hills')
    with connection():
        assert Post.select().count() == 1


def test_a_name_that_nobody_confirmed_is_no_page_but_for_its_owner(site, browse):
    browser = browse()
    sign_up(browser, name='Buy pills')
    for path in ('/@buy-pills', '/@buy-pills/feed.xml'):
        assert 'pills' not in browse().get(path, status=404)
    browser.log_in(user())
    assert 'has not published any posts yet' in browser.get('/@buy-pills')
    browser.get(newest_link(site)).forms[0].submit(status=303)
    browse().get('/@buy-pills', status=404)
    browser.post('/studio/posts/new', {'title': 'Hills', 'body': 'x', 'action': 'publish'}, status=303)
    assert 'Hills' in browse().get('/@buy-pills')


# A second sign-up

def test_a_second_sign_up_for_an_unconfirmed_address_changes_nothing(site, browse):
    sign_up(browse())
    before = stored()
    page = sign_up(browse(), name='Mallory', email='ALICE@example.org', password=ANOTHER)
    assert 'No email was sent' in page and stored() == before
    browser = browse()
    with pytest.raises(AppError, match='400'):
        browser.log_in(user(), ANOTHER)
    browser.log_in(user(), PASSWORD)


def test_a_second_sign_up_for_an_unconfirmed_address_mails_again_after_ten_minutes(site, browse):
    sign_up(browse())
    sign_up(browse(), password=ANOTHER)
    assert mails() == [('verify', 'alice@example.org')]
    long_ago(Message, created_at=db.now() - timedelta(minutes=11))
    sign_up(browse(), password=ANOTHER)
    assert mails() == 2 * [('verify', 'alice@example.org')]
    confirm(browse(), newest_link(site))
    browse().log_in(user(), PASSWORD)


def test_a_sign_up_for_a_confirmed_address_tells_its_owner_at_most_every_ten_minutes(site, alice, browse):
    before = stored(Message, Job)
    for _ in range(2):
        sign_up(browse(), name='Mallory', email='Alice@Example.org', password=ANOTHER)
    assert stored(Message, Job) == before and mails() == [('exists', 'alice@example.org')]
    drain()
    mail = outbox(site)[0]
    assert mail['Subject'] == 'You already have an account - The Village Voice'
    assert f'{site.url}/forgot' in text_of(mail)
    assert 'Mallory' not in mail.as_string()
    long_ago(Message, created_at=db.now() - timedelta(minutes=11))
    sign_up(browse())
    assert mails() == 2 * [('exists', 'alice@example.org')]


@pytest.mark.parametrize('ask', [
    lambda browser, email: sign_up(browser, email=email),
    lambda browser, email: ask_again(browser, email),
    lambda browser, email: browser.post('/forgot', {'email': email}),
], ids=['sign-up', 'a fresh mail', 'a new password'])
def test_pages_do_not_tell_whether_an_address_is_known(alice, browse, connection, ask):
    with connection():
        users.create('Zoe', 'zoe@example.org', None, db.now())
    names = ('alice', 'zoe', 'nobody', 'alice', 'xyzzy')
    answers = [ask(browse(), f'{name}@example.org') for name in names]
    assert {answer.status for answer in answers} == {'200 OK'}
    assert len({answer.text.replace(f'{name}@', '') for answer, name in zip(answers, names, strict=True)}) == 1
    headers = [{field: len(value) if field == 'Set-Cookie' else value for field, value in answer.headers.items()
                if field != 'Content-Length'} for answer, name in zip(answers, names, strict=True)
               if len(name) == 5]  # a claim is as long as what was typed
    assert headers[0] == headers[1] == headers[2]
    assert not any(answer.headers.get('Set-Cookie', '').startswith('quickpub=') for answer in answers)



# Not open to everybody

def test_where_sign_up_is_closed_nobody_comes_in(site, olga, browse):
    with db.db.connection_context():
        invitation = links.create_link('invite', YESTERDAY, db.now(), email='zoe@example.org').text
    owner = browse(olga)
    browser, before = browser_of(site, signup='closed'), stored(Session)
    assert not browser.get('/').html.find('a', href='/signup')
    for path in ('/signup', f'/signup?invite={invitation}'):
        page = browser.get(path)
        assert 'Sign-up is closed' in page and not page.forms
    for invite in ('', invitation):
        page = browser.post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD,
                                        'invite': invite}, status=403)
        assert 'Sign-up is closed' in page

    assert not owner.get('/admin/invitations').html.find('input', {'name': 'email'})
    page = owner.post('/admin/invitations', {'email': 'zoe@example.org'}, status=400)
    assert 'Sign-up is closed, also for people with an invitation' in page
    assert stored(Session) == before


def test_an_invitation_lets_one_person_in_once(site, olga, browse):
    owner = browse(olga)
    browser = browser_of(site, signup='invite')
    assert 'Sign-up is closed' in browser.get('/signup')
    typed = {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD}
    browser.post('/signup', typed, status=403)
    browser.post('/signup', typed | {'invite': '1.nonsense'}, status=404)
    assert len(stored()['User']) == 1

    owner.post('/admin/invitations', {'email': 'zoe@example.org'}, status=303)
    path = newest_link(site, '/signup')
    page = sign_up(browser, path=path, email='not an address')
    assert page.status_int == 400 and page.forms[0]['invite'].value in path  # the invitation is not lost on the way
    sign_up(browser, 'Zoe', 'zoe@example.org', path=path).follow(status=200)
    assert mails('verify') == []

    browser = browser_of(site, signup='invite')
    page = browser.get(path, status=404)
    assert 'already used' in page and 'Ask the person who invited you' in page
    browser.post('/signup', typed | {'email': 'more@example.org', 'invite': path.partition('=')[2]}, status=404)
    assert len(stored()['User']) == 2


def test_a_copied_link_is_not_used_up_by_somebody_who_has_an_account(site, olga, alice, browse):
    with db.db.connection_context():
        path = invitations.create_invitation_link(db.now()).removeprefix(site.url)
    browser = browser_of(site, signup='invite', smtp='smtp://localhost:1')
    page = sign_up(browser, path=path)
    assert mails() == [('exists', 'alice@example.org')]
    assert 'ask for another invitation' in page and 'sign up again' not in page
    assert sign_up(browser, email='new@example.org', path=path).status_int == 200
    assert len(stored()['User']) == 3


def test_an_expired_invitation_lets_nobody_in(site, browse):
    with db.db.connection_context():
        invitation = links.create_link('invite', YESTERDAY, db.now() - 2 * YESTERDAY, email='zoe@example.org').text
    browser = browser_of(site, signup='invite')
    assert 'expired' in browser.get(f'/signup?invite={invitation}', status=404)
    browser.post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD, 'invite': invitation},
                 status=404)
    assert stored()['User'] == []


# The owner

def test_the_first_link_makes_the_owner_once_also_where_sign_up_is_closed(site, browse, connection):
    browser = browser_of(site, signup='closed')
    with connection():
        path = roles.ensure_setup_url(db.now()).removeprefix(site.url)
        assert roles.ensure_setup_url(db.now()) == site.url + path
    form = browser.get(path).forms[0]
    form['site_title'], form['name'], form['email'], form['password'] = ' ', 'Olga', 'olga@example.org', 'short'
    page = form.submit(status=400)
    assert 'Enter a name for the site' in page and 'Choose a password' in page and stored()['User'] == []

    form = page.forms[0]
    assert form['name'].value == 'Olga'
    form['site_title'], form['password'] = 'Hill & dale', PASSWORD
    page = form.submit(status=303).follow()
    assert 'Your site is ready' in page
    with connection():
        assert (User.get().is_owner, User.get().is_verified, Site.this().title) == (True, True, 'Hill & dale')
        assert roles.ensure_setup_url(db.now()) is None
    browser.get('/admin')
    assert 'already used' in browse().get(path, status=404)
    browse().post(path, {'site_title': 'Mine', 'name': 'Mallory', 'email': 'm@example.org', 'password': PASSWORD},
                  status=404)
    assert len(stored()['User']) == 1


def test_who_signed_up_with_the_owners_address_before_does_not_become_owner_by_it(site, browse, connection):
    mallory = browse()
    sign_up(mallory, 'Mallory', 'olga@example.org', ANOTHER)
    with connection():
        user = users.find_by_email('olga@example.org')
        path = roles.ensure_setup_url(db.now()).removeprefix(site.url)
    mallory.log_in(user, ANOTHER)
    form = form_with(mallory.get('/settings'), 'email')
    form['email'], form['current'] = 'mallory@example.org', ANOTHER
    form.submit('action', status=303)
    drain()
    to_mallory = newest_link(site, '/verify')

    browse().post(path, {'site_title': 'Ours', 'name': 'Olga', 'email': 'olga@example.org', 'password': PASSWORD},
                  status=303)
    with connection():
        assert (User.get().name, User.get().is_owner) == ('Olga', True)
    assert mallory.get('/admin').status_int == 303
    assert 'the account was changed' in mallory.get(to_mallory, status=404)


def test_what_nobody_needs_any_more_is_forgotten(site, browse, connection):
    sign_up(browse())
    browse().log_in(user())
    browse().post('/login', {'email': 'alice@example.org', 'password': 'wrong'}, status=400)
    long_ago(Token, expires_at=db.now() - timedelta(days=31))
    long_ago(Session, expires_at=db.now())
    with connection():
        users.clean_up(db.now())
        sessions.clean_up(db.now())
    rows = stored()
    assert rows['Token'] == rows['Session'] == [] and len(rows['User']) == 1
