"""The owner's page of jobs."""

from collections.abc import Callable

from ..codes import Code
from ..db import db, now
from ..jobs import overview, queue, tally
from ..jobs.tables import Job
from ..models import User
from ..sentences import make_sentence
from ..sentences.jobs import find_reason, make_title
from ..tasks import huey
from ..upkeep import checks
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
    return render('admin_jobs.html', now=at, paused_since=queue.paused_since(), set_aside=checks.check_set_aside(),
                  schedules=huey.recurring_jobs(at), throughput=tally.throughput(at), title_of=make_title,
                  reason_of=_reason_of, progress_of=_progress_of, **overview.list_jobs(at, PER_LIST))


def _reason_of(job: Job) -> str:
    """Return why a job failed, in one line."""
    return _sentence(find_reason(job.reason))


def _progress_of(job: Job) -> str:
    """Return how far a running job is; '' if it did not say."""
    return _sentence(Code.from_json(job.progress))


def _sentence(code: Code | None) -> str:
    return make_sentence(code) if code else ''


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
