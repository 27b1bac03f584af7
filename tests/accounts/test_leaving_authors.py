"""Posts with several authors when one of them leaves: nothing that somebody else has a part in is lost."""

from datetime import timedelta

import pytest
from conftest import PASSWORD, person, write
from sites import keep

from quickpub import db
from quickpub.accounts import deletion, suspensions, verification
from quickpub.content import authorship, publishing, trash
from quickpub.media import cleaning, files
from quickpub.models import CoAuthor, Post, Upload, User


def share(post, *members):
    for member in members:
        Post.load_co_authors([post := Post.get_by_id(post.id)])
        authorship.add_co_author(post, member.id, authorship.as_seen(post))


def authors(post):
    Post.load_co_authors([post := Post.get_by_id(post.id)])
    return [author.name for author in post.authors]


@pytest.fixture
def works(olga, alice, bob):
    """Posts of every kind that alice and bob share, and one of each alone."""
    at = db.now()
    found = {'published': write(alice, 'Published'), 'draft': write(alice, 'Draft', published=False),
             'scheduled': write(alice, 'Scheduled'), 'trashed': write(alice, 'Trashed', published=False)}
    Post.update(published_at=at + timedelta(days=3)).where(Post.id == found['scheduled'].id).execute()
    for post in found.values():
        share(post, bob)
    trash.move_to_trash(found['trashed'], at)
    write(alice, 'Alone')
    return found


@pytest.mark.parametrize(('choice', 'passed_on'), [
    ('keep', {'trashed'}), ('published', {'draft', 'trashed'}),
    ('delete', {'published', 'draft', 'scheduled', 'trashed'})])
def test_posts_that_would_be_deleted_go_to_the_next_author(works, alice, bob, choice, passed_on):
    before = {kind: Post.get_by_id(post.id) for kind, post in works.items()}
    deletion.delete_account(alice, choice != 'delete', db.now(), keep_drafts=choice != 'published')
    assert {kind: authors(post) for kind, post in works.items()} == {
        kind: ['Bob'] if kind in passed_on else ['Alice', 'Bob'] for kind in works}
    for kind, post in works.items():
        after = Post.get_by_id(post.id)
        assert all(getattr(after, name) == getattr(before[kind], name) for name in ('body', 'published_at', 'slug'))
    assert Post.select().where(Post.title == 'Alone').exists() == (choice != 'delete')
    assert User.select().where(User.id == alice.id).exists() == (choice != 'delete')


def test_the_secret_link_of_a_draft_ends_when_the_next_author_gets_it(works, alice):
    publishing.share(works['draft'], db.now())
    link = Post.get_by_id(works['draft'].id).draft_token
    deletion.delete_account(alice, False, db.now())
    assert Post.shared(link) is None and Post.get_by_id(works['draft'].id).shared_at is None


def test_whoever_can_log_in_comes_before_a_suspended_co_author(olga, alice, bob):
    post, zoe, other = write(alice, 'Hills'), person('zoe'), write(alice, 'Rivers')
    share(post, bob, zoe)
    share(other, bob)
    suspensions.suspend(bob, db.now(), olga)
    deletion.delete_account(alice, False, db.now())
    assert authors(post) == ['Zoe', 'Bob'] and authors(other) == ['Bob'], 'never lost, even so'


def test_a_leaving_co_author_leaves_the_by_line_and_their_images_stay(olga, alice, bob):
    upload = keep(bob)
    post = write(alice, 'Hills', body=f'[x]({upload.path})')
    share(post, bob)
    write(bob, 'His own')
    deletion.delete_account(bob, True, db.now())
    assert authors(post) == ['Alice'] and not CoAuthor.select().exists()
    cleaning.clean_up(db.now())
    assert Upload.get().user == alice and (files.folder() / upload.file_id).exists()


def test_files_of_a_first_author_who_leaves_go_with_the_post(olga, alice, bob):
    upload = keep(alice)
    post = write(alice, 'Hills', body=f'[x]({upload.path})')
    share(post, bob)
    Upload.delete().where(Upload.user == bob).execute()
    deletion.delete_account(alice, False, db.now())
    assert Upload.get().user == bob and authors(post) == ['Bob']


def test_texts_of_an_unconfirmed_account_that_are_discarded_go_to_their_next_author(olga, bob):
    victor = person('victor', verified=False)
    post = write(victor, 'Hills', published=False)
    share(post, bob)
    verification.delete_texts(victor)
    assert authors(post) == ['Bob']


def test_the_page_says_what_happens_to_shared_posts(works, alice, bob, browse):
    write(bob, 'His own')
    assert '4 posts of yours have co-authors' in browse(alice).get('/settings/delete')
    browser = browse(bob)
    page = browser.get('/settings/delete')
    assert 'You are a co-author of 4 posts' in page and 'yours have' not in page
    browser.post('/settings/delete', {'password': PASSWORD, 'posts': 'keep'})
    with db.db.connection_context():
        assert {tuple(authors(post)) for post in works.values()} == {('Alice',)}


def test_an_owner_is_told_before_removing_a_member(works, olga, alice, browse):
    page = browse(olga).post(f'/admin/members/{alice.id}', {'action': 'remove', 'posts': 'delete'}, status='*')
    assert 'A post with co-authors goes to the next of them' in page.html.get_text().replace('\n', ' ')
