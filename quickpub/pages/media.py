"""An author's media files: uploading, describing and deleting them, and sending them to readers."""

import json
from typing import Any

from bottle import response

from .. import tasks
from ..codes import Rejected
from ..db import db, now
from ..look import sharing
from ..media import cleaning, files, placing, uploads, usage, variants
from ..media.intake import UploadedFile
from ..models import MediaFile, Upload, User
from ..sentences import make_sentence, make_sentences
from ..settings import current
from ..translations.messages import gettext, ngettext
from ..wsgi.actions import Answer, find_action
from ..wsgi.bodies import MAX_PARTS, TooMany
from ..wsgi.downloads import missing_file, send_file
from ..wsgi.forms import UPLOADS, Form, describe_storage_error, sent_files, typed
from ..wsgi.pagination import paginate
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, is_from_script, not_found, redirect, render
from ..wsgi.urls import url

PER_PAGE = 50


@login_required
def show_media(user: User) -> Answer:
    """Show the user's media files."""
    return _render(user, Form())


def _render(user: User, form: Form, status: int = 200) -> Answer:
    response.status = status
    found, older, is_first = paginate(uploads.of(user).order_by(Upload.id.desc()), UPLOADS, PER_PAGE,
                                       by=(Upload.id,), within=uploads.of(user))
    digests = [each.file_id for each in found]
    return render('media.html', form=form, uploads=found, uses=usage.find_posts_with(digests, user, now()),
                  places=placing.find_places(digests, user),
                  older=older, is_first=is_first, used=uploads.used_by(user), quota=current().quota * files.MEGABYTE,
                  is_verified=user.is_verified, endings=_list_endings(), explain=_explain,
                  file_limit=uploads.FILE_LIMIT, kept_days=cleaning.KEPT_UNUSED.days)


def _list_endings() -> str:
    """Return what the browser's file dialogue offers."""
    return ','.join(f'.{ending}' for ending in ['jpeg', *files.KINDS])


@login_required
def upload_files(user: User) -> Answer:
    """Store the files of a form, each by itself: one that is rejected does not stop the others."""
    stored, form, status = [], Form(), 200
    try:
        uploads.check_room(user, 0)
        for uploaded in sent_files(uploads.open_upload):
            try:
                stored.append(_store(user, uploaded))
            except Rejected as error:
                status, form.errors[f'file {len(form.errors) + 1}'] = 400, make_sentence(error.errors['file'])
        if not stored and not form.errors:
            status, form.errors = 400, {'file': gettext('Choose a file first.')}
    except TooMany:
        status, form.errors['file'] = 400, ngettext(
            'You can upload %(count)s file at once. Upload the files that are missing below separately.',
            'You can upload %(count)s files at once. Upload the files that are missing below separately.', MAX_PARTS)
    except Rejected as error:
        status, form.errors = 403, make_sentences(error.errors)
    except OSError as error:
        status, form.errors = describe_storage_error(error)
    if is_from_script():
        response.status = status
        return _render_json({'uploads': [_describe_state(each) for each in stored],
                             'problems': list(form.errors.values())})
    return redirect(UPLOADS, 'uploaded') if status == 200 else _render(user, form, status)


def _store(user: User, uploaded: UploadedFile) -> Upload:
    return uploads.store(user, uploaded, now(), tasks.prepare_pictures)


@login_required
def show_progress(user: User, upload_id: str) -> Answer:
    """Return how far a file is prepared, for the editor's script."""
    return _render_json(_describe_state(find_or_404(uploads.of(user), upload_id)))


def _render_json(value: Any) -> str:
    response.content_type = 'application/json'
    response.set_header('Cache-Control', 'private, no-store')
    return json.dumps(value)


def _describe_state(upload: Upload) -> dict[str, Any]:
    file = upload.file
    return {'id': upload.id, 'name': upload.name, 'path': upload.path, 'markdown': upload.markdown, 'kind': file.kind,
            'alt': upload.alt, 'state': file.state, 'progress': file.progress, 'error': _explain(file),
            'url': url(f'{UPLOADS}/{upload.id}')}


def _explain(file: MediaFile) -> str:
    """Return why a file is not ready, or ''."""
    problem = variants.find_problem(file)
    return make_sentence(problem) if problem else ''


@login_required
def update_media_file(user: User, upload_id: str) -> Answer:
    """Describe or delete a media file, or prepare it again."""
    upload = find_or_404(uploads.of(user), upload_id)
    form = typed('action', 'alt')
    return find_action(ACTIONS, form['action'])(user, upload, form)


def _describe(user: User, upload: Upload, form: Form) -> Answer:
    uploads.describe(upload, form['alt'])
    return redirect(UPLOADS, 'saved')


def _delete(user: User, upload: Upload, form: Form) -> Answer:
    try:
        cleaning.delete(upload)
    except Rejected as error:
        return _render(user, Form(errors=make_sentences(error.errors)), 400)
    return redirect(UPLOADS, 'file-deleted')


def _retry(user: User, upload: Upload, form: Form) -> Answer:
    with db.atomic():
        variants.try_again(upload.file)
        tasks.prepare_pictures()
    return redirect(UPLOADS)


ACTIONS = {'describe': _describe, 'delete': _delete, 'retry': _retry}


def send_media_file(digest: str, name: str) -> Answer:
    """Send an image to be shown; anything else as a download, which pages of this site can also play."""
    found = files.find(digest, name)
    if found is None:
        return missing_file(files.folder())
    path, ending = found
    return send_file(path, files.TYPES[ending], None if files.KINDS[ending] == 'image' else name)


def send_card(digest: str) -> Answer:
    """Send the card of a page, for other sites that show a link to it."""
    found = sharing.find_file(digest)
    return send_file(found, files.TYPES['png'], name=digest) if found else not_found()
