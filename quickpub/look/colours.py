"""The site's colour where CSS cannot compute it: in images, and for browsers' own frames."""

from functools import cache
from math import cos, radians, sin

PAPER, DARK_PAPER = '#fdfbf7', '#1a1814'  # as in style.css

# Lightness from 0 to 1, and chroma, of the accent in style.css.
ACCENT, ACCENT_IN_THE_DARK, FRAME_IN_THE_DARK = (0.4, 0.105), (0.8, 0.075), (0.28, 0.022)


@cache
def hexadecimal(tone: tuple[float, float], hue: int) -> str:
    """Return oklch(lightness chroma hue) as #rrggbb, for a tone such as ACCENT and a hue in degrees. Colours that a
    screen may not have are cut to the nearest value of each channel."""
    lightness, chroma = tone
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long, medium, short = (part ** 3 for part in (
        lightness + 0.3963377774 * a + 0.2158037573 * b,
        lightness - 0.1055613458 * a - 0.0638541728 * b,
        lightness - 0.0894841775 * a - 1.2914855480 * b))
    linear = (4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
              -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
              -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short)
    return '#' + ''.join(f'{round(255 * _encode(each)):02x}' for each in linear)


def _encode(linear: float) -> float:
    """Return a channel in sRGB's gamma, from 0 to 1."""
    linear = min(1.0, max(0.0, linear))
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
