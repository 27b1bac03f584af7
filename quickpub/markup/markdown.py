"""Markdown to safe HTML: parsed, cleaned, and with uploaded files in the place of their images. And safe HTML as a page
of this site, or a reader elsewhere, gets it."""

from collections.abc import Mapping

from .. import text
from . import cleaner, direction, formulas, images, links, parser, typography

# Increase it with every change of what `to_html`, `excerpts.excerpt`, `excerpts.beginning` or `excerpts.count_words`
# return for the same text: posts that an older version has rendered are rendered again in the background.
VERSION = 3


def to_html(source: str, files: Mapping[str, images.File] | None = None, language: str = 'en') -> str:
    """Return safe HTML of Markdown, with the quotation marks of this language. Nothing but TAGS, ATTRIBUTES and CLASSES
    of cleaner.py comes out, whatever the source is, and `files` (by digest) in the place of images at
    /media/<digest>/<name>."""
    html = cleaner.clean(parser.make_parser(typography.quotes(language)).render(text.body(source)))
    html = text.NOT_IN_TEXT.sub('\ufffd', html).strip()  # not '': java&#1;script: must not become javascript: now
    return images.show_files(html, files) if files else html


def for_page(html: str, prefix: str, origin: str = '') -> str:
    """Return safe HTML as a page of the site shows it: its paths below the prefix of the public URL, without images of
    other sites than the one with this origin, wide formulas in boxes that scroll, each block in the direction of its
    own words."""
    html = images.describe_foreign(links.below(html, prefix), origin)
    return direction.direct(formulas.in_boxes(html))


def absolute(html: str, site: str, path: str) -> str:
    """Return safe HTML of the post with this path, on the site with this URL, for readers elsewhere who do not have our
    stylesheet: with every link in full. It has no ids, because it may be shown beside other posts; links to its own
    parts and footnotes lead to the post's page."""
    html = links.below(images.remove_backdrops(html), site)
    html = direction.direct(html) if direction.has_rtl(html) else html
    return cleaner.clean_for_elsewhere(html, site + path)
