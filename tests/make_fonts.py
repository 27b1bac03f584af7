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
# For each kind a font that most machines have, under its three names, and the package with one whose letters have the
# same widths.
LOCAL = {'serif': (('Times New Roman', 'Liberation Serif', 'Tinos'), 'tinos'),
         'sans-serif': (('Arial', 'Liberation Sans', 'Arimo'), 'arimo')}
# Letters as often as a language uses them: of English per thousand, of others in the first article of human rights.
TEXTS = {
    'latin': ''.join(letter * often for letter, often in zip('etaoinsrhldcumfpgwybvkxjqz ', (
        120, 91, 81, 77, 73, 70, 63, 60, 59, 40, 43, 27, 29, 26, 23, 18, 20, 21, 21, 15, 11, 7, 2, 1, 1, 1, 180),
        strict=True)),
    'greek': 'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι '
             'με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης.',
    'cyrillic': 'Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью '
                'и должны поступать в отношении друг друга в духе братства.',
    'vietnamese': 'Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền. Mọi con người đều được '
                  'tạo hoá ban cho lý trí và lương tâm và cần phải đối xử với nhau trong tình anh em.'}


def fetch(family, folder, scope='@fontsource-variable'):
    """Unpack the newest package of a family into a folder. Needs npm."""
    made = subprocess.run(['npm', 'pack', '--silent', f'{scope}/{family}'], cwd=folder, check=True,
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


def fallback_rules(family, title, kind, package, likes):
    """Return the @font-face rules that give local fonts the widths and heights of a family (css-fonts-5, metrics
    overrides), for each style; of letters with other widths than Latin ones, for each script. `likes`: the folder with
    the package of a font whose letters are as wide as the local ones."""
    names, like = LOCAL[kind]
    for style in STYLES:
        local = ', '.join(f'local("{each}{" Italic" if style == "italic" else ""}")' for each in names)
        for script in TEXTS:
            measures = fallback(package / f'files/{family}-{script}-wght-{style}.woff2',
                                likes / f'files/{like}-{script}-400-{style}.woff2', TEXTS[script])
            limited = '' if script == 'latin' else f' unicode-range: {ranges(package)[script]};'
            yield (f'@font-face {{ font-family: "{title} fallback"; font-style: {style}; src: {local}; '
                   f'{measures}{limited} }}')


def fallback(source, like, text):
    """Return the CSS that gives one font the widths of the other in this text, and its heights."""
    font = instancer.instantiateVariableFont(TTFont(source, recalcTimestamp=False), {'wght': WEIGHTS[0]})
    em, heights = font['head'].unitsPerEm, font['hhea']
    other = TTFont(like)
    known = [letter for letter in text if ord(letter) in font.getBestCmap() and ord(letter) in other.getBestCmap()]
    scale = width(font, known) / width(other, known)
    return (f'size-adjust: {scale:.1%}; ascent-override: {heights.ascent / em / scale:.1%}; '
            f'descent-override: {-heights.descent / em / scale:.1%}; '
            f'line-gap-override: {heights.lineGap / em / scale:.1%};')


def width(font, letters):
    """Return the width of these letters in ems."""
    names, widths = font.getBestCmap(), font['hmtx']
    return sum(widths[names[ord(letter)]][0] for letter in letters) / font['head'].unitsPerEm


def main():
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    with TemporaryDirectory() as name:
        folder = Path(name)
        likes = {kind: fetch(like, folder, '@fontsource') for kind, (_, like) in LOCAL.items()}
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
            rules += fallback_rules(family, title, kind, package, likes[kind])
            (FOLDER / f'{family}.css').write_text('\n'.join(rules) + '\n', 'utf-8')


def display(script, style):
    """Return `optional` for the files that pages preload: where these are late all the same, the first page keeps its
    local font, because lines would break elsewhere and move what is below them."""
    return 'optional' if (script, style) == ('latin', 'normal') else 'swap'


def digest(data):
    return sha256(data).hexdigest()[:12]


if __name__ == '__main__':
    main()
