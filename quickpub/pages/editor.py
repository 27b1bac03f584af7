"""The editor: writing, saving, publishing; what is not saved yet; older versions."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bottle import HTTPError, HTTPResponse, request, response
from markupsafe import Markup

from .. import dates, templating, text
from ..content import autosave, posts, quota, rendering, revisions
from ..db import db, is_out_of_reach, now, rows
from ..gates import Busy, TooMuch
from ..media import files
from ..models import Post, Series, Site, Tag, User
from ..settings import current
from ..text import Rejected
from ..translations import languages
from ..translations.messages import N_
from ..wsgi.forms import Form, number, typed
from ..wsgi.responses import find, not_found, prose, redirect, render, signed_in

FIELDS = ('title', 'body', 'summary', 'tags', 'slug', 'language', 'canonical', 'series', 'part', 'place', 'publish_at')
HIDDEN = ('action', 'version', 'tab', 'kind')
MAX_OFFERED = 300
BUSY = 'The site cannot save anything at this moment. What you typed is still here: please try again in a minute.'
CONFLICT = 'Nothing was saved yet, because this text was saved in another window or by somebody else while you wrote.'


class Action(NamedTuple):
    """What a button does once what was typed is saved."""
    notice: str  # what the next page says; see also `_notice`
    do: Callable[[User, Post, datetime | None], Post | None] = lambda user, post, due: None
    is_writing: bool = False  # of a new text, too; and where nothing was typed, it says so
    is_taking_back: bool = False  # it works whatever stands in the form
    is_owners: bool = False


def _publish(user, post, due):
    posts.publish(post, now(), due)


ACTIONS = {
    'save': Action('saved', is_writing=True),
    'overwrite': Action('saved', is_writing=True),
    'publish': Action('published', _publish, is_writing=True),
    'publish-now': Action('published', _publish, is_writing=True),
    'schedule': Action('scheduled', _publish, is_writing=True),
    'restore': Action('restored'),
    'share': Action('shared', lambda user, post, due: posts.share(post, now())),
    'pin': Action('pinned', lambda user, post, due: posts.pin(post, post.author)),
    'unpin': Action('unpinned', lambda user, post, due: posts.unpin(post, post.author)),
    'pin-home': Action('pinned', lambda user, post, due: posts.pin(post, Site.this()), is_owners=True),
    'unpin-home': Action('unpinned', lambda user, post, due: posts.unpin(post, Site.this()), is_owners=True),
    'duplicate': Action('duplicated', lambda user, post, due: posts.duplicate(post, user, now())),
    'unpublish': Action('unpublished', lambda user, post, due: posts.unpublish(post, now()), is_taking_back=True),
    'unshare': Action('unshared', lambda user, post, due: posts.unshare(post), is_taking_back=True),
    'delete': Action('trashed', lambda user, post, due: posts.delete(post, now()), is_taking_back=True),
}


# Pages

@signed_in
def new_form(user):
    kept = autosave.find(user, request.query.get('unsaved', ''))
    if kept and kept.post_id is None:
        return _editor(user, None, _form_of(kept))
    form = Form({'tab': autosave.new_tab(), 'kind': 'page' if request.query.get('kind', '') == 'page' else ''})
    return _editor(user, None, form, others=autosave.of(user, None))


@signed_in
def new(user):
    return _act(user, None)


@signed_in
def edit_form(user, post_id):
    post = _find(user, post_id)
    kept = autosave.find(user, request.query.get('unsaved', ''))
    if kept and kept.post_id == post.id:
        return _editor(user, post, _form_of(kept))
    others = [each for each in autosave.of(user, post) if _is_another_text(post, autosave.find(user, each.tab))]
    return _editor(user, post, _form_for(user, post), others=others)


@signed_in
def edit(user, post_id):
    return _act(user, _find(user, post_id))


@signed_in
def preview(user, post_id):
    """What was saved last, as readers will see it."""
    return _draft(_find(user, post_id), 'This is how readers will see what you saved last.', may_edit=True)


def draft(token):
    """A draft whose author has given away the link."""
    post = Post.shared(token)
    if post is None or post.deleted_at:
        raise not_found()
    if post.is_public(now()):
        return redirect(post.path)
    return _draft(post, 'This is a draft. Who wrote it has given you the link; please do not pass it on.')


def _draft(post, note, may_edit=False):
    return render('post.html', post=post, author=post.author, content=prose(post.html), tags=posts.tags_of(post),
                  newer=None, older=None, parts=[], canonical=post.path, draft_note=note, may_edit=may_edit)


@signed_in
def render_text(user):
    """Show what is being typed as readers will see it; a part of a page."""
    try:
        return templating.render('_preview.html', **_rendered(user, typed('body', 'language')))
    except Rejected as error:  # the script shows this one, and leaves the last preview where there is another problem
        response.status = 422
        return templating.render('_preview_failed.html', sentence=error.errors['body'])


@signed_in
def keep_unsaved(user):
    """What stands in an editor, sent every few seconds; or the wish to throw it away."""
    form = typed(*FIELDS, *HIDDEN, 'post')
    if form['action'] == 'discard':
        autosave.forget(user, form['tab'])
        return redirect('/studio', 'discarded')
    if form['post']:
        post = _find(user, form['post'])
    else:  # or it was saved meanwhile, and this letter comes late
        post = Post.get_or_none(Post.author == user, Post.first_tab == form['tab']) if _tab(form) else None
    if not _keep(user, post, form):
        return HTTPError(400)
    return HTTPResponse('', 204, {'Cache-Control': 'no-store'})


@signed_in
def history(user, post_id):
    post = _find(user, post_id)
    form, kept = posts.as_typed(post), revisions.of(post)
    new = revisions.find(post, number(request.query.get('to', '')) or post.version, form)
    old = revisions.find(post, number(request.query.get('from', '')) or _before(kept, new), form)
    if new is None or (old is None and kept):
        raise not_found()
    return render('history.html', post=post, kept=kept, old=old, new=new, editor=_editor_of(post),
                  changes=_compared(user, revisions.form_of(old), revisions.form_of(new)) if old else [])


@signed_in
def restore_version(user, post_id):
    """Save an older version once more; the one that was valid until now is kept."""
    post, wanted = _find(user, post_id), number(typed('version')['version'])
    form = posts.as_typed(post)
    old = revisions.find(post, wanted, form) if wanted else None
    if old is None:
        raise not_found()
    restored = form | {name: getattr(old, name) for name in revisions.TEXTS}
    try:
        posts.save(post, user, restored, now())
    except Rejected as error:
        form = _form_for(user, post)
        return _editor(user, post, Form(form.values | restored, error.errors), 400, is_kept=False)
    return redirect(f'/studio/posts/{post.id}', 'version-restored')


# Saving

def _act(user, post):
    """What a button does. Whatever goes wrong in the editor, its form comes back as it was typed, and is kept."""
    form = typed(*FIELDS, *HIDDEN)
    name, is_page = form['action'] or 'save', form['kind'] == 'page'
    action = ACTIONS.get(name)
    if (is_page or (action and action.is_owners)) and not user.is_owner:
        raise not_found()
    if name == 'preview':
        return _previewed(user, post, form)
    if name == 'merge' and post:
        return _merged(user, post, form)
    if action is None or not (post or action.is_writing):
        form.errors = {'': 'Nothing was saved yet: please use one of the buttons below.'}
        return _editor(user, post, form, 400)
    is_editor = bool(form['title'] or form['body'])  # or a list, which has nothing to save
    is_saved = False
    try:
        if action.is_taking_back:
            return _take_back(user, post, form if is_editor else None, action)
        if name == 'restore':
            posts.restore(post)
            if not is_editor:
                return redirect('/studio/trash', 'restored')
        if is_editor or action.is_writing:
            post = _save(user, post, form, is_page)
            is_saved = True
        due = _due(user, form['publish_at'], name)
        copy = action.do(user, post, due)
    except Rejected as error:
        form.errors = error.errors
        return _editor(user, post, form, 400, is_saved=is_saved, is_kept=is_saved or _keep(user, post, form))
    except posts.Conflict as conflict:
        return _conflict(user, conflict.post, form)
    except Busy as error:
        if not is_editor:
            raise
        form.errors = {'': f'{error} What you typed is still here.'}
        return _editor(user, post, form, 503, is_saved=is_saved, is_kept=is_saved or _keep(user, post, form))
    except Exception as error:
        if not (is_out_of_reach(error) and is_editor):
            raise
        form.errors = {'': BUSY}
        return _editor(user, post, form, 503, is_kept=False)
    return redirect(f'/studio/posts/{(copy or post).id}', _notice(user, post, form, name, due))


def _previewed(user, post, form):
    """The editor with a preview of what was typed, or with the reason why there is none."""
    is_kept = _keep(user, post, form)
    try:
        return _editor(user, post, form, preview=_rendered(user, form), is_kept=is_kept)
    except Rejected as error:
        form.errors, status = error.errors, 400
    except Busy as error:
        form.errors, status = {'': f'{error} What you typed is still here.'}, 503
    return _editor(user, post, form, status, is_kept=is_kept)


def _notice(user, post, form, name, due):
    """What to say on the next page."""
    if due:
        return 'scheduled'
    if name == 'save' and form['publish_at'] not in ('', _planned(user, post)):
        return 'saved-not-scheduled'
    return ACTIONS[name].notice


def _take_back(user, post, form, action):
    """Take it away from readers; as it was before, where what was typed cannot be saved."""
    try:
        if form:
            post = _save(user, post, form)
    except (Rejected, Busy, posts.Conflict):
        _keep(user, post, form)
    action.do(user, post, None)
    is_gone = action is ACTIONS['delete']
    return redirect(f'/studio?undo={post.id}' if is_gone else f'/studio/posts/{post.id}', action.notice)


def _save(user, post, form, is_page=False):
    """Save the form, and forget it as unsaved."""
    based_on = number(form['version']) if post and form['action'] != 'overwrite' else None
    with db.atomic():
        post = posts.save(post, user, form.values, now(), based_on, is_page, _tab(form))
        autosave.forget(user, form['tab'])
    form.values |= {'slug': post.slug, 'version': str(post.version)}
    return post


def _tab(form):
    return form['tab'] if autosave.TAB.fullmatch(form['tab']) else None


def _keep(user, post, form):
    """Keep what was typed as unsaved; False where the form names no window, or one of somebody else's making."""
    with suppress(ValueError):
        autosave.keep(user, form['tab'], post, {name: form[name] for name in (*FIELDS, 'version', 'kind')}, now())
        return True
    return False


def _due(user, moment, name):
    """The time that was typed, on the clock of whoever typed it, in UTC, for a button that asks for it: None is now.
    Raises Rejected."""
    if name == 'schedule' and not moment:
        raise Rejected(publish_at='Choose a date and a time first. Your text is saved.')
    if name not in ('schedule', 'publish') or not moment:
        return None
    zone = dates.find_zone(user.timezone)
    try:
        local = datetime.fromisoformat(moment)
        local = local if local.tzinfo else local.replace(tzinfo=zone)
        due = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Rejected(publish_at='This is not a date and a time, such as 2027-03-01T08:00. Your text is saved.'
                       ) from None
    if due.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Rejected(publish_at='The clocks go forward in that night, and this time does not exist. Choose one an '
                                  'hour later. Your text is saved.')
    return due.replace(tzinfo=None)


# Two who wrote at the same time

def _conflict(user, post, form):
    """The editor with what was typed, and what it would make of the version that is there, word by word."""
    form.errors = {'': CONFLICT}
    return _editor(user, post, form, 409, conflict=_compared(user, posts.as_typed(post), form.values),
                   saved_by=_editor_of(post) or post.author, is_kept=_keep(user, post, form))


def _merged(user, post, form):
    """The editor with both changes in it, not saved yet."""
    theirs = posts.as_typed(post)
    base = revisions.find(post, number(form['version']), theirs)
    mine = {name: text.body(form[name]) for name in theirs}
    try:
        merged, is_clean = revisions.merge_forms(revisions.form_of(base) if base else {}, mine, theirs,
                                                 quota.waits_as(user))
    except (Busy, TooMuch):
        form.errors = {'': 'The two texts cannot be merged just now, because that takes too long. Your text is still '
                           'here: keep yours, keep theirs, or copy what you need from the version history.'}
        return _editor(user, post, form, 409, conflict=[('body', None)], saved_by=_editor_of(post) or post.author,
                       is_kept=_keep(user, post, form))
    form.values |= merged | {'version': str(post.version)}
    return _editor(user, post, form, merged='clean' if is_clean else 'touching', is_kept=_keep(user, post, form))


def _compared(user, old, new):
    """(name, differences) of each field that is another one, the text last; None instead of differences where to find
    them takes too long."""
    names = [*(name for name in FIELDS if name not in ('body', 'publish_at')), 'body']
    both = [(name, old.get(name, ''), text.body(new.get(name, ''))) for name in names]
    return [(name, _differences(user, before, after)) for name, before, after in both if before != after]


def _differences(user, before, after):
    try:
        return revisions.differences(before, after, quota.waits_as(user))
    except (Busy, TooMuch):
        return None


def _before(kept, revision):
    """The number of the version before this one."""
    return next((each.version for each in kept if each.version < revision.version), None) if revision else None


# The form

def _find(user, post_id):
    """The post, if this user may edit it; for everybody else it does not exist."""
    return find(Post.editable_by(user), post_id)


def _form_for(user, post):
    """The form as it was saved."""
    return Form(posts.as_typed(post) | {
        'kind': 'page' if post.is_page else '', 'publish_at': _planned(user, post), 'version': str(post.version),
        'tab': autosave.new_tab()})


def _planned(user, post):
    """When it will be public, as the form has it."""
    return dates.local(post.published_at, user.timezone) if post.is_scheduled(now()) else ''


def _form_of(kept):
    return Form(kept.fields | {'tab': kept.tab})


def _is_another_text(post, kept):
    """Whether it holds anything that is not saved."""
    saved = posts.as_typed(post)
    return any(text.body(kept.fields.get(name, '')).strip() != saved[name].strip()
               for name in ('title', 'body', 'summary'))


def _editor_of(post):
    """Who saved the version that is there; None where it was the author, or is unknown."""
    return User.get_or_none(User.id == post.editor_id) if post.editor_id != post.author_id else None


def _editor(user, post, form, status=200, **context):
    response.status = status
    at = now()
    author = post.author if post else user
    offered = {'preview': None, 'conflict': None, 'merged': None, 'others': [], 'is_saved': False,
               'is_kept': True} | context
    return render(
        'editor.html', post=post, form=form, is_page=post.is_page if post else form['kind'] == 'page',
        is_verified=author.is_verified,
        is_public=bool(post and post.is_public(at)), due=post.published_at if post and post.is_scheduled(at) else None,
        pinned=[where for where, on in (('author', author), ('home', Site.this())) if post and on.pinned_id == post.id],
        series_names=[name for (name,) in rows(Series.select(Series.name).where(Series.author == author))],
        tag_names=[tag.name for tag in Tag.offered_to(user, at).limit(MAX_OFFERED)],
        languages=[('', N_('The language of the site')), *languages.written()],
        soon=dates.local(at + timedelta(minutes=1), user.timezone), **offered)


def _rendered(user, form):
    body = text.body(form['body'][:posts.MAX_BODY])
    preview = rendering.preview(body, files.known_in(body), current().path_prefix, quota.waits_as(user),
                                form['language'] or Site.this().language)
    return {'content': Markup(preview.content), 'words': preview.words}  # noqa: S704  # it is cleaned
