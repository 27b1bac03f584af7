"""Highlight code with Pygments, within limits of time."""

import re
from collections.abc import Iterable, Iterator
from time import thread_time
from typing import Any

import pygments
from markdown_it.rules_core import StateCore
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

# Languages whose lexers need no seconds for one hostile line (see MAX_CODE_TIME), unlike `console` and `ini`.
LANGUAGES = frozenset(
    'bash c cpp css diff docker go haskell html java javascript js json kotlin lua make php pycon py python r ruby '
    'rust sh sql swift toml ts typescript xml yaml'.split())
CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)
MAX_CODE = 10_000  # characters of one piece of code, to be highlighted
MAX_CODE_TIME = 0.5  # seconds of work for all of them, checked between two words: many lexers are quadratic
MUCH_SPACE = re.compile(r'\s{100}')  # the only thing that makes a single step of the C lexer take a minute


def highlight_code(state: StateCore) -> None:
    """Give fenced code in one of LANGUAGES Pygments' classes. A rule for the parser's tokens."""
    deadline = thread_time() + MAX_CODE_TIME
    for token in state.tokens:
        if token.type == 'fence':
            language = token.info.strip().partition(' ')[0].lower()
            token.info = language if language in LANGUAGES else ''
            is_small = len(token.content) <= MAX_CODE and not MUCH_SPACE.search(token.content)
            if token.info and is_small and thread_time() < deadline:
                parts = get_lexer_by_name(language, stripnl=False).get_tokens(token.content)
                try:
                    code = pygments.format(_in_time(parts, deadline), HtmlFormatter(nowrap=True))
                except TimeoutError:
                    continue
                token.type = 'html_block'
                token.content = f'<pre><code class="language-{language}">{code}</code></pre>\n'


def _in_time(parts: Iterable[Any], deadline: float) -> Iterator[Any]:
    for part in parts:
        if thread_time() > deadline:
            raise TimeoutError
        yield part
