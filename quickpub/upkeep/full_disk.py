"""Tell a full disk from other errors, and say what an error of files is."""

import errno

from peewee import DatabaseError


def is_full(error: BaseException) -> bool:
    """Return whether this is the error of a file or a database that found no room."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, DatabaseError) and 'full' in str(error)


def describe_error(error: BaseException) -> str:
    """Return what an error of files says, with the file if it is known."""
    if not isinstance(error, OSError):
        return str(error)
    return f'{error.strerror or error}{f" ({error.filename})" if error.filename else ""}'
