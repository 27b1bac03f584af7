"""Portraits of the demo's five authors, its logo, the image of its front page, and a figure inside a text."""

from functools import partial
from pathlib import Path

from PIL import ImageDraw, ImageFont

from .sheet import (
    BRICK,
    CORAL,
    DEEP,
    INK,
    LEAF,
    MIST,
    OCHRE,
    PAPER,
    ROSE,
    SAGE,
    SAND,
    SCALE,
    SKY,
    TEAL,
    Sheet,
    curve,
)

FONT = Path(__file__).parents[2] / 'quickpub/static/fonts/source-serif-4-latin-normal.woff2'
FIVE = (CORAL, OCHRE, SAGE, SKY, TEAL)


def _face(s: Sheet, x: float, y: float, size: float, skin: str, hair: str, coat: str, style: str) -> None:
    """Draw a head and shoulders; `size` is half of the width of the face."""
    if style == 'long':
        s.box(x - size * 1.25, y - size * 1.1, size * 2.5, size * 2.9, hair, (INK, 90, 0.4), size * 1.1)
    if style == 'bun':
        s.circle(x, y - size * 1.6, size * 0.5, hair)
    s.shape([*curve(x, y + size * 2.6, size * 1.9, size * 1.15, 180, 360), (x + size * 1.9, y + size * 5),
             (x - size * 1.9, y + size * 5)], coat, (INK, 70, 0.5))
    s.box(x - size * 0.36, y + size * 0.7, size * 0.72, size * 1.05, skin, (INK, 270, 0.4), size * 0.3)
    s.oval(x, y, size, size * 1.18, skin, (BRICK, 60, 0.35))
    if style == 'beard':
        s.shape(curve(x, y + size * 0.15, size, size * 1.15, 0, 180), hair)
        s.oval(x, y + size * 0.25, size * 0.78, size * 0.4, skin)
    if style == 'scarf':
        s.shape([*curve(x, y - size * 0.1, size * 1.2, size * 1.35, 165, 375), (x + size * 0.78, y - size * 0.35),
                 *curve(x, y - size * 0.2, size * 0.85, size * 0.75, 345, 195)], hair, (INK, 60, 0.4))
    else:
        s.shape([*curve(x, y - size * 0.25, size * 1.08, size * 1.12, 175, 365), *curve(
            x + (size * 0.25 if style == 'long' else 0), y - size * 0.2, size * 0.95, size * 0.52, 350, 190)], hair)
    for side in (-1, 1):
        s.circle(x + side * size * 0.38, y + size * 0.06, size * 0.085, INK)
        s.arc(x + side * size * 0.38, y - size * 0.06, size * 0.2, 215, 325, size * 0.06, hair if hair != SAND else INK)
        if style in ('bun', 'beard'):
            s.ring(x + side * size * 0.38, y + size * 0.06, size * 0.27, size * 0.06, INK)
        s.circle(x + side * size * 0.58, y + size * 0.42, size * 0.15, CORAL if style != 'beard' else skin)
    s.line([(x + size * 0.02, y + size * 0.05), (x + size * 0.1, y + size * 0.34), (x - size * 0.04, y + size * 0.36)],
           size * 0.06, BRICK)
    s.arc(x, y + size * 0.46, size * 0.32, 25, 155, size * 0.08, BRICK if style != 'beard' else PAPER)


PEOPLE = {
    'marta': (ROSE, '#d9d5cb', DEEP, 'bun', OCHRE), 'tunde': ('#7b4a38', '#2a1d1a', CORAL, 'short', SKY),
    'sadia': ('#b97f5f', LEAF, OCHRE, 'scarf', MIST), 'joaquin': ('#d9a27e', '#4a3228', SAGE, 'beard', ROSE),
    'aroha': ('#a86e50', '#1f2a2d', SKY, 'long', CORAL),
}


def draw_portrait(key: str) -> Sheet:
    skin, hair, coat, style, ground = PEOPLE[key]
    s = Sheet(ground, 480, 480)
    s.box(0, 0, 480, 480, ground, (INK, 60, 0.2))
    _face(s, 240, 215, 96, skin, hair, coat, style)
    return s


def draw_front() -> Sheet:
    """The five of them behind the long table."""
    s = Sheet(TEAL, 1600, 640)
    s.box(0, 0, 1600, 640, SKY, (TEAL, 90, 0.9))
    s.circle(1490, 120, 70, OCHRE, (CORAL, 60, 0.8))
    for n, key in enumerate(PEOPLE):
        skin, hair, coat, style, _ = PEOPLE[key]
        _face(s, 270 + n * 265, 270 + (n % 2) * 14, 62, skin, hair, coat, style)
    s.box(60, 470, 1480, 46, OCHRE, (BRICK, 0, 0.6), 10)
    s.box(60, 508, 1480, 132, BRICK, (INK, 90, 0.7))
    for n, cup in enumerate((CORAL, PAPER, DEEP, MIST, INK)):
        x = 375 + n * 255
        s.box(x, 424, 52, 50, cup, (INK, 0, 0.3), 8)
        s.ring(x + 56, 447, 15, 8, cup)
        s.shape([(x - 150, 474), (x - 40, 474), (x - 54, 458), (x - 136, 458)], PAPER)
    return s


def draw_logo(ink: str) -> Sheet:
    """Five people at a table, and the name."""
    s = Sheet(None, 872, 144)
    for n, colour in enumerate(FIVE):
        s.circle(26 + n * 38, 48, 15, colour)
    s.line([(12, 82), (194, 82)], 12, ink)
    for x in (38, 168):
        s.line([(x, 82), (x, 122)], 12, ink)
    font = ImageFont.truetype(str(FONT), 80 * SCALE)
    font.set_variation_by_axes([600])
    ImageDraw.Draw(s.image).text((232 * SCALE, 72 * SCALE), 'The Long Table', ink, font, anchor='lm')
    return s


def draw_joints() -> Sheet:
    """Three joints of solder from the side: a tent, a ball, and a bridge."""
    s = Sheet(MIST, 1200, 520)
    s.box(0, 400, 1200, 70, LEAF, (INK, 90, 0.6))
    for x in (220, 600, 900, 1040):
        s.box(x - 90 if x < 700 else x - 60, 388, 180 if x < 700 else 120, 16, OCHRE)
        s.line([(x, 120), (x, 512)], 22, BRICK)
    tent = [(-110, 390), (-52, 356), (-20, 270), (-11, 205), (11, 205), (20, 270), (52, 356), (110, 390)]
    s.shape([(220 + x, y) for x, y in tent], '#8aa4a6', (DEEP, 30, 0.9))
    s.oval(600, 318, 86, 76, '#8aa4a6', (DEEP, 60, 0.9))
    s.line([(548, 388), (652, 388)], 6, INK)
    s.shape([(830, 392), *curve(970, 392, 140, 170, 180, 360), (1110, 392)], '#8aa4a6', (DEEP, 60, 0.9))
    return s


OTHERS = {
    **{f'portrait-{key}.avif': partial(draw_portrait, key) for key in PEOPLE},
    'logo.webp': partial(draw_logo, INK), 'logo-dark.webp': partial(draw_logo, PAPER),
    'front.avif': draw_front, 'joints.avif': draw_joints,
}
