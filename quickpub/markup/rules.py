"""Rules for the Markdown parser that read links, tables, footnotes and formulas within limits.

Text beyond a limit (MAX_…) stays as it was typed. No honest text has so much, and without limits some rules of the
libraries are quadratic.
"""

import re
from collections.abc import Callable

from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.dollarmath.index import math_block_dollar, math_inline_dollar
from mdit_py_plugins.footnote.index import footnote_ref

from . import formulas

MAX_UNLINKED = 5_000  # brackets in one text that turn out to begin no link and no image
MAX_CELLS = 20_000  # of all tables in one text, with those that are added because a row has fewer than the heading
MAX_NOTED = 5_000  # marks of footnotes in one text: each of four characters makes two links
FOOTNOTE_MARK = re.compile(r'\[\^[^\s\]]{1,100}\]')
MATH_INLINE = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)
MATH_BLOCK = math_block_dollar(allow_labels=False, allow_blank_lines=False)


def read_bracketed(rule: Callable[[StateInline, bool], bool], state: StateInline, silent: bool) -> bool:
    """Read [a](/b) or ![a](/b) with the library's rule, which reads on at every level of nesting for each [ that is
    never closed."""
    if not state.src.startswith(('[', '!['), state.pos) or state.env.get('unlinked', 0) >= MAX_UNLINKED:
        return False
    found = rule(state, silent)
    if not found:
        state.env['unlinked'] = state.env.get('unlinked', 0) + 1
    return found


def read_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table. The library fills up short rows, so two characters may become a thousand cells."""
    left = MAX_CELLS - state.env.get('cells', 0)
    columns = state.src.count('|', state.bMarks[start], state.eMarks[start]) + 1
    if not columns <= left or not table(state, start, min(end, start + 1 + max(1, left // columns)), silent):
        return False
    if not silent:
        state.env['cells'] = state.env.get('cells', 0) + columns * (state.line - start - 1)
    return True


def read_footnote_ref(state: StateInline, silent: bool) -> bool:
    """Read [^1]. The plugin's rule looks for the ] to the end of the text, at each [^ again; this looks first, and not
    so far."""
    noted = state.env.get('noted', 0)
    if noted >= MAX_NOTED or not FOOTNOTE_MARK.match(state.src, state.pos) or not footnote_ref(state, silent):
        return False
    if not silent:
        state.env['noted'] = noted + 1
    return True


def read_inline_formula(state: StateInline, silent: bool) -> bool:
    """Read $a$, unless it is a price or a variable: a formula has no space at its ends and no letter before it."""
    before = state.src[state.pos - 1:state.pos]
    return not before.isalnum() and not formulas.PRICE.match(state.src, state.pos) and MATH_INLINE(state, silent)


def read_formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read $$…$$ on lines of its own. The plugin's rule looks for the end to the end of the text, at each $$ again."""
    return bool(formulas.BLOCK.match(state.src, state.bMarks[start] + state.tShift[start])) and MATH_BLOCK(
        state, start, end, silent)
