"""Show uploaded files in the place of the images of a text: variants of images, players, and links to documents."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

# In cleaned HTML, every value is in double quotes and contains none.
IMAGE = re.compile('<img(?: [a-z]+="[^"]*")*>')
ATTRIBUTE = re.compile('([a-z]+)="([^"]*)"')
FILE_PATH = re.compile(r'/media/([0-9a-f]{32})/([^/?#]+)')
SIZES = 'auto, (min-width: 66em) 64em, 100vw'  # of a figure, the widest place; newer browsers use `auto`
USUAL_WIDTH = 800  # for browsers that do not choose
SMALLEST = 320  # narrower variants are for portraits
ELSEWHERE = re.compile(r'\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})', re.IGNORECASE)
BACKDROP = re.compile('(?<=<span class="picture">)<svg .*?</svg>')


@dataclass(frozen=True)
class File:
    """An uploaded file that a text mentions, as far as a page must know it; of an image, once it is processed."""
    kind: str  # image, audio, video, document
    width: int = 0
    height: int = 0
    colour: str = ''  # the dominant one, such as '#6b7f4c'; '' if any part is transparent
    is_dark: bool = False  # and mostly dark where it is not transparent
    is_failed: bool = False  # there will never be anything to show
    moving: Sequence[int] = ()  # widths of an animation, as WebP
    widths: Mapping[str, Sequence[int]] = field(default_factory=dict)  # by ending; the last ending is for every browser


def show_files(html: str, files: Mapping[str, File]) -> str:
    """Return cleaned HTML with what shows each of these files (by digest) in the place of the image at its path."""
    return IMAGE.sub(partial(_show, files), html)


def describe_foreign(html: str, origin: str) -> str:
    """Return safe HTML with the description of each image of another site in its place, because no page makes readers'
    browsers ask other sites for anything. `origin`: of this site, such as 'https://example.org'."""
    def describe(image: re.Match[str]) -> str:
        attributes = dict(ATTRIBUTE.findall(image[0]))
        source = attributes.get('src', '')
        is_foreign = ELSEWHERE.match(source) and not (origin and source.startswith(f'{origin}/'))
        return attributes.get('alt', '') if is_foreign else image[0]
    return IMAGE.sub(describe, html)


def remove_backdrops(html: str) -> str:
    """Return the HTML without the colours behind images, which need our stylesheet."""
    return BACKDROP.sub('', html)


def _show(files: Mapping[str, File], image: re.Match[str]) -> str:
    """Return the HTML for one image; all values are escaped already."""
    attributes = dict(ATTRIBUTE.findall(image[0]))
    path, alt = attributes.get('src', ''), attributes.get('alt', '')
    found = FILE_PATH.fullmatch(path)
    file = files.get(found[1]) if found else None
    if found is None or file is None:
        return image[0]
    if file.kind in ('audio', 'video'):
        return f'<{file.kind} src="{path}" aria-label="{alt}" controls preload="metadata"></{file.kind}>'
    if file.kind == 'document':
        return f'<a href="{path}" download>{alt or found[2]}</a>'
    if file.is_failed:
        return alt
    if not file.widths:
        named = f' role="img" aria-label="{alt}"' if alt else ''
        return f'<span class="picture waiting"{named}></span>'
    return _picture(file, f'/media/{found[1]}', alt, attributes.get('title'))


def _picture(file: File, place: str, alt: str, title: str | None) -> str:
    """Return the HTML for a processed image. The browser takes the smallest variant that is sharp, and keeps the space,
    in the image's colour, until it has arrived."""
    def chosen(ending: str, widths: Sequence[int]) -> str:
        return f'srcset="{", ".join(f"{place}/{width}{ending} {width}w" for width in widths)}" sizes="{SIZES}"'

    def shown(ending: str) -> Sequence[int]:
        return [width for width in file.widths[ending] if width >= SMALLEST] or file.widths[ending]

    *newer, usual = file.widths
    sources = [f'<source type="image/{ending}" {chosen(f".{ending}", shown(ending))}>' for ending in newer]
    if file.moving:
        still, ending, widths = chosen(f'.{usual}', shown(usual)), '-moving.webp', file.moving
        sources = [f'<source media="(prefers-reduced-motion: reduce)" {still}>']
    else:
        ending, widths = f'.{usual}', shown(usual)
    titled = f' title="{title}"' if title else ''
    backdrop = ('<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true"><rect width="1" height="1" '
                f'fill="{file.colour}"/></svg>') if file.colour else ''
    src = next((width for width in widths if width >= USUAL_WIDTH), widths[-1])
    plate = ' plate' if file.is_dark else ''  # a light ground behind it on dark pages
    return (f'<span class="picture{plate}">{backdrop}<picture>{"".join(sources)}<img src="{place}/{src}{ending}" '
            f'{chosen(ending, widths)} width="{file.width}" height="{file.height}" alt="{alt}"{titled} loading="lazy" '
            'decoding="async"></picture></span>')
