"""The page for an answer that is not a page: an error, in words."""

import logging
from urllib.parse import quote

from bottle import HTTPError, HTTPResponse, request

from ..content import redirects
from ..db import now
from ..jobs.errors import is_out_of_reach
from ..wsgi.actions import UnknownAction
from ..wsgi.error_pages import bare_page
from ..wsgi.responses import redirect, render

log = logging.getLogger('quickpub.web')

ERRORS = {
    400: ('We did not understand that', 'The address or the form is broken. If you followed a link, tell whoever put '
                                        'it there.'),
    403: ('That came from another site', 'This form was not sent from a page of this site, so nothing was changed. '
                                         'Open the page here and send it again.'),
    404: ('There is nothing here', 'The page may have moved or been taken back, or the address has a typing mistake.'),
    405: ('That does not work this way', 'This page cannot be asked like that.'),
    413: ('That is too much at once', 'This is more than a form can carry. Nothing was saved.'),
    429: ('Too many tries', 'Please wait a quarter of an hour.'),
    500: ('Something broke on our side', 'It is written down, and not your fault. Please try again in a while.'),
    507: ('There is no room left', 'The disk of this site is full. Nothing was saved.'),
    503: ('Busy just now', 'The site cannot save anything at this moment. Nothing was changed. Go back, and send it '
                           'again in a minute: what you typed is still in the form.'),
}


def show_error(problem: HTTPError) -> str | HTTPResponse:
    """Show the page for an error. A page that has moved, or is asked for in another spelling, is redirected to."""
    status, (said, words) = problem.status_code, request.environ.get('quickpub.problem') or (0, '')
    if status == 404 and not said and request.method in ('GET', 'HEAD') and (target := _find_moved_page()):
        return redirect(quote(target, safe='/@') + (f'?{request.query_string}' if request.query_string else ''),
                        status=301)
    heading, sentence = ERRORS.get(status) or ERRORS[400 if status < 500 else 500]
    if status == 503:
        problem.set_header('Retry-After', '30')
    problem.content_type = 'text/html; charset=utf-8'
    if isinstance(problem, UnknownAction):
        sentence = problem.sentence
    elif said == status:
        sentence = words
    try:
        return render('error.html', status=status, heading=heading, sentence=sentence,
                      ways=[('The newest posts', '/'), ('Everything, by year', '/archive')])
    except Exception as error:  # what broke the page, such as a database that is gone, breaks this one too
        log.error('%s %s: the page that says so cannot be made either: %s', status, request.path, error)
        status = 503 if is_out_of_reach(error) else status
        return HTTPResponse(bare_page(status), status,
                            {'Content-Type': 'text/html; charset=utf-8', 'Retry-After': '30'})


def _find_moved_page() -> str | None:
    """Return the path of the page that was asked for in another spelling, or that has moved; else None."""
    bare = '/' + request.path.strip('/')
    fixed = {route.rule for route in request.app.routes if route.method == 'GET' and '<' not in route.rule}
    found = bare.lower() if bare.lower() in fixed else redirects.find_target(bare, now()) or bare
    return found if found != request.environ['PATH_INFO'] else None
