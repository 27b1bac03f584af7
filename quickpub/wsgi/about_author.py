"""What pages show of an author beside the name and the portrait."""

from datetime import datetime
from typing import Any, NamedTuple

from markupsafe import Markup

from ..accounts import contacts
from ..content import related
from ..look import bios
from ..models import Post, Site, User
from .long_pages import render_long_html


class Writer(NamedTuple):
    """One of the authors of a post, as the end of its page shows them."""
    author: User
    bio: Markup | str
    posts: int  # that they have published; 0 if that is not shown


def describe_writers(post: Post, at: datetime | None = None) -> list[Writer]:
    """Return the authors of a post, in the order of the by-line; with the number of their posts at a time."""
    return [Writer(author, _render_bio(author), related.count_by(author, at) if at else 0) for author in post.authors]


def describe_author(author: User) -> dict[str, Any]:
    """Return the bio, as HTML and as plain text, and the links of an author, for a template."""
    return {'bio': _render_bio(author), 'contacts': contacts.list_contacts(author),
            'plain_bio': bios.plain(author.bio, Site.this().language) if author.bio else ''}


def _render_bio(author: User) -> Markup | str:
    return render_long_html(bios.render(author.bio, Site.this().language)) if author.bio else ''
