"""How much text an account may keep: a limit that says what to do, and costs nobody what they have typed."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import person, write

from quickpub import db
from quickpub.codes import Code, Rejected
from quickpub.content import autosave, post_input, posts, quota, revisions, trash
from quickpub.content.post_input import PostInput, as_form
from quickpub.gates import Busy
from quickpub.models import Autosave, Post, Revision, TextSize, User

TAB = 'a' * 16


@pytest.fixture
def small(monkeypatch):
    """Limits that a test reaches soon: for each kind of account, so many posts of 10,000 bytes."""
    monkeypatch.setattr(quota, 'CONFIRMED', replace(quota.CONFIRMED, size=100_000, posts=30))
    monkeypatch.setattr(quota, 'UNCONFIRMED', replace(quota.UNCONFIRMED, size=30_000, posts=5))


def body(size, character='x'):
    return character * ((size - quota.PER_ROW) // len(character.encode()))


def save(post, user, typed):
    return posts.save(post, user, PostInput(title='Post', body=typed), db.now())


def used(user):
    return sum(row.text + row.versions for row in TextSize.select().where(TextSize.author == user))


@pytest.mark.parametrize(('is_verified', 'room'), [(True, 10), (False, 3)])
@pytest.mark.parametrize('character', ['x', 'ü', '日', '🐎'])
def test_texts_are_taken_up_to_the_limit_in_bytes(site, small, is_verified, room, character):
    user = person('alice', verified=is_verified)
    for _ in range(room):
        save(None, user, body(9_999, character))
    with pytest.raises(Rejected) as problem:
        save(None, user, body(9_999, character))
    assert Post.select().count() == room and used(user) <= quota.of(user).size
    advice = Code('quota.delete_posts') if is_verified else Code('quota.confirm_email')
    assert problem.value.errors == {
        'body': Code('quota.size', megabytes=quota.of(user).size // quota.MEGABYTE, advice=advice)}


def test_somebody_unconfirmed_has_few_drafts(site):
    user = person('alice', verified=False)
    for _ in range(quota.UNCONFIRMED.posts):
        save(None, user, 'Short.')
    with pytest.raises(Rejected) as problem:
        save(None, user, 'Short.')
    assert problem.value.errors == {
        'title': Code('quota.posts', count=quota.UNCONFIRMED.posts, advice=Code('quota.confirm_email'))}
    save(Post.get(), user, 'Changed.')
    User.update(verified_at=db.now()).execute()
    assert save(None, User.get(), 'One more.')


def test_the_limits_stop_what_fills_the_disk_and_nobody_who_writes(site):
    assert quota.UNCONFIRMED.size <= 2_000_000 < post_input.MAX_BODY * 30
    assert quota.CONFIRMED.size >= 100 * post_input.MAX_BODY
    assert min(quota.UNCONFIRMED.autosaved, quota.CONFIRMED.autosaved) > post_input.MAX_BODY + 10_000


def test_the_page_says_so_and_the_form_is_as_it_was_typed(site, small, alice, browse, connection):
    with connection():
        for _ in range(10):
            save(None, alice, body(9_999))
    typed = {'title': 'One too many', 'body': 'A long text. ' * 1000, 'tags': 'hills, dales', 'summary': 'About',
             'slug': 'my-slug', 'action': 'save', 'tab': TAB}
    page = browse(alice).post('/studio/posts/new', typed, status=400)
    form = next(form for form in page.forms.values() if 'body' in form.fields)
    assert {name: form[name].value for name in ('title', 'tags', 'summary', 'slug')} == {
        name: typed[name] for name in ('title', 'tags', 'summary', 'slug')}
    assert form['body'].value.strip() == typed['body'].strip()
    assert 'There is no room for this text' in page and 'Shorten or delete other posts' in page
    with connection():
        assert Post.select().count() == 10 and Autosave.get().fields['title'] == 'One too many'


def test_older_versions_make_room_the_oldest_first(site, small, alice):
    first, second = save(None, alice, body(10_000)), save(None, alice, body(10_000))
    for number in range(40):
        post = first if number % 2 else second
        at = db.now() + timedelta(minutes=number)
        changed = as_form(Post.get_by_id(post.id)) | {'body': f'{number:02}' + body(9_998)}
        posts.save(post, alice, PostInput.from_form(changed), at)
        assert used(alice) <= 110_000
    kept = [row.saved_at for row in Revision.select().order_by(Revision.saved_at)]
    assert 6 <= len(kept) <= 9
    assert Revision.select().where(Revision.version < 10).count() == 0


def test_a_text_that_gets_shorter_can_be_saved_whatever_the_limit_is(site, alice, monkeypatch):
    post, other = save(None, alice, body(50_000)), save(None, alice, body(50_000))
    monkeypatch.setattr(quota, 'CONFIRMED', replace(quota.CONFIRMED, size=20_000))
    with pytest.raises(Rejected):
        save(post, alice, body(50_001))
    post = save(post, alice, body(40_000))
    post = save(post, alice, body(2_000))
    assert Post.get_by_id(other.id).body == body(50_000) and post.body == body(2_000)


def test_saving_what_is_there_costs_no_version(site, small, alice):
    post = save(None, alice, body(50_000))
    save(post, alice, body(50_001))
    for _ in range(3):
        save(Post.get_by_id(post.id), alice, body(50_001))
    assert Revision.select().count() == 1


def test_the_author_pays_for_what_the_owner_writes(site, small, olga, alice):
    post = save(None, alice, body(10_000))
    with pytest.raises(Rejected):
        save(post, olga, body(120_000))
    save(post, olga, body(60_000))
    assert used(olga) == 0 and used(alice) == 70_000


@pytest.mark.parametrize('change', [
    lambda post, other: post.delete_instance(),
    lambda post, other: Revision.delete().where(Revision.version == 1).execute(),
    lambda post, other: Post.update(author=other).where(Post.id == post.id).execute(),
    lambda post, other: Post.update(body='日本', summary='ü').where(Post.id == post.id).execute(),
    lambda post, other: Post.update(views=7).execute(),
    lambda post, other: revisions.clean_up(db.now() + timedelta(days=300)),
    lambda post, other: trash.move_to_trash(post, db.now()),
    lambda post, other: posts.duplicate(post, other, 'A copy', db.now()),
    lambda post, other: User.delete().where(User.id == post.author_id).execute()])
def test_sizes_are_those_of_the_texts_whoever_changes_them(site, alice, bob, change):
    for number in range(3):
        post = write(alice, f'Post {number}', body='日' * 10 * (number + 1), summary='Über')
        for version in range(3):
            post = posts.save(post, alice, PostInput.from_form(as_form(post) | {'body': 'x' * version}), db.now())
    change(post, bob)
    assert {row.post_id: (row.author_id, row.text, row.versions) for row in TextSize.select()} == {
        post.id: (post.author_id, quota.size_of(post.body, post.summary), sum(
            quota.size_of(each.body, each.summary) for each in Revision.select().where(Revision.post == post)))
        for post in Post.select()}


def test_many_at_once_do_not_outrun_the_limit(site, small, alice):
    db.db.close()
    problems = []

    def work():
        with db.db.connection_context():
            try:
                save_in_turn()
            except Rejected as problem:
                problems.append(problem)

    def save_in_turn():
        try:
            save(None, alice, body(30_000))
        except Busy:  # another text of the same author is being rendered
            save_in_turn()
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.db.connection_context():
        assert Post.select().count() == 3 and len(problems) == 3


@pytest.mark.parametrize('is_verified', [True, False])
def test_autosaves_have_a_limit_too_and_the_oldest_go(site, is_verified):
    user, at = person('alice', verified=is_verified), db.now()
    limits = quota.of(user)
    for number in range(limits.autosaves + 3):
        autosave.keep(user, f'{number:016}', None, {'title': str(number), 'body': 'x'}, at + timedelta(seconds=number))
    assert Autosave.select().count() == limits.autosaves
    for number in range(3):
        autosave.keep(user, f'{number:016}', None, {'title': '', 'body': 'x' * (limits.autosaved // 2)},
                     at + timedelta(hours=1, seconds=number))
    assert Autosave.select().count() <= 2
    with pytest.raises(ValueError, match='too much'):
        autosave.keep(user, TAB, None, {'title': '', 'body': 'x' * (limits.autosaved + 1)}, at)
