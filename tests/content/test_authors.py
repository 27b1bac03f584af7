"""The authors of a post: giving it away, co-authors, and what each of them may do."""

from datetime import timedelta

import pytest
from conftest import person, write
from sites import keep

from quickpub import audit_log, codes, db
from quickpub.accounts import suspensions
from quickpub.content import authorship, pins, posts, publishing, trash
from quickpub.content.post_input import PostInput, as_form
from quickpub.media import cleaning, files
from quickpub.models import CoAuthor, Post, RecentViews, ReportedViews, Upload, User


def seen(post):
    Post.load_co_authors([post := Post.get_by_id(post.id)])
    return authorship.as_seen(post)


def names(post):
    Post.load_co_authors([post := Post.get_by_id(post.id)])
    return [author.name for author in post.authors]


def add(post, *members):
    for member in members:
        authorship.add_co_author(post, member.id, seen(post))


def give(post, member, is_former_kept=False):
    authorship.give(post, member.id, is_former_kept, seen(post))


def press(browser, post, action, status=303, **fields):
    with db.db.connection_context():
        fields = {'seen': seen(post)} | fields
    return browser.post(f'/studio/posts/{post.id}/authors', fields | {'action': action}, status=status)


# Giving a post to another author

def test_a_post_with_a_new_author_is_found_under_its_name_and_at_its_old_address(olga, alice, bob, browse):
    post = write(alice, 'Hills', at=db.now() - timedelta(days=2))
    write(bob, 'Another')
    page = browse(olga).get(f'/studio/posts/{post.id}').click('^Authors$')
    form = page.forms[max(number for number in page.forms if isinstance(number, int))]
    form['member'] = str(bob.id)
    form['keep'] = False
    assert 'The post has a new author.' in form.submit('action', value='give').follow()
    reader = browse()
    assert 'Bob' in reader.get('/p/hills').html.select_one('.byline').get_text()
    for path in ('/@bob', '/@bob/feed.xml', '/search?q=bob'):
        assert 'Hills' in reader.get(path), path
    assert reader.get('/@alice', status=404) and 'Hills' not in reader.get('/search?q=alice')
    with db.db.connection_context():
        assert [audit_log.describe(entry) for entry in audit_log.select(group='post')] == [
            f'Olga gave post {post.id} to Bob.']


@pytest.mark.parametrize('is_former_kept', [False, True])
def test_the_secret_link_of_a_draft_ends_when_it_gets_another_first_author(olga, alice, is_former_kept):
    post, carl = write(alice, 'Hills', published=False), person('carl', role='contributor')
    publishing.share(post, db.now())
    link = Post.get_by_id(post.id).draft_token
    give(post, carl, is_former_kept)
    assert Post.shared(link) is None and Post.get_by_id(post.id).shared_at is None


def test_files_series_and_sums_go_with_the_post(olga, alice, bob):
    upload = keep(alice)
    post = write(alice, 'Hills', body=f'![x]({upload.path})', series='Walks')
    other = write(alice, 'Rivers', series='Walks')
    RecentViews.create(author=alice, post=post, days_7=1, days_30=2, days_90=3)
    pins.pin(post, alice)
    give(post, bob)
    post = Post.get_by_id(post.id)
    assert post.series.name == 'Walks' and post.series.author == bob and post.part == 1
    assert Post.get_by_id(other.id).series.author == alice
    assert [each.user_id for each in Upload.select().order_by(Upload.id)] == [alice.id, bob.id]
    assert RecentViews.get().author == bob and User.get_by_id(alice.id).pinned_id is None
    cleaning.delete(Upload.get(Upload.user == alice))
    assert Upload.get().user == bob and (files.folder() / upload.file_id).exists()
    typed = PostInput.from_form(as_form(post) | {'body': 'Changed.'})
    assert posts.save(post, bob, typed, db.now()).series_id == post.series_id


def test_two_owners_never_undo_each_others_choice_unseen(olga, alice, bob, browse):
    post, nils, zoe = write(alice), person('nils', role='owner'), person('zoe')
    first, second = browse(olga), browse(nils)
    old = f'{alice.id}'
    press(first, post, 'give', member=bob.id)
    page = press(second, post, 'give', 409, member=zoe.id, seen=old)
    assert 'has just changed the authors' in page and 'Bob' in page
    with db.db.connection_context():
        assert names(post) == ['Bob']
    press(second, post, 'give', member=zoe.id)
    with db.db.connection_context():
        assert names(post) == ['Zoe']


def test_only_members_who_can_log_in_become_authors(site, alice, bob):
    post, olga = write(alice), person('olga', role='owner')
    suspensions.suspend(bob, db.now(), olga)
    for member_id in (bob.id, person('victor', verified=False).id, alice.id, 999, None):
        for act in (lambda number: authorship.give(post, number, False, seen(post)),
                    lambda number: authorship.add_co_author(post, number, seen(post))):
            with pytest.raises(codes.Rejected):
                act(member_id)
    assert names(post) == ['Alice']


# Co-authors

def test_by_lines_keep_their_order_whoever_becomes_the_first_author(olga, alice, bob):
    post, zoe, anna = write(alice), person('zoe'), person('anna')
    add(post, zoe, bob)
    assert names(post) == ['Alice', 'Zoe', 'Bob']
    give(post, bob, is_former_kept=True)
    assert names(post) == ['Bob', 'Alice', 'Zoe']
    give(post, zoe)
    assert names(post) == ['Zoe', 'Alice']
    give(post, anna, is_former_kept=True)
    assert names(post) == ['Anna', 'Zoe', 'Alice']
    authorship.remove_co_author(post, zoe.id, seen(post))
    assert names(post) == ['Anna', 'Alice']
    with pytest.raises(codes.Rejected):
        authorship.remove_co_author(post, zoe.id, seen(post))


def test_a_post_has_a_limited_number_of_co_authors(alice):
    post = write(alice)
    add(post, *(person(f'writer{number}') for number in range(authorship.MAX_CO_AUTHORS)))
    with pytest.raises(codes.Rejected) as rejected:
        add(post, person('zoe'))
    assert rejected.value.errors['member'].name == 'authors.too_many'


def test_what_reports_have_told_an_author_stays_theirs(alice, bob):
    post = write(alice)
    Post.update(views=10, reported_views=4).where(Post.id == post.id).execute()
    ReportedViews.create(post=post, views=3)
    add(post, bob)
    row = CoAuthor.get()
    assert (row.reported_views, row.last_views) == (10, None), 'a new author is told of the views to come'
    CoAuthor.update(last_views=7).execute()
    give(post, bob, is_former_kept=True)
    row = CoAuthor.get()
    assert (row.user_id, row.reported_views, row.last_views) == (alice.id, 4, 3)
    assert Post.get().reported_views == 10 and ReportedViews.get().views == 7


@pytest.mark.parametrize(('who', 'status'), [
    ('first author', 200), ('co-author', 200), ('another author', 404), ('owner', 200), ('stranger', 303)])
def test_first_authors_co_authors_and_owners_edit_a_post(olga, alice, bob, browse, who, status):
    post, zoe = write(alice, 'Hills', published=False), person('zoe')
    add(post, bob)
    browser = browse({'first author': alice, 'co-author': bob, 'another author': zoe, 'owner': olga}.get(who))
    for path in ('', '/authors', '/history', '/preview'):
        assert browser.get(f'/studio/posts/{post.id}{path}', status=status).status_int == status
    assert ('Hills' in browser.get('/studio?whose=all', status='*')) == (status == 200)
    sent = {'title': 'Changed', 'body': 'x', 'version': '1', 'action': 'save'}
    browser.post(f'/studio/posts/{post.id}', sent, status={200: 303, 303: 403}.get(status, status))
    with db.db.connection_context():
        assert Post.get_by_id(post.id).title == ('Changed' if status == 200 else 'Hills')


def test_a_suspended_co_author_stays_in_the_by_line_and_cannot_edit(olga, alice, bob, browse):
    post = write(alice, 'Hills')
    add(post, bob)
    browser = browse(bob)
    with db.db.connection_context():
        suspensions.suspend(bob, db.now(), olga)
    assert browser.get(f'/studio/posts/{post.id}').status_int == 303
    with db.db.connection_context():
        assert names(post) == ['Alice', 'Bob']


@pytest.mark.parametrize(('action', 'fields', 'allowed'), [
    ('give', {'member': 'zoe'}, {'olga'}), ('add', {'member': 'zoe'}, {'olga', 'alice'}),
    ('remove', {'member': 'bob'}, {'olga', 'alice'}), ('leave', {}, {'bob'})])
def test_each_change_of_authors_has_its_people(olga, alice, bob, browse, action, fields, allowed):
    people = {'olga': olga, 'alice': alice, 'bob': bob, 'zoe': person('zoe')}
    for name, user in people.items():
        with db.db.connection_context():
            add(post := write(alice, f'For {name}', published=False), bob)
            before = names(post)
        sent = {key: people[value].id for key, value in fields.items()}
        press(browse(user), post, action, 303 if name in allowed else 404, **sent)
        with db.db.connection_context():
            assert (names(post) != before) == (name in allowed), name


def test_co_authors_cannot_trash_or_restore_a_post(olga, alice, bob, browse):
    post = write(alice, 'Hills')
    add(post, bob)
    browser = browse(bob)
    page = browser.get(f'/studio/posts/{post.id}')
    assert 'Move to trash' not in page and 'Unpublish' in page
    assert 'only Alice or an editor' in browser.post(f'/studio/posts/{post.id}', {'action': 'delete'}, status=400)
    assert 'only Alice or an editor' in browser.post('/studio', {'action': 'delete', 'post': post.id}, status=400)
    with db.db.connection_context():
        assert not Post.get_by_id(post.id).deleted_at
        trash.move_to_trash(post, db.now())
    assert 'Restore: Hills' not in browser.get('/studio/trash')
    assert 'only Alice or an editor' in browser.post(f'/studio/posts/{post.id}', {'action': 'restore'}, status=400)
    assert browse(alice).post(f'/studio/posts/{post.id}', {'action': 'restore'}).status_int == 303


def test_two_authors_of_a_post_get_the_conflict_page(alice, bob, browse):
    post = write(alice, 'Hills', published=False)
    add(post, bob)
    for user, status in ((alice, 303), (bob, 409)):
        browse(user).post(f'/studio/posts/{post.id}', {
            'title': 'Hills', 'body': f'By {user.name}', 'version': '1', 'action': 'save'}, status=status)


def test_a_co_author_pins_the_post_to_their_own_page_until_they_leave(alice, bob, browse):
    post = write(alice, 'Hills')
    add(post, bob)
    browser = browse(bob)
    assert 'Pin to your page' in browser.get(f'/studio/posts/{post.id}')
    browser.post(f'/studio/posts/{post.id}', {'action': 'pin'})
    assert 'Unpin from your page' in browser.get(f'/studio/posts/{post.id}')
    with db.db.connection_context():
        assert User.get_by_id(bob.id).pinned_id == post.id and User.get_by_id(alice.id).pinned_id is None
    press(browser, post, 'leave')
    with db.db.connection_context():
        assert User.get_by_id(bob.id).pinned_id is None


def test_files_of_a_co_author_stay_in_the_post_when_they_leave(alice, bob):
    post = write(alice, 'Hills', published=False)
    add(post, bob)
    upload = keep(bob)
    posts.save(post, bob, PostInput.from_form(as_form(post) | {'body': f'[x]({upload.path})'}), db.now())
    long_ago = db.now() - 2 * cleaning.KEPT_UNUSED
    Upload.update(touched_at=long_ago).execute()
    cleaning.clean_up(db.now())
    assert Upload.get().user == bob, 'a draft of which they are a co-author uses it'
    authorship.leave(post, bob)
    assert [each.user_id for each in Upload.select().order_by(Upload.id)] == [bob.id, alice.id]
