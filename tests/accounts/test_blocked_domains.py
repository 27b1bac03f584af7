"""Email domains that nobody can sign up with: what counts as one, where it is asked, and the owner's page."""

import pytest
from conftest import PASSWORD, path_in, person
from sites import form_with, mails, newest_mail, stored

from quickpub import audit_log, db, email_addresses, models
from quickpub.accounts import audit, blocked_domains, suspensions
from quickpub.codes import Rejected
from quickpub.models import BlockedDomain, User

PAGE = '/admin/blocked-domains'
NOT_ACCEPTED = 'You cannot use an email address of'


def block(*domains):
    with db.db.connection_context():
        blocked_domains.block([*domains], db.now(), audit.COMMAND_LINE)


def sign_up(browser, email, status, path='/signup'):
    form = form_with(browser.get(path), 'password')
    form['name'], form['email'], form['password'] = 'Zoe', email, PASSWORD
    return form.submit(status=status)


def members():
    with db.db.connection_context():
        return sorted(user.email for user in User.select())


# What is blocked

@pytest.mark.parametrize(('typed', 'found'), [
    ('spam.example', ['spam.example']), (' @Spam.EXAMPLE. ', ['spam.example']), ('a@spam.example', ['spam.example']),
    ('*.spam.example, b.example\nspam.example', ['spam.example', 'b.example']),
    ('München.example', ['xn--mnchen-3ya.example']), ('XN--MNCHEN-3YA.example', ['xn--mnchen-3ya.example']),
    ('', 'missing'), (' , ', 'missing'), ('http://spam.example/', 'invalid'), ('-x.example', 'invalid'),
    ('com', 'too_short'), ('.Example', 'too_short'), ('x@com.', 'too_short'), ('рф', 'too_short'),
    ('a..b', 'invalid'), ('127.0.0.1', 'invalid'), ('*', 'invalid'), ('x.example ' * 51, 'too_many')])
def test_domains_are_read_as_people_type_them(typed, found):
    if isinstance(found, list):
        assert blocked_domains.clean_domains(typed) == found
        return
    with pytest.raises(Rejected) as refused:
        blocked_domains.clean_domains(typed)
    assert refused.value.errors['domains'].name == f'domains.{found}'


@pytest.mark.parametrize(('email', 'blocked'), [
    ('a@spam.example', True), ('a@mail.spam.example', True), ('a@SPAM.example', True), ('a@a.b.spam.example', True),
    ('a@notspam.example', False), ('a@spam.example.org', False), ('a@example', False), ('spam.example@x.org', False),
    ('a@xn--mnchen-3ya.example', True)])
def test_a_domain_is_blocked_with_its_subdomains(site, email, blocked):
    block('spam.example', 'xn--mnchen-3ya.example')
    with db.db.connection_context():
        assert bool(blocked_domains.find_blocked(email)) == blocked


# Where it is asked

def test_nobody_signs_up_with_a_blocked_domain_and_what_they_typed_stays(site, browse):
    block('spam.example')
    before = stored()
    page = sign_up(browse(), 'Zoe@Mail.Spam.example', 400)
    assert f'{NOT_ACCEPTED} mail.spam.example' in page
    form = form_with(page, 'password')
    assert (form['name'].value, form['email'].value) == ('Zoe', 'Zoe@Mail.Spam.example')
    assert stored() == before
    sign_up(browse(), 'zoe@mail.example', 200)
    assert mails('verify') == [('verify', 'zoe@mail.example')]


def test_the_answer_does_not_tell_whether_there_is_an_account(site, browse):
    with db.db.connection_context():
        User.update(email='known@spam.example').where(User.id == person('known').id).execute()
        User.update(email='new@spam.example').where(User.id == person('new', verified=False).id).execute()
    block('spam.example')
    before = stored()
    pages = {name: sign_up(browse(), f'{name}@spam.example', 400) for name in ('known', 'new', 'other')}
    words = {page.html.find('main').get_text().replace(f'{name}@', '') for name, page in pages.items()}
    assert len(words) == 1 and mails() == [] and stored() == before


def test_an_invitation_does_not_help(site, olga, browse):
    owner = browse(olga)
    owner.post('/admin/invitations', {'action': 'invite', 'email': 'zoe@spam.example'}, status=303)
    mailed = path_in(newest_mail(site, 'invite'), '/signup')
    page = owner.post('/admin/invitations', {'action': 'link'})
    copied = '/' + page.html.find('pre', class_='letter').text.strip().split('/', 3)[3]
    block('spam.example')
    for path in (mailed, copied):
        assert NOT_ACCEPTED in sign_up(browse(), 'zoe@spam.example', 400, path)
    with db.db.connection_context():
        blocked_domains.unblock('spam.example', db.now(), olga)
    sign_up(browse(), 'zoe@spam.example', 303, mailed)  # the invitation was not used up
    assert members() == ['olga@example.org', 'zoe@spam.example']


def test_an_owner_is_told_why_nobody_can_be_invited_there(site, olga, browse):
    owner = browse(olga)
    owner.post('/admin/invitations', {'action': 'invite', 'email': 'zoe@spam.example'}, status=303)
    block('spam.example')
    before = stored()
    for fields in ({'action': 'invite', 'email': 'yan@mail.spam.example'}, {'action': 'send', 'invitation': '1'}):
        assert 'addresses of spam.example are blocked' in owner.post('/admin/invitations', fields, status=400)
    assert stored() == before


@pytest.mark.parametrize('verified', [True, False])
def test_no_member_changes_to_a_blocked_domain_but_all_keep_theirs(site, browse, verified):
    with db.db.connection_context():
        zoe = person('zoe', verified=verified)
    browser = browse(zoe)
    block('spam.example', 'example.org')
    before = stored()
    typed = {'action': 'address', 'email': 'zoe@spam.example', 'current': PASSWORD}
    page = browser.post('/settings', typed, status=400)
    assert NOT_ACCEPTED in page and form_with(page, 'email')['email'].value == 'zoe@spam.example'
    assert stored() == before
    browse(zoe).get('/studio', status=200)


def test_a_domain_that_is_blocked_meanwhile_is_not_changed_to(site, alice, browse):
    browser = browse(alice)
    browser.post('/settings', {'action': 'address', 'email': 'alice@spam.example', 'current': PASSWORD}, status=303)
    path = path_in(newest_mail(site, 'address'), '/verify/')
    block('spam.example')
    before = stored()
    for ask in (browser.get, browser.post):
        assert f'{NOT_ACCEPTED} spam.example here any more' in ask(path, status=404)
    assert stored() == before
    with db.db.connection_context():
        blocked_domains.unblock('spam.example', db.now(), 'olga')
    browser.post(path, status=303)
    assert members() == ['alice@spam.example']


# The page

def test_an_owner_blocks_and_unblocks(site, olga, browse):
    owner = browse(olga)
    page = owner.get('/admin/members').click('Blocked domains')
    assert 'No domains are blocked' in page
    form = form_with(page, 'domains')
    form['domains'] = 'Spam.example\nmünchen.example'
    page = form.submit('action').follow()
    assert 'Blocked. Nobody' in page
    assert [row.th.get_text() for row in page.html.select('table.domains tbody tr')] == [
        'münchen.example', 'spam.example']
    assert page.html.find('button', attrs={'aria-label': 'Unblock münchen.example'})
    assert 'already blocked' in owner.post(PAGE, {'action': 'block', 'domains': 'spam.example'}).follow()
    page = owner.post(PAGE, {'action': 'block', 'domains': 'b.example <x>'}, status=400)
    assert '“&lt;x&gt;” is not a domain' in page and form_with(page, 'domains')['domains'].value == 'b.example <x>'
    assert 'Unblocked' in owner.post(PAGE, {'action': 'unblock', 'domain': 'spam.example'}).follow()
    owner.post(PAGE, {'action': 'unblock', 'domain': 'spam.example'}, status=303)
    with db.db.connection_context():
        assert [each.domain for each in BlockedDomain.select()] == ['xn--mnchen-3ya.example']
        assert [audit_log.describe(each) for each in audit_log.select(group='member')] == [
            'Olga allowed sign-ups from spam.example again.',
            'Olga blocked sign-ups from xn--mnchen-3ya.example.', 'Olga blocked sign-ups from spam.example.']


def test_a_large_provider_is_blocked_only_once_that_is_confirmed(site, olga, browse):
    owner = browse(olga)
    before = stored(models.Session)
    page = owner.post(PAGE, {'action': 'block', 'domains': 'spam.example\nGmail.com'}, status=200)
    assert 'nobody with an address of gmail.com can sign up' in page and stored(models.Session) == before
    form = form_with(page, 'domains')
    form['identity_password'] = PASSWORD
    assert 'Blocked. Nobody' in form.submit(status=303).follow()
    with db.db.connection_context():
        assert {each.domain for each in BlockedDomain.select()} == {'spam.example', 'gmail.com'}


@pytest.mark.parametrize('stored_as', ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.xn--a'])
def test_domains_are_shown_as_people_write_them_if_they_can_be(stored_as):
    shown = email_addresses.to_readable_domain(stored_as)
    assert shown == ('münchen.example' if stored_as.endswith('example') else stored_as)


def test_only_so_many_are_blocked(site, olga, browse, monkeypatch):
    monkeypatch.setattr(blocked_domains, 'MOST', 2)
    owner = browse(olga)
    owner.post(PAGE, {'action': 'block', 'domains': 'a.example b.example'}, status=303)
    before = stored()
    assert 'At most 2 domains' in owner.post(PAGE, {'action': 'block', 'domains': 'b.example c.example'}, status=400)
    assert stored() == before


def test_nobody_but_an_owner_sees_the_page(site, olga, alice, browse):
    with db.db.connection_context():
        second = person('second', role='owner')
    author, late = browse(alice), browse(second)
    with db.db.connection_context():
        suspensions.suspend(second, db.now(), olga)
    before = stored()
    for fields in (None, {'action': 'block', 'domains': 'x.example'}, {'action': 'unblock', 'domain': 'x.example'}):
        for browser, status in ((author, 404), (late, 303), (browse(), 303)):
            browser.get(PAGE, status=status) if fields is None else browser.post(PAGE, fields, status=status)
    assert stored() == before
