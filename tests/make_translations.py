"""Extract all messages of the code and the templates into the catalogs; list what is missing: `make translations`.

A message that is new is in English until somebody has translated it in quickpub/translations/<language>.po.
"""

from pathlib import Path

from babel.messages import Catalog, pofile
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from quickpub.translations import catalogs

PACKAGE = catalogs.FOLDER.parent
MAPPING = PACKAGE.parent / 'babel.cfg'
KEYWORDS = DEFAULT_KEYWORDS | {'N_': None, 'N_plural': (1, 2)}
FOR_TRANSLATORS = ['NOTE:', 'NOTE: ']  # how their comments begin; Jinja's extraction compares the whole beginning


def extract() -> Catalog:
    """Return every message of the package, with the files that it is in."""
    found = Catalog(project='Quickpub', charset='utf-8', fuzzy=False)
    with MAPPING.open() as file:
        methods, options = parse_mapping_cfg(file)
    for name, _, message, comments, context in extract_from_dir(
            PACKAGE, methods, options, KEYWORDS, FOR_TRANSLATORS, strip_comment_tags=True):
        found.add(message, locations=[(f'quickpub/{name}', 0)], auto_comments=comments, context=context)
    return found


def merge(path: Path, messages: Catalog) -> Catalog:
    """Bring a catalog up to date: new messages without a translation, and none that is not used any more."""
    with path.open('rb') as file:
        catalog = pofile.read_po(file)
    messages.creation_date = catalog.creation_date  # a catalog that says the same stays the same file
    catalog.update(messages, no_fuzzy_matching=True)
    with path.open('wb') as file:
        pofile.write_po(file, catalog, width=0, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    return catalog


def missing(catalog: Catalog) -> list[str]:
    """Return the messages that are shown in English because they have no translation, or not every plural form."""
    return [message.id if isinstance(message.id, str) else message.id[0] for message in catalog
            if message.id and (message.fuzzy or not all(forms(message.string)))]


def forms(words: str | tuple[str, ...] | None) -> list[str]:
    """Return the plural forms of a message or a translation; of one without a plural its only form."""
    return [words or ''] if isinstance(words, str | None) else list(words)


def main() -> None:
    messages = extract()
    for code in catalogs.codes():
        catalog = merge(catalogs.path_of(code), messages)
        left = missing(catalog)
        print(f'{code}: {len(catalog) - len(left)} of {len(catalog)} messages are translated')
        for message in left:
            print(f'  {message}')


if __name__ == '__main__':
    main()
