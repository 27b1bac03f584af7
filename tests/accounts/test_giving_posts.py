"""Removing a member whose posts another member gets: nothing of the posts is lost, nothing of the account stays."""

from datetime import timedelta

import pytest
from conftest import PASSWORD, person, write
from sites import form_with, keep, stored

from quickpub import audit_log, db
from quickpub.accounts import deletion, suspensions
from quickpub.codes import Rejected
from quickpub.content import autosave, publishing, trash
from quickpub.models import (
    AuthorTotals,
    Autosave,
    HiddenPost,
    MediaFile,
    Post,
    RecentViews,
    Series,
    TextSize,
    Upload,
    User,
)

YES = {'identity': 'asked', 'identity_password': PASSWORD}


@pytest.fixture
def leaving(olga, alice, bob):
    """Something of every kind by Alice, some of it with the same names as Bob's."""
    at = db.now()
    for author in (bob, alice):
        write(author, 'Hills', body='High.', series='Towers')
        keep(author)
        autosave.keep(author, 'tab-of-a-window1', None, {'title': f'Unsaved of {author.name}', 'body': 'x'}, at)
    keep(alice, 'own.pdf', b'%PDF-1.7 of her own')
    write(alice, 'Alone', series='Alone')
    publishing.publish(write(alice, 'Scheduled', published=False), at, at + timedelta(days=1))
    publishing.share(write(alice, 'Draft', published=False), at)
    trash.move_to_trash(write(alice, 'Trashed'), at)
    autosave.keep(alice, 'tab-of-a-window2', None, {'title': 'Another', 'body': 'x'}, at)
    return alice


def remove(browser, member, status=303, **fields):
    return browser.post(f'/admin/members/{member.id}', YES | {'action': 'remove', 'posts': 'give'} | fields,
                        status=status)


def titles(user):
    return sorted(post.title for post in Post.select().where(Post.author == user))


def test_the_posts_and_files_are_the_heirs(olga, leaving, bob, browse):
    reader, before = browse(), stored()['OldSlug']
    with db.db.connection_context():
        slugs = {post.title: (post.slug, post.published_at) for post in Post.select() if post.slug != 'hills'}
        shared = f'/draft/{Post.get(Post.title == "Draft").draft_token}'
    reader.get(shared, status=200)
    remove(browse(olga), leaving, heir=str(bob.id))
    with db.db.connection_context():
        assert [user.name for user in User.select().order_by(User.id)] == ['Olga', 'Bob']
        assert titles(bob) == ['Alone', 'Draft', 'Hills', 'Hills', 'Scheduled', 'Trashed']
        assert {post.title: (post.slug, post.published_at) for post in Post.select()
                if post.slug != 'hills'} == slugs
        assert {each.name: sorted(post.title for post in Post.select().where(Post.series == each))
                for each in Series.select()} == {'Towers': ['Hills', 'Hills'], 'Alone': ['Alone']}
        assert sorted(each.name for each in Upload.select().where(Upload.user == bob)) == ['own.pdf', 'paper.pdf']
        assert sorted(each.beginning for each in Autosave.select()) == ['Another', 'Unsaved of Bob']
        assert AuthorTotals.of(bob).posts == 4 and TextSize.select().where(TextSize.author == bob).count() == 6
        assert MediaFile.select().count() == 2
    assert 'Bob' in reader.get('/p/alone') and 'Alone' in reader.get('/@bob/feed.xml') and stored()['OldSlug'] == before
    for path in (shared, '/@alice', '/p/scheduled', '/p/trashed'):
        reader.get(path, status=404)
    assert 'Alone' in reader.get('/search?q=bob') and 'Alone' not in reader.get('/search?q=alice')


def test_views_of_given_posts_count_for_the_heir(olga, alice, bob):
    post = write(alice, 'Hills')
    Post.update(views=7).where(Post.id == post.id).execute()
    RecentViews.create(author=alice, post=post, days_7=7, days_30=7, days_90=7)
    deletion.delete_account(alice, True, db.now(), heir=bob)
    assert AuthorTotals.of(bob).views == 7 and RecentViews.get().author_id == bob.id


def test_hidden_posts_become_drafts_of_the_heir(olga, leaving, bob, browse):
    with db.db.connection_context():
        suspensions.suspend(leaving, db.now(), olga, hides_posts=True)
    browser = browse(olga)
    assert 'become drafts' in browser.get(f'/admin/members/{leaving.id}')
    remove(browser, leaving, heir=str(bob.id))
    browse().get('/p/alone', status=404)
    with db.db.connection_context():
        assert not HiddenPost.select().exists() and titles(bob).count('Alone') == 1


def test_the_pages_of_an_owner_go_to_an_owner(olga, bob):
    otto = person('otto', role='owner')
    for title in ('About', 'Post'):
        write(otto, title, published=title == 'Post')
    Post.update(is_page=True, place=1).where(Post.title == 'About').execute()
    deletion.delete_account(otto, True, db.now(), heir=bob)
    assert titles(bob) == ['Post'] and titles(olga) == ['About']


@pytest.mark.parametrize('heir', ['suspended', 'unconfirmed', 'left', 'herself', 'nobody', ''])
def test_nobody_gets_posts_who_could_not_publish_them(olga, leaving, browse, heir):
    with db.db.connection_context():
        suspended, left, unconfirmed = person('suspended'), person('left'), person('unconfirmed', verified=False)
        write(left)
        suspensions.suspend(suspended, db.now(), olga)
        deletion.delete_account(left, True, db.now())
    ids = {'suspended': suspended.id, 'left': left.id, 'unconfirmed': unconfirmed.id, 'herself': leaving.id,
           'nobody': 99}
    browser, before = browse(olga), None
    before = stored()
    page = remove(browser, leaving, 400, heir=str(ids.get(heir, '')))
    assert 'Choose the member who gets the posts' in page and stored() == before


def test_an_heir_who_is_suspended_meanwhile_gets_nothing(olga, leaving, bob):
    suspensions.suspend(bob, db.now(), olga)
    before = stored()
    db.db.connect(reuse_if_open=True)
    with pytest.raises(Rejected) as refused:
        deletion.remove_member(leaving, True, db.now(), olga, heir=bob)
    assert refused.value.errors['heir'].name == 'heir.unfit'
    assert stored() == before
    with db.db.connection_context():
        assert audit_log.describe(audit_log.select().get()) == 'Olga suspended Bob.'


def test_the_page_offers_all_who_can_get_them_oneself_first(olga, leaving, bob, browse):
    browser = browse(olga)
    form = form_with(browser.get(f'/admin/members/{leaving.id}'), 'heir')
    assert form['heir'].value == str(olga.id)
    assert {text for _, _, text in form['heir'].options} == {'Bob (@bob)', 'Olga (@olga)'}
    form['posts'], form['heir'] = 'give', str(bob.id)
    page = form.submit('action')
    assert 'Bob gets all posts, drafts and files' in page
    form = form_with(page, 'identity_password')
    form['identity_password'] = PASSWORD
    assert 'Account removed' in form.submit(status=303).follow()
    with db.db.connection_context():
        assert [audit_log.describe(each) for each in audit_log.select(group='member')] == [
            'Olga gave the posts of a former member to Bob.', 'Olga removed a former member.']


def test_nobody_but_an_owner_gives_posts_away(olga, leaving, bob, browse):
    browser = browse(bob)
    before = stored()
    remove(browser, leaving, 404, heir=str(bob.id))
    remove(browse(), leaving, heir=str(bob.id))
    assert stored() == before


# The command

def test_the_command_gives_posts_and_removes_several(rig):
    rig.open()
    with rig.database():
        olga, zoe, yan, xenia = person('olga', role='owner'), person('zoe'), person('yan'), person('xenia')
        for user in (zoe, yan):
            write(user, f'By {user.name}')
    give = ['user', 'remove', zoe.email, '--yes', '--give-posts-to']
    assert 'cannot get the posts' in rig.run(*give, zoe.email).stderr
    assert 'No member has' in rig.run(*give, 'nobody@example.org').stderr
    assert rig.run(*give, olga.email, '--keep-posts').returncode == 2
    assert rig.run(*give, olga.email).stdout == 'The account of Zoe is removed.\n'
    with rig.database():
        assert titles(olga) == ['By Zoe']
    done = rig.run('user', 'remove', yan.email, olga.email, xenia.email, yan.email, '--delete-posts', '--yes')
    assert done.returncode == 1
    assert done.stdout == 'The account of Yan is removed.\nThe account of Xenia is removed.\n'
    assert 'olga@example.org is not removed: Olga is the only owner' in done.stderr
    assert '1 of 3 could not be removed' in done.stderr
    with rig.database():
        assert [user.name for user in User.select()] == ['Olga'] and titles(olga) == ['By Zoe']
        assert [audit_log.describe(each) for each in audit_log.select()] == [
            'The command line removed a former member.', 'The command line removed a former member.',
            'The command line gave the posts of a former member to Olga.', 'The command line removed a former member.']
