"""Autosaves, sent by the script of the editor."""

from bottle import HTTPError, HTTPResponse

from ..content import autosave, posts
from ..db import now
from ..models import Post, User
from ..wsgi.actions import Answer
from ..wsgi.forms import typed
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, is_from_script, not_found, redirect, render_json


@login_required
def save_autosave(user: User) -> Answer:
    """Keep the unsaved form of an editor, or discard what was kept of it."""
    form = typed(*autosave.FIELDS, 'action', 'tab', 'post')
    tab = form['tab']
    if form['action'] == 'discard':
        return _discard(user, tab)
    if form['post']:
        post = find_or_404(Post.seen_by(user), form['post'])  # edited by now or not: nothing typed is lost
    else:  # the new post may have been saved since
        post = posts.find_by_tab(user, tab) if autosave.is_tab(tab) else None
    try:
        autosave.keep(user, tab, post, {name: form[name] for name in autosave.FIELDS}, now())
    except ValueError:
        return HTTPError(400)
    return HTTPResponse('', 204, {'Cache-Control': 'no-store'})


def _discard(user: User, tab: str) -> Answer:
    """Delete an autosave. A script gets its fields, which it sends again to undo that."""
    kept = autosave.find(user, tab)
    autosave.forget(user, tab)
    if not is_from_script():
        return redirect('/studio', 'discarded')
    return render_json(kept.fields | {'post': kept.post_id or ''}) if kept else not_found()
