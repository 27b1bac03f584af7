"""Keep the media files of one moment readable while a backup copies them, whatever is deleted meanwhile."""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..media.files import DIGEST
from ..processes import folder_held
from .manifest import ALLOWED

# Of file systems without hard links, and of files that have too many or belong to another user.
CANNOT_LINK = errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV, errno.ENOSYS

LINKS = '.backup-'  # beginning of the name of their folder


def list_files(media: Path) -> Iterator[tuple[Path, str]]:
    """Yield the path of each media file, and its name in a backup."""
    for folder in sorted(media.iterdir()):
        if DIGEST.fullmatch(folder.name):
            for path in sorted(folder.rglob('*')):
                name = f'media/{path.relative_to(media)}'
                if ALLOWED.fullmatch(name) and path.is_file() and not path.is_symlink():
                    yield path, name


def list_links(media: Path) -> list[Path]:
    """Return the folders of links that backups have made. While none is being made, a killed one has left them."""
    return list(media.glob(f'{LINKS}*'))


@contextmanager
def frozen(media: Path, take_snapshot: Callable[[], None]) -> Iterator[Path]:
    """Call `take_snapshot`, and yield a folder with all media files of that moment.

    Nothing is removed from the folder of media while its lock is held. That is only for the time of the snapshot and
    of making hard links to all files; where there are none, until the end of the block.
    """
    links = media / f'{LINKS}{secrets.token_hex(8)}'
    with ExitStack() as held:
        held.enter_context(folder_held(media, is_shared=True))
        take_snapshot()
        try:
            links.mkdir(mode=0o700)
            has_links = _link_all(media, links)
            if has_links:
                held.close()
            yield links if has_links else media
        finally:
            shutil.rmtree(links, ignore_errors=True)


def _link_all(media: Path, links: Path) -> bool:
    """Make a hard link to each media file. Return False where that is impossible."""
    try:
        for folder in sorted(media.iterdir()):
            if DIGEST.fullmatch(folder.name):
                _link_folder(folder, links / folder.name)
    except OSError as error:
        if error.errno not in CANNOT_LINK:
            raise
        return False
    return True


def _link_folder(folder: Path, links: Path) -> None:
    """Link the files of one upload. Begin again if its variants are replaced by new ones meanwhile."""
    for is_last in (False, False, True):
        try:
            for path in folder.rglob('*'):
                if not path.is_dir():
                    link = links / path.relative_to(folder)
                    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    os.link(path, link)
            return
        except FileNotFoundError:
            if is_last:
                raise
            shutil.rmtree(links, ignore_errors=True)
