"""Client addresses and their enclosing networks."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class EnclosingNetwork(NamedTuple):
    """A network around an address.

    Attributes:
        network: the network itself.
        share: the quota of all its clients together, as a multiple of a single client's.
    """

    network: Network
    share: int


# Prefix lengths, the smallest network first, and their shares. A client is a single address in
# IPv4, and a /64 in IPv6, all of whose 2⁶⁴ addresses one host can use. Providers assign a /56 or
# /64 to households, and up to a /48 to companies and renters of servers (RFC 6177); a /24 is the
# smallest routed block of IPv4, and usually belongs to one party.
SHARES = {4: {32: 1, 24: 4}, 6: {64: 1, 56: 2, 48: 4}}


@lru_cache(maxsize=256)
def parse_address(text: str | None) -> Address | None:
    """Parse a client's address; `None` if it has none, as on a Unix socket.

    An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is converted to IPv4, and the zone of a
    link-local one (`fe80::1%eth0`) is dropped, because PostgreSQL does not support zones.
    """
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=256)
def enclosing_networks(address: Address | None) -> tuple[EnclosingNetwork, ...]:
    """The nested networks around an address, the smallest first.

    A limit on each of them also stops an attacker with many addresses.

    Args:
        address: a client's address; `None`, on a Unix socket, counts as 0.0.0.0.
    """
    address = address or IPv4Address(0)
    return tuple(
        EnclosingNetwork(ip_network((address, prefix), strict=False), share)
        for prefix, share in SHARES[address.version].items()
    )
