"""Photos of phones, which come as HEIC: taken where the extra `heic` is installed, else refused in words."""

from pathlib import Path

import pytest
from images import picture, prepared, send, uploads

from quickpub.media import drawing, files

HEIC = (Path(__file__).parents[1] / 'data/two-colours.heic').read_bytes()  # 160 x 120: red, and blue on the right


def test_a_heic_is_refused_in_words_without_the_library(studio, monkeypatch):
    monkeypatch.setattr(files, 'has_heic', lambda: False)
    answer = send(studio, ('IMG_0001.HEIC', HEIC), status=400)
    assert '“IMG_0001.HEIC” is not in a format that you can upload' in answer and not uploads()


def test_the_brands_of_phones_are_known_and_others_are_not(monkeypatch):
    monkeypatch.setattr(files, 'has_heic', lambda: True)
    for brand in (b'heic', b'heix', b'hevc', b'mif1', b'msf1'):
        assert files.find_ending(b'\0\0\0\x1cftyp' + brand) == 'heic'
    assert files.find_ending(b'\0\0\0\x1cftypavif') == 'avif' and files.find_ending(b'\0\0\0\x1cftypqt  ') is None


def test_a_heic_becomes_an_image_that_every_browser_shows(studio):
    upload = prepared(studio, HEIC, 'IMG_0001.HEIC')
    assert upload.file.state == 'ready' and upload.file.made['width'] == 160
    answer = studio.get(upload.path)
    assert upload.path.endswith('/img-0001.heic') and answer.content_type == 'image/jpeg'


def test_a_damaged_heic_is_named_as_such(tmp_path):
    (tmp_path / 'original').write_bytes(HEIC[:300])
    with pytest.raises((drawing.Unusable, OSError)):
        drawing.draw_variants(tmp_path / 'original', tmp_path, lambda percent: None)


def test_images_of_other_kinds_are_read_without_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, '_find_more_formats', lambda: ())
    (tmp_path / 'original').write_bytes(picture())
    assert drawing.draw_variants(tmp_path / 'original', tmp_path, lambda percent: None)['width'] == 1200
