"""How words look: what stays as typed, dashes, quotation marks, emphasis in scripts without spaces, breaks of lines."""

import pytest

from quickpub.markup import excerpts, markdown


def inline(source: str) -> str:
    return markdown.to_html(source).removeprefix('<p>').removesuffix('</p>')


@pytest.mark.parametrize('source', [
    'a (c) b', '(r)', '(R) and (C)', 'Acme (tm)', 'see section (p)', '+-3', 'a ,, b', 'what????', 'wow!!!!', '../x',
    'a..b',
    'wait.....', 'run --option', '--option', 'i--', '1/2', '4 x 4', '->', '=>', '<-'.replace('<', '\\<')])
def test_what_may_mean_something_else_stays_as_typed(source):
    assert excerpts.plain(markdown.to_html(source)) == source.replace('\\', '')


@pytest.mark.parametrize('source, expected', [
    ('a -- b', 'a – b'), ('1990--1995', '1990–1995'), ('a---b', 'a—b'), ('a --- b', 'a — b'), ('-- Alice', '– Alice'),
    ('well...', 'well…'), ('...and', '…and'), ('*a*--*b*', '<em>a</em>–<em>b</em>'),
    ('`a -- b...`', '<code>a -- b...</code>')])
def test_dashes_and_dots(source, expected):
    assert inline(source) == expected


@pytest.mark.parametrize('source, expected', [
    ("'tis the season's end", '’tis the season’s end'),
    ("'Twas the night of the dogs' ball", '’Twas the night of the dogs’ ball'),
    ("the '90s and the cats' eyes", 'the ’90s and the cats’ eyes'), ("rock 'n' roll", 'rock ’n’ roll'),
    ("fish 'n chips", 'fish ’n chips'), ("class of '99.", 'class of ’99.'), ("get 'em", 'get ’em'),
    ("wait 'til dawn", 'wait ’til dawn'),
    ("'kay", '’kay'), ("*'tis* so", '<em>’tis</em> so'), ("\"'Tis,\" he said", '“’Tis,” he said'),
    ("'Hello' and 'don't'", '‘Hello’ and ‘don’t’'), ('("a")', '(“a”)'), ("['a']", '[‘a’]'), ('—"a"—', '—“a”—'),
    ('a--"b"', 'a–“b”'),
    ('"a" - "b"', '“a” - “b”'), ("l'été d'\"amour\"", 'l’été d’“amour”'), ('צה"ל', 'צה"ל'),
    ('她说"好"吧', '她说"好"吧'),
    ("п'ять", 'п’ять'), ('„Wort“ »Wort« «mot»', '„Wort“ »Wort« «mot»'), ('6\'2" tall', '6’2" tall'),
    ("`'tis`", "<code>'tis</code>"),
    ('\'"Hi," he said\'', '‘“Hi,” he said’'), ("\\'tis", "'tis")])
def test_quotation_marks_and_apostrophes(source, expected):
    assert inline(source).replace('&quot;', '"') == expected


@pytest.mark.parametrize('language, expected', [
    ('en', '“It’s ‘so’,” he said'), ('de', '„It’s ‚so‘,“ he said'), ('pl', '„It’s «so»,” he said'),
    ('fr', '«\u202fIt’s ‹\u202fso\u202f›,\u202f» he said'), ('sv', '”It’s ’so’,” he said'),
    ('ru', '«It’s „so“,» he said'),
    ('zh', '“It’s ‘so’,” he said'), ('de-AT', '„It’s ‚so‘,“ he said'), ('', '“It’s ‘so’,” he said')])
def test_quotation_marks_are_those_of_the_language(language, expected):
    assert markdown.to_html('"It\'s \'so\'," he said', language=language) == f'<p>{expected}</p>'


@pytest.mark.parametrize('source, expected', [
    ('**注意：**正文', '<strong>注意：</strong>正文'), ('**テスト。**テスト', '<strong>テスト。</strong>テスト'),
    ('これは**「太字」**です', 'これは<strong>「太字」</strong>です'), ('*斜体。*です', '<em>斜体。</em>です'),
    ('~~取り消し。~~です', '<s>取り消し。</s>です'), ('__注意：__正文', '<strong>注意：</strong>正文'),
    ('これは_重要_です', 'これは<em>重要</em>です'), ('_「はい」_と', '<em>「はい」</em>と'),
    ('한국어**(굵게)**는', '한국어<strong>(굵게)</strong>는'),
    ('**⭐︎テスト。**です', '<strong>⭐︎テスト。</strong>です'), ('**リンク[a](/b)**です',
                                                    '<strong>リンク<a href="/b" rel="noopener">a</a></strong>です'),
    ('snake_case_字_x', 'snake_case_字_x'), ('写真_2024_東京', '写真_2024_東京'), ('2*3*4', '2<em>3</em>4'),
    ('a**"x"**b', 'a**“x”**b'),
    ('**bold**text', '<strong>bold</strong>text'), ('foo_bar_', 'foo_bar_'), ('日 ** 本 **', '日 ** 本 **')])
def test_emphasis_beside_chinese_japanese_and_korean(source, expected):
    assert inline(source) == expected


def test_other_parsers_of_the_process_are_left_alone():
    from markdown_it import MarkdownIt
    assert MarkdownIt().renderInline('**注意：**正文') == '**注意：**正文'


@pytest.mark.parametrize('typed, expected', [
    ('one\x0btwo', '<p>one<br>\ntwo</p>'), ('one\u2028two', '<p>one<br>\ntwo</p>'),
    ('one\x0ctwo', '<p>one</p>\n<p>two</p>'),
    ('one\u2029two', '<p>one</p>\n<p>two</p>'), ('one\x85two', '<p>one\ntwo</p>'),
    ('# one\x0btwo', '<h2 id="h-one">one</h2>\n<p>two</p>'),
    ('on\x1fe\x00 \x7ft\x9bwo\x01', '<p>one two</p>'), ('one  \ntwo', '<p>one<br>\ntwo</p>'),
    ('one\\\ntwo', '<p>one<br>\ntwo</p>')])
def test_breaks_of_word_processors_break_and_no_control_character_stays(typed, expected):
    assert markdown.to_html(typed) == expected
