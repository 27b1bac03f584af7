"""Invitations: by email or by a link to copy, what is pending, and what the invited can do with them."""

from datetime import timedelta

import pytest
from conftest import PASSWORD, drain, path_in, person, text_of, write
from sites import browser_of, form_with, long_ago, mails, newest_mail, stored

from quickpub import audit_log, db
from quickpub.accounts import deletion, invitations, links, roles, suspensions, users
from quickpub.mail import delivery
from quickpub.models import AuditEntry, Message, Token, User

PAGE, EMAIL = '/admin/invitations', 'zoe@example.org'
TEN_MINUTES = timedelta(minutes=11)


@pytest.fixture
def owner(olga, browse):
    return browse(olga)


def invite(owner, email=EMAIL, **fields):
    return owner.post(PAGE, {'action': 'invite', 'email': email} | fields, status=303)


def mailed_path(site):
    return path_in(newest_mail(site, 'invite'), '/signup')


def copied_path(page):
    return '/' + page.html.find('pre', class_='letter').text.strip().split('/', 3)[3]


def sign_up(browser, path, status=303, **fields):
    form = form_with(browser.get(path), 'password')
    form['name'], form['password'] = 'Zoe', PASSWORD
    for name, value in fields.items():
        form[name] = value
    return form.submit(status=status)


def act(owner, action, status=303):
    """Press a button of the newest pending invitation."""
    with db.db.connection_context():
        number = Token.select(Token.id).where(Token.purpose == 'invite').order_by(Token.id.desc()).scalar()
    return owner.post(PAGE, {'action': action, 'invitation': number}, status=status)


def events():
    with db.db.connection_context():
        return [audit_log.describe(entry) for entry in AuditEntry.select().order_by(AuditEntry.id)
                if entry.code.startswith('invit')]


def sent_long_ago():
    long_ago(Message, created_at=db.now() - TEN_MINUTES)


def ended(browser, path):
    """The words of the page behind a link that does not work."""
    return browser.get(path, status=404).html.find('main').get_text()


# In the email, and behind its link

@pytest.mark.parametrize('signup', ['invite', 'open'])
def test_the_mailed_link_confirms_its_address(site, owner, signup):
    invite(owner, note='See you at the café.')
    email = text_of(newest_mail(site, 'invite'))
    assert 'Olga invites you to write' in email and 'Olga writes:' in email and '> See you at the café' in email
    browser, path, before = browser_of(site, signup=signup), mailed_path(site), stored()
    page = browser.get(path)
    assert page.html.find('input', {'name': 'email'})['value'] == EMAIL
    assert page.html.find('input', {'name': 'email'}).has_attr('readonly')
    assert 'Olga invites you' in page.html.find('main').get_text()
    assert page.html.find('blockquote').text == 'See you at the café.'
    assert stored() == before  # looking uses up nothing

    page = sign_up(browser, path).follow(status=200)
    assert 'Your email address is confirmed' in page
    with db.db.connection_context():
        zoe = users.find_by_email(EMAIL)
        assert zoe.is_verified and zoe.role == 'author'
    assert mails('verify') == []
    assert events() == ['Olga sent an invitation.', 'Zoe joined with an invitation from Olga.']
    assert 'already used' in ended(browser_of(site, signup=signup), path)


def test_the_mailed_link_confirms_no_other_address(site, owner):
    invite(owner)
    browser, path = browser_of(site, signup='invite'), mailed_path(site)
    page = sign_up(browser, path, status=400, email='mallory@example.org')
    assert f'only for {EMAIL}' in page and page.html.find('input', {'name': 'email'})['value'] == EMAIL
    with db.db.connection_context():
        assert users.find_by_email('mallory@example.org') is None
    sign_up(browser, path, email=EMAIL.upper())
    with db.db.connection_context():
        assert users.find_by_email(EMAIL).email == EMAIL


def test_a_copied_link_proves_no_address(site, owner):
    invite(owner)
    page = act(owner, 'copy', status=200)
    assert 'shown only now' in page and page.html.find('button', {'data-copy': True})
    path = copied_path(page)
    assert path != mailed_path(site) and path not in owner.get(PAGE)
    browser = browser_of(site, signup='invite')
    sign_up(browser, path, status=400, email='mallory@example.org')
    sign_up(browser, path, status=200)
    assert mails('verify') == [('verify', EMAIL)]
    with db.db.connection_context():
        assert not users.find_by_email(EMAIL).is_verified
    for each in (path, mailed_path(site)):
        assert 'already used' in ended(browser_of(site, signup='invite'), each)


def test_a_link_without_an_address_lets_anyone_in_who_confirms_theirs(site, owner):
    page = owner.post(PAGE, {'action': 'link', 'note': 'For the club'}, status=200)
    assert 'Leave this empty' in owner.post(PAGE, {'action': 'link', 'email': EMAIL}, status=400)
    browser, path = browser_of(site, signup='invite'), copied_path(page)
    assert 'For the club' in browser.get(path)
    assert mails() == []
    sign_up(browser, path, status=200, email='yan@example.org')
    assert mails() == [('verify', 'yan@example.org')]
    assert events() == ['Olga created an invitation link.', 'Zoe joined with an invitation from Olga.']
    assert 'already used' in ended(browser_of(site, signup='invite'), path)
    assert 'No pending invitations' in owner.get(PAGE)


def test_an_invitation_gives_its_role_or_that_of_new_members(site, owner):
    invite(owner, role='editor')
    assert owner.get(PAGE).html.select_one('table.invitations .meta').get_text().startswith('Editor · Invited by Olga')
    sign_up(browser_of(site, signup='invite'), mailed_path(site))
    for role, name in (('contributor', 'yan'), ('', 'xia')):
        page = owner.post(PAGE, {'action': 'link', 'role': role}, status=200)
        sign_up(browser_of(site, signup='invite'), copied_path(page), status=200, email=f'{name}@example.org')
    owner.post(PAGE, {'action': 'link', 'role': 'owner'}, status=400)
    owner.post(PAGE, {'action': 'invite', 'email': 'will@example.org', 'role': 'owner'}, status=400)
    with db.db.connection_context():
        assert [user.role for user in User.select().order_by(User.id)][-3:] == ['editor', 'contributor', 'author']


def test_a_copied_link_cannot_be_turned_into_one_that_proves(site, olga, connection):
    with connection():
        url = invitations.create_invitation_link(db.now(), olga)
        typed = url.partition('=')[2]
        assert not invitations.find_invitation(typed, db.now()).is_proof
        assert invitations.find_invitation(Token.get().text, db.now()).is_proof
        with pytest.raises(links.InvalidLink):
            links.find_link('verify', typed, db.now())


def test_a_note_is_cleaned_and_nothing_in_it_can_be_clicked(site, owner):
    invite(owner, note='  Go to\u202e https://evil.example <b>now</b>\nor mail a@evil.example ')
    mail = newest_mail(site, 'invite')
    html = mail.get_body(('html',)).get_content()
    assert '<b>now</b>' not in html and 'href="https://evil' not in html
    for words in (text_of(mail), html):
        assert 'evil.example' not in words and 'https:' not in words.replace(site.url, '').partition('now')[0][-60:]
    page = browser_of(site, signup='invite').get(mailed_path(site))
    assert page.html.find('blockquote').text == 'Go to https://evil.example <b>now</b> or mail a@evil.example'
    assert not page.html.find('blockquote').find('a')
    page = owner.post(PAGE, {'action': 'invite', 'email': 'x@example.org', 'note': 'x' * 301}, status=400)
    assert 'within 300 characters' in page and mails() == [('invite', EMAIL)]


def test_an_invited_member_keeps_what_they_wrote_unconfirmed_only_if_they_say_so(site, owner, connection):
    with connection():
        zoe = person('zoe', verified=False)
        write(zoe, 'On valleys', published=False)
    invite(owner)
    browser, path = browser_of(site, signup='invite'), mailed_path(site)
    assert 'On valleys' in browser.get(path)
    sign_up(browser, path, texts='keep')
    with connection():
        assert users.find_by_email(EMAIL).is_verified
    assert 'already used' in ended(browser_of(site, signup='invite'), path)


def test_with_sign_up_closed_nobody_is_invited_or_let_in(site, owner, olga):
    invite(owner)
    path, closed = mailed_path(site), browser_of(site, signup='closed')
    assert 'Sign-up is closed' in closed.get(path)
    closed.log_in(olga)
    for action in ('invite', 'link', 'send', 'copy'):
        assert 'an invitation would not work' in act(closed, action, status=400)
    act(closed, 'withdraw')


# Pending ones

def test_pending_invitations_say_by_whom_when_and_how_the_email_fares(site, owner):
    invite(owner)
    row = owner.get(PAGE).html.find('tbody').get_text(' ', strip=True)
    assert EMAIL in row and 'Waiting' in row and 'Invited by Olga' in row
    drain()
    assert 'In the outbox' in owner.get(PAGE).html.find('tbody').get_text()
    long_ago(Message, state='failed', sent_at=None, answer='550 No such user <here>')
    row = owner.get(PAGE).html.find('tbody').get_text(' ', strip=True)
    assert 'Failed' in row and '550 No such user <here>' in row
    long_ago(Message, state='sent', sent_at=db.now(), answer='250 Ok')
    assert 'Sent' in owner.get(PAGE).html.find('tbody').get_text()


def test_an_invitation_is_sent_again_at_most_every_ten_minutes(site, owner):
    invite(owner)
    assert 'Wait ten minutes' in act(owner, 'send', status=400)
    drain()
    first = mailed_path(site)
    sent_long_ago()
    long_ago(Token, expires_at=db.now() + timedelta(hours=1))
    act(owner, 'send')
    assert 'Wait ten minutes' in act(owner, 'send', status=400)
    assert mails('invite') == [('invite', EMAIL)] * 2 and mailed_path(site) == first
    with db.db.connection_context():
        assert Token.get().expires_at > db.now() + timedelta(days=6)
    assert events() == ['Olga sent an invitation.', 'Olga sent an invitation again.']


def test_an_email_that_still_waits_is_not_doubled(site, owner):
    invite(owner)
    sent_long_ago()
    act(owner, 'send')
    assert mails('invite') == [('invite', EMAIL)]


def test_a_withdrawn_invitation_is_dead_and_its_email_not_sent(site, owner):
    invite(owner)
    with db.db.connection_context():
        path = f'/signup?invite={Token.get().text}'
    copied = copied_path(act(owner, 'copy', status=200))
    assert 'Invitation withdrawn' in act(owner, 'withdraw').follow()
    assert 'already used or withdrawn' in act(owner, 'withdraw').follow()
    for each in (path, copied):
        words = ended(browser_of(site, signup='invite'), each)
        assert 'It was withdrawn' in words and 'Ask the person who invited you' in words
        assert 'sign up without an invitation' in ended(browser_of(site, signup='open'), each)
    for action in ('send', 'copy'):
        assert 'has ended' in act(owner, action, status=400)
    drain()
    with db.db.connection_context():
        assert Message.get().state == 'failed'
    assert events() == ['Olga sent an invitation.', 'Olga created an invitation link.', 'Olga withdrew an invitation.']
    invite(owner)  # undone


def test_members_and_the_invited_are_not_invited_again(site, owner, alice, connection):
    with connection():
        suspended = person('sam')
        suspensions.suspend(suspended, db.now(), 'command')
    invite(owner)
    for email, words in ((alice.email, 'already has an account'), (EMAIL.upper(), 'already has a pending invitation'),
                         (suspended.email, 'is suspended')):
        assert words in owner.post(PAGE, {'action': 'invite', 'email': email}, status=400)
    assert mails() == [('invite', EMAIL)]
    long_ago(Token, expires_at=db.now())
    invite(owner)


@pytest.mark.parametrize('how', ['new', 'confirmed', 'moved'])
def test_a_pending_invitation_ends_when_its_address_has_an_account(site, owner, alice, connection, how):
    invite(owner, 'Zoe@example.org')
    path = mailed_path(site)
    with connection():
        zoe = person('zoe', verified=how == 'new') if how != 'moved' else alice
        assert bool(Token.get().ended_at) == (how == 'new')  # an unproven account ends nothing
        if how != 'new':
            User.update(email=EMAIL, verified_at=db.now()).where(User.id == zoe.id).execute()
    assert 'already has an account' in ended(browser_of(site, signup='invite'), path)
    assert 'No pending invitations' in owner.get(PAGE)


def test_the_invitations_of_a_suspended_owner_end(site, owner, olga, alice, connection):
    with connection():
        roles.make_owner(alice, db.now())
    invite(owner)
    path = mailed_path(site)
    with connection():
        suspensions.suspend(olga, db.now(), 'command')
    assert 'no longer works' in ended(browser_of(site, signup='invite'), path)


def test_the_invitations_of_an_owner_who_leaves_work_without_name_and_words(site, owner, olga, alice, connection):
    with connection():
        roles.make_owner(alice, db.now())
        invitations.invite('yan@example.org', db.now(), olga, 'From olga with love')
        Message.update(state='sent', sent_at=db.now()).execute()
    invite(owner, note='From olga with love')
    with connection():
        deletion.delete_account(User.get_by_id(olga.id), keep_posts=True, at=db.now())
        assert [row.recipient for row in Message.select()] == [EMAIL]
    email = text_of(newest_mail(site, 'invite'))
    assert 'Olga' not in email and 'love' not in email and 'You are invited to write' in email
    page = browser_of(site, signup='invite').get(path_in(newest_mail(site, 'invite'), '/signup'))
    assert 'Olga' not in page.html.find('main').get_text() and 'love' not in page


# Without a mail server, and with one

def test_without_a_mail_server_nothing_claims_that_an_email_is_on_its_way(site, owner):
    page = invite(owner).follow()
    assert 'is not sent: no mail server is set up' in page and 'on its way' not in page
    assert 'Show a link to copy' in page


def test_with_a_mail_server_it_is_on_its_way(site, olga):
    owner = browser_of(site, smtp='smtp://localhost:1')
    owner.log_in(olga)
    page = invite(owner).follow()
    assert 'on its way' in page and 'outbox' not in page


@pytest.mark.parametrize('has_server', [False, True])
def test_pages_about_emails_promise_one_only_with_a_mail_server(site, alice, has_server):
    stranger = browser_of(site, smtp='smtp://localhost:1' if has_server else '')
    pages = [stranger.get(path) for path in ('/signup', '/forgot', '/verify')]
    pages += [stranger.post('/signup', {'name': 'Zoe', 'email': EMAIL, 'password': PASSWORD}),
              stranger.post('/forgot', {'email': alice.email}), stranger.post('/verify', {'email': EMAIL})]
    assert ['This site has no mail server yet' in page for page in pages] == [not has_server] * 6
    assert ['on its way' in page for page in pages] == [False] * 3 + [has_server] * 3
    assert ('email you' in pages[0]) == has_server and 'a page of your own' in pages[0]


# From a shell

def test_the_command_prints_a_link_or_where_the_email_is(site, rig, connection):
    rig.data = site.data
    done = rig.run('invite', '--link', '--note', 'For the club')
    assert done.returncode == 0, done.stderr
    assert 'For the club' in browser_of(site, signup='invite').get(done.stdout.strip().removeprefix(site.url))
    done = rig.run('invite', EMAIL, '--note', 'Hello')
    assert done.returncode == 0 and str(site.data / 'outbox' / 'new') in done.stdout
    assert mails() == [('invite', EMAIL)]
    with connection():
        delivery.deliver(urgent=True)
    assert 'An owner of the site writes:\n\n> Hello' in text_of(newest_mail(site))
    for command, words in (([EMAIL], 'already has a pending invitation'), ([EMAIL, '--link'], 'either'), ([], 'either'),
                           (['--link', '--note', 'x' * 301], 'within 300 characters'), (['nonsense'], 'an email addr')):
        refused = rig.run('invite', *command)
        assert refused.returncode and words in refused.stderr, command
    assert events() == ['The command line created an invitation link.', 'The command line sent an invitation.']


def test_the_command_says_that_the_email_will_be_sent(site, rig):
    rig.data, rig.settings['smtp'] = site.data, 'smtp://localhost:1'
    assert 'sends the invitation' in rig.run('invite', EMAIL).stdout
    rig.settings['signup'] = 'closed'
    assert 'Sign-up is closed' in rig.run('invite', '--link').stderr


# Who may

@pytest.mark.parametrize(('who', 'status', 'where'), [
    ('stranger', 303, '/login'), ('author', 404, None), ('suspended', 303, '/login')])
def test_only_owners_see_or_change_invitations(site, olga, alice, browse, connection, who, status, where):
    with connection():
        second = person('sue', role='owner')
    browser = browse({'stranger': None, 'author': alice, 'suspended': second}[who])
    with connection():
        suspensions.suspend(User.get_by_id(second.id), db.now(), 'command')
        invitations.invite(EMAIL, db.now(), olga)
        number = Token.get(Token.purpose == 'invite').id
    before = stored()
    answers = [browser.get(PAGE, status=status)]
    for action in ('', 'invite', 'link', 'send', 'copy', 'withdraw'):
        fields = {'action': action, 'email': 'x@example.org', 'invitation': number}
        answers.append(browser.post(PAGE, fields, status=status))
    assert not where or all(where in answer.location for answer in answers)
    assert stored() == before


def test_a_form_of_the_old_page_still_invites(site, owner):
    answer = owner.post('/admin/people', {'action': 'invite', 'email': EMAIL}, status=308)
    assert answer.location.endswith(PAGE)
    assert owner.get('/admin/members').html.find('a', href=PAGE)
