"""The `quickpub` command. Each command that fails says in one sentence why, and ends with another code than 0."""

import click

from .. import __version__
from .backups import make_backup, restore_backup
from .checks import check, show_settings
from .demo import fill_demo
from .dkim import show_dkim
from .invitations import invite
from .jobs import jobs
from .members import adduser, user
from .reports import report
from .service import install_service
from .serving import consumer, migrate, serve, web
from .shell import shell


@click.group(context_settings={'help_option_names': ['-h', '--help'], 'max_content_width': 100})
@click.version_option(__version__)
def main() -> None:
    """Quickpub: a publishing site for small groups of authors.

    Settings are environment variables (`quickpub settings` lists them), or lines of the file that QUICKPUB_CONFIG
    names. `quickpub serve` is all that a site needs.
    """


for command in (serve, web, consumer, migrate, check, show_settings, adduser, invite, user, report, jobs, show_dkim,
                install_service, fill_demo, shell, make_backup, restore_backup):
    main.add_command(command)
