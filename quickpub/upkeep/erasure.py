"""Erase from the disk what people have deleted, soon after its row is gone.

SQLite overwrites what is deleted (`secure_delete`, db.py), but older pages stay in the WAL for a while, deleted words
in the search index until its parts are merged, and files in their folders until they are removed. Triggers count the
deletions, so an erasure that was interrupted is done later.
"""

import logging

from peewee import DatabaseError, fn

from .. import presence, removal
from ..content import search, trash
from ..db import db, rows
from ..exchange import exports
from ..jobs.errors import is_transient
from ..look import sharing
from ..mail import ledger
from ..media import cleaning
from ..models import Erasure
from ..removal import Unfinished
from .wal import empty_wal

log = logging.getLogger('quickpub.erasure')

FEW_STEPS = 5  # of merging the search index, while somebody waits


def erase(steps: int | None = None) -> None:
    """Erase what was deleted since the last time; cheap if nothing was. After so many `steps`, the rest of a
    large search index is left to the next time, as is all that is being read. Raises Unfinished, after all else was
    done, where something could not be removed."""
    wanted = {kind: number for kind, number, done in rows(Erasure.select(
        Erasure.kind, Erasure.wanted, Erasure.done)) if number > done}
    if wanted and _erase(steps, has_words='words' in wanted):
        for kind, number in wanted.items():
            Erasure.update(done=fn.MAX(Erasure.done, number)).where(Erasure.kind == kind).execute()


def erase_all() -> None:
    """Erase all that was deleted or overwritten, even if no deletion was counted. Raises Unfinished."""
    _erase(None, has_words=True)


def _erase(steps: int | None, has_words: bool) -> bool:
    """Return whether all is done; False where the search index or the WAL is in use. Raises Unfinished."""
    is_done = True

    def merge() -> None:
        nonlocal is_done
        is_done &= search.forget_deleted_words(steps)

    def empty() -> None:  # last, because the others write to the WAL
        nonlocal is_done
        is_done &= empty_wal()
    removal.run_all([trash.delete_unused_names, cleaning.sweep, sharing.sweep, exports.sweep,
                     ledger.empty_outbox_of_deleted, *([merge] if has_words else []), empty])
    if not is_done:
        log.info('Deleted data will be erased later: the search index or the WAL is in use')
    return is_done


def erase_now() -> None:
    """Erase what was just deleted, for the page that deleted it; what cannot be done at once is done later. Do nothing
    in a transaction: it may be rolled back, and files would be gone."""
    if db.in_transaction():
        return
    try:
        erase(FEW_STEPS)
    except Unfinished as problem:
        log.info('Some of what was deleted is erased later: %s', problem)
    except (DatabaseError, OSError) as error:
        if not (is_transient(error) or presence.explains(error)):
            raise
        log.warning('Deleted data will be erased later: %s', error)
