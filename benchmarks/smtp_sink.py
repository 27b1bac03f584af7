"""A mail server that throws everything away, and notes each connection and each mail it takes: line, time.

Run as `python -m benchmarks.smtp_sink PORT FILE [SECONDS]`; it thinks so many seconds about each mail.
"""

import asyncio
import os
import sys
import time

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self, path, delay):
        self._delay = delay
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
        self.note(envelope.rcpt_tos[0])
        return '250 Taken'


async def serve(port, path, delay=0):
    server = await asyncio.get_running_loop().create_server(Sink(path, float(delay)).connection, '127.0.0.1', port)
    await server.serve_forever()


if __name__ == '__main__':
    asyncio.run(serve(*sys.argv[1:]))
