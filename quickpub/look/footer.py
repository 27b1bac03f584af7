"""The owner's words at the bottom of every page."""

from functools import lru_cache

from .. import text
from ..markup import markdown


@lru_cache(8)
def render(footer: str, language: str) -> str:
    """Return safe HTML of Markdown. Direction marks that could turn the words around it are left out."""
    return text.LASTING_MARK.sub('', markdown.to_html(footer, language=language))
