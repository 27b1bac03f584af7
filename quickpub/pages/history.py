"""The version history of a post."""

from bottle import request

from ..content import quota, revisions
from ..content.post_input import as_form
from ..models import Post, Revision, User
from ..wsgi.actions import Answer
from ..wsgi.forms import number
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, not_found, render


@login_required
def show_history(user: User, post_id: str) -> Answer:
    """Show the versions of a post, and what was changed between two of them: by default in the last one."""
    post = find_or_404(Post.seen_by(user), post_id)
    form, kept = as_form(post), revisions.of(post)
    new = revisions.find(post, number(request.query.get('to', '')) or post.version, form)
    old = revisions.find(post, number(request.query.get('from', '')) or _version_before(kept, new), form)
    if new is None or (old is None and kept):
        return not_found()
    changes = revisions.compare_forms(revisions.form_of(old), revisions.form_of(new), quota.waits_as(user)) \
        if old else []
    return render('history.html', post=post, kept=kept, old=old, new=new, editor=revisions.find_editor(post),
                  changes=changes)


def _version_before(kept: list[Revision], revision: Revision | None) -> int | None:
    return next((each.version for each in kept if each.version < revision.version), None) if revision else None
