"""The fonts that the site brings: all there, small, loaded from here alone, and nothing moves when they arrive."""

import gzip
import re

import pytest

from quickpub import db
from quickpub.look import fonts, stylesheet
from quickpub.models import Site

FIRST_VISIT = 150_000  # bytes: a page, its style sheet and the fonts of a text in English, without images


def test_each_pair_has_its_files_and_each_family_its_licence():
    for pair in fonts.PAIRS.values():
        for family in pair.families:
            found = re.findall(r'url\("fonts/([^?]+)\?v=(\w+)"\)', (fonts.FOLDER / f'{family}.css').read_text())
            assert len(found) == 10 and all(fonts.digest(name) == version for name, version in found)
            assert 'SIL OPEN FONT LICENSE' in (fonts.FOLDER / f'{family}.LICENSE.txt').read_text().upper()


def test_no_file_is_left_over():
    families = {family for pair in fonts.PAIRS.values() for family in pair.families}
    assert families == set(fonts.FAMILIES)
    assert {path.name for path in fonts.FOLDER.iterdir()} == {
        name for family in families for name in (f'{family}.css', f'{family}.LICENSE.txt', *(
            f'{family}-{script}-{style}.woff2' for style in ('normal', 'italic')
            for script in ('latin', 'latin-ext', 'greek', 'cyrillic', 'vietnamese')))}


@pytest.mark.parametrize('name', fonts.PAIRS)
def test_each_pair_has_fallbacks_of_the_same_measures(name):
    text, _ = stylesheet.find(stylesheet.version(Site(fonts=name)), Site())
    for family in fonts.find_pair(name).families:
        title, _ = fonts.FAMILIES[family]
        rules = re.findall(rf'"{title} fallback"; font-style: (\w+); src: (local\([^;]+); ([^}}]+) }}', text)
        assert [style for style, _, _ in rules] == ['normal'] * 4 + ['italic'] * 4, 'in four scripts each'
        assert all((' Italic"' in local) == (style == 'italic') for style, local, _ in rules)
        assert ['unicode-range' in measures for _, _, measures in rules] == [False, True, True, True] * 2
        for _, _, measures in rules:
            assert re.findall(r'([\w-]+): [\d.]+%;', measures) == [
                'size-adjust', 'ascent-override', 'descent-override', 'line-gap-override']
        assert f'"{title}", "{title} fallback"' in text


@pytest.mark.parametrize('name', fonts.PAIRS)
def test_a_first_visit_is_small(site, browse, name):
    with db.db.connection_context():
        Site.change(fonts=name)
    page = browse().get('/')
    preloaded = [each['href'] for each in page.html.select('link[rel=preload][as=font][crossorigin]')]
    assert len(preloaded) == len(fonts.find_pair(name).families)
    italics = fonts.FOLDER / f'{fonts.find_pair(name).reading}-latin-italic.woff2'
    sizes = [len(browse().get(path).body) for path in preloaded]
    for path in ('/', page.html.select_one('link[rel=stylesheet]')['href']):
        sizes.append(len(gzip.compress(browse().get(path).body, 6)))
    assert sum(sizes) + italics.stat().st_size < FIRST_VISIT


def test_fonts_are_kept_for_ever_under_the_address_with_their_digest(site, browse):
    path = fonts.preloads('book')[0]
    answer = browse().get(f'/static/{path}')
    assert answer.content_type == 'font/woff2' and answer.body[:4] == b'wOF2'
    assert 'immutable' in answer.headers['Cache-Control'] or 'max-age=31536000' in answer.headers['Cache-Control']
    assert 'max-age' not in browse().get(f'/static/{path.partition("?")[0]}').headers['Cache-Control']
    for name in ('.', '..', 'nothing.woff2', '..%2fstyle.css', 'inter.css%00'):
        browse().get(f'/static/fonts/{name}', status=404)
    assert 'SIL' in browse().get('/static/fonts/inter.LICENSE.txt').text
    browse().get('/static/fonts', status=404)


def test_another_pair_is_another_style_sheet_and_an_unknown_one_the_default(site):
    versions = {name: stylesheet.version(Site(fonts=name)) for name in (*fonts.PAIRS, 'of a later version')}
    assert len(set(versions.values())) == len(fonts.PAIRS)
    assert versions['of a later version'] == versions[fonts.DEFAULT] and Site().fonts == fonts.DEFAULT
