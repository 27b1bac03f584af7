"""The methods of `DurableHuey` that an application may override: how its processes begin, and what it knows of its
errors."""

from datetime import tzinfo

from .recurring import utc


class Hooks:
    def set_up_process(self) -> None:
        """Prepare a process that runs jobs: open the database, set up the log. Called at the start of a consumer, and
        of each process that runs one job alone. Raises SystemExit, with a sentence, where that is not possible."""

    def default_workers(self) -> int:
        """Return how many workers a consumer has that is not told."""
        return 4

    def prepare_job(self) -> None:
        """Prepare this process for a job. Called with the database open, before each job, and once a second before the
        chores. An error is one of the job."""

    def child_environment(self) -> dict[str, str]:
        """Return the environment variables that a process for one job needs besides this process's."""
        return {}

    def find_zone(self) -> tzinfo:
        """Return the time zone in which recurring jobs have their hour."""
        return utc()

    def watch_surroundings(self) -> None:
        """Look after what is outside the queue. Called once a second by each consumer, whatever the database does."""

    def is_reported(self, error: BaseException) -> bool:
        """Return whether this error comes from something that is missing just now, and is reported elsewhere."""
        return False

    def report_chore(self, name: str, problem: str) -> None:
        """Show the operator that a chore of each second fails, or that it is well again ('')."""
