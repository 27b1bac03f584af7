"""Jobs as the owner's pages show them."""

from datetime import datetime

from peewee import SQL

from .tables import Job

# As text in the statement: SQLite uses a partial index only for a condition that it can read there.
RUNNING, READY, DEAD = SQL("state = 'running'"), SQL("state = 'ready'"), SQL("state = 'dead'")


def list_jobs(at: datetime, limit: int) -> dict[str, list[Job]]:
    """Return the next jobs that are running, dead, waiting and due later, each at most `limit`, in their order."""
    jobs = Job.select().order_by(Job.priority.desc(), Job.run_at, Job.id)
    conditions = {
        'running': RUNNING, 'dead': DEAD,
        'waiting': READY & (Job.run_at <= at),
        'later': READY & (Job.run_at > at)}
    return {name: list(jobs.where(condition).limit(limit)) for name, condition in conditions.items()}


def count_dead(most: int | None = None) -> int:
    """Return how many jobs are dead; no more than `most` are counted."""
    return Job.select(Job.id).where(DEAD).limit(most).count()
