"""How the site looks: its colour, fonts, layout, images, footer and an owner's own CSS."""

from typing import Any

from bottle import request, response

from .. import text
from ..codes import Code, Rejected
from ..db import db
from ..look import fonts, layouts
from ..media import placing
from ..models import Site, User
from ..sentences import make_sentences
from ..translations.messages import N_
from ..wsgi.actions import Answer
from ..wsgi.authentication import note_action
from ..wsgi.forms import Form, number, typed
from ..wsgi.front_page import render_front_page
from ..wsgi.permissions import owner_required
from ..wsgi.responses import redirect, render, render_form

FIELDS = ('hue', 'fonts', 'layout', 'footer', 'css')
IN_A_FRAME = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
MAX_FOOTER, MAX_CSS = 2_000, 20_000  # characters
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
    site = Site.this()
    return render('admin_look.html', form=Form({name: str(getattr(site, name)) for name in FIELDS}), **_context())


@owner_required
def update_look(user: User) -> Answer:
    """Save the look of the site."""
    form = typed(*FIELDS)
    try:
        values = _clean(form)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return render_form('admin_look.html', form, **_context())
    before = Site.this()
    with db.atomic():
        Site.change(**values)
        if changed := [name for name, value in values.items() if getattr(before, name) != value]:
            note_action('site_changed', user, changed=changed)
    return redirect('/admin/look', 'saved')


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


def _context() -> dict[str, Any]:
    places = placing.find_of_site()
    return {'layouts': LAYOUTS, 'pairs': PAIRS, 'site_id': placing.SITE,
            'image_places': [(name, name in places) for name in ('logo', 'logo_dark', 'front')]}


def _clean(form: Form) -> dict[str, Any]:
    """Return the columns of the site. Raises Rejected with the errors of all fields."""
    errors: dict[str, Code] = {}
    hue, footer, css = number(form['hue']), text.body(form['footer']).strip(), text.body(form['css']).strip()
    for field, error in (
            ('hue', hue is None or hue > 359), ('fonts', form['fonts'] not in fonts.PAIRS),
            ('layout', form['layout'] not in layouts.LAYOUTS)):
        if error:
            errors |= Rejected('look.not_in_list', field=field).errors
    if len(footer) > MAX_FOOTER:
        errors |= Rejected('footer.too_long', count=MAX_FOOTER).errors
    if len(css) > MAX_CSS:
        errors |= Rejected('css.too_long', count=MAX_CSS).errors
    if errors:
        raise Rejected.of(errors)
    return {'hue': hue, 'fonts': form['fonts'], 'layout': form['layout'], 'footer': footer, 'css': css}
