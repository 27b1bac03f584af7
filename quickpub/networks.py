"""Whom a request comes from, as far as they cannot choose it freely: a client and its network, by the IP address."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

UNKNOWN = 'unknown'  # everything that is no address
NAT64 = ip_network('64:ff9b::/96')  # RFC 6052: the last four bytes are an IPv4 address
PORT = re.compile(r'(?:\[([^\]]*)\]|([^:]*))(?::\d+)?')  # 192.0.2.1:80, [2001:db8::1]:80, [2001:db8::1]
OLD_STYLE = re.compile(r'\d{1,4}(\.\d{1,4}){3}', re.ASCII)  # 192.000.002.001
LONGEST = 100  # characters of an address that are looked at


def client(address: str) -> str:
    """Return the one client behind an IP address, in whatever spelling: of IPv4 the address itself, of IPv6 its /64,
    because each device chooses the rest as often as it likes. '' where no address is known."""
    return _network(address[:LONGEST], 32, 64)


def network(address: str, ipv6_bits: int = 64) -> str:
    """Return the network that an IP address belongs to, in whatever spelling: the /24 of IPv4, and so many bits of
    IPv6. '' where no address is known."""
    return _network(address[:LONGEST], 24, ipv6_bits)


@lru_cache(8192)  # each view asks
def _network(address: str, ipv4_bits: int, ipv6_bits: int) -> str:
    bare = address.strip()
    if not bare:
        return ''
    if match := PORT.fullmatch(bare):
        bare = match[1] or match[2] or ''
    bare = bare.partition('%')[0]  # the zone of a link-local address names an interface of this machine
    if OLD_STYLE.fullmatch(bare):
        bare = '.'.join(str(int(part)) for part in bare.split('.'))
    try:
        found = _embedded(ip_address(bare))
    except ValueError:
        return UNKNOWN
    bits = ipv4_bits if found.version == 4 else ipv6_bits
    return str(found) if bits == found.max_prefixlen else str(ip_network((found, bits), strict=False))


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, or else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64 or (int(address) >> 32 == 0 and int(address) > 0xFFFF):  # the latter: RFC 4291, 2.5.5.1
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_loopback(host: str) -> bool:
    """Return whether a host is this very machine, by any of its names."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost' or host.endswith('.localhost')
