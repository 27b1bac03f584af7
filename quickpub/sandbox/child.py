"""The child's side of pool.py: `python -m quickpub.sandbox.child PARENT` reads calls from standard input and writes
what they return to standard output, each as JSON behind its length in eight bytes."""

import importlib
import json
import os
import resource
import select
import signal
import sys
import threading
import traceback
from typing import Any

from .. import processes
from ..codes import Code
from ..gates import TooMuch

IDLE = 60.0  # seconds without a call, after which the child ends
MEMORY = 1024 * 1024 * 1024  # bytes of address space
HEAD = 8


def main(parent: str) -> None:
    # A parent that stops finishes running requests before it closes the pipe, so the child ignores signals to the
    # group. (A parent-death signal would come when the thread that started this process ends.)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    threading.Thread(target=processes.watch_parent, args=(int(parent),), daemon=True).start()
    _limit()
    answers, sys.stdout = os.fdopen(os.dup(1), 'wb', buffering=0), sys.stderr  # libraries print to stderr
    while question := _next():
        answer = _answer(question)
        message = memoryview(len(answer).to_bytes(HEAD, 'big') + answer)
        while message:
            message = message[answers.write(message) or 0:]


def _limit() -> None:
    for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        if sys.platform == 'linux' or what != resource.RLIMIT_AS:  # macOS refuses this one
            resource.setrlimit(what, (limit, limit))
    os.nice(10)


def _next() -> dict[str, Any] | None:
    """Return the next call, or None if none came in time or the parent has closed the pipe."""
    if not select.select([0], [], [], IDLE)[0]:
        return None
    head = _read(HEAD)
    return json.loads(_read(int.from_bytes(head, 'big'))) if head else None


def _read(size: int) -> bytes:
    parts = []
    while size and (part := os.read(0, min(size, 1024 * 1024))):
        parts.append(part)
        size -= len(part)
    return b''.join(parts)


def _answer(question: dict[str, Any]) -> bytes:
    """Return the encoded answer to a call. The kernel ends this process if the call takes too much processor time."""
    function = getattr(importlib.import_module(question['module']), question['name'])
    signal.setitimer(signal.ITIMER_PROF, question['seconds'])
    try:
        return json.dumps({'value': function(*question['args'])}).encode()
    except TooMuch as error:
        return json.dumps({'too_much': error.code.to_json()}).encode()
    except (MemoryError, RecursionError):
        return json.dumps({'too_much': Code('too_much.memory').to_json()}).encode()
    except Exception:  # a fault of ours, which the parent raises as RuntimeError
        return json.dumps({'error': traceback.format_exc()}).encode()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == '__main__':
    main(*sys.argv[1:])
