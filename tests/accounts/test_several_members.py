"""Suspending and removing several members at once, such as the accounts of a spammer."""

import pytest
from conftest import PASSWORD, person, write
from peewee import OperationalError
from sites import form_with, keep, stored

from quickpub import audit_log, db
from quickpub.accounts import blocked_domains, deletion, directory, several_members, suspensions
from quickpub.models import BlockedDomain, MediaFile, Post, User

PATH = '/admin/members/selected'
YES = {'identity': 'asked', 'identity_password': PASSWORD}


@pytest.fixture
def spammers(site):
    """Three who have written something, each with an address of their own domain or of a provider."""
    found = []
    for number, domain in enumerate(('spam.example', 'mail.spam.example', 'gmail.com'), 1):
        user = person(f'spam{number}')
        for title in ('Pills', 'More pills')[:number]:
            write(user, title)
        User.update(email=f'spam{number}@{domain}').where(User.id == user.id).execute()
        found.append(User.get_by_id(user.id))
    Post.update(views=5).execute()
    keep(found[0])
    return found


def send(browser, action, members, status=200, **fields):
    chosen = [('member', str(each.id)) for each in members]
    return browser.post(PATH, [('action', action), *chosen, *fields.items()], status=status)


def names():
    with db.db.connection_context():
        return [user.name for user in User.select().order_by(User.id)]


def said():
    with db.db.connection_context():
        return [audit_log.describe(each) for each in audit_log.select(group='member')]


def test_members_are_selected_in_the_list_all_at_once_without_scripts(olga, alice, spammers, browse):
    with db.db.connection_context():
        person('otto', role='owner')
        write(person('left'))
        deletion.delete_account(User.get(User.name == 'Left'), True, db.now())
    page = browse(olga).get('/admin/members?q=a')
    assert form_with(page, 'member').fields['member'][0].checked is False
    page = page.click('Select all shown')
    form = form_with(page, 'member')
    boxes = form.fields['member']
    assert {box._value for box in boxes} == {str(each.id) for each in (alice, *spammers)}
    assert all(box.checked for box in boxes)
    boxes[0].checked = False
    page = form.submit('action', value='remove')
    assert page.html.find('h1').get_text() == 'Remove members'
    assert len(page.html.select('table.people tbody tr')) == 3
    page = browse(olga).get('/admin/members?q=a&selected=all').click('Select none')
    assert not any(box.checked for box in form_with(page, 'member').fields['member'])


def test_the_page_says_whom_it_is_about_and_what_they_have(olga, spammers, browse):
    browser = browse(olga)
    before = stored()
    page = send(browser, 'remove', spammers)
    rows = [[cell.get_text() for cell in row.find_all(['th', 'td'])] for row in page.html.select('table tbody tr')]
    assert rows == [['Spam3', 'spam3@gmail.com', 'Author', '2', '0', '10'],
                    ['Spam2', 'spam2@mail.spam.example', 'Author', '2', '0', '10'],
                    ['Spam1', 'spam1@spam.example', 'Author', '1', '1', '5']]
    assert '3 accounts are deleted' in page
    assert [box['value'] for box in page.html.find_all('input', {'name': 'domain'})] == [
        'mail.spam.example', 'spam.example']
    assert not send(browser, 'suspend', spammers).html.find('input', {'name': 'domain'})
    send(browser, 'remove', spammers, 400, identity='asked', identity_password='wrong')
    assert stored() == before


def test_all_are_suspended_and_their_posts_hidden(olga, alice, spammers, browse):
    with db.db.connection_context():
        write(alice, 'Hills')
        suspensions.suspend(spammers[0], db.now(), olga)
        suspensions.suspend(spammers[1], db.now(), olga, hides_posts=True)
    page = send(browse(olga), 'suspend', spammers, 303, **YES, q='spam', role='author')
    assert page.location.endswith('/admin/members?q=spam&role=author') and 'Suspended. The members' in page.follow()
    with db.db.connection_context():
        assert all(each.suspended_at and each.hides_posts for each in User.select().where(User.name != 'Alice',
                                                                                           User.name != 'Olga'))
    reader = browse().get('/')
    assert 'Pills' not in reader and 'Hills' in reader
    assert said() == ['Olga hid the posts of Spam1.', 'Olga hid the posts of Spam3.', 'Olga suspended Spam3.',
                      'Olga hid the posts of Spam2.', 'Olga suspended Spam2.', 'Olga suspended Spam1.']


def test_all_are_removed_with_what_they_wrote_and_their_domains_blocked(olga, alice, spammers, browse):
    with db.db.connection_context():
        write(alice, 'Hills')
    browser = browse(olga)
    page = send(browser, 'remove', spammers)
    form = form_with(page, 'domain')
    next(box for box in form.fields['domain'] if box._value == 'spam.example').checked = True
    form['identity_password'] = PASSWORD
    assert 'Accounts removed' in form.submit(status=303).follow()
    assert names() == ['Olga', 'Alice']
    with db.db.connection_context():
        assert [post.title for post in Post.select()] == ['Hills'] and not MediaFile.select().exists()
        assert [each.domain for each in BlockedDomain.select()] == ['spam.example']
    assert said() == ['Olga removed a former member.'] * 3 + ['Olga blocked sign-ups from spam.example.']
    page = send(browser, 'remove', [alice], **{'domain': 'evil.example'})
    assert 'evil.example' not in page
    send(browser, 'remove', [alice], 303, **YES, domain='evil.example')
    with db.db.connection_context():
        assert BlockedDomain.select().count() == 1


@pytest.mark.parametrize(('email', 'offered'), [
    ('a@spam.example', True), ('a@gmail.com', False), ('a@hotmail.co.uk', False), ('a@yahoo.de', False),
    ('a@gmx.at', False), ('a@gmail.spam.example', True), ('a@blocked.example', False),
    ('a@sub.blocked.example', False), ('a@example.org', False), (None, False)])
def test_domains_of_providers_and_known_ones_are_not_offered(olga, alice, email, offered):
    blocked_domains.block(['blocked.example'], db.now(), olga)
    alice.email = email
    assert bool(several_members.list_domains([alice])) == offered


# Who is left out

def test_owners_and_oneself_are_never_among_them(olga, spammers, browse):
    otto = person('otto', role='owner')
    browser = browse(olga)
    assert 'Otto' not in send(browser, 'remove', [*spammers, otto, olga]).html.find('table').get_text()
    send(browser, 'remove', [otto, olga], 303, **YES)
    send(browser, 'remove', [spammers[0], otto, olga], 303, **YES)
    assert names() == ['Olga', 'Spam2', 'Spam3', 'Otto']


def test_nothing_happens_without_a_selection_or_with_too_many(olga, spammers, browse, monkeypatch):
    browser = browse(olga)
    before = stored()
    assert 'Select the members first' in send(browser, 'remove', [], 303, **YES).follow()
    assert 'Select the members first' in browser.post(
        PATH, {'action': 'remove', 'member': 'x'} | YES, status=303).follow()
    browser.post(PATH, {'action': 'promote', 'member': '3'} | YES, status=400)
    monkeypatch.setattr(several_members, 'MOST', 2)
    assert 'at most 50' in send(browser, 'remove', spammers, 303, **YES).follow()
    assert stored() == before


def test_nobody_but_an_owner_does_it(olga, alice, spammers, browse):
    with db.db.connection_context():
        second = person('second', role='owner')
    author, late = browse(alice), browse(second)
    with db.db.connection_context():
        suspensions.suspend(second, db.now(), olga)
    before = stored()
    for action in ('suspend', 'remove'):
        send(author, action, spammers, 404, **YES)
        for browser in (late, browse()):
            assert send(browser, action, spammers, 303, **YES).location.startswith('/login')
    assert stored() == before


# What cannot be done to one

def test_what_fails_for_one_is_told_and_done_to_the_others(olga, spammers, browse, monkeypatch):
    really = deletion.delete_account

    def change_meanwhile(user, *args, **options):
        if user == spammers[2]:  # the first in turn
            User.update(role='owner').where(User.id == spammers[1].id).execute()
        return really(user, *args, **options)
    monkeypatch.setattr(deletion, 'delete_account', change_meanwhile)
    page = send(browse(olga), 'remove', spammers, **YES)
    words = ' '.join(page.html.find('div', class_='alert').get_text().split())
    assert '2 of 3 accounts are removed' in words and 'Spam2' in words and 'is now an owner' in words
    assert names() == ['Olga', 'Spam2']
    with db.db.connection_context():
        assert directory.count_posts([spammers[1]]) == {spammers[1].id: 2}
    assert said() == ['Olga removed a former member.'] * 2


def test_a_disk_that_fails_half_way_leaves_whole_members(olga, spammers, browse, monkeypatch):
    really = deletion.delete_account

    def fail(user, *args, **options):
        really(user, *args, **options)
        if user == spammers[1]:
            raise OperationalError('database is locked')
    monkeypatch.setattr(deletion, 'delete_account', fail)
    page = send(browse(olga), 'remove', spammers, **YES)
    words = ' '.join(page.html.find('div', class_='alert').get_text().split())
    assert '1 of 3 accounts are removed' in words and 'Spam2' in words and 'Spam1' in words
    assert names() == ['Olga', 'Spam1', 'Spam2'] and said() == ['Olga removed a former member.']
    with db.db.connection_context():
        assert Post.select().where(Post.author == spammers[1]).count() == 2


def test_who_is_no_owner_any_more_stops_in_the_middle(olga, spammers):
    otto = person('otto', role='owner')
    suspensions.suspend(otto, db.now(), olga)
    outcome = several_members.suspend_each(spammers, db.now(), otto)
    assert outcome.done == 0 and {code.name for _, code in outcome.failed} == {'members.not_allowed'}
