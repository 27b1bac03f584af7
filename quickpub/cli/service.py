"""The command install-service: run the site as a service of systemd."""

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click

from .. import settings
from ..settings import Settings
from ..upkeep import service
from .site import explain_errors

CONFIG = Path('/etc/quickpub.env')
UNIT = Path('/etc/systemd/system/quickpub.service')
COMMAND = Path('/usr/local/bin/quickpub')
DATA = Path('/var/lib/quickpub')
USER = re.compile('[a-z_][a-z0-9_-]{0,31}')  # useradd(8)
MODES = {CONFIG: 0o640, UNIT: 0o644, COMMAND: 0o755}
RUNNING_SYSTEMD = Path('/run/systemd/system')  # sd_booted(3)


@click.command(name='install-service')
@click.option('--url', prompt='Public web address of the site, such as https://blog.example.org',
              help='The web address as readers type it.')
@click.option('--user', default='quickpub', show_default=True, help='The system user that runs the site.')
@click.option('--data', type=click.Path(path_type=Path), default=DATA, show_default=True,
              help='The data folder.')
@click.option('--root', type=click.Path(path_type=Path, file_okay=False), default='/', show_default=True,
              help='Write the files below this folder, and start nothing: for an image of a system.')
@click.option('--show', is_flag=True, help='Only show the files.')
@explain_errors
def install_service(url: str, user: str, data: Path, root: Path, show: bool) -> None:
    """Install the site as a service of systemd.

    Creates the user and the data folder, writes a settings file, a hardened unit and the command `quickpub`, starts the
    service, and prints what a proxy needs. A settings file that is there is kept. Run it again after you changed the
    port or the web address.
    """
    if not USER.fullmatch(user):
        raise click.ClickException(f'{user!r} cannot be the name of a system user.')
    config = root / CONFIG.relative_to('/')
    found = _read_settings(config, url, data)
    program = Path(sys.prefix) / 'bin' / 'quickpub'
    files = {UNIT: service.make_unit(found, user, CONFIG, program),
             COMMAND: service.make_command(user, CONFIG, program)}
    if not config.exists():
        files[CONFIG] = service.make_settings_file(found)
    if show:
        for path, text in files.items():
            click.echo(f'# {path}\n{text}')
        return
    is_this_machine = root == Path('/')
    if is_this_machine:
        _check_machine()
    _check_files_are_ours(root)
    if is_this_machine:
        _make_user(user)
        _check_program(user, program)
        _make_data_folder(found.data, user)
    for path, text in files.items():
        _write(root / path.relative_to('/'), text, MODES[path])
    if is_this_machine:
        shutil.chown(CONFIG, 'root', user)
        _start()
    _say_what_is_next(found)


def _read_settings(config: Path, url: str, data: Path) -> Settings:
    """Return the settings of the file that is there, or those of a new site. Raises SettingsError."""
    new = settings.from_env({'QUICKPUB_URL': url, 'QUICKPUB_DATA': str(data)})
    if not config.exists():
        return new
    found = settings.from_env({'QUICKPUB_CONFIG': str(config)})
    if found.url != new.url:
        raise click.ClickException(f'{config} has the web address {found.url}. Use `--url {found.url}`, or change '
                                   'QUICKPUB_URL in that file first.')
    if data not in (found.data, DATA):
        raise click.ClickException(f'{config} has the data folder {found.data}. Change QUICKPUB_DATA in that file '
                                   'first.')
    return found


def _check_machine() -> None:
    if shutil.which('systemctl') is None:
        raise click.ClickException('This system has no systemd. `quickpub serve` runs the site under any other '
                                   'supervisor.')
    if os.geteuid() != 0:
        raise click.ClickException('Only root can install a service. Run the command with sudo.')


def _check_files_are_ours(root: Path) -> None:
    for path in (UNIT, COMMAND):
        there = root / path.relative_to('/')
        if there.exists() and service.MARK not in there.read_text(errors='replace'):
            raise click.ClickException(f'{there} was not written by this command. Move it away first.')


def _make_user(user: str) -> None:
    try:
        pwd.getpwnam(user)
    except KeyError:
        _run('useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', user)


def _check_program(user: str, program: Path) -> None:
    try:
        _run('runuser', '-u', user, '--', str(program), '--version')
    except click.ClickException as error:
        raise click.ClickException(f'The user {user} cannot run {program}: {error}\nInstall Quickpub where everybody '
                                   'can read it: `make install` does.') from None


def _make_data_folder(data: Path, user: str) -> None:
    if not data.exists():
        data.mkdir(parents=True)
        data.chmod(0o700)
        shutil.chown(data, user, user)


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file in one step: there is the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f'{path.name}.new')
    new.touch(mode=0o600)
    new.write_text(text)
    new.chmod(mode)
    new.replace(path)
    click.echo(f'Written: {path}')


def _start() -> None:
    if not RUNNING_SYSTEMD.is_dir():
        click.echo('systemd does not run here, so nothing was started. Later: systemctl enable --now quickpub')
        return
    _run('systemctl', 'daemon-reload')
    _run('systemctl', 'enable', 'quickpub')
    _run('systemctl', 'restart', 'quickpub')
    click.echo('Started: the service quickpub. Its log has the link that sets up the site: journalctl -u quickpub')


def _say_what_is_next(found: Settings) -> None:
    click.echo(f'\nThe settings are in {CONFIG}. After a change there: systemctl restart quickpub\n\n'
               f'A proxy shows the site at {found.url}. For Caddy, add these lines to /etc/caddy/Caddyfile:\n\n'
               f'{service.make_caddy_lines(found)}')


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd='/')
    if done.returncode:
        raise click.ClickException(f'`{" ".join(command)}` failed: {(done.stderr or done.stdout).strip()}')
