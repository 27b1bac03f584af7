"""Make quickpub/static/fonts anew from published packages: `make fonts`.

Each file is one style of one family for one script, with the weights that the site uses. A browser loads only the
scripts that are on the page. The fallbacks have the widths and heights of the fonts, so that nothing moves when these
arrive.
"""

import json
import subprocess
import sys
import tarfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.subset import Options, Subsetter, parse_unicodes
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from quickpub.look.fonts import FAMILIES, FOLDER

WEIGHTS = 400, 700
STYLES = 'normal', 'italic'
# Of the letters that Latin scripts need beyond Western Europe, those of living European languages and currencies.
EUROPEAN = ('U+0100-0130,U+0132-0151,U+0154-017F,U+0192,U+01C4-01CC,U+0218-021B,U+0237,U+02C7,U+02D8-02DB,U+02DD,'
            'U+1E02-1E03,U+1E0A-1E0B,U+1E1E-1E1F,U+1E40-1E41,U+1E56-1E57,U+1E60-1E61,U+1E6A-1E6B,U+1E80-1E85,U+1E9E,'
            'U+1EF2-1EF3,U+20A0-20AB,U+20AD-20C0')
SCRIPTS = 'latin', 'latin-ext', 'greek', 'cyrillic', 'vietnamese'
# For each kind a font that most machines have, under its three names.
LOCAL = {'serif': ('Times New Roman', 'Liberation Serif', 'Tinos'), 'sans-serif': ('Arial', 'Liberation Sans', 'Arimo')}
# How often letters are used in English, per hundred letters, and spaces beside them.
FREQUENCIES = dict(zip('etaoinsrhldcumfpgwybvkxjqz ', (
    12.0, 9.1, 8.1, 7.7, 7.3, 7.0, 6.3, 6.0, 5.9, 4.0, 4.3, 2.7, 2.9, 2.6, 2.3, 1.8, 2.0, 2.1, 2.1, 1.5, 1.1, .7, .2,
    .1, .1, .07, 18), strict=True))
# Advance widths of the metric-compatible Liberation fonts (and so of Times New Roman and Arial), in 2048ths of an em.
WIDTHS = {
    'serif': dict(zip('etaoinsrhldcumfpgwybvkxjqz ', (
        909, 569, 909, 1024, 569, 1024, 797, 682, 1024, 569, 1024, 909, 1024, 1593, 682, 1024, 1024, 1479, 1024, 1024,
        1024, 1024, 1024, 569, 1024, 909, 512), strict=True)),
    'sans-serif': dict(zip('etaoinsrhldcumfpgwybvkxjqz ', (
        1139, 569, 1139, 1139, 455, 1139, 1024, 682, 1139, 455, 1139, 1024, 1139, 1706, 569, 1139, 1139, 1479, 1024,
        1139, 1024, 1024, 1024, 455, 1139, 1024, 569), strict=True))}


def fetch(family, folder):
    """Unpack the newest package of a family into a folder. Needs npm."""
    made = subprocess.run(['npm', 'pack', '--silent', f'@fontsource-variable/{family}'], cwd=folder, check=True,
                          capture_output=True, text=True).stdout.split()[-1]
    with tarfile.open(folder / made) as packed:
        packed.extractall(folder / family, filter='data')
    return folder / family / 'package'


def ranges(package):
    """Return the characters of each script, as in CSS."""
    found = json.loads((package / 'unicode.json').read_text())
    return {script: EUROPEAN if script == 'latin-ext' else found[script] for script in SCRIPTS}


def make_file(source, wanted):
    """Return the font with these characters and our weights."""
    font = TTFont(source, recalcTimestamp=False)
    if 'wght' in {axis.axisTag for axis in font['fvar'].axes}:
        limited = BytesIO()
        instancer.instantiateVariableFont(font, {'wght': WEIGHTS}).save(limited)
        # Read again, because the subsetter misses glyphs that do not vary any more.
        font = TTFont(limited, recalcTimestamp=False)
    options = Options()
    options.layout_features = ['*']
    options.hinting = False
    options.flavor = 'woff2'
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=parse_unicodes(wanted.replace('U+', '')))
    subsetter.subset(font)
    font.flavor = 'woff2'
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def fallback(source, kind):
    """Return the CSS that gives a local font the widths and heights of this one (css-fonts-5, metrics overrides)."""
    font = instancer.instantiateVariableFont(TTFont(source, recalcTimestamp=False), {'wght': WEIGHTS[0]})
    em, heights, names, widths = font['head'].unitsPerEm, font['hhea'], font.getBestCmap(), font['hmtx']
    total = sum(FREQUENCIES.values())
    ours = sum(widths[names[ord(each)]][0] * often for each, often in FREQUENCIES.items()) / total / em
    theirs = sum(WIDTHS[kind][each] * often for each, often in FREQUENCIES.items()) / total / 2048
    scale = ours / theirs
    return (f'size-adjust: {scale:.1%}; ascent-override: {heights.ascent / em / scale:.1%}; '
            f'descent-override: {-heights.descent / em / scale:.1%}; '
            f'line-gap-override: {heights.lineGap / em / scale:.1%};')


def main():
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for family, (title, kind) in FAMILIES.items():
            package = fetch(family, folder)
            (FOLDER / f'{family}.LICENSE.txt').write_text((package / 'LICENSE').read_text('utf-8'), 'utf-8')
            rules = []
            for style in STYLES:
                for script, wanted in ranges(package).items():
                    made = make_file(package / f'files/{family}-{script}-wght-{style}.woff2', wanted)
                    file = FOLDER / f'{family}-{script}-{style}.woff2'
                    file.write_bytes(made)
                    rules.append(f'@font-face {{ font-family: "{title}"; font-style: {style}; font-weight: 400 700; '
                                 f'font-display: {display(script, style)}; '
                                 f'src: url("fonts/{file.name}?v={digest(made)}") format("woff2"); '
                                 f'unicode-range: {wanted}; }}')
                    print(f'{len(made) / 1000:6.1f} KB  {file.name}', file=sys.stderr)
            local = ', '.join(f'local("{each}")' for each in LOCAL[kind])
            metrics = fallback(package / f'files/{family}-latin-wght-normal.woff2', kind)
            rules.append(f'@font-face {{ font-family: "{title} fallback"; src: {local}; {metrics} }}')
            (FOLDER / f'{family}.css').write_text('\n'.join(rules) + '\n', 'utf-8')


def display(script, style):
    """Return `optional` for the files that pages preload: where these are late all the same, the first page keeps its
    local font, because lines would break elsewhere and move what is below them."""
    return 'optional' if (script, style) == ('latin', 'normal') else 'swap'


def digest(data):
    return sha256(data).hexdigest()[:12]


if __name__ == '__main__':
    main()
