"""Reviews: contributors submit, editors publish or send back, and a post on hold stays so."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Browser, person, write
from peewee import IntegrityError
from sites import browser_of, form_with, keep

from quickpub import audit_log, db
from quickpub.accounts import suspensions
from quickpub.codes import Rejected
from quickpub.content import authorship, autosave, posts, publishing, reviews, submissions, trash
from quickpub.content.post_input import PostInput, as_form
from quickpub.mail import message as letter
from quickpub.models import Autosave, CoAuthor, Message, PlacedImage, Post, Review, Revision, User
from quickpub.permissions import PERMISSIONS, ROLES, Permission, is_allowed

SMTP = 'smtp+plain://127.0.0.1:9'


@pytest.fixture
def people(site):
    """An owner, two editors, an author and a contributor."""
    return {name: person(name, role=role) for name, role in (
        ('olga', 'owner'), ('eve', 'editor'), ('emil', 'editor'), ('alice', 'author'), ('carl', 'contributor'))}


@pytest.fixture
def draft(people):
    return write(people['carl'], 'On bees', published=False)


def form_of(post, **fields):
    with db.db.connection_context():
        return as_form(post) | {'version': str(post.version), 'publish_at': '', 'tab': ''} | fields


def now_of(post):
    with db.db.connection_context():
        return Post.get_by_id(post.id)


def seen(post):
    post = now_of(post)
    with db.db.connection_context():
        return submissions.as_seen([post])[post.id]


def read_authors(post):
    with db.db.connection_context():
        Post.load_co_authors([post])
        return authorship.as_seen(post)


def submit(browser, post, **fields):
    return browser.post(f'/studio/posts/{post.id}', form_of(now_of(post), action='submit', **fields), status=303)


def answer(browser, post, action, status=303, **fields):
    return browser.post('/studio/review', {'action': action, 'post': str(post.id),
                                           'seen': seen(post)} | fields, status=status)


def hold(browser, post, action='unpublish', reason='It names a child.', status=303):
    return browser.post(f'/studio/posts/{post.id}/hold', {'action': action, 'reason': reason}, status=status)


def kinds():
    with db.db.connection_context():
        return sorted((each.kind, each.recipient.partition('@')[0]) for each in Message.select())


# What is declared

def test_each_role_may_do_all_that_the_next_one_may():
    for higher, lower in zip(ROLES, ROLES[1:], strict=False):
        assert PERMISSIONS[higher] > PERMISSIONS[lower]


def test_a_wrong_name_is_no_permission():
    with pytest.raises(ValueError, match='publsh'):
        is_allowed('owner', True, 'publsh')
    assert not is_allowed('editor', False, Permission.EDIT_ALL)


@pytest.mark.parametrize('role', ROLES)
def test_conditions_for_queries_and_for_rows_agree(people, role):
    alice, carl = people['alice'], people['carl']
    for author in (alice, carl, people['eve']):
        write(author, 'Published')
        write(author, 'Draft', published=False)
    page = write(people['olga'], 'About', published=False)
    Post.update(is_page=True, place=1).where(Post.id == page.id).execute()
    suspensions.suspend(people['eve'], db.now(), people['olga'], hides_posts=True)
    hidden = Post.get(Post.author == people['eve'], Post.title == 'Published')
    CoAuthor.create(post=hidden, user=carl, position=1, reported_views=0, last_views=0)
    for user in User.select():
        user.role = role
        for condition, is_so in ((Post.may_see(user), Post.is_seen_by), (Post.may_edit(user), Post.is_editable_by)):
            found = {post.id for post in Post.select().where(condition)}
            assert found == {post.id for post in Post.select() if is_so(post, user)}


# Contributors

def test_a_contributor_submits_and_an_editor_publishes(people, draft, browse):
    carl, eve = browse(people['carl']), browse(people['eve'])
    assert 'Submit for review' in carl.get(f'/studio/posts/{draft.id}')
    assert 'Publish now' not in carl.get(f'/studio/posts/{draft.id}')
    submit(carl, draft, title='On wild bees')
    assert eve.get('/studio').html.select_one('nav a[href="/studio/review"] .badge').get_text() == '1 waiting'
    page = eve.get('/studio/review')
    assert 'On wild bees' in page and 'Carl' in page
    answer(eve, draft, 'publish')
    assert browse().get(now_of(draft).path).status_int == 200
    assert not eve.get('/studio').html.select_one('nav a[href="/studio/review"] .badge')
    with db.db.connection_context():
        assert not Review.select().exists()
        assert 'Eve published a post that was submitted for review: On wild bees.' in [
            audit_log.describe(entry) for entry in audit_log.select()]


def test_after_that_only_editors_change_it_and_nothing_typed_is_lost(people, draft, browse):
    carl, before = browse(people['carl']), now_of(draft)
    with db.db.connection_context():
        reviews.publish(people['eve'], draft, db.now())
    answered = carl.post(f'/studio/posts/{draft.id}', form_of(
        before, action='save', body='My newest words.', tab='tab-of-a-window1'), status=400)
    assert 'only editors can change it' in answered and 'My newest words.' in answered
    assert now_of(draft).body == before.body
    with db.db.connection_context():
        assert Autosave.get().fields['body'] == 'My newest words.'
    assert carl.get(f'/studio/posts/{draft.id}', status=303).location.endswith('/preview')
    for action in ('unpublish', 'delete', 'publish-now'):
        carl.post(f'/studio/posts/{draft.id}', {'action': action}, status=400)
    assert browse().get(now_of(draft).path).status_int == 200
    assert 'On bees' in carl.get('/studio')


@pytest.mark.parametrize('is_seen', [True, False])
def test_what_was_typed_into_a_post_that_one_cannot_change_any_more_is_copied_and_discarded(
        people, draft, browse, is_seen):
    carl, eve = browse(people['carl']), browse(people['eve'])
    with db.db.connection_context():
        for number in (1, 2):
            autosave.keep(people['carl'], f'tab-of-a-window{number}', draft,
                          {'title': 'On wild bees', 'body': f'Newest words {number}.'}, db.now())
        reviews.publish(people['eve'], draft, db.now())
        if not is_seen:
            authorship.give(draft, people['alice'].id, False, str(people['carl'].id))
    dashboard = carl.get('/studio/dashboard')
    links = [each['href'] for each in dashboard.html.select('#unsaved + ul li > a')]
    page = carl.get(links[0])
    assert [each.get_text().strip() for each in page.html.select('textarea[readonly]')] == [
        'On wild bees', 'Newest words 2.']
    assert bool(page.html.select('.kicker a')) == is_seen
    form_with(page, 'tab').submit('action', status=303)
    form_with(carl.get('/studio/dashboard'), 'tab').submit('action', status=303)
    with db.db.connection_context():
        assert not Autosave.select().exists()
    eve.get(links[0], status=200).mustcontain(no='Newest')


def test_a_save_that_races_with_publishing_does_not_change_what_was_approved(people, draft):
    stale = Post.get_by_id(draft.id)
    typed = PostInput.from_form(as_form(stale) | {'body': 'Unseen'})
    reviews.publish(people['eve'], draft, db.now())
    with pytest.raises(Rejected):
        posts.save(stale, people['carl'], typed, db.now())


def test_a_window_for_a_new_post_does_not_change_what_was_approved(people):
    carl, typed, tab = people['carl'], PostInput.from_form({'title': 'Bees', 'slug': '', 'body': 'Seen'}), 'a' * 16
    post = posts.save(None, carl, typed, db.now(), tab=tab)
    reviews.publish(people['eve'], post, db.now())
    with pytest.raises(Rejected):
        posts.save(None, carl, PostInput.from_form(as_form(post) | {'body': 'Unseen'}), db.now(), tab=tab)
    assert Post.get_by_id(post.id).body == 'Seen'


def test_a_contributor_does_not_change_a_hidden_post_of_which_they_are_a_co_author(people, browse):
    alice, carl = people['alice'], people['carl']
    post = write(alice, 'On hills')
    CoAuthor.create(post=post, user=carl, position=1, reported_views=0, last_views=0)
    suspensions.suspend(alice, db.now(), people['olga'], hides_posts=True)
    for action in ('save', 'unpublish', 'delete', 'submit'):
        browse(carl).post(f'/studio/posts/{post.id}', form_of(post, action=action, body='Unseen'), status=400)
    with db.db.connection_context():
        suspensions.restore(User.get_by_id(alice.id), db.now(), people['olga'])
        assert Post.get_by_id(post.id).published_at and Post.get_by_id(post.id).body == post.body


def test_an_editor_sends_back_with_a_reason_and_it_comes_again(people, draft, browse):
    carl, eve = browse(people['carl']), browse(people['eve'])
    submit(carl, draft)
    assert 'Enter a reason' in answer(eve, draft, 'send_back', 400)
    assert 'within 500' in answer(eve, draft, 'send_back', 400, reason='x' * 501)
    answer(eve, draft, 'send_back', reason='Where are the <b>sources</b>?')
    page = carl.get(f'/studio/posts/{draft.id}')
    assert 'Where are the &lt;b&gt;sources' in page and 'Eve' in page.html.select_one('.alert').get_text()
    submit(carl, draft)
    assert 'Where are the' in eve.get('/studio/review')
    answer(eve, draft, 'publish')


def test_an_editor_publishes_only_the_text_that_they_have_read(people, draft, browse):
    carl, eve = browse(people['carl']), browse(people['eve'])
    submit(carl, draft)
    read = seen(draft)
    carl.post(f'/studio/posts/{draft.id}', form_of(now_of(draft), action='save', body='Other words'), status=303)
    assert 'Read it again' in answer(eve, draft, 'publish', 409, seen=read)
    assert now_of(draft).published_at is None
    answer(eve, draft, 'publish')


@pytest.mark.parametrize(('path', 'fields'), [
    ('images/cover/{post}', {'action': 'choose', 'upload': '{upload}'}),
    ('images/cover/{post}', {'action': 'move', 'point': '9-50', 'alt': 'Bees'}),
    ('images/cover/{post}', {'action': 'move', 'point': '50-9', 'alt': 'Bees'}),
    ('images/cover/{post}', {'action': 'move', 'point': '50-50', 'alt': 'Wasps'}),
    ('images/cover/{post}', {'action': 'remove'}),
    ('posts/{post}/authors', {'action': 'add', 'member': '{alice}', 'seen': '{carl}'}),
    ('', {'action': 'tag', 'post': '{post}', 'tag': 'Wasps'})], ids=str)
def test_an_editor_publishes_only_the_cover_authors_and_tags_that_they_have_seen(people, draft, browse, path, fields):
    carl, eve = browse(people['carl']), browse(people['eve'])
    with db.db.connection_context():
        upload = keep(people['carl'], 'new.png', b'\x89PNG\r\n\x1a\n')
        ids = {'post': draft.id, 'upload': upload.id} | {name: user.id for name, user in people.items()}
        PlacedImage.create(place='cover', owner_id=draft.id, digest='a' * 32, alt='Bees')
    submit(carl, draft)
    page = eve.get('/studio/review')
    sent = {name: value.format(**ids) for name, value in fields.items()}
    carl.post(f'/studio/{path}'.format(**ids).rstrip('/'), sent, status=303)
    assert 'Read it again' in form_with(page, 'seen').submit('action', value='publish', status=409)
    assert now_of(draft).published_at is None
    form_with(eve.get('/studio/review'), 'seen').submit('action', value='publish', status=303)
    assert now_of(draft).published_at


@pytest.mark.parametrize('due', ['', '2999-01-01T08:00'])
@pytest.mark.parametrize(('path', 'fields'), [
    ('images/cover/{post}', {'action': 'move', 'point': '9-50', 'alt': 'Bees'}),
    ('posts/{post}/authors', {'action': 'add', 'member': '{alice}', 'seen': '{carl}'})], ids=['cover', 'authors'])
def test_nor_does_an_editor_publish_them_unseen_from_their_editor(people, draft, browse, path, fields, due):
    carl, eve = browse(people['carl']), browse(people['eve'])
    with db.db.connection_context():
        ids = {'post': draft.id} | {name: user.id for name, user in people.items()}
        PlacedImage.create(place='cover', owner_id=draft.id, digest='a' * 32, alt='Bees')
    submit(carl, draft)
    form = form_with(eve.get(f'/studio/posts/{draft.id}'), 'seen')
    sent = {name: value.format(**ids) for name, value in fields.items()}
    carl.post(f'/studio/{path}'.format(**ids), sent, status=303)
    form['title'], form['publish_at'] = 'On wild bees', due
    again = form.submit('action', value='publish', status=400)
    assert 'Check them' in again and now_of(draft).published_at is None and now_of(draft).title == 'On wild bees'
    form_with(again, 'seen').submit('action', value='publish', status=303)
    assert now_of(draft).published_at


def test_authors_publish_with_the_cover_that_they_chose_in_another_window(people, browse):
    with db.db.connection_context():
        post = write(people['alice'], 'Own', published=False)
        PlacedImage.create(place='cover', owner_id=post.id, digest='a' * 32)
    alice = browse(people['alice'])
    form = alice.get(f'/studio/posts/{post.id}').forms['editor']
    alice.post(f'/studio/images/cover/{post.id}', {'action': 'remove'}, status=303)
    form.submit('action', value='publish', status=303)
    assert now_of(post).published_at


def test_two_editors_do_not_answer_twice(people, draft, browse):
    submit(browse(people['carl']), draft)
    eve, emil = browse(people['eve']), browse(people['emil'])
    answer(eve, draft, 'send_back', reason='Too short')
    assert 'no longer waits' in answer(emil, draft, 'publish', 409)
    assert now_of(draft).published_at is None


def test_two_editors_at_once_and_one_of_them_is_told(people, draft):
    reviews.submit(people['carl'], draft, db.now())
    read = submissions.as_seen([Post.get_by_id(draft.id)])[draft.id]

    def send_back(editor):
        with db.db.connection_context():
            try:
                reviews.send_back(editor, draft, read, f'Says {editor.name}', db.now())
            except Rejected:
                return 'refused'
            return 'done'
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send_back, (people['eve'], people['emil']))) == ['done', 'refused']


def test_an_editor_and_the_author_do_not_undo_each_other_unseen(people, browse):
    with db.db.connection_context():
        post = write(people['alice'], 'Shared work')
    old = form_of(now_of(post), action='save')
    browse(people['eve']).post(f'/studio/posts/{post.id}', old | {'body': 'From Eve'}, status=303)
    page = browse(people['alice']).post(f'/studio/posts/{post.id}', old | {'body': 'From Alice'}, status=409)
    assert 'Eve' in page.html.select_one('.conflict').get_text()
    with db.db.connection_context():
        assert Post.get_by_id(post.id).body == 'From Eve' and Revision.select().exists()


def test_a_contributor_withdraws(people, draft, browse):
    carl = browse(people['carl'])
    submit(carl, draft)
    carl.post(f'/studio/posts/{draft.id}', {'action': 'withdraw'}, status=303)
    assert 'No posts are waiting' in browse(people['eve']).get('/studio/review')


def test_an_unconfirmed_member_submits_nothing(site, draft, people):
    victor = person('victor', role='contributor', verified=False)
    with pytest.raises(Rejected):
        reviews.submit(victor, write(victor, published=False), db.now())


# Emails

def test_emails_go_out_once_for_each_submission_and_answer(site, people, draft):
    with db.db.connection_context():
        person('esra', role='editor', verified=False)
    with_server = browser_of(site, smtp=SMTP)
    carl, eve = Browser(with_server.app), Browser(with_server.app)
    carl.log_in(people['carl'])
    eve.log_in(people['eve'])
    submit(carl, draft)
    submit(carl, draft)
    asked = [('review_asked', name) for name in ('emil', 'eve', 'olga')]
    assert kinds() == asked
    answer(eve, draft, 'send_back', reason='Where are the sources?')
    assert kinds() == [('review_answered', 'carl'), *asked]
    with db.db.connection_context():
        sent = letter.render(Message.get(Message.kind == 'review_answered'))
        assert b'Where are the sources?' in sent and b'Sent_back' in sent
        Message.delete().execute()  # whose keys are of this second
    submit(carl, draft)
    assert kinds() == asked
    answer(eve, draft, 'publish')
    assert kinds() == [('review_answered', 'carl'), *asked]


def test_without_a_mail_server_there_are_none(people, draft, browse):
    submit(browse(people['carl']), draft)
    answer(browse(people['eve']), draft, 'publish')
    assert kinds() == []


# On hold

def test_a_post_on_hold_stays_unpublished_until_an_editor_ends_that(people, browse):
    with db.db.connection_context():
        post = write(people['alice'], 'Public')
    alice, eve = browse(people['alice']), browse(people['eve'])
    assert 'Enter a reason' in hold(eve, post, reason=' ', status=400)
    hold(eve, post)
    browse().get(now_of(post).path, status=404)
    page = alice.get(f'/studio/posts/{post.id}')
    assert 'It names a child.' in page and 'Publish now' not in page
    for action in ('publish', 'publish-now', 'share'):
        refused = alice.post(f'/studio/posts/{post.id}', form_of(now_of(post), action=action), status=400)
        assert 'on hold' in refused
    alice.post(f'/studio/posts/{post.id}', form_of(now_of(post), action='save', body='Better'), status=303)
    submit(alice, post)
    answer(eve, post, 'publish')
    assert 'Better' in browse().get(now_of(post).path)


def test_a_copy_is_no_way_round_a_hold(people, browse):
    post = write(people['alice'], 'On hills')
    hold(browse(people['eve']), post)
    answered = browse(people['alice']).post(f'/studio/posts/{post.id}', {'action': 'duplicate'}, status=400)
    assert 'cannot be duplicated' in answered
    with db.db.connection_context():
        assert Post.select().count() == 1


def test_a_post_in_the_trash_on_hold_is_restored_by_editors_alone(people, browse):
    with db.db.connection_context():
        post = write(people['alice'], 'Public')
    alice, eve = browse(people['alice']), browse(people['eve'])
    hold(eve, post, 'trash')
    assert 'It names a child.' in alice.get('/studio/trash')
    assert 'Only an editor' in alice.get(f'/studio/posts/{post.id}')
    alice.post(f'/studio/posts/{post.id}', {'action': 'restore'}, status=400)
    alice.post('/studio', {'post': str(post.id), 'action': 'restore'}, status=400)
    assert now_of(post).deleted_at
    submit(alice, post)
    answer(eve, post, 'publish')
    assert browse().get(now_of(post).path).status_int == 200


def test_ending_a_hold_gives_the_post_back(people, browse):
    with db.db.connection_context():
        post = write(people['alice'], 'Public')
    hold(browse(people['eve']), post)
    hold(browse(people['emil']), post, 'release')
    browse(people['alice']).post(f'/studio/posts/{post.id}', form_of(now_of(post), action='publish'), status=303)
    with db.db.connection_context():
        assert [entry.code for entry in audit_log.select() if entry.code.startswith('post')] == [
            'post_released', 'post_held']


def test_nobody_holds_or_releases_their_own_posts_but_owners(people, browse):
    with db.db.connection_context():
        post = write(people['eve'], 'Own')
    hold(browse(people['eve']), post, status=404)
    assert now_of(post).published_at
    hold(browse(people['olga']), post)
    browse(people['eve']).post(f'/studio/posts/{post.id}', form_of(now_of(post), action='publish'), status=400)
    browse(people['eve']).get(f'/studio/posts/{post.id}/hold', status=404)


@pytest.mark.parametrize('action', ['give', 'add', 'remove', 'leave'])
@pytest.mark.parametrize(('who', 'first'), [('eve', 'eve'), ('eve', 'alice'), ('alice', 'alice')])
def test_no_author_changes_the_authors_of_a_held_post(people, browse, who, first, action):
    """Or an editor who gives their post away, leaves it or is removed from it could end the hold."""
    with db.db.connection_context():
        post = write(people[first], 'Own')
        for name in ('alice' if first == 'eve' else 'eve', 'carl'):
            authorship.add_co_author(post, people[name].id, read_authors(post))
    hold(browse(people['olga']), post)
    browser, read = browse(people[who]), read_authors(now_of(post))
    member = {'add': people['emil'], 'remove': people['alice' if who == 'eve' else 'eve']}.get(action, people['carl'])
    page = browser.get(f'/studio/posts/{post.id}/authors')
    assert 'Until the hold ends' in page and not [form for form in page.forms.values() if 'seen' in form.fields]
    sent = {'action': action, 'member': member.id, 'seen': read}
    refused = browser.post(f'/studio/posts/{post.id}/authors', sent, status=400)
    assert 'on hold' in refused.html.select_one('.alert').text
    assert read_authors(now_of(post)) == read
    hold(browser, post, 'release', status=404)
    browser.post(f'/studio/posts/{post.id}', form_of(now_of(post), action='publish'), status=400)


def test_another_editor_changes_the_authors_of_a_held_post(people, browse):
    with db.db.connection_context():
        post = write(people['alice'], 'Public')
    hold(browse(people['eve']), post)
    page = browse(people['emil']).get(f'/studio/posts/{post.id}/authors')
    assert 'Until the hold ends' not in page
    browse(people['emil']).post(f'/studio/posts/{post.id}/authors', {
        'action': 'give', 'member': people['eve'].id, 'seen': read_authors(now_of(post))}, status=303)
    assert now_of(post).author_id == people['eve'].id


@pytest.mark.parametrize('change', [
    {'published_at': '2026-01-01 00:00:00'}, {'place': 1}, {'shared_at': '2026-01-01 00:00:00'}, {'deleted_at': None}],
    ids=str)
def test_no_process_publishes_a_post_on_hold(people, change):
    """Not even one that knows nothing of holds: a trigger refuses."""
    post = write(people['alice'], 'Public')
    reviews.hold(people['eve'], post, 'Spam', db.now(), is_trashed=True)
    with pytest.raises(IntegrityError, match='holds'):
        Post.update(**change).where(Post.id == post.id).execute()


def test_publishing_by_an_older_process_ends_a_review(people, draft):
    reviews.submit(people['carl'], draft, db.now())
    publishing.publish(draft, db.now())
    assert not Review.select().exists()


def test_a_title_in_the_audit_log_goes_with_its_post(people):
    post = write(people['alice'], 'Secret title')
    reviews.hold(people['eve'], post, 'Spam', db.now(), is_trashed=True)
    reviews.submit(people['alice'], post, db.now())
    trash.clean_up(db.now() + trash.KEPT_IN_TRASH)
    assert Post.select().where(Post.id == post.id).exists()  # it waits for an answer
    reviews.withdraw(post)
    trash.clean_up(db.now() + trash.KEPT_IN_TRASH)
    assert not Post.select().where(Post.id == post.id).exists()
    assert not [entry for entry in audit_log.select() if 'Secret' in audit_log.describe(entry)]


def test_a_held_post_of_a_suspended_member_is_not_shown_when_they_come_back(people):
    alice, olga = people['alice'], people['olga']
    held, other = write(alice, 'Held'), write(alice, 'Other')
    reviews.hold(people['eve'], held, 'Spam', db.now())
    suspensions.suspend(alice, db.now(), olga, hides_posts=True)
    reviews.hold(people['eve'], other, 'Spam, too', db.now())
    suspensions.restore(User.get_by_id(alice.id), db.now(), olga)
    assert not Post.select().where(Post.author == alice, Post.published_at.is_null(False)).exists()
