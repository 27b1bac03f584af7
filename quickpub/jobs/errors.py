"""Errors that pass: the database cannot be used just now, or the machine lacks something for a while."""

import errno

from peewee import OperationalError

OUT_OF_REACH = ('locked', 'busy', 'disk is full', 'disk I/O error', 'unable to open', 'readonly')  # SQLite's words

# No room on the disk, no memory, no file descriptors, a disk that does not answer.
LACKS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EAGAIN})


class OutOfReach(OperationalError):
    """The database cannot be used just now, for a reason that the application itself has found."""


def is_out_of_reach(error: BaseException) -> bool:
    """Return whether this error says that the database cannot be used just now: locked, the disk is full, its file is
    missing."""
    return isinstance(error, OutOfReach) or isinstance(error, OperationalError) and any(
        sign in str(error) for sign in OUT_OF_REACH)


def is_transient(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, says that the machine lacks something just now: then the same job
    may go well later, and has not failed for good."""
    while error is not None:
        if is_out_of_reach(error) or isinstance(error, MemoryError) or (
                isinstance(error, OSError) and error.errno in LACKS) or (
                isinstance(error, OperationalError) and 'out of memory' in str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False
