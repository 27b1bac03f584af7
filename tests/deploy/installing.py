"""Installing as docs/deploy.md says, and running commands."""

import stat
import subprocess
import sys
from pathlib import Path


def install(folder):
    """The command, with a Python that the site's user may run too: the one of these tests may be in root's home."""
    python = Path(sys.executable).resolve()
    is_public = all(parent.stat().st_mode & stat.S_IXOTH for parent in python.parents)
    return ['make', 'install', f'INTO={folder}', f'PYTHON={python if is_public else "/usr/bin/python3"}']


def run(*command, cwd=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
