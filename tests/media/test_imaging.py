"""Whatever a browser shows becomes a picture: no metadata fails one, nor does a missing end. Real damage does."""

import random
import struct
import zlib
from io import BytesIO

import pytest
from conftest import drain
from images import prepared, uploads
from PIL import Image, ImageCms, ImageFile

from quickpub.codes import Code
from quickpub.media import drawing

RED = (200, 40, 40)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile('LAB')).tobytes()
TURNED = b'Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01'  # up to the value of EXIF's orientation


def drawn(mode='RGB', size=(120, 80)):
    """Much detail, and red on the left side: (10, 10) is red whatever is done to the end of the file."""
    image = Image.frombytes('RGB', size, random.Random(1).randbytes(3 * size[0] * size[1]))
    image.paste(RED, (0, 0, size[0] // 2, size[1] - 20))
    return image.convert(mode)


def saved(kind='JPEG', image=None, **options):
    file = BytesIO()
    (image or drawn()).save(file, kind, **options)
    return file.getvalue()


def app(number, body):
    """A JPEG with an application's segment."""
    content = saved()
    return content[:2] + b'\xff' + bytes([0xe0 + number]) + struct.pack('>H', len(body) + 2) + body + content[2:]


def chunk(name, body, wrong=0):
    return struct.pack('>I', len(body)) + name + body + struct.pack('>I', zlib.crc32(name + body) ^ wrong)


def png(*chunks):
    """A PNG with these after its header."""
    content = saved('PNG')
    return content[:33] + b''.join(chunks) + content[33:]


def rows(header, lines):
    raw = b''.join(b'\0' + line for line in lines)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 120, 80, *header))
            + chunk(b'IDAT', zlib.compress(raw)) + chunk(b'IEND', b''))


def interlaced():
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    return rows((8, 2, 0, 0, 1), [bytes(RED) * len(range(x, 120, dx)) for x, y, dx, dy in passes
                                  for _ in range(y, 80, dy)])


def cut(content, part):
    return content[:int(len(content) * part)]


JUNK = random.Random(2).randbytes(900)
GOOD = {
    'a profile that is none': saved(icc_profile=b'no profile' * 20),
    'a profile of zeros': saved(icc_profile=bytes(500)), 'a damaged profile': saved(icc_profile=SRGB[:128] + JUNK),
    'half a profile': saved(icc_profile=SRGB[:300]),
    'a profile for grey': saved(icc_profile=SRGB[:16] + b'GRAY' + SRGB[20:]),
    'a profile for Lab': saved(icc_profile=LAB),
    'a profile for RGB on CMYK': saved(image=drawn('CMYK'), icc_profile=SRGB),
    'a profile in parts, one missing': app(2, b'ICC_PROFILE\0\x02\x02' + SRGB[:200]),
    'PNG, a profile that is none': saved('PNG', icc_profile=JUNK), 'WebP, the same': saved('WEBP', icc_profile=JUNK),
    'AVIF, the same': saved('AVIF', icc_profile=JUNK),
    'PNG, a profile not packed': png(chunk(b'iCCP', b'x\0\0' + JUNK)), 'EXIF of junk': app(1, b'Exif\0\0' + JUNK),
    'EXIF cut off': app(1, TURNED[:16]),
    'EXIF that points outside': app(1, b'Exif\0\0II*\0\xff\xff\xff\x7f' + bytes(20)),
    'EXIF, orientation in letters': app(1, TURNED + b'\x02\0\x02\0\0\0a\0\0\0\0\0\0\0'),
    'EXIF, orientation 99': app(1, TURNED + b'\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0'),
    'EXIF in a circle': app(1, b'Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0'),
    'WebP, EXIF of junk': saved('WEBP', exif=b'junk'), 'PNG, EXIF of junk': png(chunk(b'eXIf', JUNK)),
    'XMP of junk': app(1, b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta \xff\xfe<<<'),
    'Adobe, too short': app(14, b'Adobe'), 'Photoshop of junk': app(13, b'Photoshop 3.0\x008BIM\x04\x04\xff\xff\xff'),
    'MPF of junk': app(2, b'MPF\0' + JUNK), 'JFIF, too short': app(0, b'JFIF\0\1'),
    'a marker filled up': saved()[:2] + b'\xff\xff' + saved()[2:],
    'PNG, words with a wrong sum': png(chunk(b'tEXt', b'a\0b', wrong=1)),
    'PNG, a profile with a wrong sum': png(chunk(b'iCCP', b'x\0\0' + zlib.compress(SRGB), wrong=1)),
    'PNG, words that grow': png(chunk(b'zTXt', b'a\0\0' + zlib.compress(bytes(5_000_000)))),
    'PNG, XMP of junk': png(chunk(b'iTXt', b'XML:com.adobe.xmp\0\1\0\0\0' + JUNK)),
    'PNG, pHYs too short': png(chunk(b'pHYs', b'\0')), 'PNG, gAMA empty': png(chunk(b'gAMA', b'')),
    'PNG, tRNS too short': png(chunk(b'tRNS', b'\0')), 'PNG, cHRM of zeros': png(chunk(b'cHRM', bytes(32))),
    'PNG, a chunk nobody knows': png(chunk(b'quUx', JUNK)), 'PNG, acTL too short': png(chunk(b'acTL', b'\0')),
    'PNG, frames that are not there': png(chunk(b'acTL', bytes(3) + b'\5' + bytes(4))),
    'WebP, said to be longer than it is': saved('WEBP')[:4] + b'\xff\xff\xff\x7f' + saved('WEBP')[8:],
    'trailing bytes': saved() + JUNK, 'PNG, trailing bytes': saved('PNG') + JUNK,
    'GIF, trailing bytes': saved('GIF') + JUNK, 'no end': saved()[:-2],
    'a little missing': cut(saved(quality=95), 0.97), 'a tenth missing': cut(saved(quality=95), 0.9),
    'restart markers missing at the end': cut(saved(quality=95, restart_marker_blocks=3), 0.95),
    'progressive': saved(progressive=True), 'progressive, cut off': cut(saved(progressive=True, quality=95), 0.8),
    'PNG, no end': saved('PNG')[:-12], 'PNG, cut off': cut(saved('PNG'), 0.9), 'GIF, no end': saved('GIF')[:-1],
    'grey': saved(image=drawn('L')), 'CMYK': saved(image=drawn('CMYK')),
    'PNG, grey and alpha': saved('PNG', drawn('LA')), 'PNG, black and white': saved('PNG', drawn('1')),
    'PNG, palette and alpha': saved('PNG', drawn().quantize(16), transparency=bytes( range(255, 239, -1))),
    'PNG, interlaced': interlaced(),
    'PNG, 16 bit': rows((16, 2, 0, 0, 0), [b''.join(bytes([each, 0]) for each in RED) * 120] * 80),
    'PNG, 16 bit, grey': rows((16, 0, 0, 0, 0), [b'\x55\0' * 120] * 80),
    'PNG, 16 bit, alpha': rows((16, 6, 0, 0, 0), [b''.join(bytes([each, 0]) for each in (*RED, 128)) * 120] * 80),
    'PNG, a black end, whole': saved('PNG', Image.new('RGB', (120, 80))),
    'a grey end, whole': saved(image=Image.new('RGB', (120, 80), (128, 128, 128)))}
COLOURLESS = {
    'grey': (88, 3), 'PNG, grey and alpha': (88, 3), 'PNG, black and white': (88, 200), 'PNG, 16 bit, grey': (85, 3),
    'PNG, a black end, whole': (0, 0), 'a grey end, whole': (128, 2)}


@pytest.fixture(autouse=True)
def pillow_as_it_was(monkeypatch):
    """What a child process sets for itself alone."""
    monkeypatch.setattr(ImageFile, 'LOAD_TRUNCATED_IMAGES', False)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', Image.MAX_IMAGE_PIXELS)


def made(content, folder):
    """The picture that every browser shows, after all variants were made."""
    (folder / 'original').write_bytes(content)
    found = drawing.draw_variants(folder / 'original', folder, print)
    assert list(folder.glob('*.avif')) or found['moving']
    with Image.open(next(path for path in folder.iterdir() if path.suffix in ('.jpg', '.png'))) as image:
        image.load()
    return image


@pytest.mark.filterwarnings('ignore::UserWarning')  # of Pillow, in words for whoever reads the log
@pytest.mark.parametrize('name', GOOD)
def test_whatever_a_browser_shows_is_taken(tmp_path, name):
    image = made(GOOD[name], tmp_path)
    assert image.size == (120, 80)
    grey, most = COLOURLESS.get(name, (None, 40))
    wanted = RED if grey is None else (grey,) * 3
    colour = image.convert('RGB').getpixel((10, 10))
    assert all(abs(one - other) <= most for one, other in zip(colour, wanted, strict=True))


@pytest.mark.parametrize('size', [(9_000, 1), (1, 9_000), (1, 1), (16_000, 2)])
@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'GIF'])
def test_a_line_is_a_picture_too(tmp_path, kind, size):
    (tmp_path / 'original').write_bytes(saved(kind, Image.new('RGB', size, RED)))
    found = drawing.draw_variants(tmp_path / 'original', tmp_path, print)
    assert (found['width'], found['height']) == size


@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation_is_obeyed_beside_junk(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(exif=exif, icc_profile=JUNK)
    content = content[:2] + b'\xff\xed' + struct.pack('>H', 10) + b'trash...' + content[2:]
    place = [(10, 10), (109, 10), (109, 69), (10, 69), (10, 10), (69, 10), (69, 109), (10, 109)][orientation - 1]
    image = made(content, tmp_path)
    assert image.size == ((120, 80) if orientation < 5 else (80, 120))
    assert all(abs(one - other) < 40 for one, other in zip(image.getpixel(place), RED, strict=True))


@pytest.mark.parametrize(('kind', 'part'), [('GIF', 0.8), ('PNG', 0.8), ('GIF', 0.45), ('PNG', 0.45)])
def test_what_moves_and_is_cut_off_moves_as_far_as_it_goes(tmp_path, kind, part):
    frames = [drawn(), drawn().rotate(180), drawn().rotate(90)]
    content = saved(kind, frames[0], save_all=True, append_images=frames[1:], duration=80)
    assert made(cut(content, part), tmp_path).size == (120, 80)
    assert (tmp_path / '120-moving.webp').exists()


BAD = {
    'a third': cut(saved(), 0.3), 'a header': saved()[:saved().index(b'\xff\xda') + 4],
    'zeros': b'\xff\xd8\xff' + bytes(999), 'PNG, a third': cut(saved('PNG'), 0.3), 'PNG, a header': saved('PNG')[:33],
    'PNG, junk': b'\x89PNG\r\n\x1a\n' + JUNK,
    'PNG, a header of nothing': b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', b'') + chunk(b'tRNS', b'x'),
    'GIF, a third': cut(saved('GIF', interlace=0), 0.3), 'WebP, half': cut(saved('WEBP'), 0.5),
    'AVIF, half': cut(saved('AVIF'), 0.5), 'no size': saved().replace(struct.pack('>HH', 80, 120), bytes(4), 1),
    'a start': b'\xff\xd8\xff'}


@pytest.mark.parametrize('name', BAD)
def test_real_damage_is_told_in_a_sentence(alice, browse, name):
    prepared(browse(alice), BAD[name])
    (upload,) = uploads()
    assert upload.file.state == 'failed'
    assert Code.from_json(upload.file.error).name in ('image.damaged', 'image.unreadable')


def test_a_photo_with_a_damaged_profile_comes_through_the_real_child(alice, browse):
    upload = prepared(browse(alice), GOOD['a damaged profile'], 'hill.png')
    assert (upload.file.state, upload.name, drain()) == ('ready', 'hill.jpg', 0)
