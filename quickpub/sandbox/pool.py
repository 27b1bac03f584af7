"""Run a pure function in a child process with limited time and memory, so that no input delays other requests.

Python's threads share one lock: a single regular expression that takes seconds would stop every page. A child has its
own lock and a lower priority, and the kernel ends it when its time is up. Children are kept for the next call, and end
when they have had nothing to do for a while. Callers do small work themselves, one at a time (SMALL).
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Hashable
from typing import Any

from ..codes import Code
from ..gates import Busy, Gate, Newcomer, TooMuch

SECONDS = 20.0  # of processor time for one call; the longest texts take 2 to 6, on small boards three times as long
LATE = 90.0  # seconds by the clock, after which a child that gets no processor time is killed
BUSY = Code('busy.texts')
SMALL = Gate(at_once=1, waiting=10, patience=10, busy=BUSY)
LARGE = Gate(at_once=2, waiting=6, patience=10, busy=BUSY)
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
HEAD = 8  # bytes before each message, with its length


class Ended(Exception):
    """The child is gone; `code` is its return code."""

    def __init__(self, code: int):
        super().__init__(f'the child process ended with {code}')
        self.code = code


class Child:
    """One child process, which answers one call after the other."""

    def __init__(self) -> None:
        self.is_late = False
        self._process = subprocess.Popen(
            [sys.executable, '-m', f'{__package__}.child', str(os.getpid())], bufsize=0, cwd='/',
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={'PYTHONPATH': os.pathsep.join(filter(None, sys.path))})  # no secrets

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the child's answer. Raises Ended."""
        timer = threading.Timer(LATE, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            self._write(json.dumps(question).encode())
            return json.loads(self._read(int.from_bytes(self._read(HEAD), 'big')))
        except (BrokenPipeError, EOFError):
            raise Ended(self._process.wait()) from None
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self.is_late = True
        self._process.kill()

    def _write(self, message: bytes) -> None:
        assert self._process.stdin is not None
        left = memoryview(len(message).to_bytes(HEAD, 'big') + message)
        while left:
            left = left[self._process.stdin.write(left) or 0:]

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        parts = []
        while size:
            part = self._process.stdout.read(min(size, 1024 * 1024))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b''.join(parts)

    def is_there(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self.let_go()
        self._process.wait()

    def let_go(self) -> None:
        """Close this process's ends of its pipes."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class Pool:
    """The idle children of this process. `started` counts all children so far."""

    def __init__(self) -> None:
        self.started = 0
        self._lock, self._idle = threading.Lock(), list[Child]()
        os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.end_all)

    def _forget(self) -> None:
        """Forget the children after a fork: they are the parent's, and open pipes would keep them alive."""
        for child in self._idle:
            child.let_go()
        self._lock, self._idle = threading.Lock(), []

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of a child. Raises Busy, TooMuch, or RuntimeError for a fault of this program's."""
        while True:
            child, is_new = self._take()
            try:
                answer = child.ask(question)
            except Ended as end:
                child.end()
                meaning = self._meaning_of(end, child.is_late)
                if is_new or isinstance(meaning, TooMuch) or child.is_late:
                    raise meaning from end
                continue  # it ended before the call, because it was idle or was killed
            except BaseException:
                child.end()
                raise
            with self._lock:
                self._idle.append(child)
            return answer

    def _take(self) -> tuple[Child, bool]:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_there():
                    return child, False
                child.end()
            self.started += 1
        try:
            return Child(), True
        except OSError as error:  # no memory, or too many processes
            raise Busy(BUSY) from error

    @staticmethod
    def _meaning_of(end: Ended, is_late: bool) -> Exception:
        if end.code == -signal.SIGPROF or -end.code in CRASHES:
            return TooMuch('too_much.time')
        if is_late or end.code == -signal.SIGKILL:  # the machine is overloaded, or out of memory
            return Busy(BUSY)
        return RuntimeError(str(end))

    def end_all(self) -> None:
        """End the idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()


POOL = Pool()


def call(function: Callable[..., Any], *args: Any, who: Hashable = None, seconds: float | None = None,
         patience: float | None = None) -> Any:
    """Return what `function`, one of a module's own, returns for these arguments, in a child process. Both ways only
    what JSON has. `seconds` of processor time; `who` and `patience`: see Gate.entered; newcomers share one place.

    Raises TooMuch, also where the function does; Busy; RuntimeError where the function fails.
    """
    question = {'module': function.__module__, 'name': function.__name__, 'args': args, 'seconds': seconds or SECONDS}
    with LARGE.entered(Newcomer if isinstance(who, Newcomer) else who, patience):
        answer = POOL.ask(question)
    if code := Code.from_json(answer.get('too_much', '')):
        raise TooMuch(code)
    if 'error' in answer:
        raise RuntimeError(f'{function.__name__} failed in a child process:\n{answer["error"]}')
    return answer['value']
