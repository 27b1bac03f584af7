"""The page where readers search. It is made anew for each question, so that none can push pages out of memory."""

from bottle import request, response

from .. import networks
from ..content import search
from ..db import now
from ..gates import Busy, TooMuch
from ..wsgi.authentication import client_address
from ..wsgi.forms import number
from ..wsgi.pagination import PER_PAGE
from ..wsgi.responses import not_found, render
from ..wsgi.urls import with_query as asking

TOO_MUCH = 'This search takes too long. Try fewer or longer words.'


def page():
    """Show the posts that have all of what was typed."""
    query = search.Query.of(request.query.getunicode('q', ''))
    try:
        with search.in_turn(_who()):
            return _results(query)
    except Busy as error:
        response.status, problem = 503, str(error)
        response.set_header('Retry-After', '5')
    except TooMuch:
        response.status, problem = 400, TOO_MUCH
    return render('search.html', query=query, problem=problem)


def _who():
    """Tell clients apart, so that none keeps the others from searching; not those behind a proxy that no setting names.
    """
    address = client_address()
    return None if address.startswith('127.') or address == '::1' else networks.client(address)


def _results(query):
    at = now()
    turn = number(request.query.get('page', '1'))
    if not turn or turn > search.FOUND // PER_PAGE:
        return not_found()
    ids = search.found(query, at)
    here = ids[:search.FOUND][PER_PAGE * (turn - 1):PER_PAGE * turn]
    if ids and not here:
        return not_found()
    meant = None if ids else search.better(query, at)
    return render('search.html', query=query, problem=None, count=min(len(ids), search.FOUND),
                  is_more=len(ids) > search.FOUND, posts=search.shown(query, here, at),
                  meant=meant and (meant.typed, _path(meant, 1)),
                  earlier=_path(query, turn - 1) if turn > 1 else None,
                  later=_path(query, turn + 1) if PER_PAGE * turn < min(len(ids), search.FOUND) else None)


def _path(query, turn):
    return asking('/search', q=query.typed, page=turn if turn > 1 else None)
