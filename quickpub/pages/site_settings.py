"""The settings of the site, for owners: one page for each group."""


from bottle import HTTPResponse, response

from .. import setting_groups
from ..codes import Rejected
from ..db import db
from ..formats import number
from ..models import User
from ..sentences import make_sentences
from ..settings import PREFIX
from ..translations import languages
from ..translations.messages import N_, Translatable
from ..wsgi.actions import Answer
from ..wsgi.authentication import note_action
from ..wsgi.conflicts import describe_conflicts, typed_shown, untouched_as_stored
from ..wsgi.forms import Form, sent_fields
from ..wsgi.permissions import owner_required
from ..wsgi.responses import not_found, redirect, render

FIRST = '/admin/settings/general'
WORDS: dict[str, dict[str, Translatable]] = {
    'signup': {'open': N_('Anyone can sign up'), 'invite': N_('Only people with an invitation'),
               'closed': N_('No one can sign up')},
    'new_role': {'author': N_('Author'), 'contributor': N_('Contributor')},
    'report': {'daily': N_('Every day'), 'weekly': N_('Every week'), 'monthly': N_('Every month, after its last day'),
               'never': N_('Never'), 'minute': N_('Every minute, to try it out')},
}


@owner_required
def show_first_group(user: User) -> HTTPResponse:
    """Redirect to the first group of settings."""
    return redirect(FIRST)


@owner_required
def redirect_site(user: User) -> HTTPResponse:
    """Redirect from the old URL of the first group."""
    return redirect(FIRST, status=301)


@owner_required
def show_settings(user: User, group: str) -> Answer:
    """Show the form with the settings of a group."""
    return _render(group) if group in setting_groups.GROUPS else not_found()


def _render(group: str, form: Form | None = None, status: int = 200, shown: dict[str, str] | None = None) -> Answer:
    """Return the page. `shown`: the values that a form was opened with which is shown again, if not the present ones.
    """
    response.status = status
    names = setting_groups.GROUPS[group]
    stored = setting_groups.read(names)
    fixed = {name: (PREFIX + name.upper(), _describe(name, stored[name])) for name in names
             if not setting_groups.is_editable(name)}
    choices = {name: setting_groups.list_choices(name) for name in names}
    return render('admin_settings.html', group=group, form=form or Form(dict(stored)),
                  shown=stored | (shown or {}), fixed=fixed, choices=choices,
                  labels={name: {each: _describe(name, each) for each in choices[name]}
                                           for name in names})


def _describe(name: str, value: str) -> str:
    """Return the value of a setting in words."""
    if name == 'language':
        return languages.supported().get(value, value)
    if name == 'quota':
        return number(int(value))
    return str(WORDS.get(name, {}).get(value, value))


@owner_required
def update_settings(user: User, group: str) -> Answer:
    """Save the settings of a group."""
    return _update(user, group) if group in setting_groups.GROUPS else not_found()


@owner_required
def update_site(user: User) -> Answer:
    """Save the first group; and the colour of the site, if a script still sends it here."""
    return _update(user, 'general', extra=('hue',))


def _update(user: User, group: str, extra: tuple[str, ...] = ()) -> Answer:
    sent = sent_fields()
    names = [name for name in (*setting_groups.GROUPS[group], *extra) if setting_groups.is_editable(name)]
    form = Form({name: sent[name] for name in names if name in sent and (sent[name] or name not in extra)})
    shown = typed_shown(*names)
    try:
        wanted = setting_groups.clean(form.values)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render_again(group, form, 400, shown)
    with db.atomic():
        outcome = setting_groups.change(wanted, shown)
        if outcome.changed:
            note_action('site_changed', user, changed=outcome.changed)
    if outcome.conflicts:
        form.values = untouched_as_stored(form.values, shown, setting_groups.read(names))
        form.errors = describe_conflicts({name: _describe(name, value) for name, value in outcome.conflicts.items()})
        return _render_again(group, form, 409)
    return redirect(f'/admin/settings/{group}', 'saved')


def _render_again(group: str, form: Form, status: int, shown: dict[str, str] | None = None) -> Answer:
    """Show the form as it was sent, with the stored values of what was not sent."""
    stored = setting_groups.read(setting_groups.GROUPS[group])
    form.values = {name: form.values.get(name, value) for name, value in stored.items()}
    return _render(group, form, status, shown)
