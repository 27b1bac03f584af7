"""Ends of jobs that are to be written, for as long as the database does not take them."""

import traceback
from collections.abc import Callable

from peewee import DatabaseError

from . import claims, owners
from .chores import Outages
from .claims import Claim

ERROR_CHARS = 8000  # of a traceback, kept with a job


def as_text(error: BaseException) -> str:
    """Return the error with the end of its traceback, as it is kept with a job."""
    words = ''.join(traceback.format_exception(error))[-ERROR_CHARS:]
    return words.encode('utf-8', 'backslashreplace').decode()  # a file's name may hold what no database takes


class Endings:
    """The claims whose jobs have ended in this process, but whose end is not written."""

    def __init__(self, connect: Callable[[], None], outages: Outages):
        """`connect` opens the database where it is closed."""
        self.unsettled: dict[int, Claim] = {}
        self._connect, self._outages = connect, outages

    def write(self, claim: Claim) -> None:
        """Write how a job ended; where that fails, it is tried again before the next claim."""
        self.unsettled[claim.id] = claim
        self.settle_pending()

    def settle_pending(self) -> bool:
        """Write the ends that the database could not be told yet. Return whether there still are any."""
        try:
            self.settle()
        except DatabaseError as error:
            self._outages.begin('jobs', error)
        return bool(self.unsettled)

    def settle(self) -> None:
        """Write all ends. Raises DatabaseError."""
        # One at a time, and no claim meanwhile: a retry may be due at once, and a thread that still looked at the last
        # claim of that job would end the next one with it.
        with owners.current().lock:
            for claim in list(self.unsettled.values()):
                self._connect()
                try:
                    claims.settle(claim)
                except DatabaseError:
                    raise
                except Exception as error:  # what follows cannot be written: not now and not later
                    claim.follow_ups.clear()
                    claim.bury(as_text(error))
                    claims.settle(claim)
                del self.unsettled[claim.id]
