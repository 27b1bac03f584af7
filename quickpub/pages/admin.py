"""The owner's pages: the overview and the audit log."""

from bottle import request

from .. import audit_log, findings, text
from ..accounts import audit
from ..audience import totals
from ..db import now
from ..jobs import overview, queue
from ..mail import listing
from ..models import AuditEntry, User
from ..upkeep import checks, integrity
from ..wsgi.actions import Answer
from ..wsgi.forms import Form
from ..wsgi.pagination import paginate
from ..wsgi.permissions import owner_required
from ..wsgi.responses import find_or_404, render
from ..wsgi.urls import with_query

PER_LIST = 50
MAX_QUERY = 100  # characters


@owner_required
def show_overview(user: User) -> Answer:
    """Show the state of the site in a few numbers."""
    return render('admin.html', paused_since=queue.paused_since(), damage=checks.check_integrity(),
                  checked=findings.latest(integrity.NAME), counts=totals.count_site(now()) | {
                      'queued_mail': listing.count_unsent(), 'failed_mail': listing.count_failed(),
                      'dead_jobs': overview.count_dead()})


@owner_required
def show_audit_log(user: User) -> Answer:
    """Show who did what that matters for security, filtered by the query string."""
    form = Form({'q': text.line(request.query.getunicode('q', ''), MAX_QUERY), 'kind': request.query.get('kind', '')})
    asked = request.query.get('member', '')
    member = find_or_404(User.select(), asked) if asked else None
    query = audit_log.select(member, form['kind'], form['q'])
    base = with_query('/admin/audit', **form.values, member=member and member.id)
    found, older, _ = paginate(query, base, PER_LIST, by=(AuditEntry.id,))
    return render('admin_audit.html', entries=[(entry, audit_log.describe(entry)) for entry in found], older=older,
                  form=form, member=member, groups=audit.GROUPS, kept_days=audit.KEPT.days)
