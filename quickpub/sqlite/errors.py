"""Tell errors that pass by themselves from those that do not."""

import errno

from peewee import OperationalError

from .files import Missing

OUT_OF_REACH = ('locked', 'busy', 'disk is full', 'disk I/O error', 'unable to open', 'readonly')
# No room on the disk, no memory, no file descriptors, a disk that does not answer.
SHORTAGES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EAGAIN})


def is_transient(error: BaseException | None) -> bool:
    """Return whether an error, or one of its causes, says that the machine lacks something at the moment: then the
    same work may succeed later."""
    while error is not None:
        if is_out_of_reach(error) or _is_shortage(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_out_of_reach(error: BaseException) -> bool:
    """Return whether the database cannot be used at the moment: it is locked, its disk is full, or its file is gone."""
    return isinstance(error, Missing) or isinstance(error, OperationalError) and any(
        sign in str(error) for sign in OUT_OF_REACH)


def _is_shortage(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in SHORTAGES
    return isinstance(error, MemoryError) or isinstance(error, OperationalError) and 'out of memory' in str(error)
