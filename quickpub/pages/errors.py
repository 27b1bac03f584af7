"""The error page, which also redirects from the former address of a page to its new one."""

import logging
from urllib.parse import quote

from bottle import HTTPError, HTTPResponse, request

from ..content import published, redirects
from ..db import now
from ..jobs.errors import is_out_of_reach
from ..sentences import make_sentence
from ..translations import languages
from ..translations.messages import N_
from ..wsgi.actions import UnknownAction
from ..wsgi.error_pages import bare_page, bare_policy
from ..wsgi.responses import page_language, redirect, render, render_for_readers

log = logging.getLogger('quickpub.web')

ERRORS = {  # heading and sentence by status
    400: (N_('There is a problem with this request'),
          N_('The link or the form is not valid. Check the web address and try again.')),
    403: (N_('This form came from another site'),
          N_('This form was not sent from a page of this site, so nothing was changed. Open the page here and send it '
             'again.')),
    404: (N_('Page not found'),
          N_('The page may have moved or been deleted, or there is a mistake in the web address.')),
    405: (N_('This page cannot be opened like this'),
          N_('Nothing was changed. Go to the home page and start from there.')),
    413: (N_('The form is too large'), N_('Nothing was saved. Go back and make it shorter.')),
    429: (N_('Too many attempts'), N_('Please wait 15 minutes, then try again.')),
    500: (N_('Something went wrong'),
          N_('The error was logged, and it is not your fault. Please try again later.')),
    503: (N_('The site is busy'),
          N_('The site cannot save anything right now. Nothing was changed. Go back and send the form again in a '
             'minute: your text is still in it.')),
    507: (N_('The disk is full'), N_('The disk of this site is full. Nothing was saved.')),
}


NEWEST = 3  # posts on the page for a 404
# The first parts of the paths of members' pages, which do without the owner's own style sheet.
OF_MEMBERS = frozenset('admin forgot login logout reset settings setup signup studio unsubscribe verify'.split())


def show_error(problem: HTTPError) -> str | HTTPResponse:
    """Show the page for an error. Redirect if the page has moved, or the path is another spelling of it."""
    status, found = problem.status_code, request.environ.get('quickpub.problem')
    said = found[1] if found and found[0] == status else None
    if status == 404 and not found and request.method in ('GET', 'HEAD') and (target := _find_moved_page()):
        return redirect(quote(target, safe='/@') + (f'?{request.query_string}' if request.query_string else ''),
                        status=301)
    heading, sentence = ERRORS.get(status) or ERRORS[400 if status < 500 else 500]
    if status == 503:
        problem.set_header('Retry-After', '30')
    problem.content_type = 'text/html; charset=utf-8'
    try:
        with languages.use_when_asked(page_language):
            if isinstance(problem, UnknownAction):
                words = problem.sentence
            else:
                words = make_sentence(said) if said else str(sentence)
            newest = published.list_newest(now(), NEWEST) if status == 404 else []
            render_page = render if request.path.split('/')[1] in OF_MEMBERS else render_for_readers
            return render_page('error.html', status=status, heading=str(heading), sentence=words, newest=newest)
    except Exception as error:  # what broke the page, such as a missing database, may also break the error page
        log.error('%s %s: the error page cannot be rendered either: %s', status, request.path, error)
        status = 503 if is_out_of_reach(error) else status
        return HTTPResponse(bare_page(status), status,
                            {'Content-Type': 'text/html; charset=utf-8', 'Retry-After': '30',
                             'Content-Security-Policy': bare_policy()})


def _find_moved_page() -> str | None:
    """Return the right path of the requested page if it has moved or is spelled differently; else None."""
    bare = '/' + request.path.strip('/')
    fixed = {route.rule for route in request.app.routes if route.method == 'GET' and '<' not in route.rule}
    found = bare.lower() if bare.lower() in fixed else redirects.find_target(bare, now()) or bare
    return found if found != request.environ['PATH_INFO'] else None
