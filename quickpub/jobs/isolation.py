"""A job in a process of its own, which shows whether it is this job that kills its process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

from .. import processes
from . import claims, owners, rescue, tables
from .claims import Claim

GRACE = 1.0  # seconds that a process outlives its child to be sure that not everything was killed, the child first


def run_alone(claim: Claim, huey: str, environment: Mapping[str, str],
              write: Callable[[Callable[[], None]], None]) -> str:
    """Run a job in a new process, which takes over the claim, and wait for its end. Return how that ended, in words.

    `huey` is the import path of the application's Huey, `environment` what the process needs besides this one's.
    `write` calls a function until the database takes what it writes. Raises OSError where no process can be had.
    """
    child = subprocess.Popen(
        [sys.executable, '-m', __name__, huey, str(claim.id), owners.current().name, str(os.getpid())],
        env=os.environ | environment | {'PYTHONPATH': os.pathsep.join(filter(None, sys.path))})
    owner = f'{owners.current().name}~{child.pid}'
    try:
        if child.wait():
            time.sleep(GRACE)  # a process that is about to be killed too must not decide whose fault it was
    except KeyboardInterrupt:
        child.kill()
        child.wait()
        write(partial(claims.release, owner))
    write(partial(rescue.count_death, owner))
    return f'it ended with {child.returncode}'


def main(huey_path: str, job_id: str, parent: str, parent_pid: str) -> None:
    """Live the whole life of a process that runs one job: take the claim over from `parent`, run it, write its end."""
    processes.die_with_parent(int(parent_pid))
    for each in (signal.SIGINT, signal.SIGTERM):  # the consumer decides when it is enough
        signal.signal(each, signal.SIG_IGN)
    module, _, name = huey_path.rpartition('.')
    huey = getattr(import_module(module), name)
    huey.set_up_process()
    owners.current().parent = parent
    with tables.database.connection_context():
        if job := claims.take_over(int(job_id), parent):
            if job.name not in huey.registry.tasks:
                import_module(job.name.rpartition('.')[0])
            huey.run_claimed(job)


if __name__ == '__main__':
    main(*sys.argv[1:])
