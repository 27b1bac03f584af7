"""Disks of a few megabytes, and sites on them."""

import os
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest
from conftest import person, write

from quickpub import db
from quickpub.models import User

as_root = pytest.mark.skipif(sys.platform != 'linux' or os.geteuid() != 0, reason='only root can mount a small disk')


@contextmanager
def disk_of(megabytes, folder):
    """A disk of its own in this new folder."""
    folder.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={megabytes}m', 'tmpfs', folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(['umount', '-l', folder], check=True)


def site_on(disk, rig, **told):
    """A site whose data is on `disk`, and nothing else: what its processes say is kept elsewhere."""
    rig.data = disk / 'data'
    rig.settings |= told
    rig.open()
    with db.db.connection_context():
        person('writer')
        rig.post = write(User.get(), 'A post').path


def fill(folder):
    """Use the disk up to the last byte."""
    path = folder / 'filler'
    path.touch()
    with suppress(OSError), open(path, 'wb', buffering=0) as file:
        while file.write(bytes(64 * 1024)):
            pass
    return path
