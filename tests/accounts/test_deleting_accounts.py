"""Leaving: nothing is lost without a word, scheduled posts are published all the same, and a site keeps an owner."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import PASSWORD, person, write
from peewee import IntegrityError
from playhouse.migrations import Runner
from sites import form_with, long_ago, stored

from quickpub import data_folder, db, migrating, opening, settings
from quickpub.accounts import credentials, deletion, invitations, links, passwords, registration, roles, verification
from quickpub.codes import Rejected
from quickpub.content import autosave, publishing
from quickpub.models import Post, Session, Token, User

TOMORROW = timedelta(days=1)


@pytest.fixture
def leaving(olga, alice, bob):
    """Something of every kind by Alice."""
    at = db.now()
    write(alice, 'Published')
    publishing.publish(write(alice, 'Scheduled', published=False), at, at + TOMORROW)
    write(alice, 'Draft', published=False)
    trashed = write(alice, 'Trashed')
    Post.update(deleted_at=at).where(Post.id == trashed.id).execute()
    autosave.keep(alice, 'tab-of-a-window1', None, {'title': 'Unsaved', 'body': 'x'}, at)
    write(bob, 'By Bob')
    return alice


@pytest.mark.parametrize(('choice', 'kept'), [
    ('keep', ['By Bob', 'Draft', 'Published', 'Scheduled']), ('published', ['By Bob', 'Published', 'Scheduled']),
    ('delete', ['By Bob'])])
def test_what_stays_is_what_was_chosen(site, leaving, olga, browse, choice, kept):
    browser = browse(leaving)
    page = browser.get('/settings/delete')
    words = ' '.join(page.html.find('form', {'class': 'form'}).get_text().split())
    assert 'Published: 1. Scheduled: 1. Drafts: 1.' in words
    assert '1 post in the trash will be deleted too. 1 autosave will be deleted too.' in words
    form = form_with(page, 'posts')
    form['posts'], form['password'] = choice, PASSWORD
    form.submit(status=303)
    assert sorted(row[2] for row in stored()['Post']) == kept
    owner = browse(olga)
    with db.db.connection_context():
        left = {post.title: post for post in Post.select().where(Post.author == leaving)}
    if 'Draft' in left:
        assert 'Draft' in owner.get('/studio?whose=all')
        browse().get('/p/draft', status=404)
        owner.post(f"/studio/posts/{left['Draft'].id}", {'action': 'publish', 'title': 'Draft', 'body': 'Done.',
                                                        'tags': '', 'slug': '', 'summary': ''}, status=303)
        assert 'Alice' in browse().get('/p/draft')
    if 'Scheduled' in left:
        browse().get('/p/scheduled', status=404)
        long_ago(Post, published_at=db.now() - TOMORROW)  # its time has come
        assert 'Alice' in browse().get('/p/scheduled') and 'Scheduled' in browse().get('/@alice')
    else:
        browse().get('/@alice', status=404)


def test_a_name_with_nothing_but_drafts_and_scheduled_posts_is_no_page_yet(leaving, browse, connection):
    with connection():
        Post.delete().where(Post.title == 'Published').execute()
    browse(leaving).post('/settings/delete', {'password': PASSWORD, 'posts': 'keep'}, status=303)
    browse().get('/@alice', status=404)
    browse().get('/@alice/feed.xml', status=404)
    long_ago(Post, published_at=db.now() - TOMORROW)
    assert 'Scheduled' in browse().get('/@alice')


@pytest.mark.parametrize('kinds', [[], ['Draft'], ['Scheduled'], ['Published'], ['Trashed'], ['Draft', 'Scheduled']])
def test_the_page_asks_where_there_is_something_to_ask(leaving, browse, connection, kinds):
    with connection():
        Post.delete().where(Post.author == leaving, Post.title.not_in(kinds)).execute()
    page = browse(leaving).get('/settings/delete')
    asks = bool(set(kinds) - {'Trashed'})
    assert bool(page.html.find('input', {'type': 'radio'})) == asks
    assert ('in the trash' in page) == (kinds == ['Trashed'])
    browse(leaving).post('/settings/delete', {'password': PASSWORD}, status=400 if asks else 303)


# Always an owner

def together(*acts):
    """Do all of these at the same moment, each on a connection of its own; what each returned or raised."""
    barrier = threading.Barrier(len(acts))

    def run(act):
        with db.db.connection_context():
            barrier.wait()
            try:
                return act()
            except Exception as error:
                return error
    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def owners():
    with db.db.connection_context():
        return User.select().where(User.role == 'owner', User.deleted_at.is_null()).count()


def leave(user):
    return lambda: deletion.delete_account(user, True, db.now())


def demote(user):
    return lambda: User.update(role='author').where(User.id == user.id).execute()


@pytest.mark.parametrize('acts', [
    (leave, leave), (leave, demote), (demote, leave), (demote, demote), (leave, leave, leave), (leave, demote, leave)])
@pytest.mark.parametrize('has_posts', [False, True])
def test_of_owners_who_go_at_the_same_moment_one_stays(site, acts, has_posts):
    going = [person(f'owner{number}', role='owner') for number in range(len(acts))]
    for user in going if has_posts else ():
        write(user, f'By {user.name}')
    before = len(stored()['Post'])
    db.db.close()
    answers = together(*(act(user) for act, user in zip(acts, going, strict=True)))
    assert owners() == 1
    assert sum(isinstance(each, roles.LastOwner | IntegrityError) for each in answers) == 1
    assert len(stored()['Post']) == before


def test_owners_who_leave_at_the_same_moment_by_the_page(site, olga, browse):
    otto = person('otto', role='owner')
    browsers = [browse(olga), browse(otto)]
    db.db.close()

    def press(browser):
        return lambda: browser.post('/settings/delete', {'password': PASSWORD, 'posts': 'keep'}, status='*').status_int
    assert sorted(_press_together([press(each) for each in browsers])) == [303, 400]
    assert owners() == 1


def _press_together(acts):
    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(lambda act: act(), acts))


@pytest.mark.parametrize('statement', [
    "UPDATE user SET role = 'author' WHERE role = 'owner'", "UPDATE user SET deleted_at = '2026' WHERE role = 'owner'",
    "DELETE FROM user WHERE role = 'owner'", 'DELETE FROM user', "UPDATE user SET role = 'author', name = 'x'",
    "UPDATE user SET deleted_at = '2026', email = NULL"])
def test_no_statement_takes_the_last_owner_away(olga, alice, statement):
    before = stored()
    with pytest.raises(IntegrityError, match='the last owner'), db.db.atomic():
        db.db.execute_sql(statement)
    assert stored() == before


def test_set_up_makes_one_owner_at_the_same_moment_with_two_links(site):
    tokens = [links.create_link('setup', TOMORROW, db.now()) for _ in range(2)]
    db.db.close()
    hashed = passwords.hash_password(PASSWORD)

    def set_up(token):
        email = f'olga{token.id}@example.org'
        return lambda: verification.set_up_owner(token, 'Olga', email, hashed, PASSWORD, db.now(), None)
    answers = together(*map(set_up, tokens))
    assert owners() == 1 and sum(isinstance(each, links.InvalidLink) for each in answers) == 1


def test_the_first_link_is_one_link_for_many_processes(site):
    db.db.close()
    assert len(set(together(*[lambda: roles.ensure_setup_url(db.now())] * 6))) == 1


def test_one_invitation_lets_one_of_many_in(site):
    invited = links.create_link('invite', TOMORROW, db.now(), email='zoe@example.org')
    hashed = passwords.hash_password(PASSWORD)
    db.db.close()

    def sign_up(number):
        def act():
            with db.db.atomic():
                return registration.sign_up('Zoe', f'zoe{number}@example.org', hashed, db.now(), invited)
        return act
    answers = together(*map(sign_up, range(4)))
    assert sum(isinstance(each, links.InvalidLink) for each in answers) == 3 and len(stored()['User']) == 1


def test_one_invitation_is_accepted_by_one_of_its_two_links(site):
    invited = links.create_link('invite', TOMORROW, db.now(), email='zoe@example.org')
    hashed = passwords.hash_password(PASSWORD)
    db.db.close()

    def sign_up():
        with db.db.atomic():
            return registration.sign_up('Zoe', 'zoe@example.org', hashed, db.now(), invited)

    def accept():
        return invitations.accept(invited, 'Zoe', hashed, None, db.now())
    answers = together(sign_up, accept)
    assert len(stored()['User']) == 1 and sum(isinstance(each, links.InvalidLink) for each in answers) <= 1
    with db.db.connection_context():
        assert Token.select().where(Token.purpose == 'invite', Token.used_at.is_null(False)).count() == 1


def test_of_owners_who_invite_somebody_at_the_same_moment_one_does(site):
    db.db.close()
    answers = together(*[lambda: invitations.invite('zoe@example.org', db.now())] * 4)
    assert sum(isinstance(each, Rejected) for each in answers) == 3
    assert len(stored()['Token']) == len(stored()['Message']) == 1


def test_many_of_one_name_who_sign_up_at_the_same_moment_have_handles_of_their_own(site):
    hashed = passwords.hash_password(PASSWORD)
    db.db.close()

    def sign_up(number):
        def act():
            with db.db.atomic():
                return registration.sign_up('Zoe', f'zoe{number}@example.org', hashed, db.now())
        return act
    answers = together(*map(sign_up, range(6)))
    assert not [each for each in answers if isinstance(each, Exception)]
    assert len({row[2] for row in stored()['User']}) == 6


@pytest.mark.parametrize('form', [
    {'action': 'password', 'password': 'mallory has a plan'}, {'action': 'address', 'email': 'mallory@evil.example'}])
def test_a_password_that_was_changed_meanwhile_allows_nothing(site, alice, browse, monkeypatch, form):
    """It was right when it was looked at, which takes long; by the time of the change Alice has another one."""
    browser, log_in = browse(alice), credentials.is_correct_password

    def meanwhile(user, password):
        is_right = log_in(user, password)
        credentials.set_password(user, passwords.hash_password('alice has a new one'))
        return is_right
    monkeypatch.setattr('quickpub.accounts.sessions.is_correct_password', meanwhile)
    page = browser.post('/settings', form | {'current': PASSWORD}, status=400)
    assert 'changed a moment ago' in page
    monkeypatch.undo()
    assert stored()['Token'] == []
    browse().post('/login', {'email': alice.email, 'password': 'alice has a new one'}, status=303)
    browse().post('/login', {'email': alice.email, 'password': 'mallory has a plan'}, status=400)


# The migration

def test_a_site_of_the_version_before_is_brought_up_to_date(tmp_path):
    """With people, links and sessions in it: they work as before, and the last owner is kept from now on."""
    config = settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data')})
    data_folder.create(config.paths)
    db.bind(config, 10)
    with db.db.connection_context():
        runner = Runner(db.db, str(migrating.MIGRATIONS))
        runner.up('0008_numbers')
        at = str(db.now())
        for number, (name, role) in enumerate([('olga', 'owner'), ('alice', 'author')], 1):
            db.db.execute_sql(
                'INSERT INTO user (id, name, handle, email, password, role, bio, timezone, report, reported_until, '
                "created_at, verified_at) VALUES (?, ?, ?, ?, 'x', ?, '', 'UTC', 'daily', ?, ?, ?)",
                (number, name, name, f'{name}@example.org', role, at, at, at))
            db.db.execute_sql('INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)', (name, number, 'x', at, at, at))
            db.db.execute_sql('INSERT INTO token (purpose, user_id, email, created_at, expires_at) VALUES '
                              "('reset', ?, ?, ?, '2999-01-01 00:00:00')", (number, f'{name}@example.org', at))
            db.db.execute_sql('INSERT INTO message (kind, key, user_id, token_id, recipient, subject, payload, '
                              "message_id, urgent, state, next_try, answer, created_at) VALUES ('reset', ?, ?, ?, 'x', "
                              "'x', '{}', ?, 1, 'queued', ?, '', ?)", (name, number, number, name, at, at))
    migrating.migrate(config)
    opening.open_site(config)
    with db.db.connection_context():
        assert [len(list(table.select())) for table in (User, Session, Token)] == [2, 2, 2]
        found = links.find_link('reset', Token.get(Token.user == 2).text, db.now())
        assert (found.ended_at, found.made_by_id) == (None, None)
        with pytest.raises(roles.LastOwner):
            deletion.delete_account(User.get_by_id(1), True, db.now())
        roles.make_owner(User.get_by_id(2), db.now())
        deletion.delete_account(User.get_by_id(1), True, db.now())
        assert db.db.execute_sql('PRAGMA foreign_key_check').fetchall() == []
    db.db.close()
