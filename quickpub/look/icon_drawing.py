"""Draw icons with Pillow. Its functions run in a child process (see sandbox), so that no web process loads Pillow."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

from . import fonts

if TYPE_CHECKING:
    from PIL.Image import Image as ImageType
    from PIL.ImageFont import FreeTypeFont

FONT, SCRIPTS = 'source-serif-4', ('latin', 'latin-ext', 'cyrillic', 'greek', 'vietnamese')
MISSING = '\uffff'  # no font has it
PLAIN = '¶'  # in place of a letter that our fonts do not have
FINER = 4  # times as large when it is drawn, so that edges are smooth
CORNER, LETTER, MARGIN = 0.22, 0.78, 0.1  # of the size
CAPITAL = 0.67  # the height of a capital, of the size of its font


def draw_initial(letter: str, ground: str, ink: str, size: int, is_round: bool, kind: str) -> str:
    """Return an icon with a letter on a colour, in base64. `size` is in pixels, `kind` is PNG or ICO."""
    from PIL import Image, ImageDraw
    large = size * FINER
    letter, font = _find_font(letter, round(LETTER * large))
    image = Image.new('RGB', (large, large), ground)
    left, _, right, _ = font.getbbox(letter, anchor='ls')
    baseline = (1 + CAPITAL * LETTER) * large / 2
    ImageDraw.Draw(image).text(((large - left - right) / 2, baseline), letter, ink, font, anchor='ls')
    return _encode(image, size, is_round, kind)


def draw_logo(path: str, ground: str, size: int, is_round: bool, kind: str) -> str:
    """Return an icon with an image of ours on a colour, in base64."""
    from PIL import Image
    large = size * FINER
    image = Image.new('RGBA', (large, large), ground)
    with Image.open(path) as opened:
        logo = opened.convert('RGBA')
    scale = large * (1 - 2 * MARGIN) / max(logo.size)
    logo = logo.resize((max(1, round(logo.width * scale)), max(1, round(logo.height * scale))),
                       Image.Resampling.LANCZOS)
    image.alpha_composite(logo, ((large - logo.width) // 2, (large - logo.height) // 2))
    return _encode(image, size, is_round, kind)


def _find_font(letter: str, size: int) -> tuple[str, FreeTypeFont]:
    """Return the letter, or PLAIN if no font has it, and the font for it."""
    from PIL import ImageFont
    for wanted in (letter, PLAIN):
        for script in SCRIPTS:
            font = ImageFont.truetype(fonts.FOLDER / f'{FONT}-{script}-normal.woff2', size)
            font.set_variation_by_axes([600])
            if bytes(font.getmask(wanted)) != bytes(font.getmask(MISSING)):
                return wanted, font
    raise LookupError(PLAIN)


def _encode(image: ImageType, size: int, is_round: bool, kind: str) -> str:
    from PIL import Image, ImageDraw
    if is_round:
        mask = Image.new('L', image.size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, *image.size), CORNER * image.width, 255)
        image = image.convert('RGBA')
        image.putalpha(mask)
    image = image.resize((size, size), Image.Resampling.LANCZOS)
    file = BytesIO()
    image.save(file, kind, **({'sizes': [(16, 16), (32, 32), (size, size)]} if kind == 'ICO' else {'optimize': True}))
    return b64encode(file.getvalue()).decode()
