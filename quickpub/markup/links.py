"""Links in a text: which schemes are allowed, which bare web addresses become links, and paths of this site."""

import re
import unicodedata
from urllib.parse import urlsplit

from linkify_it import LinkifyIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

# Those of the HTML standard's list (registerProtocolHandler) that people write to each other, without ssh and sftp,
# whose programs have executed parts of links.
SCHEMES = frozenset('http https mailto tel sms geo xmpp matrix im irc ircs sip sips webcal news magnet'.split())
SCHEME = re.compile(r'[a-z][a-z0-9+.-]*(?=:)')
PICTURE_DATA = re.compile('data:image/(gif|png|jpeg|webp);')


def is_live(url: str) -> bool:
    """Return whether a link may lead to this URL. The Markdown of other links is shown as typed."""
    scheme = SCHEME.match(url.strip().lower())
    # The cleaner removes such an image; as typed, it would be thousands of letters.
    return not scheme or scheme[0] in SCHEMES or bool(PICTURE_DATA.match(url.strip().lower()))


# Bare web addresses

MAX_URL = 2_000  # characters
LINKIFY = LinkifyIt({}, {'fuzzy_link': False, 'fuzzy_email': False, 'fuzzy_ip': False})
for each in ('ftp:', '//', 'mailto:'):
    LINKIFY.add(each, None)
BARE = re.compile(r'(?<![a-z0-9.+-])https?$', re.IGNORECASE)
ENDING = ('Ps', 'Pe', 'Pi', 'Pf', 'Po')  # brackets, quotation marks and other punctuation
WITHIN_WORDS = '·・’'  # such as /wiki/マイケル・ジャクソン


def find_bare_link(state: StateInline, silent: bool) -> bool:
    """Make `https://…` a link without brackets. (The library's rule copies the rest of the text at each `://`.)"""
    if state.linkLevel or not state.src.startswith('://', state.pos):
        return False
    scheme = BARE.search(state.pending[-10:])
    if not scheme:
        return False
    start = state.pos - len(scheme[0])
    found = LINKIFY.match_at_start(state.src[start:min(start + MAX_URL, state.posMax)])
    url = _without_what_follows(found.url, state.src[start - 1:start]) if found else ''
    target = state.md.normalizeLink(url)
    if len(url) <= len(scheme[0]) + 3 or not state.md.validateLink(target):
        return False
    if not silent:
        state.pending = state.pending[:-len(scheme[0])]
        opening = state.push('link_open', 'a', 1)
        opening.attrs = {'href': target}
        opening.info = 'auto'
        state.push('text_special', '', 0).content = state.md.normalizeLinkText(url)  # which no typographic rule changes
        state.push('link_close', 'a', -1).info = 'auto'
    state.pos = start + len(url)
    return True


def _without_what_follows(url: str, before: str) -> str:
    """Return the URL without the sentence after it: it ends before 」 and 。, which no space precedes, and before
    markers of emphasis."""
    for position, character in enumerate(url):
        is_within_word = character in WITHIN_WORDS and url[position + 1:position + 2].isalpha()
        if not character.isascii() and unicodedata.category(character) in ENDING and not is_within_word:
            url = url[:position]
            break
    url = re.split(r'\*\*|~~', url)[0].rstrip('*')
    return url.rstrip('_') if before == '_' else url


CODE_TAG = re.compile(r'<(/?)(?:code|pre|kbd|samp)\b', re.IGNORECASE)


def unlink_code(state: StateCore) -> None:
    """Remove the links of bare web addresses in code that is marked with HTML, as in code between backticks."""
    for block in state.tokens:
        depth = 0
        for token in block.children or ():
            if token.type == 'html_inline' and (tag := CODE_TAG.match(token.content)):
                depth = max(0, depth - 1 if tag[1] else depth + 1)
            elif depth and token.info == 'auto' and token.type in ('link_open', 'link_close'):
                token.type, token.tag, token.nesting, token.attrs, token.content = 'text', '', 0, {}, ''


# Paths of this site. A text has paths such as /p/hills, because the URL of the site may change.

# In cleaned HTML, every value is in double quotes.
TAG = re.compile('<(?:a|audio|img|source|video)(?: [a-z]+(?:-[a-z]+)?(?:="[^"]*")?)*>')
ADDRESS = re.compile(' (href|src|srcset)="([^"]*)"')
PATH = re.compile('(?:^|(?<=, ))/(?!/)[^ ]*')  # in `srcset`, each before its width
OWN = re.compile(r'/(?:(?:p|t|media|static|archive|search|feed\.xml|feed\.json)(?![\w-])|@)')


def below(html: str, base: str) -> str:
    """Return safe HTML with every path of this site below `base`, which is a path or the site's whole URL. Paths that
    were typed with it stay as they are."""
    parts = urlsplit(base)
    origin, prefix = base[:len(base) - len(parts.path)] if parts.netloc else '', parts.path

    def extend(path: re.Match[str]) -> str:
        return origin + (path[0] if _is_below(path[0], prefix) else prefix + path[0])

    def extend_all(tag: re.Match[str]) -> str:
        return ADDRESS.sub(lambda each: f' {each[1]}="{PATH.sub(extend, each[2])}"', tag[0])
    return TAG.sub(extend_all, html) if base else html


def _is_below(path: str, prefix: str) -> bool:
    """Return whether a path begins with the prefix. If the prefix is also a path of ours, such as /p, the rest of the
    path decides."""
    if not prefix or not re.match(re.escape(prefix) + '(?![^/?#])', path):
        return False
    return not OWN.match(path) or bool(OWN.match(path[len(prefix):]))
