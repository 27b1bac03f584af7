"""Commands for accounts: adduser, and the group user."""

import click

from .. import db
from ..accounts import audit, passwords, second_factors, suspensions, validation, verification
from ..codes import Rejected
from ..sentences import describe
from .site import explain_errors, find_member, log, opened_site


@click.command()
@click.option('--name', prompt=True, help='The name that readers see.')
@click.option('--email', prompt=True, help='The email address to log in with. It counts as confirmed.')
@click.option('--password', prompt=True, hide_input=True, confirmation_prompt=True)
@click.option('--owner', is_flag=True, help='Make an owner of the site, not only an author.')
@click.option('--texts', type=click.Choice([*verification.KEEP_TEXTS]),
              help='Keep or discard the texts of an account with this email address that was never confirmed.')
@explain_errors
def adduser(name: str, email: str, password: str, owner: bool, texts: str | None) -> None:
    """Add a member by hand, for instance while mail does not work."""
    with opened_site():
        name, email, password = validation.validate_all(
            (validation.clean_name, name), (validation.clean_email, email),
            (validation.clean_password, password, 'password', validation.avoided_words(name, email)))
        try:
            hashed = passwords.hash_password(password)
            with db.db.atomic():
                member = verification.add_confirmed(name, email, hashed, 'owner' if owner else 'author', db.now(),
                                                  keep_texts=verification.KEEP_TEXTS.get(texts or ''))
                audit.record('member_added', db.now(), audit.COMMAND_LINE, member)
        except Rejected as error:
            hint = ' Add --texts keep or --texts discard.' if 'texts' in error.errors else ''
            raise click.ClickException(f'{describe(error)}{hint}') from None
    click.echo(f'{member.name} can log in as {member.email}. Page: {member.path}')


@click.group()
def user() -> None:
    """Suspend or restore members, or remove lost second factors."""


@user.command()
@click.argument('email')
@explain_errors
def suspend(email: str) -> None:
    """Suspend a member: they are logged out and cannot log in. Their published posts stay."""
    with opened_site():
        member = find_member(email)
        suspensions.suspend(member, db.now(), audit.COMMAND_LINE)
    click.echo(f'{member.name} is suspended. `quickpub user restore {member.email}` ends that.')


@user.command()
@click.argument('email')
@explain_errors
def restore(email: str) -> None:
    """Let a suspended member log in again."""
    with opened_site():
        member = find_member(email)
        suspensions.restore(member, db.now(), audit.COMMAND_LINE)
    click.echo(f'{member.name} can log in again.')


@user.command(name='reset-second-factors')
@click.argument('email')
@explain_errors
def reset_second_factors(email: str) -> None:
    """Remove passkeys, authenticator app and recovery codes of a member.

    For a member, or an owner, who has lost them: after that they log in with the password alone. They are logged out
    everywhere, and get an email about it, which the consumer sends within a minute.
    """
    with opened_site():
        member = find_member(email)
        with db.db.atomic():
            mails = second_factors.reset_factors(member, db.now())
            if mails:
                audit.record('factors_reset', db.now(), audit.COMMAND_LINE, member)
    if not mails:
        raise click.ClickException(f'{member.email} has no second factor.')
    log.info('The second factors of member %s were removed', member.id)
    click.echo(f'{member.email} can log in with the password alone.')
