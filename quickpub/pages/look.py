"""The look page of the settings: colour, fonts, layout, images and an owner's own CSS."""

from bottle import HTTPResponse, request, response

from .. import setting_groups, text
from ..codes import Rejected
from ..db import db
from ..look import fonts, layouts
from ..media import placing
from ..models import Site, User
from ..sentences import make_sentences
from ..setting_groups import LOOK
from ..translations.messages import N_
from ..wsgi.actions import Answer
from ..wsgi.authentication import note_action
from ..wsgi.conflicts import describe_conflicts, typed_shown, untouched_as_stored
from ..wsgi.forms import Form, number, sent_fields, typed
from ..wsgi.front_page import render_front_page
from ..wsgi.permissions import owner_required
from ..wsgi.responses import redirect, render

PAGE = '/admin/settings/look'
IN_A_FRAME = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
LAYOUTS = {
    'magazine': (N_('Magazine'), N_('A large first post, then cards with covers.')),
    'list': (N_('List'), N_('A quiet list of titles and summaries.')),
    'letters': (N_('Letters'), N_('One post below the other, each with the face of its author.')),
}
PAIRS = {
    'book': (N_('Book'), N_('Source Serif for reading, Source Sans around it.')),
    'magazine': (N_('Magazine'), N_('Literata for reading, Inter around it.')),
    'plain': (N_('Plain'), N_('Inter for everything.')),
}


@owner_required
def show_look(user: User) -> Answer:
    """Show the form with the look of the site."""
    return _render(Form(setting_groups.read(LOOK)))


def _render(form: Form, status: int = 200, shown: dict[str, str] | None = None) -> Answer:
    """Return the page. `shown`: the values that a form was opened with which is shown again, if not the present ones.
    """
    places, response.status = placing.find_of_site(), status
    return render('admin_look.html', form=form, layouts=LAYOUTS, pairs=PAIRS, site_id=placing.SITE,
                  shown=setting_groups.read(LOOK) | (shown or {}),
                  image_places=[(name, name in places) for name in ('logo', 'logo_dark', 'front')])


@owner_required
def redirect_look(user: User) -> HTTPResponse:
    """Redirect from the old URL of the look."""
    return redirect(PAGE, status=301)


@owner_required
def update_look(user: User) -> Answer:
    """Save the look of the site; and the footer, if a script still sends it here."""
    form, shown = typed(*LOOK), typed_shown(*LOOK)
    sent = form.values | ({'footer': sent_fields()['footer']} if 'footer' in sent_fields() else {})
    try:
        wanted = setting_groups.clean(sent)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(form, 400, shown)
    with db.atomic():
        outcome = setting_groups.change(wanted, shown)
        if outcome.changed:
            note_action('site_changed', user, changed=outcome.changed)
    if outcome.conflicts:
        form.values = untouched_as_stored(form.values, shown, setting_groups.read(LOOK))
        form.errors = describe_conflicts({name: _describe(name, value) for name, value in outcome.conflicts.items()})
        return _render(form, 409)
    return redirect(PAGE, 'saved')


def _describe(name: str, value: str) -> str:
    """Return the value of a field in words."""
    words = {'layout': LAYOUTS, 'fonts': PAIRS}.get(name, {}).get(value)
    return str(words[0]) if words else text.shorten(value, 200)


@owner_required
def preview_look(user: User) -> Answer:
    """Show the front page with the look in the query, in a frame of the form. Nothing is saved."""
    site, chosen = Site.this(), request.query
    hue = number(chosen.get('hue', ''))
    site.hue = site.hue if hue is None else min(359, hue)
    site.fonts = chosen.get('fonts') if chosen.get('fonts') in fonts.PAIRS else site.fonts
    site.layout = chosen.get('layout') if chosen.get('layout') in layouts.LAYOUTS else site.layout
    response.set_header('Content-Security-Policy', IN_A_FRAME)
    response.set_header('X-Frame-Options', 'SAMEORIGIN')
    return render_front_page(site)
