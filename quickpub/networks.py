"""Where a request came from, as far as a client cannot choose it freely: its IP address and its network."""

from socket import AF_INET, AF_INET6, inet_pton

MAPPED = b'\0' * 10 + b'\xff\xff'  # an IPv4 address as IPv6 writes it: ::ffff:192.0.2.1


def client_of(address: str) -> tuple[str, str]:
    """Return (client, network) in hexadecimal for an IP address in any spelling: what one connection of a home has, and
    what its neighbourhood has. ('', '') where no address is known; all that is no address is one client.

    With IPv4 the client is the whole address and the network its /24. With IPv6 both are the /64, because each device
    chooses the rest as often as it likes.
    """
    if not address:
        return '', ''
    packed = _packed(address) or _packed(address.strip(' []').partition('%')[0])
    if packed is None:
        return 'unknown', 'unknown'
    if len(packed) == 16 and not packed.startswith(MAPPED):
        network = packed[:8].hex()
        return network, network
    return packed[-4:].hex(), packed[-4:-1].hex()


def _packed(address: str) -> bytes | None:
    try:
        return inet_pton(AF_INET6 if ':' in address else AF_INET, address)
    except (OSError, ValueError):
        return None
