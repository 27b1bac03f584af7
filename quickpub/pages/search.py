"""The search page. It is rendered anew for each query, so that no reader can push pages out of memory."""

from bottle import request, response

from .. import networks
from ..content import search
from ..db import now
from ..gates import Busy, TooMuch
from ..media import placing
from ..sentences import describe
from ..wsgi.actions import Answer
from ..wsgi.authentication import client_address
from ..wsgi.forms import number
from ..wsgi.pagination import PER_PAGE
from ..wsgi.responses import not_found, render_for_readers
from ..wsgi.urls import with_query


def show_search() -> Answer:
    """Show the posts that have all words of the query."""
    query = search.Query.of(request.query.getunicode('q', ''))
    try:
        with search.run_in_turn(_identify_client()):
            return _render_results(query)
    except Busy as error:
        response.status, problem = 503, describe(error)
        response.set_header('Retry-After', '5')
    except TooMuch as error:
        response.status, problem = 400, describe(error)
    return render_for_readers('search.html', query=query, problem=problem)


def _identify_client() -> str | None:
    """Return a name that tells clients apart, so that none keeps the others from searching; None behind a proxy that no
    setting names."""
    address = client_address()
    return None if address.startswith('127.') or address == '::1' else networks.client(address)


def _render_results(query: search.Query) -> Answer:
    at = now()
    page = number(request.query.get('page', '1'))
    if not page or page > search.FOUND // PER_PAGE:
        return not_found()
    ids = search.find_posts(query, at)
    shown = ids[:search.FOUND][PER_PAGE * (page - 1):PER_PAGE * page]
    if ids and not shown:
        return not_found()
    suggestion = None if ids else search.suggest_query(query, at)
    return render_for_readers(
        'search.html', query=query, problem=None, count=min(len(ids), search.FOUND),
        is_more=len(ids) > search.FOUND, posts=search.load_results(query, shown, at),
        covers=placing.find('cover', shown),
        meant=suggestion and (suggestion.typed, _path_of(suggestion, 1)),
        earlier=_path_of(query, page - 1) if page > 1 else None,
        later=_path_of(query, page + 1) if PER_PAGE * page < min(len(ids), search.FOUND) else None)


def _path_of(query: search.Query, page: int) -> str:
    return with_query('/search', q=query.typed, page=page if page > 1 else None)
