"""The settings: one declared list, read from the environment or from the file that QUICKPUB_CONFIG names.

Every field of `Settings` is one setting. Its environment variable is `QUICKPUB_` and the name in capitals; the
help text, the default and whether it is secret stand beside it, so that `quickpub settings`, the README and the
tests all read the same list.
"""

import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import time
from functools import cached_property, lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from unicodedata import normalize
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from .translations import languages

PREFIX = 'QUICKPUB_'
FREQUENCIES = ('minute', 'daily', 'weekly', 'monthly', 'never')
SMTP_SCHEMES = {'smtp': 587, 'smtps': 465, 'smtp+plain': 25}
FOLDERS = ('run', 'spool', 'outbox', 'exports', 'media')  # in the data folder
SECRET_BYTES = 32
HOST = re.compile(r'[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]+)?')  # with an IPv6 zone
NOT_IN_URL = re.compile(r'[\x00-\x20\x7f-\xa0"\'<>\\^`{|}]|[\ud800-\udfff]')
# Of an address: its beginning with who logs in, and where the password is.
PASSWORD = re.compile(r'^((?:[a-z][a-z0-9+.-]*:/+|smtp[a-z+]*:)?[^:]*):.+@', re.DOTALL)
NEW_FOR = 60  # seconds after which nothing is being made any more
SPECIAL_USE_DOMAIN_NAMES.clear()  # the library's own way to allow .local, .test and the like


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


def _clock(text: str) -> time:
    try:
        hour, minute = text.split(':')
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError('must be a time of day such as 00:00') from None


class Unreachable(ValueError):
    """It looks like an email address, but no email can reach it. The message says why, and what to do."""


MAX_LOCAL, MAX_EMAIL = 64, 254  # characters before the @, and in all (RFC 5321, 4.5.3.1)


def mail_address(text: str) -> str:
    """Return one email address, normalised, an international domain as punycode (RFC 5890). Letters beyond ASCII
    before the @ are kept: whether they can be used depends on the mail server. Raises ValueError saying why not.

    Names of closed networks (club@server.local) are as good as others: whether email arrives shows whether it exists.
    """
    if '\uff20' in text or '\ufe6b' in text:
        raise Unreachable('This email address has a wide ＠. Type the plain @ instead.')
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f'must be one mail address: {error}') from None
    if normalize('NFKC', found.local_part) != found.local_part:
        raise Unreachable('This email address has wide or joined letters before the @. Type plain ones instead.')
    email = found.ascii_email or f'{found.local_part}@{found.ascii_domain}'
    local, _, domain = email.rpartition('@')
    if len(local.encode()) > MAX_LOCAL:
        raise Unreachable(f'This email address is too long: it can have {MAX_LOCAL} characters before the @.')
    if len(email.encode()) > MAX_EMAIL:
        raise Unreachable(f'This email address is too long: it can have {MAX_EMAIL} characters.')
    if domain.rpartition('.')[2].isdigit():
        raise Unreachable('This email address ends with a number. It looks like name@example.org.')
    return email


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
        found = getattr(found, 'ipv4_mapped', None) or found  # how a socket for both kinds names one of the older kind
        return any(found in ip_network(network) for network in networks)
    except ValueError:  # no address, but a socket's path, say
        return False


def setting(default: str, help: str, parse: Callable[[str], Any] = str, secret: bool = False) -> Any:
    return field(metadata={'default': default, 'help': help, 'parse': parse, 'secret': secret})


@dataclass(frozen=True)
class Settings:
    """What this site was told. Empty text means: not set."""

    data: Path = setting('./data', 'Folder that holds everything: quickpub.db, outbox/, secret', _folder)
    host: str = setting('127.0.0.1', 'Address the web server listens on', _host)
    port: int = setting('8000', 'Port the web server listens on', _number(1, 65535))
    url: str = setting('', 'Public address; every link in a mail begins with it, a path is honoured. '
                           'Unset: http://localhost:PORT, and every other name of this machine works', _http_url)
    workers: int = setting('1', 'Web processes', _number(1, 64))
    consumer_workers: int = setting('4', 'Background workers (threads, or processes with -k process)',
                                    _number(1, 64))
    smtp: str = setting('', 'Mail server: smtp://user:password@host:587 (STARTTLS, required where there is a '
                            'password), smtps://, smtp+plain:// (never TLS). Unset: mail is kept in outbox/',
                        _smtp_url, secret=True)
    mail_rate: int = setting('0', 'Emails that the mail server takes in an hour; others wait. 0: no limit',
                             _number(0, 1_000_000))
    mail_limits: int = setting('1', 'How many times as many emails as usual people may cause, for a day with hundreds '
                               'of newcomers, say. 0: no limit', _number(0, 1000))
    mail_from: str = setting('', 'From of every mail. Unset: quickpub@ and the host of the public address',
                             mail_address)
    signup: str = setting('open', 'Who may sign up: open, invite or closed', _one_of('open', 'invite', 'closed'))
    signup_seconds: int = setting('3', 'Seconds after which a sign-up form is taken from a person, not from a robot. '
                                  '0: it is always taken', _number(0, 60))
    language: str = setting('en', 'Language of a new site; the owner changes it in the browser',
                            lambda text: _one_of(*languages.supported())(text))
    timezone: str = setting('UTC', "The site's time zone, and new authors'", _zone)
    report: str = setting('daily', "How often new authors get a report: daily, weekly (closes with Sunday), monthly "
                                   "(with the last day), never; minute is for trying it out", _one_of(*FREQUENCIES))
    report_time: time = setting('00:00', "New authors' time for a period to close, in their own time zone", _clock)
    quota: int = setting('1000', "Megabytes of files that an author may have", _number(0, 10_000_000))
    trusted_proxy: frozenset[str] = setting(
        '', 'Addresses or networks, with commas between, whose X-Forwarded-For and X-Forwarded-Host are believed',
        _addresses)

    def validate(self) -> None:
        """Raise SettingsError for settings that are right one by one but not together."""
        if urlsplit(self.smtp).scheme == 'smtp+plain' and '@' in urlsplit(self.smtp).netloc:
            raise SettingsError(f'{PREFIX}SMTP would send a password without encryption; use smtp:// or smtps://')

    def trusts(self, address: str) -> bool:
        """Whether this is a proxy whose word about where a request came from is believed."""
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
        """Whether no public address was configured: the site is for this machine alone."""
        return self.url == local_url(self.host, self.port) and self.url_parts.hostname == 'localhost'

    @property
    def is_https(self) -> bool:
        return self.url_parts.scheme == 'https'

    @property
    def database(self) -> Path:
        return self.data / 'quickpub.db'

    @cached_property
    def secret(self) -> bytes:
        """The key that signs the links in mails, made once for a site and kept in its data folder. Raises SettingsError
        for one that would protect nothing: whoever knows it can log in as anybody."""
        path = self.data / 'secret'
        try:
            found, mode = path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            raise SettingsError(f'{path} is gone. Put it back from a backup. Without one, make a new one; the links in '
                                'mails sent so far will not work any more, nor will authenticator apps and recovery '
                                f'codes: (umask 077; head -c {SECRET_BYTES} /dev/urandom > {path})') from None
        except OSError as error:
            raise SettingsError(f'{path} cannot be read: {error.strerror}. It must be a file of the user that runs '
                                'Quickpub, with mode 0600.') from None
        if len(found) < SECRET_BYTES or len(set(found)) < 8:
            what = 'too short or too simple to be a secret' if found else 'empty'
            raise SettingsError(f'{path} is {what}: anybody could forge the links in mails. Put it back from a backup, '
                                'or delete it to be told how to make a new one.')
        if mode & 0o077:
            raise SettingsError(f'{path} may be read or changed by others (mode {mode:04o}): they could log in as '
                                f'anybody. Run: chmod 600 {path}')
        return found

    def has_secret(self) -> bool:
        """Whether a site was made here: the secret is the last file that a new one gets."""
        try:
            os.lstat(self.data / 'secret')
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # nobody can tell: then nothing new is made
            return True
        return True

    def has_lost_database(self) -> bool:
        """Whether a site was made here, and its database is gone or empty. (For a moment that of a new one is.)"""
        if not self.has_secret():
            return False
        try:
            found = self.database.stat()
        except FileNotFoundError:
            return True
        return not found.st_size and abs(found.st_mtime - (self.data / 'secret').stat().st_mtime) > NEW_FOR

    def create_folder(self) -> list[str]:
        """Make the data folder, readable by its owner alone; for a new site with its secret and an empty database in
        it. Returns the names of the folders that an older site had lost."""
        os.umask(0o077)  # whatever is made in it from now on is nobody else's to read, wherever it is
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = [name for name in FOLDERS if not (self.data / name).exists()]
        for name in (*FOLDERS, 'outbox/tmp', 'outbox/new', 'outbox/cur'):
            (self.data / name).mkdir(mode=0o700, exist_ok=True)
        if self.has_secret():
            return made
        with suppress(FileExistsError):  # SQLite itself never makes one: it would hide that the old one is gone
            os.close(os.open(self.database, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if not self.database.stat().st_size:
            self.create_secret()
        return []

    def create_secret(self) -> None:
        """Make the secret, unless there is one."""
        if self.has_secret():
            return
        draft = self.data / f'secret.{os.getpid()}'
        with open(draft, 'xb', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # the first one wins where two start at once
            os.link(draft, self.data / 'secret')
        draft.unlink()

    def environ(self) -> dict[str, str]:
        """Environment variable -> value, as text: what `from_env` in another process reads these settings from."""
        return {PREFIX + each.name.upper(): _as_text(getattr(self, each.name)) for each in fields(self)}

    def masked(self) -> dict[str, str]:
        """The same for a person's eyes: passwords are hidden."""
        is_secret = {PREFIX + each.name.upper(): each.metadata['secret'] for each in fields(self)}
        return {name: mask_password(text) if is_secret[name] else text for name, text in self.environ().items()}


def _as_text(value: Any) -> str:
    if isinstance(value, frozenset):
        return ', '.join(sorted(value))
    return value.strftime('%H:%M') if isinstance(value, time) else str(value)


def mask_password(url: str) -> str:
    """The same address with the password hidden: smtp://user:***@host; of one that cannot be read, because there is a
    slash in the password, say, everything where a password may be."""
    return PASSWORD.sub(r'\1:***@', url, count=1)


def smtp_login(url: str) -> tuple[str, str] | None:
    """User and password of a mail server's address, percent signs decoded, or None."""
    parts = urlsplit(url)
    return (unquote(parts.username), unquote(parts.password or '')) if parts.username else None


def from_env(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; what is set in the environment wins over the file that QUICKPUB_CONFIG names. Raises
    SettingsError naming every bad or unknown setting."""
    environ = os.environ if environ is None else environ
    texts = _texts_in_file(environ.get(PREFIX + 'CONFIG')) | dict(environ)
    problems: list[str] = []
    values: dict[str, Any] = {}
    known = {PREFIX + each.name.upper(): each for each in fields(Settings)}
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
    found = Settings(**values)
    found.validate()
    return found


def local_url(host: str, port: int) -> str:
    """Return the address of a site for which none is configured. It has a name, because passkeys need one; only where
    the site listens on one address of a network alone, it has that."""
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
    """What the file says of each name; nothing where there is none to read."""
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
    """The address that mails come from on a site at this URL, where no other is set."""
    host = urlsplit(url).hostname or 'localhost'
    try:
        return mail_address(f'quickpub@{host}')
    except ValueError:  # quickpub@127.0.0.1, say, is refused by many mail programs
        return 'quickpub@localhost'


_current: Settings | None = None


def use(settings: Settings) -> None:
    """Make these the settings of this process: one site per process."""
    global _current
    _current = settings


def current() -> Settings:
    """The settings this process runs with. Raises SettingsError before `use` was called."""
    if _current is None:
        raise SettingsError('no site is open in this process; call db.open_site(settings) first')
    return _current
