"""The secret of a site: a file of random bytes, made once, that signs links and cookies."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

SIZE = 32  # bytes
DIFFERENT_BYTES = 8  # that it has at least; fewer were typed by hand


class SecretError(Exception):
    """The secret cannot be used. The message says why and what to do."""


def read(path: Path) -> bytes:
    """Return the secret. Raises SecretError for one that cannot be read, or that protects nothing: anyone who knows it
    can log in as any member."""
    try:
        found, mode = path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise SecretError(f'{path} is gone. Put it back from a backup. Without one, make a new one; the links in '
                          'mails sent so far will not work any more, nor will authenticator apps and recovery '
                          f'codes: (umask 077; head -c {SIZE} /dev/urandom > {path})') from None
    except OSError as error:
        raise SecretError(f'{path} cannot be read: {error.strerror}. It must be a file of the user that runs '
                          'Quickpub, with mode 0600.') from None
    if len(found) < SIZE or len(set(found)) < DIFFERENT_BYTES:
        what = 'too short or too simple to be a secret' if found else 'empty'
        raise SecretError(f'{path} is {what}: anybody could forge the links in mails. Put it back from a backup, '
                          'or delete it to be told how to make a new one.')
    if mode & 0o077:
        raise SecretError(f'{path} may be read or changed by others (mode {mode:04o}): they could log in as '
                          f'anybody. Run: chmod 600 {path}')
    return found


def has_secret(path: Path) -> bool:
    """Return whether there is one, readable or not. Where nobody can tell, there is: nothing new must be made then."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def create(path: Path) -> None:
    """Make the secret, unless there is one."""
    if has_secret(path):
        return
    draft = path.with_name(f'{path.name}.{os.getpid()}')
    with open(draft, 'xb', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(secrets.token_bytes(SIZE))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # the first one wins where two start at once
        os.link(draft, path)
    draft.unlink()
