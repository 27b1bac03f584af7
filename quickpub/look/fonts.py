"""The pairs of fonts that an owner can choose from. `make fonts` makes the files (see tests/make_fonts.py)."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parents[1] / 'static/fonts'


@dataclass(frozen=True)
class Pair:
    """The family for reading and headings, and the one for navigation, forms and tables: names in FAMILIES."""
    reading: str
    interface: str

    @property
    def families(self) -> tuple[str, ...]:
        """Both, or the one that is used for everything."""
        return tuple(dict.fromkeys((self.reading, self.interface)))


# The name of each family, and the generic family in place of it for scripts that it lacks.
FAMILIES = {
    'source-serif-4': ('Source Serif 4', 'serif'),
    'source-sans-3': ('Source Sans 3', 'sans-serif'),
    'literata': ('Literata', 'serif'),
    'inter': ('Inter', 'sans-serif'),
}
PAIRS = {
    'book': Pair('source-serif-4', 'source-sans-3'),
    'magazine': Pair('literata', 'inter'),
    'plain': Pair('inter', 'inter'),
}
DEFAULT = 'book'


def find_pair(name: str) -> Pair:
    """Return the pair with this name; the default one where another version has stored a name that is unknown."""
    return PAIRS.get(name, PAIRS[DEFAULT])


def stack(family: str) -> str:
    """Return the value of font-family: the font, its fallback of the same measures, and any font of its kind."""
    title, generic = FAMILIES[family]
    return f'"{title}", "{title} fallback", {generic}'


@cache
def rules(pair: Pair) -> str:
    """Return the @font-face rules of a pair."""
    return ''.join((FOLDER / f'{family}.css').read_text('utf-8') for family in pair.families)


@cache
def preloads(pair_name: str) -> tuple[str, ...]:
    """Return the paths below /static of the files that nearly every page needs: upright Latin letters."""
    names = [f'{family}-latin-normal.woff2' for family in find_pair(pair_name).families]
    return tuple(f'fonts/{name}?v={digest(name)}' for name in names)


@cache
def digest(name: str) -> str:
    """Return the digest of a file, which is in its URL. Raises FileNotFoundError."""
    return sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
