"""Recurring jobs: for each one, when it was enqueued last, so that a missed one is caught up, once.

A recurring job has moments: each full minute, say, or each day at three. It is due where none of its jobs was enqueued
since the latest of them. So nothing depends on looking at one particular minute. A time in the future was written by a
clock that was wrong, and counts as missed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from .clock import is_ahead
from .tables import RecurringJob, database

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MONDAY = datetime(2001, 1, 1)  # from which all moments are counted


def utc() -> tzinfo:
    """Return the zone of an application that has none of its own."""
    return UTC


@dataclass(frozen=True)
class Recurrence:
    """The times at which a job recurs: `every` so often, or every so many days at this `hour` by the clock of a time
    zone. A job that does what cannot be undone has a `max_leap`. Where it was enqueued last longer ago than that, or so
    far in the future, the machine was off for long or its clock is wrong: then the job waits until the clock has gone
    evenly for a while. Five seconds in another year must not empty the trash."""
    every: timedelta
    hour: int | None = None
    max_leap: timedelta | None = None
    find_zone: Callable[[], tzinfo] = utc

    def __post_init__(self) -> None:
        if self.every <= timedelta(0) or self.hour is not None and (self.every % DAY or not 0 <= self.hour <= 23):
            raise ValueError('a job recurs every so often; at an hour from 0 to 23, every so many whole days')

    def latest(self, at: datetime) -> datetime:
        """Return the latest of its moments that is not after `at` (both UTC without a zone)."""
        if self.hour is None:
            return at - (at - MONDAY) % self.every
        day = self._day(at) + DAY
        day -= timedelta(days=(day - MONDAY.date()).days % self.every.days)
        while self._moment(day) > at:
            day -= self.every
        return self._moment(day)

    def following(self, at: datetime) -> datetime:
        """Return the first of its moments that is after `at`."""
        latest = self.latest(at)
        return latest + self.every if self.hour is None else self._moment(self._day(latest) + self.every)

    def is_due(self, enqueued_at: datetime | None, at: datetime) -> bool:
        """Return whether it is time to enqueue it, where it was enqueued last at this time, or never (None)."""
        return enqueued_at is None or is_ahead(enqueued_at, at) or enqueued_at < self.latest(at)

    def has_leapt(self, enqueued_at: datetime | None, at: datetime) -> bool:
        """Return whether the clock may be wrong, as far as this job must care."""
        return self.max_leap is not None and enqueued_at is not None and abs(at - enqueued_at) > self.max_leap

    def _day(self, at: datetime) -> date:
        aware = at.replace(tzinfo=UTC)
        try:
            return aware.astimezone(self.find_zone()).date()
        except OverflowError:  # at the ends of the calendar, where no local time exists
            return aware.date()

    def _moment(self, day: date) -> datetime:
        local = datetime.combine(day, time(self.hour or 0), self.find_zone())
        return local.astimezone(UTC).replace(tzinfo=None)


def due(known: Mapping[str, Recurrence], at: datetime, is_steady: bool) -> list[str]:
    """Return the names of the jobs to enqueue now. `is_steady`: the clock has gone evenly for a while."""
    last = _enqueued()
    return [name for name, each in known.items() if each.is_due(last.get(name), at) and (
        is_steady or not each.has_leapt(last.get(name), at))]


def _enqueued() -> dict[str, datetime]:
    return {row.name: row.enqueued_at for row in RecurringJob.select()}


def claim(name: str, recurrence: Recurrence, at: datetime) -> bool:
    """Note that this job is enqueued, in the transaction that does it. Return False where another consumer has just
    done so."""
    assert database.in_transaction()
    if not recurrence.is_due(_enqueued().get(name), at):
        return False
    RecurringJob.replace(name=name, enqueued_at=at).execute()
    return True


def next_times(known: Mapping[str, Recurrence], at: datetime) -> dict[str, datetime]:
    """Return when each of these jobs is enqueued next: `at` itself where it is due."""
    last = _enqueued()
    return {name: at if each.is_due(last.get(name), at) else each.following(at) for name, each in known.items()}
