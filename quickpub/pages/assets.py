"""Static files, and the health check."""

from bottle import HTTPResponse, request, response

from ..db import now
from ..look import fonts, stylesheet
from ..models import Site
from ..upkeep import health
from ..wsgi.actions import Answer
from ..wsgi.downloads import YEAR
from ..wsgi.responses import allow_caching, not_found
from ..wsgi.urls import STATIC, static_digest

TYPES = {'css': 'text/css', 'js': 'text/javascript', 'svg': 'image/svg+xml', 'txt': 'text/plain'}


def send_static_file(name: str) -> Answer:
    """Send a file of the folder static/."""
    if name not in {path.name for path in STATIC.iterdir() if path.is_file()}:
        return not_found()
    return _send((STATIC / name).read_text('utf-8'), TYPES[name.rpartition('.')[2]], static_digest(name))


def send_stylesheet() -> Answer:
    """Send the style sheet in the fonts and the colour of the site."""
    version = request.query.get('v', '')
    text, is_current = stylesheet.find(version, Site.this())
    return _send(text, 'text/css', version if is_current else None)


def send_own_stylesheet() -> Answer:
    """Send the style sheet that the owner has written."""
    site = Site.this()
    return _send(site.css, 'text/css', stylesheet.digest_own(site))


def send_font(name: str) -> Answer:
    """Send a file of the folder static/fonts/: a font, or its licence."""
    path = fonts.FOLDER / name
    if name not in {each.name for each in fonts.FOLDER.iterdir()}:
        return not_found()
    if path.suffix != '.woff2':
        return _send(path.read_text('utf-8'), TYPES[path.suffix[1:]], '')
    response.content_type = 'font/woff2'
    allow_caching(YEAR if request.query.get('v') == fonts.digest(name) else 0)
    return path.read_bytes()


def _send(text: str, content_type: str, version: str | None) -> Answer:
    """Send a text that never changes under the URL with its version, and may change under any other."""
    response.content_type = f'{content_type}; charset=utf-8'
    allow_caching(YEAR if version is not None and request.query.get('v') == version else 0)
    return text


def check_health() -> Answer:
    """Answer with each check by name: true, or why not."""
    status, said = health.verdict(now())
    return HTTPResponse(said, status, {'Content-Type': 'application/json', 'Cache-Control': 'no-store'})
