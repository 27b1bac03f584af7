"""Links in emails: only their reader sees them, and every end of each says what happened and what to do next."""

import logging
import re
from datetime import timedelta

import pytest
from conftest import PASSWORD, drain, outbox, path_in, person, text_of
from sites import browser_of, form_with, long_ago, mails, newest_mail, stored

from quickpub import db, signing, tasks
from quickpub.accounts import (
    credentials,
    email_change,
    invitations,
    links,
    notifications,
    password_reset,
    registration,
    users,
)
from quickpub.audience import running_reports
from quickpub.mail import delivery
from quickpub.models import Message, Post, Session, Token, User
from quickpub.sentences import make_sentence
from quickpub.sqlite import database

TOKEN = re.compile(r'\d+\.[\w-]{24}')
NEW = 'a louder horse in the valley'


@pytest.fixture
def ledger(site, olga, alice, bob):
    """An email of every kind to other people than Olga; the ids by kind. Call it on an open database."""
    zoe = person('zoe', verified=False)
    Post.update(author=alice).execute()
    at = db.now()
    made = {'verify': registration.resend_verification(zoe, at),
            'exists': registration.sign_up('x', bob.email, 'x', at),
            'reset': password_reset.request_reset(alice.email, at),
            'address': email_change.request_change(bob, 'new@example.org', at),
            'address of the owner': email_change.request_change(olga, 'victim@example.org', at),
            'invite': invitations.invite('ida@example.org', at),
            'address_told': notifications.notify_email_changed(alice, 'old@example.org', at),
            'link_made': password_reset.create_handover_link(bob, olga, at)[1]}
    return {kind: ids[0] for kind, ids in made.items()}


def test_an_owner_sees_no_link_that_only_somebody_else_may_use(site, olga, ledger, browse):
    """Nor in the list, the log, the page of work; but that an email went out, and its words."""
    browser = browse(olga)
    for kind, number in ledger.items():
        page = browser.get(f'/admin/mail/{number}')
        assert not TOKEN.search(page.text), kind
        assert 'The Village Voice' in page
        with db.db.connection_context():
            has_link = Message.get_by_id(number).token_id is not None
        assert (signing.HIDDEN in page) == has_link == ('create a password link' in page), kind
    with db.db.connection_context():
        delivery.deliver(urgent=True)
    for path in ('/admin/mail', '/admin/jobs', '/admin', '/admin/members', '/admin/mail?q=reset'):
        assert not TOKEN.search(browser.get(path).text)
    assert len([sent for sent in outbox(site) if TOKEN.search(text_of(sent))]) >= 5  # their readers get them whole


def test_an_owner_sees_the_links_of_their_own_email(site, olga, browse):
    with db.db.connection_context():
        number = password_reset.request_reset(olga.email, db.now())[0]
    assert TOKEN.search(browse(olga).get(f'/admin/mail/{number}').text)


def test_an_owner_cannot_unsubscribe_somebody_by_the_link_in_their_report(site, olga, alice, browse, connection):
    from conftest import write
    with connection():
        write(alice)
        with db.db.atomic():
            number = running_reports.compose_running([alice.id], db.now())[0]
    page = browse(olga).get(f'/admin/mail/{number}')
    assert '/unsubscribe/' in page and not TOKEN.search(page.text)


@pytest.mark.parametrize('text', [
    'https://x.example/reset/12.abcdefghijklmnopqrstuvwx', 'reset/1.ABCDEFGHIJKLMNOPQRSTUVW_ and on',
    '<https://x.example/blog/unsubscribe/7.-bcdefghijklmnopqrstuvw->', '/signup?invite=99.abcdefghijkl0123456789-_',
    '/setup/1.abcdefghijklmnopqrstuvwx\n', '/draft/123456.abcdefghijklmnopqrstuvwx"', 'é3.abcdefghijklmnopqrstuvwx.'])
def test_whatever_looks_like_a_token_is_hidden(text):
    assert 'abcdefgh' not in signing.redact(text).lower() and signing.HIDDEN in signing.redact(text)


@pytest.mark.parametrize('text', ['', '3.14', 'at 12.30', 'version 1.2.3', '/p/2026.a-post-with-a-rather-long-name',
                                  '1.a'])
def test_other_words_stay(text):
    assert signing.redact(text) == text


def test_tokens_of_this_site_are_found(site):
    for number in (1, 99, 10 ** 12):
        assert signing.redact(f'/reset/{signing.sign("reset", number)}') == f'/reset/{signing.HIDDEN}'


def test_no_link_stands_in_the_log(site, alice, browse, caplog):
    caplog.set_level(logging.DEBUG)
    browse().post('/forgot', {'email': alice.email})
    path = path_in(newest_mail(site), '/reset/')
    browser = browse(alice)
    long_ago(Session, seen_at=db.now() - timedelta(days=2))
    blocked = database.Database(None, lock_type='EXCLUSIVE', autoconnect=False)
    blocked.init(str(site.paths.database))
    db.db.timeout, before = 0.1, db.db.timeout
    try:
        with blocked.connection_context(), blocked.atomic():
            browser.post(path, {'password': NEW}, status=503)
    finally:
        db.db.timeout = before
        blocked.close()
    assert '/reset/' in caplog.text and not TOKEN.search(caplog.text)


# A link that an owner hands over

def hand_over(browser, member, password=PASSWORD, status='*'):
    page = browser.post('/admin/members', {'action': 'link', 'person': str(member.id)})
    form = form_with(page, 'current')
    form['current'] = password
    return form.submit('action', status=status)


def test_an_owner_helps_a_member_whose_email_does_not_arrive_and_everybody_sees_it(site, olga, alice, browse):
    owner, member = browse(olga), browse(alice)
    page = hand_over(owner, alice, status=200)
    path = re.search(r'/reset/[\w.-]+', page.text)[0]
    told = text_of(newest_mail(site))
    assert 'Olga' in told and not TOKEN.search(told)
    assert 'Olga' in member.get('/settings') and 'created a link' in member.get('/settings')
    assert 'created a password link' in owner.get(f'/admin/members/{alice.id}')
    phone = browse()
    phone.post(path, {'password': NEW}, status=303)
    assert phone.get('/settings').text.count('It was used.') == 1
    browse().post('/login', {'email': alice.email, 'password': NEW}, status=303)
    assert 'already used' in phone.get(path, status=404)


def test_a_link_handed_over_to_somebody_unconfirmed_confirms_and_changes_hands_like_any_other(site, olga, browse):
    browse().post('/signup', {'name': 'Mallory', 'email': 'zoe@example.org', 'password': PASSWORD})
    with db.db.connection_context():
        zoe = User.get(User.email == 'zoe@example.org')
    path = re.search(r'/reset/[\w.-]+', hand_over(browse(olga), zoe).text)[0]
    browse().post(path, {'name': 'Zoe', 'password': NEW}, status=303)
    with db.db.connection_context():
        assert User.get_by_id(zoe.id).is_verified and User.get_by_id(zoe.id).name == 'Zoe'
    browse().post('/login', {'email': 'zoe@example.org', 'password': PASSWORD}, status=400)


@pytest.mark.parametrize('who', ['stranger', 'author', 'another owner', 'themselves', 'nobody', 'wrong password'])
def test_nobody_else_gets_such_a_link(site, olga, alice, bob, browse, who):
    with db.db.connection_context():
        otto = person('otto', role='owner')
    before = stored(Session)
    if who == 'wrong password':
        assert 'Wrong password' in hand_over(browse(olga), alice, 'wrong', status=400)
        page = browse(olga).post('/admin/members', {'action': 'link', 'person': str(alice.id)})
    else:
        browser = browse({'author': bob, 'stranger': None}.get(who, olga))
        target = {'another owner': otto.id, 'themselves': olga.id, 'nobody': 4711}.get(who, alice.id)
        page = browser.post('/admin/members', {'action': 'link', 'person': str(target), 'current': PASSWORD},
                            status=303 if who == 'stranger' else 404)
    assert '/reset/' not in page and stored(Session)['Token'] == before['Token'] == []
    assert mails('link_made') == []


# Every end of every link

def spend(token, how):
    """Let this link end in one of the ways in which links do."""
    at = db.now()
    Token.update(**{'used': {'used_at': at}, 'expired': {'expires_at': at}, 'replaced': {'ended_at': at}}[how]).where(
        Token.id == token.id).execute()


@pytest.mark.parametrize('visitor', ['stranger', 'themselves', 'somebody else', 'unconfirmed'])
@pytest.mark.parametrize('how', ['used', 'expired', 'replaced', 'incomplete', 'forgotten'])
@pytest.mark.parametrize('purpose', ['verify', 'reset', 'address', 'invite', 'setup'])
def test_every_end_of_every_link_says_what_happened_and_what_is_next(site, alice, bob, browse, purpose, how, visitor):
    with db.db.connection_context():
        zoe = person('zoe', verified=False)
        user = {'verify': zoe, 'reset': alice, 'address': alice}.get(purpose)
        email = user.email if user else 'x@x.org'
        token = links.create_link(purpose, timedelta(days=1), db.now(), user=user, email=email)
        path = {'invite': '/signup?invite=', 'address': '/verify/'}.get(purpose, f'/{purpose}/') + token.text
        if how == 'incomplete':
            path = path[:-3]
        elif how == 'forgotten':
            token.delete_instance()
        else:
            spend(token, how)
    app = browse().app if purpose != 'invite' else browser_of(site, signup='invite').app
    browser = type(browse())(app)
    if reader := {'themselves': user or alice, 'somebody else': bob, 'unconfirmed': zoe}.get(visitor):
        browser.log_in(reader)
    if (purpose, how) == ('address', 'incomplete'):
        purpose = 'verify'  # nobody can tell by half a link
    before = stored()
    page = browser.get(path, status=404)
    words = page.html.find('main').get_text()
    assert {'used': 'already used', 'expired': 'expired', 'incomplete': 'is incomplete', 'forgotten': 'too old',
            'replaced': 'This link'}[how] in words
    ways = {link['href'] for link in page.html.find('main').find_all('a')}
    forms = {form['action'] for form in page.html.find('main').find_all('form')}
    if reader:
        assert '/studio' in ways and f'logged in as {reader.name}' in words and '/login' not in ways
    else:
        assert '/login' in ways
    assert {'verify': '/verify' in ways | forms or (reader and reader != zoe), 'reset': '/forgot' in ways,
            'address': '/settings' in ways}.get(purpose, '/' in ways)
    assert 'first sign-up' not in page
    if not path.startswith('/signup'):
        browser.post(path, {'password': NEW}, status=404)
    assert stored() == before


@pytest.mark.parametrize('purpose', ['reset', 'verify', 'address', 'setup'])
def test_links_end_where_what_they_are_for_has_happened(site, alice, browse, connection, purpose):
    """A newer one, or another way to the same: then the page does not say "used" of what nobody used."""
    with connection():
        zoe = person('zoe', verified=False)
        user = {'verify': zoe, 'setup': None}.get(purpose, alice)
        token = links.create_link(purpose, timedelta(days=1), db.now(), user=user, email=user and user.email)
        if purpose == 'verify':
            newer = links.create_link('verify', timedelta(days=1), db.now(), user=zoe, email=zoe.email)
        elif purpose == 'setup':
            users.create('Olga', 'olga@example.org', None, db.now(), role='owner', is_verified=True)
        else:
            credentials.set_password(alice, alice.password)
    if purpose == 'verify':
        browse().post(f'/verify/{newer.text}', {'password': NEW}, status=303)
    path = f"/{'verify' if purpose == 'address' else purpose}/{token.text}"
    for page in (browse().get(path, status=404), browse().post(path, {'password': NEW}, status=404)):
        assert make_sentence(links.END_REASONS[purpose]) in page.html.find('main').get_text()


def test_a_mail_whose_link_has_ended_is_not_sent(site, alice):
    number = password_reset.request_reset(alice.email, db.now())[0]
    credentials.set_password(alice, alice.password)
    delivery.deliver(urgent=True)
    assert Message.get_by_id(number).state == 'failed' and outbox(site) == []


def test_a_reset_mail_goes_to_the_address_as_it_is_stored(site, alice):
    password_reset.request_reset('ALICE@example.org', db.now())
    assert Message.get().recipient == 'alice@example.org'


def test_what_waits_for_a_newcomer_is_mailed_by_the_task(site):
    zoe = person('zoe', verified=False)
    tasks.send_verification_email(zoe.id)
    drain()
    assert [each['To'] for each in outbox(site)] == ['zoe@example.org']
