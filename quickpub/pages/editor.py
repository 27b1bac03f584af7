"""The editor: writing, saving and publishing a post; conflicts with another person's changes."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from bottle import request, response

from .. import dates, text
from ..codes import Rejected
from ..content import (
    authorship,
    autosave,
    featured,
    posts,
    publishing,
    quota,
    rerendering,
    reviews,
    revisions,
    series,
    submissions,
    tags,
)
from ..content.post_input import PostInput, as_form
from ..db import db, now
from ..gates import Busy, TooMuch
from ..jobs.errors import is_out_of_reach
from ..media import placing
from ..models import Autosave, Post, Site, User
from ..permissions import Permission
from ..sentences import describe, make_sentences
from ..sentences.notices import find_notice
from ..settings import current
from ..translations import languages
from ..translations.messages import N_, gettext
from ..wsgi.actions import Answer, UnknownAction, find_action
from ..wsgi.forms import Form, number, sent_fields, typed
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, is_from_script, not_found, redirect, render, render_json
from ..wsgi.urls import url
from . import editor_actions

FIELDS = (*autosave.FIELDS, 'action', 'tab', 'seen')
TEXTS = ('title', 'body', 'summary')
BUSY = N_('The site is busy. Your text is still here, but not saved. Please try again in a minute.')
CANNOT_SAVE = N_('The site cannot save anything right now. Your text is still here. Please try again in a minute.')
UNKNOWN_ACTION = N_('Nothing was saved. Please use one of the buttons below.')
MERGE_FAILED = N_('The two versions cannot be merged because that takes too long. Your text is still here. Keep yours, '
                  'keep theirs, or copy what you need from the version history.')


@login_required
def show_new_post(user: User) -> Answer:
    """Show the editor with an empty form, or with an autosave of a new post."""
    kept = autosave.find(user, request.query.get('unsaved', ''))
    if kept and kept.post_id is None:
        return _render(user, None, _autosaved_form(kept))
    form = Form({'tab': autosave.new_tab(), 'kind': 'page' if request.query.get('kind', '') == 'page' else ''})
    return _render(user, None, form, others=autosave.of(user, None))


@login_required
def create_post(user: User) -> Answer:
    """Save a new post, and do what the button says."""
    return _submit(user, None)


@login_required
def show_editor(user: User, post_id: str) -> Answer:
    """Show the editor with a post, or with an autosave of it, which can only be copied if the post is not this user's
    to change any more."""
    kept = autosave.find(user, request.query.get('unsaved', ''))
    if kept and kept.post and str(kept.post_id) == post_id and not kept.post.is_editable_by(user):
        return render('kept_text.html', kept=kept, post=kept.post if kept.post.is_seen_by(user) else None)
    post = find_or_404(Post.seen_by(user), post_id)
    if not post.is_editable_by(user):
        return redirect(f'/studio/posts/{post.id}/preview')
    if kept and kept.post_id == post.id and _has_other_text(user, kept, post):
        return _render(user, post, _autosaved_form(kept))
    return _render(user, post, _saved_form(user, post), others=_find_unsaved(user, post))


def _find_unsaved(user: User, post: Post) -> list[Autosave]:
    """Return the autosaves of this post that have another text, and delete those that are saved by now."""
    unsaved = []
    for each in autosave.of(user, post):
        if _has_other_text(user, autosave.find(user, each.tab), post):
            unsaved.append(each)
        else:
            autosave.forget(user, each.tab)
    return unsaved


@login_required
def update_post(user: User, post_id: str) -> Answer:
    """Save a post, and do what the button says."""
    return _submit(user, find_or_404(Post.seen_by(user), post_id))


@login_required
def restore_version(user: User, post_id: str) -> Answer:
    """Save an older version of a post as the newest one."""
    post, wanted = find_or_404(Post.editable_by(user), post_id), number(typed('version')['version'])
    form = as_form(post)
    old = revisions.find(post, wanted, form) if wanted else None
    if old is None:
        return not_found()
    restored = form | {name: getattr(old, name) for name in revisions.TEXTS}
    try:
        posts.save(post, user, PostInput.from_form(restored), now())
    except Rejected as error:
        saved = _saved_form(user, post)
        return _render(user, post, Form(saved.values | restored, make_sentences(error.errors)), 400, is_kept=False)
    return redirect(f'/studio/posts/{post.id}', 'version-restored')


# Saving

def _submit(user: User, post: Post | None) -> Answer:
    """Save the form and do what its button says. After any error, the editor shows the form again as it was typed,
    and an autosave keeps it."""
    form = typed(*FIELDS)
    name, is_page = form['action'] or 'save', form['kind'] == 'page'
    if is_page and not user.may(Permission.MANAGE_PAGES):
        return not_found()
    if name == 'preview':
        return _preview(user, post, form)
    if name == 'merge' and post:
        return _merge(user, post, form)
    try:
        action = find_action(editor_actions.ACTIONS, name)
    except UnknownAction:
        return _reject_action(user, post, form)
    if action.needs and not user.may(action.needs):
        return not_found()
    has_text = bool(form['title'] or form['body'])  # lists of posts send the same buttons without a text
    is_saved = False
    try:
        if post and not post.is_editable_by(user):
            raise Rejected('post.only_editors', field='')
        if post is None and not action.is_writing:
            return _reject_action(user, post, form)
        if post and action.is_taking_back:
            return _take_back(user, post, form if has_text else None, action)
        if post and name == 'restore':
            authorship.check_may_trash(user, post)
            reviews.restore(user, post, now())
            if not has_text:
                return redirect('/studio/trash', 'restored')
        if has_text or action.is_writing:
            post = _save(user, post, form, is_page)
            is_saved = True
        assert post is not None  # every action on a new post saves it
        due = _due(user, form['publish_at'], name)
        with db.atomic():
            if action.is_publishing:
                _check_is_seen(post, form)
            copy = action.do(user, post, due)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(user, post, form, 400, is_saved=is_saved, is_kept=is_saved or _keep(user, post, form))
    except posts.Conflict as conflict:
        return _show_conflict(user, conflict, form)
    except Busy:
        if not has_text:
            raise
        form.errors = {'': str(BUSY)}
        return _render(user, post, form, 503, is_saved=is_saved, is_kept=is_saved or _keep(user, post, form))
    except Exception as error:
        if not (is_out_of_reach(error) and has_text):
            raise
        form.errors = {'': str(CANNOT_SAVE)}
        return _render(user, post, form, 503, is_kept=False)
    notice = _choose_notice(user, post, form, name, due)
    if is_from_script():
        return render_json(_describe_saved(user, post, notice))
    return redirect(action.next_page % (copy or post).id, notice)


def _reject_action(user: User, post: Post | None, form: Form) -> Answer:
    form.errors = {'': str(UNKNOWN_ACTION)}
    return _render(user, post, form, 400)


def _preview(user: User, post: Post | None, form: Form) -> Answer:
    """Show the editor with a preview of the form, or with the reason why there is none."""
    is_kept = _keep(user, post, form)
    try:
        preview = rerendering.preview(form['body'], user, current().path_prefix, form['language'])
        return _render(user, post, form, preview={'content': preview.content, 'words': preview.words}, is_kept=is_kept)
    except Rejected as error:
        form.errors, status = make_sentences(error.errors), 400
    except Busy:
        form.errors, status = {'': str(BUSY)}, 503
    return _render(user, post, form, status, is_kept=is_kept)


def _describe_saved(user: User, post: Post, notice: str) -> dict[str, Any]:
    """Return what the editor's script has to know of the post that it has saved."""
    return {'id': post.id, 'version': post.version, 'slug': post.slug, 'url': url(f'/studio/posts/{post.id}'),
            'time': dates.time_of_day(now(), user.timezone),
            'notice': '' if notice == 'saved' else find_notice(notice)}


def _take_back(user: User, post: Post, form: Form | None, action: editor_actions.Action) -> Answer:
    """Take a post away from readers, with the form saved if that is possible."""
    try:
        if form:
            post = _save(user, post, form)
    except (Rejected, Busy, posts.Conflict):
        _keep(user, post, form)
    action.do(user, post, None)
    path = f'/studio?undo={post.id}' if action is editor_actions.TRASH else f'/studio/posts/{post.id}'
    return redirect(path, action.notice)


def _save(user: User, post: Post | None, form: Form, is_page: bool = False) -> Post:
    """Save the form, and delete its autosave."""
    tab = form['tab'] if autosave.is_tab(form['tab']) else None
    with db.atomic():
        saved = posts.save(post, user, PostInput.from_form(form.values), now(),
                           _read_version(form) if post else None, is_page, tab)
        autosave.forget(user, form['tab'])
    form.values |= {'slug': saved.slug, 'version': str(saved.version)}
    return saved


def _read_version(form: Form) -> int | None:
    """Return the version that the form began with, or None if it replaces any. One that cannot be read is 0, which no
    post has: nobody's changes are overwritten by a broken form. Scripts may leave the field out."""
    if form['action'] == 'overwrite' or 'version' not in sent_fields():
        return None
    return number(form['version']) or 0


def _keep(user: User, post: Post | None, form: Form | None) -> bool:
    """Keep the form as an autosave, and return whether that was possible."""
    with suppress(ValueError):
        if form:
            autosave.keep(user, form['tab'], post, {name: form[name] for name in autosave.FIELDS}, now())
            return True
    return False


def _check_is_seen(post: Post, form: Form) -> None:
    """Raise Rejected if the cover or the authors of somebody else's draft were changed since the form was opened."""
    if not form['seen'] or post.published_at:
        return
    Post.load_co_authors([post])
    if form['seen'] != submissions.as_seen_beside_form(post, _describe_cover(post)):
        raise Rejected('publish.unseen', field='')


def _describe_cover(post: Post) -> list[Any]:
    return placing.describe('cover', [post.id]).get(post.id, [])


def _due(user: User, publish_at: str, name: str) -> datetime | None:
    """Return when a button publishes, in UTC, or None for now. Raises Rejected."""
    if name == 'schedule' and not publish_at:
        raise Rejected('publish_at.missing')
    if name not in ('schedule', 'publish') or not publish_at:
        return None
    return publishing.parse_publish_at(publish_at, user.timezone)


def _choose_notice(user: User, post: Post, form: Form, name: str, due: datetime | None) -> str:
    if due:
        return 'scheduled'
    if name in ('save', 'cover') and form['publish_at'] not in ('', _scheduled_for(user, post)):
        return 'saved-not-scheduled'
    return editor_actions.ACTIONS[name].notice


# Conflicts

def _show_conflict(user: User, conflict: posts.Conflict, form: Form) -> Answer:
    """Show the editor with the form, and how it differs from the version that was saved meanwhile."""
    post, form.errors = conflict.post, {'': describe(conflict)}
    differences = revisions.compare_forms(as_form(post), form.values, quota.waits_as(user))
    return _render(user, post, form, 409, conflict=differences, saved_by=revisions.find_editor(post) or post.author,
                   is_kept=_keep(user, post, form))


def _merge(user: User, post: Post, form: Form) -> Answer:
    """Show the editor with both people's changes in the form, not saved yet."""
    theirs = as_form(post)
    base = revisions.find(post, number(form['version']), theirs)
    mine = {name: text.body(form[name]) for name in theirs}
    try:
        merged, is_clean = revisions.merge_forms(
            revisions.form_of(base) if base else {}, mine, theirs, (gettext('Yours'), gettext('Theirs')),
            quota.waits_as(user))
    except (Busy, TooMuch):
        form.errors = {'': str(MERGE_FAILED)}
        return _render(user, post, form, 409, conflict=[('body', None)],
                       saved_by=revisions.find_editor(post) or post.author, is_kept=_keep(user, post, form))
    form.values |= merged | {'version': str(post.version)}
    return _render(user, post, form, merged='clean' if is_clean else 'touching', is_kept=_keep(user, post, form))


# The form

def _saved_form(user: User, post: Post) -> Form:
    return Form(as_form(post) | {
        'kind': 'page' if post.is_page else '', 'publish_at': _scheduled_for(user, post), 'version': str(post.version),
        'tab': autosave.new_tab()})


def _autosaved_form(kept: Autosave) -> Form:
    began_with = kept.fields.get('version') or ('1' if kept.post_id else '')  # a new post, which was saved meanwhile
    return Form(kept.fields | {'tab': kept.tab, 'version': began_with})


def _scheduled_for(user: User, post: Post) -> str:
    """Return when a post will be published, as the form has it, or ''."""
    return dates.local(post.published_at, user.timezone) if post.published_at and post.is_scheduled(now()) else ''


def _has_other_text(user: User, kept: Autosave | None, post: Post) -> bool:
    """Return whether an autosave has anything that is not saved. Fields other than the text count if they are filled
    in: a new post gets its slug, for one, when it is saved."""
    if kept is None:
        return False
    saved = as_form(post) | {'publish_at': _scheduled_for(user, post)}
    filled = {name: text.body(kept.fields.get(name, '')).strip() for name in saved}
    return any(filled[name] != saved[name].strip() and (filled[name] or name in TEXTS) for name in saved)


def _render(user: User, post: Post | None, form: Form, status: int = 200, **context: Any) -> Answer:
    """Show the editor with the form, or tell its script what is wrong with it."""
    if form.errors and is_from_script():
        return render_json({'errors': form.errors}, status)
    response.status = status
    if post and request.method == 'POST' and 'version' not in sent_fields():
        form.values['version'] = str(post.version)  # it replaces any version, also when it is sent again
    at = now()
    Post.load_co_authors([post])
    author = post.author if post else user
    page_of = user if post and user in post.authors else author  # as pins.page_of, which would ask again
    review = reviews.find([post.id]).get(post.id) if post and not post.published_at else None  # published: none
    cover = _describe_cover(post) if post else []
    is_anothers_draft = bool(post and not post.published_at and user not in post.authors)
    offered = {'preview': None, 'conflict': None, 'merged': None, 'others': [], 'is_saved': False,
               'is_kept': True} | context
    return render(
        'editor.html', post=post, form=form, is_page=post.is_page if post else form['kind'] == 'page',
        is_verified=author.is_verified, is_publisher=reviews.may_publish_after(user, post, review), review=review,
        may_hold=bool(post and reviews.may_hold(user, post)),
        may_trash=bool(post and authorship.may_change_authors(user, post)), is_own_page=page_of.id == user.id,
        seen=submissions.as_seen_beside_form(post, cover) if post and is_anothers_draft else '',
        is_public=bool(post and post.is_public(at)), due=post.published_at if post and post.is_scheduled(at) else None,
        pinned=_find_pinned(post, page_of) if post and post.is_public(at) else [],
        is_featured=bool(post and user.may(Permission.FEATURE) and featured.is_featured(post)),
        has_cover=bool(cover),
        series_names=series.names_of(author), tag_names=tags.suggest_names(user, at),
        covers=placing.find('cover', [post.id] if post else []), faces=placing.find('avatar', [author.id]),
        author=author, now_ms=int(at.replace(tzinfo=UTC).timestamp() * 1000),
        is_just_published='published' in request.query and request.method == 'GET',
        languages=[('', N_('The language of the site')), *languages.written()],
        soon=dates.local(at + timedelta(minutes=1), user.timezone), **offered)


def _find_pinned(post: Post, author: User) -> list[str]:
    """Return where this post is pinned: on the page of this author, on the home page."""
    return [where for where, on in (('author', author), ('home', Site.this())) if on.pinned_id == post.id]
