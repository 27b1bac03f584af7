"""What is not public is nobody else's business: not in lists, in what is offered, in status codes, nor in the work for
an answer."""

from datetime import timedelta
from importlib import import_module

import pytest
from conftest import write
from sites import keep

from quickpub import db, text
from quickpub.content import published, publishing, search, tags, trash
from quickpub.media import cleaning, files
from quickpub.models import Post, PostFile, Tag, Upload
from quickpub.sqlite import database

HOUR = timedelta(hours=1)


def draft(user, **fields):
    return write(user, published=False, **fields)


def scheduled(user, **fields):
    post = draft(user, **fields)
    publishing.publish(post, db.now(), db.now() + HOUR)
    return post


def trashed(user, **fields):
    post = write(user, **fields)
    trash.move_to_trash(post, db.now())
    return post


def unpublished(user, **fields):
    post = write(user, **fields)
    publishing.unpublish(post, db.now())
    return post


HIDDEN = [draft, scheduled, trashed, unpublished]


def publish_now(post):
    """Let a hidden post become public, as its author or the time does."""
    Post.update(published_at=db.now() - HOUR, deleted_at=None).where(Post.id == post.id).execute()


@pytest.fixture
def statements(monkeypatch):
    """Count the statements that a visit asks the database."""
    counted, original = [], database.Database.execute_sql

    def execute(self, sql, params=None):
        counted.append(sql)
        return original(self, sql, params)
    monkeypatch.setattr(database.Database, 'execute_sql', execute)
    return counted


def answer(browser, path, statements=None):
    """Status, body and number of statements of a page that is not there."""
    statements = [] if statements is None else statements
    statements.clear()
    found = browser.get(path, status=404)
    return found.status_int, found.text, sorted(name for name, _ in found.headerlist), len(statements)


# Status, body and work are those of what never was there

PATHS = [
    '/t/secretplans', '/t/secretplans/feed.xml', '/t/secretplans/feed.json', '/T/SecretPlans', '/p/secretpost',
    '/P/SecretPost', '/secretpost', '/@alice', '/@alice/feed.xml', '/@alice/feed.json', '/@ALICE']


@pytest.mark.parametrize('hide', HIDDEN)
def test_a_hidden_thing_answers_like_an_unknown_one(alice, bob, browse, connection, statements, hide):
    browsers = [browse(), browse(bob)]
    with connection():
        hide(alice, title='Secretpost', tags='Secretplans')
    for browser in browsers:
        browser.get('/nothing', status=404)  # whatever is done once only
        for path in PATHS:
            unknown = path.lower().replace('secret', 'wrongx').replace('alice', 'zlice')
            spelled = unknown if path == path.lower() else unknown.upper()
            assert answer(browser, path, statements) == answer(browser, spelled, statements), path


@pytest.mark.parametrize('path', ['/', '/archive', '/@bob', '/t/hills'])
@pytest.mark.parametrize('hide', HIDDEN)
def test_no_list_goes_on_after_what_is_hidden(alice, bob, browse, connection, path, hide):
    with connection():
        write(bob, 'Public', tags='Hills')
        post = hide(alice, title='Secretpost', tags='Hills')
    assert answer(browse(), f'{path}?before={post.id}')[:2] == answer(browse(), f'{path}?before=999')[:2]
    assert answer(browse(bob), f'/studio?before={post.id}')[:2] == answer(browse(bob), '/studio?before=999')[:2]


@pytest.mark.parametrize('hide', HIDDEN)
def test_no_public_page_names_what_is_hidden(alice, bob, browse, connection, hide):
    with connection():
        write(bob, 'Public', body='All about ravens', tags='Hills')
        post = hide(alice, title='Secretpost', body='All about ravens', tags='Hills, Secretplans',
                    series='Secretseries')
    paths = ['/', '/p/public', '/archive', '/feed.xml', '/feed.json', '/sitemap.xml', '/t/hills', '/t/hills/feed.xml',
             '/t/hills/feed.json', '/@bob', '/search?q=ravens', '/search?q=secretpost', '/search?q=secretplan',
             '/search?q=alise']
    for browser in (browse(), browse(bob)):
        for path in paths:
            shown = browser.get(path).text.replace('secretpost', '', 2 if 'q=secretpost' in path else 0).lower()
            assert 'secretplans' not in shown and 'secretseries' not in shown and '@alice' not in shown, path
            assert 'secretpost' not in shown or 'q=secretpost' in path
        assert '1 post' in browser.get('/search?q=ravens').text
    with connection():
        publish_now(post)
    assert 'Secretpost' in browse().get('/') and 'Secretplans' in browse().get('/p/secretpost')
    assert '2 posts' in browse().get('/search?q=ravens').text


# Tags that are offered

def offered(browser):
    return {option['value'] for option in browser.get('/studio/posts/new').html.select('#tag-names option')}


@pytest.mark.parametrize('hide', HIDDEN)
def test_tags_of_hidden_posts_are_offered_to_their_author_alone(alice, bob, olga, browse, connection, hide):
    browsers = {user.name: browse(user) for user in (alice, bob, olga)}
    with connection():
        write(bob, 'Public', tags='Hills')
        post = hide(alice, title='Secretpost', tags='Secretplans')
    assert offered(browsers['Alice']) == {'Hills', 'Secretplans'}
    assert offered(browsers['Bob']) == {'Hills'} and offered(browsers['Olga']) == {'Hills'}
    with connection():
        publish_now(post)
    assert offered(browsers['Bob']) == {'Hills', 'Secretplans'}
    assert 'Secretpost' in browse().get('/t/secretplans')


@pytest.mark.parametrize('hide', HIDDEN)
def test_who_previews_a_post_may_follow_its_tags(alice, bob, olga, browse, connection, hide):
    with connection():
        hide(alice, title='Secretpost', tags='Secretplans')
    for user, status in ((alice, 200), (olga, 200), (bob, 404), (None, 404)):
        assert 'Secretpost' not in browse(user).get('/t/secretplans', status=status)


@pytest.mark.parametrize('hide', [draft, scheduled])
@pytest.mark.parametrize('typed', ['Secret-plans', 'secret PLANS', 'Secret, plans'])
def test_tags_of_others_drafts_change_no_slug_and_no_spelling(alice, bob, browse, connection, hide, typed):
    def links(post):
        return {link.text: link['href'] for link in browse().get(post.path).html.select('a[rel=tag]')}
    with connection():
        alone = write(bob, 'Alone', tags=typed)
    expected = links(alone)
    with connection():
        trash.move_to_trash(alone, db.now() - timedelta(days=31))
        trash.clean_up(db.now())
        hidden = hide(alice, title='Secretpost', tags='Secret plans, secret')
        shown = write(bob, 'Public', tags=typed)
    assert links(shown) == expected
    for name, path in expected.items():
        assert browse().get(path).html.h1.text == name
    with connection():
        publish_now(hidden)
        assert tags.as_line(hidden) == 'Secret plans, secret'
    assert links(shown) == expected
    assert set(links(hidden)) == {'Secret plans', 'secret'}
    for path in links(hidden).values():
        assert 'Secretpost' in browse().get(path)


def test_a_draft_gives_way_to_a_tag_of_the_same_slug_but_not_of_one_that_readers_know(alice, bob):
    write(alice, published=False, tags='C, D')
    write(bob, published=False, tags='C++')
    write(bob, tags='C#, d')
    assert {tag.name: tag.slug for tag in Tag.select()} == {'C': 'c-3', 'C++': 'c', 'C#': 'c-2', 'd': 'd'}
    write(alice, tags='C?, D')
    assert {tag.name: tag.slug for tag in Tag.select()} == {'C': 'c-3', 'C++': 'c-4', 'C#': 'c-2', 'd': 'd', 'C?': 'c'}


# Did you mean

@pytest.mark.parametrize('hide', HIDDEN)
def test_search_suggests_words_of_public_posts_only_at_that_very_second(alice, hide):
    post = hide(alice, title='Secretpost', body='About the quokkabird and nothing else')
    typed = search.Query.of('quokkabrid')
    assert search.suggest_query(typed, db.now()) is None
    publish_now(post)
    assert search.suggest_query(typed, db.now()).typed == 'quokkabird'
    publishing.unpublish(Post.get(), db.now())
    assert search.suggest_query(typed, db.now()) is None


def test_a_scheduled_post_becomes_part_when_it_is_due(alice):
    scheduled(alice, title='Secretpost', body='About the quokkabird')
    due = Post.get().published_at
    typed = search.Query.of('quokkabrid')
    assert search.suggest_query(typed, due - timedelta(microseconds=1)) is None
    assert search.suggest_query(typed, due).typed == 'quokkabird'


@pytest.mark.parametrize('decoys', [1, 60])
def test_hidden_words_change_no_suggestion(alice, decoys):
    write(alice, 'Public', body='The hedgehog came by')
    write(alice, 'Public too', body='The hedgecog came by, the hedgecog went')
    write(alice, 'Public three', body='hedgehog')
    typed = search.Query.of('hedgexog')
    assert search.suggest_query(typed, db.now()).typed == 'hedgehog'
    letters = 'abdefgijklmnpqrstuvwyz'
    words = [f'hedge{one}{other}g' for one in letters for other in 'oaeiu'][:decoys]
    for number in range(3):
        scheduled(alice, title=f'Later {number}', body=' '.join([*words, 'hedgecog', 'hedgeyog']))
    assert search.suggest_query(typed, db.now()).typed == 'hedgehog'


# Slugs

@pytest.mark.parametrize('hide', [draft, scheduled])
@pytest.mark.parametrize('typed', ['', 'secretpost', 'Secret-Post'])
def test_a_slug_does_not_tell_that_somebody_else_has_a_hidden_post(alice, bob, browse, connection, hide, typed):
    with connection():
        hidden = hide(alice, title='Secretpost', slug=text.slug(typed, ''))
    browse(bob).post('/studio/posts/new', {'title': 'Secretpost', 'body': 'x', 'slug': typed, 'action': 'publish'},
                     status=303)
    slug = text.slug(typed, 'secretpost') if typed else 'secretpost'
    assert 'Bob' in browse().get(f'/p/{slug}')
    with connection():
        assert Post.get_by_id(hidden.id).slug == f'{slug}-2'
        publish_now(hidden)
    assert 'Alice' in browse().get(f'/p/{slug}-2')


@pytest.mark.parametrize('publish', [write, trashed, unpublished])
def test_a_slug_that_was_ever_public_is_taken(alice, bob, browse, connection, publish):
    with connection():
        publish(alice, title='Known')
    page = browse(bob).post('/studio/posts/new', {'title': 'Mine', 'body': 'x', 'slug': 'known', 'action': 'save'},
                            status=400)
    assert 'This web address is already in use. Try known-2.' in page


# Handles

def test_a_member_without_public_posts_is_found_by_themselves_and_the_owner(olga, alice, bob, browse, connection):
    for user, status in ((None, 404), (bob, 404), (alice, 200), (olga, 200)):
        browse(user).get('/@alice', status=status)
    with connection():
        write(alice, 'Public')
    browse().get('/@alice', status=200)
    with connection():
        publishing.unpublish(Post.get(), db.now())
    browse().get('/@alice', status=404)


# Files

@pytest.mark.parametrize('mention', [
    draft, scheduled, trashed, unpublished, write, lambda user, **fields: write(user, **fields).delete_instance()])
@pytest.mark.parametrize('name', ['paper.pdf', 'other name.pdf'])
def test_whoever_mentions_a_file_does_not_keep_its_owner_from_deleting_it(alice, bob, browse, connection, mention,
                                                                          name):
    with connection():
        upload = keep(alice, 'paper.pdf')
        mention(bob, title='Secretpost', body=f'[x](/media/{upload.file_id}/{text.slug(name[:-4], "x")}.pdf)')
    browser = browse(alice)
    page = browser.get('/studio/media')
    assert ('post by another author' in page) == (mention is write) and 'Secretpost' not in page
    browser.post(f'/studio/media/{upload.id}', {'action': 'delete'}, status=303)
    browse().get(upload.path, status=404)
    assert not (files.folder() / upload.file_id).exists()


@pytest.mark.parametrize('use', HIDDEN + [write])
def test_a_file_in_a_post_of_ones_own_is_not_deleted_by_accident(alice, bob, browse, connection, use):
    with connection():
        upload, other = keep(alice), keep(bob)  # whether somebody else has it changes nothing, and so tells nothing
        use(alice, title='Mine', body=upload.markdown)
    page = browse(alice).post(f'/studio/media/{upload.id}', {'action': 'delete'}, status=400)
    assert '“paper.pdf” cannot be deleted' in page
    browse(bob).post(f'/studio/media/{other.id}', {'action': 'delete'}, status=303)
    browse().get(upload.path, status=200)


@pytest.mark.parametrize(('mention', 'stays'), [(draft, False), (scheduled, False), (write, True)])
def test_a_hidden_mention_keeps_no_unused_file_by_night(alice, bob, mention, stays):
    upload = keep(alice)
    mention(bob, title='Secretpost', body=upload.markdown)
    Upload.update(touched_at=db.now() - 2 * cleaning.KEPT_UNUSED).execute()
    cleaning.clean_up(db.now())
    assert Upload.select().exists() == stays


def test_an_owner_may_use_own_files_in_posts_of_others(olga, alice):
    upload = keep(olga)
    draft(alice, title='Edited by the owner', body=upload.markdown)
    Upload.update(touched_at=db.now() - 2 * cleaning.KEPT_UNUSED).execute()
    cleaning.clean_up(db.now())
    assert Upload.select().exists()


def test_an_old_site_keeps_the_files_that_only_texts_mention(site, alice):
    """Until migration 20 a mention in a text was enough."""
    upload = keep(alice)
    post = write(alice, 'With a file', body=upload.markdown)
    assert PostFile.select().where(PostFile.post == post).exists()
    Upload.delete().execute()
    for statement in import_module('quickpub.migrations.0020_traces').FILES:
        db.db.execute_sql(statement)
    cleaning.clean_up(db.now())
    assert Upload.get().user == alice and files.find(upload.file_id, upload.name)


def test_sitemap_parts_and_totals_do_not_count_what_is_hidden(alice, bob, browse, connection, monkeypatch):
    monkeypatch.setattr(published, 'PER_SITEMAP', 4)
    with connection():
        write(bob, 'Public')
        for number in range(12):
            (draft, scheduled, trashed)[number % 3](alice, title=f'Secretpost {number}')
    before = browse().get('/sitemap.xml').text
    assert 'sitemap-1' not in before and 'secret' not in before
    browse().get('/sitemap-2.xml', status=404)
