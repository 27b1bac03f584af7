"""Remove everything from HTML that is not on a list. The markup that our own rules make passes here too."""

import re
from typing import Any

import nh3

from . import formulas, highlighting, links

TAGS = frozenset(
    'a abbr b blockquote br caption cite code dd del details div dl dt em figcaption figure h2 h3 h4 h5 h6 hr i img '
    'ins kbd li mark ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th thead tr u '
    'ul var'.split()) | formulas.TAGS
ATTRIBUTES = formulas.ATTRIBUTES | {
    '*': {'id', 'lang', 'dir', 'title'}, 'a': {'href'}, 'details': {'open'}, 'img': {'src', 'alt', 'width', 'height'},
    'ol': {'start', 'reversed'}, 'td': {'colspan', 'rowspan'}, 'th': {'colspan', 'rowspan'}}
ATTRIBUTE_VALUES = formulas.ATTRIBUTE_VALUES | {
    'th': {'scope': {'col', 'row'}},
    'a': {'aria-label': {'Back to the text'}},
    'span': {'role': {'img'}, 'aria-label': {'done', 'to do'}},
    'div': {'role': {'group'}, 'aria-label': {'Table', 'Formula'}, 'tabindex': {'0'}}}
CLASSES = {
    'a': {'footnote-back'}, 'sup': {'footnote-ref'}, 'section': {'footnotes'}, 'div': {'table', 'formula'},
    'ul': {'contains-task-list'}, 'ol': {'contains-task-list'}, 'li': {'task-list-item', 'footnote-item'},
    'th': {'center', 'right'}, 'td': {'center', 'right'},
    'code': {f'language-{name}' for name in highlighting.LANGUAGES}, 'span': {'check'} | highlighting.CLASSES}

# What images.py adds after the cleaning.
PLAYED = {'src', 'controls', 'preload', 'aria-label'}
SHOWN = {
    'picture': set(), 'source': {'type', 'media', 'srcset', 'sizes'}, 'audio': PLAYED, 'video': PLAYED,
    'a': {'href', 'download'}, 'img': {'src', 'alt', 'width', 'height', 'srcset', 'sizes', 'decoding'}}


def clean(html: str) -> str:
    """Return the HTML with nothing but TAGS, ATTRIBUTES and CLASSES."""
    return CLEANER.clean(html)


def clean_for_elsewhere(html: str, base: str) -> str:
    """Return safe HTML for readers outside of this site: without ids, and with links relative to this web address."""
    shown = RULES | {'tags': TAGS | SHOWN.keys(), 'attributes': ATTRIBUTES | SHOWN | {'*': ATTRIBUTES['*'] - {'id'}}}
    return nh3.Cleaner(**shown, url_relative=('rewrite_with_base', base)).clean(html)


def _own_values(tag: str, attribute: str, value: str) -> str | None:
    """Return the value to keep. An id that the parser did not make could be taken for one of the page's, by a link or a
    label."""
    if tag in ('mspace', 'mo') and attribute in formulas.ATTRIBUTES[tag]:
        return value if formulas.LENGTH.fullmatch(value) else None
    return value if attribute != 'id' or re.match(r'h-|fn(ref)?\d', value) else f'h-{value}'


RULES: dict[str, Any] = dict(
    tags=set(TAGS), attributes=ATTRIBUTES, tag_attribute_values=ATTRIBUTE_VALUES, allowed_classes=CLASSES,
    attribute_filter=_own_values, set_tag_attribute_values={'img': {'loading': 'lazy'}, 'pre': {'tabindex': '0'}},
    url_schemes=set(links.SCHEMES), link_rel='noopener')
CLEANER = nh3.Cleaner(**RULES)
