"""Reading in a real browser: what axe finds, by keyboard, on a small phone, on paper, with and without scripts."""

from contextlib import contextmanager

import pytest
from conftest import BROWSER, person, write
from rig import chromium
from windows import assert_accessible

from quickpub import db
from quickpub.models import Post, Site

EVERYTHING = '\n\n'.join(f'''## Part {number} & more

A *first* paragraph with `code`, [a link](/archive), "quotes" and $e^{{i\\pi}} = -1$; some words.
{'Words. ' * 200}

### A detail

$$\\int_0^\\infty e^{{-x^2}} dx = \\frac{{\\sqrt{{\\pi}}}}{{2}}$$

| Hill | Height |
|---|--:|
| One | 120 |

- [x] done
- [ ] to do

> A quote[^{number}]

```python
def hill(height: int) -> str:
    return f'{{height}} m'
```

Term
: What it is

[^{number}]: A note.''' for number in range(3))


@pytest.fixture
def served(shared_rig):
    """A site with posts that have all that a post can have; `paths` are those of its readers' pages."""
    rig = shared_rig
    with rig.database():
        Site.get_or_create(id=1, defaults={'title': 'The Village Voice', 'tagline': 'News from the hill'})
        alice = person('alice', bio='Writes about **hills**, and has [maps](https://maps.example).',
                       links=f'https://example.org\nhttps://{"long-" * 12}host.example/alice',
                       fediverse='@alice@social.example')
        for number in range(25):
            write(alice, f'Hedgehog number {number}', tags='Hills, Bread', body='They sleep under leaves. ' * 9)
        write(alice, 'With everything', tags='Hills, Bread', summary='All that a post can have.', body=EVERYTHING)
        assert Post.select().where(Post.public_at(db.now())).count() == 26
    rig.paths = ['/', '/p/with-everything', '/search', '/search?q=hedgehog', '/search?q=hedgehgo', '/search?q=zzzzzz',
                 '/archive', '/follow', '/t/hills', '/@alice']
    return rig


@contextmanager
def reader(rig, **options):
    with chromium() as browser:
        yield browser.new_context(base_url=rig.url, user_agent=BROWSER, **options).new_page()


def test_axe_finds_nothing_on_the_pages_of_readers(served):
    with reader(served) as page:
        for path in served.paths:
            page.goto(path)
            for summary in page.locator('summary').all():
                summary.click()
            assert_accessible(page)


def test_nothing_sticks_out_on_a_small_phone(served):
    with reader(served, viewport={'width': 360, 'height': 640}) as page:
        for path in served.paths:
            page.goto(path)
            assert page.evaluate('document.documentElement.scrollWidth') == 360, path


@pytest.mark.parametrize('has_scripts', [True, False])
def test_readers_search_and_find_their_way_through_a_post(served, has_scripts):
    with reader(served, java_script_enabled=has_scripts) as page:
        page.goto('/')
        page.get_by_role('link', name='Search').click()
        page.get_by_role('searchbox').fill('hegdehog sleep')
        page.keyboard.press('Enter')
        page.get_by_role('link', name='hedgehog sleep').click()
        page.get_by_role('status').get_by_text('25 posts').wait_for()
        page.get_by_role('link', name='Next results').click()
        assert page.locator('.entry').count() == 5 and page.locator('.entry h2 mark').count() == 5
        page.get_by_role('searchbox').fill('"all that a post"')
        page.get_by_role('button', name='Search').click()
        page.get_by_role('link', name='With everything').click()
        page.locator('summary').get_by_text('Contents').click()
        page.get_by_role('link', name='Part 2 & more', exact=True).click()
        assert page.url.endswith('#h-part-2-more')
        page.locator('h2 .anchor').nth(2).focus()
        assert page.locator('h2 .anchor').nth(2).evaluate('link => getComputedStyle(link).opacity') == '1'
        assert page.locator('h3 .anchor').first.evaluate('link => getComputedStyle(link).opacity') == '0'
        assert page.get_by_label('Link to this page').input_value() == f'{served.url}/p/with-everything'
        page.get_by_role('heading', name='Related').wait_for()


def test_on_paper_there_is_the_text_and_where_it_came_from(served):
    with reader(served) as page:
        page.goto('/p/with-everything')
        page.emulate_media(media='print')
        for gone in ('.masthead nav', '.share', '.related', '.neighbours', '.contents', '.prose .anchor', '.colophon'):
            assert not page.locator(gone).first.is_visible(), gone
        for there in ('h1', '.prose', '.source', '.footnotes', '.prose math', '.prose table'):
            assert page.locator(there).first.is_visible(), there
        assert page.locator('.source').inner_text() == f'{served.url}/p/with-everything'
        assert page.pdf(prefer_css_page_size=True).startswith(b'%PDF')


def test_what_is_typed_into_the_search_is_shown_as_text(served):
    with reader(served) as page:
        page.on('dialog', lambda dialog: pytest.fail(dialog.message))
        page.goto('/search')
        for typed, answer in (('"><img src=x onerror=alert(1)><script>alert(2)</script>', 'No matching posts'),
                              ('-hedgehog "sleep', '25 posts'), ('hedgehog* (NOT "sleep', 'No matching posts'),
                              ('"under leaves"', '25 posts'), ('zzzzzz', 'Try fewer or different words'),
                              ('* - "', 'Type at least one letter'), ('"leaves under"', 'No matching posts')):
            page.get_by_role('searchbox').fill(typed)
            page.keyboard.press('Enter')
            page.get_by_role('status').get_by_text(answer).wait_for()
            assert page.get_by_role('searchbox').input_value() == typed
            assert page.locator('main img, main script').count() == 0


def test_below_a_post_are_the_ways_to_others(served):
    with reader(served) as page:
        page.goto('/p/hedgehog-number-7')
        related = page.get_by_role('region', name='Related').get_by_role('link')
        names = related.all_inner_texts()
        assert names and 'Hedgehog number 7' not in names
        related.first.press('Enter')
        page.get_by_role('heading', name=names[0], level=1).wait_for()
        page.goto('/p/hedgehog-number-7')
        for role, title in (('next', 'Hedgehog number 8'), ('prev', 'Hedgehog number 7')):
            page.locator(f'.neighbours a[rel={role}]').press('Enter')
            page.get_by_role('heading', name=title, level=1).wait_for()


def test_programs_that_read_feeds_find_both_kinds(served):
    with reader(served) as page:
        for path in ('/', '/@alice', '/t/hills'):
            page.goto(path)
            found = page.locator('link[rel=alternate]').evaluate_all(
                'links => links.map(link => [link.type, link.title, link.href])')
            own = path.rstrip('/')
            assert {(kind, address) for kind, _, address in found} >= {
                ('application/atom+xml', f'{served.url}{own}/feed.xml'),
                ('application/feed+json', f'{served.url}{own}/feed.json')}
            for kind, title, address in found:
                answer = page.request.get(address)
                sent = {'application/atom+xml': 'application/xml'}.get(kind, kind)  # see pages/feeds.py
                assert answer.ok and answer.headers['content-type'].startswith(sent) and title
                assert 'With everything' in answer.text()
