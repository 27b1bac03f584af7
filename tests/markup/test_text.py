"""What safe HTML says, what people type, what we say to people, and templates."""

import re
import unicodedata
from datetime import datetime
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup
from sites import ended_if_it_hangs

import quickpub
from quickpub import templating, text
from quickpub.markup import excerpts, markdown
from quickpub.translations import languages

WHEN = datetime(2026, 11, 22, 10, 4, 5)


# Plain text, excerpts, words

def test_plain_text_has_a_line_for_each_block_and_no_footnote_marks():
    html = markdown.to_html('# A *title*\n\nOne & two[^1] <b>\nthree\n\n- a\n- b\n\n| c | d |\n|-|-|\n| 1 | 2 |\n\n'
                         '[^1]: Note.')
    assert excerpts.plain(html) == 'A title\nOne & two three\na\nb\nc d\n1 2\nNote.'


@pytest.mark.parametrize('typed', ['a < b', '&lt;script&gt;', '`<b>`', 'title="x > y"'])
def test_plain_text_is_text_again(typed):
    shown = {'&lt;script&gt;': '<script>', '`<b>`': '<b>', 'title="x > y"': 'title=“x > y”'}
    assert excerpts.plain(markdown.to_html(typed)) == shown.get(typed, typed)


def test_plain_text_is_not_fooled_by_attributes():
    assert excerpts.plain(markdown.to_html('<a href="/x" title="1 > 2">a</a> b')) == 'a b'


def test_excerpt_is_running_text_only():
    html = markdown.to_html('# Title\n\nFirst[^1].\n\n```py\nx = 1\n```\n\n![Hill](/h.jpg "The hill")\n\n|a|\n|-|\n\n'
                         '> Said.\n\nLast.\n\n[^1]: Note.')
    assert excerpts.excerpt(html) == 'First. Said. Last.'


@pytest.mark.parametrize('source, limit, expected', [
    ('Short.', 20, 'Short.'),
    ('One sentence here. Another one follows.', 30, 'One sentence here.'),
    ('A. The sentence ended too early for us.', 20, 'A. The sentence…'),
    ('no end, of any sentence, in sight', 25, 'no end, of any sentence…'),
    ('x' * 50, 20, 'x' * 19 + '…'),
    ('日' * 50, 20, '日' * 19 + '…'),
    ('', 20, ''),
])
def test_excerpt_ends_where_a_reader_would(source, limit, expected):
    assert excerpts.excerpt(markdown.to_html(source), limit) == expected
    assert len(expected) <= limit


@pytest.mark.parametrize('source, count', [
    ('', 0), ('One two-three, it\'s four.', 4), ('- a\n- b', 2), ('日本語', 3), ('# a\n\n[b](/c)', 2)])
def test_words(source, count):
    assert excerpts.count_words(markdown.to_html(source)) == count


def test_a_formula_is_read_as_its_source():
    html = markdown.to_html(r'The area of $\pi r^2$ "is" $a > b$.' + '\n\n$$\nx^2\n$$\n\n# On $E=mc^2$')
    assert excerpts.plain(html) == 'The area of \\pi r^2 “is” a > b.\nx^2\nOn E=mc^2'
    assert excerpts.excerpt(html) == 'The area of … “is” a > b.' and excerpts.count_words(html) == 12
    assert 'id="h-on-e-mc-2"' in html and 'alttext="\\pi r^2"' in html


# What people type

@pytest.mark.parametrize('typed, expected', [
    ('Hello, World', 'hello-world'), ("Don't stop", 'dont-stop'), ('Rock’n’roll', 'rocknroll'),
    ('Übung für Zoë', 'ubung-fur-zoe'),
    ('Привет мир', 'privet-mir'), ('2026', '2026'), ('  --a__b--  ', 'a-b'), ('a/../b?c#d', 'a-b-c-d'),
    ('&amp; &#65;', 'amp-65'),
    ('', 'post'), ('🎉 !!', 'post'), ('\ud800\x00', 'post'), ('x' * 200, 'x' * 80),
    ('word ' * 40, '-'.join(['word'] * 16)),
    ('a ' + 'x' * 100, 'a'),
])
def test_slug(typed, expected):
    assert text.slug(typed, 'post') == expected


@pytest.mark.parametrize('typed, expected', [
    ('  a \t b\r\nc  ', 'a b c'), ('a\u2028b\u2029c\x85d\xa0e', 'a b c d e'), ('a\x00b\x1b[0m\x7f\x9b', 'ab[0m'),
    ('\u202eabc\u202c \u2066d\u2069', 'abc d'), ('a\ud800b', 'ab'), ('a\udcffb', 'ab'), ('e\u0301', 'é'),
    ('abcdefghijk', 'abcdefghij'), ('abcdefghi jk', 'abcdefghi'), ('', ''), ('\u200b\ufeff', ''), ('\u200f \u00ad',
    ''),
    ('\u0301', ''), ('a \u200b b', 'a b'), ('👩‍🌾', '👩‍🌾'), ('سلام', 'سلام'), ('ab\u200cc', 'ab\u200cc'), ('<b>&',
    '<b>&'),
    ('a\ufffe\uffffb', 'ab'),
])
def test_line(typed, expected):
    assert text.line(typed, 10) == expected


def test_line_survives_anything():
    for code in [*range(0x3000), *range(0xd7f0, 0xe010), *range(0xfe00, 0x10010), 0xe0001, 0x10ffff]:
        found = text.line(f'a{chr(code)}b', 10)
        assert found.encode() and '\n' not in found
        assert found == unicodedata.normalize('NFC', found)


def test_a_line_of_a_huge_text_is_made_of_its_beginning():
    with ended_if_it_hangs():
        assert len(text.line('a' + '\u0301\u0316' * 1_000_000, 200)) == 200


@pytest.mark.parametrize('typed, expected', [
    ('a\r\nb\rc\n', 'a\nb\nc\n'), ('a\x00\x01\x1f\x7f\x9bb\tc', 'ab\tc'),
    ('a\x0bb', 'a  \nb'), ('a\u2028b', 'a  \nb'), ('a\x0cb', 'a\n\nb'), ('a\u2029b', 'a\n\nb'), ('a\x85b', 'a\nb'),
    ('a\x0b\x0bb', 'a  \n  \nb'), ('a\ud800b\udfff', 'a\ufffdb\ufffd'),
    ('  a\n\n\n', '  a\n\n\n'), ('e\u0301 \u202e', 'e\u0301 \u202e'), ('\ufffe', ''),
])
def test_body(typed, expected):
    assert text.body(typed) == expected


@pytest.mark.parametrize('typed, expected', [
    ('', ''), ('1234', '1234'), (' 1234 ', '1234'), ('12345', None), ('1234 5', None), ('12  4\u200b', '12 4'),
])
def test_whole_line(typed, expected):
    assert text.whole_line(typed, 4) == expected


# Templates

ENVIRONMENT = templating.environment(languages.find('en'))


def shown(source: str, **context) -> str:
    return ENVIRONMENT.from_string(source).render(context)


@pytest.mark.parametrize('source, expected', [
    ("{{ when|day('UTC') }}", '22 November 2026'), ("{{ when|iso('UTC') }}", '2026-11-22T10:04:05Z'),
    ("{{ when|day('Pacific/Kiritimati') }}", '23 November 2026'),
    ("{{ when|clock('UTC') }}", '22 November 2026, 10:04'),
    ("{{ when|clock('Europe/Berlin') }}", '22 November 2026, 11:04'),
    ("{{ when|clock('Pacific/Kiritimati') }}", '23 November 2026, 00:04'),
    ('{{ 0|number }}', '0'), ('{{ 999|number }}', '999'), ('{{ 12345|number }}', '12\u202f345'),
    ('{{ 1234567|number }}', '1\u202f234\u202f567'), ('{{ 0|minutes }}', '1\xa0min\xa0read'), ('{{ 880|minutes }}',
    '4\xa0min\xa0read'),
])
def test_filters(source, expected):
    assert shown(source, when=WHEN) == expected


def test_summer_time_is_honoured():
    assert shown("{{ when|clock('Europe/Berlin') }}", when=datetime(2026, 7, 1, 23, 30)) == '2 July 2026, 01:30'


@pytest.mark.parametrize('name, expected', [
    ('page.html', '&lt;b&gt; <i>'), ('feed.xml', '&lt;b&gt; <i>'), ('mail.txt', '<b> <i>')])
def test_html_and_xml_are_escaped_and_text_is_not(name, expected):
    loader = jinja2.DictLoader({name: '{{ typed }} {{ ours }}'})
    template = ENVIRONMENT.overlay(loader=loader).get_template(name)
    assert template.render(typed='<b>', ours=Markup('<i>')) == expected


def test_a_name_nobody_gave_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        shown('{{ titel }}', title='a')


def test_render_finds_the_templates_of_the_package():
    with pytest.raises(jinja2.TemplateNotFound):
        templating.render('no-such-page.html', template='a value may have any name')
    names = ENVIRONMENT.list_templates()
    assert 'base.html' in names
    for name in names:
        ENVIRONMENT.get_template(name)  # raises where one cannot be compiled


def test_no_template_declares_its_values_safe():
    files = [path for path in (Path(quickpub.__file__).parent / 'templates').rglob('*') if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert not re.search(r'\|\s*safe\b|autoescape\s+false|Markup', path.read_text()), path


def test_each_style_of_mails_is_used_and_stands_on_its_elements():
    folder = Path(quickpub.__file__).parent / 'templates' / 'mail'
    sources = ''.join(path.read_text() for path in folder.glob('*.html'))
    defined = set(re.findall(r'\.([a-z-]+)(?=[, ])', (folder / '_styles.css').read_text()))
    assert defined == {name for each in re.findall('class="([^"]*)"', sources) for name in each.split()}
    address = ENVIRONMENT.get_template('mail/_html.html').module.address('https://a.example/?a&b')
    assert ('<a class="aside address" style="color:#5f594f;text-decoration:underline;word-break:break-all;'
            'overflow-wrap:anywhere;" href="https://a.example/?a&amp;b">') in address


def test_text_imports_nothing_of_the_package():
    source = Path(text.__file__).read_text()
    assert not re.search(r'^\s*(from\s+(\.|quickpub|bottle)|import\s+(quickpub|bottle))', source, re.MULTILINE)
