"""Static files, and the health check."""

from bottle import HTTPResponse, request, response

from ..db import now
from ..models import Site
from ..upkeep import health
from ..wsgi.actions import Answer
from ..wsgi.downloads import YEAR
from ..wsgi.responses import allow_caching, not_found
from ..wsgi.urls import STATIC, static_digest

TYPES = {'css': 'text/css', 'js': 'text/javascript', 'svg': 'image/svg+xml', 'txt': 'text/plain'}


def send_static_file(name: str) -> Answer:
    """Send a file of the folder static/."""
    if name not in {path.name for path in STATIC.iterdir()}:
        return not_found()
    return _send((STATIC / name).read_text('utf-8'), TYPES[name.rpartition('.')[2]], static_digest(name))


def send_stylesheet() -> Answer:
    """Send the stylesheet in the colour of the site."""
    hue = Site.this().hue
    return _send((STATIC / 'style.css').read_text('utf-8') + f'\n:root {{ --hue: {hue}; }}\n', 'text/css',
                 f'{static_digest("style.css")}-{hue}')


def _send(text: str, content_type: str, version: str) -> Answer:
    """Send a text that never changes under the URL with its version, and may change under any other."""
    response.content_type = f'{content_type}; charset=utf-8'
    allow_caching(YEAR if request.query.get('v') == version else 0)
    return text


def check_health() -> Answer:
    """Answer with each check by name: true, or why not."""
    status, said = health.verdict(now())
    return HTTPResponse(said, status, {'Content-Type': 'application/json', 'Cache-Control': 'no-store'})
