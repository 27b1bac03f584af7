"""Call a function of one side's module in a process of its own: `python -m benchmarks.call ours_app mails 2000`.

All sides are called alike, so none of them is measured from a process that others have warmed up. What the function
returns is printed as JSON.
"""

import json
import os
import sys
import time
from importlib import import_module


def log(*words):
    """One line into the file that the benchmark reads; the last word is when. (The same clock for everybody.)"""
    line = ' '.join(map(str, (*words, time.monotonic()))) + '\n'
    fd = os.open(os.environ['BENCH_LOG'], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, line.encode())
    os.close(fd)


def main():
    module, name, *numbers = sys.argv[1:]
    answer = getattr(import_module(f'benchmarks.{module}'), name)(*map(int, numbers))
    print(json.dumps(answer))


if __name__ == '__main__':
    main()
