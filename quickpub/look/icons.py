"""The icon of the site: its logo, or the initial of its name on its colour."""

from base64 import b64decode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from html import escape

from ..sandbox import pool
from . import colours, icon_drawing

DESIGN = 1  # increase it with every change of how an icon looks
TYPES = {'svg': 'image/svg+xml', 'png': 'image/png', 'ico': 'image/vnd.microsoft.icon'}

# The name of each image that is drawn: its size in pixels, and whether its corners are round. Systems that cut icons
# to a shape of their own get square ones.
DRAWN = {
    'favicon.ico': (48, True),
    'apple-touch-icon.png': (180, False),
    'icon-192.png': (192, True),
    'icon-512.png': (512, True),
    'maskable-512.png': (512, False),
}
NAMES = ('icon.svg', *DRAWN)

SVG = '''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <style>
    rect {{ fill: {accent} }} text {{ fill: {paper} }}
    @media (prefers-color-scheme: dark) {{ rect {{ fill: {accent_in_the_dark} }} text {{ fill: {dark_paper} }} }}
  </style>
  <rect width="64" height="64" rx="14"/>
  <text x="32" y="49" text-anchor="middle" font-family="'Source Serif 4', Charter, 'Iowan Old Style', Georgia, serif" \
font-size="50" font-weight="600">{initial}</text>
</svg>
'''


@dataclass(frozen=True)
class Icon:
    """What an icon shows: a logo (the path of an image of ours), or an initial on a colour."""
    initial: str
    hue: int
    logo: str = ''

    @property
    def version(self) -> str:
        """Return what is in the URL of each image: a digest that changes with what it shows."""
        return sha256(repr((DESIGN, self.initial, self.hue, self.logo)).encode()).hexdigest()[:12]

    @property
    def theme_colours(self) -> tuple[str, str]:
        """Return the colours of a browser's frame around the page, in the light and in the dark."""
        return (colours.hexadecimal(colours.ACCENT, self.hue),
                colours.hexadecimal(colours.FRAME_IN_THE_DARK, self.hue))


def find_initial(title: str) -> str:
    """Return the first letter or digit of a name, large; 'Q' where there is none."""
    return next((each for each in title if each.isalnum()), 'Q').upper()[:1]


def write_svg(icon: Icon) -> str:
    """Return the initial as SVG."""
    return SVG.format(initial=escape(icon.initial), paper=colours.PAPER, dark_paper=colours.DARK_PAPER,
                      accent=colours.hexadecimal(colours.ACCENT, icon.hue),
                      accent_in_the_dark=colours.hexadecimal(colours.ACCENT_IN_THE_DARK, icon.hue))


@lru_cache(32)
def draw(icon: Icon, name: str) -> bytes:
    """Return one of DRAWN, drawn by a child process the first time. Raises Busy."""
    size, is_round = DRAWN[name]
    kind = 'ICO' if name.endswith('.ico') else 'PNG'
    accent = colours.hexadecimal(colours.ACCENT, icon.hue)
    if icon.logo:
        return b64decode(pool.call(icon_drawing.draw_logo, icon.logo, colours.PAPER, size, is_round, kind))
    return b64decode(pool.call(icon_drawing.draw_initial, icon.initial, accent, colours.PAPER, size, is_round, kind))
