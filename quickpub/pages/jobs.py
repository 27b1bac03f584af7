"""The owner's page of jobs."""

from collections.abc import Callable

from .. import batches
from ..db import db, now
from ..jobs import overview, queue, tally
from ..models import User
from ..tasks import huey
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import note_action
from ..wsgi.forms import Form, number, typed
from ..wsgi.permissions import owner_required
from ..wsgi.responses import redirect, render

PER_LIST = 50


@owner_required
def show_jobs(user: User) -> Answer:
    """Show which jobs are running, ready, due later and dead, and how many ended in the last hour."""
    at = now()
    return render('admin_jobs.html', now=at, paused_since=queue.paused_since(), set_aside=batches.problem(),
                  schedules=huey.recurring_jobs(at), throughput=tally.throughput(at), in_words=huey.describe,
                  **overview.list_jobs(at, PER_LIST))


@owner_required
def update_jobs(user: User) -> Answer:
    """Retry or discard a dead job; pause or resume all jobs."""
    form = typed('action', 'job')
    act, code = find_action(ACTIONS, form['action'])
    with db.atomic():
        if not act(form):
            return redirect('/admin/jobs', 'job-gone')
        note_action(code, user)
    return redirect('/admin/jobs', f'job-{form["action"]}')


def _pause(form: Form) -> bool:
    queue.pause()
    return True


def _resume(form: Form) -> bool:
    queue.resume()
    return True


ACTIONS: dict[str, tuple[Callable[[Form], bool], str]] = {  # what is done, and its code in the audit log
    'retry': (lambda form: queue.retry(number(form['job']) or 0), 'job_retried'),
    'discard': (lambda form: queue.discard(number(form['job']) or 0), 'job_discarded'),
    'pause': (_pause, 'jobs_paused'),
    'resume': (_resume, 'jobs_resumed')}
