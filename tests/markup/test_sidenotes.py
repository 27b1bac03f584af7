"""Footnotes a second time, for the margin of wide screens: hidden copies beside their references."""

import random

import pytest
from bs4 import BeautifulSoup

from quickpub.markup import markdown, sidenotes


def page_of(source):
    return BeautifulSoup(sidenotes.with_sidenotes(markdown.for_page(markdown.to_html(source), '')), 'html.parser')


def copies(page):
    return {note['data-number']: note.text for note in page.select('small.sidenote')}


def test_a_note_is_copied_once_behind_its_first_reference():
    page = page_of('One[^a] two[^b], one again[^a].\n\n[^a]: A *note*.\n[^b]: Another\n\n    of two paragraphs.')
    assert copies(page) == {'1': 'A note.', '2': 'Another\nof two paragraphs.'}
    assert page.p.select('small')[0].previous_sibling.text == '1' and page.small.em.text == 'note'
    assert all(note.has_attr('hidden') and note['role'] == 'note' for note in page.select('small'))
    items = page.select('.footnotes li')
    assert [(item['value'], 'beside' in item['class']) for item in items] == [('1', True), ('2', True)]
    ids = [each['id'] for each in page.select('[id]')]
    assert len(ids) == len(set(ids)) and not page.select('small .footnote-back, small [id]')


@pytest.mark.parametrize('source', [
    '# Heading[^1]\n\n[^1]: Note.', '| A[^1] |\n|---|\n| B |\n\n[^1]: Note.',
    'Text[^1]\n\n[^1]: Note\n\n    - with a list', 'Text[^1]\n\n[^1]: Note\n\n        with code'])
def test_a_note_stays_in_the_list_alone_where_a_copy_has_no_room_or_would_not_fit(source):
    page = page_of(source)
    assert not copies(page) and len(page.select('.footnotes .footnote-item:not(.beside)')) == 1


def test_a_note_that_stays_in_the_list_keeps_its_number():
    page = page_of('One[^1], two[^2].\n\n[^1]: Plain.\n[^2]: With\n\n    - a list')
    assert copies(page) == {'1': 'Plain.'}
    kept, = page.select('.footnotes li.footnote-item:not(.beside)')
    assert kept['value'] == '2'


@pytest.mark.parametrize('source', [
    'No notes.', '', '<section class="footnotes">None.</section>',
    '<section class="footnotes"><ol><li id="fn1" class="footnote-item"></div></p></li></ol></section>',
    'A<sup class="footnote-ref"><a href="#fn1">1</a></sup>\n\n<section class="footnotes"><li id="fn1" '
    'class="footnote-item"><div>x</div></li></section>'])
def test_html_that_only_looks_like_notes_is_left_as_it_is(source):
    html = markdown.for_page(markdown.to_html(source), '')
    assert 'sidenote' not in sidenotes.with_sidenotes(html)
    assert BeautifulSoup(sidenotes.with_sidenotes(html), 'html.parser').text == BeautifulSoup(html, 'html.parser').text


def test_many_notes_take_no_longer_than_their_text():
    source = ' '.join(f'w[^{n}]' for n in range(2000)) + '\n\n' + '\n'.join(f'[^{n}]: Note {n}.' for n in range(2000))
    assert len(copies(page_of(source))) == 2000


PIECES = (
    '[^1]', '[^2]', '\n\n[^1]: Note', '\n\n[^2]: *b* `c`', '\n\n    para', '<div>', '</div>', '<p>', '</p>', '<b>',
    '<li id="fn1" class="footnote-item">', '<section class="footnotes">', '</section>', '# h', '> ', '- ', 'text ',
    '| a |\n|---|\n| ', '<sup class="footnote-ref"><a href="#fn1">1</a></sup>', '</b>', '<details>', '<summary>',
    '\n\n', '<table>', '<a href="/x" title=" id=">', '</a>')


def test_whatever_is_typed_the_page_without_the_copies_is_the_page_as_it_was():
    chance, seen = random.Random(3), 0
    for _ in range(400):
        source = ''.join(chance.choices(PIECES, k=chance.randint(2, 18)))
        html = markdown.for_page(markdown.to_html(source), '')
        page = page_of(source)
        for note in page.select('small.sidenote'):
            note.decompose()
            seen += 1
        for item in page.select('li[value]'):
            del item['value']
            item['class'] = 'footnote-item'
        assert str(page) == str(BeautifulSoup(html, 'html.parser')), source
    assert seen
