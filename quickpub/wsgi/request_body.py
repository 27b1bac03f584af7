"""Read the whole body of a request, within a limit, before anything else is done for it."""

import logging
from io import BytesIO
from typing import Any

from peewee import DatabaseError

from .. import presence
from ..codes import Code
from ..db import db, now
from .authentication import find_session
from .bodies import CHUNK, Incoming
from .forms import FILES_LIMIT, FORM_LIMIT, IMAGES, STRANGERS_LIMIT, STUDIO, UPLOADS, number

log = logging.getLogger('quickpub.web')

DRAINED = 64 * 1024 * 1024  # bytes of a too large request that are still read

Problem = tuple[int, Code]  # status, and what its page says
FULL: Problem = (507, Code('request.disk_full'))
LOST: Problem = (503, Code('request.no_storage'))


def take_body(environ: dict[str, Any], body: Incoming) -> Problem | None:
    """Read the whole body into `body` and put it into environ. Return a problem if it is refused, or None."""
    if environ.get('quickpub.problem'):
        return environ['quickpub.problem']
    source, length = environ['wsgi.input'], environ.get('CONTENT_LENGTH') or ''
    is_chunked = environ.pop('HTTP_TRANSFER_ENCODING', None)  # the server has put the chunks together
    environ['wsgi.input'], environ['CONTENT_LENGTH'] = BytesIO(), '0'
    if not length and not is_chunked:
        return None
    limit = environ.get('quickpub.limit') or (find_limit(environ) if may_be_large(length) else STRANGERS_LIMIT)
    wanted = number(length) if length else limit + 1
    if wanted is None:
        return 400, Code('request.bad_length')
    try:
        enough = min(wanted, limit + 1)
        while body.size < enough and (part := source.read(min(CHUNK, enough - body.size))):
            body.add(part)
        whole = body.rewind()
    except OSError as error:
        log.warning('A form cannot be taken in: %s', error)
        return no_room(error)
    if body.size > limit:
        _drain(source)
        return _too_large(limit)
    if length and body.size < wanted:
        return 400, Code('request.incomplete')
    environ['wsgi.input'], environ['CONTENT_LENGTH'] = whole, str(body.size)
    return None


def may_be_large(declared: str) -> bool:
    """Return whether a body of this declared length ('' if none) may exceed the limit for strangers: then `find_limit`,
    which needs the database, must be asked."""
    length = number(declared)
    return length is None or length > STRANGERS_LIMIT


def find_limit(environ: dict[str, Any]) -> int:
    """Return how many bytes this body may have.

    Strangers may send little, members the text of a post, and confirmed members files. In the studio strangers may send
    a text, too, so that an author who was logged out while writing does not lose it.
    """
    path = environ.get('PATH_INFO', '')
    try:
        with db.connection_context():
            session, _ = find_session(environ.get('HTTP_COOKIE', ''), now())
    except DatabaseError:  # the page will report it
        session = None
    takes_files = path == UPLOADS or path.startswith(f'{IMAGES}/') and path.endswith('/upload')
    if takes_files and environ['REQUEST_METHOD'] == 'POST' and session and session.user.is_verified:
        return FILES_LIMIT
    return FORM_LIMIT if session or path.startswith(STUDIO) else STRANGERS_LIMIT


def no_room(error: OSError) -> Problem:
    """Return the problem of a body that cannot be stored: the disk is full, or the folder is missing."""
    return LOST if presence.explains(error) else FULL


def _drain(source: Any) -> None:
    """Read the rest of a refused body, within limits: a browser that cannot finish sending shows no answer."""
    for _ in range(DRAINED // CHUNK):
        if not source.read(CHUNK):
            return


def _too_large(limit: int) -> Problem:
    if limit == STRANGERS_LIMIT:
        return 413, Code('request.too_large_for_strangers', kilobytes=limit // 1024)
    if limit == FILES_LIMIT:
        return 413, Code('request.files_too_large', megabytes=limit // 1024 ** 2)
    return 413, Code('request.too_large', megabytes=limit // 1024 ** 2)
