"""Tell a full disk from other errors."""

import errno

from peewee import DatabaseError


def is_full(error: BaseException) -> bool:
    """Return whether this is the error of a file or a database that found no room."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, DatabaseError) and 'full' in str(error)
