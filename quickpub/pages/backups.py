"""The owner's page of backups: make one, download it, remove it."""

from collections.abc import Callable

from .. import dates, formats
from ..db import db, now
from ..jobs import queue
from ..models import User
from ..sentences.jobs import TASKS
from ..settings import current
from ..tasks import back_up_now
from ..translations.messages import gettext
from ..upkeep import backup_folder, checks
from ..upkeep.backup_folder import Whole
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import note_action
from ..wsgi.confirmation import require_confirmation
from ..wsgi.downloads import send_file
from ..wsgi.forms import typed
from ..wsgi.permissions import owner_required
from ..wsgi.responses import redirect, render

PATH = '/admin/backups'


@owner_required
def show_backups(user: User) -> Answer:
    """Show the backups in the data folder, and those of each night."""
    nightly = current().backups
    return render('admin_backups.html', found=backup_folder.list_whole(current().paths.backups), folder=nightly,
                  nightly=backup_folder.list_nightly(nightly) if nightly and nightly.is_dir() else {},
                  problem=checks.check_backups(now()), paused_since=queue.paused_since(),
                  is_pending=queue.is_pending(f'{TASKS}back_up_now'))


@owner_required
def update_backups(user: User) -> Answer:
    """Make a backup in the background, or do to one what the button says."""
    form = typed('action', 'name')
    return find_action(ACTIONS, form['action'])(user, form['name'])


def _make(user: User, name: str) -> Answer:
    with db.atomic():
        back_up_now()
        note_action('backup_asked', user)
    return redirect(PATH, 'backup-waits' if queue.paused_since() else 'backup-asked')


def _find(name: str) -> Whole | None:
    """Return the backup with this name, if the page lists it."""
    found = backup_folder.list_whole(current().paths.backups)
    return next((each for each in found if each.path.name == name), None)


def _download(user: User, name: str) -> Answer:
    found = _find(name)
    if found is None:
        return redirect(PATH, 'backup-gone')
    page = require_confirmation(
        user, gettext('Download backup'), _describe(found, user) + ' ' +
        gettext('It holds all posts and drafts, the email addresses of all members and their hashed passwords. Keep it '
                'where only you can read it.'), gettext('Download'))
    if page is not None:
        return page
    note_action('backup_downloaded', user)
    return send_file(found.path, 'application/zip', found.path.name, is_private=True)


def _describe(found: Whole, user: User) -> str:
    return gettext('This is the backup of %(when)s (%(size)s).', when=dates.clock(found.at, user.timezone),
                   size=formats.size(found.bytes))


def _remove(user: User, name: str) -> Answer:
    found = _find(name)
    if found is None:
        return redirect(PATH, 'backup-gone')
    page = require_confirmation(user, gettext('Delete backup'),
                                _describe(found, user) + ' ' + gettext('It cannot be restored afterwards.'),
                                gettext('Delete backup'), is_always_asked=True)
    if page is not None:
        return page
    found.path.unlink(missing_ok=True)
    note_action('backup_deleted', user)
    return redirect(PATH, 'backup-deleted')


ACTIONS: dict[str, Callable[[User, str], Answer]] = {'make': _make, 'download': _download, 'delete': _remove}
