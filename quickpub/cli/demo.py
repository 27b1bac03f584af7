"""The command demo: fill an empty site."""

import sys

import click

from .. import db, formats
from ..media import variants
from ..models import User
from .site import explain_errors, opened_site


@click.command(name='demo')
@explain_errors
def fill_demo() -> None:
    """Fill an empty site with authors, posts and views."""
    from .. import demo
    from ..demo import pictures
    with opened_site(create=True) as found:
        try:
            counts = demo.fill(db.now())
        except demo.NotEmpty as error:
            raise click.ClickException(str(error)) from None
        waiting = variants.without_job()
        with click.progressbar(length=len(waiting), label='Pictures', file=sys.stderr) as bar:
            pictures.prepare(lambda: bar.update(1))
        owner = User.get(User.role == 'owner')
    click.echo(', '.join(f'{formats.number(count)} {what}' for what, count in counts.items()))
    click.echo(f'Log in at {found.url}/login as {owner.email} with the password: {demo.PASSWORD}')
