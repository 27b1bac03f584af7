"""Send files, or the part of a file that the request asks for."""

import re
from pathlib import Path

from bottle import HTTPError, HTTPResponse, parse_range_header, request

from .bodies import Outgoing
from .guards import YEAR

# Nothing in an uploaded file may load, run, or be shown in a frame.
SANDBOXED = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def send_file(path: Path, content_type: str, download_as: str | None = None, is_private: bool = False,
              name: str = '') -> HTTPResponse:
    """Return a file that never changes, or the range of it that the request asks for (RFC 9110, 14). The server sends
    it without this process reading it. `name` tells it from all others, if its path does not."""
    size, etag = path.stat().st_size, f'"{name or f"{path.parent.parent.name}-{path.name}"}"'
    kept = 'private, no-store' if is_private else f'public, max-age={YEAR}, immutable'
    headers = {'Content-Type': content_type, 'Accept-Ranges': 'bytes', 'ETag': etag, 'Cache-Control': kept,
               'Content-Security-Policy': SANDBOXED}
    if not is_private:  # feed readers show the images in feeds
        headers['Cross-Origin-Resource-Policy'] = 'cross-origin'
    if download_as:
        headers['Content-Disposition'] = f'attachment; filename="{download_as}"'
    if etag in request.get_header('If-None-Match', ''):
        return HTTPResponse('', 304, headers)
    wanted = request.get_header('Range', '') if request.get_header('If-Range', etag) == etag else ''
    start, end, status = 0, size, 200
    if re.fullmatch(r'bytes=(\d{1,18}-(\d{1,18})?|-\d{1,18})', wanted):  # several ranges at once may be ignored
        part = next(parse_range_header(wanted, size), None)
        if part is None:
            return HTTPResponse('', 416, headers | {'Content-Range': f'bytes */{size}'})
        (start, end), status = part, 206
        headers['Content-Range'] = f'bytes {start}-{end - 1}/{size}'
    answer = HTTPResponse('', status, headers | {'Content-Length': str(end - start)})
    request.environ['quickpub.file'] = Outgoing(path, start, end - start, is_whole=status == 200)
    return answer


def missing_file(folder: Path) -> HTTPError:
    """Return 404 for a file that does not exist, or 503 if its whole folder is missing just now."""
    return HTTPError(404 if folder.is_dir() else 503)
