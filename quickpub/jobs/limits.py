"""Limit how many jobs of which tasks run at a time."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import owners

URGENT = 100  # from this priority on somebody is waiting: one worker is always kept free for it


@dataclass(frozen=True)
class Limit:
    """At most so many jobs with these names (any name, where there are none) and below this priority run at a time: in
    this process and its siblings of one consumer, or in all consumers together."""
    most: int
    names: tuple[str, ...] = ()
    below: float = math.inf
    is_global: bool = False

    def condition(self) -> tuple[str, list[Any]]:
        """Return what must be true of a job that is to be claimed: SQL with its parameters."""
        meant = 'priority < ?' + (f' AND name IN ({", ".join("?" * len(self.names))})' if self.names else '')
        values = [self.below, *self.names]
        running = f"(SELECT count(*) FROM job WHERE state = 'running' AND {meant} AND owner GLOB ?)"
        return f'(NOT ({meant}) OR {running} < ?)', [
            *values, *values, '*' if self.is_global else f'{owners.current().family}.*', self.most]


class WorkerLimits:
    """The limits that the application sets for its workers. `bulk` is how many may run jobs that are not urgent: all
    but one; None where there is one worker, or no consumer."""

    def __init__(self) -> None:
        self.bulk: int | None = None
        self._kept_free: list[tuple[int, tuple[str, ...]]] = []
        self._one_by_one: list[tuple[str, ...]] = []

    def keep_free(self, workers: int, names: tuple[str, ...]) -> None:
        """Let jobs with these names never occupy so many of the workers, but one of them in any case."""
        self._kept_free.append((workers, names))

    def run_one_by_one(self, names: tuple[str, ...]) -> None:
        """Let only one job with these names run at a time, in all consumers together."""
        self._one_by_one.append(names)

    def all(self, names: Iterable[str]) -> list[Limit]:
        """Return the limits for an application whose tasks have these names."""
        limits = [Limit(1, each, is_global=True) for each in self._one_by_one]
        if self.bulk:
            restrained = {name for _, each in self._kept_free for name in each}
            others = tuple(name for name in names if name not in restrained)
            limits += [Limit(max(1, self.bulk + 1 - workers), each) for workers, each in self._kept_free]
            limits += [Limit(self.bulk, others, below=URGENT),
                       Limit(max(2, self.bulk), below=URGENT)]  # with two workers: one of either kind
        return limits
