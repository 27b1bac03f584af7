"""Compare the tables of a database with those that this version needs.

The latter are in schema.sql, which `make schema` makes from the migrations. The list of migrations in a database does
not tell enough: one may have been changed after it had run.
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
    """Return in words what differs from what this version needs. Additions of others (Litestream, ANALYZE) do not
    matter."""
    actual = {(kind, name): _tokens(sql) for kind, name, sql in found}
    found_differences = []
    for (kind, name), wanted in _wanted().items():
        present = actual.get((kind, name))
        if present is None:
            found_differences.append(f'the {kind} {name} is missing')
        elif present != wanted:
            at = next((index for index, pair in enumerate(zip(present, wanted, strict=False)) if pair[0] != pair[1]),
                      min(len(present), len(wanted)))
            found_differences.append(f'the {kind} {name} has "{_part(present, at)}" instead of "{_part(wanted, at)}"')
    return found_differences


def to_text(found: Iterable[Row]) -> str:
    """Return these rows as the content of schema.sql: by name, without those that SQLite itself or a full-text index
    makes."""
    rows = list(found)
    virtual = [name for _, name, sql in rows if sql.upper().startswith('CREATE VIRTUAL')]
    kept = [(name, kind, sql) for kind, name, sql in rows
            if not name.startswith(('sqlite_', *(f'{each}_' for each in virtual))) or kind == 'trigger']
    return ''.join(f'{sql.strip()}{END}' for _, _, sql in sorted(kept))


@cache
def _tokens(sql: str) -> list[str]:
    """Return the words and signs of a statement, without comments, case, spaces and quotes around names."""
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
