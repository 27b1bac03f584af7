"""What members write about themselves: Markdown, shown on their page and below their posts."""

from functools import lru_cache

from .. import text
from ..markup import excerpts, markdown


@lru_cache(64)
def render(bio: str, language: str) -> str:
    """Return safe HTML of Markdown. Direction marks that could turn the words around it are left out."""
    return text.LASTING_MARK.sub('', markdown.to_html(bio, language=language))


@lru_cache(64)
def plain(bio: str, language: str) -> str:
    """Return the same as one line of plain text, for feeds and descriptions."""
    return excerpts.in_one_line(excerpts.plain(render(bio, language)))
