"""The settings: one declared list, read from the environment or from the file that QUICKPUB_CONFIG names.

Every setting is one field of `Settings`. Its environment variable is `QUICKPUB_` and the name in capitals. The help
text, the default, whether it is secret and its scope stand beside it, so that `quickpub settings`, the owner's pages,
the README and the tests all read the same list.

The scope says who decides. MACHINE: the environment alone, for secrets and for what is about the machine. BROWSER: the
environment if it sets the value, and the owner in the browser otherwise. NEW_SITE: the environment decides for a new
site, and later the owner in the browser.
"""

import logging
import os
import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import Field, dataclass, field, fields
from datetime import time
from functools import cached_property, lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from . import email_addresses, secret
from .paths import Paths
from .secret import SecretError
from .translations import languages

log = logging.getLogger('quickpub.settings')

PREFIX = 'QUICKPUB_'
MACHINE, BROWSER, NEW_SITE = 'machine', 'browser', 'new_site'  # scopes
SIGNUP = ('open', 'invite', 'closed')
FREQUENCIES = ('minute', 'daily', 'weekly', 'monthly', 'never')
SMTP_SCHEMES = {'smtp': 587, 'smtps': 465, 'smtp+plain': 25}
HOST = re.compile(r'[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]+)?')  # with an IPv6 zone
NOT_IN_URL = re.compile(r'[\x00-\x20\x7f-\xa0"\'<>\\^`{|}]|[\ud800-\udfff]')
# Of a URL: its start with the user's name, and the password.
PASSWORD = re.compile(r'^((?:[a-z][a-z0-9+.-]*:/+|smtp[a-z+]*:)?[^:]*):.+@', re.DOTALL)


class SettingsError(Exception):
    """A setting cannot be used. The message has one line for each problem and says what would be right."""


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f'must be one of {", ".join(choices)}')
        return text
    return parse


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f'must be a whole number from {low} to {high}')
        return int(text)
    return parse


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError('must be a time zone such as Europe/Berlin') from None
    return text


def _email(text: str) -> str:
    try:
        return email_addresses.parse(text)
    except email_addresses.Unreachable:
        raise ValueError('must be an email address such as quickpub@example.org') from None


def _clock(text: str) -> time:
    try:
        hour, minute = text.split(':')
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError('must be a time of day such as 00:00') from None


def _host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise ValueError('must be an address of this machine, such as 127.0.0.1 or ::1, or its name')
    return text


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    is_plain = '@' not in parts.netloc and not parts.netloc.endswith(':') and parts.port != 0
    if parts.scheme not in ('http', 'https') or not parts.hostname or parts.query or parts.fragment or not is_plain:
        raise ValueError('must be an address such as https://blog.example.org, without ? and #')
    if '@' in parts.netloc or NOT_IN_URL.search(text):
        raise ValueError('must be an address such as https://blog.example.org, without spaces, quotes and passwords')
    _ = parts.port  # raises ValueError by itself where it is no number
    return text.rstrip('/')


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in SMTP_SCHEMES or not parts.hostname or parts.path.strip('/'):
        raise ValueError('must be smtp://user:password@host:587, smtps:// or smtp+plain://')
    _ = parts.port  # raises ValueError by itself where it is no number
    return text


def _addresses(text: str) -> frozenset[str]:
    return frozenset(str(ip_network(part.strip(), strict=False)) for part in text.split(',') if part.strip())


@lru_cache(256)
def _is_within(address: str, networks: frozenset[str]) -> bool:
    try:
        found: Any = ip_address(address)
        found = getattr(found, 'ipv4_mapped', None) or found  # IPv4 on a socket that takes IPv6, too
        return any(found in ip_network(network) for network in networks)
    except ValueError:  # a socket's path, say
        return False


def setting(default: str, help: str, parse: Callable[[str], Any] = str, secret: bool = False,
            scope: str = MACHINE) -> Any:
    return field(metadata={'default': default, 'help': help, 'parse': parse, 'secret': secret, 'scope': scope})


@dataclass(frozen=True)
class Settings:
    """All settings of one site. An empty text means: not set."""

    data: Path = setting('./data', 'Folder that holds everything: quickpub.db, outbox/, secret', _folder)
    host: str = setting('127.0.0.1', 'Address the web server listens on', _host)
    port: int = setting('8000', 'Port the web server listens on', _number(1, 65535))
    url: str = setting('', 'Public web address; every link in an email begins with it. It may have a path. '
                           'Unset: http://localhost:PORT, and every other name of this machine works', _http_url)
    workers: int = setting('1', 'Web processes', _number(1, 64))
    consumer_workers: int = setting('4', 'Background workers (threads, or processes with -k process)',
                                    _number(1, 64))
    smtp: str = setting('', 'Mail server: smtp://user:password@host:587 (STARTTLS, required where there is a '
                            'password), smtps://, smtp+plain:// (never TLS). Unset: emails are kept in outbox/',
                        _smtp_url, secret=True)
    mail_rate: int = setting('0', 'Emails that the mail server accepts in an hour; others wait. 0: no limit',
                             _number(0, 1_000_000))
    mail_limits: int = setting('1', 'Factor for the limits on emails that people cause, such as 10 for a day with '
                               'hundreds of newcomers. 0: no limit', _number(0, 1000))
    mail_from: str = setting('', 'From of every email. Unset: quickpub@ and the host of the public web address',
                             _email)
    signup: str = setting('open', 'Who may sign up: open, invite or closed', _one_of(*SIGNUP), scope=BROWSER)
    signup_seconds: int = setting('3', 'A sign-up form that is sent sooner, in seconds after it was opened, is from a '
                                  'robot. 0: accept all', _number(0, 60))
    language: str = setting('en', 'Language of a new site; the owner changes it in the browser',
                            lambda text: _one_of(*languages.supported())(text), scope=NEW_SITE)
    timezone: str = setting('UTC', "The site's time zone, and new authors'", _zone, scope=BROWSER)
    report: str = setting('daily', "How often new authors get a report: daily, weekly (closes with Sunday), monthly "
                                   "(with the last day), never; minute is for trying it out", _one_of(*FREQUENCIES),
                          scope=BROWSER)
    report_time: time = setting('00:00', "New authors' time for a period to close, in their own time zone", _clock,
                                scope=BROWSER)
    quota: int = setting('1000', "Megabytes of files that an author may have", _number(0, 10_000_000), scope=BROWSER)
    backups: Path | Literal[''] = setting('', 'Folder for a backup of each night, best on another disk. Unset: none is '
                                               'made', _folder)
    trusted_proxy: frozenset[str] = setting(
        '', 'Addresses or networks, with commas between, whose X-Forwarded-For and X-Forwarded-Host are trusted',
        _addresses)

    # The names of settings that are set in the environment, in the file, or by the program that made this object.
    given: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def __post_init__(self) -> None:
        changed = {each.name for each in declared() if each.metadata['scope'] != MACHINE
                   and getattr(self, each.name) != each.metadata['parse'](each.metadata['default'])}
        object.__setattr__(self, 'given', self.given | changed)

    def with_stored(self, stored: Mapping[str, str]) -> 'Settings':
        """Return these settings with the values that were set in the browser, as texts by name. Skip those that the
        environment has set, and those that this version cannot use."""
        found = copy(self)
        for each in declared():
            text = stored.get(each.name)
            if text is None or not self.is_editable(each.name):
                continue
            try:
                found.__dict__[each.name] = each.metadata['parse'](text)
            except ValueError as error:
                log.warning('The stored setting %s is %r and cannot be used: it %s', each.name, text, error)
        return found

    def is_editable(self, name: str) -> bool:
        """Return whether the owner decides on this setting in the browser."""
        scope = next(each.metadata['scope'] for each in declared() if each.name == name)
        return scope == NEW_SITE or scope == BROWSER and name not in self.given

    def validate(self) -> None:
        """Raise SettingsError for settings that are right one by one but not together."""
        if urlsplit(self.smtp).scheme == 'smtp+plain' and '@' in urlsplit(self.smtp).netloc:
            raise SettingsError(f'{PREFIX}SMTP would send a password without encryption; use smtp:// or smtps://')

    def trusts(self, address: str) -> bool:
        """Return whether this is a proxy that may say where a request came from."""
        return _is_within(address, self.trusted_proxy)

    @cached_property
    def url_parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def path_prefix(self) -> str:
        """The path of the public address: '' or such as '/blog'."""
        return self.url_parts.path

    @property
    def origin(self) -> str:
        return f'{self.url_parts.scheme}://{self.url_parts.netloc}'

    @cached_property
    def is_local(self) -> bool:
        """Return whether no public URL is set: then the site is for this machine alone."""
        return self.url == local_url(self.host, self.port) and self.url_parts.hostname == 'localhost'

    @property
    def is_https(self) -> bool:
        return self.url_parts.scheme == 'https'

    @cached_property
    def paths(self) -> Paths:
        """Return the place of each thing in the data folder."""
        return Paths(self.data)

    @cached_property
    def secret(self) -> bytes:
        """The key that signs the links in emails. Raises SettingsError for one that protects nothing."""
        try:
            return secret.read(self.paths.secret)
        except SecretError as error:
            raise SettingsError(str(error)) from None

    def environ(self) -> dict[str, str]:
        """Return the environment variables from which `from_env` makes equal settings in another process. Settings that
        the owner decides on are left out: the other process finds them in the database."""
        return {PREFIX + each.name.upper(): _as_text(getattr(self, each.name)) for each in declared()
                if each.metadata['scope'] == MACHINE or each.name in self.given}

    def masked(self) -> dict[str, str]:
        """Return the values of all settings as text, by the names of their variables, with passwords hidden."""
        texts = {each: _as_text(getattr(self, each.name)) for each in declared()}
        return {PREFIX + each.name.upper(): mask_password(text) if each.metadata['secret'] else text
                for each, text in texts.items()}

    def text_of(self, name: str) -> str:
        """Return the value of a setting as it stands in the environment, or is stored."""
        return _as_text(getattr(self, name))


@lru_cache(1)
def declared() -> tuple[Field[Any], ...]:
    """Return the declaration of each setting."""
    return tuple(each for each in fields(Settings) if 'default' in each.metadata)


def _as_text(value: Any) -> str:
    if isinstance(value, frozenset):
        return ', '.join(sorted(value))
    return value.strftime('%H:%M') if isinstance(value, time) else str(value)


def mask_password(url: str) -> str:
    """Return this URL with its password hidden: smtp://user:***@host. If it cannot be parsed, for a slash in the
    password, say, hide all that may be one."""
    return PASSWORD.sub(r'\1:***@', url, count=1)


def smtp_login(url: str) -> tuple[str, str] | None:
    """Return the user and the password in a mail server's URL, decoded, or None."""
    parts = urlsplit(url)
    return (unquote(parts.username), unquote(parts.password or '')) if parts.username else None


def from_env(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of the environment and, where it sets none, of the file that QUICKPUB_CONFIG names. Raises
    SettingsError, which names every bad or unknown setting."""
    environ = os.environ if environ is None else environ
    texts = _texts_in_file(environ.get(PREFIX + 'CONFIG')) | dict(environ)
    problems: list[str] = []
    values: dict[str, Any] = {}
    known = {PREFIX + each.name.upper(): each for each in declared()}
    for name in texts:
        if name.startswith(PREFIX) and name not in known and name != PREFIX + 'CONFIG':
            problems.append(f'{name} is not a setting; `quickpub settings` lists them')
    for name, each in known.items():
        text = texts.get(name, '').strip() or each.metadata['default']
        try:
            parse = each.metadata['parse']
            values[each.name] = parse(text) if text or parse is _addresses else ''
        except ValueError as error:
            shown = mask_password(text) if each.metadata['secret'] else text
            problems.append(f'{name} is {shown!r}: {error}')
    if problems:
        raise SettingsError('\n'.join(problems))

    values['url'] = values['url'] or local_url(values['host'], values['port'])
    values['mail_from'] = values['mail_from'] or _derived_from(values['url'])
    given = frozenset(each.name for name, each in known.items() if texts.get(name, '').strip())
    found = Settings(**values, given=given)
    found.validate()
    return found


def local_url(host: str, port: int) -> str:
    """Return the URL of a site for which none is set. It has the name localhost, because passkeys need a name; unless
    the site listens on a single address of a network."""
    try:
        found = ip_address(host)
    except ValueError:
        name = host
    else:
        name = f'[{host}]' if found.version == 6 else host
        if found.is_loopback or found.is_unspecified:
            name = 'localhost'
    return f'http://{name}:{port}'


def _texts_in_file(config: str | None) -> dict[str, str]:
    """Return the settings in this file. Raises SettingsError if it cannot be read."""
    if not config:
        return {}
    path = Path(config).absolute()
    if not path.is_file():
        raise SettingsError(f'{PREFIX}CONFIG names {path}, which is not a file')
    try:
        found = dotenv_values(path)
    except OSError as error:
        raise SettingsError(f'{PREFIX}CONFIG names {path}, which cannot be read: {error.strerror}. The user that runs '
                            'Quickpub must be allowed to read it') from None
    except UnicodeDecodeError:
        raise SettingsError(f'{PREFIX}CONFIG names {path}, which is not a text file in UTF-8') from None
    return {name: text or '' for name, text in found.items()}


def _derived_from(url: str) -> str:
    """Return the sender of emails of a site at this URL, if none is set."""
    host = urlsplit(url).hostname or 'localhost'
    try:
        return _email(f'quickpub@{host}')
    except ValueError:  # quickpub@127.0.0.1, say, is refused by many mail programs
        return 'quickpub@localhost'


_given: Settings | None = None  # without what is stored
_current: Settings | None = None
_stored: dict[str, str] = {}


def use(settings: Settings) -> None:
    """Use these settings in this process, which has one site."""
    global _given, _current, _stored
    _given = _current = settings
    _stored = {}


def use_stored(stored: dict[str, str]) -> None:
    """Use the values that were set in the browser, as texts by name, beside the settings of this process."""
    global _current, _stored
    if stored != _stored and _given is not None:
        _current, _stored = _given.with_stored(stored), stored


def stored() -> dict[str, str]:
    """Return the values that were set in the browser, as texts by name."""
    return _stored


def current() -> Settings:
    """Return the settings of this process as they are at the moment. Raises SettingsError if no site is open."""
    if _current is None:
        raise SettingsError('no site is open in this process; call opening.open_site(settings) first')
    return _current
