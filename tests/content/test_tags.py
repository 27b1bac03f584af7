"""Tags: one when they differ in case and spaces alone; each post shows them as its author typed them."""

import json
import re

import feedparser
import pytest
from conftest import utc, write
from sites import browser_of, form_with

from quickpub import db, migrating, text
from quickpub.content import posts, publishing, tags, trash
from quickpub.content.post_input import PostInput, as_form
from quickpub.models import Post, PostTag, Tag

DIFFERENT = [
    ('C', 'C++'), ('C++', 'C#'), ('C#', 'C'), ('.NET', 'NET'), ('R&D', 'RD'), ('R&D', 'R D'), ('Café', 'Cafe'),
    ('🎉', '🎊'), ('👩\u200d💻', '👩'), ('❤', '❤❤'), ('ёлка', 'елка'), ('日本', '日本語'), ('x²', 'x2'),
    ('A+', 'A−'), ('50 %', '50'), ('नमस्ते', 'नमस्ता'), ('حُب', 'حب'), ('#\ufe0f\u20e3', '*\ufe0f\u20e3'),
    ("l'eau", 'leau'), ('Łódź', 'Lodz'), ('@home', 'home'), ('+', '-'), ('#', '##'), ('?', '!'),
    ('slow food', 'slowfood'), ('c-2', 'C 2'), ('Ω', 'O'), ('½', '1/2'), ('ı', 'i'), ('Ｃ', 'C'), ('<b>', 'b'),
    ('a/b', 'a b'), ('%2F', '2F'), ('..', '.'), ('feed.xml', 'feed xml'), ('ไทย', 'ไท')]
SAME = [
    ('Hills', 'HILLS'), ('slow food', 'Slow \u00a0\u3000 FOOD'), ('Café', 'CAFE\u0301'), ('C++', 'c++'),
    ('ΣΊΣΥΦΟΣ', 'σίσυφος'), ('Straße', 'STRASSE'), ('Європа', 'європа'), ('ǅ', 'ǆ'), ('ⅷ', 'Ⅷ'),
    ('Ქართული', 'ქართული'), ('İzmir', 'i\u0307zmir'), ('Ǝ', 'ǝ'), ('#Spring', 'spring'), ('𐐀', '𐐨')]


def shown(page):
    """Tag -> its path, on the page of a post."""
    return {link.text: link['href'] for link in page.html.select('a[rel=tag]')}


@pytest.mark.parametrize(('one', 'other'), DIFFERENT)
def test_tags_that_differ_in_more_than_case_and_spaces_are_different(alice, bob, browse, connection, one, other):
    with connection():
        write(alice, 'First', tags=one)
        write(bob, 'Second', tags=other)
        write(bob, 'Both', tags=f'{one}, {other}')
    first, second, both = (shown(browse().get(f'/p/{slug}')) for slug in ('first', 'second', 'both'))
    assert list(first) == [one] and list(second) == [other] and both == first | second
    paths = first[one], second[other]
    for path, title, (name, hidden) in zip(paths, ('First', 'Second'), ((one, other), (other, one)), strict=True):
        assert re.fullmatch('/t/[a-z0-9-]+', path)
        page = browse().get(path)
        assert page.html.h1.text == name
        assert {each.text.strip() for each in page.html.select('article h2')} == {title, 'Both'}
        feed = browse().get(f'{path}/feed.json').json
        assert [item['tags'] for item in feed['items']] == [[one, other], [name]] and feed['title'].startswith(name)
        entries = feedparser.parse(browse().get(f'{path}/feed.xml').body).entries
        assert [tag.label for tag in entries[1].tags] == [name] and hidden not in entries[1].get('tags')
    assert len(set(paths)) == 2


@pytest.mark.parametrize(('one', 'other'), SAME)
def test_tags_that_differ_in_case_and_spaces_are_one_and_shown_as_typed(alice, bob, browse, connection, one, other):
    clean = {each: text.line(each.lstrip('#'), 99) for each in (one, other)}
    with connection():
        write(alice, 'First', tags=one)
        write(bob, 'Second', tags=f'{other}, {one}')
        assert Tag.select().count() == 1 and PostTag.select().count() == 2
    [(first, path)], [(second, same)] = (shown(browse().get(f'/p/{slug}')).items() for slug in ('first', 'second'))
    assert (first, second) == (clean[one], clean[other]) and path == same
    page = browse().get(path)
    assert page.html.h1.text == clean[one] and 'First' in page and 'Second' in page
    assert browse().get('/p/second').html.find('meta', property='article:tag')['content'] == clean[other]
    assert [item['tags'] for item in browse().get(f'{path}/feed.json').json['items']] == [[clean[other]], [clean[one]]]
    form = form_with(browse(bob).get('/studio/posts/2'), 'tags')
    assert form['tags'].value == clean[other]
    version = form['version'].value
    assert form_with(form.submit('action', value='save', status=303).follow(), 'tags')['version'].value == version


def test_an_author_changes_the_spelling_and_readers_see_it_at_once(alice, bob, browse, connection):
    with connection():
        write(bob, 'Before', tags='hills, C')
        write(alice, 'On hills', tags='hills, C')
    browser = browse(alice)
    assert list(shown(browse().get('/p/on-hills'))) == ['hills', 'C']
    form = form_with(browser.get('/studio/posts/2'), 'tags')
    form['tags'] = 'c++, HILLS'
    form.submit('action', value='save', status=303)
    assert list(shown(browse().get('/p/on-hills'))) == ['c++', 'HILLS']
    assert list(shown(browse().get('/p/before'))) == ['hills', 'C']
    with connection():
        PostTag.update(spelling='Hills').where(PostTag.spelling == 'HILLS').execute()  # whoever does it
    assert list(shown(browse().get('/p/on-hills'))) == ['c++', 'Hills']
    history = browser.get('/studio/posts/2/history')
    form_with(history, 'version').submit(status=303)
    assert list(shown(browse().get('/p/on-hills'))) == ['hills', 'C']


@pytest.mark.parametrize(('typed', 'expected'), [
    ('C, c, C++, c++, C#, #C', 'C, C++, C#'), ('🎉,🎉 , 🎊', '🎉, 🎊'), ('.NET,NET,.net', '.NET, NET'),
    ('#,##,# ,#C#', '#, ##, C#'), ('\u200b, \u202e, \x00', ''), ('#\ufe0f\u20e3, # \ufe0f\u20e3', '#\ufe0f\u20e3'),
    ('slow  food, Slow food,slowfood', 'slow food, slowfood'), ('e\u0301, É, é', 'é'), ('ß, ss, SS, ẞ', 'ß')])
def test_a_line_of_tags(alice, site, typed, expected):
    post = write(alice, tags=typed)
    assert tags.as_line(post) == expected
    again = posts.save(post, alice, PostInput.from_form(as_form(post)), db.now())
    assert again.version == post.version and tags.as_line(again) == expected


@pytest.mark.parametrize(('tag', 'expected'), [
    ('c', 'C'), ('C++', 'C, C++'), ('C#', 'C, C#'), ('c, 🎉', 'C, 🎉'), ('.c', 'C, .c'), ('Ć', 'C, Ć'), (' C ', 'C')])
def test_a_tag_added_to_several_posts_is_new_where_it_is_another_one(alice, browse, connection, tag, expected):
    with connection():
        write(alice, 'First', tags='C')
        write(alice, 'Second')
    browse(alice).post('/studio', [('post', '1'), ('post', '2'), ('tag', tag), ('action', 'tag')], status=303)
    with connection():
        assert tags.as_line(Post.get_by_id(1)) == expected
        assert tags.as_line(Post.get_by_id(2)) == tag.strip()


def test_slugs_of_tags_are_numbered_stay_and_are_never_empty(site, alice):
    write(alice, 'First', tags='C, C++, C#, C 2, 🎉, 🎊, tag')
    assert [tag.slug for tag in Tag.select().order_by(Tag.id)] == ['c', 'c-2', 'c-3', 'c-2-2', 'tag', 'tag-2', 'tag-3']
    posts.save(Post.get(), alice, PostInput.from_form(as_form(Post.get()) | {'tags': 'C#, 🎊'}), db.now())
    trash.clean_up(db.now())
    write(alice, 'Second', tags='c++, c#')
    assert {tag.name: tag.slug for tag in Tag.select()} == {'C#': 'c-3', '🎊': 'tag-2', 'c++': 'c'}


def test_the_editor_offers_every_tag_as_it_is(studio, bob, connection):
    with connection():
        write(bob, tags='C, C++, C#, 🎉, Café, Cafe')
    offered = [option['value'] for option in studio.get('/studio/posts/new').html.select('#tag-names option')]
    assert offered == ['Cafe', 'Café', '🎉', 'C#', 'C++', 'C']


# The ids of feeds and entries

FEEDS = ['/feed', '/@alice/feed', '/t/hills/feed']


def ids(browser, path):
    """The id of a feed, and of its entries in both kinds."""
    feed = feedparser.parse(browser.get(f'{path}.xml').body)
    found = [entry.id for entry in feed.entries]
    assert [item['id'] for item in json.loads(browser.get(f'{path}.json').text)['items']] == found
    return feed.feed.id, found


MOVES = {
    'https': dict(url='https://voice.example'), 'another host': dict(url='http://other.example'),
    'below a path': dict(url='https://voice.example/blog'), 'another port': dict(port=9000, url='http://localhost:9000'),
    'punycode': dict(url='https://xn--stimme-cua.example'), 'another zone': dict(timezone='Pacific/Auckland')}


@pytest.mark.parametrize('move', MOVES)
@pytest.mark.parametrize('path', FEEDS)
def test_ids_in_feeds_stay_when_the_site_moves(site, alice, browse, connection, move, path):
    with connection():
        for number in range(3):
            write(alice, f'Post {number}', at=utc(2026, 1, 1 + number), tags='Hills')
    before = ids(browse(), path)
    assert len({before[0], *before[1]}) == 4
    assert all(re.fullmatch('urn:uuid:[0-9a-f-]{36}', each) for each in (before[0], *before[1]))
    assert ids(browser_of(site, **MOVES[move]), path) == before


def test_ids_in_feeds_stay_whatever_is_renamed_deleted_and_restored(alice, bob, browse, connection):
    with connection():
        write(alice, 'On hills', tags='Hills')
        write(alice, 'On dales', tags='hills')
    before = {path: ids(browse(), path) for path in FEEDS}
    with connection():
        trash.move_to_trash(Post.get_by_id(1), db.now())
        trash.restore(Post.get_by_id(1))
        publishing.unpublish(Post.get_by_id(1), db.now())
        publishing.publish(Post.get_by_id(1), db.now())
    browser = browse(alice)
    form = form_with(browser.get('/studio/posts/2'), 'title')
    form['title'], form['slug'], form['tags'] = 'On rivers', 'rivers', 'HILLS, C++'
    form.submit('action', value='save', status=303)
    form = form_with(browser.get('/settings'), 'handle')
    form['name'], form['handle'] = 'Another', 'another'
    form.submit('action', value='profile', status=303)
    after = {path: ids(browse(), path.replace('alice', 'another')) for path in FEEDS}
    assert {path: (feed, set(entries)) for path, (feed, entries) in after.items()} == {
        path: (feed, set(entries)) for path, (feed, entries) in before.items()}
    with connection():
        copy = posts.duplicate(Post.get_by_id(1), bob, 'A copy', db.now())
        assert copy.feed_id not in {post.feed_id for post in Post.select().where(Post.id != copy.id)}


def test_the_feed_of_a_site_without_a_name_has_an_id_too(config):
    migrating.migrate(config)
    browser = browser_of(config)
    found = {feedparser.parse(browser.get('/feed.xml').body).feed.id for _ in range(3)}
    assert len(found) == 1 and found.pop().startswith('urn:uuid:')
