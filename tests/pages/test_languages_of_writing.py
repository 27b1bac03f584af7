"""Every sentence about posts, exports and stats is in the member's language."""

from dataclasses import replace
from datetime import datetime, timedelta

import pseudo
import pytest
from conftest import PASSWORD, drain, person, write
from sites import form_with

from quickpub import db
from quickpub.codes import Code
from quickpub.content import comparison, quota, rendering, trash
from quickpub.exchange import exports
from quickpub.models import DailyViews, Export, Post, Site, User

FORM = {'title': 'On hills', 'body': 'Some text.', 'tags': '', 'summary': '', 'slug': ''}
TEXTS = ('The Village Voice', 'News from the hill', 'Alice', 'alice', 'Bob', 'On hills', 'Some text.', 'on-hills',
         'http://localhost:8000')

AUTUMN = datetime(2026, 10, 8, 12)


@pytest.fixture
def member(site, monkeypatch):
    """A member who reads the language that shows what is not translated."""
    return person('alice', language=pseudo.add_to(monkeypatch))


@pytest.fixture
def post(member):
    return write(member, 'On hills', body='Some text.')


@pytest.fixture
def studio(member, browse):
    return browse(member)


def save(studio, path='/studio/posts/new', action='save', status=400, **fields):
    return studio.post(path, FORM | fields | {'action': action}, status=status)


def assert_translated(page, sentences):
    """So many elements of the page say what is wrong; nothing in it is in English."""
    assert pseudo.untranslated(page.text, TEXTS) == []
    assert len(page.html.select('.alert li, .alert p:only-child')) == sentences, page.html.select('.alert')


INVALID = dict(title='x' * 301, summary='x' * 501, body='x' * 500_001, canonical='nowhere', language='xx')


@pytest.mark.parametrize(('fields', 'sentences'), [
    (INVALID, 5), (dict(title='', body=''), 1), (dict(tags='x' * 41), 1), (dict(series='x' * 101), 1),
    (dict(slug='!?'), 1), (dict(slug='on-hills'), 1), (dict(series='Walks', part='no number'), 1),
    (dict(action='nonsense'), 1), (dict(action='publish', body=' '), 1), (dict(action='schedule'), 1),
    (dict(action='schedule', publish_at='yesterday'), 1), (dict(action='schedule', publish_at='2020-01-01T00:00'), 1),
    (dict(action='schedule', publish_at='2031-03-30T02:30'), 1)])
def test_a_post_that_cannot_be_saved_or_published(studio, post, connection, fields, sentences):
    with connection():
        User.update(timezone='Europe/Berlin').execute()
    assert_translated(save(studio, **fields), sentences)


def test_a_german_member_gets_german_sentences(studio, connection, member):
    with connection():
        User.update(language='de').execute()
    assert 'Wähle eine Sprache aus der Liste.' in save(studio, language='xx')


@pytest.mark.parametrize(('action', 'is_verified'), [('publish', True), ('publish', False), ('share', False)])
def test_a_draft_in_the_trash_or_without_a_confirmed_author(studio, post, connection, action, is_verified):
    with connection():
        Post.update(published_at=None).execute()
        if is_verified:
            trash.move_to_trash(post, db.now())
        else:
            User.update(verified_at=None).execute()
    assert_translated(save(studio, f'/studio/posts/{post.id}', action), 1)


@pytest.mark.parametrize(('name', 'limits'), [
    ('CONFIRMED', {'size': 0}), ('CONFIRMED', {'posts': 1}),
    ('UNCONFIRMED', {'size': 0}), ('UNCONFIRMED', {'posts': 1})])
def test_an_account_that_is_full(studio, post, connection, monkeypatch, name, limits):
    monkeypatch.setattr(quota, name, replace(getattr(quota, name), **limits))
    if name == 'UNCONFIRMED':
        with connection():
            User.update(verified_at=None).execute()
    assert_translated(save(studio), 1)


def test_a_text_that_takes_too_long(studio, member, monkeypatch):
    monkeypatch.setattr(rendering, 'MAX_HTML', 1)
    assert_translated(save(studio), 1)
    assert_translated(save(studio, action='preview'), 1)
    assert pseudo.untranslated(studio.post('/studio/preview', {'body': 'Some text.'}, status=422).text) == []


def test_two_who_change_the_same_line(studio, post, browse, member):
    path = f'/studio/posts/{post.id}'
    form = form_with(studio.get(path), 'body')
    save(browse(member), path, body='Another text.', status=303)
    form['body'] = 'My text.'
    page = form.submit('action', value='save', status=409)
    assert_translated(page, 1)
    merged = form_with(page, 'body').submit('action', value='merge')
    assert_translated(merged, 0)
    lines = form_with(merged, 'body')['body'].value.split()
    first, _, last = comparison.MARKERS
    assert lines[lines.index(first) + 1].startswith('⟦') and lines[lines.index(last) + 1].startswith('⟦')


def test_the_title_of_a_copy(studio, post, connection):
    save(studio, f'/studio/posts/{post.id}', 'duplicate', status=303)
    with connection():
        title = Post.get(Post.id != post.id).title
    assert title.startswith('⟦On hills ') and 'copy' not in title


def test_the_note_above_a_draft(studio, post, browse, connection, member):
    assert pseudo.untranslated(studio.get(f'/studio/posts/{post.id}/preview').text, TEXTS) == []
    with connection():
        Post.update(published_at=None, shared_at=db.now()).execute()
        path = f'/draft/{Post.get().draft_token}'
    assert pseudo.untranslated(studio.get(path).text, TEXTS) == []


def test_a_tag_that_is_refused_and_posts_in_the_trash(studio, post):
    page = studio.post('/studio', {'action': 'tag', 'tag': ' ', 'post': str(post.id)}, status=400)
    assert_translated(page, 1)
    page = studio.post('/studio', {'action': 'delete', 'post': str(post.id)}).follow()
    assert page.html.select('form.undo')


def test_a_member_who_logs_in_on_the_spot_but_cannot_edit_the_post(post, member, bob, browse, connection):
    with connection():
        Site.change(language=member.language)  # nobody is logged in when the form arrives
    fields = FORM | {'action': 'save', 'login_email': bob.email, 'login_password': PASSWORD}
    assert_translated(browse().post(f'/studio/posts/{post.id}', fields, status=403), 1)


@pytest.mark.parametrize(('state', 'error'), [
    ('failed', Code('export.lost').to_json()), ('failed', Code('export.disk_full').to_json()),
    ('failed', Code('export.suspended').to_json()), ('waiting', Code('export.broken').to_json()), ('waiting', ''),
    *(('failed', sentence) for sentence in exports.WRITTEN_BY_TRIGGERS)])
def test_an_export_that_is_made_or_failed(studio, member, connection, state, error):
    studio.post('/studio/exports', {'kind': 'numbers'})
    with connection():
        Export.update(state=state, error=error).execute()
    studio.get('/studio/exports')  # with its notice
    page = studio.get('/studio/exports')
    assert pseudo.untranslated(page.text, TEXTS) == []
    assert bool(error) == (page.html.select_one('.exports .meta').text.count('⟦') == 2)


def test_a_sentence_of_an_older_version_is_shown_as_it_is(studio, member, connection):
    studio.post('/studio/exports', {'kind': 'numbers'})
    drain()
    with connection():
        Export.update(state='failed', error='An old sentence.').execute()
    assert 'An old sentence.' in studio.get('/studio/exports')


@pytest.mark.parametrize(('days', 'words'), [(100, '⟦Wéék'), (500, '20')])
def test_the_bars_of_a_chart(studio, post, connection, days, words):
    with connection():
        for age in (0, days):
            DailyViews.create(post=post, day=(db.now() - timedelta(days=age)).date(), views=3)
    page = studio.get(f'/studio/stats/{post.id}?days=all')
    assert pseudo.untranslated(page.text, TEXTS) == []
    assert words in page.html.select_one('.bars strong').text


@pytest.mark.parametrize(('days', 'name'), [(0, '8. Oktober 2026'), (500, 'Oktober 2026')])
def test_a_german_member_gets_german_bars(studio, post, connection, monkeypatch, days, name):
    monkeypatch.setattr('quickpub.pages.stats.now', lambda: AUTUMN)
    with connection():
        User.update(language='de').execute()
        DailyViews.create(post=post, day=AUTUMN - timedelta(days=days), views=3)
    page = studio.get(f'/studio/stats/{post.id}?days=all')
    assert page.html.select('.bars strong')[-1].text == name
