"""The style sheet of the site: one file with its fonts and its colour."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from ..models import Site
from . import fonts

BASE = Path(__file__).parents[1] / 'static/style.css'


def write(site: Site) -> str:
    """Return the style sheet in the fonts and the colour of the site."""
    return _write(site.fonts, site.hue)[0]


def version(site: Site) -> str:
    """Return a digest that changes with every change of the style sheet."""
    return _write(site.fonts, site.hue)[1]


@lru_cache(8)
def _write(font_pair: str, hue: int) -> tuple[str, str]:
    pair = fonts.find_pair(font_pair)
    text = (f'{fonts.rules(pair)}{BASE.read_text("utf-8")}\n:root {{ --hue: {hue}; '
            f'--reading: {fonts.stack(pair.reading)}; --interface: {fonts.stack(pair.interface)}; }}\n')
    return text, sha256(text.encode()).hexdigest()[:12]
