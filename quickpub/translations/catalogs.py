"""The catalogs: one .po file per language beside this module, read when it is first needed. Nothing is compiled."""

import gettext
from io import BytesIO
from pathlib import Path

from babel.messages import mofile, pofile

FOLDER = Path(__file__).parent


def codes() -> list[str]:
    """Return the languages that have a catalog, as BCP 47 codes such as 'de' or 'pt-BR'."""
    return sorted(path.stem.replace('_', '-') for path in FOLDER.glob('*.po'))


def read(code: str) -> gettext.NullTranslations:
    """Return the translations of a language. A message that is missing or marked fuzzy is returned in English."""
    compiled = BytesIO()
    with path_of(code).open('rb') as file:
        mofile.write_mo(compiled, pofile.read_po(file))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def path_of(code: str) -> Path:
    """Return where the catalog of a language is."""
    return FOLDER / f'{code.replace("-", "_")}.po'
