"""The style sheet of the site: one file with its fonts and its colour; and the owner's own, which readers get too."""

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from ..models import Site
from . import fonts

BASE = Path(__file__).parents[1] / 'static/style.css'
COMMENT = re.compile(r'/\*.*?\*/', re.DOTALL)
SPACE = re.compile(r'(?<=[{};])\s+|\s+(?=[{}])|(?<=,)\n\s*')  # around rules, where it means nothing
VERSION = re.compile(r'([0-9a-f]{12})-(\d{1,3})-([a-z]{1,20})')


def version(site: Site) -> str:
    """Return what is in the URL of the style sheet: a digest that changes with every change of it, colour and fonts."""
    pair = site.fonts if site.fonts in fonts.PAIRS else fonts.DEFAULT
    return f'{_write(pair, site.hue)[1]}-{site.hue}-{pair}'


def find(wanted: str, site: Site) -> tuple[str, bool]:
    """Return the style sheet for what `version` returned, for this site or for a preview, and whether it is still of
    that version; for anything else, the present one of the site."""
    found = VERSION.fullmatch(wanted)
    if found and found[3] in fonts.PAIRS and int(found[2]) < 360:
        text, digest = _write(found[3], int(found[2]))
        return text, digest == found[1]
    return _write(site.fonts, site.hue)[0], False


def digest_own(site: Site) -> str:
    """Return a digest of the owner's own style sheet, '' if there is none."""
    return sha256(site.css.encode()).hexdigest()[:12] if site.css else ''


@lru_cache(8)
def _write(font_pair: str, hue: int) -> tuple[str, str]:
    pair = fonts.find_pair(font_pair)
    rules = SPACE.sub('', COMMENT.sub('', BASE.read_text('utf-8')))
    text = (f'{fonts.rules(pair)}{rules}\n:root {{ --hue: {hue}; '
            f'--reading: {fonts.stack(pair.reading)}; --interface: {fonts.stack(pair.interface)}; }}\n')
    return text, sha256(text.encode()).hexdigest()[:12]
