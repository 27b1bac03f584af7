"""The child process that draws the variants of one image, whose bytes may be hostile.

`python -m quickpub.media.imaging SOURCE FOLDER PARENT` reads SOURCE and writes its variants into FOLDER (drawing.py).
It prints its progress, one JSON object a line; the last one says what it made or, as a code, why there is nothing.

Decoders run here alone, under limits of the kernel, and variants.py kills a process that takes too long.
"""

import errno
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from .. import processes
from ..codes import Code
from . import drawing

MEMORY = 1536 * 1024 * 1024  # bytes of address space, of which the program and its libraries take a sixth
CPU_SECONDS = 60
FILE_BYTES = 64 * 1024 * 1024


def main(source: str, folder: str, parent: str) -> None:
    processes.die_with_parent(int(parent))
    _limit()
    said: dict[str, Any]
    try:
        said = {'made': drawing.draw_variants(Path(source), Path(folder), _show_progress)}
    except drawing.Unusable as error:
        said = _reject(error.code)
    except MemoryError:
        said = _reject(Code('image.too_much_memory'))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # not the image's fault
            said = {'full': True}
        elif error.errno == errno.EFBIG:
            said = _reject(Code('image.too_much_space'))
        else:
            said = _damaged(error)
    except Exception as error:  # decoders raise errors of every kind for damaged files
        said = _damaged(error)
    _say(said)


def _damaged(error: Exception) -> dict[str, Any]:
    print(f'An image cannot be read: {error!r}', file=sys.stderr)
    return _reject(Code('image.damaged'))


def _reject(code: Code) -> dict[str, Any]:
    return {'problem': code.to_json()}


def _limit() -> None:
    """Limit the time and memory of this process, which the kernel ends first if memory runs out, not its parent."""
    for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, FILE_BYTES), (resource.RLIMIT_CORE, 0)):
        if sys.platform == 'linux' or what != resource.RLIMIT_AS:  # macOS refuses this one
            resource.setrlimit(what, (limit, limit))
    # At the first limit the kernel sends SIGXCPU, so that variants.py can tell it from a kill from outside.
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    os.nice(10)
    if sys.platform == 'linux':
        Path('/proc/self/oom_score_adj').write_text('1000')


def _show_progress(percent: int) -> None:
    _say({'progress': percent})


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
