"""Problems that background jobs have found, for /healthz and the owner's pages: a row for each thing that is looked at,
with what was wrong the last time."""

from datetime import datetime

from .models import Finding

CHORE = 'chore:'  # prefix for the names of tasks that consumers do every second


def note(name: str, problem: str, at: datetime) -> None:
    """Remember what the look at `name` has found; '' where all was well."""
    Finding.replace(name=name, problem=problem, at=at).execute()


def last(name: str) -> Finding | None:
    """Return the finding of the last look, with its time; None where there was none yet."""
    return Finding.get_or_none(Finding.name == name)


def clear(name: str) -> None:
    """Forget it; without a write where there is nothing to forget."""
    if Finding.select(Finding.name).where(Finding.name == name).exists():
        Finding.delete().where(Finding.name == name).execute()


def failing_chores() -> list[str]:
    """Return the name and the problem of each failing task that runs every second."""
    found = Finding.select().where(Finding.name.startswith(CHORE)).order_by(Finding.name)
    return [f'{each.name.removeprefix(CHORE)}: {each.problem}' for each in found]
