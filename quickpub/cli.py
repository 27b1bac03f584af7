"""The `quickpub` command. Each command says in one sentence what went wrong, and then ends with something but 0."""

import code
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import wraps

import click
from peewee import DatabaseError, OperationalError

from . import __version__, db, formats, logs, models, presence, settings
from .accounts import audit, passwords, roles, second_factors, suspensions, users, validation, verification
from .audience import counting, running_reports
from .jobs import queue
from .mail import delivery, dkim, transport
from .models import Message, User
from .settings import Settings, SettingsError
from .text import Rejected
from .upkeep import health, integrity

log = logging.getLogger('quickpub.cli')


def speaking(command: Callable) -> Callable:
    """Turn what can go wrong for a reason the operator can mend into one sentence and exit code 1."""
    @wraps(command)
    def wrapped(*args, **options):
        try:
            return command(*args, **options)
        except BrokenPipeError:  # nobody reads on, as in `quickpub check | head`; click ends quietly then
            raise
        except OSError as error:
            where = f' ({error.filename})' if error.filename else ''
            raise click.ClickException(f'{error.strerror or error}{where}. Everything a site has is in the folder that '
                                       'QUICKPUB_DATA names; it must be writable.') from None
        except OperationalError as error:
            raise click.ClickException(f'The database cannot be used: {error}.') from None
        except DatabaseError as error:
            raise click.ClickException(f'quickpub.db is damaged: {error}. {integrity.ADVICE}') from None
        except (SettingsError, db.SchemaError, Rejected) as error:
            raise click.ClickException(str(error)) from None
    return wrapped


@contextmanager
def site(create: bool = False) -> Iterator[Settings]:
    """The site of the environment's settings, with a database connection open."""
    found = settings.from_env()
    logs.log_to_console()
    if create:
        db.migrate(found)
    db.open_site(found)
    presence.be_quiet()
    with db.db.connection_context():
        yield found


@click.group(context_settings={'help_option_names': ['-h', '--help'], 'max_content_width': 100})
@click.version_option(__version__)
def main() -> None:
    """Quickpub: a publishing site for small groups of authors.

    Settings are environment variables (`quickpub settings` lists them), or lines of the file that QUICKPUB_CONFIG
    names. `quickpub serve` is all that a site needs.
    """


@main.command()
@speaking
def serve() -> None:
    """Run the whole site: web server and background work. Creates the site where there is none."""
    from .server import supervisor  # here, because only these three commands need a web server's memory
    logs.log_to_console()
    try:
        supervisor.serve(settings.from_env())
    except supervisor.CannotServe as error:
        raise click.ClickException(str(error)) from None


@main.command()
@speaking
def web() -> None:
    """Run the web server alone."""
    from .server import supervisor
    found = settings.from_env()
    logs.log_to_console()
    db.open_site(found)
    try:
        supervisor.check_port(found)
    except supervisor.CannotServe as error:
        raise click.ClickException(str(error)) from None
    log.info('The web server runs at %s   (Ctrl-C stops it)', found.url)
    if link := _setup_link():
        log.info('Set up your site:      %s', link, extra=logs.SHOWS_LINKS)
    supervisor.run_web(found)


@main.command()
@click.option('-w', '--workers', type=click.IntRange(1, 64), help='How many. Default: QUICKPUB_CONSUMER_WORKERS.')
@click.option('-k', '--worker-type', type=click.Choice(['thread', 'process']), default='thread', show_default=True,
              help='What the workers are.')
@speaking
def consumer(workers: int | None, worker_type: str) -> None:
    """Do the background work alone: mail, reports, schedules."""
    from .tasks import huey
    found = settings.from_env()
    if workers:
        found = replace(found, consumer_workers=workers)  # told to Huey, 1 would mean: as many as the settings say
    logs.log_to_console()
    db.open_site(found)
    log.info('Doing the background work of %s   (Ctrl-C stops it)', found.data)
    huey.create_consumer(worker_type=worker_type).run()


@main.command()
@speaking
def migrate() -> None:
    """Create the site's database, or bring it up to date."""
    found = settings.from_env()
    steps = db.migrate(found)
    click.echo('\n'.join(f'Done: {step}' for step in steps) or 'Everything is up to date.')
    db.open_site(found)
    if link := _setup_link():
        click.echo(f'Set up your site: {link}')


def _setup_link() -> str | None:
    """Return the link that makes the owner's account, or None if the site has an owner."""
    with db.db.connection_context():
        return roles.ensure_setup_url(db.now())


@main.command()
@click.option('--name', prompt=True, help='What readers see.')
@click.option('--email', prompt=True, help='To log in with. It counts as confirmed.')
@click.option('--password', prompt=True, hide_input=True, confirmation_prompt=True)
@click.option('--owner', is_flag=True, help='May keep the site, not only write.')
@click.option('--texts', type=click.Choice([*verification.KEEP_TEXTS]),
              help='Keep or discard the texts of an account with this email address that was never confirmed.')
@speaking
def adduser(name: str, email: str, password: str, owner: bool, texts: str | None) -> None:
    """Make an account by hand, for instance while mail does not work."""
    with site():
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
            hint = ' Say --texts keep, or --texts discard.' if 'texts' in error.errors else ''
            raise click.ClickException(f'{error}{hint}') from None
    click.echo(f'{member.name} can log in as {member.email}. Page: {member.path}')


@main.group()
def user() -> None:
    """Suspend or restore members, or remove lost second factors."""


@user.command(name='suspend')
@click.argument('email')
@speaking
def user_suspend(email: str) -> None:
    """Suspend a member: they are logged out and cannot log in. Their published posts stay."""
    with site():
        member = _member(email)
        try:
            suspensions.suspend(member, db.now(), audit.COMMAND_LINE)
        except roles.LastOwner:
            raise click.ClickException(f'{member.name} is the only owner who can log in. Make another owner first.'
                                       ) from None
    click.echo(f'{member.name} is suspended. `quickpub user restore {member.email}` ends that.')


@user.command(name='restore')
@click.argument('email')
@speaking
def user_restore(email: str) -> None:
    """Let a suspended member log in again."""
    with site():
        member = _member(email)
        suspensions.restore(member, db.now(), audit.COMMAND_LINE)
    click.echo(f'{member.name} can log in again.')


@user.command(name='reset-second-factors')
@click.argument('email')
@speaking
def reset_second_factors(email: str) -> None:
    """Remove passkeys, authenticator app and recovery codes of a member.

    For a member, or an owner, who has lost them: the password alone logs them in then. They are logged out everywhere,
    and get an email about it, which the consumer sends within a minute.
    """
    with site():
        member = _member(email)
        with db.db.atomic():
            mails = second_factors.reset_factors(member, db.now())
            if mails:
                audit.record('factors_reset', db.now(), audit.COMMAND_LINE, member)
    if not mails:
        raise click.ClickException(f'{member.email} has no second factor.')
    log.info('The second factors of member %s were removed', member.id)
    click.echo(f'{member.email} can log in with the password alone.')


@main.command()
@click.option('--author', metavar='EMAIL', help='To this author.')
@click.option('--all', 'everybody', is_flag=True, help='To every author with a published post.')
@speaking
def report(author: str | None, everybody: bool) -> None:
    """Send the report so far, now. It closes no period: the regular report counts all of it again."""
    if bool(author) == everybody:
        raise click.UsageError('Say --author EMAIL, or --all.')
    with site():
        counting.count_recorded_views()
        ids = running_reports.authors_with_posts(db.now()) if everybody else [_member(author or '').id]
        audit.record('report_sent', db.now(), audit.COMMAND_LINE)
        counts = _send_reports(ids)
    if not counts and author:
        raise click.ClickException(f'{author} has no published post, or an address that is not confirmed.')
    click.echo(', '.join(f'{count} {state}' for state, count in counts.items()) or 'Nobody has a published post.')
    if set(counts) - {'sent'}:
        raise click.ClickException('Not everything could be sent yet; what is deferred is tried again by the consumer.')


def _member(email: str) -> User:
    found = users.find_by_email(validation.clean_email(email))
    if found is None:
        raise click.ClickException(f'No member has the email address {email}.')
    return found


def _send_reports(user_ids: list[int]) -> dict[str, int]:
    """How many of the mails are in which state of the ledger now."""
    counts: dict[str, int] = {}
    with click.progressbar(length=len(user_ids), label='Reports', file=sys.stderr) as bar:
        for start in range(0, len(user_ids), delivery.BATCH):
            batch = user_ids[start:start + delivery.BATCH]
            with db.db.atomic():
                ids = running_reports.compose_running(batch, db.now())
            while delivery.has_queued():
                delivery.deliver()
            for message in Message.select(Message.state).where(Message.id.in_(db.among(ids))):
                counts[message.state] = counts.get(message.state, 0) + 1
            bar.update(len(batch))
    return counts


@main.command(name='demo')
@speaking
def fill_demo() -> None:
    """Fill an empty site with authors, posts and weeks of views."""
    from . import demo
    with site(create=True) as found:
        try:
            counts = demo.fill(db.now())
        except demo.NotEmpty as error:
            raise click.ClickException(str(error)) from None
        owner = User.get(User.role == 'owner')
    click.echo(', '.join(f'{formats.number(count)} {what}' for what, count in counts.items()))
    click.echo(f'Log in at {found.url}/login as {owner.email} with the password: {demo.PASSWORD}')


@main.command()
@speaking
def check() -> None:
    """Look whether all is well: settings, folder, database, mail."""
    is_well = True
    found = settings.from_env()
    for name, problem in _problems(found):
        click.echo(f'{"ok " if problem is None else "NOT"}  {name}{": " + problem if problem else ""}')
        is_well = is_well and problem is None
    if warning := db.sqlite_warning():
        click.echo(f'     {warning}')
    if not is_well:
        raise click.ClickException('Something needs your attention.')


def _problems(found: Settings) -> Iterator[tuple[str, str | None]]:
    """Each check's name, and what is wrong or None. What is on the disk comes first: without it no more can be told."""
    yield 'settings', None
    if found.has_secret():
        gone = {name: problem for name, problem in presence.on_disk(found).items() if problem}
        if gone.keys() & {'data', 'database', 'secret'}:
            yield from gone.items()
            return
    with site():
        yield from _problems_inside(found)


def _problems_inside(found: Settings) -> Iterator[tuple[str, str | None]]:
    damage = integrity.check(db.now())
    yield f'file {found.database}', damage or None
    yield from ((name, problem) for name, problem in health.problems(db.now()).items() if name != 'integrity')
    try:
        transport.connect().close()
    except Exception as error:  # whatever it is, it is what the operator must know
        yield 'mail server', f'{settings.mask_password(found.smtp)}: {error}'
    else:
        yield f'mail server {settings.mask_password(found.smtp) or found.data / "outbox"}', None
    dead = queue.Job.select().where(queue.Job.state == 'dead').count()
    yield 'failed work', f'{formats.plural(dead, "job", "jobs")}; see `quickpub jobs list`' if dead else None


@main.group(name='jobs')
def jobs_group() -> None:
    """The background work: what waits, runs and has failed."""


def _do_with_jobs(audit_code: str, act: Callable, *args: int) -> bool:
    """Return whether this could be done; then the audit log has it."""
    with db.db.atomic():
        is_done = act(*args) is not False
        if is_done:
            audit.record(audit_code, db.now(), audit.COMMAND_LINE)
    return is_done


@jobs_group.command(name='list')
@speaking
def jobs_list() -> None:
    """List all jobs; a finished one leaves nothing to list."""
    with site():
        found = list(queue.Job.select().order_by(queue.Job.state, queue.Job.run_at, queue.Job.id))
        for job in found:
            click.echo(f'{job.id:>6}  {job.state:<8}{job.name:<40}{job.run_at:%Y-%m-%d %H:%M:%S}  {job.reason}')
    if not found:
        click.echo('Nothing waits, runs or has failed.')


@jobs_group.command(name='retry')
@click.argument('job_id', type=click.IntRange(1, 2**63 - 1))
@speaking
def jobs_retry(job_id: int) -> None:
    """Give a failed job another chance."""
    with site():
        if not _do_with_jobs('job_retried', queue.retry, job_id):
            raise click.ClickException(f'There is no failed job {job_id}.')


@jobs_group.command(name='discard')
@click.argument('job_id', type=click.IntRange(1, 2**63 - 1))
@speaking
def jobs_discard(job_id: int) -> None:
    """Throw a job away. No mail is lost by it: the ledger wakes it again."""
    with site():
        if not _do_with_jobs('job_discarded', queue.discard, job_id):
            raise click.ClickException(f'There is no job {job_id} that is not running.')


@jobs_group.command(name='pause')
@speaking
def jobs_pause() -> None:
    """Begin no new work, in any consumer, until `quickpub jobs resume`."""
    with site():
        _do_with_jobs('jobs_paused', queue.pause)
    click.echo('Paused. What runs goes on to its end; nothing new is begun.')


@jobs_group.command(name='resume')
@speaking
def jobs_resume() -> None:
    """Go on after `quickpub jobs pause`."""
    with site():
        _do_with_jobs('jobs_resumed', queue.resume)
    click.echo('Work goes on.')


@main.command(name='dkim')
@click.option('--new', is_flag=True, help='Replace the key by a new one.')
@speaking
def show_dkim(new: bool) -> None:
    """Sign all emails, and print the DNS record for it. Makes a key if there is none."""
    with site() as found:
        if new or not dkim.key_file(found).exists():
            dkim.make_key(found)
            audit.record('dkim_key_made', db.now(), audit.COMMAND_LINE)
        name, value = dkim.dns_record(found)
    click.echo(f'Emails from {found.mail_from} are signed from now on. Other mail servers accept the signature if the\n'
               f'domain {dkim.domain(found)} has this DNS record:\n', err=True)
    click.echo(f'{name}. IN TXT {value}')


@main.command(name='settings')
@speaking
def show_settings() -> None:
    """List all settings, with what they are now; passwords are hidden."""
    found = settings.from_env()
    for each in fields(Settings):
        name = settings.PREFIX + each.name.upper()
        click.echo(f'{name}={found.masked()[name]}')
        click.echo(click.wrap_text(each.metadata['help'], 96, '    ', '    '))


@main.command()
@speaking
def shell() -> None:
    """A Python prompt with models, tasks and settings."""
    from . import tasks
    with site() as found:
        names = {table.__name__: table for table in models.TABLES} | {
            name: value for name, value in vars(tasks).items() if isinstance(value, tasks.huey.task_wrapper_class)}
        names |= {'settings': found, 'db': db.db, 'now': db.now, 'huey': tasks.huey, 'Job': queue.Job}
        try:
            import readline
            import rlcompleter
            readline.set_completer(rlcompleter.Completer(names).complete)
            readline.parse_and_bind('tab: complete')
        except ImportError:  # not every Python has it; the prompt works without
            pass
        code.interact(banner=f'Quickpub {__version__}, {found.data}\n{", ".join(sorted(names))}', local=names,
                      exitmsg='')
