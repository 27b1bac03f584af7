"""Rendering Markdown within limits of time: its HTML, and the excerpt and title that follow from it."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from markupsafe import Markup

from ..codes import Rejected
from ..gates import TooMuch
from ..markup import excerpts, images, markdown
from ..sandbox import pool

SMALL = 5_000  # characters that are rendered without a child process; the worst of them take a tenth of a second
MAX_BEGINNING = 80  # characters of the title that a post without one is given
MAX_HTML = 10_000_000  # characters; honest text becomes twice as long, task lists and code up to twelve times


class Rendered(NamedTuple):
    html: str
    words: int
    excerpt: str
    beginning: str  # the title of a post without one


class Preview(NamedTuple):
    content: Markup  # safe HTML as a page shows it
    words: int
    excerpt: str


def render(source: str, files: Mapping[str, images.File], is_titled: bool, who: Hashable = None,
           patience: float | None = None, language: str = 'en') -> Rendered:
    """Return what is stored for this Markdown, which is written in `language`. For `who` and `patience` see
    gates.Gate.entered. Raises Busy, or Rejected for `body` if it takes too long."""
    return Rendered(*_in_time(_render, source, files, is_titled, language, who=who, patience=patience))


def preview(source: str, files: Mapping[str, images.File], prefix: str, who: Hashable = None,
            language: str = 'en', is_titled: bool = True, origin: str = '') -> Preview:
    """Return what readers would see of a text in this language, below the prefix of the public address, which has this
    origin. For `who` see gates.Gate.entered. Raises Busy, or Rejected for `body` if it takes too long."""
    content, words, excerpt = _in_time(_preview, source, files, prefix, origin, is_titled, language, who=who)
    return Preview(Markup(content), words, excerpt)  # noqa: S704  # it is cleaned


def _in_time(function: Callable[..., Any], source: str, files: Mapping[str, images.File], *args: Any,
             who: Hashable, patience: float | None = None) -> Any:
    plain = {digest: asdict(file) for digest, file in files.items()}
    try:
        if len(source) > SMALL:
            return pool.call(function, source, plain, *args, who=who, patience=patience)
        with pool.SMALL.entered(who, patience):
            return function(source, plain, *args)
    except TooMuch as error:
        raise Rejected('body.too_complex') from error


def _render(source: str, files: dict[str, dict[str, Any]], is_titled: bool, language: str) -> tuple[str, int, str, str]:
    html = _html(source, files, language)
    return (html, excerpts.count_words(html), excerpts.excerpt(html, with_headings=not is_titled),
            '' if is_titled else excerpts.beginning(html, MAX_BEGINNING))


def _preview(source: str, files: dict[str, dict[str, Any]], prefix: str, origin: str,
             is_titled: bool, language: str) -> tuple[str, int, str]:
    html = _html(source, files, language)
    return (markdown.for_page(html, prefix, origin), excerpts.count_words(html),
            excerpts.excerpt(html, with_headings=not is_titled))


def _html(source: str, files: dict[str, dict[str, Any]], language: str) -> str:
    html = markdown.to_html(source, {digest: images.File(**each) for digest, each in files.items()}, language)
    if len(html) > MAX_HTML:
        raise TooMuch('too_much.page')
    return html
