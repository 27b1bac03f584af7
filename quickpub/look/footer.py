"""The owner's words at the bottom of every page."""

from functools import lru_cache

from ..markup import markdown


@lru_cache(8)
def render(footer: str, language: str) -> str:
    """Return safe HTML of Markdown."""
    return markdown.to_html(footer, language=language)
