"""What pages show of an author beside the name and the portrait."""

from typing import Any

from ..accounts import contacts
from ..look import bios
from ..models import Site, User
from .long_pages import render_long_html


def describe_author(author: User) -> dict[str, Any]:
    """Return the bio, as HTML and as plain text, and the links of an author, for a template."""
    if not author.bio:
        return {'bio': '', 'plain_bio': '', 'contacts': contacts.list_contacts(author)}
    language = Site.this().language
    return {'bio': render_long_html(bios.render(author.bio, language)), 'plain_bio': bios.plain(author.bio, language),
            'contacts': contacts.list_contacts(author)}
