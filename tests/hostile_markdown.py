"""Hostile texts in Markdown, and the check that no HTML of theirs is dangerous."""

import re
from functools import lru_cache

import html5lib

from quickpub.markup import cleaner, formulas, links, markdown


def allowed(tag: str, name: str, value: str | None) -> bool:
    """The whole contract about attributes, in the test's own words."""
    value = value or ''
    match name:
        case 'href' | 'src':
            scheme = re.match(r'[\x00-\x20]*([a-z][a-z0-9+.\-\s]*):', value, re.IGNORECASE)
            return scheme is None or scheme[1].lower() in links.SCHEMES
        case 'id':
            return bool(re.match(r'h-|fn\d|fnref\d', value))
        case 'class':
            return set(value.split()) <= cleaner.CLASSES[tag]
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


@lru_cache(maxsize=2)  # what a page makes of a text is often the text itself
def assert_safe(html: str) -> None:
    """Read it as a browser does, and look at every element."""
    for element in html5lib.parseFragment(html, namespaceHTMLElements=False).iter():
        tag = element.tag.removeprefix('{http://www.w3.org/1998/Math/MathML}')
        assert tag in cleaner.TAGS | {'DOCUMENT_FRAGMENT'}
        assert (tag == element.tag) == (tag not in formulas.TAGS), 'HTML in a formula, or what is of a formula outside'
        for name, value in element.items():
            assert allowed(tag, name, value), (tag, name, value)


def assert_safe_on_page(html: str) -> None:
    """The same of what a page makes of it; a wide formula is in a box then."""
    assert_safe(markdown.for_page(html, '/blog').replace(formulas.BOX.partition('{}')[0], '<span>'))

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

SHAPES = [
    '[', '![', '[](', '[a](', '[[', '> ', '>', '`', '` `` ', '*', '*a **a ', '_a', '~', '\\', '\x00', '\ud800', '"a" ',
    '$', '$$', '$a ', '$a\n', '$$a\n', '$$a ', '$\\$', '$\\\\', '$a$', '$$a$$ ', '$$a\n$ ', '$x$\n\n', '$x^$', '${',
    '$}$',
    '<', '<a ', '<a href="', '<!--', '<?', '<b>', '<p>', '<b><p>', '<table><tr><td>', '<details>', '<svg>', '&', '|',
    'https://', 'https://a/', 'https://a/( ', 'http://[', '://', "'", "'n'", "'90 ", '注', '**注：**', '__「', '_注',
    '\x0b', '\u2029',
    'שa ', '- ש\n', '> ש\n', '<ul dir="', '|-', '- ', '1. ', '- - - a\n', '# a\n', 'a\n: b\n\n', '[^a]: ', '[^a]: b\n']
