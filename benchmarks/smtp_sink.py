"""A mail server that throws everything away, and notes each connection and each mail: recipient, bytes, time.

Run as `python -m benchmarks.smtp_sink PORT FILE [SECONDS [FOLDER]]`; it thinks so many seconds about each mail, and with a
FOLDER it keeps each there under its recipient's address.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self, path, delay, folder):
        self._delay, self._folder = delay, folder
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, word):
        os.write(self._fd, f'{word} {time.monotonic()}\n'.encode())

    def connection(self):
        self.note('connection')
        return SMTP(self, hostname='sink.test', enable_SMTPUTF8=True)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [*responses[:-1], '250-PIPELINING', responses[-1]]  # as Postfix, Exim and the large services say

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self._delay)
        recipient, whole = envelope.rcpt_tos[0], envelope.original_content
        if self._folder:
            (Path(self._folder) / recipient).write_bytes(whole)
        self.note(f'{recipient} {len(whole)}')
        return '250 Taken'


async def serve(port, path, delay=0, folder=None):
    sink = Sink(path, float(delay), folder)
    server = await asyncio.get_running_loop().create_server(sink.connection, '127.0.0.1', port)
    await server.serve_forever()


if __name__ == '__main__':
    asyncio.run(serve(*sys.argv[1:]))
