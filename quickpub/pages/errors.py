"""The page for an answer that is not a page: an error, in words."""

import logging
from urllib.parse import quote

from bottle import HTTPError, HTTPResponse, request

from ..content import redirects
from ..db import now
from ..jobs.errors import is_out_of_reach
from ..sentences import make_sentence
from ..wsgi.actions import UnknownAction
from ..wsgi.error_pages import bare_page
from ..wsgi.responses import redirect, render

log = logging.getLogger('quickpub.web')

ERRORS = {
    400: ('Something is wrong with this link', 'The link or the form is not valid. Check the web address and try '
                                               'again.'),
    403: ('This form came from another site', 'This form was not sent from a page of this site, so nothing was '
                                              'changed. Open the page here and send it again.'),
    404: ('Page not found', 'The page may have moved or been deleted, or there is a mistake in the web address.'),
    405: ('This page cannot be used like that', 'The page does not support this kind of request. Go to the home page '
                                                'and start from there.'),
    413: ('That is too large', 'This form is larger than the site accepts. Nothing was saved.'),
    429: ('Too many attempts', 'Please wait 15 minutes, then try again.'),
    500: ('Something went wrong', 'The error was logged, and it is not your fault. Please try again later.'),
    507: ('The disk is full', 'The disk of this site is full. Nothing was saved.'),
    503: ('The site is busy', 'The site cannot save anything right now. Nothing was changed. Go back and send the '
                              'form again in a minute: your text is still in it.'),
}


def show_error(problem: HTTPError) -> str | HTTPResponse:
    """Show the page for an error. A page that has moved, or is asked for in another spelling, is redirected to."""
    status, (said, code) = problem.status_code, request.environ.get('quickpub.problem') or (0, None)
    if status == 404 and not said and request.method in ('GET', 'HEAD') and (target := _find_moved_page()):
        return redirect(quote(target, safe='/@') + (f'?{request.query_string}' if request.query_string else ''),
                        status=301)
    heading, sentence = ERRORS.get(status) or ERRORS[400 if status < 500 else 500]
    if status == 503:
        problem.set_header('Retry-After', '30')
    problem.content_type = 'text/html; charset=utf-8'
    if isinstance(problem, UnknownAction):
        sentence = problem.sentence
    elif code and said == status:
        sentence = make_sentence(code)
    try:
        return render('error.html', status=status, heading=heading, sentence=sentence)
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
