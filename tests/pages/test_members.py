"""The owner's pages of members: finding them, and changing what they may do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import PASSWORD, person, write
from sites import stored

from quickpub import audit_log, db
from quickpub.accounts import deletion, roles, suspensions, users
from quickpub.content import publishing, reviews, trash
from quickpub.models import AuditEntry, Export, Post, User

YES = {'identity': 'asked', 'identity_password': PASSWORD}


def names(page):
    return [each.get_text() for each in page.html.select('table.people tbody th a')]


def said():
    with db.db.connection_context():
        return [audit_log.describe(entry) for entry in audit_log.select() if entry.code not in ('logged_in',)]


def press(browser, member, action, status=303, **fields):
    return browser.post(f'/admin/members/{member.id}', YES | fields | {'action': action}, status=status)


# The list

@pytest.mark.parametrize(('query', 'found'), [
    ('', ['Zoe', 'Bob', 'Jörg', 'Olga']), ('q=jorg', ['Jörg']), ('q=ZOE%40', ['Zoe']), ('q=j%C3%B6rg', ['Jörg']),
    ('q=writer-1', ['Bob']), ('role=owner', ['Olga']), ('role=author&q=example', ['Zoe', 'Bob', 'Jörg']),
    ('state=active', ['Jörg', 'Olga']), ('state=unconfirmed', ['Zoe']), ('state=suspended', ['Bob']),
    ('state=left', ['Left']), ('state=no_mail', ['Jörg']), ('state=left&q=left', ['Left']), ('q=nobody', []),
    ('role=nonsense&state=nonsense', ['Zoe', 'Bob', 'Jörg', 'Olga']), ('q=%25', [])])
def test_members_are_found_by_name_address_handle_role_and_state(olga, browse, query, found):
    with db.db.connection_context():
        jorg = person('jorg', mail_trouble='550 No')
        jorg.name = 'Jörg'
        jorg.save()
        bob, left = person('bob', handle='writer-1'), person('left')
        person('zoe', verified=False)
        suspensions.suspend(bob, db.now(), olga)
        write(left)
        deletion.delete_account(left, True, db.now())
    page = browse(olga).get(f'/admin/members?{query}')
    assert names(page) == found
    if not found:
        assert names(page.click('Show all members')) == ['Zoe', 'Bob', 'Jörg', 'Olga']


def test_a_filtered_list_goes_on_with_its_filter(olga, browse):
    with db.db.connection_context():
        for number in range(60):
            person(f'anna-{number}' if number % 10 else f'bert-{number}')
    first = browse(olga).get('/admin/members?q=anna&role=author')
    older = first.click('Older members')
    assert len(names(first)) == 50 and len(names(older)) == 4
    assert not [name for name in names(first) + names(older) if not name.startswith('Anna')]


def test_the_list_says_how_much_they_wrote_and_when_they_were_seen(olga, alice, browse):
    with db.db.connection_context():
        write(alice)
        write(alice, 'Another')
    rows = {row.th.a.get_text(): row for row in browse(olga).get('/admin/members').html.select('table.people tbody tr')}
    assert rows['Alice'].select_one('.number').get_text() == '2' and 'Never' in rows['Alice'].get_text()
    assert 'Never' not in rows['Olga'].get_text() and not rows['Alice'].find('button')


def test_the_old_address_leads_to_the_list_and_still_takes_forms(olga, alice, browse):
    browser = browse(olga)
    assert browser.get('/admin/people?before=7', status=301).location.endswith('/admin/members?before=7')
    browser.post('/admin/people', YES | {'action': 'make_owner', 'person': str(alice.id)}, status=303)
    assert said() == ['Olga changed the role of Alice to owner.']


# The page of a member

def test_the_page_of_a_member_shows_who_they_are_to_owners_alone(olga, alice, bob, browse):
    with db.db.connection_context():
        User.update(mail_trouble='550 No').where(User.id == alice.id).execute()
    page = browse(olga).get(f'/admin/members/{alice.id}')
    for words in ('alice@example.org', '550 No', '@alice', 'Never', '0 devices'):
        assert words in page
    browse(alice).get(f'/admin/members/{alice.id}', status=404)
    browse().get(f'/admin/members/{alice.id}', status=303)
    for odd in ('99', 'x', '0'):
        browse(olga).get(f'/admin/members/{odd}', status=404)


@pytest.mark.parametrize('action', ['role', 'make_owner', 'make_author', 'suspend', 'restore', 'remove', 'link',
                                    'reset_factors'])
def test_nobody_but_an_owner_presses_a_button(olga, alice, bob, browse, action):
    with db.db.connection_context():
        second = person('second', role='owner')
    author, late = browse(bob), browse(second)
    with db.db.connection_context():
        suspensions.suspend(second, db.now(), olga)
    before = stored()
    press(author, alice, action, status=404, posts='delete')
    for browser in (late, browse()):
        assert press(browser, alice, action, posts='delete').location.startswith('/login')
    assert stored() == before


@pytest.mark.parametrize('action', ['make_owner', 'make_author', 'suspend', 'remove'])
def test_each_change_is_confirmed_first(olga, alice, browse, action):
    browser, before = browse(olga), None
    before = stored()
    page = browser.post(f'/admin/members/{alice.id}', {'action': action, 'posts': 'keep'}, status=200)
    assert page.forms and stored() == before
    browser.post(f'/admin/members/{alice.id}', {'action': action, 'posts': 'keep', 'identity': 'asked',
                                                'identity_password': 'wrong'}, status=400)
    with db.db.connection_context():
        assert User.get_by_id(alice.id).is_active and not User.get_by_id(alice.id).is_owner


def test_a_role_is_changed_and_changed_back(olga, alice, browse):
    browser = browse(olga)
    assert 'now an owner' in press(browser, alice, 'make_owner').follow()
    assert 'now an author' in press(browser, alice, 'make_author').follow()
    press(browser, alice, 'make_author')
    assert said() == ['Olga changed the role of Alice to author.', 'Olga changed the role of Alice to owner.']


def test_every_role_can_be_given_and_taken_back(olga, alice, browse):
    browser = browse(olga)
    for role, words in (('editor', 'now an editor'), ('contributor', 'now a contributor'), ('owner', 'now an owner'),
                        ('author', 'now an author')):
        assert words in press(browser, alice, 'role', role=role).follow()
        with db.db.connection_context():
            assert User.get_by_id(alice.id).role == role
    assert said()[:2] == ['Olga changed the role of Alice to author.', 'Olga changed the role of Alice to owner.']
    press(browser, alice, 'role', status=400, role='king')
    press(browser, olga, 'role', status=400, role='editor')  # the only owner


def test_nobody_gets_at_the_posts_of_others_without_a_confirmed_address(olga, alice, browse):
    with db.db.connection_context():
        victor, post = person('victor', verified=False), write(alice)
    press(browse(olga), victor, 'role', status=400, role='editor')
    with db.db.connection_context():
        User.update(role='editor').where(User.id == victor.id).execute()  # by an invitation to pass on
    browse(victor).get(f'/studio/posts/{post.id}', status=404)


def test_a_new_contributor_shares_no_draft_any_more(olga, alice, browse):
    with db.db.connection_context():
        post = write(alice, published=False)
        publishing.share(post, db.now())
        path = f'/draft/{Post.get_by_id(post.id).draft_token}'
    browse().get(path, status=200)
    press(browse(olga), alice, 'role', role='contributor')
    browse().get(path, status=404)


def test_scheduled_posts_of_a_new_contributor_wait_for_review(olga, alice, bob, browse):
    at = db.now()
    with db.db.connection_context():
        for title in ('Soon', 'Later', 'Trashed'):
            publishing.publish(write(alice, title, published=False), at, at + timedelta(days=1))
        trash.move_to_trash(Post.get(Post.title == 'Trashed'), at)
        before = write(alice, 'Before')
        publishing.publish(other := write(bob, 'Another', published=False), at, at + timedelta(days=1))
    owner = browse(olga)
    role = {'action': 'role', 'role': 'contributor'}
    page = owner.post(f'/admin/members/{alice.id}', role, status=200)
    assert '2 scheduled posts become drafts and wait for review.' in page
    assert 'scheduled post' not in owner.post(f'/admin/members/{alice.id}', role | {'role': 'editor'}, status=200)
    press(owner, alice, 'role', role='contributor')
    with db.db.connection_context():
        assert {post.title: post.published_at for post in Post.select()} == {
            'Soon': None, 'Later': None, 'Trashed': None, 'Before': before.published_at,
            'Another': Post.get_by_id(other.id).published_at}
        assert before.published_at and Post.get_by_id(other.id).published_at
        assert sorted(each.post.title for each in reviews.list_waiting()) == ['Later', 'Soon']


def test_hidden_scheduled_posts_of_a_new_contributor_stay_drafts(olga, alice):
    at = db.now()
    publishing.publish(soon := write(alice, 'Soon', published=False), at, at + timedelta(days=1))
    before = write(alice, 'Before', at=at - timedelta(days=1))
    suspensions.suspend(alice, at, olga, hides_posts=True)
    roles.change_role(alice, 'contributor', at)
    suspensions.restore(alice, at, olga)
    assert Post.get_by_id(soon.id).published_at is None and Post.get_by_id(before.id).published_at
    assert [each.post_id for each in reviews.list_waiting()] == [soon.id]


def test_new_members_get_the_role_that_the_site_gives(olga, browse):
    browse(olga).post('/admin/settings/membership', {'new_role': 'contributor'}, status=303)
    browse(olga).post('/admin/settings/membership', {'new_role': 'owner'}, status=400)
    browse().post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD}, status=200)
    with db.db.connection_context():
        assert User.get(User.name == 'Zoe').role == 'contributor'
    assert 'Olga changed the settings of the site: role of new members.' in said()


def test_a_former_owner_keeps_nothing_of_an_owners(olga, alice, browse):
    with db.db.connection_context():
        otto = person('otto', role='owner')
        page = write(otto, 'About', published=False)
        Post.update(is_page=True, place=1).where(Post.id == page.id).execute()
        own = write(otto, 'Own')
        Export.create(user=otto, kind='site', file='x.csv', created_at=db.now())
    late = browse(otto)
    press(browse(olga), otto, 'make_author')
    late.get('/admin/members', status=404)
    with db.db.connection_context():
        assert Post.get_by_id(page.id).author == olga and Post.get_by_id(own.id).author == otto
        assert not Export.select().exists()


def test_the_last_owner_stays_one(olga, alice, browse):
    browser = browse(olga)
    assert 'only owner' in press(browser, olga, 'make_author', status=400)
    with db.db.connection_context():
        roles.make_owner(alice, db.now())
    assert press(browser, olga, 'make_author').location.endswith('/studio/dashboard')
    browser.get('/admin/members', status=404)
    assert said()[0] == 'Olga changed the role of Olga to author.'


def test_two_owners_who_demote_each_other_leave_one(olga, alice):
    for _ in range(5):
        with db.db.connection_context():
            User.update(role='owner').execute()

        def demote(user):
            with db.db.connection_context():
                try:
                    roles.make_author(user, db.now())
                except roles.LastOwner:
                    return 'refused'
        with ThreadPoolExecutor(2) as pool:
            assert sorted(map(str, pool.map(demote, (olga, alice)))) == ['None', 'refused']
        with db.db.connection_context():
            assert roles.active_owners().count() == 1


def test_a_member_is_suspended_for_a_reason_and_restored(olga, alice, browse):
    browser = browse(olga)
    assert 'within 200' in press(browser, alice, 'suspend', status=400, reason='x' * 201)
    assert 'Suspended since' in press(browser, alice, 'suspend', reason='Sent spam').follow()
    assert 'already' not in press(browser, alice, 'suspend', status=404)
    browse().post('/login', {'email': alice.email, 'password': PASSWORD}, status=400)
    assert 'can log in again' in press(browser, alice, 'restore').follow()
    browse(alice)
    assert [each for each in said() if 'Failed' not in each and 'tried' not in each] == [
        'Olga ended the suspension of Alice.', 'Olga suspended Alice. Reason: “Sent spam”']


@pytest.mark.parametrize(('posts', 'left'), [
    ('keep', ['Draft', 'Public']), ('published', ['Public']), ('delete', [])])
def test_an_account_is_removed_with_or_without_its_posts(olga, alice, browse, posts, left):
    with db.db.connection_context():
        write(alice, 'Public')
        write(alice, 'Draft', published=False)
    browser = browse(olga)
    assert 'Choose what' in press(browser, alice, 'remove', status=400)
    press(browser, alice, 'suspend', reason='A secret of hers')
    assert 'Account removed' in press(browser, alice, 'remove', posts=posts).follow()
    with db.db.connection_context():
        assert sorted(post.title for post in Post.select()) == left
        assert users.find_by_email('alice@example.org') is None
        assert not AuditEntry.select().where(AuditEntry.details.contains('secret')).exists()
    assert said()[0] == 'Olga removed a former member.'
    press(browser, alice, 'remove', status=404, posts=posts)
    browser.get(f'/admin/members/{alice.id}', status=200 if left else 404)


def test_nobody_removes_or_suspends_themselves_here(olga, browse):
    with db.db.connection_context():
        person('otto', role='owner')
    browser = browse(olga)
    for action in ('remove', 'suspend', 'restore', 'reset_factors'):
        press(browser, olga, action, status=404, posts='keep')
    assert browser.get(f'/admin/members/{olga.id}').html.find('a', href='/settings/delete')
