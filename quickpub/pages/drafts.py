"""Drafts as readers will see them: previews, and the secret link to a draft."""

from bottle import response

from .. import templating
from ..codes import Rejected
from ..content import rerendering, tags
from ..db import now
from ..media import placing
from ..models import Post, User
from ..sentences import describe
from ..settings import current
from ..translations.messages import gettext
from ..wsgi.about_author import describe_writers
from ..wsgi.actions import Answer
from ..wsgi.forms import typed
from ..wsgi.long_pages import render_long_html
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, not_found, redirect, render_for_readers


@login_required
def show_preview(user: User, post_id: str) -> Answer:
    """Show the saved version of a post as readers will see it."""
    post = find_or_404(Post.seen_by(user), post_id)
    may_edit = post.is_editable_by(user)
    note = gettext('This is how readers will see the saved text.') if may_edit else gettext(
        'This post is published or scheduled, so only editors can change it. Ask one of them for changes.')
    return _render(post, note, may_edit)


def show_shared_draft(token: str) -> Answer:
    """Show a draft to a reader who has the secret link."""
    post = Post.shared(token)
    if post is None or post.deleted_at:
        return not_found()
    if post.is_public(now()):
        return redirect(post.path)
    return _render(post, gettext('This is a draft. Its author shared the link with you. Please do not pass it on.'))


def _render(post: Post, note: str, may_edit: bool = False) -> Answer:
    Post.load_co_authors([post])
    return render_for_readers(
        'post.html', post=post, content=render_long_html(post.html),
        cover=placing.find('cover', [post.id]).get(post.id),
        faces=placing.find('avatar', [each.id for each in post.authors]),
        tags=tags.of_post(post), writers=describe_writers(post),
        newer=None, older=None, parts=[], canonical=post.path, draft_note=note, may_edit=may_edit)


@login_required
def render_live_preview(user: User) -> Answer:
    """Return a part of a page: the text in the editor as readers will see it."""
    try:
        form = typed('title', 'body', 'language')
        preview = rerendering.preview(form['body'], user, current().path_prefix, form['language'],
                                       is_titled=bool(form['title'].strip()))
        return templating.render('_preview.html', **preview._asdict())
    except Rejected as error:  # the script shows this sentence; at other errors it leaves the last preview
        response.status = 422
        return templating.render('_preview_failed.html', sentence=describe(error))
