"""Markdown to safe HTML, and everything else that is made of text."""

import random
import re
import time
import unicodedata
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import jinja2
import pytest
from markupsafe import Markup

import quickpub
from quickpub import formulas, text

WHEN = datetime(2026, 11, 22, 10, 4, 5)


# What Markdown can do

@pytest.mark.parametrize('source, expected', [
    ('*a* **b** ~~c~~ `d`', '<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>'),
    ('She said "it\'s" -- well... (c)', '<p>She said “it’s” – well… ©</p>'),
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
    assert text.markdown(source) == expected


def test_image_with_a_title_inside_a_sentence_is_no_figure():
    assert '<figure>' not in text.markdown('Look: ![A hill](/hill.jpg "North")')


@pytest.mark.parametrize('source, levels', [
    ('# a\n\n## b\n\n###### c', ['h2', 'h3', 'h6']),
    ('## a\n\n### b', ['h2', 'h3']),
    ('a\n=\n\nb\n-', ['h2', 'h3']),
    ('### a\n\n# b', ['h4', 'h2']),
])
def test_headings_begin_at_h2_and_keep_their_order(source, levels):
    assert re.findall(r'<(h\d)', text.markdown(source)) == levels


def test_headings_have_prefixed_ids_each_once():
    html = text.markdown('# Main\n\n# Main\n\n# `Main` 2\n\n# 🎉\n\n# Übung & more')
    assert re.findall('id="([^"]*)"', html) == ['h-main', 'h-main--2', 'h-main-2', 'h-part', 'h-ubung-more']


def test_table_scrolls_has_scopes_and_no_styles():
    html = text.markdown('| a | b | c |\n|---|--:|:-:|\n| 1 | 2 | 3 |')
    assert html.startswith('<div class="table" role="group" aria-label="Table" tabindex="0">\n<table>')
    assert '<th scope="col">a</th>\n<th class="right" scope="col">b</th>' in html
    assert '<td>1</td>\n<td class="right">2</td>\n<td class="center">3</td>' in html
    assert html.endswith('</table>\n</div>')
    assert 'style' not in html


def test_task_list_says_its_state_in_words_too():
    html = text.markdown('- [ ] sow\n- [x] dig\n- rest')
    assert '<span class="check" role="img" aria-label="to do">☐</span> sow' in html
    assert '<span class="check" role="img" aria-label="done">☑</span> dig' in html
    assert '<li>rest</li>' in html


def test_footnotes_link_there_and_back():
    html = text.markdown('One[^a] and again[^a], two[^b].\n\n[^a]: First.\n[^b]: Second.')
    ids = set(re.findall(' id="([^"]*)"', html))
    assert {'fn1', 'fn2', 'fnref1', 'fnref1:1', 'fnref2'} == ids
    assert {target.removeprefix('#') for target in re.findall('href="([^"]*)"', html)} == ids
    assert '<section class="footnotes">' in html and 'aria-label="Back to the text"' in html


@pytest.mark.parametrize('language', sorted(text.LANGUAGES))
def test_every_listed_language_is_known_to_the_highlighter(language):
    html = text.markdown(f'```{language}\nx = "<b>" # 1\n```')
    assert f'<pre tabindex="0"><code class="language-{language}">' in html
    assert '<b>' not in html
    assert text.plain(html) == 'x = "<b>" # 1'


def test_code_is_coloured_by_classes():
    html = text.markdown('```python\nif x: pass\n```')
    assert '<span class="k">if</span>' in html and 'style' not in html


@pytest.mark.parametrize('fence', ['```', '```brainfuck', '```" onclick="x'])
def test_code_in_an_unknown_language_stays_as_it_is(fence):
    assert text.markdown(f'{fence}\n<b>\n```') == '<pre tabindex="0"><code>&lt;b&gt;\n</code></pre>'


# Formulas

def formula(source: str) -> str:
    return re.sub('<math[^>]*><mrow>(.*)</mrow></math>', r'\1', text.markdown(source))


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
    html = text.markdown(source)
    assert '<math' not in html and html.count('$') == source.count('$')


@pytest.mark.parametrize('tex', [r'\frac', '{', r'\left(', r'\unheardof{x}', r'\begin{align}', 'x^2^3', r'\Biggm',
                                 r'\skew x', r'\begin', 'x' * 2001])
def test_tex_that_cannot_be_set_is_shown_as_typed(tex):
    assert text.markdown(f'a ${tex}$ b') == f'<p>a <code>${tex}$</code> b</p>'
    assert text.markdown(f'$$\n{tex}\n$$').startswith('<pre tabindex="0"><code>$$' if len(tex) < 2000 else '<p>')


@pytest.mark.parametrize('tex', [
    r'\href{javascript:alert(1)}{x}', r'\style{position:fixed}{x}', r'\class{notice}{x}', r'\color{red}{x}',
    r'\text{</mtext></math><img src=x onerror=alert(1)>}', r'\text{<style><img src=x onerror=x>}', r'\hspace{999em}x',
    r'\hspace{-999em}x', r'\text{&lt;script&gt;}', '</math><script>alert(1)</script>', r'\text{<mglyph><style>}',
    r'\operatorname{<b>}', '"onclick="x', r'\mathrm{<svg onload=x>}', r'\rule{999em}{999em}', r'\Huge x'])
def test_nothing_hostile_comes_out_of_a_formula(tex):
    for source in (f'${tex}$', f'$$\n{tex}\n$$', f'# a ${tex}$', f'| ${tex}$ |\n|-|', f'[^1]\n\n[^1]: ${tex}$'):
        html = text.markdown(source)
        assert_safe(html)
        assert text.CLEANER.clean(html) == html
        assert not re.search(r'(width|space|size)="-?\d\d', html)


def test_a_formula_is_read_as_its_source():
    html = text.markdown(r'The area of $\pi r^2$ "is" $a > b$.' + '\n\n$$\nx^2\n$$\n\n# On $E=mc^2$')
    assert text.plain(html) == 'The area of \\pi r^2 “is” a > b.\nx^2\nOn E=mc^2'
    assert text.excerpt(html) == 'The area of \\pi r^2 “is” a > b. x^2' and text.words(html) == 12
    assert 'id="h-on-e-mc-2"' in html and 'alttext="\\pi r^2"' in html


def test_formulas_are_limited_in_all():
    started = time.thread_time()
    html = text.markdown('$' + 'x+' * 900 + 'x$\n\n' * 3 + ('$' + 'x+' * 900 + 'x$\n\n') * 200)
    assert '<math' in html and '<code>$x+' in html
    assert time.thread_time() - started < 5


# What must never come out

HOSTILE = [
    '<script>alert(1)</script>', '<SCRIPT SRC=//x></SCRIPT>', '<scr<script>ipt>alert(1)</scr</script>ipt>',
    '<img src=x onerror=alert(1)>', '<img/src="x"/onerror=alert(1)>', '<p onclick="x">a</p>',
    '<a href=x onmouseover=y>',
    '[a](javascript:alert(1))', '[a](JaVaScRiPt:alert(1))', '<javascript:alert(1)>', '![a](javascript:alert(1))',
    '<a href="javascript:alert(1)">a</a>', '<a href=" &#14; javascript:alert(1)">a</a>',
    '<a href="java&#10;script:alert(1)">a</a>', '<a href="java&#1;script:alert(1)">a</a>',
    '<a href="java&#0;script:alert(1)">a</a>', '<a href="java\x01script:alert(1)">a</a>',
    '<a href="javascript&colon;alert(1)">a</a>', '<a href="vbscript:x">a</a>', '[a]: javascript:x\n\n[a]',
    '![a](data:image/svg+xml;base64,AAAA)', '![a](data:image/png;base64,AAAA)', '<img src="data:text/html,x">',
    '<a href="data:text/html,<script>alert(1)</script>">a</a>', '<a href="blob:x">a</a>',
    '<a href="file:///etc">a</a>',
    '<svg onload=alert(1)>', '<svg><script>alert(1)</script></svg>',
    '<svg><a xlink:href="javascript:x"><text>a</text></a>',
    '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>', '<math href="javascript:x">a</math>',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<noscript><p title="</noscript><img src=x onerror=x>">',
    '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
    '<style>body{display:none}</style>', '<p style="position:fixed">a</p>', '<link rel=stylesheet href=//x>',
    '<base href="//evil.example/">', '<meta http-equiv=refresh content="0;url=//x">', '<iframe src="//x"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>">', '<object data=x></object>', '<embed src=x>',
    '<video src=x autoplay>',
    '<form action=/settings method=post><button name=action value=x>a</button></form>', '<input autofocus onfocus=x>',
    '<textarea>', '<select><option>a</select>', '<button formaction="javascript:x">a</button>',
    '<template><script>alert(1)</script></template>', '<!--><script>alert(1)</script>-->',
    '<![CDATA[<script>x</script>]]>',
    '<?php <script>x</script> ?>', '<title><img src=x onerror=x></title>', '<xmp><script>x</script></xmp>',
    '<plaintext><b>',
    '<h1>a</h1>', '<main>a</main>', '<body onload=x>', '<html>', '<dialog open>a</dialog>', '<marquee>a</marquee>',
    '<a target=_blank ping=//x download href=/x>a</a>', '<a name=x>a</a>', '<img name=body src=x>',
    '<img srcset="//x 1x">',
    '<p class="notice main">a</p>', '<div class="table" role="alert" tabindex="1" aria-label="x">a</div>',
    '<p data-x=1 slot=x is=x contenteditable autofocus tabindex=0 accesskey=a hidden>a</p>',
    '<pre tabindex="-1">a</pre>', '```x" onclick="alert(1)\na\n```', '```<script>\na\n```',
    '[^1]\n\n[^1]: <script>x</script>',
    '| <script>x</script> |\n|-|\n| <img src=x onerror=x> |', '# <script>x</script>', '# <img src=x onerror=x>',
    '![<script>x</script>](/a "<script>x</script>")', '[a](/b "\\" onclick=\\"x")', '![" onerror="x](/y)',
    '- [x] <script>x</script>', 'a\n: <script>x</script>', '&lt;script&gt;x&lt;/script&gt;', '\\<script>x\\</script>',
]


def allowed(tag: str, name: str, value: str | None) -> bool:
    """The whole contract about attributes, in the test's own words."""
    value = value or ''
    match name:
        case 'href' | 'src':
            scheme = re.match(r'[\x00-\x20]*([a-z][a-z0-9+.\-\s]*):', value, re.IGNORECASE)
            return scheme is None or scheme[1].lower() in ('http', 'https', 'mailto')
        case 'id':
            return bool(re.match(r'h-|fn\d|fnref\d', value))
        case 'class':
            return set(value.split()) <= text.CLASSES[tag]
        case 'tabindex':
            return value == '0' and tag in ('pre', 'div')
        case 'role':
            return (tag, value) in [('div', 'group'), ('span', 'img')]
        case 'rel':
            return (tag, value) == ('a', 'noopener')
        case 'loading':
            return (tag, value) == ('img', 'lazy')
        case 'aria-label':
            return value in ('Table', 'Formula', 'Back to the text', 'done', 'to do')
        case 'width' | 'lspace' | 'rspace' | 'minsize' | 'maxsize' if tag in ('mspace', 'mo'):
            return bool(re.fullmatch(r'-?\d?(\.\d+)?r?em|[\d.]+%?', value))
        case 'alttext' | 'display':
            return tag == 'math'
        case ('accent' | 'fence' | 'form' | 'movablelimits' | 'separator' | 'stretchy' | 'mathvariant' |
              'displaystyle' | 'scriptlevel' | 'linethickness' | 'notation'):
            return tag in formulas.TAGS and value.isalnum()
    return name in ('title', 'alt', 'lang', 'dir', 'width', 'height', 'start', 'reversed', 'colspan', 'rowspan',
                    'scope', 'open')


def assert_safe(html: str) -> None:
    """Read it as a browser does, and look at every element."""
    for element in html5lib.parseFragment(html, namespaceHTMLElements=False).iter():
        tag = element.tag.removeprefix('{http://www.w3.org/1998/Math/MathML}')
        assert tag in text.TAGS | {'DOCUMENT_FRAGMENT'}
        assert (tag == element.tag) == (tag not in formulas.TAGS), 'HTML in a formula, or what is of a formula outside'
        for name, value in element.items():
            assert allowed(tag, name, value), (tag, name, value)


def test_no_dangerous_tag_is_on_the_list():
    assert not text.TAGS & set('script style svg annotation annotation-xml semantics mglyph malignmark maction '
                               'iframe frame object embed form input button select textarea '
                               'base meta link title template noscript h1 main body html head dialog'.split())


@pytest.mark.parametrize('source', HOSTILE)
def test_nothing_hostile_comes_out(source):
    for around in (source, f'a {source} b', f'> - {source}', f'<div>{source}</div>', f'<b title="{source}">',
                   source * 3):
        assert_safe(text.markdown(around))


def test_random_mixtures_of_hostile_pieces_stay_safe():
    chance = random.Random(7)
    pieces = HOSTILE + ['<', '>', '"', "'", '`', '\n', '\n\n', '    ', '*', '[', ']', '(', ')', '&', '</p>',
    '</a>', '|']
    for _ in range(400):
        assert_safe(text.markdown(''.join(chance.choice(pieces) for _ in range(12))))


@pytest.mark.parametrize('source', [
    '<p id="main">a</p>', '<a id=user href=/x>b</a>', '# Main', '<h2 id="notice">c</h2>',
    '<img id=body src=/x alt="">'])
def test_no_id_can_be_taken_for_one_of_the_page(source):
    assert re.findall(r' id="(h-)?', text.markdown(source)) == ['h-']


def test_the_cleaner_keeps_what_our_own_rules_make():
    """Cleaning once more changes nothing: every class and attribute of ours is on the lists."""
    html = text.markdown('# a\n\n- [x] b\n\n|a|\n|-:|\n|1|\n\nc[^1]\n\n[^1]: d\n\n```py\nif 1: 2\n```\n\n![a](/b "c")')
    assert text.CLEANER.clean(html) == html
    assert 'class=""' not in html


@pytest.mark.parametrize('source', ['a\x00b\x08\x0b\x0c\ud800\ufffe\uffffc', '<p title="&#1;&#11;&#xfffe;">a</p>',
'&#1;&#0;'])
def test_html_can_stand_in_a_feed(source):
    html = text.markdown(source)
    escaped = str(Markup('<content>{}</content>').format(html))
    assert ElementTree.fromstring(escaped.encode()).text == html


# Hostile size and shape

def repeat(piece: str, length: int) -> str:
    return piece * (length // len(piece))


SHAPES = [
    '[', '![', '[](', '[a](', '[[', '> ', '>', '`', '` `` ', '*', '*a **a ', '_a', '~', '\\', '\x00', '\ud800', '"a" ',
    '$', '$$', '$a ', '$a\n', '$$a\n', '$$a ', '$\\$', '$\\\\', '$a$', '$$a$$ ', '$$a\n$ ', '$x$\n\n', '$x^$', '${',
    '$}$',
    '<', '<a ', '<a href="', '<!--', '<?', '<b>', '<p>', '<b><p>', '<table><tr><td>', '<details>', '<svg>', '&', '|',
    '|-', '- ', '1. ', '- - - a\n', '# a\n', 'a\n: b\n\n', '[^a]: ', '[^a]: b\n']


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
    html = text.markdown(source)
    assert_safe(html)
    text.excerpt(html)
    text.words(html)


@pytest.mark.parametrize('source', [
    '"' * 200_000, repeat("it's ", 400_000), repeat('<div>', 200_000), repeat('<ul><li>', 200_000),
    repeat('$$a\n', 400_000), repeat('$a\\$', 400_000), repeat('$$a $', 400_000),
    repeat('$$' + 'a' * 1990 + '\n', 400_000),
    repeat('$$' + '\n' * 9 + 'a ', 400_000), '[^a]: b\n\n' + repeat('[^', 50_000), '```c\na' + ' ' * 9_000 + '(\n```',
    ('```java\n' + repeat('a ', 9_000) + '\n```\n') * 20,
], ids=lambda source: ascii(source[:12]))
def test_what_would_take_minutes_is_limited(source):
    """Each of these is quadratic in a library; unlimited, they take 20 s and more, limited about one."""
    started = time.thread_time()
    html = text.markdown(source)
    text.excerpt(html)
    text.words(html)
    assert time.thread_time() - started < 5


def test_a_reference_to_a_long_address_cannot_be_multiplied():
    source = '[a]: ' + 'x' * 50_000 + '\n\n' + '[a]' * 10_000
    assert len(text.markdown(source)) < 40 * len(source)


def test_too_many_tags_are_shown_as_typed():
    html = text.markdown('<div>' * text.MAX_HTML + '\n\n<div>more')
    assert html.count('<div>') == text.MAX_HTML and '&lt;div&gt;more' in html


def test_long_text_keeps_what_is_past_the_limits():
    quoted, code = '"a" ' * text.MAX_QUOTED, 'if x: pass\n' * text.MAX_CODE
    html = text.markdown(f'{quoted}\n\n```py\n{code}```')
    assert '"a" "a"' in html.replace('&quot;', '"') and '<span' not in html
    assert text.words(html) == text.MAX_QUOTED + 3 * text.MAX_CODE


def test_an_ordinary_long_post_is_fast():
    paragraph = 'It\'s a "quiet" morning, and the **baker** has [opened](https://example.org/) -- at last.\n\n'
    source = (paragraph * 4 + '## A part\n\n- one\n- two\n\n') * 250
    assert 90_000 < len(source) < 110_000
    started = time.thread_time()
    text.markdown(source)
    assert time.thread_time() - started < 2  # about 0.15 s


# Plain text, excerpts, words

def test_plain_text_has_a_line_for_each_block_and_no_footnote_marks():
    html = text.markdown('# A *title*\n\nOne & two[^1] <b>\nthree\n\n- a\n- b\n\n| c | d |\n|-|-|\n| 1 | 2 |\n\n'
                         '[^1]: Note.')
    assert text.plain(html) == 'A title\nOne & two three\na\nb\nc d\n1 2\nNote.'


@pytest.mark.parametrize('typed', ['a < b', '&lt;script&gt;', '`<b>`', 'title="x > y"'])
def test_plain_text_is_text_again(typed):
    shown = {'&lt;script&gt;': '<script>', '`<b>`': '<b>', 'title="x > y"': 'title=“x > y”'}
    assert text.plain(text.markdown(typed)) == shown.get(typed, typed)


def test_plain_text_is_not_fooled_by_attributes():
    assert text.plain(text.markdown('<a href="/x" title="1 > 2">a</a> b')) == 'a b'


def test_excerpt_is_running_text_only():
    html = text.markdown('# Title\n\nFirst[^1].\n\n```py\nx = 1\n```\n\n![Hill](/h.jpg "The hill")\n\n|a|\n|-|\n\n'
                         '> Said.\n\nLast.\n\n[^1]: Note.')
    assert text.excerpt(html) == 'First. Said. Last.'


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
    assert text.excerpt(text.markdown(source), limit) == expected
    assert len(expected) <= limit


@pytest.mark.parametrize('source, count', [
    ('', 0), ('One two-three, it\'s four.', 4), ('- a\n- b', 2), ('日本語', 3), ('# a\n\n[b](/c)', 2)])
def test_words(source, count):
    assert text.words(text.markdown(source)) == count


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


def test_line_of_a_huge_text_is_fast():
    started = time.thread_time()
    text.line('a' + '\u0301\u0316' * 1_000_000, 200)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize('typed, expected', [
    ('a\r\nb\rc\n', 'a\nb\nc\n'), ('a\x00\x01\x0b\x0c\x1f\x7fb\tc', 'ab\tc'), ('a\ud800b\udfff', 'a\ufffdb\ufffd'),
    ('  a\n\n\n', '  a\n\n\n'), ('e\u0301 \u202e', 'e\u0301 \u202e'), ('\ufffe', ''),
])
def test_body(typed, expected):
    assert text.body(typed) == expected


@pytest.mark.parametrize('typed, expected', [
    ('Gardening, slow food,  gardening', [('Gardening', 'gardening'), ('slow food', 'slow-food')]),
    ('', []), (' , ,, 🎉', []), ('#Spring, Müsli, musli', [('Spring', 'spring'), ('Müsli', 'musli')]),
    ('a\u202e\x00b\nc', [('ab c', 'ab-c')]), ('x' * 90, [('x' * 40, 'x' * 40)]),
    (','.join(f't{i}' for i in range(20)), [(f't{i}', f't{i}') for i in range(12)]),
])
def test_tags(typed, expected):
    assert text.tags(typed) == expected


# Templates

def shown(source: str, **context) -> str:
    return text.env.from_string(source).render(context)


@pytest.mark.parametrize('source, expected', [
    ('{{ when|day }}', '22 November 2026'), ('{{ when|iso }}', '2026-11-22T10:04:05Z'),
    ("{{ when|day('Pacific/Kiritimati') }}", '23 November 2026'),
    ("{{ when|clock('UTC') }}", '22 November 2026, 10:04'),
    ("{{ when|clock('Europe/Berlin') }}", '22 November 2026, 11:04'),
    ("{{ when|clock('Pacific/Kiritimati') }}", '23 November 2026, 00:04'),
    ('{{ 0|number }}', '0'), ('{{ 999|number }}', '999'), ('{{ 12345|number }}', '12\u202f345'),
    ('{{ 1234567|number }}', '1\u202f234\u202f567'), ('{{ 0|minutes }}', '1\xa0min\xa0read'), ('{{ 880|minutes }}',
    '4\xa0min\xa0read'),
    ("{{ 1|plural('view', 'views') }}", '1 view'), ("{{ 0|plural('view', 'views') }}", '0 views'),
    ("{{ 1200|plural('view', 'views') }}", '1\u202f200 views'),
])
def test_filters(source, expected):
    assert shown(source, when=WHEN) == expected


def test_summer_time_is_honoured():
    assert shown("{{ when|clock('Europe/Berlin') }}", when=datetime(2026, 7, 1, 23, 30)) == '2 July 2026, 01:30'


@pytest.mark.parametrize('name, expected', [
    ('page.html', '&lt;b&gt; <i>'), ('feed.xml', '&lt;b&gt; <i>'), ('mail.txt', '<b> <i>')])
def test_html_and_xml_are_escaped_and_text_is_not(name, expected):
    loader = jinja2.DictLoader({name: '{{ typed }} {{ ours }}'})
    template = text.env.overlay(loader=loader).get_template(name)
    assert template.render(typed='<b>', ours=Markup('<i>')) == expected


def test_a_name_nobody_gave_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        shown('{{ titel }}', title='a')


def test_render_finds_the_templates_of_the_package():
    with pytest.raises(jinja2.TemplateNotFound):
        text.render('no-such-page.html', template='a value may have any name')
    names = text.env.list_templates()
    assert 'base.html' in names
    for name in names:
        text.env.get_template(name)  # raises where one cannot be compiled


def test_no_template_declares_its_values_safe():
    files = [path for path in (Path(quickpub.__file__).parent / 'templates').rglob('*') if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert not re.search(r'\|\s*safe\b|autoescape\s+false|Markup', path.read_text()), path


def test_text_imports_nothing_of_the_package():
    source = Path(text.__file__).read_text().replace('from . import formulas\n', '')  # which imports nothing at all
    assert not re.search(r'^\s*(from\s+(\.|quickpub|bottle)|import\s+(quickpub|bottle))', source, re.MULTILINE)


def test_a_formula_in_a_description_is_text():
    assert 'alt="sum $a$ of"' in text.markdown('![sum $a$ of](/media/x)')
