"""The command invite."""

import click

from .. import db
from ..accounts import audit, invitations, validation
from ..permissions import INVITABLE
from .site import explain_errors, opened_site


@click.command()
@click.argument('email', required=False)
@click.option('--link', 'is_link', is_flag=True, help='Print a link to pass on yourself instead.')
@click.option('--role', type=click.Choice(INVITABLE), help='Their role. Default: that of new members.')
@click.option('--note', default='', metavar='TEXT', help='A personal line in the invitation, at most 300 characters.')
@explain_errors
def invite(email: str | None, is_link: bool, role: str | None, note: str) -> None:
    """Invite somebody by email, or with a link to pass on.

    The invitation works once.
    """
    if is_link == bool(email):
        raise click.UsageError('Give either an email address or --link.')
    with opened_site() as settings:
        if settings.signup == 'closed':
            raise click.ClickException('Sign-up is closed, so an invitation would not work. Set QUICKPUB_SIGNUP to '
                                       'invite or open.')
        note = invitations.clean_note(note)
        if email is None:
            with db.db.atomic():
                url = invitations.create_invitation_link(db.now(), note=note, role=role)
                audit.record('invitation_link_made', db.now(), audit.COMMAND_LINE)
            click.echo(url)
            return
        email = validation.clean_email(email)
        with db.db.atomic():
            invitations.invite(email, db.now(), note=note, role=role)
            audit.record('invited', db.now(), audit.COMMAND_LINE)
    if settings.smtp:
        click.echo(f'The consumer sends the invitation to {email} within a minute.')
    else:
        click.echo(f'No mail server is set up. Within a minute, the consumer saves the invitation to {email} in '
                   f'{settings.paths.outbox / "new"}. `quickpub invite --link` prints a link to pass on yourself.')
