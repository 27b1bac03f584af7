"""Clients that take their time: `python -m benchmarks.slow_clients KIND PORT COUNT [DATABASE COOKIE]`.

Prints `ready` when all of them are at it; when its input ends, how many of them still are, and ends. `writes` are ten
writers: they save posts again and again while this process, foreign to the server, holds the database's write lock.
"""

import select
import socket
import sqlite3
import sys
import time
from http.client import HTTPConnection, HTTPException
from threading import Thread
from urllib.parse import urlencode

HOST = 'Host: 127.0.0.1\r\n'
FORM = 'application/x-www-form-urlencoded'

# What each kind begins with, and how many seconds it takes for one step more
KINDS = {
    'headers': (f'GET / HTTP/1.1\r\n{HOST}X-Slow: ', 10),
    'bodies': (f'POST /login HTTP/1.1\r\n{HOST}Content-Type: {FORM}\r\nContent-Length: 1000\r\n\r\n', 3),
    'readers': (f'GET /p/large HTTP/1.1\r\n{HOST}\r\n', 1)}


def trickle(kind, port, count):
    beginning, pause = KINDS[kind]
    clients = [begin(port, beginning) for _ in range(count)]
    if kind == 'readers':
        for client in clients:
            client.recv(10)  # the page is made: from now on it is only their reading that takes so long
    turn = 0
    print('ready', flush=True)
    while not is_over(pause / count):  # one after the other, so that all have made a step after `pause`
        step(kind, clients[turn % count])
        turn += 1
    print(sum(is_at_it(kind, client) for client in clients), flush=True)


def begin(port, beginning):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # or the kernel would read for the slow readers
    client.connect(('127.0.0.1', port))
    client.sendall(beginning.encode())
    return client


def step(kind, client):
    try:
        if kind == 'readers':
            client.recv(10, socket.MSG_DONTWAIT)
        else:
            client.send(b'a')
    except OSError:
        pass  # closed by the server: `is_at_it` will tell


def is_at_it(kind, client):
    """Whether the server still reads from this one, or still has something for a reader."""
    try:
        has_answer = bool(client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return kind != 'readers'
    except OSError:
        return False
    return kind == 'readers' and has_answer


def is_over(patience):
    return bool(select.select([sys.stdin], [], [], patience)[0])


def writes(port, count, database, cookie):
    foreign = sqlite3.connect(database, isolation_level=None)
    foreign.execute('BEGIN IMMEDIATE')
    is_waiting = [True] * count
    for number in range(count):
        Thread(target=write, args=(port, cookie, is_waiting, number), daemon=True).start()
    time.sleep(0.5)
    print('ready', flush=True)
    is_over(None)
    print(sum(is_waiting), flush=True)


def write(port, cookie, is_waiting, number):
    """Save a post again and again: each waits for the lock, and is asked to come back in a while."""
    form = urlencode({'title': 'A post', 'body': 'Some text.', 'action': 'save'})
    try:
        while True:
            connection = HTTPConnection('127.0.0.1', port)
            connection.request('POST', '/studio/posts/new', form, {
                'Content-Type': FORM, 'Cookie': cookie, 'Origin': f'http://127.0.0.1:{port}'})
            if connection.getresponse().status != 503:
                break
            connection.close()
    except (OSError, HTTPException):
        pass
    is_waiting[number] = False


if __name__ == '__main__':
    kind, port, count, *more = sys.argv[1:]
    if kind == 'writes':
        writes(int(port), int(count), *more)
    else:
        trickle(kind, int(port), int(count))
