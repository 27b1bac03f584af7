"""Jobs that wait already, and jobs that a person retries."""

from datetime import timedelta

from quickpub import tasks
from quickpub.db import now
from quickpub.jobs import claims, queue
from quickpub.jobs.tables import Job


def test_a_later_time_does_not_delay_a_single_job_that_waits(site):
    tasks.deliver()
    tasks.deliver.schedule(delay=3600)
    job = Job.get()
    assert job.run_at < now() + timedelta(minutes=1)


def test_a_retried_job_begins_with_no_attempts_and_no_strikes(site):
    tasks.deliver()
    Job.update(state='dead', error='x', attempts=3, strikes=claims.SUSPECT + 1).execute()
    assert queue.retry(Job.get().id)
    job = Job.get()
    assert (job.state, job.attempts, job.strikes) == ('ready', 0, 0)
