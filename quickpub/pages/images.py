"""Choosing the image for a place: the site's logo, a member's portrait, a post's cover."""

from typing import Any, NamedTuple

from bottle import response

from .. import tasks, text
from ..codes import Rejected
from ..db import now
from ..media import cleaning, files, placing, replacing, uploads, variants
from ..media.intake import UploadedFile
from ..models import MediaFile, Post, Site, Upload, User
from ..permissions import Permission
from ..sentences import make_sentence, make_sentences
from ..translations.messages import N_, Translatable, gettext
from ..wsgi.actions import Answer, find_action
from ..wsgi.bodies import TooMany
from ..wsgi.forms import IMAGES, Form, describe_storage_error, number, sent_files, typed
from ..wsgi.permissions import login_required
from ..wsgi.responses import find_or_404, not_found, redirect, render

MOST_OFFERED = 60


class Place(NamedTuple):
    """A place, as its page describes it."""
    title: Translatable
    help: Translatable


PLACES = {
    'logo': Place(N_('Logo'), N_('Shown at the top of every page instead of the site name. PNG with a transparent '
                                 'background looks best.')),
    'logo_dark': Place(N_('Logo for dark screens'), N_('Shown instead of the logo when the device is set to dark.')),
    'front': Place(N_('Front page image'), N_('A wide image at the top of the front page.')),
    'avatar': Place(N_('Portrait'), N_('Shown beside your name and on your page. It is cropped to a circle.')),
    'banner': Place(N_('Author page image'), N_('A wide image at the top of your page.')),
    'cover': Place(N_('Cover'), N_('Shown above the post, in lists, and when the post is shared.')),
}


class Owned(NamedTuple):
    """The site, member or post that an image belongs to. `back` is the path of the page to go back to."""
    id: int
    name: str
    back: str


def _find_owned(user: User, where: str, owner_id: str) -> Owned:
    """Return what this image belongs to, if this member may change it. Raises 404."""
    kind = placing.PLACES.get(where)
    if kind == 'post':
        post = find_or_404(Post.editable_by(user), owner_id)
        return Owned(post.id, post.title or gettext('Untitled'), f'/studio/posts/{post.id}')
    if kind == 'member' and owner_id == str(user.id):
        return Owned(user.id, user.name, '/settings')
    if kind == 'site' and owner_id == str(placing.SITE) and user.may(Permission.MANAGE_SITE):
        return Owned(placing.SITE, Site.this().title, '/admin/settings/look')
    raise not_found()


@login_required
def show_image(user: User, where: str, owner_id: str) -> Answer:
    """Show the image in a place, and what can be put there."""
    return _render(user, where, _find_owned(user, where, owner_id), Form())


@login_required
def update_image(user: User, where: str, owner_id: str) -> Answer:
    """Choose another image for a place, move its focal point, or leave the place empty."""
    owned = _find_owned(user, where, owner_id)
    form = typed('action', 'upload', 'alt', 'point')
    return find_action(ACTIONS, form['action'])(user, where, owned, form)


def _choose(user: User, where: str, owned: Owned, form: Form) -> Answer:
    upload = find_or_404(_images_of(user), form['upload'])
    return _place(user, where, owned, upload)


def _move(user: User, where: str, owned: Owned, form: Form) -> Answer:
    x, _, y = form['point'].partition('-')
    placing.move(where, owned.id, _percent(x), _percent(y), text.line(form['alt'], uploads.MAX_ALT))
    return redirect(_path(where, owned), 'saved')


def _percent(typed: str) -> int:
    found = number(typed)
    return placing.CENTRE if found is None else min(100, found)


def _remove(user: User, where: str, owned: Owned, form: Form) -> Answer:
    failed = replacing.find_failed(where, owned.id)
    replacing.remove(where, owned.id, now())
    cleaning.delete_failed(user, failed)
    return redirect(_path(where, owned), 'saved')


def _keep_old(user: User, where: str, owned: Owned, form: Form) -> Answer:
    failed = replacing.find_failed(where, owned.id)
    replacing.keep_old(where, owned.id, now())
    cleaning.delete_failed(user, failed)
    return redirect(_path(where, owned), 'saved')


ACTIONS = {'choose': _choose, 'move': _move, 'remove': _remove, 'keep': _keep_old}


@login_required
def upload_image(user: User, where: str, owner_id: str) -> Answer:
    """Store an image that was sent, and put it into the place."""
    owned, form, status = _find_owned(user, where, owner_id), Form(), 400
    try:
        uploads.check_room(user, 0)
        for uploaded in sent_files(uploads.open_upload):
            _check_is_image(uploaded)
            kept = uploads.store(user, uploaded, now(), tasks.prepare_pictures)
            return _place(user, where, owned, _images_of(user).where(Upload.id == kept.id).get_or_none() or kept)
        form.errors = {'file': gettext('Choose a file first.')}
    except TooMany:
        form.errors = {'file': gettext('Choose one file only.')}
    except Rejected as error:
        form.errors = make_sentences(error.errors)
    except OSError as error:
        status, form.errors = describe_storage_error(error)
    return _render(user, where, owned, form, status)


def _check_is_image(uploaded: UploadedFile) -> None:
    """Raise Rejected for a file that may be uploaded, but not be shown as an image: so it is not stored."""
    ending = files.find_ending(uploaded.beginning)
    if ending and files.KINDS[ending] != 'image':
        raise Rejected('image.not_an_image', field='file')


def _place(user: User, where: str, owned: Owned, upload: Upload) -> Answer:
    if upload.file.state == 'failed':
        return _render(user, where, owned, Form(errors={'file': _explain(upload.file)}), 400)
    failed = replacing.find_failed(where, owned.id)
    try:
        replacing.put(where, owned.id, upload, now(), alt=upload.alt)
    except Rejected as error:
        return _render(user, where, owned, Form(errors=make_sentences(error.errors)), 400)
    cleaning.delete_failed(user, failed)
    return redirect(_path(where, owned), 'saved')


def _render(user: User, where: str, owned: Owned, form: Form, status: int = 200) -> Answer:
    response.status = status
    found = placing.find_row(where, owned.id)
    image = placing.find(where, [owned.id]).get(owned.id)
    offered = _images_of(user).where(MediaFile.state == 'ready').order_by(Upload.id.desc()).limit(MOST_OFFERED)
    failed = found and MediaFile.get_or_none(MediaFile.digest == found.digest, MediaFile.state == 'failed')
    waiting = replacing.find_next(where, owned.id)
    return render('image.html', form=form, where=where, owned=owned, place=PLACES[where], row=found, image=image,
                  failed=failed, waiting=waiting and waiting.file, explain=_explain, offered=list(offered),
                  is_verified=user.is_verified, path=_path(where, owned))


def _explain(file: MediaFile) -> str:
    """Return why a file is not ready, or ''."""
    problem = variants.find_problem(file)
    return make_sentence(problem) if problem else ''


def _images_of(user: User) -> Any:
    """Return the query of a member's images."""
    return uploads.of(user).where(MediaFile.kind == 'image')


def _path(where: str, owned: Owned) -> str:
    return f'{IMAGES}/{where}/{owned.id}'
