"""Each block of a text runs in the direction of its own words; code from left to right."""

import pytest
from bs4 import BeautifulSoup

from quickpub.markup import direction, markdown

HE, AR = 'שלום', 'سلام'


def directions(source: str) -> list[tuple[str, str]]:
    html = markdown.for_page(markdown.to_html(source), '')
    return [(each.name, each.get('dir', '')) for each in BeautifulSoup(html, 'html.parser').select(
        'p, h2, ul, ol, li, blockquote, table, th, td, dl, dt, dd, figcaption, pre, code, math')]


@pytest.mark.parametrize('source, expected', [
    ('Hello', [('p', 'auto')]), (f'{HE} hello\n\nHello {HE}', [('p', 'auto'), ('p', 'auto')]),
    (f'# {HE}', [('h2', 'auto')]),
    (f'- {HE}\n- 1998\n- hello', [('ul', 'rtl'), ('li', 'auto'), ('li', ''), ('li', 'auto')]),
    (f'- hello\n- {HE}', [('ul', 'auto'), ('li', 'auto'), ('li', 'auto')]),
    (f'1. {AR}\n\n   more', [('ol', 'rtl'), ('li', 'rtl'), ('p', 'auto'), ('p', 'auto')]),
    (f'> {HE}\n>\n> two', [('blockquote', 'rtl'), ('p', 'auto'), ('p', 'auto')]),
    (f'- a\n  - {HE}', [('ul', 'auto'), ('li', 'auto'), ('ul', 'rtl'), ('li', 'auto')]),
    (f'|{HE}|b|\n|-|-|\n|1|{AR}|', [('table', 'rtl'), ('th', 'auto'), ('th', 'auto'), ('td', ''), ('td', 'auto')]),
    (f'{HE}\n: {AR}', [('dl', 'rtl'), ('dt', 'auto'), ('dd', 'auto')]),
    (f'`x` {HE}', [('p', 'auto'), ('code', 'ltr')]),
    (f'{HE}\n\n    x = 1', [('p', 'auto'), ('pre', 'ltr'), ('code', 'ltr')]),
    (f'$x$ {HE}', [('p', 'auto'), ('math', 'ltr')]), (f'![a](/b "{HE}")', [('figcaption', 'auto')]),
    ('* * *\n\n123', [('p', '')]), (f'<p dir="ltr">{HE}</p>', [('p', 'ltr')]),
    (f'&amp; &lt;b&gt; {HE}', [('p', 'auto')]),
    ('`only code`', [('p', ''), ('code', '')])])
def test_direction_of_each_block(source, expected):
    assert directions(source) == expected


@pytest.mark.parametrize('html', ['', 'שלום', '<p>', '</p>', '<p title="a > b">c', '<b>a</b>', '<li></ul></li>'])
def test_only_attributes_are_added(html):
    assert direction.direct(html).replace(' dir="auto"', '') == html
