"""Helpers of all commands: the site of the environment's settings, and errors in words."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path

import click
from peewee import DatabaseError, OperationalError

from .. import db, logs, migrating, opening, presence, settings
from ..accounts import users, validation
from ..codes import Problem, Rejected
from ..models import User
from ..sentences import describe
from ..settings import Settings, SettingsError
from ..upkeep import integrity
from ..upkeep.backup import BackupFailed
from ..upkeep.data_folders import CannotReplace
from ..upkeep.drill import DrillFailed
from ..upkeep.full_disk import describe_error
from ..upkeep.manifest import UnusableBackup

log = logging.getLogger('quickpub.cli')


def explain_errors(command: Callable) -> Callable:
    """Turn errors that the operator can do something about into one sentence and exit code 1."""
    @wraps(command)
    def wrapped(*args, **options):
        try:
            return command(*args, **options)
        except BrokenPipeError:  # the reader has left, as in `quickpub check | head`; click ends quietly then
            raise
        except OSError as error:
            advice = (' Everything a site has is in the folder that QUICKPUB_DATA names; it must be writable.'
                      if _is_of_data_folder(error) else '')
            raise click.ClickException(f'{describe_error(error)}.{advice}') from None
        except OperationalError as error:
            raise click.ClickException(f'The database cannot be used: {error}.') from None
        except DatabaseError as error:
            raise click.ClickException(f'quickpub.db is damaged: {error}. {integrity.ADVICE}') from None
        except (Problem, Rejected) as error:
            raise click.ClickException(describe(error)) from None
        except (SettingsError, migrating.SchemaError, BackupFailed, CannotReplace, DrillFailed,
                UnusableBackup) as error:
            raise click.ClickException(str(error)) from None
    return wrapped


def _is_of_data_folder(error: OSError) -> bool:
    """Return whether a file of the data folder, or a folder that it is in, is at fault."""
    if not isinstance(error.filename, str | bytes):
        return False
    with suppress(SettingsError):
        path, data = Path(os.fsdecode(error.filename)).absolute(), settings.from_env().data.absolute()
        return path.is_relative_to(data) or data.is_relative_to(path)
    return False


@contextmanager
def opened_site(create: bool = False) -> Iterator[Settings]:
    """Open the site that the environment names, with a database connection, and yield its settings. With `create`, make
    it where there is none."""
    found = settings.from_env()
    logs.log_to_console()
    if create:
        migrating.migrate(found)
    opening.open_site(found)
    presence.be_quiet()
    with db.db.connection_context():
        yield found


def find_member(email: str) -> User:
    """Return the member with this email address. Raises ClickException."""
    found = users.find_by_email(validation.clean_email(email))
    if found is None:
        raise click.ClickException(f'No member has the email address {email}.')
    return found
