"""A post's page: its contents, the address of each part, what is related, the author, how to pass it on."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from checks import assert_sound
from conftest import utc, write
from playhouse.test_utils import count_queries
from sites import browser_of, ended_if_it_hangs

from quickpub import db
from quickpub.content import related, tags, trash
from quickpub.markup import excerpts, markdown
from quickpub.models import Post, Tag

NOW = utc(2026, 11, 22, 12)
LONG = '\n\n'.join(f'## Part {n} & more\n\n' + 'Some words about it. ' * 50 + '\n\n### Detail *of* it[^1]\n\nMore.'
                   for n in range(3)) + '\n\n[^1]: A note.'


def test_a_long_post_has_contents_that_lead_to_its_parts(alice, browse, connection):
    with connection():
        write(alice, 'Long', body=LONG)
        write(alice, 'Short', body='## One\n\na\n\n## Two\n\nb\n\n## Three\n\nc\n\n## Four\n\nd')
        write(alice, 'Long and plain', body='Some words about it. ' * 300)
    page = browse().get('/p/long')
    assert_sound(page, 'long')
    links = page.html.select('.contents a')
    assert [link.text for link in links] == [each for n in range(3) for each in (f'Part {n} & more', 'Detail of it')]
    assert all(page.html.find(id=link['href'][1:]).name in ('h2', 'h3') for link in links)
    for path in ('/p/short', '/p/long-and-plain'):
        assert not browse().get(path).html.select('.contents')


@pytest.mark.parametrize('body, links', [
    ('# Héllo & *you* `x`', [('#h-hello-you-x', 'Link to “Héllo & you x”')]),
    ('## a\n\n## a', [('#h-a', 'Link to “a”'), ('#h-a--2', 'Link to “a”')]),
    ('<h3 title="a > b" id="x" lang="de">So</h3>', [('#h-x', 'Link to “So”')]),
    ('# "><script>', [('#h-part', 'Link to “">”')]), ('<h2>No id</h2>', []), ('```\n<h2 id="h-a">b</h2>\n```', [])])
def test_each_heading_has_its_address_beside_it(body, links):
    html = markdown.to_html(body)
    found = BeautifulSoup(excerpts.outlined(html).html, 'html.parser').select('.anchor')
    assert [(link['href'], link['aria-label']) for link in found] == links
    assert 'anchor' not in html and excerpts.plain(excerpts.outlined(html).html) == excerpts.plain(html)


def test_an_outline_of_a_hostile_text_is_fast():
    for source in ('# a\n' * 50_000, '<h2 id="h-' * 50_000, '<h2 id="x">' * 5000, '<h2 id="x"><h3 id="y">' * 2500):
        with ended_if_it_hangs():
            excerpts.outlined(markdown.to_html(source))


def test_related_posts_share_the_most_tags_and_are_public(alice, bob, browse, connection):
    with connection():
        post = write(alice, 'This one', NOW, tags='Hills, Bread, Tea')
        for number, line in enumerate(['Hills', 'Bread, Tea', 'Hills, Tea, Bread', 'Lamps', 'Tea', '']):
            write(bob, f'Other {number}', NOW + timedelta(hours=number), tags=line)
        write(bob, 'Draft', published=False, tags='Hills, Bread, Tea')
        trash.move_to_trash(write(bob, 'Trashed', tags='Hills, Bread, Tea'), NOW)
        later = write(bob, 'Later', tags='Hills, Bread, Tea')
        Post.update(published_at=db.now() + timedelta(days=1)).where(Post.id == later.id).execute()
        with count_queries() as counter:
            found = related.related(post, tags.of_post(post), db.now())
        assert [each.title for each in found] == ['Other 2', 'Other 1', 'Other 4'] and counter.count == 2
        assert related.related(post, [], db.now()) == []
        found = related.related(post, tags.of_post(post), db.now(), but=[None, found[0]])
        assert [each.title for each in found] == ['Other 1', 'Other 4', 'Other 0']
    page = browse().get(post.path)
    assert_sound(page, 'related')
    shown = [link.text for link in page.html.select('.related h2 a')]
    assert shown == ['Other 2', 'Other 1', 'Other 4']
    assert not browse().get('/p/other-5').html.select('.related')


def test_related_posts_come_from_an_index(site, alice):
    post = write(alice, 'One', tags=', '.join(f'Tag {number}' for number in range(12)))
    write(alice, 'Two', tags='Tag 1')
    tags = list(Tag.select())
    assert [each.title for each in related.related(post, tags, db.now())] == ['Two']
    sql, values = related._newest_under(tags[0], NOW).sql()
    plan = ' '.join(row[3] for row in db.db.execute_sql(f'EXPLAIN QUERY PLAN {sql}', values))
    assert 'COVERING INDEX post_tag_dated (tag_id=? AND published_at<?)' in plan and 'TEMP B-TREE' not in plan


def test_who_wrote_it_and_how_much_there_is_by_them(alice, browse, connection):
    with connection():
        for number in range(3):
            write(alice, f'Post {number}')
        later = write(alice, 'Later')
        Post.update(published_at=db.now() + timedelta(days=1)).where(Post.id == later.id).execute()
        trash.move_to_trash(write(alice, 'Gone'), NOW)
        write(alice, 'Draft', published=False)
    link = browse().get('/p/post-1').html.select_one('.written a')
    assert link.text == '3 posts by Alice' and link['href'] == '/@alice'


def test_a_post_can_be_passed_on(site, alice, connection):
    title = 'A & B? "C" + <d> 100%'
    with connection():
        post = write(alice, title)
    page = browser_of(site, url='https://voice.example/blog').get(post.path)
    address = f'https://voice.example/blog{post.path}'
    assert page.html.select_one('.share input[readonly]')['value'] == address
    mail = urlsplit(page.html.select_one('.share a')['href'])
    assert mail.scheme == 'mailto' and parse_qs(mail.query) == {'subject': [title], 'body': [address]}
    assert '+' not in mail.query  # which a mail program shows as it is


def test_a_preview_has_no_address_to_pass_on(alice, browse, connection):
    with connection():
        post = write(alice, 'A draft', body=LONG, published=False)
    page = browse(alice).get(f'/studio/posts/{post.id}/preview')
    assert not page.html.select('.share, .related, .written') and page.html.select('.contents a')
