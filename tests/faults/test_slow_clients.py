"""Thousands of clients that are as slow as they can be: the site answers everybody else, and ends with them."""

import psutil
import pytest
from conftest import person, write
from rig import Rig, Visitor, wait_for
from slow_clients import SlowClients

from quickpub.models import Site
from quickpub.server.limits import BODIES_PER_CLIENT

KINDS = {'heads': 700, 'bodies': 700, 'chunked bodies': 300, 'large bodies': 50, 'idle': 700, 'silent': 400,
         'half a line': 150}
READERS = 200


@pytest.fixture
def served(tmp_path):
    rig = Rig(tmp_path)
    rig.open()
    with rig.database():
        Site.create(id=1, title='The Village Voice')
        write(person('alice'), 'On hills', body=f'```\n{"They are high." * 15_000}\n```')
    rig.serve()
    yield rig
    rig.close()


def pages_answer(rig):
    for path in ('/', '/p/on-hills', '/login', '/search?q=high', '/healthz'):
        assert Visitor(rig.url).get(path).status == 200, path
    assert Visitor(rig.url).post('/login', email='nobody@example.org', password='wrong').status == 400


def connections(rig):
    """How many connections the web server holds."""
    return sum(each.status == psutil.CONN_ESTABLISHED
               for each in rig.started[0].worker().net_connections('inet'))


@pytest.mark.parametrize('addresses', [1, 300])
def test_three_thousand_slow_clients_hold_nobody_up_and_are_closed(served, addresses):
    clients = [SlowClients(served.port, kind, count, addresses) for kind, count in KINDS.items()]
    try:
        if addresses > 1:
            pages_answer(served)
        else:  # the attacker's own address has used up its share of forms: who else comes from there reads on
            assert Visitor(served.url).get('/p/on-hills').status == 200
            assert Visitor(served.url).get('/healthz').status == 200
        wait_for(lambda: not sum(each.still_open for each in clients), 'all of them to be closed')
    finally:
        for each in clients:
            each.close()
    pages_answer(served)
    assert all(set(each.answers) <= {200, 408, 429} for each in clients)
    if addresses == 1:
        assert sum(each.answers.get(408, 0) for each in clients) <= BODIES_PER_CLIENT


def test_readers_who_do_not_read_are_closed(served):
    with SlowClients(served.port, 'readers', READERS, path='/p/on-hills'):
        wait_for(lambda: connections(served) >= READERS, 'all of them to be there')
        pages_answer(served)
        wait_for(lambda: connections(served) < 10, 'all of them to be closed')
