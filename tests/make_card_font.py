"""Make quickpub/look/card.ttf anew from published packages: `make card-font`.

It is one font with the letters of many scripts, because a drawing, other than a browser, cannot take a letter that is
missing from another font.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from make_fonts import fetch

from quickpub.look.card_text import FONT

WEIGHT = 600
# The family with each script; the first one that has a letter is used for it.
SCRIPTS = {
    'noto-serif': ('latin', 'latin-ext', 'vietnamese', 'greek', 'greek-ext', 'cyrillic', 'cyrillic-ext'),
    'noto-naskh-arabic': ('arabic',),
    'noto-serif-hebrew': ('hebrew',),
}


def make_still(source, place):
    """Write one weight of a font, without hints, to a file that can be merged."""
    font = TTFont(source, recalcTimestamp=False)
    wanted = {axis.axisTag: axis.defaultValue for axis in font['fvar'].axes} | {'wght': WEIGHT}
    font = instancer.instantiateVariableFont(font, wanted)
    options = Options()
    options.layout_features = ['*']
    options.hinting = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=font.getBestCmap())
    subsetter.subset(font)
    font.flavor = None
    font.save(place)
    return str(place)


def main():
    with TemporaryDirectory() as name:
        folder, parts, licences = Path(name), [], []
        for family, scripts in SCRIPTS.items():
            package = fetch(family, folder)
            licences.append((package / 'LICENSE').read_text('utf-8'))
            parts += [make_still(package / f'files/{family}-{script}-wght-normal.woff2', folder / f'{script}.ttf')
                      for script in scripts]
        merged = Merger().merge(parts)
        merged.save(FONT)
        FONT.with_suffix('.LICENSE.txt').write_text('\n\n'.join(dict.fromkeys(licences)), 'utf-8')
    print(f'{FONT.stat().st_size / 1000:.0f} KB  {FONT.name}', file=sys.stderr)


if __name__ == '__main__':
    main()
