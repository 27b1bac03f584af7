"""Clients and their networks by IP address, however it is spelled."""

import pytest

from quickpub import networks


@pytest.mark.parametrize(('spelled', 'client', 'network'), [
    *((each, '192.0.2.7', '192.0.2.0/24') for each in (
        '192.0.2.7', ' 192.0.2.7 ', '192.000.002.007', '192.0.2.7:51234', '::ffff:192.0.2.7', '::FFFF:c000:0207',
        '[::ffff:192.0.2.7]:80', '::192.0.2.7', '0:0:0:0:0:ffff:192.0.2.7', '64:ff9b::192.0.2.7', '2002:c000:0207::1')),
    ('192.0.2.255', '192.0.2.255', '192.0.2.0/24'), ('192.0.3.7', '192.0.3.7', '192.0.3.0/24'),
    ('127.0.0.1', '127.0.0.1', '127.0.0.0/24'),
    *((each, '2001:db8::/64', '2001:db8::/64') for each in (
        '2001:db8::1', '2001:DB8:0:0:ffff::1', '[2001:db8::1]', '[2001:db8::1]:443',
        '2001:0db8:0000:0000:0000:0000:0000:0001')),
    ('2001:db8:0:1::1', '2001:db8:0:1::/64', '2001:db8:0:1::/64'), ('fe80::1%eth0', 'fe80::/64', 'fe80::/64'),
    ('::1', '::/64', '::/64'), ('', '', ''), (' ', '', '')])
def test_a_client_and_its_network_are_the_same_in_every_spelling(spelled, client, network):
    assert (networks.client(spelled), networks.network(spelled)) == (client, network)


@pytest.mark.parametrize('garbage', [
    'unknown', 'unix:', '/run/quickpub.sock', '192.0.2', '192.0.2.256', '1.2.3.4.5', ':', ':::', '[]', '[', '%', '1',
    '2001:db8::1::2', '_hidden', '\0', '\udcff', '::1::',
    '١٩٢.٠.٢.٧', '192.0.2.7, 192.0.2.8', '\x00', 'é' * 5000, '9' * 5000, '192.0.2.7/24'])
def test_what_is_no_address_is_one_client(garbage):
    assert networks.client(garbage) == networks.network(garbage) == networks.UNKNOWN


def test_a_network_may_be_wider():
    assert networks.network('2001:DB8:0001:2::', ipv6_bits=48) == '2001:db8:1::/48'
