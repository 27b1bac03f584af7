"""Run the chores of a consumer, every second besides its jobs, and how it reports what fails, once."""

import logging
from collections.abc import Callable
from typing import Any

from .errors import is_out_of_reach

log = logging.getLogger(__name__)

Chore = Callable[[], Any]

WAITS = {'jobs': ('jobs wait', 'jobs go on'), 'chores': ('chores wait', 'chores go on')}


class Outages:
    """Times in which the database, or the folder of the processes, cannot be used: one line at the beginning and one
    at the end, not one a second. `what`: a key of WAITS."""

    def __init__(self) -> None:
        self._going_on: set[str] = set()

    def __contains__(self, what: str) -> bool:
        return what in self._going_on

    def begin(self, what: str, error: Exception) -> None:
        if what not in self._going_on:
            self._going_on.add(what)
            unusable = 'The folder run cannot be used' if isinstance(error, OSError) else (
                'The database cannot be written')
            log.warning('%s (%s); %s', unusable, error, WAITS[what][0])

    def end(self, what: str) -> None:
        if what in self._going_on:
            self._going_on.discard(what)
            log.warning('The database can be written again; %s', WAITS[what][1])


class Chores:
    """Functions that run about once a second. One that fails stops none of the others."""

    def __init__(self, is_reported: Callable[[Exception], bool], report: Callable[[str, str], None]):
        """`is_reported` tells of an error that it needs no report; `report` gets the name of a chore with its new
        problem, or '' where it is well again."""
        self.all: list[Chore] = []
        self._is_reported, self._report = is_reported, report
        self._problems: dict[str, str] = {}  # of each chore, by name: what it last failed of, '' for nothing

    def run(self, chore: Chore) -> None:
        """Run this chore; log and report its failure once. Raises the error where the database is out of reach."""
        problem, name = '', getattr(chore, '__name__', repr(chore))
        try:
            chore()
        except Exception as error:
            if is_out_of_reach(error):
                raise
            if self._is_reported(error):
                return
            problem = f'{type(error).__name__}: {error}'
            if self._problems.get(name) != problem:
                log.exception('A task that runs every second has failed (%s); it is tried again, the others go on',
                              name)
        if problem != self._problems.get(name):
            self._report(name, problem)
            self._problems[name] = problem
