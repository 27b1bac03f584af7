"""Commands for accounts: adduser, and the group user."""

import json
import sys

import click

from .. import db, text
from ..accounts import (
    audit,
    deletion,
    directory,
    password_reset,
    passwords,
    roles,
    scheduled_posts,
    second_factors,
    suspensions,
    validation,
    verification,
)
from ..codes import Problem, Rejected
from ..models import User
from ..permissions import AUTHOR, CONTRIBUTOR, OWNER, PERMISSIONS, ROLES, Permission
from ..sentences import describe
from ..upkeep import erasure
from .site import explain_errors, find_member, log, opened_site


@click.command()
@click.option('--name', prompt=True, help='The name that readers see.')
@click.option('--email', prompt=True, help='The email address to log in with. It counts as confirmed.')
@click.option('--password', prompt=True, hide_input=True, confirmation_prompt=True)
@click.option('--owner', is_flag=True, help='Make an owner of the site: short for --role owner.')
@click.option('--role', type=click.Choice(ROLES), default=AUTHOR, show_default=True, help='The role of the member.')
@click.option('--texts', type=click.Choice([*verification.KEEP_TEXTS]),
              help='Keep or discard the texts of an account with this email address that was never confirmed.')
@explain_errors
def adduser(name: str, email: str, password: str, owner: bool, role: str, texts: str | None) -> None:
    """Add a member without a confirmation email."""
    with opened_site():
        name, email, password = validation.validate_all(
            (validation.clean_name, name), (validation.clean_email, email),
            (validation.clean_password, password, 'password', validation.avoided_words(name, email)))
        try:
            hashed = passwords.hash_password(password)
            with db.db.atomic():
                member = verification.add_confirmed(name, email, hashed, OWNER if owner else role, db.now(),
                                                  keep_texts=verification.KEEP_TEXTS.get(texts or ''))
                audit.record('member_added', db.now(), audit.COMMAND_LINE, member)
        except Rejected as error:
            hint = ' Add --texts keep or --texts discard.' if 'texts' in error.errors else ''
            raise click.ClickException(f'{describe(error)}{hint}') from None
    click.echo(f'{member.name} can log in as {member.email}. Page: {member.path}')


@click.group()
def user() -> None:
    """List, change, suspend, restore or remove members."""


@user.command(name='list')
@click.option('--json', 'is_json', is_flag=True, help='Print JSON for other programs.')
@explain_errors
def list_users(is_json: bool) -> None:
    """List all members, the newest first."""
    with opened_site():
        members = list(directory.list_members())
        seen, posts = directory.find_last_seen(members), directory.count_posts(members)
        found = [{'email': member.email, 'name': member.name, 'handle': member.handle, 'role': member.role,
                  'state': _state_of(member), 'do_emails_arrive': member.mail_trouble is None,
                  'posts': posts[member.id], 'joined': f'{member.created_at:%Y-%m-%dT%H:%M:%SZ}',
                  'last_seen': f'{seen[member.id]:%Y-%m-%dT%H:%M:%SZ}' if member.id in seen else None}
                 for member in members]
    if is_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for each in found:
        day = (each['last_seen'] or 'never')[:10]
        trouble = '' if each['do_emails_arrive'] else '  (emails do not arrive)'
        click.echo(f'{each["email"]:<32}  {each["role"]:<11}  {each["state"]:<11}  {each["posts"]:>5} posts  '
                   f'seen {day:<10}  {each["name"]}{trouble}')
    if not found:
        click.echo('No members yet. `quickpub adduser --owner` creates the first one.')


def _state_of(member: User) -> str:
    if member.suspended_at:
        return 'suspended'
    return 'active' if member.is_verified else 'unconfirmed'


@user.command()
@click.argument('email')
@click.argument('role', type=click.Choice(ROLES))
@explain_errors
def role(email: str, role: str) -> None:
    """Make a member an owner, editor, author or contributor."""
    with opened_site():
        member = find_member(email)
        with db.db.atomic():
            before, scheduled = User.get_by_id(member.id).role, scheduled_posts.count_scheduled(member, db.now())
            is_changed = roles.change_role(member, role, db.now())
            if not is_changed and before != role:
                raise click.ClickException(f'{member.name} cannot be {_with_article(role)}: the account is suspended, '
                                           'or the email address is not confirmed.')
            if is_changed:
                audit.record('role_changed', db.now(), audit.COMMAND_LINE, member, role=role)
    click.echo(f'{member.name} is {_with_article(role)}.')
    if is_changed and scheduled and Permission.PUBLISH not in PERMISSIONS[role]:
        click.echo(f'Scheduled posts that are drafts now and wait for review: {scheduled}.')


def _with_article(role: str) -> str:
    return f'a {role}' if role == CONTRIBUTOR else f'an {role}'


@user.command()
@click.argument('email')
@click.option('--reason', default='', help='What owners read in the audit log.')
@click.option('--hide-posts', is_flag=True, help='Hide their posts until the account is restored.')
@explain_errors
def suspend(email: str, reason: str, hide_posts: bool) -> None:
    """Suspend a member: they are logged out and cannot log in. Their published posts stay, or are hidden."""
    with opened_site():
        member = find_member(email)
        cleaned = text.whole_line(reason, suspensions.MAX_REASON)
        if cleaned is None:
            raise Rejected('reason.too_long', limit=suspensions.MAX_REASON)
        suspensions.suspend(member, db.now(), audit.COMMAND_LINE, reason=cleaned, hides_posts=hide_posts)
    click.echo(f'{member.name} is suspended. `quickpub user restore {member.email}` ends that.')


@user.command()
@click.argument('email')
@explain_errors
def restore(email: str) -> None:
    """Let a suspended member log in again, and show their posts if they are hidden."""
    with opened_site():
        member = find_member(email)
        suspensions.restore(member, db.now(), audit.COMMAND_LINE)
    click.echo(f'{member.name} can log in again.')


@user.command()
@click.argument('emails', metavar='EMAIL...', nargs=-1, required=True)
@click.option('--keep-posts', 'posts', flag_value='keep', help='Keep posts under their name; drafts go to the owners.')
@click.option('--keep-published', 'posts', flag_value='published', help='The same, but delete drafts.')
@click.option('--delete-posts', 'posts', flag_value='delete', help='Delete all their posts.')
@click.option('--give-posts-to', 'heir', metavar='EMAIL', help='Give all posts, drafts and files to this member.')
@click.option('--yes', is_flag=True, help='Do not ask.')
@explain_errors
def remove(emails: tuple[str, ...], posts: str | None, heir: str | None, yes: bool) -> None:
    """Remove accounts for good, with or without their posts.

    If one of several cannot be removed, the others are removed all the same.
    """
    if bool(posts) == bool(heir):
        raise click.UsageError('Add --give-posts-to, --keep-posts, --keep-published or --delete-posts.')
    with opened_site():
        members = list({member.id: member for member in map(find_member, emails)}.values())
        successor = find_member(heir) if heir else None
        if successor in members:
            raise click.UsageError('A member who is removed cannot get the posts.')
        if not yes:
            _confirm_removal(members)
        failed = 0
        for member in members:
            try:
                deletion.remove_member(member, posts != 'delete', db.now(), audit.COMMAND_LINE,
                                       keep_drafts=posts == 'keep', heir=successor)
            except (Problem, Rejected) as error:
                failed += 1
                click.echo(f'{member.email} is not removed: {describe(error)}', err=True)
            else:
                click.echo(f'The account of {member.name} is removed.')
        erasure.erase_now()
    if failed:
        raise click.ClickException(f'{failed} of {len(members)} could not be removed.')


def _confirm_removal(members: list[User]) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError('Add --yes: there is no terminal to ask on.')
    names = ', '.join(f'{member.name} ({member.email})' for member in members)
    click.confirm(f'Remove the accounts of {names}? You cannot undo this.' if len(members) > 1 else
                  f'Remove the account of {names}? You cannot undo this.', abort=True)


@user.command(name='reset-password')
@click.argument('email')
@explain_errors
def reset_password(email: str) -> None:
    """Print a link with which a member chooses a new password.

    It works once, for two hours. The member gets an email about it, which the consumer sends within a minute.
    """
    with opened_site():
        member = find_member(email)
        with db.db.atomic():
            if not User.get_by_id(member.id).is_active:
                raise Rejected('email.suspended', email=member.email)
            link, _ = password_reset.create_handover_link(member, None, db.now())
            audit.record('link_handed_over', db.now(), audit.COMMAND_LINE, member)
    click.echo(link)


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
