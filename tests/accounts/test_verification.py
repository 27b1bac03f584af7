"""Whose an account is: whatever was set before an address was proven ends, unless its person set it or keeps it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import PASSWORD, path_in, person, write
from sites import browser_of, form_with, long_ago, newest_mail, stored

from quickpub import codes, db
from quickpub.accounts import links, passwords, roles, sessions, signup_claim, verification
from quickpub.content import autosave
from quickpub.models import Autosave, Message, Post, Session, Token, User

HERS, MINE, THIRD = 'mallory has a plan', 'victor has a horse', 'yet another password'
EMAIL = 'victor@example.org'


def sign_up(browser, name, password, email=EMAIL, **extra):
    return browser.post('/signup', {'name': name, 'email': email, 'password': password} | extra)


def log_in(browser, password, email=EMAIL):
    """Whether this password lets somebody in."""
    return browser.post('/login', {'email': email, 'password': password}, status='*').status_int == 303


def is_in(browser):
    return browser.get('/studio', status='*').status_int == 200


def ten_minutes_later():
    long_ago(Message, created_at=db.now() - timedelta(minutes=11))


def found(email=EMAIL):
    with db.db.connection_context():
        return User.get(User.email == email)


def titles(user):
    with db.db.connection_context():
        return sorted(post.title for post in Post.select().where(Post.author == user))


def link(site, path='/verify/'):
    return path_in(newest_mail(site), path)


@pytest.fixture
def mallory(site, browse):
    """Somebody who signed up with Victor's address before he did, and set all that can be set."""
    browser = browse()
    sign_up(browser, 'Mallory', HERS)
    assert log_in(browser, HERS)
    browser.post('/settings', {'action': 'profile', 'name': 'Buy pills', 'handle': 'pills', 'bio': 'At pills.example',
                               'timezone': 'Asia/Tokyo', 'report': 'never', 'report_day': '1', 'report_time': '05:00'},
                 status=303)
    browser.post('/settings', {'action': 'address', 'email': 'mallory@evil.example', 'current': HERS}, status=303)
    browser.change = link(site)
    with db.db.connection_context():
        write(found(), 'Cheap pills', published=False)
        autosave.keep(found(), 'tab-of-a-window1', None, {'title': 'More pills', 'body': 'x'}, db.now())
        Post.update(shared_at=db.now()).execute()
        browser.shared = Post.get().draft_token
    browser.first = browse().post('/forgot', {'email': EMAIL}) and link(site, '/reset/')
    return browser


def assert_is_victors(site, mallory, browse, password, keeps_texts=False):
    user = found()
    assert user.is_verified and user.email == EMAIL
    assert not log_in(browse(), HERS) and log_in(browse(), password)
    assert not is_in(mallory)
    assert (user.bio, user.timezone, user.report, user.report_day) == ('', 'UTC', 'daily', 6)
    assert user.handle != 'pills' and titles(user) == (['Cheap pills'] if keeps_texts else [])
    mallory.get(f'/draft/{mallory.shared}', status=404)
    with db.db.connection_context():
        assert Autosave.select().count() == keeps_texts
    for path in (mallory.change, mallory.first):
        mallory.get(path, status=404)
        mallory.post(path, {'password': THIRD}, status=404)
    assert log_in(browse(), password) and found().email == EMAIL


# Mallory first, Victor second

@pytest.mark.parametrize('which', ['first', 'second'])
def test_in_the_browser_of_a_later_sign_up_its_name_and_password_count(site, mallory, browse, which):
    """With the mail that Mallory's sign-up sent, and with that of his own."""
    with db.db.connection_context():
        first = f"/verify/{Token.get(Token.purpose == 'verify').text}"
    ten_minutes_later()
    victor = browse()
    sign_up(victor, 'Victor', MINE)
    second = link(site)
    page = victor.get(first if which == 'first' else second)
    assert 'Victor' in page and 'Cheap pills' in page and 'More pills' in page
    assert not page.html.find('input', {'name': 'password'})
    page.forms[0].submit(status=303)
    assert found().name == 'Victor' and found().handle == 'victor'
    assert is_in(victor)
    assert_is_victors(site, mallory, browse, MINE)
    for path in (first, second):
        assert '404' in victor.get(path, status=404).status


@pytest.mark.parametrize('texts', ['keep', 'discard', '', 'nonsense'])
@pytest.mark.parametrize('way', ['verify', 'reset'])
def test_in_any_other_browser_a_new_password_is_chosen_and_texts_are_shown(site, mallory, browse, way, texts):
    if way == 'verify':
        with db.db.connection_context():
            path = f"/verify/{Token.get(Token.purpose == 'verify').text}"
    else:
        ten_minutes_later()
        browse().post('/forgot', {'email': EMAIL})
        path = mallory.first = link(site, '/reset/')
    victor = browse()
    page = victor.get(path)
    for words in ('Cheap pills', 'More pills', EMAIL, 'is logged out'):
        assert words in page
    before = stored()
    for wrong in ({}, {'password': 'short'}, {'password': MINE, 'name': ' '}, {'name': 'Victor'}):
        assert 'role="alert"' in victor.post(path, wrong, status=400)
    assert stored() == before
    victor.post(path, {'name': 'Victor', 'password': MINE, 'texts': texts}, status=303)
    assert found().name == 'Victor' and is_in(victor)
    assert_is_victors(site, mallory, browse, MINE, keeps_texts=texts == 'keep')


def test_mallorys_own_claim_does_not_help_her(site, mallory, browse):
    """Her browser is one that signed up; but the link comes to Victor's mailbox, and he has another browser."""
    with db.db.connection_context():
        path = f"/verify/{Token.get(Token.purpose == 'verify').text}"
    browse().post(path, {'password': MINE}, status=303)
    assert_is_victors(site, mallory, browse, MINE)
    assert 'already used' in mallory.post(path, status=404)


# Victor first, Mallory second

def test_a_later_sign_up_of_somebody_else_takes_nothing(site, browse):
    victor, mallory = browse(), browse()
    sign_up(victor, 'Victor', MINE)
    assert log_in(victor, MINE)
    victor.post('/studio/posts/new', {'title': 'On horses', 'body': 'Big.', 'action': 'save', 'tags': '', 'slug': '',
                                      'summary': ''}, status=303)
    path = link(site)
    sign_up(mallory, 'Mallory', HERS)
    assert not log_in(mallory, HERS)
    page = victor.get(path)
    assert 'On horses' not in page and len(page.html.find('main').find_all('button')) == 1
    page.forms[len(page.forms) - 1].submit(status=303)
    assert not log_in(browse(), HERS) and log_in(browse(), MINE)
    assert titles(found()) == ['On horses'] and is_in(victor) and not is_in(mallory)


def test_what_was_set_in_the_browser_that_signed_up_stays(site, browse):
    """Name, password and settings of an unconfirmed account, changed by its own person; other log-ins end."""
    victor, phone = browse(), browse()
    sign_up(victor, 'Victor', MINE)
    path = link(site)
    assert log_in(victor, MINE)
    victor.post('/settings', {'action': 'password', 'current': MINE, 'password': THIRD}, status=303)
    assert log_in(phone, THIRD)
    long_ago(User, bio='Rides.', name='Victor H.')
    victor.post(path, status=303)
    assert (found().bio, found().name) == ('Rides.', 'Victor H.')
    assert is_in(victor) and not is_in(phone)
    assert log_in(browse(), THIRD) and not log_in(browse(), MINE)


def test_a_session_alone_binds_a_browser_to_the_account(site, browse):
    sign_up(browse(), 'Victor', MINE)
    path, phone = link(site), browse()
    assert log_in(phone, MINE)
    page = phone.get(path)
    assert 'logged in to this account' in page and not page.html.find('input', {'name': 'password'})
    phone.post(path, status=303)
    assert found().is_verified and is_in(phone) and log_in(browse(), MINE)


def test_whoever_is_not_the_one_named_chooses_afresh_in_the_same_browser(site, browse):
    """On a computer that many use, Mallory may have signed up in the very browser that Victor has now."""
    shared = browse()
    sign_up(shared, 'Mallory', HERS)
    assert log_in(shared, HERS)
    page = shared.get(link(site))
    page = page.click('Choose another name and password')
    form = form_with(page, 'password')
    assert form.submit(status=400)
    form['name'], form['password'] = 'Victor', MINE
    form.submit(status=303)
    assert found().name == 'Victor' and is_in(shared)
    assert log_in(browse(), MINE) and not log_in(browse(), HERS)


# A browser that is logged in as somebody else

@pytest.mark.parametrize('way', ['verify', 'reset'])
def test_somebody_else_is_warned_and_logged_out(site, alice, browse, way):
    sign_up(browse(), 'Victor', MINE)
    path = link(site)
    if way == 'reset':
        browse().post('/forgot', {'email': EMAIL})
        path = link(site, '/reset/')
    browser = browse(alice)
    secret = browser.cookies['quickpub']
    page = browser.get(path)
    assert 'You are logged in as <bdi>Alice</bdi>' in page and EMAIL in page
    browser.post(path, {'password': THIRD}, status=303)
    assert '<bdi class="who">Victor</bdi>' in browser.get('/studio')
    with db.db.connection_context():
        assert sessions.find(secret, db.now()) is None
    browse().log_in(alice)  # her own account is as it was


# The claim

@pytest.mark.parametrize('spoil', [
    lambda value: value[:-1] + ('0' if value[-1] != '0' else '1'), lambda value: value.partition('.')[0],
    lambda value: 'x' + value, lambda value: '.', lambda value: 'nonsense', lambda value: value.replace('.', '..'),
    lambda value: 'é.é', lambda value: '=.=', lambda value: value.upper()])
def test_a_claim_that_we_did_not_sign_is_none(site, browse, spoil):
    cookie = signup_claim.seal_claim('Mallory', EMAIL, passwords.hash_password(HERS), db.now())
    assert signup_claim.read_claim(cookie, EMAIL.upper(), db.now()).name == 'Mallory'
    assert signup_claim.read_claim(spoil(cookie), EMAIL, db.now()) is None
    assert signup_claim.read_claim(cookie, 'other@example.org', db.now()) is None
    assert signup_claim.read_claim(cookie, None, db.now()) is None
    assert signup_claim.read_claim(cookie, EMAIL, db.now() + links.VERIFY_LIFETIME + timedelta(minutes=1)) is None
    sign_up(browse(), 'Victor', MINE)
    browser = browse()
    browser.set_cookie('quickpub-claim', spoil(cookie).encode('ascii', 'replace').decode())
    browser.post(link(site), status=400)


@pytest.mark.parametrize('url, path, is_secure', [
    ('http://localhost:8000', '/verify', False), ('https://voice.example', '/verify', True),
    ('https://voice.example/blog', '/blog/verify', True)])
def test_the_claim_goes_to_the_pages_that_confirm_only_and_is_forgotten_there(site, browse, url, path, is_secure):
    flags = sign_up(browser_of(site, url=url), 'Victor', MINE).headers['Set-Cookie'].split('; ')
    assert flags[0].startswith('quickpub-claim=') and MINE not in flags[0]
    flags = {flag.lower() for flag in flags[1:]}
    assert flags - {'secure'} == {'httponly', 'samesite=lax', f'path={path}', 'max-age=172800'}
    assert ('secure' in flags) == is_secure


# A change of address

@pytest.fixture
def change(site, alice, browse):
    """Alice's browser, in which she asked for a change to Victor's address; and the path of the link."""
    def ask():
        browser = browse(alice)
        form = form_with(browser.get('/settings'), 'email')
        form['email'], form['current'] = EMAIL, PASSWORD
        form.submit('action', status=303)
        return browser, link(site)
    return ask


@pytest.mark.parametrize('texts', ['keep', 'discard', ''])
def test_an_unconfirmed_account_does_not_keep_an_address_from_its_owner(mallory, alice, browse, change, texts):
    browser, path = change()
    page = browser.get(path)
    assert 'Cheap pills' in page and 'never confirmed' in page
    browser.post(path, {'texts': texts}, status=303)
    with db.db.connection_context():
        assert {(user.name, user.email) for user in User.select()} == {('Alice', EMAIL)}
    assert titles(alice) == (['Cheap pills'] if texts == 'keep' else [])
    assert not is_in(mallory) and not log_in(browse(), HERS) and log_in(browse(), PASSWORD)
    mallory.get(f'/draft/{mallory.shared}', status=404)
    for dead in (mallory.change, mallory.first):
        assert 'no longer exists' in mallory.get(dead, status=404)


@pytest.mark.parametrize('who', ['stranger', 'bob'])
def test_only_who_is_logged_in_to_the_account_confirms_its_new_address(alice, bob, browse, change, who):
    """Otherwise a mistyped address would give the account to whoever has it."""
    _, path = change()
    other = browse(bob if who == 'bob' else None)
    before = stored(Session)
    page = other.get(path)
    assert 'Log in to confirm' in page and alice.email not in page and 'Alice' not in page
    assert 'Log in to confirm' in other.post(path, {'password': THIRD}, status=403)
    assert stored(Session) == before
    form = form_with(page, 'next')
    form['email'], form['password'] = alice.email, PASSWORD
    page = form.submit(status=303).follow()
    assert 'Confirm your new email address' in page and alice.email in page
    other.post(path, status=303)
    assert found().id == alice.id


def test_an_unconfirmed_account_that_changes_its_address_first_is_proven_by_that(site, browse):
    victor, other = browse(), browse()
    sign_up(victor, 'Victor', MINE, email='vicktor@example.org')
    old = link(site)
    for browser in (victor, other):
        assert log_in(browser, MINE, 'vicktor@example.org')
    victor.post('/settings', {'action': 'address', 'email': EMAIL, 'current': MINE}, status=303)
    victor.post(link(site), status=303)
    assert found().is_verified and is_in(victor) and not is_in(other)
    assert 'no longer need this link' in browse().get(old, status=404)


def test_a_change_to_a_confirmed_address_looks_like_any_other_and_goes_nowhere(site, bob, alice, browse):
    browser = browse(alice)
    browser.post('/settings', {'action': 'address', 'email': bob.email, 'current': PASSWORD}, status=303)
    with db.db.connection_context():
        path = f"/verify/{Token.get(Token.purpose == 'address').text}"
    assert 'belongs to another account' in browser.get(path, status=404)
    assert 'belongs to another account' in browser.post(path, status=404)


# By hand: set-up, adduser, a link that is handed over

def test_set_up_with_an_address_that_somebody_signed_up_with_asks_about_texts(site, mallory, browse, connection):
    with connection():
        path = roles.ensure_setup_url(db.now()).removeprefix(site.url)
    typed = {'site_title': 'Ours', 'name': 'Victor', 'email': EMAIL, 'password': MINE}
    page = browse().post(path, typed, status=400)
    assert 'Choose whether to keep or to delete these texts' in page and not found().is_owner
    browse().post(path, typed | {'texts': 'discard'}, status=303)
    assert found().is_owner and found().name == 'Victor'
    assert_is_victors(site, mallory, browse, MINE)


def test_set_up_does_not_give_away_a_confirmed_account(site, alice, browse, connection):
    with connection():
        path = roles.ensure_setup_url(db.now()).removeprefix(site.url)
    typed = {'site_title': 'Ours', 'name': 'Olga', 'email': alice.email, 'password': MINE}
    assert 'already has an account' in browse().post(path, typed, status=400)
    browse().post(path, typed | {'password': PASSWORD}, status=303)
    with connection():
        assert User.get_by_id(alice.id).is_owner and User.get_by_id(alice.id).name == 'Olga'
    assert log_in(browse(), PASSWORD, alice.email)


@pytest.mark.parametrize('texts', ['keep', 'discard'])
def test_an_account_made_by_hand_replaces_an_unconfirmed_one(site, mallory, browse, rig, texts):
    rig.data = site.data
    command = ['adduser', '--name', 'Victor', '--email', EMAIL, '--password', MINE]
    refused = rig.run(*command)
    assert refused.returncode == 1 and '--texts keep' in refused.stderr and not found().is_verified
    done = rig.run(*command, '--texts', texts)
    assert done.returncode == 0, done.stderr
    assert_is_victors(site, mallory, browse, MINE, keeps_texts=texts == 'keep')
    again = rig.run(*command)
    assert again.returncode == 1 and 'already has an account' in again.stderr


def test_an_invitation_does_not_let_an_earlier_sign_up_in(site, olga, mallory, browse):
    owner = browse(olga)
    owner.post('/admin/invitations', {'email': EMAIL}, status=303)
    invite = link(site, '/signup').partition('=')[2]
    victor = browser_of(site, signup='invite')
    typed = {'name': 'Victor', 'email': EMAIL, 'password': MINE, 'invite': invite}
    assert 'Cheap pills' in victor.post('/signup', typed, status=400) and not found().is_verified
    victor.post('/signup', typed | {'texts': 'discard'}, status=303)
    assert found().name == 'Victor'
    assert_is_victors(site, mallory, browse, MINE)


# At the same moment

def test_a_log_in_under_way_while_the_address_is_proven_opens_nothing(site, mallory, connection):
    """The password was right when it was looked at; before the session begins the account is somebody else's."""
    with connection():
        user = sessions.log_in(EMAIL, HERS, '192.0.2.1', db.now())
        token = Token.get(Token.purpose == 'verify')
        verification.claim_account(token, 'Victor', passwords.hash_password(MINE), False, db.now())
        with pytest.raises(codes.Rejected):
            sessions.start(user, '', db.now())
        assert not Session.select().exists()


def test_of_two_who_confirm_at_the_same_moment_one_gets_the_account(site, connection):
    with connection():
        person('victor', verified=False)
        token = links.create_link('verify', links.VERIFY_LIFETIME, db.now(), user=found(), email=EMAIL)
    hashes, barrier = [passwords.hash_password(each) for each in (HERS, MINE, THIRD, 'a fourth one of them')], \
        threading.Barrier(4)

    def confirm(hashed):
        with db.db.connection_context():
            barrier.wait()
            try:
                verification.claim_account(token, 'Victor', hashed, False, db.now())
            except links.InvalidLink:
                return None
            return hashed

    with ThreadPoolExecutor(4) as pool:
        won = [each for each in pool.map(confirm, hashes) if each]
    assert len(won) == 1 and found().password == won[0]


def test_old_links_and_resent_ones_all_end_with_the_proof(site, browse):
    victor, paths = browse(), []
    for _ in range(3):
        sign_up(victor, 'Victor', MINE)
        paths.append(link(site))
        ten_minutes_later()
    browse().post('/verify', {'email': EMAIL})
    paths.append(link(site))
    victor.post(paths[1], status=303)
    for path in paths:
        page = victor.get(path, status=404)
        assert 'already used' in page or 'already confirmed' in page
        assert page.html.find('a', href='/studio') and not page.html.find('input', {'name': 'email'})
        page = browse().get(path, status=404)
        assert page.html.find('a', href='/login') and 'first sign-up' not in page


def test_no_page_says_whether_the_first_sign_up_was_somebody_elses(site, mallory, browse):
    """A stranger who signs up sees the same page for a free, an unconfirmed and a confirmed address."""
    with db.db.connection_context():
        person('alicia')
    pages = {sign_up(browse(), 'Zoe', MINE, email=email).text.replace(email, '')
             for email in (EMAIL, 'alicia@example.org', 'nobody@example.org')}
    assert len(pages) == 1
