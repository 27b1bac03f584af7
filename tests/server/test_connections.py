"""Connections that would starve others are closed: looked at by a clock that the test passes in, over real sockets."""

import socket
import sys

import pytest
from rig import wait_for

from quickpub.server import connections
from quickpub.server.connections import LOOK_EVERY, PER_CLIENT, READ_RATE, READ_WINDOW, SILENT_FOR, Guard

ON_LINUX = sys.platform == 'linux'  # elsewhere the kernel does not tell how much has moved


class Listener:
    """A server that takes connections and keeps them, and the guard that looks after it."""

    def __init__(self, room=10_000, is_trusted=lambda address: False):
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=1000)
        self.port = self.listener.getsockname()[1]
        self.guard = Guard(self.port, room, is_trusted)
        self.guard.look(0)
        self.clients, self.served = [], []

    def connect(self, count=1, says=b'GET / HTTP/1.1\r\n\r\n', answer=b''):
        """So many new clients that have said this, and were answered so."""
        new = []
        for _ in range(count):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(('127.0.0.1', self.port))
            served, peer = self.listener.accept()
            if says:
                client.sendall(says)
                assert served.recv(len(says)) == says
            if answer:
                served.setblocking(False)
                served.send(answer)
            new.append(client)
            self.served.append((peer, served))
        self.clients += new
        return new

    def open(self, clients):
        """Those whose connection the guard has left alone."""
        mine = {client.getsockname() for client in clients}
        return [served for peer, served in self.served if peer in mine and _is_open(served)]

    def close(self):
        for each in [self.listener, *self.clients, *(served for _, served in self.served)]:
            each.close()


def _is_open(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) != b''
    except BlockingIOError:
        return True


@pytest.fixture
def listen():
    opened = []

    def listen(**options):
        opened.append(Listener(**options))
        return opened[-1]
    yield listen
    for each in opened:
        each.close()


def test_silent_clients_are_closed_and_those_that_said_something_are_not(listen):
    server = listen()
    silent, talking = server.connect(3, says=b''), server.connect(3)
    server.guard.look(LOOK_EVERY)
    server.guard.look(LOOK_EVERY + SILENT_FOR)
    assert len(server.open(silent)) == 3
    server.guard.look(LOOK_EVERY + SILENT_FOR + 1)
    assert len(server.open(silent)) == (0 if ON_LINUX else 3) and len(server.open(talking)) == 3


def test_slow_readers_are_closed_and_those_who_read_are_not(listen):
    server = listen()
    slow, quick = server.connect(1, answer=b'x' * 5_000_000), server.connect(1, answer=b'x' * 5_000_000)
    for second in range(1, 3 * READ_WINDOW):
        server.guard.look(second)
        assert len(quick[0].recv(2 * READ_RATE, socket.MSG_WAITALL)) == 2 * READ_RATE
    assert len(server.open(slow)) == (0 if ON_LINUX else 1) and len(server.open(quick)) == 1


def test_a_client_with_too_many_connections_loses_those_over_which_the_least_moves(listen):
    server = listen()
    busy = server.connect(10, says=b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * 100)
    server.guard.look(1)
    idle = server.connect(PER_CLIENT)
    server.guard.look(2)
    assert len(server.open(busy + idle)) == PER_CLIENT
    if ON_LINUX:
        assert len(server.open(busy)) == 10


def test_a_proxy_may_have_as_many_as_it_needs(listen):
    server = listen(is_trusted=lambda address: address == '127.0.0.1')
    clients = server.connect(PER_CLIENT + 50)
    server.guard.look(1)
    assert len(server.open(clients)) == PER_CLIENT + 50


def test_a_full_room_is_made_free_by_the_slowest(listen):
    server = listen(room=100)
    clients = server.connect(90)
    server.guard.look(1)
    assert len(server.open(clients)) == 75


def test_other_sockets_of_the_process_are_left_alone(listen):
    server, other = listen(), listen()
    silent = other.connect(3, says=b'')
    one, another = socket.socketpair()
    for second in (1, 100, 200):
        server.guard.look(second)
    assert len(other.open(silent)) == 3
    with one, another:
        one.sendall(b'still here')
        assert another.recv(10) == b'still here'


def test_the_guard_looks_by_itself(listen, monkeypatch):
    monkeypatch.setattr(connections, 'PER_CLIENT', 5)
    server = listen()
    clients = server.connect(9)
    server.guard.start()
    wait_for(lambda: len(server.open(clients)) == 5, 'the guard to close four')


