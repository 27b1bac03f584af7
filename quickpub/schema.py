"""What the tables must look like. schema.sql is made from the migrations (`make schema`) and holds the same.

Compared when a site is opened: a database whose migrations were changed after they had run looks right by its list of
migrations, and breaks on the first page.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name('schema.sql')
COMMENT = re.compile(r'--[^\n]*|/\*.*?\*/', re.DOTALL)
TOKEN = re.compile(r"'(?:[^']|'')*'|[\w.]+|[^\w\s]")
END = ';\n\n'  # of a statement; no other semicolon precedes an empty line

Row = tuple[str, str, str]  # type, name and SQL, as in sqlite_master


def differences(found: Iterable[Row]) -> list[str]:
    """What differs from what this version needs, in words. What others have put into the file beside it (Litestream,
    ANALYZE, a table of one's own) does not matter."""
    actual = {(kind, name): _tokens(sql) for kind, name, sql in found}
    said = []
    for (kind, name), wanted in _wanted().items():
        there = actual.get((kind, name))
        if there is None:
            said.append(f'the {kind} {name} is missing')
        elif there != wanted:
            at = next((index for index, pair in enumerate(zip(there, wanted, strict=False)) if pair[0] != pair[1]),
                      min(len(there), len(wanted)))
            said.append(f'the {kind} {name} has "{_part(there, at)}" instead of "{_part(wanted, at)}"')
    return said


def to_text(found: Iterable[Row]) -> str:
    """These rows as the content of schema.sql: by name, without what belongs to a full-text index and to SQLite."""
    rows = list(found)
    virtual = [name for _, name, sql in rows if sql.upper().startswith('CREATE VIRTUAL')]
    kept = [(name, kind, sql) for kind, name, sql in rows
            if not name.startswith(('sqlite_', *(f'{each}_' for each in virtual))) or kind == 'trigger']
    return ''.join(f'{sql.strip()}{END}' for _, _, sql in sorted(kept))


@cache
def _tokens(sql: str) -> list[str]:
    """The words and signs of a statement: neither comments, spaces and capitals nor quotes around names count."""
    bare = re.sub(r'["`\[\]]', '', COMMENT.sub(' ', sql))
    return [token if token[0] == "'" else token.lower() for token in TOKEN.findall(bare)]


def _part(tokens: list[str], at: int) -> str:
    return ' '.join(tokens[max(0, at - 2):at + 4]) or 'nothing'


@cache
def _wanted() -> dict[tuple[str, str], list[str]]:
    found = {}
    for sql in FILE.read_text('utf-8').split(END):
        tokens = _tokens(sql)
        if tokens:
            words = [token for token in tokens if token not in ('unique', 'virtual')]
            found[words[1], words[2]] = tokens
    return found
