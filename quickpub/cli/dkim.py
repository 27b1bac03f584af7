"""The command dkim: sign emails."""

import click

from .. import db
from ..accounts import audit
from ..mail import dkim
from .site import explain_errors, opened_site


@click.command(name='dkim')
@click.option('--new', is_flag=True, help='Replace the key by a new one.')
@explain_errors
def show_dkim(new: bool) -> None:
    """Sign all emails, and print the DNS record for it. Makes a key if there is none."""
    with opened_site() as found:
        if new or not dkim.key_file(found).exists():
            dkim.make_key(found)
            audit.record('dkim_key_made', db.now(), audit.COMMAND_LINE)
        name, value = dkim.dns_record(found)
    click.echo(f'Emails from {found.mail_from} are signed from now on. Other mail servers accept the signature if the\n'
               f'domain {dkim.domain(found)} has this DNS record:\n', err=True)
    click.echo(f'{name}. IN TXT {value}')
