"""Problems that background jobs have found, for /healthz and the owner's pages: one row for each check, with its latest
result."""

from datetime import datetime

from .models import Finding

CHORE = 'chore:'  # prefix for the names of tasks that consumers run every second


def record(name: str, problem: str, at: datetime) -> None:
    """Record what the check `name` has found; '' for no problem."""
    Finding.replace(name=name, problem=problem, at=at).execute()


def latest(name: str) -> Finding | None:
    """Return the latest finding of this check, with its time; None if there was none yet."""
    return Finding.get_or_none(Finding.name == name)


def forget(name: str) -> None:
    """Delete the finding of this check; without a write if there is none."""
    if Finding.select(Finding.name).where(Finding.name == name).exists():
        Finding.delete().where(Finding.name == name).execute()


def failing_chores() -> list[str]:
    """Return the name and the problem of each failing task that runs every second."""
    found = Finding.select().where(Finding.name.startswith(CHORE)).order_by(Finding.name)
    return [f'{each.name.removeprefix(CHORE)}: {each.problem}' for each in found]
