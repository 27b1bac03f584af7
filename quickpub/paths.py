"""The place of each thing in the data folder."""

from dataclasses import dataclass
from pathlib import Path

FOLDERS = ('run', 'spool', 'outbox', 'exports', 'media')  # that every site has
MAILDIR = ('tmp', 'new', 'cur')  # the folders that a Maildir consists of


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

    def folders(self) -> dict[str, Path]:
        """Return the folders that every site has, by name."""
        return {name: self.data / name for name in FOLDERS}
