"""The place of each thing in the data folder."""

from dataclasses import dataclass
from pathlib import Path

FOLDERS = ('run', 'spool', 'outbox', 'exports', 'media')  # that every site has
MAILDIR = ('tmp', 'new', 'cur')  # the folders that a Maildir consists of

# The parts of the data folder: in every backup; only in one with secrets, because the outbox holds links that log in;
# in none, because they are made again, belong to running processes or are backups themselves.
BACKED_UP = ('quickpub.db', 'media')
SECRET = ('secret', 'dkim.pem', 'outbox')
NOT_BACKED_UP = ('run', 'spool', 'exports', 'cards', 'backups')


@dataclass(frozen=True)
class Paths:
    """The layout of one site's data folder."""
    data: Path

    @property
    def database(self) -> Path:
        return self.data / 'quickpub.db'

    @property
    def secret(self) -> Path:
        """The key that signs links and cookies. It is the last file that a new site gets."""
        return self.data / 'secret'

    @property
    def dkim_key(self) -> Path:
        return self.data / 'dkim.pem'

    @property
    def run(self) -> Path:
        """The folder of locks and doorbells of processes."""
        return self.data / 'run'

    @property
    def migration_lock(self) -> Path:
        return self.run / 'migrate.lock'

    @property
    def backup_lock(self) -> Path:
        return self.run / 'backup.lock'

    @property
    def spool(self) -> Path:
        """The folder of recorded views that are not counted yet."""
        return self.data / 'spool'

    @property
    def outbox(self) -> Path:
        """The Maildir of a site without a mail server."""
        return self.data / 'outbox'

    @property
    def exports(self) -> Path:
        return self.data / 'exports'

    @property
    def media(self) -> Path:
        return self.data / 'media'

    @property
    def backups(self) -> Path:
        """The folder of backups without a place of their own. It is made with the first one."""
        return self.data / 'backups'

    def folders(self) -> dict[str, Path]:
        """Return the folders that every site has, by name."""
        return {name: self.data / name for name in FOLDERS}
