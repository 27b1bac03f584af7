"""Make long pages one at a time, because threads share Python's lock."""

from contextlib import AbstractContextManager, nullcontext

from markupsafe import Markup

from ..codes import Code
from ..gates import Gate
from ..markup import markdown
from ..settings import current
from .authentication import current_user

LONG_PAGE = 100_000  # characters of HTML

# Strangers can ask for one page under any number of addresses, so they do not share a gate with members.
MANY, OF_MEMBERS = (Gate(at_once=1, waiting=10, patience=10, busy=Code('busy.pages')) for _ in range(2))


def render_long_html(html: str) -> Markup:
    """Return a post's safe HTML as a page shows it, with links below the prefix of the public URL. Raises Busy."""
    with _take_turn() if len(html) > LONG_PAGE else nullcontext():
        site = current()
        return Markup(markdown.for_page(html, site.path_prefix, site.origin))  # noqa: S704  # it is cleaned


def _take_turn() -> AbstractContextManager[None]:
    user = current_user()
    return OF_MEMBERS.entered(user.id) if user and user.is_verified else MANY.entered()
