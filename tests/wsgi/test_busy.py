"""While the database cannot be written: pages are read as ever, forms are told to wait and come back as typed."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from conftest import PASSWORD, write
from peewee import IntegrityError, OperationalError, SqliteDatabase
from sites import form_with, long_ago, stored

from quickpub import db
from quickpub.models import Post, Session, Tag

TYPED = {'title': 'On hills', 'slug': '', 'body': 'They are *high*.', 'tags': 'Hills', 'summary': 'In short.'}


@contextmanager
def locked(site):
    """Somebody else's transaction, which writes and does not end."""
    other = SqliteDatabase(site.paths.database, timeout=0)
    with other.connection_context():
        other.execute_sql('BEGIN IMMEDIATE')
        yield
        other.execute_sql('ROLLBACK')


def test_pages_are_read_as_ever(site, olga, browse, connection, caplog):
    with connection():
        post = write(olga, 'On hills', tags='Hills')
    browse().get('/p/on-hills')  # a view that waits to be counted; one more comes below
    back_again = browse(olga)
    long_ago(Session, seen_at=db.now() - timedelta(days=2))  # so that it waits to be made longer
    owner = browse(olga)
    with locked(site):
        for path in ('/', '/p/on-hills', '/@olga', '/t/hills', '/archive', '/feed.xml', '/sitemap.xml', '/login'):
            browse().get(path, status=200)
        for path in (f'/studio/posts/{post.id}', '/studio/trash', '/settings', '/admin', '/admin/mail'):
            assert 'Log out' in owner.get(path, status=200)
        assert not caplog.records  # nobody who only reads has waited for the lock
        assert back_again.get('/studio', status=200).html.select_one('tbody .bare').text == '0'
    assert back_again.get('/studio').html.select_one('tbody .bare').text == '2'


def test_the_editor_keeps_what_was_typed(site, alice, browse, connection):
    with connection():
        draft = write(alice, 'A draft', published=False)
    browser = browse(alice)
    for path, action in (('/studio/posts/new', 'save'), (f'/studio/posts/{draft.id}', 'publish')):
        before = stored()
        with locked(site):
            page = browser.post(path, TYPED | {'action': action}, status=503)
        assert 'The site cannot save anything right now. Your text is still here.' in page and stored() == before
        form = form_with(page, 'body')
        assert {name: form[name].value for name in TYPED} == TYPED and form.action == path
        form['tags'] = 'Hills'
        form.submit('action', value=action, status=303)
    with connection():
        assert [post.title for post in Post.select()] == 2 * ['On hills']


@pytest.mark.parametrize('path, form', [
    ('/login', {'email': 'alice@example.org', 'password': PASSWORD}),
    ('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD}),
    ('/settings', {'action': 'profile', 'name': 'Al', 'handle': 'al', 'bio': '', 'timezone': 'UTC', 'report': 'never'}),
], ids=['log-in', 'sign-up', 'settings'])
def test_a_form_is_told_to_come_again(site, alice, browse, path, form):
    browser = browse(alice)
    before = stored()
    with locked(site):
        page = browser.post(path, form, status=503)
    assert 'Nothing was changed' in page and page.headers['Retry-After'] == '30' and 'Set-Cookie' not in page.headers
    assert stored() == before
    assert browser.post(path, form).status_int in (200, 303)  # nothing is left locked behind it


def test_the_trash_is_told_to_come_again_too(site, alice, browse, connection):
    with connection():
        post = write(alice, 'On hills')
    browser = browse(alice)
    with locked(site):
        page = browser.post(f'/studio/posts/{post.id}', TYPED | {'action': 'delete'}, status=503)
        assert form_with(page, 'body')['body'].value == TYPED['body']
        assert 'Nothing was changed' in browser.post(f'/studio/posts/{post.id}', {'action': 'restore'}, status=503)
    with connection():
        assert Post.get().deleted_at is None


def test_threads_take_turns_to_write_and_say_so_when_it_takes_too_long(site):
    is_in, may_end, answers = threading.Event(), threading.Event(), []

    def hold():
        with db.db.connection_context(), db.db.atomic():
            is_in.set()
            may_end.wait()

    def write_tag(number):
        with db.db.connection_context(), db.db.atomic():
            answers.append(Tag.create(name=str(number), slug=str(number)))

    holder, writers = threading.Thread(target=hold), [threading.Thread(target=write_tag, args=(n,)) for n in range(9)]
    holder.start()
    is_in.wait()
    db.db.timeout = 0.05
    with pytest.raises(OperationalError, match='locked'), db.db.atomic():
        pass
    db.db.timeout = 10
    for writer in writers:
        writer.start()
    assert answers == []
    may_end.set()
    for thread in (holder, *writers):
        thread.join()
    assert len(answers) == Tag.select().count() == 9


def test_a_transaction_that_fails_lets_the_next_one_begin(site):
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), db.db.atomic():
            raise error
    with db.db.atomic():
        Tag.create(name='a', slug='a')
    with pytest.raises(IntegrityError), db.db.atomic():
        Tag.create(name='a', slug='a')
    with db.db.atomic():
        assert Tag.select().count() == 1
