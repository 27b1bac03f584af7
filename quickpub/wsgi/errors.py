"""Turn application errors into HTTP responses: HTML for pages, JSON for scripts."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from bottle import HTTPError, request, response

from .. import codes, gates, presence
from ..accounts import links
from ..jobs.errors import is_out_of_reach
from ..sentences import describe
from ..signing import redact
from ..translations import languages
from . import identity
from .error_pages import refuse
from .responses import page_language, render, render_json

log = logging.getLogger('quickpub.web')


def map_errors(page: Callable) -> Callable:
    """Answer requests that could not be read, and the errors of lower layers, with a page. A plugin of Bottle."""
    @wraps(page)
    def wrapped(**parts: str) -> Any:
        if request.environ.get('quickpub.problem'):
            return HTTPError(request.environ['quickpub.problem'][0])
        try:
            with languages.use_when_asked(page_language):
                return page(**parts)
        except links.InvalidLink as error:
            response.status = 404
            return render('link_dead.html', problem=error.code, purpose=error.purpose)
        except gates.Busy as error:
            return refuse(503, error.code)
        except gates.TooMuch as error:
            return refuse(400, error.code)
        except Exception as error:
            if is_out_of_reach(error) or presence.explains(error):
                log.warning('503 for %s %s: %s', request.method, redact(request.path), error)
                return HTTPError(503)
            raise
    return wrapped


def json_endpoint(page: Callable) -> Callable:
    """Answer a script of ours with JSON: what the page returns, or {'error': sentence}."""
    @wraps(page)
    def wrapped(*args: Any, **parts: str) -> Any:
        try:
            return render_json(page(*args, **parts))
        except codes.Rejected as error:
            return render_json({'error': describe(error)}, 400)
        except identity.NotConfirmed as error:
            return render_json({'error': describe(error), 'confirm': True}, 403)
        except (identity.StepEnded, links.InvalidLink) as error:
            return render_json({'error': describe(error)}, 403)
    return wrapped
