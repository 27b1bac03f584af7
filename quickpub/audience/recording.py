"""Record a view as one line in the spool, and read the lines back."""

import logging
from datetime import date, datetime
from typing import NamedTuple

from . import spool
from .calendar import site_day
from .views import LONGEST_HEADER, referring_host
from .visitors import name_visitor

log = logging.getLogger('quickpub.stats')

_lost = 0  # views since recording began to fail


class View(NamedTuple):
    post_id: int
    day: str
    visitor: str
    host: str  # which it was referred from

    @property
    def network(self) -> str:
        """Return the name of the visitor's network on that day, or '' if it is not known."""
        network, is_known, _ = self.visitor.partition('.')
        return network if is_known else ''


class Recording:
    """Views of the same moment. All that were added since the last write are recorded in one."""

    def __init__(self, at: datetime):
        self._day = site_day(at)
        self._written_day = self._day.isoformat()
        self._lines: list[str] = []

    def add(self, post_id: int, address: str = '', agent: str = '', referrer: str = '') -> None:
        visitor = name_visitor(address, agent, self._day) or '-'
        host = referrer and referring_host(referrer[:LONGEST_HEADER]) or '-'
        self._lines.append(f'{post_id} {self._written_day} {visitor} {host}\n')

    def write(self) -> None:
        """Record the views, which survive this process from then on. A full disk costs them, not their pages."""
        if self._lines:
            lines, self._lines = self._lines, []
            _write(''.join(lines).encode(), len(lines))


def record_view(post_id: int, at: datetime, address: str = '', agent: str = '', referrer: str = '') -> None:
    """Record one view, like `Recording`."""
    views = Recording(at)
    views.add(post_id, address, agent, referrer)
    views.write()


def _write(lines: bytes, count: int) -> None:
    global _lost
    try:
        recorded, why = spool.mine.append(lines), 'the disk is full'
    except OSError as error:
        recorded, why = 0, str(error)
    if missing := count - recorded:
        if not _lost:  # not a line for each: the log may be on the same disk
            log.error('Views cannot be recorded: %s', why)
        _lost += missing
    elif _lost:
        log.error('Views are recorded again; %d were not', _lost)
        _lost = 0


def parse_views(lines: list[bytes]) -> list[View]:
    """Return the views in these lines. Lines that cannot be read are logged, once for all of them."""
    parsed = [_parse(line) for line in lines]
    if wrong := [line for line, view in zip(lines, parsed, strict=True) if view is None]:
        log.warning('%d lines of recorded views cannot be read, such as %r', len(wrong), wrong[0][:80])
    return [view for view in parsed if view]


def _parse(line: bytes) -> View | None:
    try:
        number, day, *rest = line.decode('ascii').split(' ')
        visitor, host = ('' if each == '-' else each for each in (rest or ['-', '-']))
        if not 0 < int(number) < 2**63:
            return None
        return View(int(number), date.fromisoformat(day).isoformat(), visitor, host)
    except ValueError:
        return None
