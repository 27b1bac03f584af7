"""The command shell: a Python prompt on the site."""

import code

import click

from .. import __version__, db, models
from ..jobs import tables
from .site import explain_errors, opened_site


@click.command()
@explain_errors
def shell() -> None:
    """Open a Python prompt with models, tasks and settings."""
    from .. import tasks
    with opened_site() as found:
        names = {table.__name__: table for table in models.TABLES} | {
            name: value for name, value in vars(tasks).items() if isinstance(value, tasks.huey.task_wrapper_class)}
        names |= {'settings': found, 'db': db.db, 'now': db.now, 'huey': tasks.huey, 'Job': tables.Job}
        try:
            import readline
            import rlcompleter
            readline.set_completer(rlcompleter.Completer(names).complete)
            readline.parse_and_bind('tab: complete')
        except ImportError:  # not every Python has it; the prompt works without
            pass
        code.interact(banner=f'Quickpub {__version__}, {found.data}\n{", ".join(sorted(names))}', local=names,
                      exitmsg='')
