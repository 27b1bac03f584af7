"""Exports: the stats of an author or the site as a file."""

from bottle import request, response

from ..audience import calendar
from ..db import db, now
from ..exchange import exports
from ..mail import budgets
from ..models import User
from ..permissions import Permission
from ..sentences import describe, make_sentence
from ..tasks import make_export
from ..throttle import Throttled
from ..wsgi.actions import Answer
from ..wsgi.authentication import cause, note_action
from ..wsgi.downloads import missing_file, send_file
from ..wsgi.forms import Form, typed
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, not_found, redirect, render

KINDS = 'numbers', 'site'  # an author's own posts, or the whole site
PER_LIST = 20


@login_required
def show_exports(user: User) -> Answer:
    """Show the user's exports, and how far each is."""
    return _render(user, Form())


@login_required
def request_export(user: User) -> Answer:
    """Have an export made in the background."""
    kind = typed('kind')['kind']
    if kind not in KINDS or (kind == 'site' and not user.may(Permission.MANAGE_SITE)):
        return not_found()
    try:
        with db.atomic():
            export = exports.request(user, kind, now())
            if export:
                budgets.admit(budgets.EXPORT, cause(), now())
                make_export(export.id)
                note_action('export_asked', user, export)
    except Throttled as error:
        return _render(user, Form(errors={'': describe(error, user.timezone)}), 429)
    return redirect('/studio/exports', 'export-asked')


@login_required
def download_export(user: User, export_id: str) -> Answer:
    """Send the file of an export."""
    export = find_or_404(exports.ready_for(user), export_id)
    path = exports.path_of(export)
    if not path.exists():
        return missing_file(path.parent)
    if request.method == 'GET':
        note_action('export_downloaded', user, export)
    name = f'numbers-{calendar.site_day(export.created_at)}.csv'
    return send_file(path, 'text/csv; charset=utf-8', name, is_private=True)


def _render(user: User, form: Form, status: int = 200) -> Answer:
    response.status = status
    exports.fail_lost()
    found = exports.list_of(user, PER_LIST)
    problems = {export.id: make_sentence(problem) for export in found if (problem := exports.find_problem(export))}
    return render('exports.html', exports=found, problems=problems, kept=exports.KEPT, form=form)
