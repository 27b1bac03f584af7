"""oEmbed (oembed.com): what another site shows for a link to a post, as JSON."""

from urllib.parse import unquote, urlsplit

from bottle import request, response

from .. import formats
from ..content import published, redirects
from ..db import now
from ..media import placing
from ..models import Post, Site
from ..settings import current
from ..translations import languages
from ..wsgi.actions import Answer
from ..wsgi.forms import number
from ..wsgi.guards import is_our_origin
from ..wsgi.responses import not_found, render_public_json
from ..wsgi.sharing import WIDTH, Image, find_image
from ..wsgi.urls import absolute

FORMAT = 'json'
CACHE_AGE = 3600  # seconds
UNLIMITED = 100_000  # pixels


def show_oembed() -> Answer:
    """Describe a published post. The answer is 404 for any other URL, and 501 for other formats than JSON."""
    if request.query.get('format', FORMAT) != FORMAT:
        response.status = 501
        return render_public_json({'error': f'The only format is {FORMAT}.'}, 'application/json')
    post = _find_post(request.query.getunicode('url', ''))
    if post is None:
        return not_found()
    site = Site.this()
    Post.load_co_authors([post])
    with languages.use(languages.choose(site.language)):
        author_name = formats.names(post.authors)
    found = {'version': '1.0', 'type': 'link', 'title': post.title, 'author_name': author_name,
             'author_url': absolute(post.author.path), 'provider_name': site.title, 'provider_url': absolute('/'),
             'cache_age': CACHE_AGE}
    image = _find_thumbnail(post, _limit('maxwidth'), _limit('maxheight'))
    if image:
        found |= {'thumbnail_url': image.url, 'thumbnail_width': image.width, 'thumbnail_height': image.height}
    return render_public_json(found, 'application/json')


def _find_post(url: str) -> Post | None:
    """Return the published post at this URL, or at one that redirects to it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path, prefix, at = unquote(parts.path), current().path_prefix, now()
    if not (is_our_origin(f'{parts.scheme}://{parts.netloc}', current()) and path.startswith(f'{prefix}/')):
        return None
    kind, _, slug = (redirects.find_target(path.removeprefix(prefix), at) or '').removeprefix('/').partition('/')
    return published.find_post(slug, at) if kind == 'p' else None


def _limit(name: str) -> int:
    return number(request.query.get(name, '')) or UNLIMITED


def _find_thumbnail(post: Post, most_wide: int, most_high: int) -> Image | None:
    """Return the largest image of a post that is no wider and no higher than this, or None."""
    cover = placing.find('cover', [post.id]).get(post.id)
    widths = [width for width in cover.widths[cover.endings[-1]] if width <= WIDTH] if cover else []
    for wanted in [*reversed(widths)] or [WIDTH]:
        image = find_image('post', post.id, post.title, cover, wanted)
        if image and image.width <= most_wide and image.height <= most_high:
            return image
    return None
