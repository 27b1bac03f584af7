"""Remove files and folders one by one: one that cannot be removed does not keep the others."""

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any


class Unfinished(Exception):
    """A part of the work could not be done, although all the rest was. The message says what and why."""


def run_all(steps: Iterable[Callable[[], Any]]) -> None:
    """Run each of these steps, even after one that failed with an error of the file system. Raises Unfinished at the
    end if any did."""
    problems = []
    for step in steps:
        try:
            step()
        except (OSError, Unfinished) as error:
            problems.append(str(error))
    if problems:
        raise Unfinished(f'{len(problems)} could not be removed: {"; ".join(problems[:5])}')


def remove_all(paths: Iterable[Path]) -> None:
    """Remove files and whole folders. Raises Unfinished at the end if some could not be removed."""
    run_all(partial(_remove, path) for path in paths)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:  # a read-only disk refuses this even where nothing is
        with suppress(FileNotFoundError):
            path.lstat()
            raise


def is_older(path: Path, than: float) -> bool:
    """Return whether a file was changed before this time (seconds since 1970). False for one that cannot be looked
    at."""
    try:
        return path.lstat().st_mtime < than
    except OSError:
        return False
