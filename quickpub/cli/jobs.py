"""The group of commands jobs: look at background jobs, and act on them."""

from collections.abc import Callable

import click

from .. import db
from ..accounts import audit
from ..jobs import queue, tables
from ..sentences import make_sentence
from ..sentences.jobs import find_reason
from .site import explain_errors, opened_site

JOB_ID = click.IntRange(1, 2**63 - 1)


@click.group()
def jobs() -> None:
    """List, retry, discard or pause background jobs."""


@jobs.command(name='list')
@explain_errors
def list_jobs() -> None:
    """List all jobs; a finished one leaves nothing to list."""
    with opened_site():
        found = list(tables.Job.select().order_by(tables.Job.state, tables.Job.run_at, tables.Job.id))
        for job in found:
            click.echo(f'{job.id:>6}  {job.state:<8}{job.name:<40}{job.run_at:%Y-%m-%d %H:%M:%S}  {_reason_of(job)}')
    if not found:
        click.echo('No jobs are waiting or running, and none has failed.')


def _reason_of(job: tables.Job) -> str:
    code = find_reason(job.reason)
    return make_sentence(code) if code else ''


@jobs.command()
@click.argument('job_id', type=JOB_ID)
@explain_errors
def retry(job_id: int) -> None:
    """Give a failed job another chance."""
    with opened_site():
        if not _act('job_retried', queue.retry, job_id):
            raise click.ClickException(f'There is no failed job {job_id}.')


@jobs.command()
@click.argument('job_id', type=JOB_ID)
@explain_errors
def discard(job_id: int) -> None:
    """Discard a job. No email is lost by that: the ledger sends it with another job."""
    with opened_site():
        if not _act('job_discarded', queue.discard, job_id):
            raise click.ClickException(f'There is no job {job_id} that is not running.')


@jobs.command()
@explain_errors
def pause() -> None:
    """Start no new jobs, in any consumer, until `quickpub jobs resume`."""
    with opened_site():
        _act('jobs_paused', queue.pause)
    click.echo('Paused. Running jobs go on to their end; no new ones are started.')


@jobs.command()
@explain_errors
def resume() -> None:
    """Go on after `quickpub jobs pause`."""
    with opened_site():
        _act('jobs_resumed', queue.resume)
    click.echo('Resumed.')


def _act(audit_code: str, act: Callable, *args: int) -> bool:
    """Do this and record it in the audit log. Return False, without a record, where it could not be done."""
    with db.db.atomic():
        is_done = act(*args) is not False
        if is_done:
            audit.record(audit_code, db.now(), audit.COMMAND_LINE)
    return is_done
