"""The outbox: a Maildir in the data folder, for a site without a mail server. Any email program opens it."""

import mailbox
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from .. import processes, removal
from ..codes import Code
from ..settings import current
from .undelivered import Lost


class Outbox:
    """The outbox as a transport (transport.py)."""

    def __init__(self) -> None:
        folder = current().paths.outbox
        if not (folder / 'new').is_dir():
            raise Lost(Code('answer.no_outbox'))
        self._maildir = mailbox.Maildir(folder, create=False)

    def send(self, recipient: str, mail: bytes, until: float = 0) -> Code | str:
        folder = current().paths.outbox
        try:
            key = self._maildir.add(mail.replace(b'\r\n', b'\n'))  # add() syncs the file itself
            processes.hand_over(folder / 'new' / key, folder)
            processes.sync_folder(folder / 'new')
        except OSError as error:
            raise Lost(str(error)) from error
        return Code('answer.kept', path=f'outbox/new/{key}')

    def close(self) -> None:
        self._maildir.close()


def remove_from_outbox(message_ids: set[str]) -> None:
    """Delete the emails with these Message-IDs from the outbox, in whichever folder a mail program has put them."""
    removal.remove_all(path for path in _kept() if _message_id_of(path) in message_ids)


def _kept() -> list[Path]:
    folders = [path for name in ('new', 'cur', 'tmp') for path in current().paths.outbox.rglob(name)]
    return [path for folder in folders if folder.is_dir() for path in folder.iterdir() if not path.is_dir()]


def _message_id_of(path: Path) -> str:
    """Return the Message-ID of an email; '' if it has none, or has vanished."""
    try:
        with open(path, 'rb') as file:
            return str(BytesHeaderParser(policy=policy.SMTP).parse(file)['Message-ID'] or '').strip()
    except OSError:
        return ''


def forget_outbox(before: datetime) -> None:
    """Delete emails from the outbox that are older than `before` (UTC)."""
    limit = before.replace(tzinfo=UTC).timestamp()
    removal.remove_all(path for path in _kept() if removal.is_older(path, limit))
