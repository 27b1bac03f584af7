"""Where links of a text may lead: schemes, bare addresses, paths of this site wherever it lies."""

import pytest
from bs4 import BeautifulSoup
from conftest import write
from sites import browser_of

from quickpub.content import publishing
from quickpub.db import now
from quickpub.markup import excerpts, links, markdown


def hrefs(html: str) -> list[str]:
    return [link['href'] for link in BeautifulSoup(html, 'html.parser').select('a[href]')]


# Schemes

@pytest.mark.parametrize('target', [
    'tel:+4930123', 'sms:+4930123', 'mailto:a@example.org', 'xmpp:a@example.org', 'geo:52.5,13.4',
    'matrix:r/room:example.org',
    'sip:a@example.org', 'irc://example.org/room', 'webcal://example.org/a.ics', 'TEL:+4930123',
    'https://example.org/'])
def test_links_that_people_use_live(target):
    for source in (f'[the office]({target})', f'[a]\n\n[a]: {target}', f'<{target}>', f'<a href="{target}">a</a>'):
        assert hrefs(markdown.to_html(source)) == [target], source


@pytest.mark.parametrize('target', [
    'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'vbscript:x', 'data:text/html,x', 'file:///etc/passwd', 'blob:x',
    'ssh://-oProxy',
    'view-source:x', 'intent:x', 'foo:bar', 'localhost:8000/x', 'ms-msdt:x', 'search-ms:x'])
def test_other_links_are_dead_and_look_so(target):
    assert excerpts.plain(markdown.to_html(f'[a]({target})')) == f'[a]({target})'
    for source in (f'[a]({target})', f'[a]\n\n[a]: {target}', f'<{target}>', f'<a href="{target}">a</a>'):
        assert hrefs(markdown.to_html(source)) == [], source


# Bare addresses

@pytest.mark.parametrize('source, found', [
    ('See https://example.org/a.', ['https://example.org/a']), ('http://example.org', ['http://example.org']),
    ('(https://example.org/a)', ['https://example.org/a']),
    ('https://example.org/a_(b)', ['https://example.org/a_(b)']),
    ('「https://example.org/」', ['https://example.org/']), ('（https://example.org/a）', ['https://example.org/a']),
    ('見https://example.org/a。次', ['https://example.org/a']), ('“https://example.org/a”', ['https://example.org/a']),
    ('《https://example.org/a》，', ['https://example.org/a']), ('https://example.org/a？', ['https://example.org/a']),
    ('https://example.org/a_b_c*d?x=1&y=2#z', ['https://example.org/a_b_c*d?x=1&y=2#z']),
    ('**https://example.org/a**', ['https://example.org/a']), ('_https://example.org/a_', ['https://example.org/a']),
    ('*https://example.org/a*', ['https://example.org/a']), ('~~https://example.org/a~~', ['https://example.org/a']),
    ('https://example.org/it\'s--so...b', ["https://example.org/it's--so...b"]),
    ('# https://example.org/a', ['https://example.org/a']),
    ('|a|\n|-|\n|https://example.org/a|', ['https://example.org/a']),
    ('a <b>https://example.org/a</b>', ['https://example.org/a']),
    ('https://a.example, https://b.example; https://c.example!',
        ['https://a.example', 'https://b.example', 'https://c.example']),
    ('https://ja.example/マイケル・ジャクソン',
        ['https://ja.example/%E3%83%9E%E3%82%A4%E3%82%B1%E3%83%AB%E3%83%BB%E3%82%B8%E3%83%A3'
                                     '%E3%82%AF%E3%82%BD%E3%83%B3']),
    ('https://example.org/"onclick="alert(1)', ['https://example.org/%22onclick=%22alert(1)'])])
def test_a_bare_address_is_a_link(source, found):
    assert hrefs(markdown.to_html(source)) == found


@pytest.mark.parametrize('source', [
    'README.md', 'setup.py and foo.rs', 'www.example.org', 'example.org/a', 'a@example.org', '//example.org/a',
    'ftp://example.org/a',
    'xhttps://example.org', 'https://', 'http:// a', '`https://example.org`', '    https://example.org',
    '```\nhttps://example.org\n```',
    '<code>see https://example.org</code>', 'a <kbd>https://example.org</kbd>', '<pre>https://example.org</pre>',
    '192.168.0.1',
    'https\\://example.org', '$https://example.org$', 'javascript://example.org/%0aalert(1)'])
def test_what_is_no_link(source):
    assert hrefs(markdown.to_html(source)) == []


@pytest.mark.parametrize('source', [
    '[https://example.org](/x)', '[see https://example.org now](/x)', '<a href="/x">https://example.org</a>',
    '[`a` https://example.org][r]\n\n[r]: /x'])
def test_within_a_link_there_is_no_other(source):
    assert hrefs(markdown.to_html(source)) == ['/x']


def test_the_words_of_a_bare_address_are_not_made_prettier():
    assert '>https://example.org/it\'s--so...b</a>' in markdown.to_html('https://example.org/it\'s--so...b')


# Paths

@pytest.mark.parametrize('base, path, expected', [
    ('', '/p/x', '/p/x'), ('/blog', '/p/x', '/blog/p/x'), ('/blog', '/p/x?a=1&amp;b#c', '/blog/p/x?a=1&amp;b#c'),
    ('/blog', '/', '/blog/'),
    ('/blog', '/blog/p/x', '/blog/p/x'), ('/blog', '/blog', '/blog'), ('/blog', '/blog#a', '/blog#a'),
    ('/blog', '/blogger', '/blog/blogger'),
    ('/our/news', '/our/news/p/x', '/our/news/p/x'), ('/our/news', '/our/x', '/our/news/our/x'),
    ('/blog', '/about', '/blog/about'),
    ('/blog', '//example.org/p/x', '//example.org/p/x'), ('/blog', '#fn1', '#fn1'), ('/blog', 'post-two', 'post-two'),
    ('/blog', '?a', '?a'), ('/blog', 'https://example.org/p/x', 'https://example.org/p/x'),
    ('/blog', 'tel:1', 'tel:1'), ('/blog', '', ''),
    ('/p', '/p/x', '/p/p/x'), ('/p', '/p/p/x', '/p/p/x'), ('/media', '/media/0/x.jpg', '/media/media/0/x.jpg'),
    ('https://new.example/blog', '/p/x', 'https://new.example/blog/p/x'),
    ('https://new.example', '/p/x', 'https://new.example/p/x'),
    ('https://new.example/blog', '/blog/p/x', 'https://new.example/blog/p/x')])
def test_a_path_of_this_site_lies_below_its_prefix(base, path, expected):
    assert links.below(f'<a href="{path}" rel="noopener">/p/x</a>',
        base) == f'<a href="{expected}" rel="noopener">/p/x</a>'
    assert links.below(f'<img src="{path}" alt="/p/x">', base) == f'<img src="{expected}" alt="/p/x">'


@pytest.mark.parametrize('html',
    ['<p title="/p/x">a</p>', 'href="/p/x"', '<img alt="a, /media/x" title=", /p/x">',
    '<code>&lt;a href="/x"&gt;</code>'])
def test_what_is_no_address_stays(html):
    assert links.below(html, '/blog') == html


EVERY_KIND = '''[a](/p/x) [b][r] ![c](/hill.jpg) <a href="/p/raw">d</a> <img src="/raw.jpg" alt=""> [e](/blog/p/typed)
[f](//h.example/p/x) [g](#h-part) [h](other) note[^1]

# Part

[r]: /t/hills?x=1

[^1]: [i](/about)'''


@pytest.mark.parametrize('url, prefix', [
    ('http://voice.example', ''), ('http://voice.example/blog', '/blog'), ('https://voice.example/blog', '/blog'),
    ('https://new.example/our/news', '/our/news')])
def test_every_kind_of_link_on_pages_and_in_feeds_wherever_the_site_lies(site, alice, connection, url, prefix):
    """One post, rendered once; the site's address is changed afterwards."""
    with connection():
        post = write(alice, 'Links', body=EVERY_KIND, tags='Hills')
    typed = prefix + '/blog/p/typed' if prefix != '/blog' else '/blog/p/typed'
    page = BeautifulSoup(browser_of(site, url=url).get(post.path).text, 'html.parser').select_one('.prose')
    for note in page.select('.sidenote'):
        note.decompose()  # it repeats the footnote
    found = [each.get('href') or each.get('src') for each in page.select('a:not(.anchor), img')]
    assert found == [f'{prefix}/p/x', f'{prefix}/t/hills?x=1', f'{prefix}/hill.jpg', f'{prefix}/p/raw',
        f'{prefix}/raw.jpg', typed,
                     '//h.example/p/x', '#h-part', 'other', '#fn1', f'{prefix}/about', '#fnref1']
    (item,) = browser_of(site, url=url).get('/feed.json').json['items']
    content = BeautifulSoup(item['content_html'], 'html.parser')
    origin, own = url.removesuffix(prefix), url + post.path
    scheme = url.partition('//')[0]
    assert [each.get('href') or each.get('src') for each in content.select('a, img')] == [
        f'{origin}{each}' if each.startswith('/')
        and not each.startswith('//') else scheme + each if each.startswith('//')
        else own + each if each.startswith('#') else f'{url}/p/other' for each in found]


def test_the_preview_and_a_shared_draft_have_the_prefix_too(site, alice, connection):
    with connection():
        post = write(alice, 'Links', body=EVERY_KIND, published=False)
        publishing.share(post, now())
        token = type(post).get_by_id(post.id).draft_token
    browser = browser_of(site, url='https://voice.example/blog')
    assert 'href="/blog/p/x"' in browser.get(f'/draft/{token}')
