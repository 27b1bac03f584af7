"""The owner's pages: the overview, the audit log, the site's settings."""

from bottle import request

from .. import audit_log, findings, text
from ..accounts import audit, validation
from ..audience import totals
from ..codes import Rejected
from ..db import db, now
from ..jobs import overview, queue
from ..mail import listing
from ..models import AuditEntry, Site, User
from ..sentences import make_sentences
from ..translations import languages
from ..upkeep import checks, integrity
from ..wsgi.actions import Answer
from ..wsgi.authentication import note_action
from ..wsgi.forms import Form, number, typed
from ..wsgi.pagination import paginate
from ..wsgi.permissions import owner_required
from ..wsgi.responses import find_or_404, redirect, render, render_form
from ..wsgi.urls import with_query

SITE = ('title', 'tagline', 'language')  # the fields of its form
PER_LIST = 50
MAX_QUERY, MAX_TAGLINE = 100, 200  # characters
MAX_HUE = 359  # degrees


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


@owner_required
def show_site_settings(user: User) -> Answer:
    """Show the form with the site's title, tagline and language."""
    site = Site.this()
    return render('admin_site.html', form=Form({name: str(getattr(site, name)) for name in SITE}),
                  languages=languages.supported().items())


@owner_required
def update_site_settings(user: User) -> Answer:
    """Save the site's title, tagline and language; and its colour, if a script still sends it here."""
    form = typed(*SITE, 'hue')
    sent_hue = form.values.pop('hue')  # the page has no such field
    try:
        title, tagline, hue, language = validation.validate_all(
            (validation.clean_title, form['title']), (_clean_tagline, form['tagline']), (_clean_hue, sent_hue),
            (_clean_language, form['language']))
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return render_form('admin_site.html', form, languages=languages.supported().items())
    before = Site.this()
    changes = {'title': title, 'tagline': tagline, 'hue': hue, 'language': language}
    changed = [name for name, value in changes.items() if getattr(before, name) != value]
    with db.atomic():
        Site.change(**changes)
        if changed:
            note_action('site_changed', user, changed=changed)
    return redirect('/admin/site', 'saved')


def _clean_tagline(typed: str) -> str:
    tagline = text.whole_line(typed, MAX_TAGLINE)
    if tagline is None:
        raise Rejected('tagline.too_long', limit=MAX_TAGLINE)
    return tagline


def _clean_language(typed: str) -> str:
    """Return the chosen language; the present one if a script sends none. Raises Rejected."""
    if typed and typed not in languages.supported():
        raise Rejected('language.not_offered')
    return typed or Site.this().language


def _clean_hue(typed: str) -> int:
    """Return the colour that was sent, or else the present one. Raises Rejected."""
    if not typed:
        return Site.this().hue
    hue = number(typed)
    if hue is None or hue > MAX_HUE:
        raise Rejected('hue.out_of_range', low=0, high=MAX_HUE)
    return hue
