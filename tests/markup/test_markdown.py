"""Markdown to safe HTML: what it can do, and what must never come out of it."""

import random
import re
from xml.etree import ElementTree

import pytest
from hostile_markdown import HOSTILE, SHAPES, assert_safe, assert_safe_on_page
from markupsafe import Markup
from sites import ended_if_it_hangs

from quickpub.markup import cleaner, excerpts, highlighting, markdown, rules, transforms, typography

# What Markdown can do

@pytest.mark.parametrize('source, expected', [
    ('*a* **b** ~~c~~ `d`', '<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>'),
    ('She said "it\'s" -- well...', '<p>She said “it’s” – well…</p>'),
    ('> a', '<blockquote>\n<p>a</p>\n</blockquote>'),
    ('3. a\n4. b', '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
    ('Term\n: What it is', '<dl>\n<dt>Term</dt>\n<dd>What it is</dd>\n</dl>'),
    ('a  \nb', '<p>a<br>\nb</p>'),
    ('[a](/b?c=1&d=2#e)', '<p><a href="/b?c=1&amp;d=2#e" rel="noopener">a</a></p>'),
    ('[a](post-two)', '<p><a href="post-two" rel="noopener">a</a></p>'),
    ('<https://example.org/>', '<p><a href="https://example.org/" rel="noopener">https://example.org/</a></p>'),
    ('<a@example.org>', '<p><a href="mailto:a@example.org" rel="noopener">a@example.org</a></p>'),
    ('![A hill](/hill.jpg)', '<p><img src="/hill.jpg" alt="A hill" loading="lazy"></p>'),
    ('![A hill](/hill.jpg "North & *west*")',
     '<figure><img src="/hill.jpg" alt="A hill" loading="lazy"><figcaption>North &amp; *west*</figcaption></figure>'),
    ('H<sub>2</sub>O <kbd>Ctrl</kbd>', '<p>H<sub>2</sub>O <kbd>Ctrl</kbd></p>'),
])
def test_markdown_features(source, expected):
    assert markdown.to_html(source) == expected


def test_image_with_a_title_inside_a_sentence_is_no_figure():
    assert '<figure>' not in markdown.to_html('Look: ![A hill](/hill.jpg "North")')


@pytest.mark.parametrize('source, levels', [
    ('# a\n\n## b\n\n###### c', ['h2', 'h3', 'h6']),
    ('## a\n\n### b', ['h2', 'h3']),
    ('a\n=\n\nb\n-', ['h2', 'h3']),
    ('### a\n\n# b', ['h4', 'h2']),
])
def test_headings_begin_at_h2_and_keep_their_order(source, levels):
    assert re.findall(r'<(h\d)', markdown.to_html(source)) == levels


def test_headings_have_prefixed_ids_each_once():
    html = markdown.to_html('# Main\n\n# Main\n\n# `Main` 2\n\n# 🎉\n\n# Übung & more')
    assert re.findall('id="([^"]*)"', html) == ['h-main', 'h-main--2', 'h-main-2', 'h-part', 'h-ubung-more']


def test_table_scrolls_has_scopes_and_no_styles():
    html = markdown.to_html('| a | b | c |\n|---|--:|:-:|\n| 1 | 2 | 3 |')
    assert html.startswith('<div class="table" role="group" aria-label="Table" tabindex="0">\n<table>')
    assert '<th scope="col">a</th>\n<th class="right" scope="col">b</th>' in html
    assert '<td>1</td>\n<td class="right">2</td>\n<td class="center">3</td>' in html
    assert html.endswith('</table>\n</div>')
    assert 'style' not in html


def test_an_empty_cell_above_a_column_is_no_heading():
    html = markdown.to_html('| | b |\n|--:|---|\n| 1 | 2 |')
    assert '<tr>\n<td class="right"></td>\n<th scope="col">b</th>\n</tr>\n</thead>' in html


def test_task_list_says_its_state_in_words_too():
    html = markdown.to_html('- [ ] sow\n- [x] dig\n- rest')
    assert '<span class="check" role="img" aria-label="to do">☐</span> sow' in html
    assert '<span class="check" role="img" aria-label="done">☑</span> dig' in html
    assert '<li>rest</li>' in html


def test_footnotes_link_there_and_back():
    html = markdown.to_html('One[^a] and again[^a], two[^b].\n\n[^a]: First.\n[^b]: Second.')
    ids = set(re.findall(' id="([^"]*)"', html))
    assert {'fn1', 'fn2', 'fnref1', 'fnref1:1', 'fnref2'} == ids
    assert {target.removeprefix('#') for target in re.findall('href="([^"]*)"', html)} == ids
    assert '<section class="footnotes">' in html and 'aria-label="Back to the text"' in html


@pytest.mark.parametrize('language', sorted(highlighting.LANGUAGES))
def test_every_listed_language_is_known_to_the_highlighter(language):
    html = markdown.to_html(f'```{language}\nx = "<b>" # 1\n```')
    assert f'<pre tabindex="0"><code class="language-{language}">' in html
    assert '<b>' not in html
    assert excerpts.plain(html) == 'x = "<b>" # 1'


def test_code_is_coloured_by_classes():
    html = markdown.to_html('```python\nif x: pass\n```')
    assert '<span class="k">if</span>' in html and 'style' not in html


@pytest.mark.parametrize('fence', ['```', '```brainfuck', '```" onclick="x'])
def test_code_in_an_unknown_language_stays_as_it_is(fence):
    assert markdown.to_html(f'{fence}\n<b>\n```') == '<pre tabindex="0"><code>&lt;b&gt;\n</code></pre>'


# Formulas

def formula(source: str) -> str:
    return re.sub('<math[^>]*><mrow>(.*)</mrow></math>', r'\1', markdown.to_html(source))


@pytest.mark.parametrize('source, expected', [
    ('$x^2$', '<p><msup><mi>x</mi><mn>2</mn></msup></p>'),
    ('so $a < b$.', '<p>so <mi>a</mi><mo>&lt;</mo><mi>b</mi>.</p>'),
    (r'$\text{a<b} & \pi$', '<p><mtext>a&lt;b</mtext><mi>&amp;</mi><mi>π</mi></p>'),
    ('**$x$**', '<p><strong><mi>x</mi></strong></p>'),
    ('$$\n\\sqrt[3]{x}\n$$', '<div class="formula" role="group" aria-label="Formula" tabindex="0">'
     '<mroot><mrow><mi>x</mi></mrow><mn>3</mn></mroot></div>'),
    ('it is $$x$$ here', '<p>it is <mi>x</mi> here</p>'),
    (r'$\begin{pmatrix}a&b\end{pmatrix}$', '<p><mo>(</mo><mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr>'
     '</mtable><mo>)</mo></p>'),
    (r'$\quad$', '<p><mspace width="1em"></mspace></p>'),
])
def test_formulas(source, expected):
    assert formula(source) == expected


@pytest.mark.parametrize('source', [
    'It costs $5 and $10.', '$5, or 10$ in all', 'US$5 and US$6', '$20,000-$30,000', '$5 million and 6 million$',
    '$x$5', '$HOME and $PATH', 'a $ b $ c', r'\$x$', '`$x$`',
    '$', '$$', '$$$$', '$x\n\ny$', '100$', '$ 5', '5$ and 6$'])
def test_a_dollar_is_a_dollar(source):
    html = markdown.to_html(source)
    assert '<math' not in html and html.count('$') == source.count('$')


@pytest.mark.parametrize('tex', [r'\frac', '{', r'\left(', r'\unheardof{x}', r'\begin{align}', 'x^2^3', r'\Biggm',
                                 r'\skew x', r'\begin', 'x' * 2001])
def test_tex_that_cannot_be_set_is_shown_as_typed(tex):
    assert markdown.to_html(f'a ${tex}$ b') == f'<p>a <code>${tex}$</code> b</p>'
    assert markdown.to_html(f'$$\n{tex}\n$$').startswith('<pre tabindex="0"><code>$$' if len(tex) < 2000 else '<p>')


@pytest.mark.parametrize('tex', [
    r'\href{javascript:alert(1)}{x}', r'\style{position:fixed}{x}', r'\class{notice}{x}', r'\color{red}{x}',
    r'\text{</mtext></math><img src=x onerror=alert(1)>}', r'\text{<style><img src=x onerror=x>}', r'\hspace{999em}x',
    r'\hspace{-999em}x', r'\text{&lt;script&gt;}', '</math><script>alert(1)</script>', r'\text{<mglyph><style>}',
    r'\operatorname{<b>}', '"onclick="x', r'\mathrm{<svg onload=x>}', r'\rule{999em}{999em}', r'\Huge x'])
def test_nothing_hostile_comes_out_of_a_formula(tex):
    for source in (f'${tex}$', f'$$\n{tex}\n$$', f'# a ${tex}$', f'| ${tex}$ |\n|-|', f'[^1]\n\n[^1]: ${tex}$'):
        html = markdown.to_html(source)
        assert_safe(html)
        assert cleaner.CLEANER.clean(html) == html
        assert not re.search(r'(width|space|size)="-?\d\d', html)


def test_formulas_are_limited_in_all():
    with ended_if_it_hangs():
        html = markdown.to_html('$' + 'x+' * 900 + 'x$\n\n' * 3 + ('$' + 'x+' * 900 + 'x$\n\n') * 200)
    assert '<math' in html and '<code>$x+' in html


def test_a_formula_in_a_description_is_text():
    assert 'alt="sum $a$ of"' in markdown.to_html('![sum $a$ of](/media/x)')


# What must never come out


def test_no_dangerous_tag_is_on_the_list():
    assert not cleaner.TAGS & set('script style svg annotation annotation-xml semantics mglyph malignmark maction '
                               'iframe frame object embed form input button select textarea '
                               'base meta link title template noscript h1 main body html head dialog'.split())


@pytest.mark.parametrize('source', HOSTILE)
def test_nothing_hostile_comes_out(source):
    for around in (source, f'a {source} b', f'> - {source}', f'<div>{source}</div>', f'<b title="{source}">',
                   source * 3, f'ש {source}', f'https://x.example/{source}'):
        html = markdown.to_html(around)
        assert_safe(html)
        assert_safe_on_page(html)


def test_random_mixtures_of_hostile_pieces_stay_safe():
    chance = random.Random(7)
    pieces = HOSTILE + ['<', '>', '"', "'", '`', '\n', '\n\n', '    ', '*', '[', ']', '(', ')', '&', '</p>',
    '</a>', '|']
    for _ in range(400):
        assert_safe(markdown.to_html(''.join(chance.choice(pieces) for _ in range(12))))


@pytest.mark.parametrize('source', [
    '<p id="main">a</p>', '<a id=user href=/x>b</a>', '# Main', '<h2 id="notice">c</h2>',
    '<img id=body src=/x alt="">'])
def test_no_id_can_be_taken_for_one_of_the_page(source):
    assert re.findall(r' id="(h-)?', markdown.to_html(source)) == ['h-']


def test_the_cleaner_keeps_what_our_own_rules_make():
    """Cleaning once more changes nothing: every class and attribute of ours is on the lists."""
    html = markdown.to_html('# a\n\n- [x] b\n\n|a|\n|-:|\n|1|\n\nc[^1]\n\n[^1]: d\n\n```py\nif 1: 2\n```\n\n'
                            '![a](/b "c")')
    assert cleaner.CLEANER.clean(html) == html
    assert 'class=""' not in html


@pytest.mark.parametrize('source', ['a\x00b\x08\x0b\x0c\ud800\ufffe\uffffc', '<p title="&#1;&#11;&#xfffe;">a</p>',
'&#1;&#0;'])
def test_html_can_stand_in_a_feed(source):
    html = markdown.to_html(source)
    escaped = str(Markup('<content>{}</content>').format(html))
    assert ElementTree.fromstring(escaped.encode()).text == html


# Hostile size and shape

def repeat(piece: str, length: int) -> str:
    return piece * (length // len(piece))


@pytest.mark.parametrize('source', [repeat(shape, 20_000) for shape in SHAPES] + [
    repeat('<div>', 10_000) + repeat('</div>', 10_000), '[' * 10_000 + ']' * 10_000,
    ''.join('  ' * depth + '- a\n' for depth in range(150)), '\n'.join('>' * depth + ' a' for depth in range(200)),
    ' '.join('`' * length for length in range(200)), 'a'.join('*' * length for length in range(200)),
    '|' + 'a|' * 300 + '\n|' + '-|' * 300 + '\n' + '|a\n' * 300,
    '*' * 100_000, '`' * 100_000, '$' * 100_000, '$' + '{' * 1990 + '}' * 9 + '$', '$' + r'\sqrt' * 390 + 'x$',
    '$' + r'\left(' * 300 + '$', '$' + r'\begin{matrix}' * 140 + '$',
    '$$\n' + r'a&b\\ ' * 390 + '\n$$', '$' + 'x_' * 990 + '$',
    '[^a]: b\n\n' + repeat('[^a', 20_000),
], ids=lambda source: ascii(source[:12]))
def test_hostile_text_is_survived(source):
    html = markdown.to_html(source)
    assert_safe(html)
    assert_safe_on_page(html)
    excerpts.excerpt(html)
    excerpts.count_words(html)


@pytest.mark.parametrize('source', [
    '"' * 200_000, repeat("it's ", 400_000), repeat('<div>', 200_000), repeat('<ul><li>', 200_000),
    repeat('$$a\n', 400_000), repeat('$a\\$', 400_000), repeat('$$a $', 400_000),
    repeat('$$' + 'a' * 1990 + '\n', 400_000),
    repeat('$$' + '\n' * 9 + 'a ', 400_000), '[^a]: b\n\n' + repeat('[^', 50_000), '```c\na' + ' ' * 9_000 + '(\n```',
    ('```java\n' + repeat('a ', 9_000) + '\n```\n') * 20,
    repeat('a://', 400_000), repeat('https://', 400_000), repeat('https://a', 400_000), repeat('https://a/(', 400_000),
    repeat('http://a.', 400_000), repeat('a.', 400_000), repeat('[a](b', 400_000), repeat('**注：', 100_000),
    repeat("'a ", 400_000), repeat('- ש\n', 100_000), repeat('<div>ש', 200_000), 'https://' + 'a' * 400_000,
    repeat('`$x$` ', 200_000), 'ש' * 400_000,
    repeat('![[](', 400_000), repeat('^[', 400_000), '[' * 400_000,
    ('|a' * 200 + '\n' + '|-' * 200 + '\n' + 'x\n' * 320 + '\n') * 20,
], ids=lambda source: ascii(source[:12]))
def test_what_would_take_minutes_is_limited(source):
    """Each of these is quadratic in a library; unlimited, they take 20 s and more, limited about one."""
    with ended_if_it_hangs():
        html = markdown.to_html(source)
        excerpts.excerpt(html)
        excerpts.beginning(html, 80)
        excerpts.count_words(html)
        markdown.for_page(html, '/blog')


def test_brackets_that_are_no_links_do_not_cost_the_links_after_them():
    html = markdown.to_html('[sic] and a[1]! ' * 1_000 + 'Wow! ' * 6_000 + '[a](/b) ![c](/d)')
    assert '<a href="/b" ' in html and '<img src="/d" ' in html


def test_rows_that_a_short_table_row_leaves_out_are_limited_in_all_tables_together():
    table = '|a' * 200 + '\n' + '|-' * 200 + '\n' + 'x\n' * 60 + '\n'
    assert markdown.to_html(table * 10).count('</td>') <= rules.MAX_CELLS
    long = markdown.to_html('|a|b|\n|-|-|\n' + '|1|2|\n' * 3_000)
    assert long.count('<td>2</td>') == 3_000 and long.count('<table>') == 1


def test_a_reference_to_a_long_address_cannot_be_multiplied():
    source = '[a]: ' + 'x' * 50_000 + '\n\n' + '[a]' * 10_000
    assert len(markdown.to_html(source)) < 40 * len(source)


def test_too_many_tags_are_shown_as_typed():
    html = markdown.to_html('<div>' * transforms.MAX_HTML + '\n\n<div>more')
    assert html.count('<div>') == transforms.MAX_HTML and '&lt;div&gt;more' in html


def test_long_text_keeps_what_is_past_the_limits():
    quoted, code = '"a" ' * typography.MAX_QUOTED, 'if x: pass\n' * highlighting.MAX_CODE
    html = markdown.to_html(f'{quoted}\n\n```py\n{code}```')
    assert '"a" "a"' in html.replace('&quot;', '"') and '<span' not in html
    assert excerpts.count_words(html) == typography.MAX_QUOTED + 3 * highlighting.MAX_CODE
