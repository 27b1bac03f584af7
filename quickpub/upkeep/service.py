"""The files that run a site as a service of systemd, as text: the unit, the settings file, the command, and the lines
of a proxy."""

from pathlib import Path
from urllib.parse import urlsplit

from ..settings import Settings

MARK = '# Written by `quickpub install-service`.'
STATE = Path('/var/lib')  # where systemd makes a service's folder by itself
HOMES = (Path('/home'), Path('/root'), Path('/run/user'))

UNIT = """\
{mark} Your own changes: systemctl edit quickpub
[Unit]
Description=Quickpub
Wants=network-online.target
After=network-online.target

[Service]
User={user}
Environment=QUICKPUB_CONFIG={config}
ExecStart={program} serve
Restart=always
RestartSec=2
TimeoutStopSec=45
UMask=0077

# It writes to its data folder and nowhere else, and sees only its own processes.
{data}
ProtectSystem=strict
ProtectHome={homes}
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
PrivateUsers=yes
ProtectProc=invisible
ProtectHostname=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
# It has no rights of root, and cannot get any.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @obsolete
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""

SETTINGS = """\
QUICKPUB_DATA={data}
QUICKPUB_URL={url}
QUICKPUB_TRUSTED_PROXY=127.0.0.1
# Emails stay in the folder "outbox" until you name your mail server:
# QUICKPUB_SMTP=smtp://user:password@mail.example.org:587
"""

COMMAND = """\
#!/bin/sh
{mark} It runs commands as the user of the service, with its settings.
export QUICKPUB_CONFIG={config}
# A restore makes a folder beside the data folder, and gives it to the owner of the one that was there.
[ "$1" = restore ] && exec {program} "$@"
runuser -u {user} -- test -x "$PWD" || cd /
exec runuser -u {user} -- env QUICKPUB_CONFIG={config} {program} "$@"
"""


def make_unit(settings: Settings, user: str, config: Path, program: Path) -> str:
    """Return the unit of the site with these settings, which are in the file config, run by this user."""
    data = settings.data
    is_state = data.parent == STATE
    place = f'StateDirectory={data.name}\nStateDirectoryMode=0700' if is_state else f'ReadWritePaths={data}'
    if settings.backups:  # the site runs without it, too, where its disk is not there
        place += f'\nReadWritePaths=-{settings.backups}'
    places = (program, program.resolve(), data, settings.backups or data)
    at_home = any(path.is_relative_to(home) for path in places for home in HOMES)
    return UNIT.format(mark=MARK, user=user, config=config, program=program, data=place,
                       homes='read-only' if at_home else 'yes')


def make_settings_file(settings: Settings) -> str:
    """Return a settings file of a new site with this URL and this data folder."""
    return SETTINGS.format(url=settings.url, data=settings.data)


def make_command(user: str, config: Path, program: Path) -> str:
    """Return a shell script that runs any command of Quickpub as the service's user, with its settings."""
    return COMMAND.format(mark=MARK, user=user, config=config, program=program)


def make_caddy_lines(settings: Settings) -> str:
    """Return what Caddy needs in its Caddyfile to show this site at its URL."""
    url = urlsplit(settings.url)
    host = url.netloc if settings.is_https else f'http://{url.netloc}'
    upstream = f'{settings.host}:{settings.port}'
    if not settings.path_prefix:
        return f'{host} {{\n\treverse_proxy {upstream}\n}}\n'
    path = settings.path_prefix
    return (f'{host} {{\n\t@quickpub path {path} {path}/*\n\thandle @quickpub {{\n\t\treverse_proxy {upstream}\n\t}}\n'
            f'}}\n')
