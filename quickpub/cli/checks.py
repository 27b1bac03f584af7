"""Commands that look at the site: check and settings."""

from collections.abc import Iterator

import click
from peewee import DatabaseError

from .. import db, presence, secret, settings
from ..jobs import tables
from ..mail import transport
from ..mail.undelivered import Lost
from ..migrating import SchemaError
from ..models import Site
from ..sentences import make_words
from ..settings import Settings
from ..upkeep import health, integrity, sqlite_version
from .site import explain_errors, opened_site


@click.command()
@explain_errors
def check() -> None:
    """Check settings, folder, database and mail."""
    is_well = True
    found = settings.from_env()
    for name, problem in _problems(found):
        click.echo(f'{"ok " if problem is None else "NOT"}  {name}{": " + problem if problem else ""}')
        is_well = is_well and problem is None
    if warning := sqlite_version.sqlite_warning():
        click.echo(f'     {warning}')
    if not is_well:
        raise click.ClickException('Something needs your attention.')


def _problems(found: Settings) -> Iterator[tuple[str, str | None]]:
    """Yield each check's name, and its problem or None. The disk comes first: nothing else can be checked
    without it."""
    yield 'settings', None
    if secret.has_secret(found.paths.secret):
        gone = {name: problem for name, problem in presence.problems_of_closed_site(found).items() if problem}
        if gone.keys() & {'data', 'database', 'secret'}:
            yield from gone.items()
            return
    with opened_site():
        yield from _problems_inside(found)


def _problems_inside(found: Settings) -> Iterator[tuple[str, str | None]]:
    damage = integrity.check(db.now())
    yield f'file {found.paths.database}', damage or None
    yield from ((name, problem) for name, problem in health.problems(db.now()).items() if name != 'integrity')
    try:
        transport.connect().close()
    except Lost as error:
        yield 'mail server', f'{settings.mask_password(found.smtp)}: {make_words(error.answer)}'
    except Exception as error:  # whatever it is, it is what the operator must know
        yield 'mail server', f'{settings.mask_password(found.smtp)}: {error}'
    else:
        yield f'mail server {settings.mask_password(found.smtp) or found.paths.outbox}', None
    dead = tables.Job.select().where(tables.Job.state == 'dead').count()
    yield 'failed jobs', f'{dead}. List them with `quickpub jobs list`.' if dead else None


@click.command(name='settings')
@explain_errors
def show_settings() -> None:
    """List all settings and their sources; passwords are hidden."""
    found, problem = _find_settings()
    masked = found.masked()
    for each in settings.declared():
        name = settings.PREFIX + each.name.upper()
        click.echo(f'{name}={masked[name]}')
        click.echo(click.wrap_text(each.metadata['help'], 96, '    ', '    '))
        click.echo(f'    {_describe_source(found, each.name)}')
    if problem:
        click.echo(f'Settings made in the browser are not shown: {problem}', err=True)


def _find_settings() -> tuple[Settings, str]:
    """Return the settings as the site has them, and '' or why those that were made in the browser are missing."""
    found = settings.from_env()
    if not found.paths.database.exists():
        return found, ''
    try:
        with opened_site():
            settings.use_stored(settings.stored() | {'language': Site.this().language})
            return settings.current(), ''
    except (SchemaError, settings.SettingsError, DatabaseError, OSError) as error:
        return found, str(error)


def _describe_source(found: Settings, name: str) -> str:
    """Return where the value of a setting comes from."""
    if name in settings.stored() and found.is_editable(name):
        return 'Set in the browser.'
    if name in found.given:
        return 'Set by the environment.'
    return 'Default. It can be changed in the browser.' if found.is_editable(name) else 'Default.'
