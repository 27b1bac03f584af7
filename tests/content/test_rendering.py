"""Excerpts, posts without a title, and posts that are rendered again after an upgrade."""

import hashlib
import re
from urllib.parse import quote

import feedparser
import pytest
from bs4 import BeautifulSoup
from checks import FEED, assert_is, assert_sound
from conftest import drain, outbox, text_of, utc, write
from playhouse.migrations import Runner

from quickpub import data_folder, db, migrating, opening, tasks
from quickpub.content import posts, rerendering, trash
from quickpub.content.post_input import PostInput, as_form
from quickpub.markup import excerpts, markdown
from quickpub.models import Post, Revision

NOTE = 'Today a hedgehog crossed the road before our house, slowly, and looked at nobody at all.'


# Excerpts

@pytest.mark.parametrize('source, expected', [
    ('Read <https://example.org/a/b?c=1> today.', 'Read example.org today.'),
    ('At https://www.example.org/a. More.', 'At example.org. More.'),
    ('「https://example.org/a」です', '「example.org」です'), ('https://user:pw@example.org:80/x', 'example.org'),
    ('[words](https://example.org/a) and ftp://example.org/x', 'words and example.org'),
    ('- [ ] sow\n- [x] dig\n- rest', 'sow · dig · rest'), ('- eggs\n- milk\n\nThen bake.', 'eggs · milk · Then bake.'),
    ('1. Sow.\n2. Dig!\n\n> “Rest.”\n\nSo:\n\n- x', 'Sow. Dig! “Rest.” So: x'), ('- a\n  - b\n- c', 'a · b · c'),
    ('Roses are red\\\nviolets blue', 'Roses are red violets blue'), ('春\n\n夏。\n\n秋', '春 · 夏。 秋'),
    ('Turned \u202earound &#x2066;by marks', 'Turned around by marks'),
    ('A note[^1] and more[^long one].', 'A note[^1] and more[^long one].'),
    ('A note[^1] and one[^b].\n\n[^1]: N\n[^b]: M', 'A note and one.'),
    ('Of $\\pi r^2$ and $a > b$.', 'Of … and a > b.'),
    ('A\n\n$$\nx^2\n$$\n\nB', 'A · B'), ('So $\\frac$ is wrong', 'So … is wrong'),
    ('| a | b |\n| 1 | 2 |\n\nText.', 'Text.'),
    ('| a |\n|-|\n| 1 |\n\nText.', 'Text.'), ('![A hill](/hill.jpg) Up.', 'Up.'),
    ('![my cat](my cat.jpg) Miau', 'Miau'),
    ('[dead](foo:bar) link', 'dead link'), ('# Heading\n\nText', 'Text'), ('a | b', 'a | b'), ('One\x0btwo', 'One two'),
    ('```\ncode\n```\n\nText', 'Text'), ('`https` is a scheme', 'https is a scheme'), ('5 < 6 & 7', '5 < 6 & 7')])
def test_an_excerpt_is_words(source, expected):
    assert excerpts.excerpt(markdown.to_html(source)) == expected


@pytest.mark.parametrize('source, expected', [
    ('## Once\n\nupon a *time*', 'Once · upon a time'), ('- [ ] sow', 'sow'), ('https://example.org/a', 'example.org'),
    ('```\nx = 1\n```', 'x = 1'), ('![A hill & more](/hill.jpg)', 'A hill & more'), ('', ''), ('* * *', ''),
    (NOTE, NOTE[:80].rpartition(' ')[0] + '…'),
    ('|a|\n|-|\n|b|', 'a · b')])
def test_what_a_post_without_a_title_is_called(source, expected):
    assert excerpts.beginning(markdown.to_html(source), 80) == expected


# Posts without a title

def times(words: str, html: str) -> int:
    """How often a reader sees these words on a page."""
    soup = BeautifulSoup(html, 'html.parser')
    for each in soup.select('head, .source'):
        each.decompose()
    return ' '.join(soup.get_text().split()).count(words)


@pytest.mark.parametrize('body, seen', [
    (NOTE, 'Today a hedgehog crossed the road'), ('Short.', 'Short.'), ('## Once\n\nupon a *time*', 'Once'),
    ('- [ ] sow\n- [x] dig', 'sow'), ('שלום hedgehog', 'שלום'), ('刺猬过马路。', '刺猬过马路'),
    (NOTE * 9, 'Today a hedgehog crossed the road'),
    ('*Stress* begins it', 'begins it')])
def test_a_post_without_a_title_says_its_text_once(alice, browse, connection, body, seen):
    with connection():
        post = write(alice, '', body=body, tags='Hills')
        count = body.count(seen)
    page = browse().get(post.path)
    assert_sound(page, post.path)
    assert times(seen, page.text) == count and page.html.find('title').text.startswith(post.title)
    assert 'Alice' in page.html.find('h1').text
    assert page.html.find('meta', property='og:title')['content'] == 'Alice'
    assert seen in page.html.find('meta', property='og:description')['content']
    word = re.search(r'\w+', seen)[0]
    for path in ('/', '/@alice', '/t/hills', f'/search?q={quote(word)}'):
        listed = browse().get(path)
        assert_sound(listed, path)
        assert listed.html.select_one(f'article a[href="{post.path}"]'), path
        assert 1 <= times(seen, str(listed.html.select_one('article'))) <= count, path
    assert times(seen, str(browse().get('/archive').html.select_one('.year'))) >= 1


@pytest.mark.parametrize('body, summary',
    [(NOTE, ''), ('Short.', ''), ('## Once\n\nupon', ''), ('![A hill](/hill.jpg)', ''), (NOTE, 'In short.'),
                                           ('שלום', '')])
def test_feeds_make_no_title_up(alice, browse, connection, body, summary):
    with connection():
        write(alice, 'With a title', tags='Hills', at=utc(2026, 1, 1))
        write(alice, '', body=body, summary=summary, tags='Hills')
    for place in ('', '/@alice', '/t/hills'):
        feed = browse().get(f'{place}/feed.json').json
        item, titled = feed['items']
        assert 'title' not in item and item.get('summary', '') == summary and item['content_html']
        assert titled['title'] == 'With a title' and titled['summary'] == 'Some text.'
        assert_is(feed, FEED)
        parsed = feedparser.parse(browse().get(f'{place}/feed.xml').body)
        assert not parsed.bozo and [entry.title for entry in parsed.entries] == ['', 'With a title']
        assert b'<title></title>' in browse().get(f'{place}/feed.xml').body
        assert parsed.entries[0].get('summary', '') == summary or not summary


def test_a_report_calls_it_by_its_first_words(site, alice):
    write(alice, '', body=NOTE)
    tasks.send_view_count_report(alice.id)
    drain()
    assert text_of(outbox(site)[-1]).count('Today a hedgehog') == 1


def test_the_editor_keeps_the_title_empty(alice, browse, connection):
    with connection():
        post = write(alice, '', body=NOTE)
    studio = browse(alice)
    form = studio.get(f'/studio/posts/{post.id}').forms['editor']
    assert form['title'].value == ''
    form['body'] = 'Another beginning.'
    form.submit('action', value='save')
    with connection():
        saved = Post.get()
        assert (saved.title, saved.is_titled, saved.slug) == ('Another beginning.', False, post.slug)
        assert Revision.get().title == ''
        copy = posts.duplicate(saved, alice, '', db.now())
        assert not copy.is_titled
    form = studio.get(f'/studio/posts/{post.id}').forms['editor']
    form['title'] = 'Now it has one'
    form.submit('action', value='save')
    assert '<h1 dir="auto">Now it has one</h1>' in browse().get(post.path)


# The editor's help

@pytest.mark.parametrize('what, selectors', {
    'A new paragraph': 'p + p', 'A line break': 'br', 'Bold, italic, strikethrough': 'strong, em, s',
    'A heading': 'h2, h3',
    'A link': 'a[href="https://example.org"]', 'A link to a post here': 'a[href="/p/a-post"]',
    'A phone number': 'a[href^="tel:"]',
    'A list': 'ul li', 'A task list': '.check', 'A quote': 'blockquote', 'An image': 'figure img, figcaption',
    'A footnote': '.footnote-ref, .footnotes',
    'A table': 'table td.right', 'Code': 'p code, pre code.language-python span', 'A formula': 'p math, .formula math',
    'A term and its meaning': 'dt, dd', 'A horizontal line': 'hr', 'An escaped character': 'p'}.items())
def test_every_example_of_the_editors_help_does_what_it_says(studio, what, selectors):
    help_ = studio.get('/studio/posts/new').html.select_one('.formatting')
    examples = {each.dt.text: each.code.text for each in help_.select('dl > div')}
    assert len(examples) == 18 and 'backslash or two spaces' in help_.text
    shown = BeautifulSoup(markdown.to_html(examples[what]), 'html.parser')
    for selector in selectors.split(', '):
        assert shown.select(selector), selector
    if what == 'An escaped character':
        assert shown.text == '*not italic*'


# Footnotes of several posts

@pytest.mark.parametrize('path', ['/feed.json', '/@alice/feed.json', '/t/hills/feed.json'])
def test_footnotes_of_several_entries_lead_to_their_own_pages(alice, browse, connection, path):
    body = '# Part\n\nA[^1] b[^x] again[^1] [up](#h-part) <a id="x">c</a>\n\n[^1]: N.\n[^x]: M.'
    with connection():
        for number in range(3):
            write(alice, f'Post {number}', body=body, tags='Hills')
    for item in browse().get(path).json['items']:
        content, page = BeautifulSoup(item['content_html'],
            'html.parser'), browse().get(item['url'].removeprefix('http://localhost:8000'))
        assert not content.select('[id]')
        for link in content.select('a[href]'):
            address, _, part = link['href'].partition('#')
            assert address == item['url'] and page.html.find(id=part), link
        assert len(content.select('a[href]')) == 7


# Rendered again

def test_posts_of_an_older_site_are_rendered_again_in_the_background(config):
    """With rows of a site of schema 0008, whose triggers go on working."""
    data_folder.create(config.paths)
    db.bind(config, 1)
    old = {1: ('Typed', '**注意：**正文', '<p>**注意：**正文</p>'),
           2: ('Called so by the program', 'Called so by the program', '<p>Called so by the program</p>'),
           3: ('Untitled', '', ''), 4: ('Same', '*b*', '<p><em>b</em></p>')}
    with db.db.connection_context():
        Runner(db.db, str(migrating.MIGRATIONS)).up('0008_numbers')
        db.db.execute_sql('INSERT INTO user (id, name, handle, role, bio, timezone, report, reported_until, '
                          "created_at) VALUES (1, 'Alice', 'alice', 'author', '', 'UTC', 'daily', '2026', '2026')")
        for number, (title, body, html) in old.items():
            db.db.execute_sql(
                'INSERT INTO post (id, author_id, title, slug, body, html, summary, excerpt, words, created_at, '
                "updated_at, published_at, views) VALUES (?, 1, ?, ?, ?, ?, '', 'old', 1, '2026', "
                "'2026-01-02 03:04:05', '2026-01-01 00:00:00', 3)",
                (number, title, str(number), body, html))
    migrating.migrate(config)
    opening.open_site(config)
    with db.db.connection_context():
        assert [(post.title, post.body, post.html) for post in Post.select().order_by(Post.id)] == list(old.values())
        assert rerendering.is_any_outdated()
        tasks.wake_rendering.call_local()
        drain()
        assert not rerendering.is_any_outdated()
        found = {post.id: post for post in Post.select()}
        assert {number: post.html for number, post in found.items()} == {
            1: '<p><strong>注意：</strong>正文</p>', 2: '<p>Called so by the program</p>', 3: '',
            4: '<p><em>b</em></p>'}
        assert [found[number].is_titled for number in old] == [True, False, False, True]
        assert [found[number].excerpt for number in old] == ['注意：正文', 'Called so by the program', '', 'b']
        assert {(str(post.updated_at), post.views,
            post.version) for post in found.values()} == {('2026-01-02 03:04:05', 3, 1)}
        assert db.db.execute_sql("SELECT count(*) FROM search WHERE search MATCH 'program'").fetchone() == (1,)
        assert db.db.execute_sql('PRAGMA integrity_check').fetchall() == [('ok',)]
        assert not db.db.execute_sql('PRAGMA foreign_key_check').fetchall()
        columns = [column.name for column in db.db.get_columns('post')]
        assert columns[-2:] == ['body', 'html'], 'no list reads past the texts'
    db.db.close()


@pytest.mark.parametrize('count', [1, trash.BATCH, 2 * trash.BATCH + 1])
def test_one_post_that_cannot_be_rendered_stops_no_other(site, alice, monkeypatch, caplog, count):
    for number in range(count):
        write(alice, f'Post {number}', body=f'(c) {number}')
    Post.update(html='old', rendered_by=0).execute()
    render = markdown.to_html

    def fail(source, *args):
        if source == '(c) 0':
            raise RecursionError
        return render(source, *args)
    monkeypatch.setattr(markdown, 'to_html', fail)
    rerendering.render_outdated()
    assert [post.html for post in Post.select().order_by(Post.id)] == ['old'] + [f'<p>(c) {n}</p>' for n in range(1,
        count)]
    assert 'cannot be rendered' in caplog.text and not rerendering.is_any_outdated()


def test_what_was_rendered_by_this_version_is_left_alone(site, alice):
    post = write(alice)
    rerendering.render_outdated()
    assert Post.get_by_id(post.id) == post and Post.get().updated_at == post.updated_at and Post.get().version == 1


def test_what_was_rendered_meanwhile_is_not_overwritten(site, alice, monkeypatch):
    """As when two images of a post are ready at the same moment."""
    post = write(alice, 'Hills', body='Some text.')
    render = rerendering.render_columns

    def render_slowly(*args):
        Post.update(html='<p>With both images.</p>').execute()
        return render(*args)
    monkeypatch.setattr(rerendering, 'render_columns', render_slowly)
    Post.update(html='old').execute()
    rerendering.render_again(Post.get_by_id(post.id))
    assert Post.get().html == '<p>With both images.</p>'


def test_a_save_of_the_same_text_is_no_new_version_after_an_upgrade(site, alice):
    post = write(alice)
    Post.update(rendered_by=0, html='old').execute()
    posts.save(post, alice, PostInput.from_form(as_form(post)), db.now())
    assert Post.get().version == 1


# What VERSION makes of a text. Where this fails because the program renders otherwise than before, raise
# markdown.VERSION, and note the new digest here: posts that are stored are rendered again then.
SAMPLE = '''# Héllo & *you*

A "quote" -- 'tis... (c) **注意：**正文 https://example.org/a_b 「x」 [tel](tel:1)[^1] $x^2$ ~~s~~ `c`\x0bnext

- [x] done
  1. one

| a | b |
|--:|:-:|
| 1 | 2 |

> quote

Term
: What

![alt](/a.jpg "Caption") <kbd>K</kbd> [dead](foo:bar)

[^1]: Note.'''
RENDERED = {3: '4990dfed781ff971'}


def test_the_version_is_raised_with_every_change_of_what_is_rendered():
    html = markdown.to_html(SAMPLE)
    made = '\0'.join((html, excerpts.excerpt(html), excerpts.beginning(html, 80), str(excerpts.count_words(html))))
    assert hashlib.sha256(made.encode()).hexdigest()[:16] == RENDERED.get(markdown.VERSION)
