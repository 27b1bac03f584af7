"""The limit of our own server: granian and one function that answers every request with bytes it has already.

Run as `python -m benchmarks.bare_granian PORT FILE`; the file is JSON with the `headers` and the `page`. RSGI is granian's own
interface and takes less time than ASGI: this is the least that a page costs with granian from Python.
"""

import json
import sys
from functools import partial
from pathlib import Path

from granian.constants import HTTPModes, Interfaces
from granian.server import Server


def load(path):
    given = json.loads(Path(path).read_text())
    headers, page = [(name, value) for name, value in given['headers']], given['page'].encode()

    async def answer(scope, protocol):
        protocol.response_bytes(200, headers, page)
    return answer


if __name__ == '__main__':
    port, path = sys.argv[1:]
    server = Server('bench', address='127.0.0.1', port=int(port), interface=Interfaces.RSGI, workers=1, websockets=False,
                    log_enabled=False, http=HTTPModes.http1)
    server.serve(target_loader=partial(load, path), wrap_loader=False)
