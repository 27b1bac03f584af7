"""The report about an author's views, before it is sent."""

from bottle import response

from ..audience import counting, running_reports
from ..db import db, now
from ..mail import budgets, message
from ..models import Message, Site, User
from ..sentences import describe
from ..tasks import send_view_count_report
from ..throttle import Throttled
from ..wsgi.actions import Answer
from ..wsgi.authentication import cause
from ..wsgi.forms import Form
from ..wsgi.permissions import login_required
from ..wsgi.responses import not_found, redirect, render

# An email has styles on its elements, and nothing else. Only a page of this site may frame it.
EMAIL_POLICY = "default-src 'none'; style-src {styles}; frame-ancestors 'self'; sandbox"


@login_required
def show_report(user: User) -> Answer:
    """Show the report of the running period, as text and in a frame as HTML."""
    return _render(user, Form())


@login_required
def show_report_email(user: User) -> Answer:
    """Send the HTML of the report, for the frame."""
    found = _preview(user)
    if found is None:
        return not_found()
    html = message.bodies(found, Site.this())[1]
    response.set_header('Content-Security-Policy', EMAIL_POLICY.format(styles=' '.join(message.style_sources(html))))
    response.set_header('X-Frame-Options', 'SAMEORIGIN')
    response.set_header('Cache-Control', 'private, no-store')
    return html


@login_required
def send_report(user: User) -> Answer:
    """Email the report of the running period to the user."""
    try:
        with db.atomic():
            budgets.admit(budgets.REPORT_NOW, cause(), now())
            send_view_count_report(user.id)
    except Throttled as error:
        return _render(user, Form(errors={'': describe(error, user.timezone)}), 429)
    return redirect('/studio/report', 'report-asked')


def _preview(user: User) -> Message | None:
    counting.count_if_possible()
    return running_reports.preview(user, now())


def _render(user: User, form: Form, status: int = 200) -> Answer:
    response.status = status
    found = _preview(user)
    site = Site.this()
    plain, subject = (message.bodies(found, site)[0], message.make_subject(found, site)) if found else ('', '')
    return render('report.html', message=found, subject=subject, text=plain, form=form)
