"""How it went: the numbers of a post, an author or the site; all of them as a file; the report before it is sent."""

from bottle import request, response

from ..audience import counting, reports
from ..audience import stats as figures
from ..db import db, now
from ..exchange import exports as transfer
from ..mail import budgets, message
from ..models import Export, Post, Site
from ..tasks import make_export, send_view_count_report
from ..throttle import Throttled
from ..wsgi.authentication import cause, note_action
from ..wsgi.forms import Form, typed
from ..wsgi.responses import find, no_file, not_found, redirect, render, send_file, signed_in


@signed_in
def overview(user):
    """All posts of an author; for the owner, of everybody, or their own."""
    counting.fold_if_possible()
    is_mine = not user.is_owner or request.query.whose == 'mine'
    scope = -user.id if is_mine else counting.SITE
    return _page(user, '/studio/stats', scope, post=None, is_mine=is_mine)


@signed_in
def of_post(user, post_id):
    counting.fold_if_possible()  # before the post is read, with its views in all
    post = find(Post.editable_by(user), post_id)
    return _page(user, f'/studio/stats/{post.id}', post.id, post=post, is_mine=True)


def _page(user, path, scope, post, is_mine):
    span = request.query.days if request.query.days in figures.CHOICES else '30'
    days, today = figures.CHOICES[span], counting.site_day(now())
    found = figures.of(scope, days, today)
    return render('stats.html', figures=found, span=span, path=path, post=post, is_mine=is_mine,
                  top=figures.top(scope, days) if post is None else [], hosts=figures.hosts(scope, found))


# The report, before it is sent

# An email has styles on its elements, and nothing else. Only a page of this site may frame it.
LETTER_POLICY = "default-src 'none'; style-src {styles}; frame-ancestors 'self'; sandbox"


@signed_in
def report(user):
    return _report_page(user)


def _report_page(user, form=None, status=200):
    response.status = status
    found = _report(user)
    plain = message.bodies(found, Site.this())[0] if found else ''
    return render('report.html', message=found, text=plain, form=form or Form())


def _report(user):
    counting.fold_if_possible()
    return reports.preview(user, now())


@signed_in
def report_letter(user):
    found = _report(user)
    if found is None:
        raise not_found()
    html = message.bodies(found, Site.this())[1]
    response.set_header('Content-Security-Policy', LETTER_POLICY.format(styles=' '.join(message.style_sources(html))))
    response.set_header('X-Frame-Options', 'SAMEORIGIN')
    response.set_header('Cache-Control', 'private, no-store')
    return html


@signed_in
def send_report(user):
    try:
        with db.atomic():
            budgets.admit(budgets.REPORT_NOW, cause(), now())
            send_view_count_report(user.id)
    except Throttled as error:
        return _report_page(user, Form(errors={'': budgets.sentence(error, user.timezone)}), 429)
    return redirect('/studio/report', 'report-asked')


# As a file

KINDS = 'numbers', 'site'  # an author's own posts, or the whole site


@signed_in
def exports(user):
    return _exports_page(user)


def _exports_page(user, form=None, status=200):
    response.status = status
    transfer.fail_lost()
    found = Export.select().where(Export.user == user).order_by(Export.id.desc())
    return render('exports.html', exports=list(found.limit(20)), kept=transfer.KEPT,
                  form=form or Form())


@signed_in
def ask(user):
    kind = typed('kind')['kind']
    if kind not in KINDS or (kind == 'site' and not user.is_owner):
        raise not_found()
    try:
        with db.atomic():
            export_id = transfer.ask(user, kind, now())
            if export_id:
                budgets.admit(budgets.EXPORT, cause(), now())
                make_export(export_id)
                note_action('export_asked', user, Export.get_by_id(export_id))
    except Throttled as error:
        return _exports_page(user, Form(errors={'': budgets.sentence(error, user.timezone)}), 429)
    return redirect('/studio/exports', 'export-asked')


@signed_in
def download(user, export_id):
    export = find(Export.select().where(Export.user == user, Export.state == 'ready'), export_id)
    path = transfer.path_of(export)
    if not path.exists():
        raise no_file(path.parent)
    if request.method == 'GET':
        note_action('export_downloaded', user, export)
    name = f'numbers-{counting.site_day(export.created_at)}.csv'
    return send_file(path, 'text/csv; charset=utf-8', name, is_private=True)
