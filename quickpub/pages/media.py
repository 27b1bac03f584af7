"""An author's pictures and files: sending them in, looking at them, and sending them out to readers."""

import json
import logging

from bottle import request, response

from .. import presence, tasks, text
from ..db import db, now
from ..media import files, variants
from ..media.intake import UploadedFile as Draft
from ..models import Upload
from ..settings import current
from ..text import Rejected
from ..wsgi.bodies import MAX_PARTS, TooMany
from ..wsgi.forms import UPLOADS, Form, sent_files, typed
from ..wsgi.responses import find, no_file, page_of, redirect, render, send_file, signed_in, url

log = logging.getLogger('quickpub.web')

PER_PAGE = 50
FULL = 'The disk of this site is nearly full, so no more files can be taken. Please tell who keeps the site.'
LOST = 'This site cannot store files just now. Please try again in a few minutes, or tell the owner of the site.'
ACTIONS = ('describe', 'delete', 'retry')


@signed_in
def mine(user):
    return _page(user, Form())


def _page(user, form, status=200):
    response.status = status
    uploads, older, is_first = page_of(_of(user).order_by(Upload.id.desc()), UPLOADS, PER_PAGE, by=(Upload.id,),
                                       within=Upload.select().where(Upload.user == user))
    uses = files.uses((each.file_id for each in uploads), user, now())
    return render('media.html', form=form, uploads=uploads, uses=uses,
                  older=older, is_first=is_first, used=files.used_by(user), quota=current().quota * files.MEGABYTE,
                  is_verified=user.is_verified, endings=_endings(),
                  file_limit=files.FILE_LIMIT, kept_days=files.KEPT_UNUSED.days)


def _of(user):
    return Upload.select(Upload, Upload.file.rel_model).join(Upload.file.rel_model).where(Upload.user == user)


def _endings():
    """For the browser's dialogue."""
    return ','.join(f'.{ending}' for ending in ['jpeg', *files.KINDS])


@signed_in
def upload(user):
    """Take in what was sent, each file by itself: what is refused keeps nothing else away."""
    taken, form, status = [], Form(), 200
    try:
        files.check_room(user, 0)
        for draft in sent_files(files.open_draft):
            try:
                taken.append(_take(user, draft))
            except Rejected as error:
                status, form.errors[f'file {len(form.errors) + 1}'] = 400, error.errors['file']
        if not taken and not form.errors:
            status, form.errors = 400, {'file': 'Please choose a file first.'}
    except TooMany:
        status, form.errors['file'] = 400, (f'At most {MAX_PARTS} files can be sent at once. Please send those '
                                            'that are missing below in another go.')
    except Rejected as error:
        status, form.errors = 403, error.errors
    except OSError as error:
        log.warning('An upload cannot be stored: %s', error)
        status, form.errors = (503, {'file': LOST}) if presence.explains(error) else (507, {'file': FULL})
    if 'application/json' in request.get_header('Accept', ''):
        response.status = status
        return _json({'uploads': [_state(each) for each in taken], 'problems': list(form.errors.values())})
    return redirect(UPLOADS, 'uploaded') if status == 200 else _page(user, form, status)


def _take(user, draft: Draft) -> Upload:
    return files.accept(user, draft, now(), tasks.prepare_pictures)


@signed_in
def one(user, upload_id):
    """How far it is, for the editor's script."""
    return _json(_state(find(_of(user), upload_id)))


def _json(what) -> str:
    response.content_type = 'application/json'
    response.set_header('Cache-Control', 'private, no-store')
    return json.dumps(what)


def _state(upload):
    file = upload.file
    return {'id': upload.id, 'name': upload.name, 'path': upload.path, 'markdown': upload.markdown, 'kind': file.kind,
            'alt': upload.alt, 'state': file.state, 'progress': file.progress, 'error': file.error,
            'url': url(f'{UPLOADS}/{upload.id}')}


@signed_in
def change(user, upload_id):
    upload = find(_of(user), upload_id)
    form = typed('action', 'alt')
    if form['action'] not in ACTIONS:
        return _page(user, Form(errors={'': 'Nothing was changed: please use one of the buttons below.'}), 400)
    if form['action'] == 'delete':
        try:
            files.delete(upload)
        except Rejected as error:
            return _page(user, Form(errors=error.errors), 400)
        return redirect(UPLOADS, 'file-deleted')
    if form['action'] == 'retry':
        with db.atomic():
            variants.try_again(upload.file)
            tasks.prepare_pictures()
        return redirect(UPLOADS)
    Upload.update(alt=text.line(form['alt'], files.MAX_ALT)).where(Upload.id == upload.id).execute()
    return redirect(UPLOADS, 'saved')


def send(digest, name):
    """A picture to be looked at; anything else to be kept, or to be played by a page of this site."""
    found = files.find(digest, name)
    if found is None:
        return no_file(files.folder())
    path, ending = found
    return send_file(path, files.TYPES[ending], None if files.KINDS[ending] == 'image' else name)
