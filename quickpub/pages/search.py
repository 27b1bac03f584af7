"""The page where readers search. It is made anew for each question, so that none can push pages out of memory."""

from bottle import request

from .. import search
from ..db import now
from ..forms import number
from ..shortcuts import PER_PAGE, asking, not_found, render


def page():
    at, query = now(), search.Query.of(request.query.getunicode('q', ''))
    turn = number(request.query.get('page', '1'))
    if not turn or turn > search.FOUND // PER_PAGE:
        return not_found()
    ids = search.found(query, at)
    here = ids[:search.FOUND][PER_PAGE * (turn - 1):PER_PAGE * turn]
    if ids and not here:
        return not_found()
    meant = None if ids else search.better(query, at)
    return render('search.html', query=query, count=min(len(ids), search.FOUND), is_more=len(ids) > search.FOUND,
                  posts=search.shown(query, here, at), meant=meant and (meant.typed, _path(meant, 1)),
                  earlier=_path(query, turn - 1) if turn > 1 else None,
                  later=_path(query, turn + 1) if PER_PAGE * turn < min(len(ids), search.FOUND) else None)


def _path(query, turn):
    return asking('/search', q=query.typed, page=turn if turn > 1 else None)
