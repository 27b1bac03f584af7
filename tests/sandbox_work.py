"""What tests/wsgi/test_gates.py lets a child process do."""

import os
import signal
import sys


def add(*numbers):
    return sum(numbers)


def own_pid():
    return os.getpid()


def work_for_ever():
    while True:
        pass


def say_and_work_for_ever():
    print(os.getpid(), file=sys.stderr, flush=True)
    work_for_ever()


def say_and_add(*numbers):
    print('a library prints this')
    return sum(numbers)


def fill_memory():
    return len(b'x' * (4 * 1024 ** 3))


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def fail():
    raise LookupError('no such thing')


def leave():
    os._exit(0)
