"""Checks of whole answers: pages, their headers, feeds, HTML of posts, stored rows."""

import json
import re
from collections import Counter

import html5lib


def assert_sound(answer, path):
    """What a reader, a screen reader and the strictest parser want of a page."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree = parser.parse(answer.text)  # raises ParseError
    assert tree.get('lang') and tree.findtext('head/title').strip(), path
    assert len(tree.findall('.//h1')) == len(tree.findall('.//main')) == 1, path
    assert ''.join(tree.find('.//h1').itertext()).strip(), path

    ids = Counter(element.get('id') for element in tree.iter() if element.get('id'))
    assert set(ids.values()) <= {1}, (path, ids)
    labelled = {label.get('for') for label in tree.iter('label')} | {
        each for label in tree.iter('label') for each in label.iter('input')}
    for kind in ('input', 'select', 'textarea'):
        for element in tree.iter(kind):
            if element.get('type') != 'hidden':
                assert element.get('id') in labelled or element in labelled, (path, element.attrib)
    for button in [*tree.iter('button'), *tree.iter('a')]:
        assert ''.join(button.itertext()).strip() or button.get('aria-label'), (path, button.attrib)
    for image in tree.iter('img'):
        assert image.get('alt') is not None, path
    for element in tree.iter():
        for name in ('aria-describedby', 'aria-labelledby', 'for'):
            assert set(element.get(name, '').split()) <= set(ids), (path, element.attrib)
        if (element.get('href') or '').startswith('#'):
            assert element.get('href')[1:] in ids, (path, element.attrib)

    # The rules of the Content-Security-Policy, kept by ourselves.
    assert not list(tree.iter('style')), path
    for frame in tree.iter('iframe'):  # nothing in it runs; a page of our own may load its fonts
        assert frame.get('sandbox') in ('', 'allow-same-origin') and frame.get('src').startswith('/'), path
    for element in tree.iter():
        assert not any(name == 'style' or name.startswith('on') for name in element.attrib), (path, element.attrib)
        for name in ('src', 'href', 'action'):
            value = element.get(name) or ''
            assert not value.lower().startswith(('javascript:', 'data:')), (path, value)
            if element.tag in ('script', 'img', 'form') or element.get('rel') in ('stylesheet', 'icon'):
                assert re.match(r'/(?!/)|$', value), (path, value)
    for script in tree.iter('script'):
        if script.get('type') == 'application/ld+json':  # data, which no browser runs
            assert json.loads(script.text)['@context'] == 'https://schema.org', path
            continue
        assert script.get('src') and not (script.text or '').strip(), path
    for form in tree.iter('form'):
        assert form.get('method') == 'post' or form.get('role') == 'search' or path.endswith('/history'), path

SAFE = {'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin', 'X-Frame-Options': 'DENY',
        'Cross-Origin-Opener-Policy': 'same-origin'}


def assert_safe(answer, path):
    """The headers that every answer has."""
    for name, value in SAFE.items():
        assert answer.headers.getall(name) == [value], path
    rules = dict(rule.strip().partition(' ')[::2] for rule in answer.headers['Content-Security-Policy'].split(';'))
    may_nothing = answer.status_int == 200 and path in ('{media}', '{card}', '/studio/exports/{export}')
    own = "'none'" if may_nothing else "'self'"
    assert rules['default-src'] == own and rules['frame-ancestors'] == rules['base-uri'] == "'none'", path
    assert 'unsafe' not in str(rules) and '*' not in str(rules), path
    assert answer.headers.get('Server') is None and 'X-Powered-By' not in answer.headers, path
    is_page = answer.content_type == 'text/html'
    assert not is_page or answer.headers['Content-Type'].lower() == 'text/html; charset=utf-8', path

URL = r'https?://[^/\s]+(/\S*)?'
MOMENT = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'

# Name -> what it must be: a pattern for text, or a list of what such an object is. `?` marks what may be missing.
AUTHOR = {'name': '.+', 'url': URL}
ITEM = {'id': '.+', 'url': URL, 'title?': '.+', 'content_html': '(?s).*', 'summary?': '.+', 'date_published': MOMENT,
        'date_modified': MOMENT, 'tags': ['.+'], 'authors': [AUTHOR], 'language?': '[a-z]{2,3}(-.+)?'}

FEED = {'version': r'https://jsonfeed\.org/version/1\.1', 'title': '.+', 'home_page_url': URL, 'feed_url': URL,
        'language': '[a-z]{2,3}(-.+)?', 'description?': '.+', 'items': [ITEM]}


def assert_is(value, schema, place='feed'):
    if isinstance(schema, str):
        assert isinstance(value, str) and re.fullmatch(schema, value), (place, value)
    elif isinstance(schema, list):
        for number, each in enumerate(value):
            assert_is(each, schema[0], f'{place}[{number}]')
    else:
        needed = {name for name in schema if not name.endswith('?')}
        assert needed <= set(value) <= {name.removesuffix('?') for name in schema}, (place, set(value))
        for name, each in value.items():
            assert_is(each, schema.get(name) or schema[f'{name}?'], f'{place}.{name}')
