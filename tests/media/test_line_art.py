"""Dark line art on open ground can be read on a dark page: it lies on a light plate there."""

import io

import pytest
from conftest import write
from images import prepared
from PIL import Image, ImageDraw

from quickpub import db
from quickpub.media import drawing
from quickpub.models import MediaFile, PlacedImage

BLACK, WHITE, CLEAR = (10, 10, 10, 255), (250, 250, 250, 255), (0, 0, 0, 0)


def drawn(ink, ground=CLEAR, width=4, kind='PNG', size=(600, 400)):
    image = Image.new('RGBA', size, ground)
    ImageDraw.Draw(image).line((0, 0, *size), ink, width)
    ImageDraw.Draw(image).ellipse((100, 100, 300, 300), outline=ink, width=width)
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize('content, is_dark', [
    (drawn(BLACK), True), (drawn(BLACK, width=1), True), (drawn((20, 40, 120, 255)), True), (drawn(WHITE), False),
    (drawn(BLACK, WHITE), False), (drawn(CLEAR, BLACK), False), (drawn(CLEAR), False),
    (drawn(BLACK, kind='WEBP'), True)],
    ids=['black lines', 'hairlines', 'blue lines', 'white lines', 'on white', 'nearly full', 'nothing', 'WebP'])
def test_how_dark_an_image_is(tmp_path, content, is_dark):
    (tmp_path / 'original').write_bytes(content)
    assert drawing.draw_variants(tmp_path / 'original', tmp_path, lambda percent: None)['is_dark'] == is_dark


def test_it_lies_on_a_plate_in_a_post(studio, alice, browse):
    for content, is_dark in ((drawn(BLACK), True), (drawn(WHITE), False)):
        upload = prepared(studio, content, 'art.png')
        with db.db.connection_context():
            post = write(alice, f'Art {is_dark}', body=f'![Art]({upload.path})')
        [found] = browse().get(post.path).html.select('.prose .picture')
        assert ('plate' in found['class']) == is_dark


def test_a_dark_logo_lies_on_a_plate_unless_there_is_another_for_the_dark(site, browse):
    made = {'width': 600, 'height': 400, 'colour': '', 'is_dark': False, 'moving': [], 'widths': {'png': [480, 600]}}
    with db.db.connection_context():
        MediaFile.create(digest='a' * 32, kind='image', ending='png', state='ready', made=made)
        PlacedImage.create(place='logo', owner_id=1, digest='a' * 32)
    assert not browse().get('/archive').html.select('.logo.plate')
    with db.db.connection_context():
        MediaFile.update(made=made | {'is_dark': True}).execute()
    assert browse().get('/archive').html.select('.logo.plate')
    with db.db.connection_context():
        PlacedImage.create(place='logo_dark', owner_id=1, digest='a' * 32)
    assert not browse().get('/archive').html.select('.logo.plate')
