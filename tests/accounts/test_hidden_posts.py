"""Posts of suspended members: hidden, nobody sees them anywhere; shown again, all is as it was before."""

from datetime import timedelta

import pytest
from conftest import PASSWORD, person, write
from sites import form_with, long_ago, stored

from quickpub import audit_log, codes, db
from quickpub.accounts import audit, deletion, hidden_posts, suspensions
from quickpub.content import featured, pins, publishing, reviews, trash
from quickpub.look import sharing
from quickpub.models import AuthorTotals, Card, HiddenPost, Post, Series, Site, User

YES = {'identity': 'asked', 'identity_password': PASSWORD}
LISTS = ('/', '/archive', '/feed.xml', '/feed.json', '/t/hills', '/t/hills/feed.xml', '/sitemap-0.xml', '/p/by-bob',
         '/follow', '/sitemap-places.xml', '/search?q=high')
OF_HER_OWN = ('/@alice', '/@alice/feed.xml', '/@alice/feed.json', '/p/zwiebelturm', '/p/zwiebelturm-2', '/t/peaks',
              '/oembed?format=json&url=http://localhost:8000/p/zwiebelturm', '/zwiebelturm-alt', '/p/zwiebelturm-alt')


@pytest.fixture
def written(olga, alice, bob):
    """Posts of every kind by Alice, one of them first on the front page, and one by Bob; a date of each."""
    at = db.now()
    for title in ('Zwiebelturm', 'Zwiebelturm'):
        post = write(alice, title, body='High.', tags='Hills, Peaks', series='Towers')
    pins.pin(post, Site.this())
    pins.pin(post, alice)
    featured.feature(post, at)
    write(alice, 'Draft', published=False)
    publishing.publish(write(alice, 'Scheduled', published=False), at, at + timedelta(days=1))
    trash.move_to_trash(write(alice, 'Trashed'), at)
    write(bob, 'By Bob', body='High.', tags='Hills')
    return alice


def hide(user, owner, at=None):
    with db.db.connection_context():
        suspensions.suspend(user, at or db.now(), owner, hides_posts=True)


def restore(user, owner):
    with db.db.connection_context():
        suspensions.restore(user, db.now(), owner)


def dates():
    with db.db.connection_context():
        return {post.title: post.published_at for post in Post.select()}


# What readers see

def test_nothing_shows_a_hidden_post_and_restored_all_is_as_before(olga, written, browse):
    reader, paths = browse(), [*LISTS, *OF_HER_OWN[:-2]]
    before, dated = {path: reader.get(path).text for path in paths}, dates()
    assert all('wiebelturm' in before[path] for path in LISTS[:-3]) and 'Scheduled' not in ''.join(before.values())
    hide(written, olga)
    for path in LISTS:
        page = reader.get(path).text
        assert 'wiebelturm' not in page and 'Alice' not in page and '@alice' not in page, path
    for path in OF_HER_OWN:
        assert 'wiebelturm' not in reader.get(path, status=404).html.find('main').get_text()
    assert reader.get('/search?q=zwiebelturm').html.find('main').get_text().count('wiebelturm') <= 1
    with db.db.connection_context():
        assert AuthorTotals.of(written).posts == 0
    restore(written, olga)
    assert {path: reader.get(path).text for path in paths} == before and dates() == dated
    with db.db.connection_context():
        assert not HiddenPost.select().exists() and AuthorTotals.of(written).posts == 3
        assert not User.get_by_id(written.id).hides_posts


def test_a_hidden_scheduled_post_is_published_when_it_is_shown(olga, written, browse):
    hide(written, olga)
    long_ago(HiddenPost, published_at=db.now() - timedelta(hours=1))  # their time has come
    reader = browse()
    reader.get('/p/scheduled', status=404)
    restore(written, olga)
    reader.get('/p/scheduled', status=200)
    reader.get('/p/draft', status=404)


def test_old_links_and_cards_go_and_come_back(olga, alice, browse):
    with db.db.connection_context():
        post = write(alice, 'Hills')
        typed = {'title': 'Hills', 'slug': 'peaks', 'body': 'x', 'tags': '', 'summary': ''}
    browse(alice).post(f'/studio/posts/{post.id}', typed | {'action': 'save', 'version': '1'}, status=303)
    reader = browse()
    reader.get('/p/hills', status=301)
    with db.db.connection_context():
        for kind, owner_id in (('author', alice.id), ('post', post.id)):
            Card.replace(kind=kind, owner_id=owner_id, digest=kind[0] * 32).execute()
    hide(alice, olga)
    reader.get('/p/hills', status=404)
    with db.db.connection_context():
        assert not Card.select().where(Card.digest != '').exists()
        assert not {'author', 'post'} & {kind for kind, _ in sharing._find_missing(db.now())}
    restore(alice, olga)
    assert reader.get('/p/hills', status=301).location.endswith('/p/peaks')


def test_the_web_address_of_a_hidden_post_stays_its_own(olga, alice, bob):
    at = db.now()
    publishing.publish(write(alice, 'Hills', published=False), at, at + timedelta(seconds=1))  # `was_public` is not set
    suspensions.suspend(alice, at + timedelta(hours=1), olga, hides_posts=True)
    assert write(bob, 'Hills').slug == 'hills-2'


def test_the_pages_of_the_site_stay(olga, browse):
    with db.db.connection_context():
        otto = person('otto', role='owner')
        page = write(otto, 'About', published=False)
        Post.update(is_page=True, place=1).where(Post.id == page.id).execute()
    hide(otto, olga)
    assert 'About' in browse().get('/about', status=200)


def test_a_post_in_the_trash_is_hidden_too(olga, written, browse):
    hide(written, olga)
    with db.db.connection_context():
        trash.restore(Post.get(Post.title == 'Trashed'))
    browse().get('/p/trashed', status=404)
    restore(written, olga)
    browse().get('/p/trashed', status=200)


# What owners do with hidden posts

def test_a_hidden_post_cannot_be_published_and_the_list_says_why(olga, written, browse):
    hide(written, olga)
    owner = browse(olga)
    with db.db.connection_context():
        post = Post.get(Post.slug == 'zwiebelturm')
    states = {row.th.a.get_text(): row.select_one('.state').get_text()
              for row in owner.get('/studio?whose=all').html.select('table.posts tbody tr')}
    assert states == {'Zwiebelturm': 'Hidden', 'Scheduled': 'Hidden', 'Draft': 'Draft', 'By Bob': 'Published'}
    typed = {'title': 'Zwiebelturm', 'slug': 'zwiebelturm', 'body': 'Mended.', 'tags': '', 'summary': ''}
    page = owner.post(f'/studio/posts/{post.id}', typed | {'action': 'publish', 'version': '1'}, status=400)
    assert 'The posts of Alice are hidden' in page
    browse().get('/p/zwiebelturm', status=404)
    restore(written, olga)
    assert 'Mended' in browse().get('/p/zwiebelturm', status=200)


def test_what_an_owner_unpublishes_or_gives_away_stays_a_draft(olga, written, bob, browse):
    hide(written, olga)
    with db.db.connection_context():
        first, second = Post.select().where(Post.title == 'Zwiebelturm').order_by(Post.id)
    browse(olga).post('/studio', {'post': str(first.id), 'action': 'unpublish'}, status=303)
    with db.db.connection_context():
        Post.update(author=bob, series=None).where(Post.id == second.id).execute()
    restore(written, olga)
    assert dates()['Zwiebelturm'] is None
    browse().get(first.path, status=404)
    browse().get(second.path, status=404)
    browse().get('/p/trashed', status=404)


@pytest.mark.parametrize('is_trashed', [False, True])
def test_a_hidden_post_that_an_editor_holds_stays_held(olga, written, is_trashed):
    suspensions.suspend(written, db.now(), olga, hides_posts=True)
    post = Post.get(Post.slug == 'zwiebelturm')
    reviews.hold(olga, post, 'Spam', db.now(), is_trashed=is_trashed)
    suspensions.restore(written, db.now(), olga)
    held = Post.get_by_id(post.id)
    assert held.published_at is None and reviews.is_held(held) and bool(held.deleted_at) == is_trashed
    assert Post.get(Post.slug == 'zwiebelturm-2').published_at


@pytest.mark.parametrize('keep_drafts', [True, False])
def test_hidden_posts_of_a_member_who_is_removed_are_kept_as_drafts(olga, written, keep_drafts):
    suspensions.suspend(written, db.now(), olga, hides_posts=True)
    deletion.delete_account(User.get_by_id(written.id), True, db.now(), keep_drafts=keep_drafts)
    left = sorted(post.title for post in Post.select().where(Post.author == written))
    assert left == ['Draft'] * keep_drafts + ['Scheduled', 'Zwiebelturm', 'Zwiebelturm']
    assert not Post.select().where(Post.author == written, Post.published_at.is_null(False)).exists()
    assert not HiddenPost.select().exists() and not User.get_by_id(written.id).hides_posts
    assert Series.select().exists()


# The page and the command

def test_an_owner_hides_while_suspending_and_shows_and_hides_again(olga, written, browse):
    owner, path = browse(olga), f'/admin/members/{written.id}'
    form = form_with(owner.get(path), 'published')
    assert form['published'].value == 'stay'
    form['published'] = 'hide'
    page = form.submit('action')
    assert 'nobody can read their posts' in page
    form = form_with(page, 'identity_password')
    form['identity_password'] = PASSWORD
    page = form.submit().follow()
    words = ' '.join(page.html.find('dl').get_text(' ').split())
    assert ', posts hidden' in words and 'Posts 3' in words
    browse().get('/p/zwiebelturm', status=404)
    for action, status, said in (('show_posts', 200, 'Posts shown'), ('hide_posts', 404, 'Posts hidden')):
        assert 'Zwiebelturm' not in owner.post(path, {'action': action}, status=200).html.find('main').get_text()
        assert said in owner.post(path, YES | {'action': action}, status=303).follow()
        browse().get('/p/zwiebelturm', status=status)
        assert 'The posts of Alice are' in owner.post(path, YES | {'action': action}, status=400)
    assert 'readers see all their posts again' in owner.post(path, {'action': 'restore'}, status=200)
    owner.post(path, YES | {'action': 'restore'}, status=303)
    browse().get('/p/zwiebelturm', status=200)
    with db.db.connection_context():
        assert [audit_log.describe(each) for each in audit_log.select(group='member')] == [
            'Olga ended the suspension of Alice.', 'Olga showed the posts of Alice again.',
            'Olga hid the posts of Alice.', 'Olga showed the posts of Alice again.', 'Olga hid the posts of Alice.',
            'Olga suspended Alice.']


def test_only_posts_of_suspended_members_are_hidden(olga, written, browse):
    before = stored()
    for act in (hidden_posts.hide, hidden_posts.show):
        db.db.connect(reuse_if_open=True)
        with pytest.raises(codes.Rejected):
            act(written, db.now(), audit.COMMAND_LINE)
    assert stored() == before
    for action in ('hide_posts', 'show_posts'):
        browse(olga).post(f'/admin/members/{olga.id}', YES | {'action': action}, status=404)
        browse(written).post(f'/admin/members/{olga.id}', YES | {'action': action}, status=404)


def test_the_command_hides_and_restores(rig):
    rig.open()
    with rig.database():
        person('olga', role='owner')
        zoe = person('zoe')
        write(zoe)
    assert rig.run('user', 'suspend', zoe.email, '--hide-posts').returncode == 0
    with rig.database():
        assert Post.get().published_at is None and User.get_by_id(zoe.id).hides_posts
    assert rig.run('user', 'restore', zoe.email).returncode == 0
    with rig.database():
        assert Post.get().published_at and not User.get_by_id(zoe.id).hides_posts
