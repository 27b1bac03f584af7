"""On a phone no page scrolls sideways, whatever an author wrote; and which way each block of a text runs."""

from contextlib import contextmanager

import pytest
from conftest import BROWSER, PASSWORD, person, write
from rig import chromium
from windows import wait_until

from quickpub import db
from quickpub.content import posts, publishing
from quickpub.content.post_input import PostInput
from quickpub.models import Site

W, SUM, HE = 'W' * 300, 'x+' * 100 + 'x', 'שלום'

# What scrolls or is broken inside of itself.
WIDE = {
    'word': W, 'headings': f'# {W}\n\n###### {W}', 'address': 'https://example.org/' + 'a' * 400, 'link': f'[{W}](/x)',
    'formula': f'a ${SUM}$ b', 'formula of words': r'so $\text{' + 'wide ' * 60 + '}$ is',
    'spaces': '$' + r'\quad' * 60 + '$',
    'double dollars': f'it $${SUM}$$ is', 'formula set apart': f'$$\n{SUM}\n$$',
    'unset formula': r'$\unheardof{' + W + '}$',
    'matrix': r'$\begin{pmatrix}' + '&'.join('abcdefghij') + r'\end{pmatrix}$', 'formula in heading': f'# ${SUM}$',
    'formula in table': f'|${SUM}$|b|\n|-|-|\n|1|2|', 'formula in list': f'- - - ${SUM}$',
    'formula in quote': f'> > ${SUM}$',
    'footnote': f'x[^1]\n\n[^1]: ${SUM}$ {W}', 'code': f'`{W}`', 'fence': f'```\n{W}\n```', 'indented': f'    {W}',
    'keys': f'<kbd>{W}</kbd> <samp>{W}</samp> <sub>{W}</sub> <small>{W}</small> <q>{W}</q>',
    'caption': f'![{W}](/x.jpg "{W}")',
    'table': '|' + 'col|' * 40 + '\n|' + '-|' * 40 + '\n|' + f'{W}|' * 40,
    'raw table': f'<table><tr><td>{W}</td><td>{W}</td></tr></table>',
    'raw code': f'<pre>{W}</pre>', 'nested code': f'- a\n\n      {W}\n\n> ```\n> {W}\n> ```',
    'terms': f'{W}\n: {W}\n\n    ${SUM}$',
    'details': f'<details open><summary>{W}</summary>{W}</details>',
    'image': '<img src="/x.jpg" width="9999" height="9" alt="x">',
    'waiting image': f'![{W}](/media/{"0" * 32}/x.jpg)', 'tasks': f'- [x] {W}\n- [ ] {W}', 'quotes': '>' * 9 + f' {W}',
    'lists': '\n'.join('  ' * depth + f'- {W}' for depth in range(9)),
    'right to left': f'{HE} ${SUM}$ {HE * 99}\n\n- {HE * 99}\n\n`{W}` {HE}',
    'chinese': '漢' * 300, 'no breaks': 'a\u00a0' * 200, 'right to left table': f'|{HE}|b|\n|-|-:|\n|{HE * 99}|2|'}
# What nobody would write: the text may scroll sideways then, but still not the page.
ABSURD = {'nested lists': '<ul><li>' * 80 + W, 'nested quotes': '<blockquote>' * 80 + W,
          'nested tables': '<table><tr><td>' * 9 + '<table><tr>' + '<td>wide</td>' * 40}


@pytest.fixture
def served(shared_rig):
    rig = shared_rig
    rig.paths = {}
    with rig.database():
        Site.get_or_create(id=1, defaults={'title': W, 'tagline': W})
        alice = person('alice', bio=W)
        for name, body in (WIDE | ABSURD).items():
            rig.paths[name] = write(alice, name, body=body).path
        rig.paths['title'] = write(alice, W[:290], body=W, summary=W, tags='Hills, ' + W[:40]).path
        rig.paths['no title'] = write(alice, '', body=W, tags='Hills').path
        page = posts.save(None, alice, PostInput(title=W[:290], slug='about', body=W),
            db.now(), is_page=True)
        publishing.publish(page, db.now())
    rig.paths |= {path: path for path in ('/', '/about', '/archive', '/@alice', '/t/hills', '/search?q=formula',
        f'/search?q={W[:150]}')}
    return rig


@contextmanager
def phone(rig):
    with chromium() as browser:
        size = {'width': 320, 'height': 640}
        yield browser.new_context(base_url=rig.url, user_agent=BROWSER, viewport=size).new_page()


def test_no_page_scrolls_sideways(served):
    with phone(served) as page:
        for name, path in served.paths.items():
            page.goto(path)
            for width in (320, 360):
                page.set_viewport_size({'width': width, 'height': 640})
                assert page.evaluate('document.documentElement.scrollWidth <= innerWidth'), (name, width)
                if name not in ABSURD and page.locator('.prose').count():
                    fits = page.locator('.prose').evaluate('text => text.scrollWidth <= text.clientWidth')
                    assert fits, (name, width)


def test_neither_does_the_editor_with_a_preview_and_its_help(served):
    with phone(served) as page:
        page.goto('/login')
        page.fill('[name=email]', 'alice@example.org')
        page.fill('[name=password]', PASSWORD)
        page.press('[name=password]', 'Enter')
        page.wait_for_url('**/studio/dashboard')
        page.goto('/studio/posts/new')
        page.fill('[name=body]', '\n\n'.join(WIDE.values()))
        page.get_by_text("Formatting help").click()
        page.click('#show-preview')
        page.locator('#preview .formula').first.wait_for()
        assert page.evaluate('document.documentElement.scrollWidth <= innerWidth')


def test_a_wide_formula_scrolls_with_the_keyboard_and_stands_on_the_line(served):
    with phone(served) as page:
        page.goto(served.paths['formula'])
        box = page.get_by_role('group', name='Formula')
        box.focus()
        page.keyboard.press('ArrowRight')
        wait_until(page, "document.querySelector('.prose .formula').scrollLeft > 0")
        with served.database():
            path = write(person('bob'), 'Base line', body='x $abcdefghijklmno$').path
        page.set_viewport_size({'width': 1000, 'height': 640})
        page.goto(path)
        boxed = 'document.querySelector(".prose math").getBoundingClientRect().bottom'
        in_box = page.evaluate(boxed)
        page.evaluate(
            'document.querySelector(".prose span.formula").replaceWith(document.querySelector(".prose math"))')
        assert abs(page.evaluate(boxed) - in_box) <= 1, 'as without a box'


DIRECTIONS = [
    (f'Hello\n\n{HE} hello\n\nHello {HE}', 'p', ['ltr', 'rtl', 'ltr']), (f'# {HE}\n\n# Two', 'h2', ['rtl', 'ltr']),
    (f'- {HE}\n- 1998\n- two', 'ul, li', ['rtl', 'rtl', 'rtl', 'ltr']),
    (f'1. {HE}\n\n   two', 'ol, li, p', ['rtl', 'rtl', 'rtl', 'ltr']),
    (f'> {HE}\n>\n> two\n\n> three', 'blockquote', ['rtl', 'ltr']),
    (f'- {HE}\n\n  > two', 'li, blockquote', ['rtl', 'ltr']),
    (f'|{HE}|b|\n|-|-|\n|1|{HE}|', 'table, th, td', ['rtl', 'rtl', 'ltr', 'rtl', 'rtl']),
    (f'{HE}\n: {HE}', 'dl, dt, dd', ['rtl'] * 3),
    (f'`{HE}` x\n\n```\n{HE}\n```\n\n{HE} $x$', 'code, pre, math', ['ltr'] * 4), (f'`x` {HE}', 'p', ['rtl']),
    (f'x[^1]\n\n[^1]: {HE}', '.footnotes p', ['rtl'])]


def test_each_block_runs_in_the_direction_of_its_words(shared_rig):
    with shared_rig.database():
        Site.get_or_create(id=1, defaults={'title': 'Voice'})
        alice = person('alice')
        paths = [write(alice, 'Directions', body=body).path for body, _, _ in DIRECTIONS]
    with phone(shared_rig) as page:
        for path, (body, selector, expected) in zip(paths, DIRECTIONS, strict=True):
            page.goto(path)
            found = page.locator('.prose').locator(selector).evaluate_all(
                'all => all.map(each => getComputedStyle(each).direction)')
            assert found == expected, body
