"""Commands of Quickpub, each in a process of its own, forked from one that has imported them already.

To import them takes longer than most of them run. The process that forks begins with the first command and ends with
the tests. It is used only where a command has the same environment as all others, but for Quickpub's settings.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path

AT_FIRST = dict(os.environ)  # before any test changes it
FREE = ('QUICKPUB_', 'PYTEST_')  # beginnings of variables that differ from command to command


def run(arguments, stdin, environment, folder, patience):
    """Run `quickpub` with these arguments in this folder; return what `subprocess.run` would, as text.

    Returns None where the environment needs a process that is started. Raises subprocess.TimeoutExpired after
    `patience` seconds.
    """
    process, fixed = server()
    if fixed != without_settings(environment):
        return None
    with tempfile.TemporaryDirectory() as place:
        paths = [Path(place, name) for name in ('stdin', 'stdout', 'stderr')]
        paths[0].write_text(stdin)
        request = [list(arguments), dict(environment), str(folder), [str(path) for path in paths]]
        process.stdin.write(json.dumps(request) + '\n')
        process.stdin.flush()
        if not select.select([process.stdout], [], [], patience)[0]:
            os.killpg(process.pid, signal.SIGKILL)
            stop()
            raise subprocess.TimeoutExpired(arguments, patience)
        code = json.loads(process.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, *[path.read_text() for path in paths[1:]])


def without_settings(environment):
    return {name: value for name, value in environment.items() if not name.startswith(FREE)}


@cache
def server():
    """Start the process that forks, once; return it and its environment."""
    fixed = without_settings(AT_FIRST) | {'PYTHONUNBUFFERED': '1', 'PYTHONPATH': os.pathsep.join(
        [str(Path(__file__).parents[1]), *filter(None, [AT_FIRST.get('PYTHONPATH')])])}
    return subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=fixed,
                            text=True, start_new_session=True), fixed


def stop():
    """End the process that forks, if there is one."""
    if server.cache_info().currsize:
        process, _ = server()
        server.cache_clear()
        process.communicate()


# In the process that forks

def answer_requests():
    """Run one command after the other, and write the exit code of each, until nobody asks any more."""
    from quickpub import cli  # noqa: F401  # what takes long
    gc.collect()
    gc.freeze()  # the collector of a command would touch, and so copy, all of it
    for line in iter(sys.stdin.readline, ''):
        pid = os.fork()
        if pid == 0:
            become(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def become(arguments, environment, folder, paths):
    """Be a process that runs this command, and end. Never returns."""
    for number, path in enumerate(paths):
        os.dup2(os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ['quickpub', *arguments]
    code = 0
    try:
        runpy.run_module('quickpub', run_name='__main__', alter_sys=True)
    except SystemExit as end:
        code = end.code
        if not isinstance(code, int | None):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code or 0)


if __name__ == '__main__':
    answer_requests()
