"""Commands that run the site or parts of it: serve, web, consumer, migrate."""

from dataclasses import replace

import click

from .. import db, logs, migrating, opening, settings
from ..accounts import roles
from .site import explain_errors, log


@click.command()
@explain_errors
def serve() -> None:
    """Run the whole site: web server and background work. Creates the site where there is none."""
    from ..server import supervisor  # here, because only these three commands need a web server's memory
    logs.log_to_console()
    try:
        supervisor.serve(settings.from_env())
    except supervisor.CannotServe as error:
        raise click.ClickException(str(error)) from None


@click.command()
@explain_errors
def web() -> None:
    """Run the web server alone."""
    from ..server import supervisor
    found = settings.from_env()
    logs.log_to_console()
    opening.open_site(found)
    try:
        supervisor.check_port(found)
    except supervisor.CannotServe as error:
        raise click.ClickException(str(error)) from None
    log.info('The web server runs at %s   (Ctrl-C stops it)', found.url)
    if link := _setup_link():
        log.info('Set up your site:      %s', link, extra=logs.SHOWS_LINKS)
    supervisor.run_web(found)


@click.command()
@click.option('-w', '--workers', type=click.IntRange(1, 64), help='How many. Default: QUICKPUB_CONSUMER_WORKERS.')
@click.option('-k', '--worker-type', type=click.Choice(['thread', 'process']), default='thread', show_default=True,
              help='Run workers as threads or as processes.')
@explain_errors
def consumer(workers: int | None, worker_type: str) -> None:
    """Run the background jobs alone."""
    from ..tasks import huey
    found = settings.from_env()
    if workers:
        found = replace(found, consumer_workers=workers)  # told to Huey, 1 would mean: as many as the settings say
    logs.log_to_console()
    opening.open_site(found)
    log.info('The consumer runs for %s   (Ctrl-C stops it)', found.data)
    huey.create_consumer(worker_type=worker_type).run()


@click.command()
@explain_errors
def migrate() -> None:
    """Create the site's database, or bring it up to date."""
    found = settings.from_env()
    steps = migrating.migrate(found)
    click.echo('\n'.join(f'Done: {step}' for step in steps) or 'Everything is up to date.')
    opening.open_site(found)
    if link := _setup_link():
        click.echo(f'Set up your site: {link}')


def _setup_link() -> str | None:
    """Return the link that makes the owner's account, or None if the site has an owner."""
    with db.db.connection_context():
        return roles.ensure_setup_url(db.now())
