"""The icon of the site: there from the first minute, in the site's colour, and made of its logo once it has one."""

import json
import re
import subprocess
import sys
from io import BytesIO

import pytest
from conftest import drain
from images import picture
from PIL import Image

from quickpub import db
from quickpub.look import colours, icon_drawing, icons
from quickpub.models import Site

PATHS = ['/favicon.ico', '/apple-touch-icon.png', *(f'/static/icons/{name}' for name in icons.NAMES)]


def image_at(browser, path):
    return Image.open(BytesIO(browser.get(path).body)).convert('RGBA')


def close(a, b, by=3):
    return all(abs(one - other) <= by for one, other in zip(a, b, strict=True))


@pytest.mark.parametrize('path', PATHS)
def test_each_icon_is_there_on_a_new_site_and_is_kept_for_a_year_under_its_version(site, browse, path):
    answer = browse().get(path)
    assert answer.content_type == icons.TYPES[path.rpartition('.')[2]]
    assert answer.headers['Cache-Control'] == 'public, no-cache'
    version = re.search(r'/icon\.svg\?v=(\w+)', browse().get('/').text)[1]
    assert 'immutable' in browse().get(f'{path}?v={version}').headers['Cache-Control']
    assert 'immutable' not in browse().get(f'{path}?v=other').headers['Cache-Control']


@pytest.mark.parametrize('name', icons.DRAWN)
def test_a_drawn_icon_has_its_size_and_its_corners(name):
    size, is_round = icons.DRAWN[name]
    image = Image.open(BytesIO(icons.draw(icons.Icon('Q', 215), name))).convert('RGBA')
    assert image.size == (size, size)
    assert (image.getpixel((0, 0))[3] == 0) == is_round
    accent = tuple(bytes.fromhex(colours.hexadecimal(colours.ACCENT, 215)[1:]))
    assert close(image.getpixel((size // 2, size // 16))[:3], accent)
    assert len(image.getcolors(size * size)) > 10, 'there is a letter on it, with smooth edges'


@pytest.mark.parametrize('title, initial', [
    ('Quickpub', 'Q'), ('… the hills', 'T'), ('жизнь', 'Ж'), ('ßtrange', 'S'), ('山の本', '山'), ('!?', 'Q')])
def test_the_initial_is_the_first_letter_and_is_drawn(title, initial):
    assert icons.find_initial(title) == initial
    letter, _ = icon_drawing._find_font(initial, 40)
    assert letter == (icon_drawing.PLAIN if initial == '山' else initial)
    assert f'>{initial}<' in icons.write_svg(icons.Icon(initial, 0))


def test_the_initial_cannot_break_out_of_the_svg():
    assert '>&lt;<' in icons.write_svg(icons.Icon('<', 0))


def test_colours_are_those_of_the_style_sheet():
    assert [colours.hexadecimal(colours.ACCENT, hue) for hue in (215, 30)] == ['#00546b', '#762d23']  # as in chromium
    assert colours.hexadecimal((1, 0), 0) == '#ffffff' and colours.hexadecimal((0, 0), 0) == '#000000'
    assert colours.hexadecimal((0.628, 0.2577), 29) == '#ff0004'  # CSS: red is at 29.23 degrees
    sheet = (icon_drawing.fonts.FOLDER.parent / 'style.css').read_text()
    for (lightness, chroma), name in ((colours.ACCENT, 'accent'), (colours.ACCENT_IN_THE_DARK, 'accent')):
        assert f'--{name}: oklch({lightness:.0%} {chroma} var(--hue))' in sheet
    assert f'--paper: {colours.PAPER}' in sheet and f'--paper: {colours.DARK_PAPER}' in sheet


def test_name_and_colour_change_the_icon_and_the_frame_of_the_browser(site, browse):
    before, old = browse().get('/'), browse().get('/static/icons/icon-192.png').body
    with db.db.connection_context():
        Site.change(title='Walks', hue=30)
    after = browse().get('/')
    frames = [[meta['content'] for meta in page.html.select('meta[name=theme-color]')] for page in (before, after)]
    assert frames[1] == list(icons.Icon('W', 30).theme_colours) != frames[0]
    assert browse().get('/static/icons/icon-192.png').body != old
    assert {link['href'] for link in before.html.select('link[rel~=icon]')}.isdisjoint(
        link['href'] for link in after.html.select('link[rel~=icon]'))


def test_a_logo_becomes_the_icon_unless_it_is_a_long_word(olga, browse):
    owner = browse(olga)
    for size, is_used in (((1000, 100), False), ((600, 500), True)):
        content = picture('PNG', size, (200, 40, 40, 255), mode='RGBA')
        owner.post('/studio/images/logo/1/upload', upload_files=[('file', 'logo.png', content)])
        drain()
        page = browse().get('/')
        assert bool(page.html.select('link[rel=icon][type="image/png"]')) == is_used
        middle = image_at(browse(), '/static/icons/icon-512.png').getpixel((256, 140))
        assert close(middle, (200, 40, 40, 255)) == is_used
    assert image_at(browse(), '/apple-touch-icon.png').getpixel((90, 2)) == (253, 251, 247, 255)


def test_the_manifest_names_icons_that_are_there(site, browse):
    with db.db.connection_context():
        Site.change(title='Walks & hills', language='de')
    answer = browse().get('/site.webmanifest')
    found = json.loads(answer.body)
    assert answer.content_type == 'application/manifest+json' and found['name'] == 'Walks & hills'
    assert found['lang'] == 'de' and found['theme_color'] == icons.Icon('W', 215).theme_colours[0]
    assert {each['purpose'] for each in found['icons']} == {'any', 'maskable'}
    for each in found['icons']:
        width, _, _ = each['sizes'].partition('x')
        assert image_at(browse(), each['src']).width == int(width)


def test_other_names_are_not_found(site, browse):
    for name in ('icon-64.png', 'icon', '..%2Fstyle.css'):
        browse().get(f'/static/icons/{name}', status=404)


def test_a_web_process_does_not_load_pillow():
    code = ('import sys\nfrom quickpub import web\nfrom quickpub.look import icons\n'
            'icons.draw(icons.Icon("Q", 215), "icon-192.png")\nassert "PIL" not in sys.modules')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)
    assert not done.returncode, done.stderr
