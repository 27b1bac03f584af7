"""Clients that are as slow as they can be, by the thousand: a threat to a web server that has no deadlines."""

import resource
import selectors
import socket
import sys
import threading
import time

HEAD = 'GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n'
BODY = ('POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n'
        'Content-Length: 1000000\r\n\r\n')
FIRST_WORDS = {
    'heads': HEAD + 'X-Slow: ',
    'bodies': BODY,
    'chunked bodies': BODY.replace('Content-Length: 1000000', 'Transfer-Encoding: chunked'),
    'large bodies': BODY.replace('1000000', '7000000') + 'a' * 100_000,
    'idle': HEAD + '\r\n',
    'readers': (HEAD + '\r\n') * 20,
    'silent': '',
    'half a line': 'GE',
}
DRIPS = {'heads': b'a', 'bodies': b'a', 'chunked bodies': b'1\r\na\r\n'}  # one every few seconds


class SlowClients:
    """`count` connections of one kind, from so many addresses. Linux has all of 127.0.0.0/8; elsewhere it is one."""

    def __init__(self, port, kind, count, addresses=1, path='/', drip_every=3.0):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < count + 512:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1024), hard))
        self.kind, self.drip_every, self.answers = kind, drip_every, {}
        self._first = FIRST_WORDS[kind].format(path=path).encode()
        self._selector = selectors.DefaultSelector()
        self._open, self._lock, self._is_over = {}, threading.Lock(), threading.Event()
        self.ages = []  # seconds after which each was closed
        for number in range(count):
            self._connect(port, number % addresses)
            if number % 50 == 49:
                time.sleep(0.02)  # the kernel drops connections that come faster than anybody accepts them
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._is_over.set()
        self._thread.join()
        for client in list(self._open):
            client.close()
        self._selector.close()

    @property
    def still_open(self):
        return len(self._open)

    def _connect(self, port, number):
        client = socket.socket()
        if self.kind == 'readers':
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        if sys.platform == 'linux':
            client.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: thousands of one address
            client.bind((f'127.0.{1 + number // 250}.{1 + number % 250}', 0))
        client.connect(('127.0.0.1', port))
        client.setblocking(False)
        if self._first:
            client.send(self._first)
        self._open[client] = time.monotonic()
        self._selector.register(client, selectors.EVENT_READ)

    def _run(self):
        next_drip = time.monotonic() + self.drip_every
        while self._open and not self._is_over.is_set():
            for key, _ in self._selector.select(0.2):
                self._hear(key.fileobj)
            if time.monotonic() >= next_drip:
                next_drip += self.drip_every
                for client in list(self._open):
                    self._drip(client)
            if self.kind == 'readers':
                time.sleep(0.2)

    def _hear(self, client):
        try:
            data = client.recv(10 if self.kind == 'readers' else 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b''
        if not data:
            return self._close(client)  # a reader still has to read what came before: ask the server about those
        if data.startswith(b'HTTP/1.1 '):
            status = int(data[9:12] or 0) if data[9:12].isdigit() else 0
            self.answers[status] = self.answers.get(status, 0) + 1

    def _drip(self, client):
        try:
            if self.kind in DRIPS:
                client.send(DRIPS[self.kind])
        except BlockingIOError:
            pass
        except OSError:
            self._close(client)

    def _close(self, client):
        self._selector.unregister(client)
        client.close()
        self.ages.append(time.monotonic() - self._open.pop(client))
